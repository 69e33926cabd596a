"""What the exchange tells the rooms above it. Ids only."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from toono.kernel.events import Event


class ConsentEvent(Event):
    """Fields that both events about a consent carry."""

    consent_id: UUID
    person_id: UUID
    agreement: str
    consumer: str
    """Identifier of the system that may, or no longer may, read."""
    service: str
    purpose: str


class ConsentGiven(ConsentEvent):
    """A person lets a system read one service for one purpose."""

    name: ClassVar[str] = "exchange.consent_given"

    valid_until: datetime


class ConsentWithdrawn(ConsentEvent):
    """A person has taken a consent back: the next call by it is refused."""

    name: ClassVar[str] = "exchange.consent_withdrawn"
