"""The door of the room: the catalogue, cases, the officer's desk, documents and their verification.

A citizen's door takes an ``actor`` with ``role=CITIZEN`` and works on that person's own things only; another's id is answered
like an unknown one. An officer's door takes ``role=OFFICER`` and works on the cases of ``actor.organisation`` only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

from toono.kernel.actor import Actor
from toono.kernel.events import CalendarChanged
from toono.payments.events import BillPaid
from toono.pki.contracts import KeptFiles
from toono.services import limits as _limits
from toono.services.contracts import (
    AnalystShelf,
    Applicants,
    AskedAgain,
    AttachmentFile,
    BulkResult,
    Burden,
    CaseSummary,
    CaseView,
    CheckPage,
    CorrectionView,
    DeskSettings,
    Difference,
    DisputedFact,
    DisputeView,
    DocumentFile,
    DocumentView,
    DraftSummary,
    DraftView,
    ExchangeNeed,
    Finding,
    LifeEvent,
    LifeEventPage,
    LoadedService,
    MessageView,
    OfficerCase,
    PaymentView,
    Press,
    Preview,
    QuestionPage,
    RuleView,
    ServiceDetails,
    ServicePage,
    ServiceSummary,
    Sheet,
    Shelf,
    SignatureRequestView,
    SigningView,
    Text,
    TrackingView,
    Typed,
    Upload,
    Verification,
    WorkPage,
)
from toono.services.domain import lint as _lint
from toono.services.domain import schemas as _schemas
from toono.services.domain.lint.rules import RULES
from toono.services.operations import applicants as _applicants
from toono.services.operations import attachments as _attachments
from toono.services.operations import care as _care
from toono.services.operations import catalogue as _catalogue
from toono.services.operations import clock as _clock
from toono.services.operations import copies as _copies
from toono.services.operations import corrections as _corrections
from toono.services.operations import decisions as _decisions
from toono.services.operations import desk as _work
from toono.services.operations import disputes as _disputes
from toono.services.operations import editing as _editing
from toono.services.operations import facts as _facts
from toono.services.operations import fees as _fees
from toono.services.operations import issuing as _issuing
from toono.services.operations import members as _members
from toono.services.operations import messages as _messages
from toono.services.operations import migration as _migration
from toono.services.operations import ordering as _ordering
from toono.services.operations import processing as _processing
from toono.services.operations import proofs as _proofs
from toono.services.operations import questions as _questions
from toono.services.operations import rereading as _rereading
from toono.services.operations import retention as _retention
from toono.services.operations import revocation as _revocation
from toono.services.operations import signatures as _signatures
from toono.services.operations import tracking as _tracking
from toono.services.operations import verification as _verification
from toono.services.operations import watching as _watching
from toono.services.queries import cases as _cases
from toono.services.queries import catalogue as _shelf
from toono.services.queries import desk as _desk
from toono.services.queries import documents as _documents
from toono.services.queries import editing as _drafts
from toono.services.queries import life_events as _events
from toono.services.queries import needs as _needs
from toono.services.queries import rights as _rights
from toono.services.queries import shelf as _list
from toono.services.queries import shelf_contents as _contents

FILE_BYTES = _limits.FILE_BYTES
"""Largest file that an answer takes."""
REQUEST_BYTES = _limits.REQUEST_BYTES
"""Largest form with files; more is to be refused before it is read."""

# -- catalogue ---------------------------------------------------------------------------------------------------


def rules_in_words() -> Mapping[str, Text]:
    """What each rule of the linter and the judge asks of an author, by the code of the rule in a finding."""
    return RULES


def lint_catalogue(folder: Path) -> list[Finding]:
    """What is wrong in the definitions under ``folder``; an empty list when nothing is. Needs no database."""
    return _lint.lint_catalogue(folder)


def definition_schema() -> str:
    """JSON Schema of ``service.yaml``, as stored in ``docs/reference/definition.schema.json``."""
    return _schemas.schema("definition")


def exemptions() -> tuple[AskedAgain, ...]:
    """What the state still asks twice: questions that a law demands though a register knows the answer, the soonest end first."""
    return _contents.asked_again()


def burden(*, code: str) -> tuple[Burden, ...]:
    """What the newest version of a service costs people, for each of the cast; measured when it was published.

    :raises ServiceUnknown:
    """
    return _contents.burden(code)


def life_events() -> tuple[LifeEvent, ...]:
    """Things that happen in a life, with the services that one then needs."""
    return _contents.life_events()


def life_event(*, code: str) -> LifeEvent:
    """One of them.

    :raises LifeEventUnknown:
    """
    return _contents.life_event(code)


def life_event_page(*, code: str, actor: Actor | None = None) -> LifeEventPage:
    """A life event with its services in order, what each asks of people, what one gives the next, and what ``actor`` has already.

    :raises LifeEventUnknown:
    """
    return _events.page(code=code, actor=actor)


def difference(*, code: str, old: int, new: int) -> Difference:
    """What changes between two published versions of a service, for whom, and what becomes of open cases. Takes about a second.

    :raises ServiceUnknown:
    """
    return _contents.difference(code, old, new)


def export_catalogue(*, folder: Path, codes: Sequence[str] = ()) -> list[str]:
    """Write the newest version of every service, or of ``codes``, as files under ``folder``; gives their paths."""
    return _catalogue.export_catalogue(folder=folder, codes=codes)


def exchange_needs(*, beside: Path | None = None) -> tuple[ExchangeNeed, ...]:
    """What the loaded catalogue needs from the exchange: the agreements of the portal are made of it, and of nothing else.

    :param beside: a folder of definitions that are to be published too.
    """
    return _needs.exchange_needs(beside)


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
    return _list.found(query, language)


def service_page(
    *, query: str = "", language: str = "mn", level: str = "", organisation: str = "", applicant: str = "", page: int = 1
) -> ServicePage:
    """One page of the catalogue, as :func:`services` orders it, narrowed to what is named; what is empty narrows nothing.

    :param level: ``national``, or the code of an aimag.
    :param applicant: for whom: ``citizen``, ``foreigner``, ``child``, ``legal_entity``.
    :param page: from 1; beyond the last it is the last.
    """
    return _list.page(query=query, language=language, level=level, organisation=organisation, applicant=applicant, number=page)


def service(*, code: str) -> ServiceDetails:
    """The newest version of a service, with the promised and the kept time.

    :raises ServiceUnknown:
    """
    return _shelf.service(code=code)


# -- definitions that are being written -----------------------------------------------------------------------------
# An analyst's doors take an ``actor`` with ``role=ANALYST`` and work on the drafts of ``actor.organisation``; an administrator sees those
# that were submitted. Another's draft is answered like an unknown one.


def analyst_shelf(*, actor: Actor) -> AnalystShelf:
    """The published services of the analyst's organisation, and its open drafts. :raises NotAllowed: the actor is no analyst."""
    return _drafts.shelf(actor)


