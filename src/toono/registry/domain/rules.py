"""What an entry must be before it may stand in the registry. Pure: an entry and what is known go in, a refusal out.

Each kind has its table of checks; a check returns a sentence when something is wrong. The sentences are for
administrators and files, so they are in English and name the entry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from toono.kernel.certificates import UNREADABLE
from toono.kernel.text import clean
from toono.registry.contracts import (
    Agreement,
    Credential,
    CredentialKind,
    DraftKind,
    Endpoint,
    Entry,
    ExchangeEntry,
    GatewayEntry,
    IssuerEntry,
    Organisation,
    ServiceEntry,
    ServiceKind,
    SystemEntry,
)
from toono.registry.domain import agreements
from toono.registry.domain.identifiers import EXCHANGE, PART, organisation_of
from toono.registry.errors import EntryRefused

_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_LITERAL = re.compile(r"[A-Za-z0-9._~-]+")
_SECRET_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DESCRIPTION = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
_RETURN_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[A-Za-z0-9._~/%&=+,;:!-]*(\?[A-Za-z0-9._~/%&=+,;:!-]*)?")
_RETURN_URLS, _RETURN_URL_CHARACTERS = 20, 500
_ORIGIN = re.compile(r"https://[a-z0-9.-]+:[0-9]{1,5}")


@dataclass(frozen=True)
class Known:
    """What stands in the registry, as far as the checks need it."""

    instance: str
    production: bool = False
    organisations: Mapping[str, Organisation] = field(default_factory=dict)
    register_holders: Mapping[str, str] = field(default_factory=dict)
    """Register number to the code of the organisation that has it."""
    systems: Container[str] = frozenset()
    services: Mapping[str, ServiceEntry] = field(default_factory=dict)
    key_holders: Mapping[str, str] = field(default_factory=dict)
    """Credential's key id to the system that holds it."""


def kind_of(entry: Entry) -> DraftKind:
    """Which kind of draft carries this entry."""
    return _KINDS[type(entry)]


def subject_of(entry: Entry) -> str:
    """The name under which the entry stands in the registry."""
    match entry:
        case Organisation():
            return entry.code
        case ExchangeEntry():
            return EXCHANGE
        case _:
            return entry.id


def needs(entry: Entry) -> tuple[tuple[DraftKind, str], ...]:
    """Kind and subject of the entries without which this one cannot stand."""
    match entry:
        case Organisation():
            return ()
        case SystemEntry():
            return ((DraftKind.ORGANISATION, organisation_of(entry.id)),)
        case ServiceEntry():
            return ((DraftKind.SYSTEM, entry.id.rpartition("/")[0]),)
        case Agreement():
            return ((DraftKind.SYSTEM, entry.consumer), (DraftKind.SERVICE, entry.service))
        case ExchangeEntry():
            return tuple((DraftKind.ORGANISATION, code) for code in entry.homes)


def check(entry: Entry, known: Known) -> None:
    """:raises EntryRefused: with every sentence that applies."""
    _refuse(entry, [sentence for step in _STEPS[type(entry)] for sentence in step(entry, known)])


def check_removal(entry: Entry, dependants: Sequence[str]) -> None:
    """Whether the entry may go.

    :param dependants: what needs it: systems, services, and agreements that have not ended.
    :raises EntryRefused: something needs it, or it is the exchange itself.
    """
    if isinstance(entry, ExchangeEntry):
        _refuse(entry, ["the exchange itself cannot be removed"])
    _refuse(entry, [f"{name} needs it" for name in dependants])


def _refuse(entry: Entry, sentences: Sequence[str]) -> None:
    if sentences:
        name = f"{kind_of(entry)} {subject_of(entry)}"
        raise EntryRefused(f"{name}: {'; '.join(sentences)}", subject=subject_of(entry), sentences=tuple(sentences))


# -- all ---------------------------------------------------------------------------------------------------------


