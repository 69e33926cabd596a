"""The way of a case: every state is reached and left, everybody who decides has something to do, refusals have their grounds."""

from __future__ import annotations

from collections.abc import Iterator

from toono.services.contracts import Outcome
from toono.services.domain.definition import By, State, StateKind
from toono.services.domain.lint.subject import Problem, Subject
from toono.services.domain.workflow import outcome


def workflow(subject: Subject) -> Iterator[Problem]:
    """States and actions."""
    broken = False
    for action in subject.definition.workflow.actions:
        for name in sorted({*action.from_states, action.to} - set(subject.states)):
            broken = True
            yield f"workflow.actions.{action.code}", f"No state is called «{name}»."
    if broken:
        return
    yield from _begins_and_ends(subject)
    yield from _reachable(subject)
    yield from _ends_somewhere(subject)
    yield from _leaves(subject)


def _begins_and_ends(subject: Subject) -> Iterator[Problem]:
    kinds = [state.kind for state in subject.states.values()]
    for kind in (StateKind.DRAFT, StateKind.GRANTED, StateKind.REFUSED, StateKind.WITHDRAWN):
        if kinds.count(kind) != 1:
            yield "workflow.states", f"There must be exactly one state of kind {kind}; there are {kinds.count(kind)}."
    sends = [
        action
        for action in subject.definition.workflow.actions
        if action.by is By.CITIZEN
        and any(subject.states[s].kind is StateKind.DRAFT for s in action.from_states)
        and outcome(subject.definition, action) is None
    ]
    if len(sends) != 1:
        yield "workflow.actions", "The citizen needs exactly one action that leads out of the draft to an open state."


def _reachable(subject: Subject) -> Iterator[Problem]:
    reached = {state.name for state in subject.states.values() if state.kind is StateKind.DRAFT}
    while more := {a.to for a in subject.definition.workflow.actions if reached & set(a.from_states)} - reached:
        reached |= more
    for name in subject.states:
        if name not in reached:
            yield f"workflow.states.{name}", f"No action leads to «{name}»."


def _ends_somewhere(subject: Subject) -> Iterator[Problem]:
    """From every state a decision can be reached; withdrawing does not count."""
    decided = {s.name for s in subject.states.values() if s.kind in {StateKind.GRANTED, StateKind.REFUSED}}
    actions = subject.definition.workflow.actions
    while more := {name for a in actions if a.to in decided for name in a.from_states} - decided:
        decided |= more
    for state in subject.states.values():
        if state.name not in decided and not state.kind.final:
            yield f"workflow.states.{state.name}", f"From «{state.name}» no action leads on to a decision."


def _leaves(subject: Subject) -> Iterator[Problem]:
    definition = subject.definition
    for state in subject.states.values():
        where = f"workflow.states.{state.name}"
        leaving = [a for a in definition.workflow.actions if state.name in a.from_states]
        if state.kind.final:
            if leaving:
                yield where, f"«{state.name}» is an end; no action may leave it, but «{leaving[0].code}» does."
            continue
        if not any(outcome(definition, a) is Outcome.WITHDRAWN and a.by is By.CITIZEN for a in leaving):
            yield where, f"The citizen cannot withdraw in «{state.name}»; add an action to the withdrawn state."
        yield from _decided(where, state, {a.by for a in leaving})


def _decided(where: str, state: State, deciders: set[By]) -> Iterator[Problem]:
    who = {
        StateKind.REVIEW: (By.OFFICER, "An officer"),
        StateKind.WORKING: (By.RULE, "The rule"),
        StateKind.OPINION: (By.EXPERT, "An expert"),
    }
    by, words = who.get(state.kind, (None, ""))
    if by is not None and by not in deciders:
        yield where, f"{words} {'speaks' if by is By.EXPERT else 'decides'} in «{state.name}», but has no action there."
    if state.kind is StateKind.OPINION and By.OFFICER not in deciders:
        yield where, f"A late opinion would hold the case for ever; let an officer go on from «{state.name}» too."