def drafts_to_review(*, actor: Actor) -> tuple[DraftSummary, ...]:
    """Drafts that wait for an administrator's review, or for being published. :raises NotAllowed:"""
    return _drafts.to_review(actor)


def begin_draft(*, actor: Actor, code: str) -> UUID:
    """A draft of the next version of a published service; the open one where there is one.

    :raises ServiceUnknown: no service of the analyst's organisation.
    """
    return _editing.begin(actor=actor, code=code)


def begin_new_draft(*, actor: Actor, code: str, level: str) -> UUID:
    """A draft of a service that does not exist yet.

    :param level: ``national``, or the code of an aimag.
    :raises DraftRefused: the code is taken, or none.
    """
    return _editing.begin_new(actor=actor, code=code, level=level)


def draft(*, actor: Actor, draft_id: UUID) -> DraftView:
    """A draft with its texts, findings, tests, and what it changes.

    :raises DraftUnknown:
    """
    return _drafts.draft(actor, draft_id)


def draft_sheet(*, actor: Actor, draft_id: UUID, name: str, part: str = "") -> Sheet:
    """A common part of a draft as a form: ``names``, ``questions``, ``term``, ``grounds``.

    :param part: the question or ground that is edited; empty for the list of them.
    :raises DraftUnknown:
    :raises DraftRefused: the text cannot be read, or there is no such part.
    """
    return _drafts.sheet(actor, draft_id, name, part)


