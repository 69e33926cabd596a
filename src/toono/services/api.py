"""The door of the room: the catalogue, cases, the officer's desk, documents and their verification.

A citizen's door takes an ``actor`` with ``role=CITIZEN`` and works on that person's own things only; another's id is answered
like an unknown one. An officer's door takes ``role=OFFICER`` and works on the cases of ``actor.organisation`` only.
"""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from toono.kernel.actor import Actor
from toono.services.contracts import (
    CaseSummary,
    CaseView,
    CheckPage,
    DocumentFile,
    DocumentView,
    Finding,
    LoadedService,
    OfficerCase,
    QuestionPage,
    ServiceDetails,
    ServiceSummary,
    Verification,
    WorkItem,
)
from toono.services.domain import lint as _lint
from toono.services.operations import catalogue as _catalogue
from toono.services.operations import decisions as _decisions
from toono.services.operations import issuing as _issuing
from toono.services.operations import ordering as _ordering
from toono.services.operations import processing as _processing
from toono.services.operations import retention as _retention
from toono.services.operations import revocation as _revocation
from toono.services.operations import verification as _verification
from toono.services.queries import cases as _cases
from toono.services.queries import catalogue as _shelf
from toono.services.queries import desk as _desk
from toono.services.queries import documents as _documents

# -- catalogue ---------------------------------------------------------------------------------------------------


def lint_catalogue(folder: Path) -> list[Finding]:
    """What is wrong in the definitions under ``folder``; an empty list when nothing is. Needs no database."""
    return _lint.lint_catalogue(folder)


def definition_schema() -> str:
    """JSON Schema of ``service.yaml``, as stored in ``docs/reference/definition.schema.json``."""
    return _lint.definition_schema()


def load_catalogue(*, actor: Actor, folder: Path) -> list[LoadedService]:
    """Store every definition under ``folder``; idempotent.

    :raises CatalogueError: the linter has findings.
    :raises VersionChanged: a stored version has other content than the file; raise the version number instead.
    """
    return _catalogue.load_catalogue(actor=actor, folder=folder)


def services(*, query: str = "", language: str = "mn") -> list[ServiceSummary]:
    """The catalogue, best match first; everything in the order of ``language``'s alphabet when ``query`` is empty.

    Forgives look-alike letters, endings and typing errors, in both languages.
    """
    return _shelf.services(query=query, language=language)


def service(*, code: str) -> ServiceDetails:
    """The newest version of a service, with the promised and the kept time.

    :raises ServiceUnknown:
    """
    return _shelf.service(code=code)


# -- ordering, for the citizen -----------------------------------------------------------------------------------


def start_case(*, actor: Actor, service: str) -> CaseView:
    """Open a draft, or go on with the person's open draft of this service, and read the facts that it needs.

    A silent register stops nothing: its facts stay ``pending`` and are read after sending. ``next`` says where to go:
    ``question`` (the code to ask first) or ``check``.

    :raises ServiceUnknown:
    :raises ChannelNotOffered: the service is not given on ``actor.channel``.
    """
    return _ordering.start_case(actor=actor, service=service)


def question(*, actor: Actor, case_id: UUID, question: str, from_check: bool = False) -> QuestionPage:
    """One question of a draft with the saved answer, to be shown.

    :raises CaseUnknown:
    :raises QuestionUnknown: no such question, or its condition does not hold for this person's answers.
    :raises AlreadySubmitted:
    """
    return _ordering.question(actor=actor, case_id=case_id, question=question, from_check=from_check)


def answer(*, actor: Actor, case_id: UUID, question: str, value: str, from_check: bool = False) -> QuestionPage | CaseView:
    """Save an answer of a draft as typed.

    Returns the :class:`QuestionPage` with ``error`` set when the value is not acceptable (nothing is saved), else the
    :class:`CaseView`, whose ``next`` says where to go (with ``from_check`` newly needed questions come first, then the check page).

    :raises CaseUnknown:
    :raises QuestionUnknown:
    :raises AlreadySubmitted:
    """
    return _ordering.answer(actor=actor, case_id=case_id, question=question, value=value, from_check=from_check)


def check(*, actor: Actor, case_id: UUID) -> CheckPage:
    """Everything that will be sent, with the token that proves what was seen.

    Facts that are pending or older than the definition allows are asked again, at most once a minute.

    :raises CaseUnknown:
    :raises NotComplete: a question is unanswered (go to ``case(...).next``).
    :raises AlreadySubmitted:
    """
    return _ordering.check(actor=actor, case_id=case_id)


def submit_case(*, actor: Actor, case_id: UUID, form_token: str) -> CaseView:
    """Send the case. Sent twice with the same token it is one case, and both calls give it.

    When this returns, the case, its term, its events and the job that works on it are durable.

    :raises CaseUnknown:
    :raises NotComplete:
    :raises AnswersChanged: the token is not of what would be sent now; show the check page again.
    """
    return _ordering.submit_case(actor=actor, case_id=case_id, form_token=form_token)