def actors(subject: Subject) -> Iterator[Problem]:
    """Each action stands where its actor works, and asks or is confirmed only where somebody is there to do so."""
    kinds = {By.OFFICER: {StateKind.REVIEW, StateKind.OPINION}, By.EXPERT: {StateKind.OPINION}, By.RULE: {StateKind.WORKING}}
    for action in subject.definition.workflow.actions:
        where = f"workflow.actions.{action.code}"
        for name in action.from_states:
            state = subject.states.get(name)
            if state is not None and action.by in kinds and state.kind not in kinds[action.by]:
                yield where, f"{action.by} has no place in «{name}», a state of kind {state.kind}."
        if action.by in {By.CITIZEN, By.RULE}:
            for field in ("asks", "confirm", "needs_reason", "reasons"):
                if getattr(action, field):
                    yield f"{where}.{field}", f"`{field}` belongs to an action of an officer or expert."
        if action.confirm and subject.kind_after(action) not in {StateKind.GRANTED, StateKind.REFUSED}:
            yield f"{where}.confirm", "A second officer confirms a decision; this action decides nothing."
        if action.by is By.CITIZEN and subject.kind_after(action) in {StateKind.GRANTED, StateKind.REFUSED}:
            yield where, "A citizen cannot decide; withdraw instead."


def opinions(subject: Subject) -> Iterator[Problem]:
    """Another body is asked, and it is one that exists."""
    for state in subject.states.values():
        if state.opinion is None:
            continue
        where = f"workflow.states.{state.name}.opinion.organisation"
        if state.opinion.organisation == subject.definition.organisation:
            yield where, "An opinion is another body's; within the organisation use a state of kind review with a `function`."
        elif subject.shelf.organisations and state.opinion.organisation not in subject.shelf.organisations:
            known = ", ".join(sorted(subject.shelf.organisations))
            yield where, f"No organisation is called «{state.opinion.organisation}»; there are {known}."


def rules(subject: Subject) -> Iterator[Problem]:
    """The automatic decision leaves no case undecided, and names what is there."""
    flow = subject.definition.workflow
    working = [state for state in flow.states if state.kind is StateKind.WORKING]
    if working and (not flow.automatic or flow.automatic[-1].when.strip() != "true"):
        yield "workflow.automatic", 'The last rule must be `when: "true"`, so that no case is left undecided.'
    if flow.automatic and not working:
        yield "workflow.automatic", "No state is of kind working, so that no rule is ever looked at."
    for position, rule in enumerate(flow.automatic):
        where = f"workflow.automatic.{position}"
        action = flow.action(rule.action)
        if action is None or action.by is not By.RULE:
            yield where, f"«{rule.action}» is no action of the rule."
            continue
        refuses = subject.kind_after(action) is StateKind.REFUSED
        if refuses != (rule.ground is not None):
            yield where, "A refusal by rule names its `ground`." if refuses else "Only a refusal has a `ground`."
        if rule.ground is not None and subject.definition.ground(rule.ground) is None:
            yield where, f"«{rule.ground}» is no ground of this service."
        if rule.when.strip() == "true" and position < len(flow.automatic) - 1:
            yield where, "This rule always holds, so that no rule after it is ever looked at."
    for action in flow.actions:
        if action.by is By.RULE and action.code not in {rule.action for rule in flow.automatic}:
            yield f"workflow.actions.{action.code}", f"No rule in `automatic` takes «{action.code}»."


def grounds(subject: Subject) -> Iterator[Problem]:
    """Somebody can refuse on each ground, and each points at something that is there."""
    definition = subject.definition
    refusing = [a for a in definition.workflow.actions if subject.kind_after(a) is StateKind.REFUSED]
    by_people = any(action.by in {By.OFFICER, By.EXPERT} for action in refusing)
    named = {rule.ground for rule in definition.workflow.automatic}
    known = {q.code for q in definition.questions} | {f.name for f in definition.facts}
    for ground in definition.grounds:
        where = f"grounds.{ground.code}"
        if not by_people and ground.code not in named:
            yield where, "No rule refuses on this ground, and no officer decides; remove it or name it in a rule."
        for field in ground.fields:
            if field.partition(".")[0] not in known:
                yield f"{where}.fields", f"No question and no fact is called «{field}»."