def save_draft(*, actor: Actor, draft_id: UUID, revision: int, files: Mapping[str, str]) -> int:
    """Keep texts of a draft, however wrong they are; gives the new revision.

    :param revision: of the draft that was before the author.
    :raises DraftUnknown:
    :raises DraftChanged: somebody saved in the meantime; nothing is overwritten.
    :raises DraftRefused: not a file of a definition, or too large.
    :raises DraftNotReady: it is submitted, published or dropped.
    """
    return _editing.save(actor=actor, draft_id=draft_id, revision=revision, files=files)


def fill_in_draft(*, actor: Actor, draft_id: UUID, revision: int, name: str, part: str, values: Mapping[str, str]) -> int:
    """Write what a form says into the text; all else of the text stays as it is. Raises as :func:`save_draft`."""
    return _editing.fill_in(actor=actor, draft_id=draft_id, revision=revision, name=name, part=part, values=values)


def change_draft_list(*, actor: Actor, draft_id: UUID, revision: int, name: str, what: str, part: str, kind: str = "") -> int:
    """``up``, ``down``, ``remove`` or ``add`` a question or ground. Raises as :func:`save_draft`.

    :param kind: of a question that is added.
    """
    return _editing.change_list(actor=actor, draft_id=draft_id, revision=revision, name=name, what=what, part=part, kind=kind)


def drop_draft(*, actor: Actor, draft_id: UUID) -> None:
    """Throw a draft away. :raises DraftUnknown:"""
    _editing.drop(actor=actor, draft_id=draft_id)


def export_draft(*, actor: Actor, draft_id: UUID) -> tuple[str, bytes]:
    """Name and bytes of a zip archive with the draft's files, as they stand in a repository. :raises DraftUnknown:"""
    return _editing.exported(actor=actor, draft_id=draft_id)


def import_draft(*, actor: Actor, draft_id: UUID, revision: int, archive: bytes) -> int:
    """The files of an archive take the place of the draft's. Raises as :func:`save_draft`."""
    return _editing.imported(actor=actor, draft_id=draft_id, revision=revision, archive=archive)


def preview_draft(
    *, actor: Actor, draft_id: UUID, persona: str, applicant: str = "", said: str = "", typed: Mapping[str, Typed] | None = None
) -> Preview:
    """Walk a draft as one of the cast, without a case.

    :param said: ``Preview.said`` of the step before.
    :param typed: answers of the page that was before the author; None: it is only opened.
    :raises DraftUnknown:
    :raises DraftRefused: the definition cannot be read.
    """
    return _drafts.preview(
        actor, draft_id, persona=persona, applicant=applicant, said=said, typed=dict(typed) if typed is not None else None
    )


def try_draft(*, actor: Actor, draft_id: UUID) -> None:
    """Have the worker run the tests of a draft; ``draft(...).trial`` tells when it is done. Asked twice it is one run.

    :raises DraftUnknown:
    :raises DraftNotReady: the texts cannot be read.
    """
    _editing.ask_trial(actor=actor, draft_id=draft_id)


def run_trial(*, draft_id: UUID) -> None:
    """For the worker: run the tests that were asked for."""
    _editing.run_trial(draft_id=draft_id)


def submit_draft(*, actor: Actor, draft_id: UUID) -> None:
    """Hand a draft in for review: without findings, its tests run on this text and passed.

    :raises DraftUnknown, DraftNotReady:
    """
    _editing.submit(actor=actor, draft_id=draft_id)


def review_draft(*, actor: Actor, draft_id: UUID, revision: int, approve: bool, note: str = "") -> None:
    """Approve what was submitted, or send it back with a note.

    :raises DraftUnknown, DraftNotReady, DraftChanged:
    :raises OwnDraft: the reviewer has written at it.
    """
    _editing.review(actor=actor, draft_id=draft_id, revision=revision, approve=approve, note=note)


def publish_folder(*, written_by: Actor, approved_by: Actor, folder: Path) -> LoadedService:
    """The whole way of a definition at once, from its folder (``…/dundgovi/dog-registration``): a draft in the name of an analyst, its tests,
    the approval in the name of an administrator, the publication.

    :raises CatalogueError: with what was found in it, or what its tests say; the draft is kept as it is.
    :raises DraftRefused: the folder is none of a definition, or somebody else is writing at it.
    :raises OwnDraft, RightsMissing, NotAllowed:
    """
    return _editing.publish_folder(written_by=written_by, approved_by=approved_by, folder=folder)


