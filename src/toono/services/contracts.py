"""What leaves the room: services as people read them, cases, documents, and the answer to "is this document genuine?".

Every text for people is a :class:`Text` in both languages; a page takes ``text.to(language)``. Times are aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field

from toono.kernel.contract import Contract
from toono.kernel.money import NOTHING, Money


class Text(Contract):
    """The same words in Mongolian and English."""

    mn: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def to(self, language: str) -> str:
        """The text in ``language``; Mongolian for every language but English."""
        return self.en if language.startswith("en") else self.mn


def _same_in_both(article: object) -> object:
    return {"mn": article, "en": article} if isinstance(article, str) else article


Article = Annotated[Text, BeforeValidator(_same_in_both)]
"""An article: a number, the same in both languages, or words in each where the law has no numbers."""


class LegalBasis(Contract):
    """A law and the article in it."""

    law: Text
    article: Article


class Assurance(StrEnum):
    """How surely the person must be known (eIDAS levels)."""

    LOW = "low"
    SUBSTANTIAL = "substantial"
    HIGH = "high"


class Applicant(StrEnum):
    """For whom a service may be ordered."""

    CITIZEN = "citizen"  # the person who is signed in, a citizen of Mongolia
    FOREIGNER = "foreigner"  # the person who is signed in, of another state
    CHILD = "child"  # a minor, by the parent or guardian whom the register names
    LEGAL_ENTITY = "legal_entity"  # by whom the register of legal entities names


class SignatureKind(StrEnum):
    """How an application is signed."""

    NONE = "none"  # the declaration and the signed-in session
    CODE = "code"  # by a one-time code
    DIGITAL = "digital"  # a digital signature with the person's own certificate


class Outcome(StrEnum):
    """How a case ended."""

    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"  # the applicant died, or the right to apply ended, before the decision


class Phase(StrEnum):
    """Where a case stands, the same for every service. The state's own name and label come from its definition."""

    DRAFT = "draft"  # the citizen has not sent it
    PROCESSING = "processing"  # sent, the platform is working
    WAITING_FOR_REGISTER = "waiting_for_register"  # sent, a register does not answer at the moment
    WITH_OFFICER = "with_officer"  # sent, an officer decides
    SIGNING = "signing"  # complete, others still have to sign
    WAITING_FOR_PAYMENT = "waiting_for_payment"  # sent, the fee is not paid
    CORRECTION = "correction"  # sent, the citizen is asked to correct named fields
    WITH_EXPERT = "with_expert"  # sent, another body gives its opinion
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


# -- catalogue ---------------------------------------------------------------------------------------------------


class ServiceSummary(Contract):
    """A service in a list."""

    code: str
    """``address-reference``"""
    version: int
    level: str
    """Folder of the catalogue: ``national``, or the code of an aimag (``dundgovi``)."""
    name: Text
    summary: Text
    """One sentence: what one gets."""
    organisation: str
    organisation_name: Text
    fee: Money
    term_working_hours: int | None
    """None for a term in calendar days."""
    term_calendar_days: int | None = None
    automatic: bool
    """Decided by the rule at once, without an officer."""
    applicants: tuple[Applicant, ...] = ()
    """For whom it may be ordered."""


class Facet(Contract):
    """One value by which a list of services can be narrowed."""

    value: str
    label: Text
    count: int
    """How many of the list have it."""


class ServicePage(Contract):
    """One page of a list of services."""

    items: tuple[ServiceSummary, ...]
    total: int
    page: int
    """From 1."""
    pages: int
    levels: tuple[Facet, ...]
    organisations: tuple[Facet, ...]
    applicants: tuple[Facet, ...]


class KeptTime(Contract):
    """What decided cases of the last 90 days really took, in working minutes. Empty numbers when there is no case yet."""

    decided: int
    """How many cases were decided."""
    on_time: int
    """How many of them by the promised hour."""
    median_minutes: int | None
    """Median of working minutes from the start of the term (complete: sent, and paid) to the decision, without those for which the clock
    stood while the applicant corrected."""
    ninety_percent_minutes: int | None
    """Nine of ten were decided within so many working minutes."""
    median_seconds: int | None
    """Median of plain seconds between the same moments, without the same pauses: what the citizen waited by their own clock."""


class KnownFact(Contract):
    """What the state already knows and will not ask."""

    meaning: str
    """``person.registered_address``"""
    title: Text
    source: Text
    """The register and its keeper, in words."""
    fields: tuple[Text, ...]
    """Labels of the fields that are read; nothing else is."""


class ReadingPurpose(Contract):
    """Why a register is read, as the person sees it in "who has seen my data"."""

    code: str
    title: Text
    basis: Text
    """Law and article."""


class ExchangeNeed(Contract):
    """What the catalogue needs of one service of the exchange: the agreement of the portal says exactly this."""

    service: str
    """``MN/GOV/taxation/tax/debts``"""
    purposes: tuple[ReadingPurpose, ...]
    fields: tuple[str, ...]
    """JSON pointers into the answer; ``*`` stands for each item of a list."""
    consent: bool
    """Only with the person's consent."""


class QuestionKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"  # whole tugrug
    DATE = "date"
    CHOICE = "choice"  # one of
    CHOICES = "choices"  # some of
    YES_NO = "yes_no"
    PHONE = "phone"
    EMAIL = "email"
    FILE = "file"
    ADDRESS = "address"  # unit of geo, and the rest in words
    POINT = "point"  # on the map: latitude, longitude (WGS 84)
    PERSON = "person"  # another person, by register number and name, confirmed by the population register
    FAMILY_MEMBER = "family_member"  # chosen from what a register knows
    LEGAL_ENTITY = "legal_entity"
    VEHICLE = "vehicle"
    PROPERTY = "property"
    PARCEL = "parcel"
    GROUP = "group"  # the same questions about each of several things

    @property
    def simple(self) -> bool:
        """May stand in a group."""
        return self in {self.TEXT, self.NUMBER, self.MONEY, self.DATE, self.CHOICE, self.YES_NO, self.PHONE}

    @property
    def chosen(self) -> bool:
        """Chosen among the items of a fact."""
        return self in {self.FAMILY_MEMBER, self.LEGAL_ENTITY, self.VEHICLE, self.PROPERTY, self.PARCEL}


class Option(Contract):
    """One answer of a choice."""

    value: str
    label: Text
    hint: Text | None = None


class OptionGroup(Contract):
    """Answers that belong together: the bags of a soum."""

    label: Text
    options: tuple[Option, ...]


class Ground(Contract):
    """A ground of refusal from the closed list of the definition."""

    code: str
    text: Text
    law: Text
    article: Article
    remedy: Text
    """What would change the answer."""
    fields: tuple[str, ...] = ()
    """Questions and facts to which it points."""


class Effort(Contract):
    """What a service asks of people, over all of the cast who can get it."""

    papers: int
    """Most files that anybody must bring."""
    questions_least: int
    questions_most: int
    minutes_least: int
    minutes_most: int
    facts: int
    """Most things that registers tell instead."""
    visits: int


class AskedAgain(Contract):
    """A question that a law makes the state ask though a register knows the answer."""

    service: str
    service_name: Text
    organisation_name: Text
    question: Text
    known_as: Text
    """What the register knows."""
    source: Text
    law: Text
    article: Article
    until: str
    """Last day of the exemption, ISO."""


class ServiceDetails(Contract):
    """Everything that the page of a service tells before one starts."""

    summary: ServiceSummary
    gives: Text
    """What one gets in the end."""
    audience: Text
    """Who may order it."""
    assurance: Assurance
    channels: tuple[str, ...]
    legal_basis: tuple[LegalBasis, ...]
    known: tuple[KnownFact, ...]
    questions: tuple[Text, ...]
    """Labels of the questions that will be asked; none for a service that asks nothing."""
    minutes_to_fill: int
    """Estimated time to answer, computed from the questions; at least 1."""
    term: Text
    """The promised time in words, with its law of counting."""
    due_if_sent_now: datetime
    kept: KeptTime
    grounds: tuple[Ground, ...]
    document_title: Text
    document_validity: Text
    """How long the document is valid, in words."""
    appeal: Text
    """Where and until when a refusal may be appealed against."""
    button: Text | None = None
    """The verb by which one begins."""
    effort: Effort | None = None
    """None for a version that was stored before efforts were measured."""
    fees: tuple[tuple[Text, Money], ...] = ()
    """Other fees, each with the case in which it counts; the first that fits."""
    silence: Text | None = None
    """What the law says where nobody answers in time, with law and article."""
    signing: Text | None = None
    """How the application is signed, and who signs besides; None where nothing is signed."""
    asked_again: tuple[AskedAgain, ...] = ()
    """What the state asks here though a register knows it."""
    stops: tuple[tuple[Text, Text], ...] = ()
    """Who cannot get it, and what they can do."""
    life_events: tuple[tuple[str, Text], ...] = ()
    """Events of life in which one needs it: code and title."""


class Finding(Contract):
    """Something wrong in a definition. ``where`` is a path inside the file (``questions.amount.when``)."""

    file: str
    where: str
    rule: str
    """Stable code: ``once_only``, ``unknown_field``, ``condition``, …"""
    message: str
    """A sentence for the author: what is wrong, what to write."""


class Burden(Contract):
    """What a service costs one of the cast: the longest way through it that was found by walking it."""

    persona: str
    """Code in ``personas.yaml``."""
    title: Text
    applicant: Applicant
    stopped: str | None
    """Code of the stop that tells this person that they cannot get it; the numbers count what was asked until then."""
    questions: int
    attachments: int
    """Questions that want a file."""
    facts: int
    """What registers told instead."""
    pages: int
    """Pages of questions, and the check page."""
    minutes: int
    """Estimated: reading the words and giving the answers; at least 1."""
    visits: int
    """0 where the service is given online."""
    fee: Money
    legal_words: int
    """Words of the declaration that one must agree to."""


class CoverageLine(Contract):
    """How much of one kind of parts the tests of a service reach."""

    kind: str
    """``states``, ``actions``, ``questions``, ``passed_over``, ``stops``, ``rules``, ``grounds``, ``terms``, ``fees``."""
    reached: int
    wanted: int
    missing: tuple[str, ...]
    """Names of what no test reaches."""


