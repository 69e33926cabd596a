"""Who may call what, for which purpose, until when: an index over one configuration, built once, asked in constant time.

The index holds parsed keys and compiled templates too, so that a call parses nothing. It is never changed: a new configuration is a new index.
"""

from __future__ import annotations

import hmac
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from toono.exchange.domain.authentication import IssuerUnusable, issuer_keys
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.fields import PointerUnusable, Projection, compile_fields
from toono.exchange.domain.identifiers import encode_identifier, member_of
from toono.exchange.domain.origins import origin_of
from toono.exchange.domain.paths import Glob, TemplateUnusable, compile_glob, compile_template
from toono.exchange.domain.policy import is_open, seconds_to_open
from toono.registry.contracts import (
    Agreement,
    Credential,
    CredentialKind,
    Endpoint,
    ExchangeConfiguration,
    MemberEntry,
    Purpose,
    ServiceEntry,
    SystemEntry,
)


class ConfigurationUnusable(ValueError):
    """A configuration that is signed rightly but contradicts itself; the last good one stays in force."""


@dataclass(frozen=True, slots=True)
class KnownCredential:
    """A credential with its key ready for use."""

    system: str
    credential: Credential
    public_key: EllipticCurvePublicKey | None


@dataclass(frozen=True, slots=True)
class KnownMember:
    """A member with its certificate's key and serial number ready for use."""

    entry: MemberEntry
    public_key: EllipticCurvePublicKey
    certificate_serial: str
    """Lower-case hex, no leading zeros."""
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class KnownEndpoint:
    """An endpoint with its template compiled."""

    endpoint: Endpoint
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class KnownService:
    """A service with everything that a call to it needs."""

    entry: ServiceEntry
    provider: KnownMember
    system: SystemEntry | None
    endpoints: Mapping[str, tuple[KnownEndpoint, ...]]
    """By method."""
    origin: tuple[str, str, int]
    """Scheme, host, port of the provider."""
    base_path: str
    """Path of the base address, without a slash at its end."""
    encoded_id: str


class Grant(NamedTuple):
    """What was found: the right by which a call goes on."""

    agreement: Agreement
    purpose: Purpose
    projection: Projection | None = None
    """What of the answer is granted; None: all of it."""


@dataclass(frozen=True, slots=True)
class _Right:
    """One purpose of one agreement, ready to be asked."""

    grant: Grant
    globs: Mapping[str, tuple[Glob, ...]] | None
    """By method, ``*`` for any; None: the whole service."""

    def in_force(self, now: datetime) -> bool:
        return self.grant.agreement.valid_from <= now < self.grant.agreement.valid_until

    def is_open(self, now: datetime) -> bool:
        hours = self.grant.agreement.hours
        return hours is None or is_open(hours, now)

    def reaches(self, method: str, path: str) -> bool:
        if self.globs is None:
            return True
        return any(glob.matches(path) for name in (method, "*") for glob in self.globs.get(name, ()))

    @property
    def rank(self) -> tuple[bool, int, int, datetime, int]:
        """The higher one is tried first: the whole answer, then more fields, then fewer conditions, then the one that lasts longest."""
        agreement = self.grant.agreement
        conditions = agreement.consent + bool(agreement.authentication)
        return (not agreement.fields, len(agreement.fields), -conditions, agreement.valid_until, agreement.version)


@dataclass(slots=True)
class _Pair:
    """Everything that one consumer has agreed on for one service."""

    agreements: list[Agreement] = field(default_factory=list)
    rights: list[_Right] = field(default_factory=list)
    by_purpose: dict[str, list[_Right]] = field(default_factory=dict)

    def add(self, agreement: Agreement) -> None:
        self.agreements.append(agreement)
        projection = compile_fields(agreement.fields) if agreement.fields else None
        globs = _globs(agreement)
        for purpose in agreement.purposes:
            right = _Right(Grant(agreement, purpose, projection), globs)
            self.rights.append(right)
            self.by_purpose.setdefault(purpose.code, []).append(right)

    def sort(self) -> None:
        for rights in (self.rights, *self.by_purpose.values()):
            rights.sort(key=lambda right: right.rank, reverse=True)


class EndpointMatch(NamedTuple):
    """The endpoint that a call is for, and the variables of its path, decoded."""

    endpoint: Endpoint
    variables: Mapping[str, str]