def publish_draft(*, actor: Actor, draft_id: UUID) -> LoadedService:
    """Make an approved draft the newest version of its service; immutable from then on. Twice it is once.

    :raises DraftUnknown, DraftNotReady:
    :raises RightsMissing: the exchange does not allow what it reads.
    :raises CatalogueError: it forgets what becomes of open cases.
    """
    return _editing.publish(actor=actor, draft_id=draft_id)


# -- ordering, for the citizen -----------------------------------------------------------------------------------


def applicants(*, actor: Actor, service: str) -> Applicants:
    """For whom the person may order the service, as the registers say now: themselves, their children, legal entities.

    :raises ServiceUnknown:
    """
    return _applicants.applicants(actor=actor, service=service)


def start_case(*, actor: Actor, service: str, on_behalf: str | None = None) -> CaseView:
    """Open a draft, or go on with the person's open draft of this service, and read the facts that it needs.

    :param on_behalf: ``subject`` of one of ``applicants(...)``; empty: the person themselves; None: they did not say.

    A silent register stops nothing: its facts stay ``pending`` and are read after sending. ``next`` says where to go:
    ``question`` (the code to ask first) or ``check``.

    :raises ServiceUnknown:
    :raises ChannelNotOffered: the service is not given on ``actor.channel``.
    :raises ApplicantNotChosen: it may be ordered for several; ask ``applicants``.
    :raises NotForThisPerson: no register names the person as one who may apply for this subject, or the service is not for them.
    :raises RegisterSilent: whether they may cannot be said now.
    """
    return _ordering.start_case(actor=actor, service=service, on_behalf=on_behalf)


def resume_draft(*, actor: Actor, case_id: UUID) -> CaseView:
    """One's own draft, opened again: it goes over to a newer version of its service where that says so (``changed`` tells), and facts
    that are pending are asked again. Of a sent case: as :func:`case`.

    :raises CaseUnknown:
    """
    return _ordering.resume_draft(actor=actor, case_id=case_id)


def question(*, actor: Actor, case_id: UUID, question: str, from_check: bool = False) -> QuestionPage:
    """The page of a draft on which a question stands, with the saved answers, to be shown. While the case is being corrected, the
    questions that the officer named.

    :param question: code of a question, or of a page that joins several.
    :raises CaseUnknown:
    :raises QuestionUnknown: no such question, or its condition does not hold for this person's answers.
    :raises AlreadySubmitted:
    """
    return _questions.question(actor=actor, case_id=case_id, question=question, from_check=from_check)


def answer(
    *,
    actor: Actor,
    case_id: UUID,
    question: str,
    values: Mapping[str, Typed],
    files: Mapping[str, Sequence[Upload]] = MappingProxyType({}),
    press: Press | None = None,
    from_check: bool = False,
) -> QuestionPage | CaseView:
    """Save the answers of a page, as typed.

    Gives the :class:`QuestionPage` back when something is not acceptable (``error`` of its fields says what; nothing but sound files is
    saved), when a button of the page was pressed, and when an address needs its second step; else the :class:`CaseView`, whose ``next``
    says where to go (with ``from_check`` newly needed questions come first, then the check page).

    :param values: by the question's code; what is missing was left empty.
    :param files: that arrived, by the question's code. They are looked through, and kept whatever else is wrong.
    :raises CaseUnknown:
    :raises QuestionUnknown:
    :raises AlreadySubmitted:
    """
    return _questions.answer(
        actor=actor, case_id=case_id, question=question, values=values, files=files, press=press, from_check=from_check
    )


def member(*, actor: Actor, case_id: UUID, question: str, member: str | None = None, from_check: bool = False) -> QuestionPage:
    """The page about one member of a repeating group, or a new one. One that is no longer there leads to the group's own page.

    :param question: code of the group.
    :param member: key of the member, as its group's page lists it.
    :raises CaseUnknown:
    :raises QuestionUnknown:
    :raises AlreadySubmitted:
    """
    return _questions.member(actor=actor, case_id=case_id, question=question, member=member, from_check=from_check)


def answer_member(
    *, actor: Actor, case_id: UUID, question: str, values: Mapping[str, Typed], member: str | None = None, from_check: bool = False
) -> QuestionPage:
    """Save one member of a group. Gives the page of the group (``group`` is None), or the member's page with what is wrong.

    :raises CaseUnknown:
    :raises QuestionUnknown:
    :raises AlreadySubmitted:
    """
    return _questions.answer_member(actor=actor, case_id=case_id, question=question, member=member, values=values, from_check=from_check)


