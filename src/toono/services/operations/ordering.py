"""Ordering a service: draft, check, sending, withdrawing."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from toono.identity import api as identity
from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.kernel.ids import public_code
from toono.services import events
from toono.services.contracts import CaseView, CheckPage, Outcome, Text
from toono.services.domain import terms, workflow
from toono.services.domain.definition import Definition, Notice, StateKind
from toono.services.domain.digests import digest
from toono.services.errors import AlreadySubmitted, AnswersChanged, ChannelNotOffered, NotAllowedNow, NotComplete, SignatureMissing, Stopped
from toono.services.models import Case
from toono.services.operations import attachments, clock, corrections, desk, facts, fees, jobs, migration, signing, telling
from toono.services.operations.applicants import Representation, needs_choice, representation_of
from toono.services.operations.facts import note
from toono.services.queries import answers as _answers
from toono.services.queries import cases as _cases
from toono.services.queries import definitions, form
from toono.services.queries.access import citizen, own_case
from toono.services.queries.facts import current, read_once

ASK_AGAIN_AFTER = timedelta(minutes=1)
"""A silent register is not asked anew with every page."""
TRACKING_LENGTH = 12
"""27 letters to the twelfth: 57 bits that nobody guesses."""


# -- draft -------------------------------------------------------------------------------------------------------


def start_case(*, actor: Actor, service: str, on_behalf: str | None = None) -> CaseView:
    """The person's open draft of the service for whom they named, made if need be, with its facts."""
    person_id = citizen(actor)
    case = _open_draft(person_id, service, on_behalf) or begin(actor, service, on_behalf)
    case, definition = migration.brought_up_to_date(case, actor=actor)
    _refresh_facts(case, definition, actor=actor)
    return _cases.view(Case.objects.get(id=case.id))


def _open_draft(person_id: UUID, service: str, subject: str | None) -> Case | None:
    """The draft for this subject. Who did not say for whom goes on with their own, where the service is for oneself alone."""
    if subject is None and needs_choice(definitions.newest(service)[0]):
        return None
    found = Case.objects.filter(person_id=person_id, service=service, subject=subject or "", submitted_at__isnull=True, open=True)
    return found.first()


def begin(
    actor: Actor, service: str, subject: str | None, *, copied_from: Case | None = None, answers: dict[str, str] | None = None
) -> Case:
    """A new draft of the newest version, or the one that somebody else began for the same person and subject at the same moment."""
    definition, _ = definitions.newest(service)
    if actor.channel not in definition.channels:
        raise ChannelNotOffered(f"{service} is not given on {actor.channel}")
    person = identity.person(actor=actor, person_id=citizen(actor))
    acts_for = representation_of(definition, person, subject)
    try:
        with transaction.atomic():
            case = _row(actor, definition, acts_for, aimag_code=person.aimag_code)
            case.copied_from, case.answers = (copied_from.id if copied_from else None), answers or {}
            case.save(force_insert=True)
            note(case, "copied" if copied_from else "started", actor=actor)
    except IntegrityError:
        # The same person pressed twice: the unique index let one draft in; go on with that one.
        found = _open_draft(person.id, service, acts_for.subject)
        if found is None:
            raise
        return found
    return case


def _row(actor: Actor, definition: Definition, acts_for: Representation, *, aimag_code: str | None) -> Case:
    return Case(
        number=public_code(8), service=definition.code, service_version=definition.version, person_id=citizen(actor),
        organisation=definition.organisation, channel=actor.channel.value, aimag_code=aimag_code,
        state=workflow.draft_state(definition).name, created_at=now(), applicant=acts_for.kind.value, subject=acts_for.subject,
        subject_name=acts_for.name, subject_basis=acts_for.basis,
    )  # fmt: skip