def withdraw_case(*, actor: Actor, case_id: UUID) -> CaseView:
    """Take a case back before it is decided; a draft likewise.

    :raises CaseUnknown:
    :raises NotAllowedNow: it is decided or withdrawn.
    """
    return _ordering.withdraw_case(actor=actor, case_id=case_id)


def case(*, actor: Actor, case_id: UUID) -> CaseView:
    """One's own case.

    :raises CaseUnknown:
    """
    return _cases.case(actor=actor, case_id=case_id)


def cases(*, actor: Actor) -> list[CaseSummary]:
    """One's own cases, newest first; drafts included, withdrawn drafts not."""
    return _cases.cases(actor=actor)


# -- the officer's desk ------------------------------------------------------------------------------------------


def worklist(*, actor: Actor) -> list[WorkItem]:
    """Open cases of the officer's organisation that an officer decides, the least time left first (at most 500)."""
    return _desk.worklist(actor=actor)


def officer_case(*, actor: Actor, case_id: UUID) -> OfficerCase:
    """A case on the desk. Opening it is recorded in the audit.

    :raises CaseUnknown: unknown, a draft, or another organisation's.
    """
    return _decisions.officer_case(actor=actor, case_id=case_id)


def decide_case(*, actor: Actor, case_id: UUID, action: str, ground: str | None = None, reason: str = "") -> CaseView:
    """Decide. The document, if there is one, is made by the worker within seconds.

    :param action: code of one of ``officer_case(...).actions``.
    :param ground: code of one of ``officer_case(...).grounds``; a refusal needs it.
    :raises CaseUnknown:
    :raises AlreadyDecided:
    :raises NotAllowedNow: the workflow has no such action here.
    :raises FactsMissing: a register has not answered yet.
    :raises GroundMissing:
    :raises ReasonMissing:
    """
    return _decisions.decide_case(actor=actor, case_id=case_id, action=action, ground=ground, reason=reason)


# -- documents ---------------------------------------------------------------------------------------------------


def documents(*, actor: Actor) -> list[DocumentView]:
    """One's own documents, newest first."""
    return _documents.documents(actor=actor)


def document(*, actor: Actor, document_id: UUID) -> DocumentView:
    """One's own document.

    :raises DocumentUnknown:
    """
    return _documents.document(actor=actor, document_id=document_id)


def document_file(*, actor: Actor, document_id: UUID) -> DocumentFile:
    """The sealed PDF of one's own document (an officer: of a case of the own organisation).

    :raises DocumentUnknown:
    """
    return _documents.document_file(actor=actor, document_id=document_id)


def document_picture(*, actor: Actor, document_id: UUID) -> DocumentFile:
    """The document's first page as SVG (about 70 kB compressed: load it lazily, by ``<img>``).

    :raises DocumentUnknown:
    """
    return _issuing.document_picture(actor=actor, document_id=document_id)


def revoke_document(*, actor: Actor, document_id: UUID, reason: str) -> DocumentView:
    """Withdraw a document (an officer of the issuing organisation, or an administrator). Idempotent; audited.

    :raises DocumentUnknown: unknown, or another organisation's.
    :raises ReasonMissing:
    """
    return _revocation.revoke_document(actor=actor, document_id=document_id, reason=reason)


def verify_document(*, code: str) -> Verification:
    """Whether the document with this code is valid: ``valid``, ``expired``, ``revoked`` or ``unknown``. For anybody.

    Spaces, dashes and small letters in ``code`` are forgiven.
    """
    return _verification.verify_document(code=code)


def verify_file(*, pdf: bytes) -> Verification:
    """Whether this file is a document of ours: ``genuine``, ``expired``, ``revoked``, ``altered``, ``unknown`` or ``not_a_document``.

    :raises FileTooLarge: more than 5 MB.
    """
    return _verification.verify_file(pdf=pdf)


# -- for the worker ----------------------------------------------------------------------------------------------


def process_case(*, case_id: UUID) -> None:
    """Do for a sent case whatever is to be done now: read missing facts, decide by rule, make the document, tell the citizen.

    Every step is committed by itself and skipped when done, so it may be called any number of times, from any step.

    :raises RegisterSilent: call again later.
    """
    _processing.process_case(case_id=case_id)


def remove_old_drafts() -> int:
    """Remove drafts older than their definition keeps them; gives how many."""
    return _retention.remove_old_drafts()


def resume_cases() -> int:
    """Queue the work of cases that were sent, or decided, and then forgotten (a lost worker); gives how many."""
    return _retention.resume_cases()