def remove_member(*, actor: Actor, case_id: UUID, question: str, member: str, from_check: bool = False) -> QuestionPage:
    """Take a member out of its group, and give the group's page. Twice it is once.

    :raises CaseUnknown:
    :raises QuestionUnknown:
    :raises AlreadySubmitted:
    """
    return _questions.remove_member(actor=actor, case_id=case_id, question=question, member=member, from_check=from_check)


def attachment(*, actor: Actor, case_id: UUID, attachment_id: UUID) -> AttachmentFile:
    """A file of an answer: for the applicant, an officer of the organisation, and one of the body that is asked for its opinion.

    That an officer opened it is recorded in the audit.

    :raises AttachmentUnknown:
    """
    return _attachments.attachment(actor=actor, case_id=case_id, attachment_id=attachment_id)


def check(*, actor: Actor, case_id: UUID) -> CheckPage:
    """Everything that will be sent, with the token that proves what was seen. Of a case that is being corrected: the corrections.

    Facts that are pending or older than the definition allows are asked again, at most once a minute.

    :raises CaseUnknown:
    :raises NotComplete: a question is unanswered (go to ``case(...).next``).
    :raises Stopped: the person cannot get the service; ``case(...).stop`` says why.
    :raises AlreadySubmitted:
    """
    return _ordering.check(actor=actor, case_id=case_id)


def submit_case(*, actor: Actor, case_id: UUID, form_token: str) -> CaseView:
    """Send the case, or its corrections. Sent twice with the same token it is one case, and both calls give it.

    When this returns, the case, its term, its events and the job that works on it are durable. With a fee the term starts when it is paid.

    :raises CaseUnknown:
    :raises NotComplete:
    :raises Stopped:
    :raises SignatureMissing: not everybody has signed who must.
    :raises ConsentNeeded: a rule needs a fact that the person has not let be read.
    :raises AnswersChanged: the token is not of what would be sent now; show the check page again.
    """
    return _ordering.submit_case(actor=actor, case_id=case_id, form_token=form_token)


def send_case(*, actor: Actor, case_id: UUID, form_token: str) -> None:
    """The same as :func:`submit_case` for who goes on to another page; raises as it does."""
    _ordering.send_case(actor=actor, case_id=case_id, form_token=form_token)


def signing(*, actor: Actor, case_id: UUID) -> SigningView:
    """What is to be signed and by whom; for the applicant and for those whom the answers name.

    :raises CaseUnknown:
    """
    return _signatures.view(actor=actor, case_id=case_id)


def ask_signature_code(*, actor: Actor, case_id: UUID, token: str, language: str) -> None:
    """Send a one-time code with which this person signs this application as it was seen.

    :raises CaseUnknown:
    :raises NotAllowedNow: nothing is left for them to sign.
    :raises AnswersChanged: the application is another one by now.
    """
    _signatures.ask_code(actor=actor, case_id=case_id, token=token, language=language)


def sign_case(*, actor: Actor, case_id: UUID, token: str, code: str) -> SigningView:
    """Sign by the code; the last signature sends the application.

    Raises as :func:`ask_signature_code`, and what :func:`toono.identity.api.confirm` raises of the code.
    """
    return _signatures.sign(actor=actor, case_id=case_id, token=token, code=code)


def decline_signature(*, actor: Actor, case_id: UUID, reason: str) -> None:
    """Not to sign another's application; the applicant reads why.

    :raises CaseUnknown:
    :raises ReasonMissing:
    """
    _signatures.decline(actor=actor, case_id=case_id, reason=reason)


def signature_requests(*, actor: Actor) -> list[SignatureRequestView]:
    """Applications of others that wait for this person's signature."""
    return _signatures.requests(actor=actor)


