"""What leaves the room: services as people read them, cases, documents, and the answer to "is this document genuine?".

Every text for people is a :class:`Text` in both languages; a page takes ``text.to(language)``. Times are aware UTC.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field

from toono.kernel.contract import Contract
from toono.kernel.money import Money


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


class Outcome(StrEnum):
    """How a case ended."""

    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Phase(StrEnum):
    """Where a case stands, the same for every service. The state's own name and label come from its definition."""

    DRAFT = "draft"  # the citizen has not sent it
    PROCESSING = "processing"  # sent, the platform is working
    WAITING_FOR_REGISTER = "waiting_for_register"  # sent, a register does not answer at the moment
    WITH_OFFICER = "with_officer"  # sent, an officer decides
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


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
    term_working_hours: int
    automatic: bool
    """Decided by the rule at once, without an officer."""


class KeptTime(Contract):
    """What decided cases of the last 90 days really took, in working minutes. Empty numbers when there is no case yet."""

    decided: int
    """How many cases were decided."""
    on_time: int
    """How many of them by the promised hour."""
    median_minutes: int | None
    """Median of working minutes from the start of the term to the decision."""
    ninety_percent_minutes: int | None
    """Nine of ten were decided within so many working minutes."""
    median_seconds: int | None
    """Median of plain seconds from sending to decision: what the citizen waited by their own clock."""


class KnownFact(Contract):
    """What the state already knows and will not ask."""

    meaning: str
    """``person.registered_address``"""
    title: Text
    source: Text
    """The register and its keeper, in words."""
    fields: tuple[Text, ...]
    """Labels of the fields that are read; nothing else is."""


class QuestionKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"


class Option(Contract):
    """One answer of a choice."""

    value: str
    label: Text
    hint: Text | None = None


class Ground(Contract):
    """A ground of refusal from the closed list of the definition."""

    code: str
    text: Text
    law: Text
    article: Article
    remedy: Text
    """What would change the answer."""


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


class Finding(Contract):
    """Something wrong in a definition. ``where`` is a path inside the file (``questions.amount.when``)."""

    file: str
    where: str
    rule: str
    """Stable code: ``once_only``, ``unknown_field``, ``condition``, …"""
    message: str
    """A sentence for the author: what is wrong, what to write."""


class LoadedService(Contract):
    """What the loader did with one definition."""

    code: str
    version: int
    digest: str
    new: bool
    """Whether this version was not stored before."""


# -- a case ------------------------------------------------------------------------------------------------------


class QuestionPage(Contract):
    """One question, ready to be drawn: what is asked, what was typed, what is wrong with it."""

    case_id: UUID
    service: str
    service_name: Text
    code: str
    kind: QuestionKind
    label: Text
    hint: Text | None
    unit: Text | None
    """Word behind the field, as ``m³ a day``."""
    options: tuple[Option, ...]
    """For a choice; a yes/no question has the values ``yes`` and ``no``."""
    optional: bool
    max_length: int | None
    value: str
    """As typed or saved: a number with a point, a date ``2026-11-22``, the value of an option; empty if unanswered."""
    error: Text | None
    """Names the question and says what to type."""
    position: int
    """1 for the first question that this person is asked."""
    total: int
    previous: str | None
    """Code of the question before; None for the first."""
    from_check: bool = False
    """The person came from the check page to change this one answer."""


class AnswerLine(Contract):
    """A question with its answer, for the check page and the officer."""

    question: str
    label: Text
    value: Text
    """As shown; «Хариулаагүй / Not provided» for an optional question without an answer."""


class FactState(StrEnum):
    READ = "read"
    PENDING = "pending"  # the register has not answered yet
    ABSENT = "absent"  # the register answered that it holds nothing


class FieldLine(Contract):
    """One field of a fact."""

    name: str
    label: Text
    value: str
    """As the register gave it; dates as ``2026.11.22``."""


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

    working_hours: int
    starts_at: datetime
    due_at: datetime
    left_minutes: int
    """Working minutes left; below zero when late. Stands still once decided."""
    overdue: bool
    explanation: Text
    """«… гэхэд шийднэ, учир нь …»"""


class NextKind(StrEnum):
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


# -- the officer's desk ------------------------------------------------------------------------------------------


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
    left_minutes: int
    overdue: bool
    facts_complete: bool


class ActionView(Contract):
    """What the officer may do now."""

    code: str
    label: Text
    outcome: Outcome | None
    needs_ground: bool
    needs_reason: bool


class OfficerCase(Contract):
    """A case on the officer's desk: facts beside answers, the clock, the decision with its grounds."""

    case: CaseView
    applicant: str
    actions: tuple[ActionView, ...]
    """Empty when nothing can be decided (already decided, or facts missing)."""
    grounds: tuple[Ground, ...]


# -- verification ------------------------------------------------------------------------------------------------


class VerificationStatus(StrEnum):
    """The one large word."""

    VALID = "valid"  # by code: issued, in force
    GENUINE = "genuine"  # by file: byte for byte the issued file, in force
    EXPIRED = "expired"  # issued, its time is over
    REVOKED = "revoked"  # issued, withdrawn by its issuer
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
