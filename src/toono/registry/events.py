"""What the room tells upward."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from toono.kernel.events import Event
from toono.registry.contracts import DraftState


class AgreementEvent(Event):
    """An agreement, and the two organisations whose representatives want to know."""

    agreement: str
    """Its id."""
    consumer_organisation: str
    """Code of the organisation that reads."""
    owner_organisation: str
    """Code of the organisation whose service is read."""
    service: str
    """Id of that service."""


class AgreementDrafted(AgreementEvent):
    """A representative of the consumer proposes an agreement, a change or an end of one; the owner's representatives decide next."""

    name: ClassVar[str] = "registry.agreement_drafted"

    draft_id: UUID


class AgreementDecided(AgreementEvent):
    """A draft of an agreement was accepted by the owner, approved (it stands and is published), or refused."""

    name: ClassVar[str] = "registry.agreement_decided"

    draft_id: UUID
    state: DraftState
    drafted_by: UUID
    """The person who drafted it."""
    remove: bool
    """Whether the agreement ends by it."""
    version: int | None
    """Of the agreement, where it stands now."""


class AgreementExpiring(AgreementEvent):
    """An agreement ends in 30, 7 or 1 days. Told once for each version and threshold."""

    name: ClassVar[str] = "registry.agreement_expiring"

    version: int
    days: int
    """The threshold: 30, 7 or 1. Only the nearest one is told where several were passed at once."""
    valid_until: datetime