def _refresh_facts(case: Case, definition: Definition, *, actor: Actor) -> None:
    """Ask for what is missing or too old, unless somebody has signed what stands there: a new reading would void the signatures."""
    due = case.facts_tried_at is None or case.facts_tried_at < now() - ASK_AGAIN_AFTER
    if due and not (signing.required(case, definition) and signing.begun(case, definition, token(case, definition))):
        facts.read_needed(case, definition, actor=actor)


def resume_draft(*, actor: Actor, case_id: UUID) -> CaseView:
    """One's case, opened again: a draft goes over to a newer version of its service where that says so."""
    case = own_case(actor, case_id)
    if case.submitted_at is None and case.open:
        case, definition = migration.brought_up_to_date(case, actor=actor)
        _refresh_facts(case, definition, actor=actor)
        case = Case.objects.get(id=case.id)
    return _cases.view(case)


def _draft(actor: Actor, case_id: UUID, *, lock: bool = False) -> tuple[Case, Definition]:
    """A draft, or a sent case that its applicant is asked to correct."""
    case = own_case(actor, case_id, lock=lock)
    definition = definitions.definition(case.service, case.service_version)
    if case.correcting_since is not None and case.open:
        return case, definition
    if case.submitted_at is not None or definition.workflow.state(case.state).kind is not StateKind.DRAFT:
        raise AlreadySubmitted(f"case {case.number} is {case.state}")
    return case, definition


# -- check and send ----------------------------------------------------------------------------------------------


def check(*, actor: Actor, case_id: UUID) -> CheckPage:
    """Everything that would be sent."""
    case, definition = _draft(actor, case_id)
    if case.submitted_at is not None:
        corrections.complete(case, definition)
        return _page_of(case, definition, what_next=_AFTER_CORRECTION, form_token=corrections.token(case, definition))
    _complete(case, definition)
    if not signing.begun(case, definition, token(case, definition)):
        _refresh_facts(case, definition, actor=actor)
    due = terms.due_at(definition.term, now(), form.values(case, definition))
    return _page_of(case, definition, what_next=_what_next(case, definition), form_token=token(case, definition), due=due)


_AFTER_CORRECTION = Text(
    mn="Засвараа илгээмэгц хүсэлтийг үргэлжлүүлэн шийднэ. Бусад хариулт тань хэвээр үлдэнэ.",
    en="Work goes on as soon as you send the corrections. Your other answers stay as they are.",
)


def _page_of(case: Case, definition: Definition, *, what_next: Text, form_token: str, due: datetime | None = None) -> CheckPage:
    seen = _cases.view(case)
    return CheckPage(
        case=seen, declaration=definition.declaration, button=definition.button, what_next=what_next,
        due_if_sent_now=due or case.due_at or now(), fee=fees.due(case, definition), form_token=form_token,
        sections=form.sections(definition, seen.answers),
    )  # fmt: skip


def _what_next(case: Case, definition: Definition) -> Text:
    if fees.due(case, definition).amount_mungu:
        return Text(
            mn="Илгээсний дараа төлбөрөө төлнө. Төлсөн цагаас хугацаа тоологдоно.",
            en="You pay after sending. The term counts from the payment.",
        )
    if workflow.is_automatic(definition):
        return Text(
            mn="Илгээмэгц дүрмээр шийдэж, баримтыг нэг минутын дотор бэлэн болгоно.",
            en="It is decided by rule as soon as you send it; the document is ready within a minute.",
        )
    words = terms.in_words(terms.due_at(definition.term, now(), form.values(case, definition)))
    return Text(mn=f"Мэргэжилтэн {words.mn} гэхэд шийдэж, танд мэдэгдэнэ.", en=f"An officer decides by {words.en} and you are told.")


def _complete(case: Case, definition: Definition) -> None:
    """Whether it could be sent.

    :raises Stopped:
    :raises NotComplete:
    """
    stopped = form.stop(case, definition)
    if stopped is not None:
        raise Stopped(f"«{stopped.code}» holds for case {case.number}")
    missing = _answers.next_question(case, definition)
    if missing is not None:
        raise NotComplete(f"«{missing.code}» is not answered", question=missing.code)


