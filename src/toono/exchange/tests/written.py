"""What gateways write, written by a test: batches with real signatures of a member whose certificate is known, in the tables of the running database.

Made from the words of the tables' documentation and not by the gateway's code, so that what reads the tables is judged by something else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from toono.exchange.domain import commitment, partitions
from toono.exchange.domain.evidence import hashchain, xades
from toono.exchange.domain.evidence.hashchain import MessageDigests
from toono.kernel.ids import uuid7
from toono.pki.signing import SignerClient

MEMBER = "MN/GOV/written-register"
CLIENT, SERVICE = "MN/GOV/written-register/desk", "MN/GOV/written-register/population/persons"
NOTHING = bytes(64)


def digests(head: bytes, body: bytes) -> MessageDigests:
    return MessageDigests(hashlib.sha512(head).digest(), hashlib.sha512(body).digest() if body else None)


def request_hash(head: bytes, body: bytes) -> bytes:
    first = hashlib.sha512(head).digest()
    return hashlib.sha512(first + hashlib.sha512(body).digest()).digest() if body else first


def id_at(moment: datetime) -> UUID:
    """An id that was made at that moment."""
    return UUID(int=partitions.floor(moment).int | uuid7().int & (1 << 80) - 1)


@dataclass
class Written:
    """One message as it stands in the log."""

    id: UUID
    message_id: str
    request_id: UUID
    direction: str
    head: bytes
    body: bytes
    signature: UUID | None = None
    batch: UUID | None = None

    @property
    def receipt(self) -> bytes:
        return request_hash(self.head, self.body)


@dataclass
class Writer:
    """One chain of one gateway."""

    settings: Any
    retention: str = "standard"
    client: str = CLIENT
    service: str = SERVICE
    chain: UUID = field(default_factory=uuid7)
    number: int = 0
    link: bytes = NOTHING

    def __post_init__(self) -> None:
        import toono.pki.api as pki
        from toono.kernel.actor import system
        from toono.pki.contracts import Profile, SubjectName

        subject = SubjectName(common_name="Written register", organisation="Бичигдсэн бүртгэл", register_number="1234567")
        self.certificate = pki.certificate_for(
            actor=system("tests"), key="exchange/written-register", profile=Profile.EXCHANGE, subject=subject
        )
        self.signatory = xades.Signatory.of(x509.load_pem_x509_certificate(self.certificate.pem.encode()))
        self.signer = SignerClient(self.settings.signer_socket, self.settings.secret("signer_token_gateway"))

    def message(
        self, *, direction: str = "request", body: bytes = b"", message_id: str | None = None, request_id: UUID | None = None
    ) -> Written:
        request_id, message_id = request_id or uuid4(), message_id or f"written-{uuid4()}"
        first = f"GET\r\n/r1/{self.service}/1\r\n" if direction == "request" else "200\r\nOK\r\n"
        named = f"x-road-service:{self.service}\r\n" if direction == "response" else "x-toono-purpose:reference\r\n"
        parties = f"x-road-client:{self.client}\r\n{named}"
        head = f"{first}content-type:application/json\r\nx-road-id:{message_id}\r\n{parties}x-road-request-id:{request_id}\r\n".encode()
        return Written(uuid7(), message_id, request_id, direction, head, body)

    def batch(
        self,
        messages: Sequence[Written] = (),
        *,
        at: datetime | None = None,
        readings: int = 0,
        outcomes: int = 0,
        ocsp: bytes | None = None,
    ) -> list[Written]:
        """Commit these messages under one signature, with readings and outcomes without an answer; ``at`` puts everything at another time."""
        from django.db import transaction

        from toono.exchange.models import Batch, LedgerEntry, MessageRecord, OcspResponse, Signature

        moment = at or datetime.now(UTC)
        batch = id_at(moment)
        content, signatures = [], []
        ocsp_digest = hashlib.sha256(ocsp).digest() if ocsp else None
        if messages:
            prepared = xades.prepare(self.signatory, [digests(m.head, m.body) for m in messages], moment)
            [der] = self.signer.sign(key=self.certificate.key, digests=[prepared.digest])
            value = b"".join(part.to_bytes(32, "big") for part in decode_dss_signature(der))
            document = xades.document(self.signatory, prepared, value, ocsp)
            content.append(hashlib.sha512(document).digest())
            signatures.append(
                Signature(
                    id=id_at(moment), batch=batch, position=0, member=MEMBER, certificate_serial=self.certificate.serial, ocsp=ocsp_digest, at=prepared.at,
                    leaves=b"".join(prepared.leaves), direct=prepared.direct, value=value, document_digest=content[0],
                )
            )  # fmt: skip
        rows = []
        for leaf, message in enumerate(messages):
            message.signature, message.batch = signatures[0].id, batch
            message.id = id_at(moment - timedelta(milliseconds=5)) if at else message.id
            rows.append(self._record(message, batch, signatures[0].id, leaf, moment))
        ledger = []
        for _ in range(readings):
            entry = self._reading(batch, len(content), moment)
            content.append(commitment.of_reading({name: getattr(entry, name) for name in commitment.READING_FIELDS}))
            ledger.append(entry)
        for _ in range(outcomes):
            record = self._outcome(batch, len(content), moment)
            content.append(commitment.of_outcome({name: getattr(record, name) for name in commitment.OUTCOME_FIELDS}))
            rows.append(record)
        self.number += 1
        self.link = hashlib.sha512(self.link + hashlib.sha512(b"".join(content)).digest()).digest()
        with transaction.atomic():
            if ocsp:
                OcspResponse.objects.get_or_create(digest=ocsp_digest, defaults={"der": ocsp, "produced_at": moment})
            Batch.objects.create(
                id=batch, gateway="written", chain=self.chain, number=self.number, at=moment, content=b"".join(content), link=self.link
            )  # fmt: skip
            Signature.objects.bulk_create(signatures)
            MessageRecord.objects.bulk_create(rows)
            LedgerEntry.objects.bulk_create(ledger)
        return list(messages)

    def _record(self, message: Written, batch: UUID, signature: UUID | None, leaf: int, moment: datetime) -> Any:
        from toono.exchange.models import MessageRecord

        return MessageRecord(
            id=message.id, retention=self.retention, message_id=message.message_id, request_id=message.request_id, direction=message.direction, at=moment,
            client=self.client, service=self.service, purpose="reference", agreement="a-1", status=200 if message.direction == "response" else None,
            head=message.head, body=message.body, digest=message.receipt, batch=batch, signature=signature, leaf=leaf,
        )  # fmt: skip

    def _outcome(self, batch: UUID, leaf: int, moment: datetime) -> Any:
        from toono.exchange.models import MessageRecord

        return MessageRecord(
            id=id_at(moment - timedelta(milliseconds=5)), retention=self.retention, message_id=f"written-{uuid4()}", request_id=uuid4(), direction="response",
            at=moment, client=self.client, service=self.service, purpose="reference", agreement="a-1", status=500,
            error_type="server.serverproxy.service_failed.network_error", reason="timeout", head=b"", body=b"", batch=batch, leaf=leaf, duration_us=7,
        )  # fmt: skip

    def _reading(self, batch: UUID, leaf: int, moment: datetime) -> Any:
        from toono.exchange.models import LedgerEntry

        return LedgerEntry(
            id=id_at(moment - timedelta(milliseconds=5)), civil_id="999", at=moment, message_id="written", request_id=uuid4(), consumer=self.client,
            consumer_title_mn="Ширээ", consumer_title_en="Desk", organisation="written-register", organisation_name_mn="Б", organisation_name_en="O",
            provider="written-register", provider_name_mn="Б", provider_name_en="O", service=self.service, service_title_mn="Ү", service_title_en="S",
            agreement="a-1", purpose="reference", purpose_title_mn="Л", purpose_title_en="R", basis_mn="Хууль 1", basis_en="Law 1", fields=["/name"],
            receipt="r", visible_at=moment, salt=uuid4().bytes, batch=batch, leaf=leaf,
        )  # fmt: skip


__all__ = ["CLIENT", "MEMBER", "SERVICE", "Writer", "Written", "digests", "hashchain", "id_at", "request_hash"]
