"""Ordering a service: draft, answers, check, sending, withdrawing."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from toono.identity import api as identity
from toono.kernel.actor import Actor
from toono.kernel.clock import local, now
from toono.kernel.ids import public_code
from toono.services import events
from toono.services.contracts import CaseView, CheckPage, Outcome, QuestionPage, Text
from toono.services.domain import answers, terms, workflow
from toono.services.domain.definition import Definition, Notice, Question, StateKind
from toono.services.domain.digests import digest
from toono.services.errors import AlreadySubmitted, AnswersChanged, ChannelNotOffered, NotAllowedNow, NotComplete, QuestionUnknown
from toono.services.models import Case
from toono.services.operations import facts, jobs, telling
from toono.services.operations.facts import note
from toono.services.queries import cases as _cases
from toono.services.queries import definitions
from toono.services.queries.access import citizen, own_case
from toono.services.queries.facts import current

ASK_AGAIN_AFTER = timedelta(minutes=1)
"""A silent register is not asked anew with every page."""


# -- draft -------------------------------------------------------------------------------------------------------


def start_case(*, actor: Actor, service: str) -> CaseView:
    """The person's open draft of the service, made if need be, with its facts."""
    person_id = citizen(actor)
    case = _open_draft(person_id, service)
    if case is None:
        case = _begin(actor, person_id, service)
    definition = definitions.definition(case.service, case.service_version)
    _refresh_facts(case, definition, actor=actor)
    return _cases.view(Case.objects.get(id=case.id))


def _open_draft(person_id: UUID, service: str) -> Case | None:
    return Case.objects.filter(person_id=person_id, service=service, submitted_at__isnull=True, open=True).first()


def _begin(actor: Actor, person_id: UUID, service: str) -> Case:
    definition, _ = definitions.newest(service)
    if actor.channel not in definition.channels:
        raise ChannelNotOffered(f"{service} is not given on {actor.channel}")
    person = identity.person(actor=actor, person_id=person_id)
    try:
        with transaction.atomic():
            case = Case.objects.create(
                number=public_code(8),
                service=definition.code,
                service_version=definition.version,
                person_id=person_id,
                organisation=definition.organisation,
                channel=actor.channel.value,
                aimag_code=person.aimag_code,
                state=workflow.draft_state(definition).name,
                created_at=now(),
            )
            note(case, "started", actor=actor)
    except IntegrityError:
        # The same person pressed twice: the unique index let one draft in; go on with that one.
        found = _open_draft(person_id, service)
        if found is None:
            raise
        return found
    return case


def _refresh_facts(case: Case, definition: Definition, *, actor: Actor) -> None:
    if case.facts_tried_at is None or case.facts_tried_at < now() - ASK_AGAIN_AFTER:
        facts.read_needed(case, definition, actor=actor)


def _draft(actor: Actor, case_id: UUID, *, lock: bool = False) -> tuple[Case, Definition]:
    case = own_case(actor, case_id, lock=lock)
    definition = definitions.definition(case.service, case.service_version)
    if case.submitted_at is not None or definition.workflow.state(case.state).kind is not StateKind.DRAFT:
        raise AlreadySubmitted(f"case {case.number} is {case.state}")
    return case, definition


# -- questions ---------------------------------------------------------------------------------------------------


def question(*, actor: Actor, case_id: UUID, question: str, from_check: bool) -> QuestionPage:
    """The page of a question with the saved answer."""
    case, definition = _draft(actor, case_id)
    asked = _asked(definition, case, question)
    return _page(case, definition, asked, value=case.answers.get(question, ""), error=None, from_check=from_check)


def answer(*, actor: Actor, case_id: UUID, question: str, value: str, from_check: bool) -> QuestionPage | CaseView:
    """Save an answer, or give the page back with what is wrong."""
    with transaction.atomic():
        case, definition = _draft(actor, case_id, lock=True)
        asked = _asked(definition, case, question)
        try:
            kept = answers.read(asked, value, local(now()).date())
        except answers.Unacceptable as error:
            return _page(case, definition, asked, value=value[:4000], error=error.text, from_check=from_check)
        case.answers[question] = kept
        case.save(update_fields=["answers"])
    return _cases.view(case)


def _asked(definition: Definition, case: Case, code: str) -> Question:
    found = next((q for q in answers.asked(definition, case.answers) if q.code == code), None)
    if found is None:
        raise QuestionUnknown(f"{definition.code} does not ask «{code}» here")
    return found