class Judgement(Contract):
    """What the tests of a definition said."""

    service: str
    version: int
    tests: int
    """How many stories were told."""
    findings: tuple[Finding, ...]
    """Stories that went otherwise, parts that none reaches; empty for a service that is as it should be."""
    coverage: tuple[CoverageLine, ...]
    walks: int
    """How many ways were walked by machine besides."""
    burden: tuple[Burden, ...]


class OpenCases(StrEnum):
    """What a new version means for cases that are under way."""

    SAFE = "safe"  # whatever was answered and wherever a case stands fits the new version too
    MIGRATE = "migrate"  # it fits after what the definition declares; a draft may be asked something new
    RESTART = "restart"  # something has no counterpart: drafts begin anew, sent cases end as they began


class Change(Contract):
    """One difference between two versions, in words of the service."""

    kind: str
    """``question``, ``fact``, ``stop``, ``fee``, ``term``, ``state``, ``action``, ``rule``, ``ground``, ``document``, ``audience``,
    ``signing``, ``channel``, ``retention``, ``law``, ``wording``, …"""
    where: str
    """Path in the definition."""
    text: Text


class BurdenChange(Contract):
    """The same person's burden before and after; None where the service was not, or is not, for them."""

    persona: str
    title: Text
    applicant: Applicant
    before: Burden | None
    after: Burden | None


class Difference(Contract):
    """What changes from one version of a service to another."""

    service: str
    old_version: int
    new_version: int
    changes: tuple[Change, ...]
    affected: tuple[BurdenChange, ...]
    """For whom of the cast it differs."""
    open_cases: OpenCases
    """What the changes mean by themselves."""
    rule: str
    """What the definition declares: ``continue``, ``migrate``, ``restart``."""
    consequence: Text
    """What happens to drafts and open cases, in words."""
    missing: tuple[Text, ...]
    """What the declared rule forgets: a state without a counterpart, an answer that fits nowhere. Empty for what may be published."""


class LifeEventStep(Contract):
    """One service of a life event."""

    service: str
    text: Text
    """Why one needs it then."""


class LifeEvent(Contract):
    """Something that happens in a life, and the services that one then needs, in order."""

    code: str
    title: Text
    intro: Text
    steps: tuple[LifeEventStep, ...]


class LifeEventPlace(Contract):
    """A step of a life event, for one person."""

    service: ServiceSummary
    text: Text
    effort: Effort | None
    have: tuple[UUID, datetime | None] | None
    """The person's own document of this service that is in force, and until when; None: they have none, or nobody is signed in."""
    feeds: tuple[Text, ...]
    """Later steps that read by themselves what this one gives."""
    fed_by: tuple[Text, ...]
    """Earlier steps whose result is read here; nobody brings it."""


class LifeEventPage(Contract):
    """A life event with its services in order."""

    code: str
    title: Text
    intro: Text
    steps: tuple[LifeEventPlace, ...]


class LoadedService(Contract):
    """What the loader did with one definition."""

    code: str
    version: int
    digest: str
    new: bool
    """Whether this version was not stored before."""


# -- a case ------------------------------------------------------------------------------------------------------


Typed: TypeAlias = str | Sequence["Typed"] | Mapping[str, "Typed"]
"""What a person typed: text; a list of options; the parts of a date ``{year, month, day}``, an address ``{unit, rest}``, a point
``{lat, lon}``, a person ``{regnum, given_name}``; a list of members of a group."""


class FileNote(Contract):
    """A file that belongs to an answer, without its bytes."""

    id: UUID
    name: str
    media_type: str
    size_bytes: int
    pages: int | None
    """Of a PDF; None for a picture."""
    added_at: datetime


class Offer(Contract):
    """What the person answered to the same meaning in an earlier case; taken only when they press the button."""

    value: Text
    """As shown."""
    answered_on: date


class GroupMember(Contract):
    """One member of a repeating group, as listed."""

    key: str
    """Names the member in addresses, by what is said about it."""
    lines: tuple[tuple[Text, Text], ...]
    """Label and answer of each question about it."""


class FieldState(StrEnum):
    """Whether a question can be answered now."""

    READY = "ready"
    PENDING = "pending"  # the register whose items are the choices is silent
    NOTHING_HELD = "nothing_held"  # the register answered that there is nothing to choose from


class QuestionField(Contract):
    """One question of a page: what is asked, what was typed, what is wrong with it."""

    code: str
    kind: QuestionKind
    label: Text
    hint: Text | None
    unit: Text | None
    """Word behind the field, as ``m³ a day``."""
    options: tuple[Option, ...]
    """For a choice, and for what is chosen from a register; a yes/no question has the values ``yes`` and ``no``."""
    optional: bool
    max_length: int | None
    values: tuple[str, ...] = ()
    """As typed or saved; several for choices. Empty where the kind has parts, and where nothing was typed."""
    parts: dict[str, str] = {}
    """For a date ``year``, ``month``, ``day``; an address ``aimag``, ``unit``, ``rest``; a point ``lat``, ``lon``; a person
    ``regnum``, ``given_name``."""
    error: Text | None = None
    """Names the question and says what to type."""
    error_part: str | None = None
    """Which part is wrong; None: the whole field."""
    state: FieldState = FieldState.READY
    source: Text | None = None
    """The register from which one chooses."""
    places: tuple[OptionGroup, ...] = ()
    """For an address: the units to choose from, grouped by soum; empty until the aimag is chosen."""
    aimags: tuple[Option, ...] = ()
    """For an address that may lie anywhere: the first choice."""
    files: tuple[FileNote, ...] = ()
    files_most: int = 0
    accepts: tuple[str, ...] = ()
    """Media types of the files that are taken."""
    members: tuple[GroupMember, ...] = ()
    least: int = 0
    most: int = 0
    offer: Offer | None = None


