"""One case on its way, in memory: what the person, the officers, the registers and the clock do to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from toono.kernel.calendar import add_working_time
from toono.kernel.clock import local
from toono.services.contracts import Applicant, Option, Outcome, Phase
from toono.services.domain import answers as _answers
from toono.services.domain import terms, workflow
from toono.services.domain.answers import Unacceptable
from toono.services.domain.contents import Content, values
from toono.services.domain.coverage import USUAL, Coverage, rule_name
from toono.services.domain.definition import (
    By,
    Definition,
    FactUse,
    Meaning,
    MeaningSubject,
    Notice,
    Question,
    StateKind,
)
from toono.services.domain.kinds.choices import of_items
from toono.services.domain.representation import PARTICULARS
from toono.services.domain.rows import Row, rows
from toono.services.domain.simulation import form
from toono.services.domain.simulation.conditions import remembered
from toono.services.domain.simulation.errors import StepFailed
from toono.services.domain.simulation.world import Silent, World
from toono.services.domain.terms import Clock, ClockEvent, ClockKind, Length
from toono.services.domain.trials import Overlay, Wait
from toono.services.domain.workflow import Transition
from toono.services.errors import GroundMissing, ReasonMissing

T = TypeVar("T")

NOT_APPLICABLE = "–"
"""Key of a fact that is not read now; no subject has it, so that the fact is read as soon as it applies."""


@dataclass
class Reading:
    """A fact that was read: about whom, when, what."""

    key: str
    at: datetime
    content: Content | None


@dataclass
class SimulatedCase:
    """A case of ``definition`` by the persona of ``world``."""

    definition: Definition
    world: World
    now: datetime
    applicant: Applicant
    subject: str
    """Civil id of the child, register number of the legal entity; empty for the person."""
    state: str
    coverage: Coverage = field(default_factory=Coverage)
    answers: dict[str, str] = field(default_factory=dict)
    filled: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Reading] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    told: list[Notice] = field(default_factory=list)
    sent: bool = False
    paid: bool = False
    fee_mungu: int | None = None
    length: Length | None = None
    ticks: list[ClockEvent] = field(default_factory=list)
    """What happened to the clock; nothing before it was started."""
    correcting: tuple[str, ...] = ()
    """Questions that the citizen is asked to correct."""
    outcome: Outcome | None = None
    ground: str | None = None
    document: tuple[Row, ...] | None = None
    memory: dict[str, tuple[Any, list[Any]]] = field(default_factory=dict, repr=False)

    # -- reading ---------------------------------------------------------------------------------------------

    @property
    def today(self) -> date:
        return local(self.now).date()

    @property
    def open(self) -> bool:
        return self.outcome is None

    @property
    def kind(self) -> StateKind:
        return self.definition.workflow.state(self.state).kind

    @property
    def clock(self) -> Clock | None:
        """Where the clock stands; None before it was started."""
        return terms.run(self.definition.term, self.length, self.ticks) if self.length else None

    @property
    def late(self) -> bool:
        """Open, running, and past its moment."""
        clock = self.clock
        return self.open and clock is not None and clock.paused_at is None and self.now > clock.due_at

    @property
    def phase(self) -> Phase:
        """As the citizen sees it."""
        standing = Phase.WAITING_FOR_PAYMENT if self.owes else Phase.CORRECTION if self.correcting else None
        if self.outcome is Outcome.LAPSED:
            standing = Phase.LAPSED
        return workflow.phase(self.definition, self.state, waiting=bool(self.pending), standing=standing if self.sent else None)

    @property
    def owes(self) -> bool:
        """Whether the fee is still to be paid."""
        return self.sent and bool(self.fee_mungu) and not self.paid

    @property
    def known(self) -> dict[str, dict[str, Any]]:
        """Facts as conditions read them: one that is pending is missing, one of which nothing is held is empty."""
        return {name: values(one.content or Content()) for name, one in self.facts.items()}

    def holds(self, expression: str) -> bool:
        """Whether a condition holds now."""
        return remembered(expression, self.values)

    @property
    def values(self) -> dict[str, dict[str, Any]]:
        """As conditions read the case."""
        return {"answers": _answers.typed(self.definition, self.answers), "facts": self.known}

    def way(self) -> list[Question]:
        """The questions that this person is asked with the answers so far: as :func:`answers.asked`, with remembered conditions."""
        return list(self._remembered("way", self._way))

    def _way(self) -> list[Question]:
        way: list[Question] = []
        seen: dict[str, Any] = {}
        known = self.known
        for question in self.definition.questions:
            if question.when is None or remembered(question.when, {"answers": seen, "facts": known}):
                way.append(question)
                seen |= _answers.typed([question], self.answers)
        return way

    def next_question(self) -> Question | None:
        """The first asked question without an answer."""
        return next((q for q in self.way() if q.code not in self.answers), None)

    def stops(self) -> list[str]:
        """Codes of the stops that hold."""
        return list(self._remembered("stops", lambda: [stop.code for stop in self.definition.stops if self.holds(stop.when)]))

    def _remembered(self, what: str, compute: Callable[[], list[T]]) -> list[T]:
        """Computed once for the same answers and readings: conditions are most of a walk's time."""
        now = (tuple(self.answers.items()), tuple(self.facts.items()))
        if what not in self.memory or self.memory[what][0] != now:
            self.memory[what] = (now, compute())
        found: list[T] = self.memory[what][1]
        return found

    # -- facts -----------------------------------------------------------------------------------------------

    def read_facts(self, *, renew: bool = False) -> None:
        """Read what is needed and was not read, about another, or (``renew``) longer ago than allowed."""
        for use in self.definition.facts:
            key = self._key(use)
            if key is None or (use.when is not None and not self.holds(use.when)):
                self.pending.discard(use.name)
                self.facts[use.name] = Reading(NOT_APPLICABLE, self.now, None)
                continue
            have = self.facts.get(use.name)
            old = have is not None and renew and have.at < self.now - timedelta(hours=use.fresh_hours)
            if have is None or have.key != key or old:
                self._read(use, key)

    def meaning(self, use: FactUse) -> Meaning:
        """What the fact means."""
        meaning = self.world.meanings.find(use.meaning)
        if meaning is None:
            raise StepFailed(f"no register gives «{use.meaning}»; see meanings.yaml")
        return meaning

    def _read(self, use: FactUse, key: str) -> None:
        try:
            found = self.world.read(self.meaning(use), key)
        except Silent:
            self.facts.pop(use.name, None)
            self.pending.add(use.name)
            return
        self.pending.discard(use.name)
        self.facts[use.name] = Reading(key, self.now, found)

    def _key(self, use: FactUse) -> str | None:
        """About whom or what the fact is; empty for the person; None where there is no such."""
        if use.of is not None:
            return self.answers.get(use.of) or None
        if self.meaning(use).subject is MeaningSubject.LEGAL_ENTITY:
            return self.subject if self.applicant is Applicant.LEGAL_ENTITY else None
        return self.subject if self.applicant is Applicant.CHILD else ""

    # -- the citizen -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the draft."""
        self.coverage.see("states", self.state)
        self.read_facts()

    def choices(self, code: str) -> tuple[Option, ...] | None:
        """What a question chooses among; None while the register is silent."""
        question = self.definition.question(code)
        use = next((one for one in self.definition.facts if question and one.name == question.chosen_from), None)
        if use is None or use.name not in self.facts:
            return None
        content = self.facts[use.name].content
        return of_items(self.meaning(use), content.items) if content else ()

    def read_answer(self, question: Question, said: object) -> str:
        """The kept form of what was typed.

        :raises Unacceptable:
        """
        typed = form.typed(question, said, self.world.cast, self.choices)
        return _answers.read(question, typed, self.today, form.outside(self.choices))

    def answer(self, code: str, typed: object) -> None:
        """Answer the next question, or one before it again; optional ones on the way are passed over."""
        question = self._asked(code)
        stops = [] if self.sent else self.stops()
        if stops:
            raise StepFailed(f"the stop «{stops[0]}» holds before «{code}» is answered")
        try:
            kept = self.read_answer(question, typed)
        except Unacceptable as refused:
            raise StepFailed(f"«{code}» does not accept «{typed}»: {refused.text.en}") from refused
        self.answers[code] = kept
        self.coverage.see("questions" if kept else "passed_over", code)
        self.read_facts()

    def _asked(self, code: str) -> Question:
        """The question, after passing over the optional ones before it."""
        while True:
            way = self.way()
            question = next((q for q in way if q.code == code), None)
            if self.correcting:
                allowed = {*self.correcting, *(q.code for q in way if q.code not in self.answers)}
                if question is None or code not in allowed:
                    raise StepFailed(f"only {_list(sorted(allowed))} is to be corrected, not «{code}»")
                return question
            waiting = next((q for q in way if q.code not in self.answers), None)
            if question is not None and (code in self.answers or waiting == question):
                return question
            if waiting is None or not waiting.optional or code not in {q.code for q in self.definition.questions}:
                there = f"«{waiting.code}»" if waiting else "no question"
                raise StepFailed(f"«{code}» is not asked here; {there} is")
            self.answers[waiting.code] = ""
            self.coverage.see("passed_over", waiting.code)

    def refuse_answer(self, code: str, typed: object) -> None:
        """What was typed must be refused."""
        question = next((one for one in self.way() if one.code == code), None)
        if question is None:
            raise StepFailed(f"«{code}» is not asked of this person")
        try:
            kept = self.read_answer(question, typed)
        except Unacceptable:
            return
        raise StepFailed(f"«{code}» accepts «{typed}» (as «{kept}»), though it should not")

    def send(self) -> None:
        """The check page, the signatures, sending."""
        if self.sent:
            raise StepFailed("the case was sent before")
        self._pass_over_the_rest()
        stops = self.stops()
        if stops:
            raise StepFailed(f"the stop «{stops[0]}» holds, so that nothing can be sent")
        waiting = self.next_question()
        if waiting is not None:
            raise StepFailed(f"«{waiting.code}» has no answer yet")
        self.answers = {q.code: self.answers[q.code] for q in self.way()}
        step = workflow.citizen_step(self.definition, self.state, sends=True)
        self.sent = True
        self.coverage.see("actions", step.action.code)
        self._enter(step.to.name)
        self.tell(Notice.RECEIVED)
        self.fee_mungu = self._fee()
        if self.owes:
            self.tell(Notice.PAYMENT)
        else:
            self._begin()

    def _pass_over_the_rest(self) -> None:
        while (question := self.next_question()) is not None and question.optional:
            self.answers[question.code] = ""
            self.coverage.see("passed_over", question.code)

    def _fee(self) -> int:
        for position, rule in enumerate(self.definition.fees):
            if self.holds(rule.when):
                self.coverage.see("fees", rule_name(position))
                return rule.fee.amount_mungu
        self.coverage.see("fees", USUAL)
        return self.definition.fee.amount_mungu

    def pay(self) -> None:
        """The fee is paid."""
        if not self.owes:
            raise StepFailed("there is nothing to pay")
        self.paid = True
        self._begin()

    def _begin(self) -> None:
        branch = terms.branch_of(self.definition.term, self.values)
        self.coverage.see("terms", USUAL if branch is None else rule_name(branch))
        self.length = terms.length(self.definition.term, self.values)
        self.ticks = [ClockEvent(ClockKind.STARTED, self.now)]
        self.work()

    # -- the platform ----------------------------------------------------------------------------------------

    def work(self) -> None:
        """What the worker does: read facts, ask for what they made needed, decide by rule."""
        while self.open and self.sent and not self.owes and not self.correcting:
            before = self.state
            self._renew()
            if not self.open:
                return
            if self.pending and Notice.WAITING not in self.told:
                self.tell(Notice.WAITING)
            missing = tuple(q.code for q in self.way() if q.code not in self.answers and not q.optional)
            if missing:
                self.ask_to_correct(missing)
                return
            if self.kind is StateKind.WORKING and not self.pending:
                self._decide_by_rule()
            if self.state == before:
                return

    def _renew(self) -> None:
        self.read_facts(renew=True)
        for use in self.definition.facts:
            reading = self.facts.get(use.name)
            if (
                use.meaning == PARTICULARS
                and use.of is None
                and reading
                and reading.content
                and reading.content.fields.get("alive") is False
            ):
                self.outcome = Outcome.LAPSED
                self.tell(Notice.LAPSED)
                return

    def _decide_by_rule(self) -> None:
        step = workflow.automatic_step(self.definition, self.state, self.values)
        if step is None:
            return
        ground = step.ground.code if step.ground else None
        for position, rule in enumerate(self.definition.workflow.automatic):
            if (rule.action, rule.ground) == (step.action.code, ground) and self.holds(rule.when):
                self.coverage.see("rules", rule_name(position))
                break
        self._take(step)

    def _take(self, step: Transition) -> None:
        self.coverage.see("actions", step.action.code)
        self._enter(step.to.name)
        self.outcome = step.outcome
        if step.outcome is Outcome.REFUSED:
            self.ground = step.ground.code if step.ground else None
            if step.ground:
                self.coverage.see("grounds", step.ground.code)
            self.tell(Notice.REFUSED)
        elif step.outcome is Outcome.GRANTED:
            self.document = rows(
                self.definition, self.world.meanings, facts={n: one.content for n, one in self.facts.items() if one.content},
                answers=self.answers, filled=self.filled, outside=form.outside(self.choices),
            )  # fmt: skip
            self.tell(Notice.GRANTED)
            self.tell(Notice.DOCUMENT)

    def _enter(self, state: str) -> None:
        self.state = state
        self.coverage.see("states", state)

    def tell(self, notice: Notice) -> None:
        """The applicant is told, where the definition says so."""
        if notice in self.definition.notifications:
            self.told.append(notice)

    # -- time ------------------------------------------------------------------------------------------------

    def wait(self, how: Wait) -> None:
        """Time passes; what it brings takes effect."""
        if how.working_hours is not None:
            self.now = add_working_time(self.now, timedelta(hours=how.working_hours))
        else:
            self.now += timedelta(days=how.days or 0)
        if not self.late:
            return
        step = workflow.silence_step(self.definition, self.state)
        if step is not None:
            self._take(step)
        elif Notice.LATE not in self.told:
            self.tell(Notice.LATE)

    def registers(self, differences: dict[str, Overlay]) -> None:
        """The registers say something else from now on; what waited for them goes on."""
        self.world.lay(self.named(differences))
        if not self.open:
            return
        if not self.sent:
            self.facts.clear()  # whoever comes back to a draft later finds the facts read anew
            self.read_facts()
        elif self.pending:
            self.read_facts()
            self.work()

    def named(self, differences: dict[str, Overlay]) -> dict[str, Overlay]:
        """``meaning/subject`` and ``meaning/<question>`` by the keys for which they stand."""
        found = {}
        for name, overlay in differences.items():
            code, _, key = name.partition("/")
            real = self.subject if key == "subject" else self.answers.get(key, key)
            found[f"{code}/{real}" if real else code] = overlay
        return found

    # -- officers, experts, and what they ask ----------------------------------------------------------------

    def act(self, by: By, code: str, *, ground: str | None, reason: str, fill: Mapping[str, object], confirm: bool) -> None:
        """Somebody takes an action."""
        if not self.sent and by is not By.CITIZEN:
            raise StepFailed("the case was not sent yet")
        if not self.open:
            raise StepFailed(f"the case has ended as {self.outcome}")
        if (self.owes or self.correcting) and by is not By.CITIZEN:
            raise StepFailed(f"the case stands in phase {self.phase}; nobody decides now")
        step = self._withdrawal(code) if by is By.CITIZEN else self._decision(by, code, ground, reason)
        if step is None:
            return
        self._fill(step.action.asks, step.action.code, fill)
        if step.action.confirm and not confirm:
            return
        self._take(step)
        self.work()

    def _withdrawal(self, code: str) -> Transition:
        step = workflow.citizen_step(self.definition, self.state, sends=False)
        if step.action.code != code:
            raise StepFailed(f"the citizen may do «{step.action.code}» in state «{self.state}», not «{code}»; sending is `send: {{}}`")
        return step

    def _decision(self, by: By, code: str, ground: str | None, reason: str) -> Transition | None:
        """The step of an officer or expert; None where the reading anew ended the case."""
        possible = workflow.actions(self.definition, self.state, by)
        if code not in {one.code for one in possible}:
            raise StepFailed(f"{by} may do {_list([one.code for one in possible])} in state «{self.state}», not «{code}»")
        self._renew()
        if not self.open:
            return None
        if self.pending:
            raise StepFailed(f"the register owes {_list(sorted(self.pending))}; nothing can be decided before it answers")
        try:
            return workflow.officer_step(self.definition, self.state, code, ground, reason.strip(), by=by)
        except GroundMissing as error:
            grounds = _list([one.code for one in self.definition.grounds])
            raise StepFailed(f"a refusal needs a ground of the list ({grounds}), not «{ground}»") from error
        except ReasonMissing as error:
            raise StepFailed(f"«{code}» needs `reason`") from error

    def _fill(self, asks: tuple[Question, ...], action: str, fill: Mapping[str, object]) -> None:
        asked = {question.code: question for question in asks}
        for code in fill:
            if code not in asked:
                raise StepFailed(f"«{action}» does not ask «{code}»; it asks {_list(list(asked))}")
        for code, question in asked.items():
            try:
                self.filled[code] = self.read_answer(question, fill.get(code, ""))
            except Unacceptable as refused:
                raise StepFailed(f"«{code}» in `fill` does not accept «{fill.get(code, '')}»: {refused.text.en}") from refused
            if self.filled[code]:
                self.coverage.see("questions", f"{action}.{code}")

    def ask_to_correct(self, fields: tuple[str, ...]) -> None:
        """The citizen is asked to correct these questions; the clock does what the definition says."""
        if not self.sent or not self.open or self.owes:
            raise StepFailed(f"nothing can be corrected in phase {self.phase}")
        if self.correcting:
            raise StepFailed("a correction is open already")
        codes = {q.code for q in self.way()}
        unknown = [code for code in fields if code not in codes]
        if unknown:
            raise StepFailed(f"«{unknown[0]}» was not asked, so it cannot be corrected")
        self.correcting = fields
        self.tell(Notice.CORRECTION)
        self._tick(ends=False)

    def corrected(self) -> None:
        """The citizen has answered all that was asked."""
        waiting = next((q for q in self.way() if q.code not in self.answers and not q.optional), None)
        if waiting is not None:
            return
        for question in self.way():
            self.answers.setdefault(question.code, "")
        self.answers = {q.code: self.answers[q.code] for q in self.way()}
        self.correcting = ()
        self._tick(ends=True)
        self.work()

    def _tick(self, *, ends: bool) -> None:
        kind = terms.correction(self.definition.term, ends=ends)
        if self.length is not None and kind is not None:
            self.ticks.append(ClockEvent(kind, self.now))


def _list(names: list[str]) -> str:
    return ", ".join(f"«{name}»" for name in names) or "nothing"