def _names_are_clean(entry: Entry, known: Known) -> Iterator[str]:
    fields = ("name_mn", "name_en") if isinstance(entry, Organisation) else ("title_mn", "title_en")
    for name in fields:
        value = getattr(entry, name)
        if not value or value != clean(value) or len(value) > 200:
            yield f"{name} must have 1 to 200 letters, no space around it and no control characters"


# -- organisations ---------------------------------------------------------------------------------------------


def _class_is_kept(entry: Organisation, known: Known) -> Iterator[str]:
    standing = known.organisations.get(entry.code)
    if standing and standing.member_class != entry.member_class:
        yield f"class {standing.member_class} cannot become {entry.member_class}: it is part of every identifier"


def _register_is_its_own(entry: Organisation, known: Known) -> Iterator[str]:
    holder = known.register_holders.get(entry.register_number, entry.code)
    if holder != entry.code:
        yield f"register number {entry.register_number} belongs to {holder}"


# -- systems -----------------------------------------------------------------------------------------------------


def _system_id_names_its_organisation(entry: SystemEntry, known: Known) -> Iterator[str]:
    yield from _identifier(entry.id, 4, known)


def _credentials_are_whole(entry: SystemEntry, known: Known) -> Iterator[str]:
    for credential in entry.credentials:
        for sentence in _credential(credential, known):
            yield f"credential {credential.key_id}: {sentence}"


def _credential(credential: Credential, known: Known) -> Iterator[str]:
    if credential.not_before >= credential.not_after:
        yield "it ends before it begins"
    given = {name for name in ("public_key_pem", "key_sha256", "certificate_sha256") if getattr(credential, name) is not None}
    match credential.kind:
        case CredentialKind.SIGNATURE:
            if given != {"public_key_pem"} or not _is_p256(credential.public_key_pem):
                yield "a signature needs a P-256 public key in PEM and no digest"
        case CredentialKind.CERTIFICATE:
            if given != {"certificate_sha256"} or not _SHA256.fullmatch(credential.certificate_sha256 or ""):
                yield "a certificate needs its SHA-256 as 64 hex digits and nothing else"
        case CredentialKind.KEY:
            if given != {"key_sha256"} or not _SHA256.fullmatch(credential.key_sha256 or ""):
                yield "a bearer key needs its SHA-256 as 64 hex digits and no public key"
            elif known.production:
                yield "a bearer key is for development; production asks for signatures"


def _is_p256(pem: str | None) -> bool:
    try:
        key = load_pem_public_key((pem or "").encode())
    except ValueError:
        return False
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


def _key_ids_are_its_own(entry: SystemEntry, known: Known) -> Iterator[str]:
    ids = [c.key_id for c in entry.credentials]
    if len(set(ids)) != len(ids):
        yield "two credentials have the same key id"
    for key_id in ids:
        holder = known.key_holders.get(key_id, entry.id)
        if holder != entry.id:
            yield f"key id {key_id} belongs to {holder}"


def _return_addresses_are_plain(entry: SystemEntry, known: Known) -> Iterator[str]:
    if len(set(entry.return_urls)) != len(entry.return_urls) or len(entry.return_urls) > _RETURN_URLS:
        yield f"an address to return to stands twice, or there are more than {_RETURN_URLS}"
    for url in entry.return_urls:
        if not _may_be_returned_to(url, known):
            yield f"«{url[:100]}» is no plain https address to which a person may return: no fragment, no user, no space"


def _may_be_returned_to(url: str, known: Known) -> bool:
    """Absolute, over TLS, and such that every reader of addresses understands the same by it; for development also on this very machine."""
    try:
        parts = urlsplit(url)
        own = not known.production and parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
        plain = (parts.scheme == "https" or own) and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return plain and _RETURN_URL.fullmatch(url) is not None and len(url) <= _RETURN_URL_CHARACTERS


# -- services ----------------------------------------------------------------------------------------------------