def withdraw_case(*, actor: Actor, case_id: UUID) -> CaseView:
    """Take a case back before it is decided, whatever it waits for; a draft likewise.

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


def payment(*, actor: Actor, case_id: UUID) -> PaymentView:
    """The bill of one's own case, and where it is paid.

    :raises CaseUnknown:
    :raises NotAllowedNow: nothing is to be paid.
    """
    return _fees.payment(actor=actor, case_id=case_id)


def copy_case(*, actor: Actor, case_id: UUID) -> CaseView:
    """Apply again from a copy of an ended case: a draft with the answers that still fit, and the files. Twice it is the same draft.

    :raises CaseUnknown:
    :raises NotAllowedNow: it has not ended, or its answers were removed at the end of their time.
    :raises NotForThisPerson: the person may no longer apply for this subject.
    :raises RegisterSilent: whether they may cannot be said now.
    """
    return _copies.copy_case(actor=actor, case_id=case_id)


def dispute_fact(*, actor: Actor, case_id: UUID, fact: str, field: str, text: str) -> DisputeView:
    """«This is wrong»: what the person says against a fact of their case goes to the keeper of the register. Once for each field.

    :param field: name of a field; empty: the whole fact.
    :param text: what is right, up to 1,000 characters.
    :raises CaseUnknown:
    :raises DisputeRefused: nothing was kept.
    """
    return _disputes.dispute(actor=actor, case_id=case_id, fact=fact, field=field, text=text)


def disputed_fact(*, actor: Actor, dispute_id: UUID) -> DisputedFact:
    """A dispute, for the system process that brings it to the keeper of the register. :raises NotAllowed:"""
    return _disputes.disputed_fact(actor=actor, dispute_id=dispute_id)


def read_facts(*, actor: Actor, case_id: UUID) -> CaseView:
    """Read now what the person's open case still lacks; they come back from giving their consent. A silent register changes nothing.

    :raises CaseNotFound: there is none, or it is another's.
    """
    return _facts.read_now(actor=actor, case_id=case_id)


def read_again(*, actor: Actor, case_id: UUID) -> CaseView:
    """Have the registers of a granted case read anew, because one was corrected; what differs is said on the case, and the officer is
    told. At most once in ten minutes. By the applicant, or by a system process.

    :raises CaseUnknown:
    :raises NotAllowedNow: the case is not granted.
    """
    return _rereading.read_again(actor=actor, case_id=case_id)


def track(*, code: str, address: str | None) -> TrackingView:
    """Where the case with this tracking code stands, for anybody who holds the code. Names nobody.

    :param address: network address of who asks; None is not counted.
    :raises TrackingUnknown:
    :raises TooManyTracked: too many wrong codes from this address.
    """
    return _tracking.track(code=code, address=address)


# -- messages and corrections, for both sides ----------------------------------------------------------------------


def messages(*, actor: Actor, case_id: UUID) -> list[MessageView]:
    """Messages between the applicant and the desk, oldest first; what the other side wrote counts as read from now on.

    :raises CaseUnknown: for a citizen another's, for an officer another organisation's.
    """
    return _messages.read(actor=actor, case_id=case_id)


def send_message(*, actor: Actor, case_id: UUID, text: str, key: str) -> MessageView:
    """Write to the other side of a sent case. The same ``key`` again gives the message that it already made.

    :param key: of the form: 8 to 60 letters, digits and dashes.
    :param text: up to 4,000 characters; line ends are kept.
    :raises CaseUnknown: as :func:`messages`.
    :raises MessageRefused: empty or too long; nothing was kept.
    :raises NotAllowedNow: a draft, an emptied case, or more than 30 messages in a day.
    """
    return _messages.send(actor=actor, case_id=case_id, text=text, key=key)


def ask_correction(*, actor: Actor, case_id: UUID, fields: Mapping[str, str]) -> CorrectionView:
    """An officer asks the applicant to correct answers: question code → what is wrong with it, up to 1,000 characters.

    :raises CaseUnknown, AssignedToAnother, FunctionMissing:
    :raises CorrectionRefused: no field, one that was not asked, or nothing said about it.
    :raises NotAllowedNow: the case has ended, is being corrected otherwise, or waits for a payment or a second officer.
    """
    return _corrections.ask(actor=actor, case_id=case_id, fields=fields)


def recall_correction(*, actor: Actor, case_id: UUID) -> None:
    """An officer takes the request back: the answers are as they were sent. Idempotent. :raises CaseUnknown, AssignedToAnother, FunctionMissing:"""
    _corrections.recall(actor=actor, case_id=case_id)


# -- the officer's desk ------------------------------------------------------------------------------------------


def worklist(
    *, actor: Actor, shelf: Shelf = Shelf.DESK, service: str = "", function: str = "", after: str = "", limit: int = _desk.PAGE
) -> WorkPage:
    """One page of a list of the officer's organisation, the least time left first.

    :param service, function: only cases of this service, for this function of the desk.
    :param after: ``WorkPage.after`` of the page before.
    :raises NotAllowed: the actor is no officer (any more).
    """
    return _desk.work(actor, shelf=shelf, service=service, function=function, after=after, limit=max(1, min(limit, 500)))


def officer_case(*, actor: Actor, case_id: UUID) -> OfficerCase:
    """A case on the desk: of the own organisation, or one on which another body asks its opinion. Opening it is recorded in the audit.

    :raises CaseUnknown: unknown, a draft, or another organisation's.
    """
    return _decisions.open_case(actor=actor, case_id=case_id)


def decide_case(
    *, actor: Actor, case_id: UUID, action: str, ground: str | None = None, reason: str = "", filled: Mapping[str, str] | None = None
) -> CaseView:
    """Decide, move the case on, or give the opinion that is asked. The document, if there is one, is made by the worker within seconds.

    :param action: code of one of ``officer_case(...).actions``; one with ``confirm`` is proposed to a second officer.
    :param ground: code of one of ``officer_case(...).grounds``; a refusal needs it.
    :param filled: what was typed for the action's ``asks``, by code.
    :raises CaseUnknown:
    :raises NotAllowed: the officer's appointment has ended.
    :raises AlreadyDecided:
    :raises NotAllowedNow: the workflow has no such action here, the citizen corrects, or a second officer is awaited.
    :raises AssignedToAnother, FunctionMissing: it is not this officer's work.
    :raises FactsMissing: a register has not answered yet.
    :raises GroundMissing, ReasonMissing, FilledWrong:
    """
    return _decisions.decide_case(actor=actor, case_id=case_id, action=action, ground=ground, reason=reason, filled=filled or {})


def decide_cases(*, actor: Actor, case_ids: Sequence[UUID], action: str, ground: str | None = None, reason: str = "") -> list[BulkResult]:
    """The same decision for several cases (at most 50), each by itself: what cannot be decided says why, the others stand.

    Called again with the same words, what was decided counts as done.
    """
    return _decisions.decide_cases(actor=actor, case_ids=case_ids, action=action, ground=ground, reason=reason)


def confirm_decision(*, actor: Actor, case_id: UUID) -> CaseView:
    """Confirm what a colleague proposed; it takes effect.

    :raises CaseUnknown:
    :raises AlreadyDecided, NotAllowedNow: nothing is proposed (any more).
    :raises SecondOfficerNeeded: it is the actor's own proposal.
    """
    return _decisions.confirm_decision(actor=actor, case_id=case_id)


def send_back_decision(*, actor: Actor, case_id: UUID, reason: str = "") -> None:
    """Do not confirm, with a reason; or take one's own proposal back.

    :raises CaseUnknown:
    :raises AlreadyDecided, NotAllowedNow: nothing is proposed (any more).
    :raises ReasonMissing:
    """
    _decisions.send_back(actor=actor, case_id=case_id, reason=reason)


def extend_term(*, actor: Actor, case_id: UUID, reason: str) -> None:
    """Extend the term by what the law allows: once, before it has passed. The citizen reads the reason.

    :raises CaseUnknown:
    :raises ExtensionRefused, ReasonMissing, AssignedToAnother, FunctionMissing:
    """
    _clock.extend(actor=actor, case_id=case_id, reason=reason)


def take_case(*, actor: Actor, case_id: UUID) -> None:
    """Take a case that nobody has. :raises CaseUnknown, NotAllowedNow, AssignedToAnother, FunctionMissing:"""
    _work.take(actor=actor, case_id=case_id)


def give_back_case(*, actor: Actor, case_id: UUID) -> None:
    """Leave it to whoever takes it. :raises CaseUnknown, NotAllowedNow, AssignedToAnother, FunctionMissing:"""
    _work.give_back(actor=actor, case_id=case_id)


def hand_over_case(*, actor: Actor, case_id: UUID, to: UUID) -> None:
    """Give it to a colleague. :raises CaseUnknown, NotAllowedNow, AssignedToAnother, FunctionMissing: :raises DeskRefused: no colleague."""
    _work.hand_over(actor=actor, case_id=case_id, to=to)


def open_desk(*, actor: Actor) -> None:
    """The officer begins to work at the desk of the organisation. Idempotent."""
    _work.enrol(actor)


def desk_heads(*, organisation: str) -> list[UUID]:
    """Officers who keep the desk of an organisation now, those who stand in included; every officer of it where none is named. For rooms
    above that bring them something."""
    return _rights.heads(organisation)


def desk_settings(*, actor: Actor) -> DeskSettings:
    """Members, functions, leave and rules of the officer's desk."""
    return _desk.settings(actor)


