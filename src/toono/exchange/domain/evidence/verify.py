"""The verdict on a container: who signed which message, when it existed at the latest, and what remains open.

Nothing is believed before it is checked: first that the parts belong together (hash chains, digests, the signature's value), then that the signer is who the message says and could
sign at that time. What cannot be checked makes the verdict indeterminate, never valid and never invalid.

Source: X-Road ``AsicContainerVerifier.java``, whose outcomes and codes these are. Stricter than it: no DTDs, no weak digests, the signed properties are read
and must be signed, an attachment that is not signed is refused, and a time-stamp of the future too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from cryptography import x509

from toono.exchange import limits
from toono.exchange.domain import ocsp
from toono.exchange.domain.evidence import chain_check, container, hashchain, message, signature_check, stamp_check, trust
from toono.exchange.domain.evidence.findings import Finding, Refused
from toono.exchange.domain.evidence.message import Message
from toono.exchange.domain.evidence.trust import Anchors
from toono.exchange.domain.ocsp import CertificateStatus, OcspRefused, Status

MALFORMED: Final = "malformed_signature"
_SKEW: Final = timedelta(seconds=limits.SIGNING_CLOCK_SKEW_SECONDS)
_TECHNICAL: Final = frozenset({container.MIMETYPE, container.MESSAGE})
_CHAINS: Final = (container.SIGNED_RESULT, container.SIGNED_CHAIN, container.STAMPED_RESULT, container.STAMPED_CHAIN)


class Outcome(StrEnum):
    """Valid: all of it was checked. Invalid: something does not hold. Indeterminate: something could not be checked."""

    VALID = "valid"
    INVALID = "invalid"
    INDETERMINATE = "indeterminate"


class Part(NamedTuple):
    """A part of the message that the signature covers."""

    name: str
    here: bool
    """Whether it stands in the container, so that it was compared; else only its digest is known."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is known of a container. Of an invalid one all but ``failure`` is what it claims."""

    outcome: Outcome
    failure: Finding | None = None
    """Why it is invalid."""
    open: tuple[Finding, ...] = ()
    """Why it is not known to be valid."""
    notes: tuple[Finding, ...] = ()
    """What an expert should know, and changes nothing."""
    message: Message | None = None
    certificate: x509.Certificate | None = None
    """The signer's."""
    member_name: str = ""
    signing_time: datetime | None = None
    """As the signer says."""
    stamped_at: datetime | None = None
    stamped_by: x509.Certificate | None = None
    status: CertificateStatus | None = None
    """What the authority said of the certificate."""
    parts: tuple[Part, ...] = ()
    unsigned: tuple[str, ...] = ()
    """Entries that no signature covers."""

    @property
    def code(self) -> str:
        """Of the failure, or of the first open point; empty where it is valid."""
        first = self.failure or (self.open[0] if self.open else None)
        return first.code if first else ""


def verify(content: bytes, anchors: Anchors | None, moment: datetime) -> Verdict:
    """The verdict on the bytes of a container.

    :param anchors: whom to believe; None: only whether it belongs together can be said.
    :param moment: now.
    """
    check = _Check(anchors, moment)
    try:
        check.whole(content)
    except Refused as refused:
        return check.verdict(refused.finding)
    return check.verdict(None)


