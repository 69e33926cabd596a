"""What the exchange allows the portal to read: its agreements, compared with what a definition needs."""

from __future__ import annotations

from collections.abc import Iterable

from toono.kernel.clock import now
from toono.registry import api as registry
from toono.registry.contracts import Agreement
from toono.services.adapters.registers import SYSTEM
from toono.services.contracts import ExchangeNeed


def missing(needs: Iterable[ExchangeNeed]) -> list[tuple[ExchangeNeed, tuple[str, ...], tuple[str, ...]]]:
    """Needs that no agreement in force covers: the need, purposes that are named nowhere, fields that are not given."""
    moment = now()
    standing: dict[str, list[Agreement]] = {}
    for one in registry.agreements():
        if one.consumer.rpartition("/")[2] == SYSTEM and one.valid_from <= moment < one.valid_until:
            standing.setdefault(one.service, []).append(one)
    found = []
    for need in needs:
        purposes, fields = _lacking(need, standing.get(need.service, []))
        if purposes or fields:
            found.append((need, purposes, fields))
    return found


def _lacking(need: ExchangeNeed, agreements: list[Agreement]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    named = {purpose.code for one in agreements for purpose in one.purposes}
    purposes = tuple(one.code for one in need.purposes if one.code not in named)
    if any(not one.fields for one in agreements):
        return purposes, ()
    given = {field for one in agreements for field in one.fields}
    return purposes, tuple(field for field in need.fields if field not in given) if agreements else need.fields