class QuestionPage(Contract):
    """A page of questions, ready to be drawn: mostly one, several where they cannot be answered apart."""

    case_id: UUID
    service: str
    service_name: Text
    code: str
    """Of the page, for its address: the question's own, or that of the page which joins several."""
    title: Text
    """The question's label, or the title of the page."""
    fields: tuple[QuestionField, ...] = Field(min_length=1)
    position: int
    """1 for the first page that this person is asked."""
    total: int
    previous: str | None
    """Code of the page before; None for the first."""
    from_check: bool = False
    """The person came from the check page to change this one answer."""
    correcting: bool = False
    """The case was sent, and the officer asked for this correction."""
    group: str | None = None
    """Of a page about one member of a repeating group: the group's code."""
    member: str | None = None
    """Key of the member; None for a new one."""

    @property
    def wrong(self) -> bool:
        """Whether anything on the page must be typed anew."""
        return any(field.error is not None for field in self.fields)


class PressKind(StrEnum):
    """Buttons of a question page besides Continue; none of them leads away from the page."""

    UPLOAD = "upload"  # take the chosen files and show them
    REMOVE = "remove"  # take a file back
    OFFER = "offer"  # fill in what was answered before
    PLACE = "place"  # show the units of the chosen aimag


class Press(Contract):
    """A button that was pressed."""

    kind: PressKind
    of: str
    """Code of the question; of REMOVE the id of the file."""


@dataclass(frozen=True)
class Upload:
    """A file that arrived and lies in a temporary place."""

    name: str
    """As the browser says; not to be believed."""
    path: Path
    size_bytes: int


class AttachmentFile(Contract):
    """A file of an answer itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    name: str
    media_type: str
    content: bytes


class AnswerLine(Contract):
    """A question with its answer, for the check page and the officer."""

    question: str
    label: Text
    value: Text
    """As shown; «Хариулаагүй / Not provided» for an optional question without an answer."""
    files: tuple[FileNote, ...] = ()
    """For a question about files: what can be opened."""
    note: Text | None = None
    """Of a case that was applied for again: the ground of the refusal before, where it names this question."""


class AnswerSection(Contract):
    """Lines that stand together on the check page."""

    title: Text | None
    """Of the page that joins the questions; None for those that stand alone."""
    lines: tuple[AnswerLine, ...]


class FactState(StrEnum):
    READ = "read"
    PENDING = "pending"  # the register has not answered yet
    ABSENT = "absent"  # the register answered that it holds nothing


class FieldLine(Contract):
    """One field of a fact."""

    name: str
    label: Text
    value: str
    """As people read it, in Mongolian; dates as ``2026.11.22``."""
    words: Text | None = None
    """The same in both languages: «Тийм / Yes»."""


class FactView(Contract):
    """What a register said: read-only, with its source and hour. Never from the browser."""

    name: str
    meaning: str
    title: Text
    source: Text
    state: FactState
    answered_at: datetime | None
    """When the register answered; None while pending."""
    message_id: str | None
    """Number of the message on the exchange, to be found in "who has seen my data"."""
    fields: tuple[FieldLine, ...]
    items: tuple[tuple[FieldLine, ...], ...] = ()
    """The list in the answer, each item with its own fields."""
    subject: str = ""
    """About whom or what, where that is not the person: a child's civil id, a plate, the number of a legal entity."""
    consent: str | None = None
    """Of a pending fact that needs the person's consent: the agreement for which it is given."""

    @property
    def heads(self) -> tuple[FieldLine, ...]:
        """One line of each field that any item has, for the heads of a table."""
        return tuple({line.name: line for item in self.items for line in item}.values())

    @property
    def table(self) -> tuple[tuple[Text | None, ...], ...]:
        """The items under :attr:`heads`; None where an item has no such field."""
        names = [head.name for head in self.heads]
        lines = [{line.name: line.words for line in item} for item in self.items]
        return tuple(tuple(line.get(name) for name in names) for line in lines)


class StepState(StrEnum):
    DONE = "done"
    NOW = "now"
    NEXT = "next"


class TimelineStep(Contract):
    """One line of the case's vertical timeline, oldest first; what is still to come stands at the end without a time."""

    state: StepState
    at: datetime | None
    title: Text
    detail: Text | None = None


