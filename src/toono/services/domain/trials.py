"""``tests.yaml`` beside a definition: what must happen to people with this service, told step by step.

Closed world, like the definition: an unknown word is an error.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from toono.services.contracts import Applicant, Outcome, Phase
from toono.services.domain.definition import By, Name, Notice


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _as_typed(value: Any) -> Any:
    """YAML reads ``60``, ``yes`` and ``2026-03-02`` as something else than text; people type text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return [_as_typed(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _as_typed(one) for key, one in value.items()}
    return value if value is None else str(value)


Typed = Annotated[
    str | list[str] | dict[str, str] | list[dict[str, str | list[str]]],
    BeforeValidator(_as_typed),
]
"""What a person types: text; a list of options or file names; an address ``{unit, rest}``; a group, a list of its members."""
Answers = dict[Name, Typed]
Moment = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$"), BeforeValidator(lambda v: v.strftime("%Y-%m-%dT%H:%M") if isinstance(v, datetime) else v)]  # fmt: skip
"""By the clock in Ulaanbaatar."""
Overlay = Literal["normal", "absent", "silent"] | dict[str, Any]
"""What a register says otherwise than usual: fields laid over, ``items`` replaced; nothing held; no answer; all as usual again."""


class Wait(_Part):
    """Time passes."""

    working_hours: float | None = Field(default=None, gt=0, le=2000)
    days: int | None = Field(default=None, ge=1, le=400)

    @model_validator(mode="after")
    def _one_measure(self) -> Wait:
        if (self.working_hours is None) == (self.days is None):
            raise ValueError("time passes either in `working_hours` or in `days`")
        return self


class Act(_Part):
    """Somebody takes an action of the workflow."""

    by: By
    action: Name
    ground: Name | None = None
    reason: str = ""
    fill: Answers = Field(default_factory=dict)
    """Answers to what the action asks."""
    confirm: bool = True
    """Where a second officer must confirm: whether they do."""


class Correct(_Part):
    """An officer asks the citizen to correct named fields."""

    fields: dict[Name, str] = Field(min_length=1)
    """Question → what is wrong."""
    after: Wait | None = None
    """The citizen takes so long."""
    answers: Answers | None = None
    """What the citizen answers; left out, the correction stays open."""


class Expect(_Part):
    """What must hold now. Each is looked at only where it is written."""

    state: Name | None = None
    phase: Phase | None = None
    outcome: Outcome | None = None
    ground: Name | None = None
    asked: tuple[Name, ...] | None = None
    """Exactly the questions that this person is asked with the answers so far, in order."""
    pending: tuple[Name, ...] | None = None
    """Exactly the facts that a silent register owes."""
    due: Moment | None = None
    late: bool | None = None
    fee: int | None = Field(default=None, ge=0)
    """Whole tugrug."""
    document: dict[str, str | int] | None = None
    """Code or Mongolian label of a row → its text; of a table, the number of its lines, or the text of a cell. Empty text: no such row."""
    told: tuple[Notice, ...] | None = None
    """Notices that were sent so far, in this order; others may stand between."""


class Step(_Part):
    """One step: exactly one of the words."""

    answers: Answers | None = None
    unacceptable: Answers | None = None
    stopped: Name | None = None
    send: _Part | None = None
    pay: _Part | None = None
    registers: dict[str, Overlay] | None = None
    wait: Wait | None = None
    act: Act | None = None
    correct: Correct | None = None
    expect: Expect | None = None

    @model_validator(mode="after")
    def _one_word(self) -> Step:
        if len(self.model_fields_set) != 1 or getattr(self, next(iter(self.model_fields_set))) is None:
            raise ValueError(f"a step is one of {', '.join(type(self).model_fields)}, with something in it")
        return self

    @property
    def word(self) -> str:
        """Which step it is."""
        return next(iter(self.model_fields_set))


class Trial(_Part):
    """One story."""

    name: str = Field(min_length=3, max_length=120)
    persona: Name
    applicant: Applicant = Applicant.CITIZEN
    now: Moment | None = None
    """When it begins; left out, Monday 2 March 2026 at 10:00, for which the cast was written."""
    registers: dict[str, Overlay] = Field(default_factory=dict)
    """Meaning, or ``meaning/key`` → what the register says otherwise about this persona."""
    steps: tuple[Step, ...] = Field(min_length=1)


class Trials(_Part):
    """``tests.yaml``."""

    tests: tuple[Trial, ...] = Field(min_length=1)
