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
from toono.services.contracts import Applicant, Article, Assurance, Ground, LegalBasis, Option, QuestionKind, SignatureKind, Text

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


class FieldKind(StrEnum):
    """How a field's value reads in conditions and on paper."""

    TEXT = "text"
    DATE = "date"  # ISO in the answer, ``2026.11.22`` for people
    NUMBER = "number"
    MONEY = "money"  # whole tugrug in the answer
    YES_NO = "yes_no"


class MeaningField(_Part):
    """One field that a register gives for a meaning."""

    name: Name
    meaning: MeaningCode
    """What the field means by itself; a question may not ask for it."""
    pointer: str = Field(pattern=r"^(/[^/]+)+$")
    """JSON pointer (RFC 6901) into the register's answer, or into one item of its list."""
    label: Text
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    """An answer without it is no answer: the register is at fault."""


class MeaningItems(_Part):
    """A list in the register's answer: a person's vehicles, payments, children."""

    pointer: str = Field(pattern=r"^(/[^/]+)+$")
    """To the array."""
    key: Name
    """The field by which one item is named; a question that chooses an item keeps its value."""
    fields: tuple[MeaningField, ...] = Field(min_length=1)
    describes: tuple[Name, ...] = Field(min_length=1)
    """The fields by which a person recognises an item in a list of choices."""
    limit: int = Field(default=200, ge=1, le=1000)
    """More than this is the register's fault, not a list for people."""


class MeaningSubject(StrEnum):
    """About what a register is asked; the variable of the path."""

    PERSON = "person"  # {civil_id} or {regnum}
    LEGAL_ENTITY = "legal_entity"  # {entity}: register number of 7 digits
    VEHICLE = "vehicle"  # {plate}
    PROPERTY = "property"  # {property}: number of the state register of property
    PARCEL = "parcel"  # {parcel}: number of the land cadastre


class Meaning(_Part):
    """What a register knows about a person or a thing, and how to ask for it on the exchange."""

    code: MeaningCode
    title: Text
    source: Text
    """The register, in words for people."""
    organisation: ServiceCode
    """Keeper of the register."""
    subject: MeaningSubject = MeaningSubject.PERSON
    service: str = Field(pattern=r"^[^/]+(/[^/]+){4}$")
    """Identifier on the exchange: ``MN/GOV/state-registration/population/address``."""
    path: str = Field(pattern=r"^/.*\{(civil_id|regnum|entity|plate|property|parcel)\}")
    """Template of the path; the variable is the subject's identifier."""
    fields: tuple[MeaningField, ...] = ()
    """What is read, and nothing else of the answer."""
    items: MeaningItems | None = None
    aimag_pointer: str | None = Field(default=None, pattern=r"^(/[^/]+)+$")
    """Where the answer has the code of the aimag; it is kept on the case for figures and shown nowhere."""
    knows: tuple[MeaningCode, ...] = ()
    """What the register holds besides; no service reads it here, but no question may ask for it either."""
    consent: bool = False
    """The agreement asks for the person's consent; without it the register is not asked."""

    @model_validator(mode="after")
    def _reads_something(self) -> Meaning:
        if not self.fields and self.items is None:
            raise ValueError("a meaning needs `fields`, `items` or both")
        return self

    @property
    def every_field(self) -> tuple[MeaningField, ...]:
        """Fields of the answer and of its items."""
        return (*self.fields, *(self.items.fields if self.items else ()))


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
        held = ((m, {m.code, *(f.meaning for f in m.every_field), *m.knows}) for m in self.meanings)
        return next((meaning for meaning, codes in held if code in codes), None)


# -- parts of a service ------------------------------------------------------------------------------------------


class FactUse(_Part):
    """A fact that the service reads instead of asking."""

    name: Name
    meaning: MeaningCode
    purpose: ServiceCode
    """Purpose on the exchange, as in the agreement."""
    of: Name | None = None
    """The question that chose the subject (a vehicle, a child, another person). None: the applicant – the person for whom the case
    is, or the legal entity where the meaning is about one."""
    when: Condition | None = None
    """Read only where this holds; over answers and facts named before."""
    fresh_hours: int = Field(default=24, ge=1, le=24 * 90)
    """Older facts are read again before a decision."""


class AsksAgain(_Part):
    """Why a question may ask what a register knows: by law, until a day."""

    law: Text
    article: Article
    until: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")


