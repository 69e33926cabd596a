"""What leaves the room: figures of a period, in total and along one dimension at a time."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from toono.kernel.contract import Contract


class Line(Contract):
    """What was counted for one service, organisation, channel, aimag or day, or for all together.

    Counted are cases, not persons: a person who ordered twice counts twice. An application counts on the day on which it
    was handed in, a decision on the day on which it was made, a rating on the day on which it was given.
    """

    key: str
    """Code of the service or organisation, name of the channel, code of the aimag (empty: not known), ISO date; empty for the total."""
    submitted: int = Field(default=0, ge=0)
    """Applications handed in."""
    granted: int = Field(default=0, ge=0)
    refused: int = Field(default=0, ge=0)
    withdrawn: int = Field(default=0, ge=0)
    """Taken back by their owner before a decision."""
    documents: int = Field(default=0, ge=0)
    """Documents issued, later revoked ones included."""
    on_time: int = Field(default=0, ge=0)
    """Decisions made within the promised term."""
    working_seconds: int = Field(default=0, ge=0)
    """Working time from application to decision, all decisions together."""
    median_seconds: int | None = None
    """Working time within which half of the decisions were made, read from a histogram; None without decisions.
    Kept for the total, services and organisations."""
    ninetieth_seconds: int | None = None
    """Working time within which nine of ten decisions were made; as ``median_seconds``."""
    ratings: int = Field(default=0, ge=0)
    """Kept for the total, services, organisations and days."""
    stars: int = Field(default=0, ge=0)
    """Stars of all ratings together."""

    @property
    def decided(self) -> int:
        return self.granted + self.refused

    @property
    def on_time_share(self) -> float | None:
        """Part of the decisions that kept the promised term, 0 to 1; None without decisions."""
        return self.on_time / self.decided if self.decided else None

    @property
    def average_stars(self) -> float | None:
        """Mean number of stars; None without ratings."""
        return self.stars / self.ratings if self.ratings else None


class SignOn(Contract):
    """The single sign-on: who is connected now, and how often people were let in during a period. Sums only."""

    organisations: int = Field(ge=0)
    """With a system in use beyond trials."""
    systems: int = Field(ge=0)
    """In use beyond trials; the platform's own are left out."""
    users: int = Field(ge=0)
    """Persons who are known to the platform."""
    sign_ins: int = Field(ge=0)
    """One person let in to one system, in the period."""
    by_organisation: tuple[tuple[str, int], ...]
    """Code and sign-ins, the most first; a hundred at most."""


class Figures(Contract):
    """The figures of a period of whole days in Ulaanbaatar, both ends included."""

    since: date
    until: date
    total: Line
    by_service: tuple[Line, ...]
    """The most used first; so are organisations, channels and aimags."""
    by_organisation: tuple[Line, ...]
    by_channel: tuple[Line, ...]
    by_aimag: tuple[Line, ...]
    by_day: tuple[Line, ...]
    """The earliest first; days on which nothing happened are absent."""