def _page(case: Case, definition: Definition, asked: Question, *, value: str, error: Text | None, from_check: bool) -> QuestionPage:
    way = [q.code for q in answers.asked(definition, case.answers)]
    position = way.index(asked.code)
    return QuestionPage(
        case_id=case.id,
        service=case.service,
        service_name=definition.name,
        code=asked.code,
        kind=asked.kind,
        label=asked.label,
        hint=asked.hint,
        unit=asked.unit,
        options=answers.options(asked),
        optional=asked.optional,
        max_length=asked.max_length,
        value=value,
        error=error,
        position=position + 1,
        total=len(way),
        previous=way[position - 1] if position else None,
        from_check=from_check,
    )


# -- check and send ----------------------------------------------------------------------------------------------


def check(*, actor: Actor, case_id: UUID) -> CheckPage:
    """Everything that would be sent."""
    case, definition = _draft(actor, case_id)
    _complete(case, definition)
    _refresh_facts(case, definition, actor=actor)
    due = terms.due_at(definition.term, now())
    words = terms.in_words(due)
    by_rule = workflow.is_automatic(definition)
    return CheckPage(
        case=_cases.view(case),
        declaration=definition.declaration,
        button=definition.button,
        what_next=Text(
            mn="Илгээмэгц дүрмээр шийдэж, баримтыг нэг минутын дотор бэлэн болгоно." if by_rule else f"Мэргэжилтэн {words.mn} гэхэд шийдэж, танд мэдэгдэнэ.",
            en="It is decided by rule as soon as you send it; the document is ready within a minute." if by_rule else f"An officer decides by {words.en} and you are told.",
        ),
        due_if_sent_now=due,
        fee=definition.fee,
        form_token=_token(case, definition),
    )  # fmt: skip


def _complete(case: Case, definition: Definition) -> None:
    missing = answers.next_question(definition, case.answers, local(now()).date())
    if missing is not None:
        raise NotComplete(f"«{missing.code}» is not answered", question=missing.code)


def _token(case: Case, definition: Definition) -> str:
    """Digest of what the check page shows: the relevant answers, and each fact as it was read, or that it is pending."""
    seen = {name: str(fact.id) for name, fact in current(case).items()}
    return digest([str(case.id), definition.version, answers.relevant(definition, case.answers), seen])


def submit_case(*, actor: Actor, case_id: UUID, form_token: str) -> CaseView:
    """Send it: state, term, log, event, message and job commit together or not at all.

    The row's lock lets the same order, posted many times at once, through once; the others find it sent, with their own token.
    """
    with transaction.atomic():
        case = own_case(actor, case_id, lock=True)
        if case.submitted_at is None:
            _send(case, actor, form_token)
        elif case.submitted_token != form_token:
            raise AlreadySubmitted(f"case {case.number} was sent with other contents")
    return _cases.view(case)


def _send(case: Case, actor: Actor, form_token: str) -> None:
    definition = definitions.definition(case.service, case.service_version)
    if not case.open:
        raise NotAllowedNow(f"draft {case.number} was withdrawn")
    _complete(case, definition)
    if _token(case, definition) != form_token:
        raise AnswersChanged(f"the page that was sent is not of case {case.number} as it stands")
    step = workflow.citizen_step(definition, case.state, sends=True)
    at = now()
    case.state, case.answers = step.to.name, answers.relevant(definition, case.answers)
    case.submitted_at, case.submitted_token, case.due_at, case.work_pending = at, form_token, terms.due_at(definition.term, at), True
    case.channel = actor.channel.value
    case.save()
    note(case, "submitted", actor=actor, token=form_token)
    telling.rooms(events.CaseSubmitted, case)
    telling.applicant(case, definition, Notice.RECEIVED, due=telling.due_in_short(case))
    jobs.process(case.id)


def withdraw_case(*, actor: Actor, case_id: UUID) -> CaseView:
    """Take it back, if the workflow still allows."""
    with transaction.atomic():
        case = own_case(actor, case_id, lock=True)
        definition = definitions.definition(case.service, case.service_version)
        step = workflow.citizen_step(definition, case.state, sends=False)
        case.state, case.open, case.outcome, case.waiting_since, case.work_pending = (
            step.to.name,
            False,
            Outcome.WITHDRAWN.value,
            None,
            False,
        )
        case.save()
        note(case, "withdrawn", actor=actor)
        if case.submitted_at is not None:
            telling.rooms(events.CaseWithdrawn, case)
    return _cases.view(case)