_BELONGS: dict[str, tuple[QuestionKind, ...]] = {
    "options": (QuestionKind.CHOICE, QuestionKind.CHOICES), "unit": (QuestionKind.NUMBER,),
    "minimum": (QuestionKind.NUMBER, QuestionKind.MONEY), "maximum": (QuestionKind.NUMBER, QuestionKind.MONEY),
    "decimals": (QuestionKind.NUMBER,), "max_length": (QuestionKind.TEXT,),
    "earliest_days": (QuestionKind.DATE,), "latest_days": (QuestionKind.DATE,),
    "files": (QuestionKind.FILE,), "accepts": (QuestionKind.FILE,), "within": (QuestionKind.ADDRESS, QuestionKind.POINT),
    "chosen_from": (QuestionKind.FAMILY_MEMBER, QuestionKind.LEGAL_ENTITY, QuestionKind.VEHICLE, QuestionKind.PROPERTY, QuestionKind.PARCEL),
    "questions": (QuestionKind.GROUP,), "least": (QuestionKind.GROUP,), "most": (QuestionKind.GROUP,),
}  # fmt: skip


class FileKind(StrEnum):
    """What a file may be; judged by its bytes, not by its name."""

    PDF = "pdf"
    PICTURE = "picture"  # JPEG or PNG


class Question(_Part):
    """One question; one page, unless a :class:`Page` joins it with others."""

    code: Name
    meaning: MeaningCode
    kind: QuestionKind
    label: Text
    hint: Text | None = None
    optional: bool = False
    when: Condition | None = None
    """Asked only where this holds; over facts and answers to earlier questions."""
    reuse: Literal["fresh", "offer"] = "fresh"
    """``offer``: what the person answered to the same meaning before is offered, never taken silently."""
    options: tuple[Option, ...] = ()
    unit: Text | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    decimals: int = Field(default=0, ge=0, le=4)
    max_length: int | None = Field(default=None, ge=1, le=4000)
    earliest_days: int | None = Field(default=None, ge=-40000, le=40000)
    """Earliest acceptable date, in days from today; 0 is today."""
    latest_days: int | None = Field(default=None, ge=-40000, le=40000)
    files: int = Field(default=1, ge=1, le=10)
    """How many files at most."""
    accepts: tuple[FileKind, ...] = (FileKind.PDF, FileKind.PICTURE)
    within: str | None = Field(default=None, pattern=r"^[0-9]{2}([0-9]{2})?$")
    """Code of the aimag or soum inside which the address or point must lie."""
    chosen_from: Name | None = None
    """The fact (a meaning with `items`) whose items are the choices."""
    questions: tuple[Question, ...] = Field(default=(), max_length=8)
    """What is asked about each member of a repeating group; simple kinds only."""
    least: int = Field(default=1, ge=0, le=20)
    most: int = Field(default=10, ge=1, le=20)
    asks_again: AsksAgain | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Question:
        for field, kinds in _BELONGS.items():
            if getattr(self, field) != type(self).model_fields[field].default and self.kind not in kinds:
                raise ValueError(f"`{field}` belongs to a question of kind {' or '.join(kinds)}, not {self.kind}")
        if self.kind in _BELONGS["options"] and len({o.value for o in self.options}) < max(2, len(self.options)):
            raise ValueError("a choice needs two options or more, each with its own value")
        if self.kind is QuestionKind.TEXT and self.max_length is None:
            raise ValueError("a text needs `max_length`")
        if self.kind in _BELONGS["minimum"] and (self.minimum is None or self.maximum is None or self.minimum > self.maximum):
            raise ValueError("a number needs `minimum` and `maximum`, the smaller first")
        if self.earliest_days is not None and self.latest_days is not None and self.earliest_days > self.latest_days:
            raise ValueError("`earliest_days` lies after `latest_days`")
        if self.kind in _BELONGS["chosen_from"] and self.chosen_from is None:
            raise ValueError(f"a question of kind {self.kind} needs `chosen_from`, the fact whose items are the choices")
        if self.kind is QuestionKind.GROUP and (not self.questions or self.least > self.most):
            raise ValueError("a group needs `questions`, and `least` not above `most`")
        if any(not part.kind.simple or part.when for part in self.questions):
            raise ValueError("a group asks text, number, money, date, choice, yes_no and phone only, each without `when`")
        return self


class Page(_Part):
    """Questions that one cannot answer apart, on one page."""

    code: Name
    title: Text
    questions: tuple[Name, ...] = Field(min_length=2, max_length=6)
    """Consecutive in the definition."""
    because: Text
    """Why they stand together; read by the reviewer."""


