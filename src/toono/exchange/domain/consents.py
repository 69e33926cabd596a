"""When a consent covers what an agreement grants."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta

from toono.registry.contracts import Agreement


def covers(consented: Collection[str], granted: Collection[str]) -> bool:
    """Whether fields that were shown include all that are granted. No fields means the whole answer, which only the whole answer includes."""
    if not consented:
        return True
    return bool(granted) and set(granted) <= set(consented)


def ends_at(agreement: Agreement, *, given_at: datetime, longest: timedelta) -> datetime:
    """When a consent given now ends: with the agreement, or after the longest time that one consent may last."""
    return min(agreement.valid_until, given_at + longest)


def token(agreement: Agreement) -> str:
    """A digest of everything of ``agreement`` that a person is shown; a later agreement that shows the same has the same."""
    shown = (
        agreement.consumer, agreement.service, sorted(agreement.fields), agreement.quota_per_day, agreement.valid_until.isoformat(),
        [(p.code, p.title_mn, p.title_en, p.basis_mn, p.basis_en) for p in agreement.purposes],
    )  # fmt: skip
    return hashlib.sha256(repr(shown).encode()).hexdigest()