class TermView(Contract):
    """The clock of a case, in words."""

    working_hours: int | None
    """The length, measured in working hours or in calendar days: one of the two."""
    calendar_days: int | None = None
    starts_at: datetime
    """From when it is counted."""
    due_at: datetime
    """By when; while the citizen corrects: if the correction were sent now."""
    left_minutes: int
    """Working minutes left; below zero when late. Stands still once decided, and while the citizen corrects."""
    overdue: bool
    paused_at: datetime | None = None
    """Since when it stands, because the citizen is asked to correct something."""
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()
    """From when to when it stood, oldest first; no end: it stands."""
    extended_hours: int = 0
    """Working hours by which an officer extended it."""
    deadline: Text
    """«… гэхэд шийднэ.»: by when, in one sentence."""
    explanation: Text
    """``deadline``, and then ``reasons``, in sentences."""
    reasons: tuple[Text, ...] = ()
    """Why then: start, length, what stood still, what was extended, which days do not count."""


class NextKind(StrEnum):
    STOP = "stop"  # the person cannot get the service
    CORRECTION = "correction"  # named answers are to be corrected
    PAYMENT = "payment"
    QUESTION = "question"
    CHECK = "check"
    WAIT = "wait"
    DOCUMENT = "document"
    REFUSAL = "refusal"
    NOTHING = "nothing"


class NextStep(Contract):
    """What the person does or waits for now."""

    kind: NextKind
    question: str | None = None
    """Code of the question to ask, when ``kind`` is ``question``."""
    text: Text


class DocumentStatus(StrEnum):
    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"  # a newer one has taken its place


class DocumentView(Contract):
    """A document in its owner's page."""

    id: UUID
    code: str
    """Twenty characters printed beside the QR."""
    case_id: UUID
    service: str
    title: Text
    organisation: str
    organisation_name: Text
    status: DocumentStatus
    issued_at: datetime
    valid_until: datetime | None
    """None: without an end."""
    revoked_at: datetime | None
    revocation_reason: str | None
    facts_fingerprint: str
    sha256: str
    size_bytes: int
    check_url: str
    """Address that anybody may open: ``<base_url>/d/<code>``."""
    superseded_at: datetime | None = None
    superseded_by: UUID | None = None
    """The document that took its place."""
    about: str = ""
    """The child or legal entity that it was ordered for; empty for the owner's own."""


class DocumentFile(Contract):
    """The sealed file itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    name: str
    """File name in ASCII: ``address-reference-2026-11-22-K7MX.pdf``"""
    media_type: str
    content: bytes


class DecisionView(Contract):
    """How and why the case was decided."""

    outcome: Outcome
    at: datetime
    automatic: bool
    action_label: Text
    ground: Ground | None
    reason: str
    """The officer's words; empty for a decision by rule."""
    appeal: Text | None
    """For a refusal: where, until when."""


class ApplicantChoice(Contract):
    """One for whom the person may apply."""

    kind: Applicant
    subject: str
    """Civil id of the child, register number of the legal entity; empty for the person."""
    name: str
    detail: Text | None
    """By what the person knows them: a child's day of birth, the position in the company."""


class Applicants(Contract):
    """For whom the person may order a service."""

    service: str
    service_name: Text
    audience: Text
    accepted: tuple[Applicant, ...]
    choices: tuple[ApplicantChoice, ...]
    silent: tuple[Text, ...]
    """Registers that did not answer now, in words: there may be more choices than these."""


class StopView(Contract):
    """Why the person cannot get the service, and what they can do instead."""

    code: str
    text: Text
    instead: Text


class CorrectionField(Contract):
    """An answer that the applicant is asked to correct."""

    question: str
    label: Text
    what: str
    """What is wrong, in the officer's words; empty where a rule asks."""
    before: Text | None
    """The answer as it was sent; None where there was none."""
    value: Text | None
    """The answer as it stands."""
    answered: bool
    """The applicant has gone through it."""


class CorrectionView(Contract):
    """A request to correct named answers, open."""

    asked_at: datetime
    by_rule: bool
    """Asked because a register answered late and a question became needed."""
    fields: tuple[CorrectionField, ...]
    complete: bool
    """Every field was gone through: it can be sent."""


class DisputeView(Contract):
    """«This is wrong»: what a person said against a fact."""

    fact: str
    field: str
    label: Text
    text: str
    at: datetime


class DisputedFact(Contract):
    """A dispute, for the room that brings it to the keeper of the register."""

    case_id: UUID
    person_id: UUID
    """Who disputes it."""
    message_id: str | None
    """Of the reading, on the exchange: by it the keeper finds the record."""
    title: Text
    field: str
    label: Text
    value: str
    """As the person saw it; empty where the whole fact is meant."""
    text: str
    """What they say is right."""
    at: datetime
    case_number: str
    """Under which it was read: stands in the register's own log too."""


class MessageView(Contract):
    """A message between the applicant and the desk."""

    id: UUID
    at: datetime
    mine: bool
    """Written by the side that reads it now."""
    from_desk: bool
    text: str
    read_at: datetime | None


class TrackingView(Contract):
    """Where a case stands, for anybody who holds its tracking code. Names nobody and says nothing of the contents."""

    service_name: Text
    organisation_name: Text
    phase: Phase
    state_label: Text
    submitted_at: datetime
    due_at: datetime | None
    decided_at: datetime | None
    steps: tuple[TimelineStep, ...]