class Stop(_Part):
    """Who cannot get the service, said before anything is sent: a page, not an error."""

    code: Name
    when: Condition
    text: Text
    instead: Text
    """What the person can do."""


class FeeRule(_Part):
    """Another fee where the condition holds; the first that holds counts."""

    when: Condition
    fee: Money
    label: Text


class Signer(_Part):
    """Somebody besides the applicant who must sign before the case is sent."""

    question: Name
    """The question of kind person or family_member that names them."""
    label: Text


class Signing(_Part):
    """How the application is signed."""

    kind: SignatureKind = SignatureKind.NONE
    signers: tuple[Signer, ...] = Field(default=(), max_length=5)
    days: int = Field(default=7, ge=1, le=60)
    """So long the others may take; then the draft is the applicant's again."""


class StateKind(StrEnum):
    DRAFT = "draft"  # the citizen fills in
    WORKING = "working"  # the rule decides
    REVIEW = "review"  # an officer decides
    OPINION = "opinion"  # an expert of another body says what they think
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def final(self) -> bool:
        return self in {StateKind.GRANTED, StateKind.REFUSED, StateKind.WITHDRAWN}


class By(StrEnum):
    CITIZEN = "citizen"
    OFFICER = "officer"
    EXPERT = "expert"  # an officer of the body that is asked for its opinion
    RULE = "rule"


class Opinion(_Part):
    """What another body is asked."""

    organisation: ServiceCode
    asks: Text
    working_hours: int = Field(ge=1, le=400)
    """By when it is to answer; the case's own term goes on."""


class State(_Part):
    name: Name
    label: Text
    kind: StateKind
    function: Name | None = None
    """Of a review: which function of the desk works here (``specialist``, ``head``). None: any officer of the organisation."""
    opinion: Opinion | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> State:
        if (self.opinion is not None) != (self.kind is StateKind.OPINION):
            raise ValueError("`opinion` belongs to a state of kind opinion, and such a state needs it")
        if self.function is not None and self.kind is not StateKind.REVIEW:
            raise ValueError("`function` belongs to a state of kind review")
        return self


class Action(_Part):
    """A step from one of some states to another."""

    code: Name
    label: Text
    by: By
    from_states: tuple[Name, ...] = Field(alias="from", min_length=1)
    to: Name
    needs_reason: bool = False
    """The officer must give a reason in words. A refusal always needs one, and a ground."""
    reasons: tuple[Text, ...] = Field(default=(), max_length=10)
    """Ready sentences to begin from."""
    asks: tuple[Question, ...] = Field(default=(), max_length=12)
    """What the officer or expert fills in with this step: the permitted amount, the conclusion."""
    confirm: bool = False
    """A second officer must confirm before it takes effect."""


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
    SUBMISSION = "submission"  # counted from the moment of sending (of payment, where there is a fee)
    NEXT_WORKING_DAY = "next_working_day"  # counted from the opening of the working day after it


class OnCorrection(StrEnum):
    """What the clock does while the citizen corrects."""

    PAUSE = "pause"  # stands, and goes on afterwards
    CONTINUE = "continue"  # runs
    RESTART = "restart"  # stands, and begins anew afterwards


class Silence(StrEnum):
    """What the law says when the term has passed without a decision."""

    NOTHING = "nothing"  # it is late, and is told so
    GRANTS = "grants"
    REFUSES = "refuses"


class TermBranch(_Part):
    """Another length where the condition holds; the first that holds counts."""

    when: Condition
    working_hours: int | None = Field(default=None, ge=1, le=2000)
    calendar_days: int | None = Field(default=None, ge=1, le=366)
    because: Text

    @model_validator(mode="after")
    def _one_measure(self) -> TermBranch:
        if (self.working_hours is None) == (self.calendar_days is None):
            raise ValueError("a term is measured either in `working_hours` or in `calendar_days`")
        return self


class Extension(_Part):
    """By how much an officer may extend the term, once, with a reason."""

    working_hours: int = Field(ge=1, le=1000)
    law: Text
    article: Article


class Term(_Part):
    """The promised time."""

    working_hours: int | None = Field(default=None, ge=1, le=2000)
    calendar_days: int | None = Field(default=None, ge=1, le=366)
    """Days as the calendar counts them; it ends with the closing hour of the last, or of the next working day after it."""
    starts: TermStart
    branches: tuple[TermBranch, ...] = ()
    on_correction: OnCorrection = OnCorrection.PAUSE
    extension: Extension | None = None
    silence: Silence = Silence.NOTHING
    silence_basis: LegalBasis | None = None

    @model_validator(mode="after")
    def _one_measure(self) -> Term:
        if (self.working_hours is None) == (self.calendar_days is None):
            raise ValueError("a term is measured either in `working_hours` or in `calendar_days`")
        if (self.silence is not Silence.NOTHING) != (self.silence_basis is not None):
            raise ValueError("a silence that grants or refuses needs `silence_basis`, law and article; no other does")
        return self


