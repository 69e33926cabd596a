"""A case as the officer sees it who has it before them: what may be done now, by this officer, and if nothing, why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.services.adapters import organisations
from toono.services.contracts import (
    ActionView,
    Colleague,
    FilledLine,
    Ground,
    OfficerCase,
    OfficerField,
    OpinionView,
    Outcome,
    ProposalView,
    Text,
)  # fmt: skip
from toono.services.domain import answers, filling, terms, workflow
from toono.services.domain.conditions import holds
from toono.services.domain.definition import Action, By, Definition, FactUse, Question, StateKind
from toono.services.domain.desk import HEAD, Desk
from toono.services.domain.terms import Length
from toono.services.models import Case, Fact
from toono.services.queries import cases, corrections, definitions, facts, form, phases, rights


def missing(case: Case, definition: Definition, have: dict[str, Fact]) -> list[FactUse]:
    """Facts that this case needs and that no register has given yet."""
    lacking = [use for use in definition.facts if use.name not in have]
    if not lacking:
        return []
    values = form.values(case, definition, have)
    return [u for u in lacking if (u.when is None or holds(u.when, values)) and (u.of is None or case.answers.get(u.of))]


def view(actor: Actor, case: Case, by: By) -> OfficerCase:
    """Everything about the case, for this officer."""
    definition = definitions.definition(case.service, case.service_version)
    have, at = facts.current(case), now()
    person_id = actor.person_id
    assert person_id is not None  # noqa: S101 - an officer is a person
    here = rights.desk_of(case.organisation)
    own = by is By.OFFICER
    mine = own and here.holds(person_id, case.function) and here.shares(person_id, case.assigned_to)
    why_not = _why_not(case, definition, have, mine=mine or not own)
    possible = workflow.actions(definition, case.state, by) if why_not is None else []
    open_review = own and case.open and case.on_desk
    return OfficerCase(
        case=cases.view(corrections.as_sent(case)),
        applicant=case.subject_name or facts.applicant(case.number, have),
        actions=tuple(action_view(definition, action) for action in possible),
        grounds=definition.grounds if any(workflow.outcome(definition, a) is Outcome.REFUSED for a in possible) else (),
        why_not=why_not if case.open else None,
        expert=not own,
        function=case.function,
        assigned_to=rights.name(case.assigned_to) if own else "",
        mine=own and case.assigned_to is not None and here.shares(person_id, case.assigned_to),
        may_take=open_review and case.assigned_to is None and here.holds(person_id, case.function),
        may_give=own and case.open and (mine or here.holds(person_id, HEAD)),
        may_ask=open_review and mine and case.correcting_since is None and case.proposed is None,
        may_extend=open_review and mine and _extendable(case, definition, at),
        extension=_extension(definition),
        colleagues=_colleagues(case, here, person_id) if own and case.open else (),
        proposal=_proposal(case, definition, person_id) if own else None,
        opinion=_opinion(case, definition, at, ours=not own),
        filled=filled_lines(definition, case.filled),
    )


def _why_not(case: Case, definition: Definition, have: dict[str, Fact], *, mine: bool) -> Text | None:
    """Why this officer can decide nothing now; None when they can."""
    if not case.open:
        return Text(mn="Хүсэлт шийдэгдсэн.", en="The case has ended.")
    if case.correcting_since is not None:
        return Text(mn="Иргэн хариултаа засаж байна. Засаад илгээмэгц энд гарна.", en="The citizen is correcting. It comes back when sent.")
    if phases.waits_for_payment(case):
        return Text(mn="Төлбөр төлөгдөөгүй байна.", en="The fee is not paid yet.")
    if case.proposed is not None:
        return Text(mn="Шийдвэрийг хоёр дахь албан хаагч баталгаажуулахыг хүлээж байна.", en="A second officer must confirm the decision.")
    if missing(case, definition, have):
        return Text(mn="Бүртгэлийн мэдээлэл бүрэн ирсний дараа шийднэ.", en="It can be decided when the registers have answered.")
    if not mine:
        return Text(mn="Энэ хүсэлт өөр албан хаагчийн ширээн дээр байна.", en="Another officer has this case.")
    return None


def action_view(definition: Definition, action: Action) -> ActionView:
    """An action with what it needs."""
    result = workflow.outcome(definition, action)
    return ActionView(
        code=action.code, label=action.label, outcome=result, needs_ground=result is Outcome.REFUSED,
        needs_reason=action.needs_reason or result is Outcome.REFUSED, reasons=action.reasons,
        asks=tuple(_field(question) for question in action.asks), confirm=action.confirm,
    )  # fmt: skip


def _field(question: Question) -> OfficerField:
    return OfficerField(
        code=question.code, kind=question.kind, label=question.label, hint=question.hint, unit=question.unit,
        options=answers.options(question), optional=question.optional, max_length=question.max_length,
    )  # fmt: skip


def filled_lines(definition: Definition, filled: Mapping[str, str]) -> tuple[FilledLine, ...]:
    """What officers and experts filled in, as people read it."""
    return tuple(FilledLine(code=q.code, label=q.label, value=value) for q, value in filling.lines(definition, filled))


def _extendable(case: Case, definition: Definition, at: datetime) -> bool:
    running = case.due_at is not None and (case.paused_at is not None or at <= case.due_at)
    return definition.term.extension is not None and not case.extended_hours and running


def _extension(definition: Definition) -> Text | None:
    allowed = definition.term.extension
    if allowed is None:
        return None
    by = terms.measure(Length(working_hours=allowed.working_hours))
    return Text(mn=f"{by.mn} ({allowed.law.mn}, {allowed.article.mn})", en=f"{by.en} ({allowed.law.en}, {allowed.article.en})")


def _colleagues(case: Case, here: Desk, person_id: UUID) -> tuple[Colleague, ...]:
    """To whom the case can be handed over."""
    able = [one.person_id for one in here.members if one.person_id != person_id and here.holds(one.person_id, case.function)]
    return tuple(Colleague(person_id=one, name=rights.name(one), away=here.away(one)) for one in able)


def _proposal(case: Case, definition: Definition, person_id: UUID) -> ProposalView | None:
    said: dict[str, Any] | None = case.proposed
    if said is None or not case.open:
        return None
    action = definition.workflow.action(said["action"])
    return ProposalView(
        action=said["action"],
        action_label=action.label if action else Text(mn=said["action"], en=said["action"]),
        ground=_ground(definition, said["ground"]),
        reason=said["reason"],
        filled=filled_lines(definition, said["filled"]),
        by=rights.name(UUID(said["by"])),
        at=datetime.fromisoformat(said["at"]),
        mine=said["by"] == str(person_id),
    )


def _ground(definition: Definition, code: str | None) -> Ground | None:
    return definition.ground(code) if code else None


def _opinion(case: Case, definition: Definition, at: datetime, *, ours: bool) -> OpinionView | None:
    state = definition.workflow.state(case.state)
    if not case.open or state.kind is not StateKind.OPINION or state.opinion is None or case.opinion_due_at is None:
        return None
    return OpinionView(
        organisation_name=organisations.name(state.opinion.organisation), asks=state.opinion.asks, due_at=case.opinion_due_at,
        overdue=at > case.opinion_due_at, ours=ours,
    )  # fmt: skip