def function_label(*, code: str) -> Text:
    """A function of a desk in words."""
    return _desk.function_label(code)


def set_functions(*, actor: Actor, person_id: UUID, functions: Sequence[str]) -> None:
    """What an officer does at the desk; by its head. :raises FunctionMissing: the actor is not head. :raises DeskRefused:"""
    _members.set_functions(actor=actor, person_id=person_id, functions=functions)


def set_leave(*, actor: Actor, person_id: UUID, first: date | None, last: date | None, substitute_id: UUID | None) -> None:
    """A leave with who stands in; no ``first`` ends it. One's own, or any by the head. :raises FunctionMissing, DeskRefused:"""
    _members.set_leave(actor=actor, person_id=person_id, first=first, last=last, substitute_id=substitute_id)


def set_rules(*, actor: Actor, rules: Sequence[RuleView]) -> None:
    """To whom new cases go, in order; by the head. :raises FunctionMissing, DeskRefused:"""
    _members.set_rules(actor=actor, rules=rules)


# -- documents ---------------------------------------------------------------------------------------------------


def kept_documents() -> KeptFiles:
    """The documents, for the daily job that keeps their signatures checkable for decades."""
    return _care.KeptDocuments()


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


def reissue_document(*, actor: Actor, case_id: UUID, reason: str) -> DocumentView:
    """Make the document of a granted case anew from what the registers say now; the one before is superseded. An officer's act; audited.

    :raises CaseUnknown:
    :raises NotAllowedNow: no document is in force.
    :raises ReasonMissing:
    :raises RegisterSilent: nothing has changed.
    """
    return _issuing.reissue_document(actor=actor, case_id=case_id, reason=reason)


