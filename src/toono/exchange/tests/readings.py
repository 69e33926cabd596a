"""Readings as a gateway writes them, for tests of what people see of them."""

from __future__ import annotations

import itertools
import secrets
from base64 import b64encode
from datetime import datetime
from hashlib import sha512
from typing import Any
from uuid import UUID, uuid4

_numbers = itertools.count(700_000_000_000 + secrets.randbelow(10**9) * 100)


def civil_id() -> str:
    """Of a person whom no other test knows."""
    return str(next(_numbers))


def at(moment: datetime) -> UUID:
    """An id made at ``moment``."""
    from toono.exchange.domain.partitions import floor

    return UUID(int=floor(moment).int | 7 << 76 | 2 << 62 | secrets.randbits(62))


def read(person: str, when: datetime, *, organisation: str = "khasar-bank", **other: Any) -> UUID:
    """One reading of this person's data, in a batch of its own that commits to it; its id."""
    from toono.exchange.domain import commitment
    from toono.exchange.models import Batch, LedgerEntry

    values: dict[str, Any] = {
        "id": at(when), "civil_id": person, "at": when, "message_id": f"MN-{uuid4()}", "request_id": uuid4(),
        "consumer": f"MN/COM/{organisation}/loans", "consumer_title_mn": "Зээлийн систем", "consumer_title_en": "Loan system",
        "organisation": organisation, "organisation_name_mn": "Хасар банк ХК", "organisation_name_en": "Khasar Bank JSC",
        "provider": "state-registration", "provider_name_mn": "Улсын бүртгэлийн ерөнхий газар",
        "provider_name_en": "General Authority for State Registration", "service": "MN/GOV/state-registration/population/address",
        "service_title_mn": "Оршин суугаа газрын хаяг", "service_title_en": "Registered address", "agreement": "khasar-bank-loans-address",
        "purpose": "loan-application", "purpose_title_mn": "Зээлийн хүсэлтийг судлах", "purpose_title_en": "To examine an application for a loan",
        "basis_mn": "Хүний хувийн мэдээлэл хамгаалах тухай хууль, 6.1", "basis_en": "Law on the protection of personal data, 6.1",
        "issue": "LOAN-1", "fields": ["/aimag", "/text"], "consent": None, "receipt": b64encode(secrets.token_bytes(64)).decode(),
        "visible_at": when, "secrecy_basis_mn": None, "salt": secrets.token_bytes(16),
    } | other  # fmt: skip
    content = secrets.token_bytes(64) + commitment.of_reading(values)
    batch = Batch.objects.create(
        gateway="test", chain=uuid4(), number=1, at=when, content=content, link=sha512(bytes(64) + sha512(content).digest()).digest()
    )
    return UUID(str(LedgerEntry.objects.create(**values, batch=batch.id, leaf=1).id))
