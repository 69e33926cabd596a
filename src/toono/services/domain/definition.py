"""The definition language, version 1: what ``catalogue/<level>/<code>/service.yaml`` and ``catalogue/meanings.yaml`` may say.

Closed world: an unknown word is an error. The shape of each part is checked here; what holds between parts
(a condition names an earlier question, a rule names an action …) is checked by :mod:`.lint`.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from toono.kernel.actor import Channel
from toono.kernel.money import NOTHING, Money
from toono.services.contracts import Article, Assurance, Ground, LegalBasis, Option, QuestionKind, Text

ServiceCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,59}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""Of a fact, a question, a state, an action: as conditions and templates write it."""
MeaningCode = Annotated[str, Field(pattern=r"^[a-z]+(\.[a-z][a-z0-9_]*)+$")]
"""What a datum means, whoever holds it: ``person.registered_address``."""
Condition = Annotated[str, Field(min_length=1, max_length=500)]
"""CEL (https://cel.dev) over ``answers`` and ``facts``; gives true or false."""


class _Part(BaseModel):
    """Frozen and closed like a contract; it stays inside the room."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


# -- meanings ----------------------------------------------------------------------------------------------------


class MeaningField(_Part):
    """One field that a register gives for a meaning."""

    name: Name
    meaning: MeaningCode
    """What the field means by itself; a question may not ask for it."""
    pointer: str = Field(pattern=r"^(/[^/]+)+$")
    """JSON pointer (RFC 6901) into the register's answer."""
    label: Text
    kind: Literal["text", "date"] = "text"
    required: bool = False
    """An answer without it is no answer: the register is at fault."""


class Meaning(_Part):
    """What a register knows about a person, and how to ask for it on the exchange."""

    code: MeaningCode
    title: Text
    source: Text
    """The register, in words for people."""
    organisation: ServiceCode
    """Keeper of the register."""
    service: str = Field(pattern=r"^[^/]+(/[^/]+){4}$")
    """Identifier on the exchange: ``MN/GOV/state-registration/population/address``."""
    path: str = Field(pattern=r"^/.*\{(civil_id|regnum)\}")
    """Template of the path; the variable is the applicant's identifier."""
    fields: tuple[MeaningField, ...] = Field(min_length=1)
    """What is read, and nothing else of the answer."""
    aimag_pointer: str | None = Field(default=None, pattern=r"^(/[^/]+)+$")
    """Where the answer has the code of the aimag; it is kept on the case for figures and shown nowhere."""
    knows: tuple[MeaningCode, ...] = ()
    """What the register holds besides; no service reads it here, but no question may ask for it either."""


class OnceOnly(_Part):
    """Words by which a question asks for a meaning, though it does not say so."""

    meaning: MeaningCode
    mn: tuple[str, ...]
    en: tuple[str, ...]


class Meanings(_Part):
    """``catalogue/meanings.yaml``: everything that the state already knows."""

    language: Literal[1]
    meanings: tuple[Meaning, ...]
    once_only: tuple[OnceOnly, ...]

    def find(self, code: str) -> Meaning | None:
        return next((meaning for meaning in self.meanings if meaning.code == code), None)

    def holder(self, code: str) -> Meaning | None:
        """The meaning whose register already holds ``code``, as a whole or as a field."""
        held = ((m, {m.code, *(f.meaning for f in m.fields), *m.knows}) for m in self.meanings)
        return next((meaning for meaning, codes in held if code in codes), None)


# -- parts of a service ------------------------------------------------------------------------------------------


class FactUse(_Part):
    """A fact that the service reads instead of asking."""

    name: Name
    meaning: MeaningCode
    purpose: ServiceCode
    """Purpose on the exchange, as in the agreement."""
    fresh_hours: int = Field(default=24, ge=1, le=24 * 90)
    """Older facts are read again before a decision."""


class AsksAgain(_Part):
    """Why a question may ask what a register knows: by law, until a day."""

    law: Text
    article: Article
    until: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")


class Question(_Part):
    """One question; one page."""

    code: Name
    meaning: MeaningCode
    kind: QuestionKind
    label: Text
    hint: Text | None = None
    optional: bool = False
    when: Condition | None = None
    """Asked only where this holds; over answers to earlier questions."""
    options: tuple[Option, ...] = ()
    unit: Text | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    decimals: int = Field(default=0, ge=0, le=4)
    max_length: int | None = Field(default=None, ge=1, le=4000)
    earliest_days: int | None = Field(default=None, ge=-40000, le=40000)
    """Earliest acceptable date, in days from today; 0 is today."""
    latest_days: int | None = Field(default=None, ge=-40000, le=40000)
    asks_again: AsksAgain | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Question:
        belongs = {
            "options": QuestionKind.CHOICE, "unit": QuestionKind.NUMBER, "minimum": QuestionKind.NUMBER,
            "maximum": QuestionKind.NUMBER, "decimals": QuestionKind.NUMBER, "max_length": QuestionKind.TEXT,
            "earliest_days": QuestionKind.DATE, "latest_days": QuestionKind.DATE,
        }  # fmt: skip
        for field, kind in belongs.items():
            if getattr(self, field) != type(self).model_fields[field].default and self.kind is not kind:
                raise ValueError(f"`{field}` belongs to a question of kind {kind}, not {self.kind}")
        if self.kind is QuestionKind.CHOICE and len({o.value for o in self.options}) < max(2, len(self.options)):
            raise ValueError("a choice needs two options or more, each with its own value")
        if self.kind is QuestionKind.TEXT and self.max_length is None:
            raise ValueError("a text needs `max_length`")
        if self.kind is QuestionKind.NUMBER and (self.minimum is None or self.maximum is None or self.minimum > self.maximum):
            raise ValueError("a number needs `minimum` and `maximum`, the smaller first")
        if self.earliest_days is not None and self.latest_days is not None and self.earliest_days > self.latest_days:
            raise ValueError("`earliest_days` lies after `latest_days`")
        return self


