"""Correction of named answers instead of refusal: asked by an officer or a rule, answered by the applicant, reminded of, recalled.

The corrected answers are saved into the case as they are typed, with the former ones kept in the correction: until it is sent, the
desk reads the former ones, and a recall puts them back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from toono.kernel import audit
from toono.kernel.actor import Actor, system
from toono.kernel.calendar import add_working_time
from toono.kernel.clock import now
from toono.kernel.text import clean
from toono.services.contracts import CorrectionView
from toono.services.domain.definition import Definition, Notice, Question
from toono.services.domain.digests import digest
from toono.services.errors import AlreadySubmitted, AnswersChanged, CorrectionRefused, NotAllowedNow, NotComplete, NothingToCorrect
from toono.services.models import Case, Correction
from toono.services.operations import attachments, clock, jobs, telling
from toono.services.operations.facts import note
from toono.services.queries import answers, corrections, definitions, phases, rights
from toono.services.queries.access import desk_case

WORDS = 1000
"""Longest that may be said about one field, in characters."""
REMIND_AFTER = timedelta(hours=40)
"""Of working time: five days."""
BATCH = 500
ACTOR = system("corrections")


# -- asking ------------------------------------------------------------------------------------------------------


def ask(*, actor: Actor, case_id: UUID, fields: Mapping[str, str]) -> CorrectionView:
    """An officer asks the applicant to correct answers. Pressed twice with the same fields it is one request."""
    said = [{"question": code, "what": " ".join(clean(what).split())} for code, what in fields.items()]
    with transaction.atomic():
        case = desk_case(actor, case_id, lock=True)
        definition = definitions.definition(case.service, case.service_version)
        rights.may_work(actor, case)
        already = corrections.current(case)
        if already is not None and already.fields != said:
            raise NotAllowedNow(f"case {case.number} is being corrected")
        if already is None:
            _refuse_malformed(case, definition, said)
            _open(case, definition, said, actor=actor)
            audit.record(actor=actor, action="services.ask_correction", subject=f"case:{case.id}", questions=list(fields))
    view = corrections.view(case, definition)
    assert view is not None  # noqa: S101 - it is open
    return view


def _refuse_malformed(case: Case, definition: Definition, said: list[dict[str, str]]) -> None:
    if not case.open or case.proposed is not None or phases.waits_for_payment(case):
        raise NotAllowedNow(f"nothing of case {case.number} can be corrected now")
    asked = {question.code for question in answers.asked(case, definition)}
    if not said or any(field["question"] not in asked or not 0 < len(field["what"]) <= WORDS for field in said):
        raise CorrectionRefused(f"{[field['question'] for field in said]} for case {case.number}")


def ask_by_rule(case: Case, definition: Definition, questions: Iterable[Question]) -> None:
    """A register answered late, and questions became needed that the person was never asked. The caller holds the row's lock."""
    if corrections.current(case) is None:
        _open(case, definition, [{"question": question.code, "what": ""} for question in questions], actor=ACTOR)


def _open(case: Case, definition: Definition, fields: list[dict[str, str]], *, actor: Actor) -> None:
    at = now()
    correction = Correction.objects.create(
        case=case, asked_at=at, asked_by=actor.person_id, fields=fields, answers_before=dict(case.answers)
    )
    case.correcting_since, case.work_pending = at, False
    case.save(update_fields=["correcting_since", "work_pending"])
    note(case, "correction_asked", actor=actor, questions=[field["question"] for field in fields])
    clock.pause(case, definition, at)
    _tell(case, definition, correction)


def _tell(case: Case, definition: Definition, correction: Correction) -> None:
    labels = [question.label for code in corrections.named(correction) if (question := definition.question(code))]
    telling.applicant(
        case, definition, Notice.CORRECTION, occasion=str(correction.id),
        fields_mn="; ".join(label.mn for label in labels), fields_en="; ".join(label.en for label in labels),
    )  # fmt: skip


# -- answering ---------------------------------------------------------------------------------------------------


def answered(case: Case, codes: Iterable[str]) -> None:
    """Note that the applicant has gone through these questions. The caller holds the row's lock."""
    correction = corrections.current(case)
    if correction is not None:
        correction.answered = sorted({*correction.answered, *codes})
        correction.save(update_fields=["answered"])


