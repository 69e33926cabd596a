"""When a consent covers what an agreement grants."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from toono.exchange.contracts import ConsentAnswer
from toono.registry.contracts import Agreement

_STATE: Final = re.compile(r"[A-Za-z0-9._~-]{0,200}")


def covers(consented: Collection[str], granted: Collection[str]) -> bool:
    """Whether fields that were shown include all that are granted. No fields means the whole answer, which only the whole answer includes."""
    if not consented:
        return True
    return bool(granted) and set(granted) <= set(consented)


def ends_at(agreement: Agreement, *, given_at: datetime, longest: timedelta) -> datetime:
    """When a consent given now ends: with the agreement, or after the longest time that one consent may last."""
    return min(agreement.valid_until, given_at + longest)


def way_back(registered: Collection[str], wanted: str, *, state: str, answer: ConsentAnswer) -> str | None:
    """``wanted`` with ``consent`` and, where there is one, ``state`` added to its query; None where a person may not be led there.

    Only an address that the consumer has registered, letter for letter: whatever is compared in another way leads somebody somewhere else (RFC 9700 §2.1).

    :param state: what the consumer gave along, to know its own question again.
    """
    if wanted not in registered or _STATE.fullmatch(state) is None:
        return None
    told = urlencode({"consent": answer.value} | ({"state": state} if state else {}))
    return f"{wanted}{'&' if '?' in wanted else '?'}{told}"


def token(agreement: Agreement) -> str:
    """A digest of everything of ``agreement`` that a person is shown; a later agreement that shows the same has the same."""
    shown = (
        agreement.consumer, agreement.service, sorted(agreement.fields), agreement.quota_per_day, agreement.valid_until.isoformat(),
        [(p.code, p.title_mn, p.title_en, p.basis_mn, p.basis_en) for p in agreement.purposes],
    )  # fmt: skip
    return hashlib.sha256(repr(shown).encode()).hexdigest()