class Index:
    """One configuration, ready to be asked."""

    def __init__(self, configuration: ExchangeConfiguration) -> None:
        """:raises ConfigurationUnusable: something in it cannot be used; the message names it."""
        self.configuration = configuration
        self.version: Final = configuration.version
        self.instance: Final = configuration.instance
        self.expires_at: Final = configuration.expires_at
        self.members: Final = {m.id: _member(m) for m in configuration.members}
        self.systems: Final = {s.id: s for s in configuration.systems}
        self.services: Final = {s.id: self._service(s) for s in configuration.services}
        self._signature_keys: Final[dict[str, list[KnownCredential]]] = defaultdict(list)
        self._certificates: Final[dict[str, list[KnownCredential]]] = defaultdict(list)
        self._bearer_keys: Final[dict[str, KnownCredential]] = {}
        self._pairs: Final[dict[tuple[str, str], _Pair]] = {}
        self._by_client: Final[dict[str, list[Agreement]]] = defaultdict(list)
        for system in configuration.systems:
            for credential in system.credentials:
                self._add(system, credential)
        for agreement in configuration.agreements:
            self._agree(agreement)
        for pair in self._pairs.values():
            pair.sort()
        try:
            self.issuers: Final = issuer_keys(configuration.issuers)
        except IssuerUnusable as error:
            raise ConfigurationUnusable(str(error)) from error

    def _agree(self, agreement: Agreement) -> None:
        if agreement.hours is not None and (agreement.hours.begin.tzinfo or agreement.hours.end.tzinfo):
            raise ConfigurationUnusable(f"The hours of the agreement {agreement.id} are not by the clock of Ulaanbaatar.")
        pair = self._pairs.setdefault((agreement.consumer, agreement.service), _Pair())
        try:
            pair.add(agreement)
        except PointerUnusable as error:
            raise ConfigurationUnusable(f"The fields of the agreement {agreement.id} cannot be read: {error}.") from error
        self._by_client[agreement.consumer].append(agreement)

    def _service(self, entry: ServiceEntry) -> KnownService:
        provider = self.members.get(member_of(entry.id))
        if provider is None:
            raise ConfigurationUnusable(f"The service {entry.id} belongs to no member.")
        endpoints: dict[str, tuple[KnownEndpoint, ...]] = {}
        for endpoint in entry.endpoints:
            try:
                known = KnownEndpoint(endpoint, compile_template(endpoint.path))
            except TemplateUnusable as error:
                raise ConfigurationUnusable(f"The template {endpoint.path} of {entry.id} cannot be read: {error}.") from error
            if endpoint.subject is not None and endpoint.subject.variable not in known.pattern.groupindex:
                raise ConfigurationUnusable(f"The template {endpoint.path} of {entry.id} has no variable {endpoint.subject.variable}.")
            endpoints[endpoint.method] = (*endpoints.get(endpoint.method, ()), known)
        address = urlsplit(entry.base_url)
        if address.scheme not in ("http", "https") or not address.hostname or address.username or address.query or address.fragment:
            raise ConfigurationUnusable(f"The address {entry.base_url} of {entry.id} is not http(s)://host[:port][/path].")
        system = self.systems.get(entry.id.rpartition("/")[0])
        return KnownService(entry, provider, system, endpoints, origin_of(address), address.path.rstrip("/"), encode_identifier(entry.id))

    def _add(self, system: SystemEntry, credential: Credential) -> None:
        if credential.kind == CredentialKind.KEY:
            if credential.key_sha256 is None:
                raise ConfigurationUnusable(f"The credential {credential.key_id} of {system.id} has no digest.")
            self._bearer_keys[credential.key_sha256.lower()] = KnownCredential(system.id, credential, None)
            return
        if credential.kind == CredentialKind.CERTIFICATE:
            if credential.certificate_sha256 is None:
                raise ConfigurationUnusable(f"The certificate {credential.key_id} of {system.id} has no digest.")
            self._certificates[credential.certificate_sha256.lower()].append(KnownCredential(system.id, credential, None))
            return
        try:
            key = load_pem_public_key((credential.public_key_pem or "").encode())
        except ValueError as error:
            raise ConfigurationUnusable(f"The key {credential.key_id} of {system.id} cannot be read.") from error
        if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
            raise ConfigurationUnusable(f"The key {credential.key_id} of {system.id} is not on P-256.")
        self._signature_keys[credential.key_id].append(KnownCredential(system.id, credential, key))

    # -- questions ---------------------------------------------------------------------------------------------------

    def client(self, client: str) -> SystemEntry:
        """The system that calls.

        :raises Fault: its member or the system itself is unknown.
        """
        system = self.systems.get(client)
        if system is None or member_of(client) not in self.members:
            reason, what = ("unknown_client", "system") if member_of(client) in self.members else ("unknown_member", "member")
            raise Fault(Code.UNKNOWN_MEMBER, reason, f"The exchange knows no {what} {client if what == 'system' else member_of(client)}.")
        return system

    def signature_credential(self, client: str, key_id: str, now: datetime) -> KnownCredential:
        """The key by which ``client`` signs as ``key_id``.

        :raises Fault: unknown, another system's, or not in its validity.
        """
        found = self._signature_keys.get(key_id, [])
        for known in found:
            if known.system == client:
                return _in_validity(known, now)
        raise _not_known(f"the key «{key_id[:100]}»", client, belongs_to_another=bool(found))

    def certificate_credential(self, client: str, sha256_hex: str, now: datetime) -> KnownCredential:
        """The credential of a TLS client certificate, found by the SHA-256 of its DER; several systems may share one.

        :raises Fault: unknown, another system's, or not in its validity.
        """
        found = self._certificates.get(sha256_hex.lower(), [])
        for known in found:
            if known.system == client:
                return _in_validity(known, now)
        raise _not_known("this client certificate", client, belongs_to_another=bool(found))

    def bearer_credential(self, client: str, key: str, now: datetime) -> KnownCredential:
        """The credential of a bearer key, found by its SHA-256.

        :raises Fault: unknown, another system's, or not in its validity.
        """
        digest = sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
        known = self._bearer_keys.get(digest)
        if known is None or not hmac.compare_digest(digest, (known.credential.key_sha256 or "").lower()) or known.system != client:
            raise _not_known("this bearer key", client, belongs_to_another=known is not None)
        return _in_validity(known, now)

    def service(self, service: str) -> KnownService:
        """The service that is called.

        :raises Fault: the provider or the service is unknown, or it is disabled.
        """
        known = self.services.get(service)
        if known is None:
            member = member_of(service)
            if member not in self.members:
                raise Fault(Code.UNKNOWN_MEMBER, "unknown_provider", f"The exchange knows no member {member}.")
            raise Fault(Code.UNKNOWN_SERVICE, "unknown_service", f"{member} publishes no service {service}.")
        return known

    def grant(self, client: str, service: str, purpose: str | None, *, method: str, path: str, now: datetime) -> Grant:
        """The best of :meth:`grants`, found without looking at the others where the purpose is named."""
        pair = self._pairs.get((client, service))
        if pair is not None and purpose is not None:
            for right in pair.by_purpose.get(purpose, ()):
                if right.in_force(now) and right.reaches(method, path) and right.is_open(now):
                    return right.grant
        return self.grants(client, service, purpose, method=method, path=path, now=now)[0]

    def grants(self, client: str, service: str, purpose: str | None, *, method: str, path: str, now: datetime) -> list[Grant]:
        """Every right by which ``client`` may make this call now, the best first. What else an agreement asks for (authentication, consent, rate,
        quota) is not known here; the call takes the first right whose conditions it meets.

        The work depends on what these two have agreed on, and not on how many agreements there are.

        :param path: decoded, in normal form.
        :raises Fault: access denied; the reason names the nearest miss.
        """
        pair = self._pairs.get((client, service))
        if pair is None:
            raise _denied("no_agreement", f"{client} has no agreement on {service}.")
        rights = pair.rights if purpose is None else pair.by_purpose.get(purpose, ())
        in_force = [right for right in rights if right.in_force(now)]
        reaching = [right for right in in_force if right.reaches(method, path)]
        if purpose is None and len({right.grant.purpose.code for right in reaching}) > 1:
            raise _denied("purpose_missing", "Several purposes are agreed on for this call; say which one it is for.")
        found = [right.grant for right in reaching if right.is_open(now)]
        if not found:
            raise _nearest_miss(client, service, purpose, pair, in_force, reaching, now)
        return found

    def agreements_of(self, client: str) -> Sequence[Agreement]:
        """What ``client`` has agreed on, in force or not."""
        return self._by_client.get(client, ())


