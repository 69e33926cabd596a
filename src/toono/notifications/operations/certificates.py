"""Telling a natural person of what happens to their certificates: issued, suspended, revived, revoked.

In the inbox and by text message, whoever did it: of an act that was not the holder's own they must hear at once.
"""

from __future__ import annotations

from typing import Final

from toono.notifications.operations.notify import notify
from toono.pki.contracts import Profile, RevocationReason
from toono.pki.events import CertificateIssued, CertificateRevived, CertificateRevoked, CertificateSuspended

Told = CertificateIssued | CertificateSuspended | CertificateRevived | CertificateRevoked

_TEMPLATES: Final[dict[str, str]] = {
    CertificateIssued.name: "certificate_issued",
    CertificateSuspended.name: "certificate_suspended",
    CertificateRevived.name: "certificate_revived",
    CertificateRevoked.name: "certificate_revoked",
}
_KINDS: Final = {
    Profile.PERSON: ("тоон гарын үсэг", "digital signature"),
    Profile.AUTHENTICATION: ("нэвтрэх гэрчилгээ", "signing in"),
    Profile.OFFICER: ("албан хаагчийн тоон гарын үсэг", "digital signature as an officer"),
}
_REASONS: Final = {
    RevocationReason.KEY_COMPROMISE: ("түлхүүр алдагдсан", "the key was lost or stolen"),
    RevocationReason.AFFILIATION_CHANGED: ("нэр, харьяалал өөрчлөгдсөн", "name or organisation changed"),
    RevocationReason.SUPERSEDED: ("шинэ гэрчилгээгээр сольсон", "replaced by a new one"),
    RevocationReason.CESSATION_OF_OPERATION: ("хэрэглэхээ больсон", "no longer used"),
    RevocationReason.PRIVILEGE_WITHDRAWN: ("эрхийг нь хассан", "the right was withdrawn"),
}
_SHOWN_DIGITS = 8


def tell(event: Told) -> None:
    """Write the message; certificates of organisations, servers and the platform have nobody to tell."""
    if event.holder_id is None or event.profile not in _KINDS:
        return
    kind_mn, kind_en = _KINDS[event.profile]
    context = {"kind_mn": kind_mn, "kind_en": kind_en, "number": f"…{event.serial[-_SHOWN_DIGITS:]}"}
    if isinstance(event, CertificateRevoked):
        reason_mn, reason_en = _REASONS[event.reason]
        context |= {"reason_mn": reason_mn, "reason_en": reason_en}
    notify(person_id=event.holder_id, code=_TEMPLATES[event.name], context=context, key=f"{event.name}:{event.id}", case_id=None)
