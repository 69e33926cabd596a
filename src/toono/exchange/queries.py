"""Reading the message log and the access ledger."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA512

import toono.pki.api as pki
from toono.exchange import limits
from toono.exchange.contracts import Direction, Evidence, LoggedMessage, Reading, Verdict
from toono.exchange.domain.messages import message_hash
from toono.exchange.errors import MessageNotFound
from toono.exchange.models import LedgerEntry, MessageRecord
from toono.pki.errors import CertificateNotFound


def readings(*, civil_id: str, limit: int, before: datetime | None) -> list[Reading]:
    """A person's ledger, newest first."""
    entries = LedgerEntry.objects.filter(civil_id=civil_id)
    if before is not None:
        entries = entries.filter(at__lt=before)
    return [_reading(entry) for entry in entries.order_by("-at", "-id")[: max(1, min(limit, limits.READINGS + 1))]]


def _reading(entry: LedgerEntry) -> Reading:
    return Reading(
        organisation=entry.organisation, organisation_name_mn=entry.organisation_name_mn, organisation_name_en=entry.organisation_name_en,
        system=entry.consumer, system_title_mn=entry.consumer_title_mn, system_title_en=entry.consumer_title_en,
        provider_name_mn=entry.provider_name_mn, provider_name_en=entry.provider_name_en,
        service_title_mn=entry.service_title_mn, service_title_en=entry.service_title_en, purpose=entry.purpose,
        purpose_title_mn=entry.purpose_title_mn, purpose_title_en=entry.purpose_title_en, basis=entry.basis_mn, case=entry.issue, at=entry.at,
        message_id=entry.message_id, receipt=entry.receipt,
    )  # fmt: skip


def evidence(*, message_id: str) -> Evidence:
    """What the log knows of ``message_id``, each signature checked anew.

    :raises MessageNotFound: nothing.
    """
    messages = tuple(_logged(record) for record in MessageRecord.objects.filter(message_id=message_id).order_by("at", "id"))
    if not messages:
        raise MessageNotFound(message_id)
    return Evidence(message_id=message_id, messages=messages)


def _logged(record: MessageRecord) -> LoggedMessage:
    return LoggedMessage(
        direction=Direction(record.direction), at=record.at, request_id=str(record.request_id), client=record.client, service=record.service,
        purpose=record.purpose, agreement=record.agreement, case=record.issue, user=record.user_id, status=record.status,
        error_type=record.error_type, reason=record.reason, head=bytes(record.head).decode("utf-8", "replace"), body_base64=_text(record.body) or "",
        digest_base64=_text(record.digest), signature_base64=_text(record.signature), certificate_serial=record.certificate_serial,
        verdict=_verdict(record),
    )  # fmt: skip


def _text(value: bytes | memoryview | None) -> str | None:
    return None if value is None else b64encode(bytes(value)).decode()


def _verdict(record: MessageRecord) -> Verdict:
    if record.signature is None:
        return Verdict.UNSIGNED
    try:
        pem = pki.certificate(serial=record.certificate_serial or "").pem
    except CertificateNotFound:
        return Verdict.INDETERMINATE
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    if not isinstance(key, EllipticCurvePublicKey):
        return Verdict.INDETERMINATE
    try:
        key.verify(bytes(record.signature), message_hash(bytes(record.head), bytes(record.body)), ECDSA(Prehashed(SHA512())))
    except InvalidSignature:
        return Verdict.INVALID
    return Verdict.VALID