def _globs(agreement: Agreement) -> dict[str, tuple[Glob, ...]] | None:
    if not agreement.endpoints:
        return None
    found: dict[str, tuple[Glob, ...]] = {}
    for granted in agreement.endpoints:
        found[granted.method] = (*found.get(granted.method, ()), compile_glob(granted.path))
    return found


def _nearest_miss(
    client: str, service: str, purpose: str | None, pair: _Pair, in_force: list[_Right], reaching: list[_Right], now: datetime
) -> Fault:
    """Why no right was found: of all reasons the one that is furthest along the way."""
    if reaching:
        hours = [right.grant.agreement.hours for right in reaching]
        waits = [seconds for h in hours if h is not None and (seconds := seconds_to_open(h, now)) is not None]
        names = ", ".join(sorted({right.grant.agreement.id for right in reaching}))
        return Fault(
            Code.ACCESS_DENIED,
            "outside_hours",
            f"By the agreement {names} calls are made at other hours.",
            retry_after=min(waits, default=None),
        )
    if in_force:
        names = ", ".join(sorted({right.grant.agreement.id for right in in_force}))
        return _denied("endpoint_not_agreed", f"The agreement {names} does not reach this method and path of {service}.")
    agreements = [a for a in pair.agreements if purpose is None or any(p.code == purpose for p in a.purposes)]
    if agreements and not any(a.valid_from <= now < a.valid_until for a in agreements):
        return _out_of_time(client, service, agreements, now)
    if not any(a.valid_from <= now < a.valid_until for a in pair.agreements):
        return _out_of_time(client, service, pair.agreements, now)
    if purpose is None:
        return _denied("purpose_missing", "The agreement names no purpose.")
    return _denied("purpose_unknown", f"The agreement of {client} on {service} does not name the purpose «{purpose}».")


