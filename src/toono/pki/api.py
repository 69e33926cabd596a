"""The door of ``pki``: certificates and their revocation, seals, time-stamps."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from toono.kernel.actor import Actor, Role, system
from toono.kernel.errors import NotAllowed
from toono.pki import queries
from toono.pki.adapters import signer
from toono.pki.contracts import CertificateInfo, CertificateState, PersonName, Profile, RevocationReason, SealCheck, SubjectName
from toono.pki.domain.profiles import PLATFORM
from toono.pki.domain.revocation import REASONS
from toono.pki.events import CertificateRevoked
from toono.pki.operations import answer_status as _answer_status
from toono.pki.operations import check_pdf as _check_pdf
from toono.pki.operations import establish_authorities as _establish_authorities
from toono.pki.operations import issue_certificate as _issue_certificate
from toono.pki.operations import publish_revocation_list as _publish_revocation_list
from toono.pki.operations import renew_certificates as _renew_certificates
from toono.pki.operations import revoke_certificate as _revoke_certificate
from toono.pki.operations import seal_pdf as _seal_pdf
from toono.pki.operations import sign_jws as _sign_jws
from toono.pki.operations import time_stamp as _time_stamp

# -- authorities and certificates ------------------------------------------------------------------------------


def establish_authorities(*, actor: Actor, operator: SubjectName = PLATFORM) -> None:
    """Make root, issuing authority, status responder and time-stamping unit at first start; later calls change nothing.

    ``operator`` is the legal person whom they name.

    :raises SignerUnavailable: ask again; what was made stays.
    :raises KeyMismatch: key store and database are not of the same copy.
    """
    _establish_authorities.establish_authorities(actor=actor, operator=operator)


def certificate_for(*, actor: Actor, key: str, profile: Profile, subject: SubjectName | PersonName) -> CertificateInfo:
    """The current certificate of the key label ``key``; made, with its key, where there is none.

    Only a system or an administrator may ask. A changed ``subject`` gets a new certificate. Sign with ``.key`` of the answer:
    after a compromise it is a later generation (``seal/x/2``).

    :raises ProfileMismatch: such a label cannot have this profile.
    :raises CertificateWithdrawn: it was revoked because work ended or the right was taken away; a person must decide.
    """
    return queries.info(_issue_certificate.issue_certificate(actor=actor, label=key, profile=profile, subject=subject))


def certificate(*, serial: str) -> CertificateInfo:
    """Certificates are public; so is the answer.

    :raises CertificateNotFound:
    """
    return queries.certificate(serial)


def certificates(
    *,
    actor: Actor,
    profile: Profile | None = None,
    state: CertificateState | None = None,
    text: str = "",
    limit: int = 200,
    offset: int = 0,
) -> list[CertificateInfo]:
    """For administrators and processes, newest first. ``text`` is sought in names, register number, key label, serial."""
    if actor.role not in {Role.ADMINISTRATOR, Role.SYSTEM}:
        raise NotAllowed(f"{actor} may not list certificates")
    return queries.certificates(profile=profile, state=state, text=text, limit=limit, offset=offset)


def trust_anchors() -> tuple[str, ...]:
    """PEM of the roots in force; everything of ours leads to one of them."""
    return queries.trust_anchors()


def sign(*, key: str, digests: Sequence[bytes]) -> list[bytes]:
    """ECDSA signatures (DER) over ``digests`` by the key ``key``, as far as this process may use it.

    :raises SignerUnavailable: try again.
    :raises SignerRefused: the signer's table does not give this process the key.
    """
    return signer.client().sign(key=key, digests=digests)


def establish_key(*, key: str) -> str:
    """PEM of the public key of ``key``, which is made where there is none. For keys without a certificate, such as ``token``."""
    return signer.client().generate(key=key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def public_key(*, key: str) -> str:
    """PEM of the public key of a label in the signer.

    :raises KeyUnknown: no such key.
    """
    return signer.client().public_key(key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def renew_certificates(*, actor: Actor) -> int:
    """Successors for certificates that near their end; returns how many. Done daily."""
    return _renew_certificates.renew_certificates(actor=actor)


# -- revocation ------------------------------------------------------------------------------------------------


def revocation_reasons(*, profile: Profile) -> tuple[RevocationReason, ...]:
    """The reasons that fit a profile, in the order of the enum; empty where nothing may be revoked."""
    return tuple(reason for reason in RevocationReason if reason in REASONS.get(profile, frozenset()))


def revoke_certificate(*, actor: Actor, serial: str, reason: RevocationReason) -> CertificateInfo:
    """Revoke for good; only an administrator may. Publishes ``CertificateRevoked``; written to the audit.

    :raises NotAllowed: not an administrator.
    :raises CertificateNotFound:
    :raises CertificateAlreadyRevoked: the first revocation stands.
    :raises CertificateExpired:
    :raises CertificateNotRevocable: an authority or the status responder.
    :raises ReasonNotAllowed: the reason does not fit the profile.
    """
    return _revoke_certificate.revoke_certificate(actor=actor, serial=serial, reason=reason)


def on_certificate_revoked(event: CertificateRevoked) -> None:
    """Subscriber: the revocation list is published anew after every revocation."""
    _publish_revocation_list.publish_revocation_list(authority=Profile.ISSUING)


def publish_due_lists() -> None:
    """Renew the revocation lists that are older than they should be. Done hourly."""
    for authority in (Profile.ROOT, Profile.ISSUING):
        _publish_revocation_list.publish_if_due(authority=authority)


def revocation_list(*, authority: Profile) -> bytes | None:
    """The list in force, DER; None before the first was published."""
    newest = queries.revocation_list(authority)
    return bytes(newest.der) if newest else None


def authority_certificate(*, authority: Profile) -> str:
    """PEM of the current certificate of an authority.

    :raises AuthoritiesMissing:
    """
    return queries.authority(authority).pem


def answer_status(*, request: bytes) -> bytes:
    """OCSP: DER request in, DER answer out; a bad request is answered as the protocol says, never by an exception."""
    return _answer_status.answer_status(request=request)


# -- seals, time-stamps, tokens --------------------------------------------------------------------------------


def seal_pdf(*, actor: Actor, organisation: str, pdf: bytes, reason: str, location: str) -> bytes:
    """The PDF with the organisation's seal: PAdES B-T, time-stamped by our own unit. PDF/A-2b stays PDF/A-2b.

    A system may seal for any organisation, an officer for their own. Call it where the document is kept in the same
    transaction: the audit of the seal commits with it.

    :raises NoSealCertificate: none, or revoked, or expired.
    :raises UnreadablePdf:
    :raises SignerUnavailable: nothing was sealed.
    """
    return _seal_pdf.seal_pdf(actor=actor, organisation=organisation, pdf=pdf, reason=reason, location=location)


def check_pdf(*, pdf: bytes) -> SealCheck:
    """What the seal of any PDF is worth; a damaged or hostile file is an answer, not an exception."""
    return _check_pdf.check_pdf(pdf=pdf)


def time_stamp(*, digest: bytes) -> bytes:
    """RFC 3161 token (DER) over a SHA-256, -384 or -512 digest.

    :raises DigestNotSupported:
    :raises SignerUnavailable:
    """
    return _time_stamp.time_stamp(digest=digest)


def answer_time_stamp(*, request: bytes) -> bytes:
    """RFC 3161: TimeStampReq in, TimeStampResp out, both DER; a refusal is an answer too."""
    return _time_stamp.answer_time_stamp(request=request)


def sign_jws(*, key: str, payload: dict[str, object], typ: str, kid: str, chain: Sequence[str] = ()) -> str:
    """Compact JWS (ES256) with the signer's key ``key``; take the label from ``certificate_for(…).key``.

    ``chain`` is what stands in the header ``x5c``: PEM, the signer's certificate first, then the authorities above it.
    """
    return _sign_jws.sign_jws(key=key, payload=payload, typ=typ, kid=kid, chain=chain)


# -- the process -----------------------------------------------------------------------------------------------


def act_as(*, process: str) -> None:
    """Called once by the worker's start: ``worker`` uses the worker's token at the signer. Without it a process is ``web``."""
    signer.act_as(process)


OWN = system("pki")
"""Who acts in the room's own jobs."""