class CaseView(Contract):
    """A case as its owner sees it."""

    id: UUID
    number: str
    """Eight characters for people."""
    service: str
    service_version: int
    service_name: Text
    organisation: str
    organisation_name: Text
    channel: str
    aimag_code: str | None
    """Of the applicant's registered address; None until a register has told it."""
    state: str
    """Name of the state in the definition."""
    state_label: Text
    phase: Phase
    created_at: datetime
    submitted_at: datetime | None
    due_at: datetime | None
    decided_at: datetime | None
    outcome: Outcome | None
    decision: DecisionView | None
    term: TermView | None
    """None for a draft."""
    facts: tuple[FactView, ...]
    answers: tuple[AnswerLine, ...]
    timeline: tuple[TimelineStep, ...]
    next: NextStep
    document: DocumentView | None
    may_withdraw: bool
    applicant: Applicant = Applicant.CITIZEN
    applicant_name: str = ""
    """Of the child or legal entity; empty where the person applies for themselves."""
    applicant_basis: str = ""
    """Why the person may act for them, as the register told it."""
    stop: StopView | None = None
    correction: CorrectionView | None = None
    disputes: tuple[DisputeView, ...] = ()
    unread_messages: int = 0
    """From the desk, that the applicant has not opened."""
    tracking_code: str | None = None
    fee: Money = NOTHING
    """What was to pay when it was sent; nothing for a draft."""
    paid_at: datetime | None = None
    changed: tuple[Text, ...] = ()
    """What a newer version of the service changed for this case since it was begun."""
    may_copy: bool = False
    """Ended, and may be applied for again from a copy."""
    differs_since: datetime | None = None
    """A register says something else now than the decision rests on."""
    expires_at: datetime | None = None
    """When a draft is removed."""


class PaymentView(Contract):
    """The bill of a case."""

    amount: Money
    paid: bool
    pay_url: str | None
    """Page of the bank; None while the bill is being opened, and when it is paid or cancelled."""
    bank_silent: bool = False
    """The bank did not answer when it was asked for this page."""


class CaseSummary(Contract):
    """A case in a list."""

    id: UUID
    number: str
    service: str
    service_name: Text
    organisation_name: Text
    state_label: Text
    phase: Phase
    created_at: datetime
    submitted_at: datetime | None
    due_at: datetime | None
    decided_at: datetime | None
    outcome: Outcome | None
    document_id: UUID | None
    applicant_name: str = ""
    """Of the child or legal entity for whom it is."""
    unread_messages: int = 0
    expires_at: datetime | None = None
    overdue: bool = False
    """The organisation has it, and its term has passed."""


class CheckPage(Contract):
    """Everything that will be sent, to be read once more."""

    case: CaseView
    declaration: Text
    button: Text
    """The verb on the button: «Лавлагаа авах»."""
    what_next: Text
    due_if_sent_now: datetime
    fee: Money
    form_token: str
    """Digest of exactly what this page shows. Post it back: what was not seen cannot be sent."""
    sections: tuple[AnswerSection, ...] = ()
    """The answers, in the sections of the form."""


# -- signing -----------------------------------------------------------------------------------------------------


class SignerState(StrEnum):
    """Where one who must sign stands."""

    SIGNED = "signed"
    ASKED = "asked"
    NOT_ASKED = "not_asked"  # the applicant signs first
    DECLINED = "declined"
    LATE = "late"  # did not sign in time


class SignerView(Contract):
    """One who must sign an application."""

    role: str
    label: Text
    name: str
    """As far as the reader may know it: «Г.Сарнай»."""
    state: SignerState
    at: datetime | None = None
    kind: SignatureKind | None = None
    reason: str = ""
    """Of one who declined."""


class SigningView(Contract):
    """An application that waits for signatures."""

    case_id: UUID
    number: str
    service_name: Text
    kind: SignatureKind
    token: str
    """What is signed: the digest of the check page."""
    declaration: Text
    answers: tuple[AnswerLine, ...]
    """What the application says; another signer sees no facts of the applicant."""
    signers: tuple[SignerView, ...]
    mine: str | None
    """The role in which the reader is to sign now; None when nothing is left for them."""
    own: bool
    """Whether the reader is the applicant."""
    sent: bool
    """Signed by all, and sent."""
    until: datetime | None
    """So long the others may take."""


class SignatureRequestView(Contract):
    """Somebody else's application that waits for one's signature."""

    case_id: UUID
    number: str
    service_name: Text
    applicant: str
    until: datetime


# -- the officer's desk ------------------------------------------------------------------------------------------


class Shelf(StrEnum):
    """Which cases an officer's list shows."""

    DESK = "desk"  # everything that waits for an officer of the organisation
    MINE = "mine"  # what this officer has, and whom they stand in for
    UNASSIGNED = "unassigned"
    LATE = "late"
    CONFIRM = "confirm"  # decisions that a second officer must confirm
    OPINIONS = "opinions"  # other bodies ask for our opinion
    WAITING = "waiting"  # for the citizen, or for the opinion of another body