@dataclass
class _Check:
    anchors: Anchors | None
    moment: datetime
    open: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    message: Message | None = None
    document: signature_check.Document | None = None
    token: stamp_check.Token | None = None
    unit: x509.Certificate | None = None
    status: CertificateStatus | None = None
    parts: dict[str, bool] = field(default_factory=dict)
    unsigned: tuple[str, ...] = ()

    def whole(self, content: bytes) -> None:
        entries = container.read(content)
        self.message = message.read(entries[container.MESSAGE])
        self.document = document = signature_check.read(entries[container.SIGNATURES])
        if not {hashchain.MESSAGE, hashchain.SIGNED_RESULT} & set(document.references):
            raise Refused(MALFORMED, "The signature refers to no message.")
        self.token = token = _token(document, entries)
        self._signed_parts(document, entries)
        signature_check.check(document, entries)
        self._coverage(entries)
        if token is None:
            self.open.append(Finding("not_time_stamped", "The container has no time-stamp."))
        self._time(document, token)
        self._trust(self.message, document, token)

    def verdict(self, failure: Finding | None) -> Verdict:
        outcome = Outcome.INVALID if failure else Outcome.INDETERMINATE if self.open else Outcome.VALID
        members = self.anchors.members if self.anchors else {}
        known = members.get(self.message.signer) if self.message else None
        return Verdict(
            outcome=outcome,
            failure=failure,
            open=tuple(self.open),
            notes=tuple(self.notes),
            message=self.message,
            certificate=self.document.certificate if self.document else None,
            member_name=known.name if known else "",
            signing_time=self.document.signing_time if self.document else None,
            stamped_at=self.token.at if self.token else None,
            stamped_by=self.unit,
            status=self.status,
            parts=tuple(Part(name.removeprefix("/"), here) for name, here in self.parts.items()),
            unsigned=self.unsigned,
        )

    def _signed_parts(self, document: signature_check.Document, entries: Mapping[str, bytes]) -> None:
        for uri in document.references:
            if uri.startswith("/") and uri != hashchain.SIGNED_RESULT:
                self.parts[uri] = True
        if hashchain.SIGNED_RESULT not in document.references:
            return
        try:
            result = entries.get(container.SIGNED_RESULT)
            if result is None:
                raise Refused("invalid_reference", "There is no result of a hash chain.")
            followed = chain_check.follow(result, entries, required=hashchain.MESSAGE)
            self.parts |= followed.parts
            self._check_steps(document, followed)
        except Refused as refused:
            raise refused.under(MALFORMED) from None

    def _check_steps(self, document: signature_check.Document, followed: chain_check.Followed) -> None:
        """A body must not pass for a head: both look alike where a message is no step of its own."""
        expected = (hashchain.MESSAGE, *(f"/{container.ATTACHMENT}{n}" for n in range(1, len(followed.parts))))
        if followed.steps == (expected,):
            return
        if document.own_steps:
            raise Refused("invalid_hash_chain", "The message does not stand in the hash chain as its signer says that it does.")
        self.notes.append(
            Finding("message_shares_step", "The hash chain does not tell a message from a body: it is of X-Road's older form.")
        )

    def _coverage(self, entries: Mapping[str, bytes]) -> None:
        covered = {uri.removeprefix("/") for uri in self.parts}
        loose = [name for name in container.attachments(entries) if name not in covered]
        if loose:
            raise Refused("unsigned_attachment", f"No signature covers {', '.join(loose)}.")
        used = covered | _TECHNICAL
        self.unsigned = tuple(n for n in entries if n not in used and n not in _CHAINS and not n.startswith("META-INF/"))

    def _time(self, document: signature_check.Document, token: stamp_check.Token | None) -> None:
        if token is not None and token.at > self.moment + _SKEW:
            raise Refused(MALFORMED, "The time-stamp is of a time that has not come.")
        latest = token.at if token is not None else self.moment
        if document.signing_time is not None and document.signing_time > latest + _SKEW:
            raise Refused(MALFORMED, "The signature says that it was made later than it existed.")

    def _trust(self, told: Message, document: signature_check.Document, token: stamp_check.Token | None) -> None:
        if self.anchors is None:
            self.open.append(Finding("no_anchors", "Nothing was given by which to recognise authorities."))
            return
        if told.instance != self.anchors.instance:
            self.open.append(
                Finding("other_instance", f"The message is of {told.instance}, the authorities given are of {self.anchors.instance}.")
            )
            return
        if token is not None:
            self.unit = stamp_check.check(token, self.anchors)
        at = token.at if token is not None else document.signing_time or self.moment
        trust.check_for_signing(document.certificate)
        authority, issuer = trust.authority_of(document.certificate, bridges=document.bridges, anchors=self.anchors, at=at)
        named = trust.names_member(document.certificate, authority, told.signer, self.anchors)
        if named is False:
            raise Refused("incorrect_certificate", f"The certificate is not that of {told.signer}, in whose name the message is.")
        if named is None:
            self.open.append(Finding("member_not_told", f"Whether the certificate is that of {told.signer} cannot be told from its name."))
        self._check_status(document, issuer, at, stamped=token is not None, fresh_seconds=self.anchors.ocsp_fresh_seconds)

    def _check_status(
        self, document: signature_check.Document, issuer: x509.Certificate, at: datetime, *, stamped: bool, fresh_seconds: int
    ) -> None:
        for der in document.ocsp:
            try:
                self.status = ocsp.read(der, certificate=document.certificate, issuer=issuer, now=at)
                break
            except OcspRefused as refused:
                if refused.reason == "ocsp_of_another":
                    continue
                if refused.reason == "ocsp_untrusted":
                    self.open.append(Finding(refused.reason, str(refused)))
                    return
                raise Refused("invalid_cert_path.incorrect_validation_info", str(refused)) from None
        if self.status is None:
            self.open.append(
                Finding("no_certificate_status", "The signature does not hold its authority's word that the certificate was good.")
            )
        elif self.status.status is not Status.GOOD:
            raise Refused("invalid_cert_path.cert_validation", f"The certificate's authority says that it is {self.status.status}.")
        elif stamped and at - self.status.this_update > timedelta(seconds=fresh_seconds):
            self.open.append(
                Finding("certificate_status_too_old", "The authority's word on the certificate is too old for the time of the time-stamp.")
            )


def _token(document: signature_check.Document, entries: Mapping[str, bytes]) -> stamp_check.Token | None:
    """The time-stamp, if there is one: it must be over this very signature."""
    der = entries.get(container.TOKEN, document.token)
    if der is None:
        return None
    token = stamp_check.read(der)
    result = entries.get(container.STAMPED_RESULT)
    if result is not None:
        try:
            chain_check.follow(result, entries, required=hashchain.SIGNATURES)
        except Refused as refused:
            raise Refused(MALFORMED, f"The time-stamp's hash chain does not hold: {refused}") from None
    if not token.over(*([result] if result is not None else [document.value, document.canonical_value()])):
        raise Refused(MALFORMED, "The time-stamp is over something else.")
    return token