class StateKind(StrEnum):
    DRAFT = "draft"  # the citizen fills in
    WORKING = "working"  # the rule decides
    REVIEW = "review"  # an officer decides
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def final(self) -> bool:
        return self in {StateKind.GRANTED, StateKind.REFUSED, StateKind.WITHDRAWN}


class By(StrEnum):
    CITIZEN = "citizen"
    OFFICER = "officer"
    RULE = "rule"


class State(_Part):
    name: Name
    label: Text
    kind: StateKind


class Action(_Part):
    """A step from one of some states to another."""

    code: Name
    label: Text
    by: By
    from_states: tuple[Name, ...] = Field(alias="from", min_length=1)
    to: Name
    needs_reason: bool = False
    """The officer must give a reason in words. A refusal always needs one, and a ground."""


class Rule(_Part):
    """The automatic decision: the first rule whose condition holds names the action."""

    when: Condition
    action: Name
    ground: Name | None = None


class Workflow(_Part):
    states: tuple[State, ...] = Field(min_length=2)
    actions: tuple[Action, ...] = Field(min_length=1)
    automatic: tuple[Rule, ...] = ()

    def state(self, name: str) -> State:
        return next(state for state in self.states if state.name == name)

    def action(self, code: str) -> Action | None:
        return next((action for action in self.actions if action.code == code), None)


class TermStart(StrEnum):
    SUBMISSION = "submission"  # counted from the moment of sending
    NEXT_WORKING_DAY = "next_working_day"  # counted from the opening of the working day after it


class Term(_Part):
    """The promised time."""

    working_hours: int = Field(ge=1, le=2000)
    starts: TermStart


class DocumentRow(_Part):
    """A line of the document's table: a field of a fact (``address.aimag``) or an answer."""

    fact: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    question: Name | None = None
    label: Text | None = None
    """Other words than the field's or the question's own."""

    @model_validator(mode="after")
    def _names_one_thing(self) -> DocumentRow:
        if (self.fact is None) == (self.question is None):
            raise ValueError("a row names either a `fact` or a `question`")
        return self


class DocumentDefinition(_Part):
    title: Text
    template: Literal["document.typ"] = "document.typ"
    validity_days: int | None = Field(default=None, ge=1, le=36500)
    """None: without an end."""
    rows: tuple[DocumentRow, ...] = Field(min_length=1)


class Notice(StrEnum):
    """Of what the applicant is told."""

    RECEIVED = "received"
    WAITING = "waiting"
    GRANTED = "granted"
    REFUSED = "refused"
    DOCUMENT = "document"


class Retention(_Part):
    drafts_days: int = Field(default=30, ge=1, le=365)
    case_years: int = Field(ge=1, le=100)


class Keywords(_Part):
    """Other words under which people look for the service."""

    mn: tuple[str, ...] = ()
    en: tuple[str, ...] = ()


class Definition(_Part):
    """A service."""

    language: Literal[1]
    """Version of this language."""
    code: ServiceCode
    version: int = Field(ge=1)
    """Raise it with every change: what is published never changes."""
    organisation: ServiceCode
    name: Text
    summary: Text
    gives: Text
    audience: Text
    button: Text
    """The verb of the last button."""
    keywords: Keywords = Keywords()
    channels: tuple[Channel, ...] = Field(min_length=1)
    assurance: Assurance
    fee: Money = NOTHING
    legal_basis: tuple[LegalBasis, ...] = Field(min_length=1)
    facts: tuple[FactUse, ...] = ()
    questions: tuple[Question, ...] = Field(default=(), max_length=40)
    declaration: Text
    workflow: Workflow
    term: Term
    grounds: tuple[Ground, ...] = Field(min_length=1)
    """Every ground on which the service may be refused; there is no other."""
    appeal: Text
    document: DocumentDefinition
    notifications: tuple[Notice, ...] = tuple(Notice)
    retention: Retention

    def question(self, code: str) -> Question | None:
        return next((question for question in self.questions if question.code == code), None)

    def ground(self, code: str) -> Ground | None:
        return next((ground for ground in self.grounds if ground.code == code), None)