class WorkItem(Contract):
    """One line of an officer's worklist."""

    case_id: UUID
    number: str
    service: str
    service_name: Text
    applicant: str
    """Patronymic's first letter and the given name: «Б.Сарнай»; the number while the register is silent."""
    state_label: Text
    submitted_at: datetime
    due_at: datetime
    """By when the case, or the opinion, is due."""
    left_minutes: int
    overdue: bool
    facts_complete: bool
    assigned_to: str = ""
    """Name of the officer who has it; empty for nobody."""
    mine: bool = False
    to_confirm: bool = False
    correcting: bool = False


class OfficerField(Contract):
    """What an officer or expert fills in with an action."""

    code: str
    kind: QuestionKind
    label: Text
    hint: Text | None
    unit: Text | None
    options: tuple[Option, ...]
    optional: bool
    max_length: int | None


class ActionView(Contract):
    """What the officer may do now."""

    code: str
    label: Text
    outcome: Outcome | None
    needs_ground: bool
    needs_reason: bool
    reasons: tuple[Text, ...] = ()
    """Ready sentences to begin from."""
    asks: tuple[OfficerField, ...] = ()
    confirm: bool = False
    """It takes effect when a second officer has confirmed it."""


class WorkPage(Contract):
    """One page of an officer's list, least time left first."""

    shelf: Shelf
    items: tuple[WorkItem, ...]
    after: str
    """To ask for the next page with; empty on the last."""
    counts: dict[Shelf, int]
    """How many stand on each list, counted up to ``count_limit``."""
    count_limit: int
    services: tuple[tuple[str, Text], ...]
    """Services of the organisation, by code and name: to choose from."""
    functions: tuple[str, ...]
    actions: tuple[ActionView, ...] = ()
    """Of a list of one service: what may be decided for several at once."""
    grounds: tuple[Ground, ...] = ()


class FilledLine(Contract):
    """What an officer or expert filled in."""

    code: str
    label: Text
    value: Text


class ProposalView(Contract):
    """A decision that waits for a second officer."""

    action: str
    action_label: Text
    ground: Ground | None
    reason: str
    filled: tuple[FilledLine, ...]
    by: str
    """Name of the officer who proposed it."""
    at: datetime
    mine: bool
    """Proposed by the officer who reads: another must confirm."""


class OpinionView(Contract):
    """What another body is asked, and by when."""

    organisation_name: Text
    asks: Text
    due_at: datetime
    overdue: bool
    ours: bool
    """The officer who reads belongs to that body."""


class Colleague(Contract):
    """An officer of the same desk."""

    person_id: UUID
    name: str
    away: bool


class OfficerCase(Contract):
    """A case on the officer's desk: facts beside answers, the clock, the decision with its grounds."""

    case: CaseView
    applicant: str
    actions: tuple[ActionView, ...]
    """Empty when nothing can be decided (already decided, facts missing, another's, the citizen corrects)."""
    grounds: tuple[Ground, ...]
    why_not: Text | None = None
    """Why nothing can be decided now."""
    expert: bool = False
    """Only an opinion is asked of the officer who reads."""
    function: str = ""
    assigned_to: str = ""
    mine: bool = False
    may_take: bool = False
    may_give: bool = False
    """Hand it over, or give it back."""
    may_ask: bool = False
    """Ask the citizen to correct something."""
    may_extend: bool = False
    extension: Text | None = None
    """By how much and by which law, where ``may_extend``."""
    colleagues: tuple[Colleague, ...] = ()
    proposal: ProposalView | None = None
    opinion: OpinionView | None = None
    filled: tuple[FilledLine, ...] = ()


class BulkResult(Contract):
    """What became of one case of a bulk decision."""

    case_id: UUID
    number: str
    done: bool
    text: Text
    """What was decided, or why not."""


class MemberView(Contract):
    """An officer at the desk."""

    person_id: UUID
    name: str
    functions: tuple[str, ...]
    away_from: date | None
    away_until: date | None
    substitute_id: UUID | None
    away: bool
    open_cases: int


class RuleView(Contract):
    """To whom a new case goes. What is empty fits everything; without a person it is the least loaded of those with the function."""

    service: str = ""
    aimag_code: str = ""
    function: str = ""
    person_id: UUID | None = None


class DeskSettings(Contract):
    """The desk of an organisation, for its head."""

    organisation: str
    head: bool
    """The officer who reads keeps the desk."""
    members: tuple[MemberView, ...]
    functions: tuple[str, ...]
    rules: tuple[RuleView, ...]
    services: tuple[tuple[str, Text], ...]


# -- definitions that are being written ----------------------------------------------------------------------------


class DraftState(StrEnum):
    """Where a draft of a definition stands."""

    EDITING = "editing"
    SUBMITTED = "submitted"  # an administrator is to look at it
    RETURNED = "returned"  # they sent it back with a note
    APPROVED = "approved"  # may be published
    PUBLISHED = "published"
    DROPPED = "dropped"

    @property
    def open(self) -> bool:
        """Neither published nor dropped."""
        return self not in {self.PUBLISHED, self.DROPPED}


class TrialState(StrEnum):
    """Whether the tests of a draft were run on what stands in it now."""

    NONE = "none"
    WAITING = "waiting"  # asked for, not done yet
    DONE = "done"
    STALE = "stale"  # the texts, or what the catalogue shares, have changed since
    BROKEN = "broken"  # it took too long, or fell over


