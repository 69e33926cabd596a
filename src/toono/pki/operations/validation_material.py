"""What a later check of a signature needs: the certificates, and for each of them a status answer or a revocation list of ours."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from toono.kernel.clock import now
from toono.pki import queries
from toono.pki.contracts import Profile
from toono.pki.domain.profiles import PROFILES, slug
from toono.pki.domain.signatures.signatory import Material
from toono.pki.errors import CertificateNotFound, SignerUnavailable
from toono.pki.models import Certificate
from toono.pki.operations.answer_status import answer_status
from toono.pki.operations.publish_revocation_list import publish_revocation_list


def material_for(certificates: Iterable[bytes]) -> Material:
    """Material for these certificates (DER) and every authority above them, as of now. Roots stand in it too: a list of
    the root's can else not be tied to it.

    :raises CertificateNotFound: one of them is not ours.
    :raises SignerUnavailable: status cannot be told now.
    """
    waiting = [_row(one) for one in dict.fromkeys(certificates)]
    rows: dict[str, Certificate] = {}
    lists: dict[bytes, None] = {}
    answers: dict[bytes, None] = {}
    while waiting:
        row = waiting.pop()
        if row.serial in rows:
            continue
        rows[row.serial] = row
        if row.issuer_serial == row.serial:  # the root's own status is told by whoever trusts it
            continue
        issuer = Certificate.objects.get(serial=row.issuer_serial)
        waiting.append(issuer)
        profile = PROFILES[Profile(row.profile)]
        if profile.no_check:
            continue
        if profile.issuer is Profile.ROOT:
            lists |= dict.fromkeys(_lists_of(issuer))
            continue
        answer, responders = _status(row, issuer)
        answers[answer] = None
        waiting += responders
    return Material(tuple(_der(row) for row in rows.values()), tuple(lists), tuple(answers))


def held_here(certificates: Iterable[bytes]) -> list[bytes]:
    """Those of the certificates (DER) that our register holds."""
    return [one for one in certificates if _found(one) is not None]


def _lists_of(issuer: Certificate) -> list[bytes]:
    """The list in force (DER), with its list of changes, which it names (RFC 5280 §5.2.6) and strict readers therefore ask for. New ones
    only where these have ended, since the root's key may be away.
    """
    newest = queries.revocation_list(slug(issuer.key))
    if newest is None or newest.next_update <= now():
        newest = publish_revocation_list(authority=issuer)
    return [bytes(newest.der), *([bytes(newest.delta)] if newest.delta else [])]


def _status(row: Certificate, issuer: Certificate) -> tuple[bytes, list[Certificate]]:
    """A fresh answer (DER) and its responder. A nonce keeps an older, kept answer away: what is archived must be newer than the signature."""
    request = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(queries.parsed(row.pem), queries.parsed(issuer.pem), hashes.SHA256())
        .add_extension(x509.OCSPNonce(secrets.token_bytes(16)), critical=False)
        .build()
    )
    answer = answer_status(request=request.public_bytes(Encoding.DER)).der
    read = ocsp.load_der_ocsp_response(answer)
    if read.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise SignerUnavailable(f"the status of {row.serial} is not told: {read.response_status}")
    return answer, [_row(one.public_bytes(Encoding.DER)) for one in read.certificates]


def _row(der: bytes) -> Certificate:
    """Our register's row of this very certificate."""
    row = _found(der)
    if row is None:
        raise CertificateNotFound(f"serial {x509.load_der_x509_certificate(der).serial_number:x} is not of ours")
    return row


def _found(der: bytes) -> Certificate | None:
    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:  # a stranger's, of a shape that is not read
        return None
    row = Certificate.objects.filter(serial=queries.hexadecimal(certificate.serial_number)).first()
    return row if row is not None and _der(row) == der else None


def _der(row: Certificate) -> bytes:
    return queries.parsed(row.pem).public_bytes(Encoding.DER)
