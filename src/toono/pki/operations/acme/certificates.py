"""Certificates of ACME: fetched (RFC 8555 §7.4.2) and revoked (§7.6)."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from toono.kernel.certificates import UNREADABLE
from toono.kernel.jose import from_base64url
from toono.pki import queries
from toono.pki.contracts import AcmeAnswer, Profile, RevocationReason
from toono.pki.domain.acme.requests import Jwk, Signed, public_key
from toono.pki.errors import AcmeRefused, CertificateAlreadyRevoked, CertificateExpired
from toono.pki.models import AcmeAccount, AcmeOrder, Certificate
from toono.pki.operations.acme.accounts import ACTOR
from toono.pki.operations.revoke_certificate import revoke_certificate

REASONS = {
    None: RevocationReason.SUPERSEDED,
    0: RevocationReason.SUPERSEDED,
    1: RevocationReason.KEY_COMPROMISE,
    3: RevocationReason.AFFILIATION_CHANGED,
    4: RevocationReason.SUPERSEDED,
    5: RevocationReason.CESSATION_OF_OPERATION,
    9: RevocationReason.PRIVILEGE_WITHDRAWN,
}
"""Of RFC 5280; who gives none has replaced the certificate, as far as we know."""


def certificate(request: Signed, account: AcmeAccount, serial: str) -> AcmeAnswer:
    """The certificate with the authorities above it, without the root."""
    row = Certificate.objects.filter(serial=serial, acmeorder__account=account).first()
    if row is None:
        raise AcmeRefused("malformed", "There is no such certificate.")
    chain = "".join([row.pem, *queries.chain(row)[:-1]])
    return AcmeAnswer(status=200, media_type="application/pem-certificate-chain", content=chain.encode())


def revoke(request: Signed, jwk: Jwk, account: AcmeAccount | None) -> AcmeAnswer:
    """By the account that has it, or by the certificate's own key (``account`` is None then)."""
    wanted = request.fields()
    row = _named(wanted.get("certificate"))
    if account is not None:
        may = AcmeOrder.objects.filter(account=account, certificate=row).exists()
    else:
        may = queries.parsed(row.pem).public_key() == public_key(jwk)
    if not may:
        raise AcmeRefused("unauthorized", "Only the account that has the certificate, or its own key, may revoke it.")
    try:
        revoke_certificate(actor=ACTOR, serial=row.serial, reason=_reason(wanted.get("reason")))
    except CertificateAlreadyRevoked:
        raise AcmeRefused("alreadyRevoked", "The certificate is revoked already.") from None
    except CertificateExpired:
        raise AcmeRefused("malformed", "The certificate has expired.") from None
    return AcmeAnswer(status=200, media_type="application/json", content=b"")


def _reason(given: object) -> RevocationReason:
    """:raises AcmeRefused: no number, or none of those that there are."""
    if isinstance(given, bool | list | dict) or given not in REASONS:
        raise AcmeRefused("badRevocationReason", "The reason must be one of 0, 1, 3, 4, 5, 9.")
    return REASONS[given]


def _named(value: object) -> Certificate:
    try:
        given = x509.load_der_x509_certificate(from_base64url(value if isinstance(value, str) else "!"))
        serial = queries.hexadecimal(given.serial_number)
    except UNREADABLE:
        raise AcmeRefused("malformed", "certificate must be one, DER, base64url.") from None
    row = Certificate.objects.filter(serial=serial, profile=Profile.SERVER.value).first()
    if row is None or queries.parsed(row.pem).public_bytes(Encoding.DER) != given.public_bytes(Encoding.DER):
        raise AcmeRefused("malformed", "The certificate is not one of ours for servers.")
    return row