class SheetFieldKind(StrEnum):
    """Kinds of inputs of a form about a definition."""

    LINE = "line"
    AREA = "area"
    NUMBER = "number"
    MONEY = "money"  # whole tugrug
    CHECK = "check"
    CHOICE = "choice"
    LIST = "list"  # words with commas between


class SheetField(Contract):
    """One input of a form about a definition."""

    path: str
    """In the definition, with parts of lists by their codes: ``questions.amount.label.mn``."""
    label: Text
    kind: SheetFieldKind
    value: str
    """``yes`` for a ticked box."""
    options: tuple[Option, ...] = ()
    findings: tuple[Finding, ...] = ()


class SheetSection(Contract):
    title: Text
    fields: tuple[SheetField, ...]


class Sheet(Contract):
    """A common part of a definition as a form."""

    name: str
    """``names``, ``questions``, ``term``, ``grounds``"""
    part: str
    """Code of the question or ground; empty for the whole."""
    sections: tuple[SheetSection, ...]
    parts: tuple[tuple[str, str], ...]
    """Of a list: code and words of each part."""


class PlacedFinding(Contract):
    """A finding with its place in the text."""

    finding: Finding
    line: int | None
    """From 1; None: the whole file."""


class DraftSummary(Contract):
    """A draft in a list."""

    id: UUID
    code: str
    level: str
    organisation: str
    organisation_name: Text
    name: Text
    """From the text; the code while it cannot be read."""
    published: int
    """Newest published version; 0 for a new service."""
    state: DraftState
    revision: int
    changed_at: datetime


class OwnService(Contract):
    """A published service of the analyst's organisation."""

    code: str
    version: int
    name: Text
    draft_id: UUID | None
    """The open draft of its next version."""


class AnalystShelf(Contract):
    """What an analyst has before them."""

    organisation: str
    organisation_name: Text
    services: tuple[OwnService, ...]
    drafts: tuple[DraftSummary, ...]
    levels: tuple[str, ...]
    """Where a new service may stand."""


class MissingRight(Contract):
    """What the exchange does not yet allow the portal to read."""

    service: str
    source: Text
    purposes: tuple[str, ...]
    """That no agreement names; empty where only fields are missing."""
    fields: tuple[str, ...]


class DraftView(Contract):
    """A draft with everything that is known about it."""

    summary: DraftSummary
    files: tuple[tuple[str, str], ...]
    """Name and text, in the order in which they are shown."""
    findings: tuple[PlacedFinding, ...]
    readable: bool
    """Whether the definition can be read: only then are there forms, a preview and tests."""
    trial: TrialState
    judgement: Judgement | None
    """Of the tests, as they were run last."""
    difference: Difference | None
    """To the published version; None for a new service."""
    missing_rights: tuple[MissingRight, ...]
    note: str
    """What the reviewer said."""
    may_edit: bool
    may_submit: bool
    may_review: bool
    may_publish: bool
    personas: tuple[tuple[str, Text], ...]


class PreviewFact(Contract):
    """What a register tells in a preview."""

    title: Text
    source: Text
    known: bool
    lines: tuple[tuple[Text, str], ...]
    items: int


class Preview(Contract):
    """A draft walked as one of the cast, without a case."""

    persona: str
    title: Text
    story: Text
    applicant: Applicant | None
    """None: the service is not for this person."""
    applicants: tuple[Applicant, ...]
    page: QuestionPage | None
    """The next questions; None when all is answered, or nothing can be asked."""
    errors: bool
    facts: tuple[PreviewFact, ...]
    answers: tuple[tuple[Text, Text], ...]
    said: str
    """The answers so far, for the next step: kept forms as JSON."""
    stop: StopView | None
    cannot: Text | None
    """Why it does not go on, where no stop says so."""
    fee: Money
    term: Text | None
    """The branch that holds, when all is answered."""


# -- verification ------------------------------------------------------------------------------------------------


class VerificationStatus(StrEnum):
    """The one large word."""

    VALID = "valid"  # by code: issued, in force
    GENUINE = "genuine"  # by file: byte for byte the issued file, in force
    EXPIRED = "expired"  # issued, its time is over
    REVOKED = "revoked"  # issued, withdrawn by its issuer
    SUPERSEDED = "superseded"  # issued, a newer one has taken its place
    ALTERED = "altered"  # names a document of ours, but the file is not the issued one
    UNKNOWN = "unknown"  # no such document was issued here
    NOT_A_DOCUMENT = "not_a_document"  # not a PDF, or one that never names a document of ours


class Verification(Contract):
    """Answer to "is this document genuine?". Holds no personal data."""

    status: VerificationStatus
    code: str | None
    title: Text | None
    organisation_name: Text | None
    issued_at: datetime | None
    valid_until: datetime | None
    revoked_at: datetime | None
    facts_fingerprint: str | None
    """Sixteen hexadecimal digits in groups of four, as printed; shows that the paper was not retyped."""
    seal_intact: bool | None
    """For a file: whether the seal over its bytes holds; None when not checked or not decidable now."""
    checked_at: datetime