def document_keys() -> dict[str, object]:
    """What one needs to check a document's QR without a network: keys (RFC 7517) and names of the issuing organisations."""
    return _documents.keys(_proofs.public_key())


def verify_document(*, code: str) -> Verification:
    """Whether the document with this code is valid: ``valid``, ``expired``, ``revoked``, ``superseded`` or ``unknown``. For anybody.

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


def tell_of_expiring_drafts() -> int:
    """Tell the owners of drafts that are removed within three days; gives how many are told now."""
    return _retention.tell_of_expiring_drafts()


def remove_expired() -> int:
    """Remove files, answers and facts of ended cases whose time is over, and counted tries of tracking codes; gives of how many cases."""
    _tracking.forget_tries()
    return _retention.remove_old_attachments() + _retention.empty_old_cases()


def remind_of_corrections() -> int:
    """Remind applicants of corrections that have waited for five working days; gives how many."""
    return _corrections.remind()


def migrate_open_cases() -> int:
    """Move sent cases to a newer version of their service, where it says that they go over; gives how many."""
    return _migration.migrate_open_cases()


def resume_cases() -> int:
    """Queue the work of cases that were sent, or decided, and then forgotten (a lost worker); gives how many."""
    return _retention.resume_cases()


def watch() -> int:
    """Look at the clocks: warn officers, tell citizens whose case is late, let the law's silence speak, remind of opinions; gives how
    many cases it touched."""
    return _watching.watch()


def move_terms(*, since: date, decree: str) -> int:
    """The calendar has changed from ``since`` on: compute the end of every open term anew; gives how many moved."""
    return _watching.move_terms(since=since, decree=decree)


def on_calendar_changed(event: CalendarChanged) -> None:
    """Subscriber: queue the work of :func:`move_terms`."""
    _watching.calendar_changed(event)


def on_bill_paid(event: BillPaid) -> None:
    """The fee of a case is paid: its term starts and the work begins."""
    _fees.on_bill_paid(event)
