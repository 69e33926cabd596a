"""What leaves the room: one rating, what all ratings of a service say together, a complaint about a reading or a late case."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from toono.exchange.contracts import Reading
from toono.kernel.contract import Contract

COMMENT_LENGTH = 1000
"""Longest comment or complaint, in characters."""
ANSWER_LENGTH = 4000
"""Longest answer to a complaint, in characters."""


class RatingView(Contract):
    """How a person rated the way their case was served."""

    case_id: UUID
    stars: int = Field(ge=1, le=5)
    comment: str = Field(max_length=COMMENT_LENGTH)
    """In the person's own words; empty if they wrote none."""
    at: datetime


class RatingSummary(Contract):
    """All ratings of one service together."""

    service: str
    """Code of the service."""
    count: int = Field(ge=0)
    average: float | None
    """Mean number of stars, to two decimals; None while nobody has rated."""
    distribution: tuple[int, int, int, int, int]
    """How many gave one star, two, three, four, five."""


class ComplaintState(StrEnum):
    """How far a complaint has come."""

    OPEN = "open"
    ANSWERED = "answered"


class Finding(StrEnum):
    """What the organisation found: of a reading one of the first two, of a late case one of the others."""

    LAWFUL = "lawful"  # the reading was allowed, and why is told
    UNLAWFUL = "unlawful"  # it should not have been made, and what follows is told
    UPHELD = "upheld"  # the organisation was late without a cause that excuses it, and what follows is told
    EXCUSED = "excused"  # it was late for a cause outside its power, which is told


class Correctness(StrEnum):
    """What the keeper of a register found about a fact that a person contradicts."""

    CORRECTED = "corrected"  # it was wrong, and is corrected in the register
    STANDS = "stands"  # it is right, and why is told


class ContradictedFact(Contract):
    """A fact as the person saw it, with what the keeper finds the record by."""

    title_mn: str
    title_en: str
    field_mn: str
    """Label of the field; the fact's own title where the whole of it is meant."""
    field_en: str
    value: str
    """As the register gave it; empty where the whole fact is meant."""
    case_number: str
    message_id: str | None
    """Of the reading, on the exchange."""


class Contradiction(Contract):
    """A person says that a fact is wrong, and the keeper of the register owes them an answer. The person is not named to the keeper."""

    id: UUID
    number: str
    """To quote."""
    organisation: str
    """Code of the keeper of the register."""
    fact: ContradictedFact
    words: str = Field(max_length=COMMENT_LENGTH)
    """What the person says is right."""
    opened_at: datetime
    due_at: datetime
    outcome: Correctness | None
    """None while open."""
    answer: str
    """Of the keeper; empty while open."""
    answered_at: datetime | None


class LateCase(Contract):
    """How far a case is behind its promised time: what a complaint about it says by itself."""

    case_id: UUID
    case_number: str
    service: str
    """Code."""
    service_name_mn: str
    service_name_en: str
    organisation: str
    """Code of the organisation that decides, and answers."""
    organisation_name_mn: str
    organisation_name_en: str
    sent_at: datetime
    due_at: datetime
    """By when it was to be decided, extension and pauses counted in."""
    decided_at: datetime | None
    """When it was, too late; None while it is not."""
    late_minutes: int = Field(ge=0)
    """Working minutes between ``due_at`` and the decision, or the moment of asking; 0: no office has been open since."""
    extended_hours: int = Field(ge=0)
    """Working hours by which an officer had extended the term."""
    pauses: tuple[tuple[datetime, datetime | None], ...]
    """From when to when the term stood while the person corrected, oldest first. They are counted in no number here."""


class Complaint(Contract):
    """What a person complains of, and the answer that an organisation owes them: a reading of their data that they do not recognise, or a
    case that is late. Of a reading's person the organisation learns no name; a late case is its own."""

    id: UUID
    number: str
    """To quote."""
    organisation: str
    """Code of who answers: the owner of the register, or who decides the case."""
    reading: Reading | None
    """The entry of the person's access ledger as it stood then; or ``late``, one of the two."""
    late: LateCase | None
    """The case as it stood then."""
    words: str = Field(max_length=COMMENT_LENGTH)
    """Of the person; may be empty."""
    opened_at: datetime
    due_at: datetime
    state: ComplaintState
    finding: Finding | None
    answer: str
    """Of the organisation; empty while open."""
    answered_at: datetime | None
