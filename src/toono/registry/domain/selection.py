"""What of the registry goes into a configuration at a moment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from toono.registry.contracts import Agreement, ServiceEntry, SystemEntry
from toono.registry.domain.identifiers import organisation_of

EXPIRED_KEPT = timedelta(days=90)
"""An expired agreement travels so long, with its dates, so that the gateway can say «expired» and not «none»."""


def carried_systems(systems: Iterable[SystemEntry], members: frozenset[str]) -> tuple[SystemEntry, ...]:
    """Systems of organisations that can sign their messages."""
    return tuple(s for s in systems if organisation_of(s.id) in members)


def carried_services(services: Iterable[ServiceEntry], members: frozenset[str]) -> tuple[ServiceEntry, ...]:
    return tuple(s for s in services if organisation_of(s.id) in members)


def carried_agreements(agreements: Iterable[Agreement], members: frozenset[str], now: datetime) -> tuple[Agreement, ...]:
    """Agreements between members that hold, will hold, or ended not long ago."""
    return tuple(
        a
        for a in agreements
        if a.valid_until > now - EXPIRED_KEPT and organisation_of(a.consumer) in members and organisation_of(a.service) in members
    )


def next_version(last: int | None, now: datetime) -> int:
    """Always above the last one, and never below the present second: versions rise even after a backup was put back."""
    return max((last or 0) + 1, int(now.timestamp()))


def is_due(*, issued_at: datetime, expires_at: datetime, now: datetime) -> bool:
    """Whether half of the validity has passed, so that a new configuration is wanted."""
    return now >= issued_at + (expires_at - issued_at) / 2
