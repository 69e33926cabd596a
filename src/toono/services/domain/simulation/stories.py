"""Telling the stories of ``tests.yaml``: each step done to a simulated case, each expectation compared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from toono.kernel.clock import ULAANBAATAR, local
from toono.services.contracts import Applicant
from toono.services.domain import workflow
from toono.services.domain.coverage import Coverage
from toono.services.domain.definition import Definition, Meanings
from toono.services.domain.personas import Personas
from toono.services.domain.rows import Row
from toono.services.domain.simulation.case import SimulatedCase
from toono.services.domain.simulation.errors import StepFailed
from toono.services.domain.simulation.world import World
from toono.services.domain.trials import Answers, Expect, Step, Trial
from toono.services.errors import ConditionError, NotAllowedNow

BEGINS = datetime(2026, 3, 2, 10, 0, tzinfo=ULAANBAATAR)
"""When a story begins that does not say when: the Monday after the day for which ``personas.yaml`` was written. A fixed day, for ages,
validities and holidays differ from day to day, and a story that was true must stay so."""


def opened(definition: Definition, world: World, applicant: Applicant, now: datetime) -> SimulatedCase:
    """A draft that the persona of ``world`` opens.

    :raises StepFailed: the service is not for this applicant, or the registers name no such subject.
    """
    if applicant not in definition.applicants:
        raise StepFailed(f"the service is for {', '.join(definition.applicants)}, not for {applicant}")
    state = workflow.draft_state(definition).name
    case = SimulatedCase(definition, world, now, applicant, _subject(world, applicant), state)
    return case


def _subject(world: World, applicant: Applicant) -> str:
    found = {Applicant.CHILD: world.children, Applicant.LEGAL_ENTITY: world.entities}.get(applicant)
    if found is None:
        return ""
    subjects = found()
    if not subjects:
        raise StepFailed(f"the registers name no {applicant} for whom «{world.persona.code}» may act")
    return subjects[0]


def play(trial: Trial, definition: Definition, meanings: Meanings, cast: Personas) -> tuple[str, str, Coverage]:
    """Tell the story. Gives where it failed and why (both empty where it did not), and what it reached."""
    where = "persona"
    coverage = Coverage()
    try:
        persona = cast.find(trial.persona)
        if persona is None:
            raise StepFailed(f"no persona is called «{trial.persona}»; there are {', '.join(one.code for one in cast.personas)}")
        where = "applicant"
        now = datetime.fromisoformat(trial.now).replace(tzinfo=ULAANBAATAR) if trial.now else BEGINS
        case = opened(definition, World(persona, cast, meanings), trial.applicant, now)
        case.coverage = coverage
        where = "registers"
        case.world.lay(case.named(trial.registers))
        case.start()
        for position, step in enumerate(trial.steps):
            where = f"steps.{position}.{step.word}"
            _STEPS[step.word](case, step)
    except (StepFailed, ConditionError, NotAllowedNow) as error:
        return where, f"{error}", coverage
    return "", "", coverage


# -- steps -------------------------------------------------------------------------------------------------------


def _answers(case: SimulatedCase, step: Step) -> None:
    _answer_all(case, step.answers or {})


def _answer_all(case: SimulatedCase, answers: Answers) -> None:
    for code, typed in answers.items():
        case.answer(code, typed)
    if case.correcting:
        case.corrected()


def _unacceptable(case: SimulatedCase, step: Step) -> None:
    for code, typed in (step.unacceptable or {}).items():
        case.refuse_answer(code, typed)


def _stopped(case: SimulatedCase, step: Step) -> None:
    if case.sent:
        raise StepFailed("a stop is looked at before sending; the case was sent")
    holding = case.stops()
    if step.stopped not in holding:
        raise StepFailed(f"the stop «{step.stopped}» does not hold; {', '.join(f'«{code}»' for code in holding) or 'none'} does")
    case.coverage.see("stops", step.stopped)


def _send(case: SimulatedCase, step: Step) -> None:
    case.send()


def _pay(case: SimulatedCase, step: Step) -> None:
    case.pay()


def _registers(case: SimulatedCase, step: Step) -> None:
    case.registers(step.registers or {})


def _wait(case: SimulatedCase, step: Step) -> None:
    if step.wait is not None:
        case.wait(step.wait)


def _act(case: SimulatedCase, step: Step) -> None:
    act = step.act
    if act is not None:
        case.act(act.by, act.action, ground=act.ground, reason=act.reason, fill=act.fill, confirm=act.confirm)


def _correct(case: SimulatedCase, step: Step) -> None:
    correct = step.correct
    if correct is None:
        return
    case.ask_to_correct(tuple(correct.fields))
    if correct.after is not None:
        case.wait(correct.after)
    if correct.answers is None:
        return
    forgotten = [code for code in correct.fields if code not in correct.answers]
    if forgotten:
        raise StepFailed(f"«{forgotten[0]}» is to be corrected and has no new answer; write it in `answers`")
    _answer_all(case, correct.answers)


def _expect(case: SimulatedCase, step: Step) -> None:
    expect = step.expect
    if expect is not None:
        for name in Expect.model_fields:
            wanted = getattr(expect, name)
            if name in expect.model_fields_set:
                _EXPECTED[name](case, name, wanted)


_STEPS: dict[str, Callable[[SimulatedCase, Step], None]] = {
    "answers": _answers, "unacceptable": _unacceptable, "stopped": _stopped, "send": _send, "pay": _pay, "registers": _registers,
    "wait": _wait, "act": _act, "correct": _correct, "expect": _expect,
}  # fmt: skip


# -- expectations ------------------------------------------------------------------------------------------------


def _same(name: str, wanted: Any, was: Any) -> None:
    if wanted != was:
        raise StepFailed(f"expected {name} {_words(wanted)}, was {_words(was)}")


def _words(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(str(one) for one in value)}]"
    return "nothing" if value is None else f"«{value}»"


def _plainly(case: SimulatedCase, name: str, wanted: Any) -> None:
    _same(name, wanted, getattr(case, name))


def _asked(case: SimulatedCase, name: str, wanted: Any) -> None:
    _same(name, wanted, tuple(question.code for question in case.way()))


def _pending(case: SimulatedCase, name: str, wanted: Any) -> None:
    _same(name, tuple(sorted(wanted)), tuple(sorted(case.pending)))


def _due(case: SimulatedCase, name: str, wanted: Any) -> None:
    _same(name, wanted, f"{local(case.clock.due_at):%Y-%m-%dT%H:%M}" if case.clock and not case.clock.paused_at else None)


def _fee(case: SimulatedCase, name: str, wanted: Any) -> None:
    _same(name, wanted, None if case.fee_mungu is None else case.fee_mungu // 100)


def _told(case: SimulatedCase, name: str, wanted: Any) -> None:
    rest = iter(case.told)
    if not all(notice in rest for notice in wanted):
        raise StepFailed(f"expected that the applicant was told {_words(wanted)}, in this order; was told {_words(tuple(case.told))}")


def _document(case: SimulatedCase, name: str, wanted: Any) -> None:
    if case.document is None:
        raise StepFailed("expected a document; none was issued")
    for row_name, text in wanted.items():
        row = next((one for one in case.document if row_name in {one.name, one.label.mn, one.label.en}), None)
        if text == "":
            if row is not None:
                raise StepFailed(f"expected no row «{row_name}» on the document; there is one")
            continue
        if row is None:
            raise StepFailed(f"the document has no row «{row_name}»; it has {', '.join(one.name for one in case.document)}")
        _row(row, row_name, text)


def _row(row: Row, name: str, text: str | int) -> None:
    if row.value is not None:
        _same(f"on the document in «{name}»", str(text), row.value.mn)
    elif isinstance(text, int):
        _same(f"number of lines of «{name}»", text, len(row.lines))
    elif text not in {cell.mn for line in row.lines for cell in line}:
        raise StepFailed(f"no cell of «{name}» reads «{text}»")


_EXPECTED: dict[str, Callable[[SimulatedCase, str, Any], None]] = {
    "state": _plainly, "phase": _plainly, "outcome": _plainly, "ground": _plainly, "late": _plainly, "asked": _asked, "pending": _pending,
    "due": _due, "fee": _fee, "document": _document, "told": _told,
}  # fmt: skip
