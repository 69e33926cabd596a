"""Events: what happened, told upward in the stack. The base of every room's ``events.py``."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from toono.kernel.clock import now
from toono.kernel.contract import Contract
from toono.kernel.ids import uuid7


class Event(Contract):
    """Something that happened. ``name`` is stable and published; fields carry ids, never personal data beyond them."""

    name: ClassVar[str]

    id: UUID = Field(default_factory=uuid7)
    occurred_at: datetime = Field(default_factory=now)


class CalendarChanged(Event):
    """A day was moved by decree, or is no longer: what is counted in working time is to be computed anew."""

    name: ClassVar[str] = "toono.calendar_changed"

    day: date
    decree: str
    """Date and number, as it is quoted."""
