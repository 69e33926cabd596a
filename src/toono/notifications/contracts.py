"""What leaves notifications."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from toono.kernel.contract import Contract


class DeliveryChannel(StrEnum):
    """By which way a message reaches a person."""

    INAPP = "inapp"
    SMS = "sms"


class DeliveryState(StrEnum):
    """How far a delivery has come."""

    QUEUED = "queued"  # not handed over yet; will be tried (again)
    SENT = "sent"  # the operator has taken it
    DELIVERED = "delivered"  # the phone has it; in the inbox: at once
    FAILED = "failed"  # will not arrive
    UNKNOWN = "unknown"  # handed over, but no answer or receipt tells what became of it; never sent a second time


class Message(Contract):
    """A message in a person's inbox. It reads for ever as it was sent."""

    id: UUID
    template: str
    """Code of the template: ``case_received`` …"""
    title_mn: str
    title_en: str
    body_mn: str
    body_en: str
    case_id: UUID | None
    """The case that it is about."""
    created_at: datetime
    read_at: datetime | None
    """When it was first opened; None while unread."""
    sms: DeliveryState | None
    """State of the text message; None if none was to be sent."""

    def title(self, language: str) -> str:
        """The title in ``mn`` or ``en``."""
        return self.title_en if language == "en" else self.title_mn

    def body(self, language: str) -> str:
        """The body in ``mn`` or ``en``; paragraphs are parted by an empty line."""
        return self.body_en if language == "en" else self.body_mn


class ReadingNotice(StrEnum):
    """When a person is told that their data were read."""

    NONE = "none"  # never; the access ledger shows it whenever they look
    EACH = "each"  # of each reading, within some minutes
    WEEKLY = "weekly"  # once a week, if there was any


class ReadingPreference(Contract):
    """How a person wishes to be told of readings. Who never chose has the digest of the week in the inbox, without a text message."""

    notice: ReadingNotice
    sms: bool
    """Also by text message."""