def _service_id_names_its_system(entry: ServiceEntry, known: Known) -> Iterator[str]:
    yield from _identifier(entry.id, 5, known)
    system = entry.id.rpartition("/")[0]
    if system not in known.systems:
        yield f"system {system} is not in the registry"


def _address_is_plain(entry: ServiceEntry, known: Known) -> Iterator[str]:
    try:
        parts = urlsplit(entry.base_url)
        plain = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        plain = False
    if not plain or "@" in parts.netloc or parts.query or parts.fragment or entry.base_url.endswith("/"):
        yield "base_url must be http(s)://host[:port][/path] without a slash at the end, a login, a query or a fragment"
    elif known.production and parts.scheme != "https":
        yield "base_url must begin with https:// in production"


def _secret_is_a_name(entry: ServiceEntry, known: Known) -> Iterator[str]:
    # The gateway opens a file of this name: a path must not get through.
    if entry.secret_name is not None and not _SECRET_NAME.fullmatch(entry.secret_name):
        yield f"secret_name {entry.secret_name!r} must be small letters, digits, _ and -"


def _endpoints_are_clear(entry: ServiceEntry, known: Known) -> Iterator[str]:
    if not entry.endpoints:
        yield "a service has at least one endpoint"
    shapes = [(e.method, _VARIABLE.sub("{}", e.path)) for e in entry.endpoints]
    if len(set(shapes)) != len(shapes):
        yield "two endpoints match the same calls"
    for endpoint in entry.endpoints:
        for sentence in _endpoint(endpoint):
            yield f"endpoint {endpoint.method} {endpoint.path}: {sentence}"


def _endpoint(endpoint: Endpoint) -> Iterator[str]:
    first, *segments = endpoint.path.split("/")
    if first or not segments or not all(_is_segment(s) for s in segments):
        yield "each segment of the path is plain letters or one {variable}"
    variables = _VARIABLE.findall(endpoint.path)
    if len(set(variables)) != len(variables):
        yield "a variable stands twice"
    subject = endpoint.subject
    if subject is None:
        return
    if subject.variable not in variables:
        yield f"the subject's variable {subject.variable} is not in the path"
    if not subject.echo_pointer.startswith("/") or not subject.civil_id_pointer.startswith("/"):
        yield "a JSON pointer begins with /"


def _is_segment(segment: str) -> bool:
    return bool(_VARIABLE.fullmatch(segment) or (_LITERAL.fullmatch(segment) and segment not in {".", ".."}))


def _description_is_told(entry: ServiceEntry, known: Known) -> Iterator[str]:
    if (entry.kind is ServiceKind.OPENAPI) != (entry.openapi_path is not None):
        yield "kind openapi and openapi_path stand together or not at all"
    if entry.openapi_path is not None and not _DESCRIPTION.fullmatch(entry.openapi_path):
        yield f"openapi_path {entry.openapi_path!r} must be a plain path that begins with /"


def _tls_is_told(entry: ServiceEntry, known: Known) -> Iterator[str]:
    if entry.authority_pem is not None and not _is_authority(entry.authority_pem):
        yield "authority_pem must be one certificate of an authority in PEM"
    if (entry.authority_pem is not None or entry.mutual_tls) and not entry.base_url.startswith("https://"):
        yield "authority_pem and mutual_tls need an address with https"


def _is_authority(pem: str) -> bool:
    try:
        [certificate] = x509.load_pem_x509_certificates(pem.encode())
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (*UNREADABLE, x509.ExtensionNotFound):
        return False


# -- agreements --------------------------------------------------------------------------------------------------


def _both_sides_exist(entry: Agreement, known: Known) -> Iterator[str]:
    if entry.consumer not in known.systems:
        yield f"consumer {entry.consumer} is not in the registry"
    if entry.service not in known.services:
        yield f"service {entry.service} is not in the registry"


def _grants_are_sound(entry: Agreement, known: Known) -> Iterator[str]:
    yield from agreements.complaints(entry, known.services.get(entry.service))


