"""The way of a case through its states: pure rules over the definition."""

from __future__ import annotations

from dataclasses import dataclass

from toono.services.contracts import Ground, Outcome, Phase, Text
from toono.services.domain.conditions import Values, holds
from toono.services.domain.definition import Action, By, Definition, Rule, Silence, State, StateKind
from toono.services.errors import AlreadyDecided, GroundMissing, NotAllowedNow, ReasonMissing

REASON_LIMIT = 2000

_OUTCOMES = {StateKind.GRANTED: Outcome.GRANTED, StateKind.REFUSED: Outcome.REFUSED, StateKind.WITHDRAWN: Outcome.WITHDRAWN}
_PHASES = {
    StateKind.DRAFT: Phase.DRAFT, StateKind.WORKING: Phase.PROCESSING, StateKind.REVIEW: Phase.WITH_OFFICER,
    StateKind.OPINION: Phase.WITH_EXPERT,
    StateKind.GRANTED: Phase.GRANTED, StateKind.REFUSED: Phase.REFUSED, StateKind.WITHDRAWN: Phase.WITHDRAWN,
}  # fmt: skip

BY_SILENCE = "silence"
"""Code of the step that the law takes when the term has passed; no definition names it."""


@dataclass(frozen=True)
class Transition:
    """A step that may be taken: where to, with what outcome, on which ground, for what reason."""

    action: Action
    to: State
    outcome: Outcome | None
    ground: Ground | None
    reason: str


def draft_state(definition: Definition) -> State:
    """Where a case begins."""
    return next(state for state in definition.workflow.states if state.kind is StateKind.DRAFT)


def phase(definition: Definition, state: str, *, waiting: bool, standing: Phase | None = None) -> Phase:
    """Where the case stands, in the words that every service shares.

    :param waiting: a register has not answered.
    :param standing: what is built in beside the states and goes before them: others sign, it waits for payment, the citizen corrects,
        it lapsed.
    """
    if standing is not None:
        return standing
    kind = definition.workflow.state(state).kind
    if waiting and kind is StateKind.WORKING:
        return Phase.WAITING_FOR_REGISTER
    return _PHASES[kind]


def actions(definition: Definition, state: str, by: By) -> list[Action]:
    """What ``by`` may do in ``state``."""
    return [action for action in definition.workflow.actions if action.by is by and state in action.from_states]


def outcome(definition: Definition, action: Action) -> Outcome | None:
    """How the case ends by this action; None when it goes on."""
    return _OUTCOMES.get(definition.workflow.state(action.to).kind)


def citizen_step(definition: Definition, state: str, *, sends: bool) -> Transition:
    """Sending a draft, or withdrawing.

    :raises NotAllowedNow:
    """
    for action in actions(definition, state, By.CITIZEN):
        if (outcome(definition, action) is None) == sends:
            return Transition(action, definition.workflow.state(action.to), outcome(definition, action), None, "")
    raise NotAllowedNow(f"state {state} of {definition.code} lets the citizen not {'send' if sends else 'withdraw'}")


def officer_step(
    definition: Definition, state: str, action_code: str, ground_code: str | None, reason: str, *, by: By = By.OFFICER
) -> Transition:
    """An officer's or an expert's step: the action is allowed here, a refusal has a ground of the closed list and a reason.

    :raises AlreadyDecided:
    :raises NotAllowedNow:
    :raises GroundMissing:
    :raises ReasonMissing:
    """
    if definition.workflow.state(state).kind.final:
        raise AlreadyDecided(f"the case is already {state}")
    action = next((a for a in actions(definition, state, by) if a.code == action_code), None)
    if action is None:
        raise NotAllowedNow(f"no action {action_code} for an {by} in state {state} of {definition.code}")
    result = outcome(definition, action)
    refuses = result is Outcome.REFUSED
    ground = definition.ground(ground_code) if ground_code and refuses else None
    if refuses and ground is None:
        raise GroundMissing(f"«{ground_code}» is no ground of {definition.code}")
    if (refuses or action.needs_reason) and not reason:
        raise ReasonMissing("the decision has no reason")
    if len(reason) > REASON_LIMIT:
        raise ReasonMissing(f"the reason is longer than {REASON_LIMIT} characters")
    return Transition(action, definition.workflow.state(action.to), result, ground, reason)


def automatic_step(definition: Definition, state: str, values: Values) -> Transition | None:
    """The decision by rule; None when this state is not decided by rule.

    :raises ConditionError: a condition cannot be computed.
    """
    if definition.workflow.state(state).kind is not StateKind.WORKING:
        return None
    rule = next((rule for rule in definition.workflow.automatic if holds(rule.when, values)), None)
    if rule is None:
        return None
    return _by_rule(definition, state, rule)


def _by_rule(definition: Definition, state: str, rule: Rule) -> Transition | None:
    action = next((a for a in actions(definition, state, By.RULE) if a.code == rule.action), None)
    if action is None:
        return None
    ground = definition.ground(rule.ground) if rule.ground else None
    return Transition(action, definition.workflow.state(action.to), outcome(definition, action), ground, "")


def silence_step(definition: Definition, state: str) -> Transition | None:
    """What the law decides when the term has passed without a decision; None where it says nothing or the case has ended.

    A refusal by silence has no ground of the list: nobody has looked. Law and article stand in the reason.
    """
    rule, basis = definition.term.silence, definition.term.silence_basis
    if rule is Silence.NOTHING or basis is None or definition.workflow.state(state).kind.final:
        return None
    wanted = StateKind.GRANTED if rule is Silence.GRANTS else StateKind.REFUSED
    to = next((one for one in definition.workflow.states if one.kind is wanted), None)
    if to is None:
        return None
    label = Text(mn="Хуулийн хугацаа өнгөрсөн", en="The term of the law has passed")
    action = Action.model_validate({"code": BY_SILENCE, "label": label, "by": By.RULE, "from": (state,), "to": to.name})
    said = "зөвшөөрсөнд" if rule is Silence.GRANTS else "татгалзсанд"
    reason = f"Хуулийн хугацаанд шийдвэр гараагүй тул {said} тооцов ({basis.law.mn}, {basis.article.mn})."
    return Transition(action, to, _OUTCOMES[wanted], None, reason)


def is_automatic(definition: Definition) -> bool:
    """Whether a rule alone decides: no state waits for an officer."""
    return not any(state.kind is StateKind.REVIEW for state in definition.workflow.states)
