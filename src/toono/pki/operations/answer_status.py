"""Answer a certificate status request (OCSP)."""

from __future__ import annotations

from cryptography.x509.ocsp import OCSPResponseStatus

from toono.kernel.clock import now
from toono.pki import queries
from toono.pki.contracts import Profile, RevocationReason
from toono.pki.domain import status
from toono.pki.errors import AuthoritiesMissing, SignerUnavailable
from toono.pki.models import Certificate
from toono.pki.operations.issue_certificate import remote_key


def answer_status(*, request: bytes) -> bytes:
    """The DER answer, whatever was asked; never an exception for a bad request."""
    try:
        asked = status.parse(request)
    except status.MalformedRequest:
        return status.refusal(OCSPResponseStatus.MALFORMED_REQUEST)
    try:
        issuing, responder = queries.authority(Profile.ISSUING), queries.authority(Profile.OCSP)
        if not status.concerns(asked, queries.parsed(issuing.pem)):
            return status.refusal(OCSPResponseStatus.UNAUTHORIZED)
        row = Certificate.objects.filter(serial=queries.hexadecimal(asked.serial), issuer_serial=issuing.serial).first()
        return status.answer(
            asked,
            revoked=_revoked(row),
            known=row is not None,
            responder=queries.parsed(responder.pem),
            key=remote_key(responder),
            now=now().replace(microsecond=0),
        )
    except (SignerUnavailable, AuthoritiesMissing):
        return status.refusal(OCSPResponseStatus.TRY_LATER)


def _revoked(row: Certificate | None) -> status.Revoked | None:
    if row is None or row.revoked_at is None or row.reason is None:
        return None
    return status.Revoked(row.revoked_at.replace(microsecond=0), RevocationReason(row.reason))
