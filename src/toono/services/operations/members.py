"""The desk itself: who has which function, who is on leave, to whom new cases go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.db import transaction

from toono.kernel import audit
from toono.kernel.actor import Actor
from toono.services.contracts import RuleView
from toono.services.domain.desk import HEAD
from toono.services.errors import DeskRefused, FunctionMissing
from toono.services.models import AssignmentRule, DeskMember
from toono.services.queries import desk as _desk
from toono.services.queries import rights

RULES_LIMIT = 50


def set_functions(*, actor: Actor, person_id: UUID, functions: Sequence[str]) -> None:
    """What a member does at the desk; by its head."""
    with transaction.atomic():
        organisation, _ = rights.head(actor)
        known = _desk.functions(organisation)
        if unknown := set(functions) - set(known):
            raise DeskRefused(f"no function {sorted(unknown)} at the desk of {organisation}")
        member = _member(organisation, person_id)
        member.functions = [f for f in known if f in functions]
        member.save(update_fields=["functions"])
        audit.record(actor=actor, action="services.set_functions", subject=f"person:{person_id}", functions=member.functions)


def set_leave(*, actor: Actor, person_id: UUID, first: date | None, last: date | None, substitute_id: UUID | None) -> None:
    """A leave with its substitute, or its end (no ``first``): one's own, or any by the head of the desk."""
    with transaction.atomic():
        organisation, own = rights.officer(actor)
        if person_id != own and not rights.desk_of(organisation).holds(own, HEAD):
            raise FunctionMissing(f"{actor} may not set the leave of {person_id}", function=HEAD)
        member = _member(organisation, person_id)
        if first is not None and last is not None and last < first:
            raise DeskRefused("a leave ends on its first day or later")
        if substitute_id is not None:
            _member(organisation, substitute_id)
        if substitute_id == person_id or (first is None and (last or substitute_id)):
            raise DeskRefused("a leave has a first day, and a substitute who is somebody else")
        member.away_from, member.away_until, member.substitute_id = first, last, substitute_id
        member.save(update_fields=["away_from", "away_until", "substitute_id"])
        audit.record(
            actor=actor, action="services.set_leave", subject=f"person:{person_id}", first=first.isoformat() if first else None,
            last=last.isoformat() if last else None, substitute=str(substitute_id) if substitute_id else None,
        )  # fmt: skip


def set_rules(*, actor: Actor, rules: Sequence[RuleView]) -> None:
    """The rules of assignment in their order, all of them anew; by the head of the desk."""
    with transaction.atomic():
        organisation, _ = rights.head(actor)
        # Two heads who save at once stand in line here, so that one list of rules is the result and not a mixture.
        list(DeskMember.objects.select_for_update().filter(organisation=organisation).order_by("id").values_list("id"))
        if len(rules) > RULES_LIMIT:
            raise DeskRefused(f"more than {RULES_LIMIT} rules")
        known = _desk.functions(organisation)
        for rule in rules:
            if rule.person_id is not None:
                _member(organisation, rule.person_id)
            if rule.function and rule.function not in known:
                raise DeskRefused(f"no function {rule.function} at the desk of {organisation}")
        AssignmentRule.objects.filter(organisation=organisation).delete()
        AssignmentRule.objects.bulk_create(
            AssignmentRule(
                organisation=organisation, position=position, service=rule.service, aimag_code=rule.aimag_code, function=rule.function,
                person_id=rule.person_id,
            )
            for position, rule in enumerate(rules, 1)
        )  # fmt: skip
        audit.record(actor=actor, action="services.set_rules", subject=f"desk:{organisation}", rules=len(rules))


def _member(organisation: str, person_id: UUID) -> DeskMember:
    """A member of the desk, locked: an officer who is appointed now, whether or not they have opened the desk yet."""
    if not rights.appointed(person_id, organisation):
        raise DeskRefused(f"{person_id} is no officer of {organisation}")
    DeskMember.objects.get_or_create(organisation=organisation, person_id=person_id)
    return DeskMember.objects.select_for_update().get(organisation=organisation, person_id=person_id)