def complete(case: Case, definition: Definition) -> Correction:
    """The open correction, if it can be sent.

    :raises NothingToCorrect:
    :raises NotComplete:
    """
    correction = corrections.current(case)
    if correction is None:
        raise NothingToCorrect(f"case {case.number} has no open correction")
    left = corrections.to_answer(case, definition, correction)
    missing = left[0] if left else answers.next_question(case, definition)
    if missing is not None and (left or missing.code in corrections.named(correction)):
        raise NotComplete(f"«{missing.code}» is not corrected", question=missing.code)
    return correction


def token(case: Case, definition: Definition) -> str:
    """Digest of what the check page of the correction shows."""
    correction = corrections.current(case)
    return digest([str(case.id), str(correction.id) if correction else None, answers.relevant(case, definition)])


def send(case: Case, form_token: str, *, actor: Actor) -> None:
    """The applicant sends the corrected answers: the clock goes on, and so does the work. The caller holds the row's lock.

    :raises AlreadySubmitted: the case is not being corrected.
    :raises NotComplete:
    :raises AnswersChanged: the token is not of the answers as they stand.
    """
    if case.correcting_since is None or not case.open:
        raise AlreadySubmitted(f"case {case.number} was sent with other contents")
    definition = definitions.definition(case.service, case.service_version)
    correction = complete(case, definition)
    if token(case, definition) != form_token:
        raise AnswersChanged(f"the page that was sent is not of case {case.number} as it stands")
    at, before = now(), correction.answers_before
    case.answers, case.submitted_token = answers.relevant(case, definition), form_token
    changed = [code for code in {*before, *case.answers} if before.get(code) != case.answers.get(code)]
    _close(case, correction)
    case.work_pending = True
    case.save()
    attachments.drop_unused(case)
    note(case, "corrected", actor=actor, token=form_token, questions=sorted(changed))
    clock.resume(case, definition, at)
    jobs.process(case.id)


# -- ending otherwise --------------------------------------------------------------------------------------------


def recall(*, actor: Actor, case_id: UUID) -> None:
    """The officer takes the request back: the answers are as they were sent, and the clock goes on. Twice it is once."""
    with transaction.atomic():
        case = desk_case(actor, case_id, lock=True)
        rights.may_work(actor, case)
        if corrections.current(case) is None:
            return
        definition = definitions.definition(case.service, case.service_version)
        close(case)
        case.work_pending = True
        case.save()
        note(case, "correction_recalled", actor=actor)
        clock.resume(case, definition, now())
        audit.record(actor=actor, action="services.recall_correction", subject=f"case:{case.id}")
        jobs.process(case.id)


def close(case: Case) -> None:
    """End an open correction that was not sent: by recall, or by the end of the case. The caller holds the lock and saves the case."""
    correction = corrections.current(case)
    if correction is None:
        return
    case.answers = correction.answers_before
    correction.recalled = True
    _close(case, correction)


def _close(case: Case, correction: Correction) -> None:
    correction.answered_at, case.correcting_since = now(), None
    correction.save(update_fields=["answered_at", "recalled"])


# -- reminding ---------------------------------------------------------------------------------------------------


def remind() -> int:
    """Remind, once, of corrections that have waited for five working days; gives how many. Each in its own transaction."""
    at, reminded = now(), 0
    waiting = Correction.objects.filter(answered_at__isnull=True, reminded_at__isnull=True, asked_at__lte=at - REMIND_AFTER)
    for correction_id, asked_at in waiting.order_by("asked_at").values_list("id", "asked_at")[:BATCH]:
        if add_working_time(asked_at, REMIND_AFTER) <= at:
            reminded += _remind(correction_id)
    return reminded


def _remind(correction_id: UUID) -> bool:
    with transaction.atomic():
        waiting = Correction.objects.select_for_update().filter(id=correction_id, answered_at__isnull=True, reminded_at__isnull=True)
        correction = waiting.first()
        if correction is None:
            return False
        correction.reminded_at = now()
        correction.save(update_fields=["reminded_at"])
        case = Case.objects.get(id=correction.case_id)
        definition = definitions.definition(case.service, case.service_version)
        telling.applicant_anyway(case, definition, "case_correction_reminder", occasion=f"correction-reminder:{correction.id}")
    return True