class DocumentRow(_Part):
    """A line of the document: a field of a fact (``address.aimag``), all items of a fact (``payments``, as a table), an answer, or
    what the officer filled in."""

    fact: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$")
    question: Name | None = None
    filled: Name | None = None
    """Code of a question that an action asks the officer."""
    columns: tuple[Name, ...] = ()
    """Of a table: which fields of the items; all when empty."""
    label: Text | None = None
    """Other words than the field's or the question's own."""

    @model_validator(mode="after")
    def _names_one_thing(self) -> DocumentRow:
        if sum(name is not None for name in (self.fact, self.question, self.filled)) != 1:
            raise ValueError("a row names one thing: a `fact`, a `question` or what is `filled` in by the officer")
        if self.columns and (self.fact is None or "." in self.fact):
            raise ValueError("`columns` belong to a table: a `fact` without a field")
        return self


class DocumentDefinition(_Part):
    title: Text
    template: Literal["document.typ"] = "document.typ"
    validity_days: int | None = Field(default=None, ge=1, le=36500)
    """None: without an end."""
    produces: MeaningCode | None = None
    """What the document proves; a service that asks for it is told that the platform itself issues it."""
    supersedes: bool = False
    """A new one takes the place of the same person's older ones (of the same subject)."""
    rows: tuple[DocumentRow, ...] = Field(min_length=1)


class Notice(StrEnum):
    """Of what the applicant is told."""

    RECEIVED = "received"
    WAITING = "waiting"
    GRANTED = "granted"
    REFUSED = "refused"
    DOCUMENT = "document"
    CORRECTION = "correction"
    PAYMENT = "payment"
    MESSAGE = "message"
    LATE = "late"
    LAPSED = "lapsed"


class Retention(_Part):
    """How long what is kept; the end of each period removes by itself."""

    drafts_days: int = Field(default=30, ge=1, le=365)
    attachments_years: int | None = Field(default=None, ge=1, le=100)
    """Files of a decided case; None: as long as the case."""
    case_years: int = Field(ge=1, le=100)
    """Answers and facts of a decided case; its number, times and outcome stay for the figures."""


class MigrationRule(StrEnum):
    """What happens to drafts and open cases of an older version."""

    CONTINUE = "continue"  # they end as they began
    MIGRATE = "migrate"  # they go over to this version
    RESTART = "restart"  # a draft begins anew, with the answers that still fit; a sent case ends as it began


class Migration(_Part):
    """Declared by the newer version, for older ones."""

    from_versions: tuple[int, ...] = Field(min_length=1)
    rule: MigrationRule
    renamed: dict[Name, Name] = Field(default_factory=dict)
    """Questions: old code → new code."""
    states: dict[Name, Name] = Field(default_factory=dict)
    """States: old name → new name; a state that is not named keeps its name."""


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
    """Who may order it, in words."""
    applicants: tuple[Applicant, ...] = (Applicant.CITIZEN,)
    """For whom it may be ordered; whoever is not named is not offered it."""
    button: Text
    """The verb of the last button."""
    keywords: Keywords = Keywords()
    channels: tuple[Channel, ...] = Field(min_length=1)
    assurance: Assurance
    fee: Money = NOTHING
    fees: tuple[FeeRule, ...] = ()
    legal_basis: tuple[LegalBasis, ...] = Field(min_length=1)
    facts: tuple[FactUse, ...] = ()
    stops: tuple[Stop, ...] = ()
    questions: tuple[Question, ...] = Field(default=(), max_length=40)
    pages: tuple[Page, ...] = ()
    declaration: Text
    signing: Signing = Signing()
    workflow: Workflow
    term: Term
    grounds: tuple[Ground, ...] = Field(min_length=1)
    """Every ground on which the service may be refused; there is no other."""
    appeal: Text
    document: DocumentDefinition
    notifications: tuple[Notice, ...] = tuple(Notice)
    retention: Retention
    migrations: tuple[Migration, ...] = ()

    def question(self, code: str) -> Question | None:
        return next((question for question in self.questions if question.code == code), None)

    def ground(self, code: str) -> Ground | None:
        return next((ground for ground in self.grounds if ground.code == code), None)