def check_enabled(service: KnownService) -> None:
    """:raises Fault: the provider has switched the service off."""
    if not service.entry.enabled:
        raise Fault(Code.SERVICE_DISABLED, "service_disabled", f"{service.entry.id} is switched off by its provider.")


def match_endpoint(service: KnownService, method: str, path: str) -> EndpointMatch:
    """The endpoint for a decoded path in normal form; an earlier one in the configuration goes first.

    :raises Fault: the service has none.
    """
    for known in service.endpoints.get(method, ()):
        found = known.pattern.fullmatch(path)
        if found is not None:
            return EndpointMatch(known.endpoint, found.groupdict())
    raise _denied("endpoint_not_granted", f"{service.entry.id} has no endpoint for this method and path.")


def _member(entry: MemberEntry) -> KnownMember:
    try:
        certificate = x509.load_pem_x509_certificate(entry.certificate_pem.encode())
    except ValueError as error:
        raise ConfigurationUnusable(f"The certificate of {entry.id} cannot be read.") from error
    key = certificate.public_key()
    if not isinstance(key, EllipticCurvePublicKey):
        raise ConfigurationUnusable(f"The certificate of {entry.id} has no key on an elliptic curve.")
    return KnownMember(entry, key, f"{certificate.serial_number:x}", certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def _in_validity(known: KnownCredential, now: datetime) -> KnownCredential:
    credential = known.credential
    if not credential.not_before <= now < credential.not_after:
        raise Fault(
            Code.AUTHENTICATION_FAILED,
            "credential_expired" if now >= credential.not_after else "credential_not_yet_valid",
            f"The credential {credential.key_id} is valid from {credential.not_before:%Y-%m-%dT%H:%MZ} until {credential.not_after:%Y-%m-%dT%H:%MZ}.",
        )
    return known


def _not_known(what: str, client: str, *, belongs_to_another: bool) -> Fault:
    reason = "credential_of_another" if belongs_to_another else "unknown_credential"
    return Fault(Code.AUTHENTICATION_FAILED, reason, f"{client} is not known by {what}.")


def _denied(reason: str, message: str) -> Fault:
    return Fault(Code.ACCESS_DENIED, reason, message)


def _out_of_time(client: str, service: str, agreements: Sequence[Agreement], now: datetime) -> Fault:
    last = max(agreements, key=lambda a: a.valid_until)
    if last.valid_until <= now:
        return _denied(
            "agreement_expired", f"The agreement {last.id} of {client} on {service} ended at {last.valid_until:%Y-%m-%dT%H:%M:%SZ}."
        )
    return _denied(
        "agreement_not_yet_valid", f"The agreement {last.id} of {client} on {service} begins at {last.valid_from:%Y-%m-%dT%H:%M:%SZ}."
    )