# -- the exchange ------------------------------------------------------------------------------------------------


def _gateways_are_whole(entry: ExchangeEntry, known: Known) -> Iterator[str]:
    names = [g.name for g in entry.gateways]
    if len(set(names)) != len(names):
        yield "two gateways have the same name"
    for gateway in entry.gateways:
        for sentence in _gateway(gateway):
            yield f"gateway {gateway.name}: {sentence}"


def _gateway(gateway: GatewayEntry) -> Iterator[str]:
    if not gateway.addresses or not all(_ORIGIN.fullmatch(a) for a in gateway.addresses):
        yield "it needs addresses of the form https://host:port"
    if not _is_authority(gateway.authority_pem):
        yield "authority_pem must be one certificate of an authority in PEM"
    if not all(_SHA256.fullmatch(digest) for digest in gateway.certificates_sha256):
        yield "a certificate is named by its SHA-256 as 64 hex digits"


def _homes_exist(entry: ExchangeEntry, known: Known) -> Iterator[str]:
    names = {g.name for g in entry.gateways}
    for code, home in entry.homes.items():
        if code not in known.organisations:
            yield f"organisation {code} is not in the registry"
        if home not in names:
            yield f"gateway {home} of {code} is not named"


def _issuers_are_whole(entry: ExchangeEntry, known: Known) -> Iterator[str]:
    names = [i.issuer for i in entry.issuers]
    if len(set(names)) != len(names):
        yield "an issuer stands twice"
    for issuer in entry.issuers:
        for sentence in _issuer(issuer):
            yield f"issuer {issuer.issuer}: {sentence}"


def _issuer(issuer: IssuerEntry) -> Iterator[str]:
    if not issuer.issuer or issuer.issuer != clean(issuer.issuer):
        yield "its name has no spaces and is not empty"
    if not issuer.public_keys_pem or not all(_is_p256(pem) for pem in issuer.public_keys_pem):
        yield "it needs P-256 public keys in PEM"


# -- shared ------------------------------------------------------------------------------------------------------


def _identifier(value: str, parts: int, known: Known) -> Iterator[str]:
    """``INSTANCE/CLASS/MEMBER/SUBSYSTEM[/SERVICE]`` of an organisation that is known."""
    found = value.split("/")
    if len(found) != parts or found[0] != known.instance or not all(PART.fullmatch(p) for p in found[2:]):
        yield f"its id must be {known.instance}/CLASS/organisation/{'system' if parts == 4 else 'system/service'}"
        return
    organisation = known.organisations.get(found[2])
    if organisation is None:
        yield f"organisation {found[2]} is not in the registry"
    elif organisation.member_class != found[1]:
        yield f"organisation {found[2]} is of class {organisation.member_class}, not {found[1]}"


_KINDS: dict[type[Any], DraftKind] = {
    Organisation: DraftKind.ORGANISATION,
    SystemEntry: DraftKind.SYSTEM,
    ServiceEntry: DraftKind.SERVICE,
    Agreement: DraftKind.AGREEMENT,
    ExchangeEntry: DraftKind.EXCHANGE,
}
_STEPS: dict[type[Any], tuple[Callable[[Any, Known], Iterator[str]], ...]] = {
    Organisation: (_names_are_clean, _class_is_kept, _register_is_its_own),
    SystemEntry: (
        _names_are_clean,
        _system_id_names_its_organisation,
        _credentials_are_whole,
        _key_ids_are_its_own,
        _return_addresses_are_plain,
    ),
    ServiceEntry: (
        _names_are_clean,
        _service_id_names_its_system,
        _address_is_plain,
        _secret_is_a_name,
        _endpoints_are_clear,
        _description_is_told,
        _tls_is_told,
    ),
    Agreement: (_both_sides_exist, _grants_are_sound),
    ExchangeEntry: (_gateways_are_whole, _homes_exist, _issuers_are_whole),
}