def token(case: Case, definition: Definition) -> str:
    """Digest of what the check page shows: for whom, the relevant answers, the fee, and each fact as it was read, or that it is pending."""
    seen = {name: str(fact.id) for name, fact in current(case).items()}
    fee = fees.due(case, definition).amount_mungu
    return digest([str(case.id), definition.version, case.subject, _answers.relevant(case, definition), seen, fee])


def submit_case(*, actor: Actor, case_id: UUID, form_token: str) -> CaseView:
    """Send it, and show it as it stands then."""
    send_case(actor=actor, case_id=case_id, form_token=form_token)
    return _cases.case(actor=actor, case_id=case_id)


def send_case(*, actor: Actor, case_id: UUID, form_token: str) -> None:
    """Send it: state, term, log, event, message and job commit together or not at all.

    The row's lock lets the same order, posted many times at once, through once; the others find it sent, with their own token.
    """
    with transaction.atomic(), read_once():
        case = own_case(actor, case_id, lock=True)
        if case.submitted_at is None:
            send(case, actor, form_token)
        elif case.submitted_token != form_token:
            corrections.send(case, form_token, actor=actor)


def send(case: Case, actor: Actor, form_token: str) -> None:
    """Send a draft. The caller holds the row's lock."""
    definition = definitions.definition(case.service, case.service_version)
    if not case.open:
        raise NotAllowedNow(f"draft {case.number} was withdrawn")
    _complete(case, definition)
    if token(case, definition) != form_token:
        raise AnswersChanged(f"the page that was sent is not of case {case.number} as it stands")
    facts.check_consents(case, definition)
    if not signing.complete(case, definition, form_token):
        raise SignatureMissing(f"case {case.number} is not signed by all who must sign")
    step = workflow.citizen_step(definition, case.state, sends=True)
    at = now()
    case.state, case.answers = step.to.name, _answers.relevant(case, definition)
    case.submitted_at, case.submitted_token, case.channel = at, form_token, actor.channel.value
    fee = fees.due(case, definition)
    case.fee_mungu, case.tracking_code, case.work_pending = fee.amount_mungu, public_code(TRACKING_LENGTH), True
    case.save()
    attachments.drop_unused(case)
    note(case, "submitted", actor=actor, token=form_token)
    if case.fee_mungu:
        fees.open_bill(case, definition)
        telling.applicant(case, definition, Notice.PAYMENT, fee=fee.text)
    else:
        clock.start(case, definition, at)
        telling.applicant(case, definition, Notice.RECEIVED, due=telling.due_in_short(case))
    telling.rooms(events.CaseSubmitted, case)
    jobs.process(case.id)


def withdraw_case(*, actor: Actor, case_id: UUID) -> CaseView:
    """Take it back: a draft, or a sent case that is not decided, whatever it waits for."""
    with transaction.atomic():
        case = own_case(actor, case_id, lock=True)
        definition = definitions.definition(case.service, case.service_version)
        if not case.open:
            raise NotAllowedNow(f"case {case.number} is decided or withdrawn")
        end(case, definition, Outcome.WITHDRAWN)
        note(case, "withdrawn", actor=actor)
        if case.submitted_at is not None:
            telling.rooms(events.CaseWithdrawn, case)
    return _cases.view(case)


def end(case: Case, definition: Definition, outcome: Outcome) -> None:
    """End an open case without a decision. Withdrawn, it goes to the definition's state of that kind, where there is one; a case that
    lapsed keeps the state in which it was. The caller holds the row's lock."""
    corrections.close(case)
    fees.close_bill(case)
    withdrawn = next((state for state in definition.workflow.states if state.kind is StateKind.WITHDRAWN), None)
    if outcome is Outcome.WITHDRAWN and withdrawn is not None:
        case.state = withdrawn.name
    case.open, case.outcome, case.waiting_since, case.work_pending = False, outcome.value, None, False
    case.proposed = None
    desk.place(case, definition, now())
    case.save()
