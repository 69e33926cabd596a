"""Who has which work at a desk: functions, leave, substitutes, rules of assignment. Pure rules."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from toono.services.domain.desk import HEAD, Desk, Member, Rule, assignee

A, B, C, D = (UUID(int=n) for n in range(1, 5))
DAY = date(2026, 3, 2)


def _desk(*members: Member) -> Desk:
    return Desk(members, DAY)


def _member(person: UUID, *functions: str, away: bool = False, substitute: UUID | None = None) -> Member:
    return Member(person, frozenset(functions), DAY if away else None, DAY if away else None, substitute)


def test_where_nobody_has_a_function_everybody_does_and_once_somebody_has_it_only_they_do() -> None:
    small = _desk(_member(A), _member(B))
    assert small.holds(A, HEAD) and small.holds(B, "inspector")
    grown = _desk(_member(A, HEAD), _member(B))
    assert grown.holds(A, HEAD) and not grown.holds(B, HEAD)


def test_who_stands_in_has_the_functions_and_the_cases_of_who_is_away_and_only_so_long() -> None:
    desk = _desk(_member(A, "inspector", away=True, substitute=B), _member(B), _member(C))
    assert desk.holds(B, "inspector") and not desk.holds(C, "inspector")
    assert desk.shares(B, A) and not desk.shares(C, A)
    back = Desk(desk.members, date(2026, 3, 3))
    assert not back.holds(B, "inspector") and not back.shares(B, A)


def test_the_cases_of_who_is_away_without_a_substitute_are_everybodys() -> None:
    assert _desk(_member(A, away=True), _member(C)).shares(C, A)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], None),
        ([Rule("", "", "", B)], B),
        ([Rule("water", "", "", A), Rule("", "", "", B)], B),  # the first is for another service
        ([Rule("well", "14", "", A), Rule("", "", "", B)], A),
        ([Rule("", "", "", C)], B),  # away: who stands in
        ([Rule("", "", "", D), Rule("", "", "", A)], A),  # away without a substitute: the next rule
        ([Rule("", "", "", None)], B),  # the least loaded of those present
    ],
)
def test_a_case_goes_by_the_first_rule_that_finds_somebody_present(rules: list[Rule], expected: UUID | None) -> None:
    desk = _desk(_member(A), _member(B), _member(C, away=True, substitute=B), _member(D, away=True))
    assert assignee(desk, rules, {A: 5, B: 2, C: 0, D: 0}, service="well", aimag_code="14", function="") == expected


def test_nobody_gets_what_their_function_does_not_cover() -> None:
    desk = _desk(_member(A, "inspector"), _member(B))
    rules = [Rule("", "", "", B), Rule("", "", "", None)]
    assert assignee(desk, rules, {}, service="well", aimag_code=None, function="inspector") == A
