"""Every kind of line that operations write into a case's log is told to the applicant, or is named among those that are not."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from toono.kernel.actor import Actor
from toono.kernel.clock import at, now
from toono.services.domain.terms import ClockKind
from toono.services.tests.officers import arrived, service

if TYPE_CHECKING:
    from tests.stage import Stack

OPERATIONS = Path(__file__).parents[1] / "operations"


def _written() -> set[str]:
    """The second argument of every ``note(…)``."""
    return {kind for path in OPERATIONS.glob("*.py") for kind in _kinds(ast.parse(path.read_text()))}


def _kinds(module: ast.Module) -> Iterator[str]:
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef):
            for call in _calls(function, "note"):
                yield from _values(call.args[1], function, module)


def _calls(within: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(within):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def _values(node: ast.expr, function: ast.FunctionDef, module: ast.Module) -> Iterator[str]:
    """Every string that the expression can be: a constant, a choice of such, a clock's kind, or a parameter whose callers say."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.IfExp):
        yield from _values(node.body, function, module)
        yield from _values(node.orelse, function, module)
    elif isinstance(node, ast.JoinedStr):
        assert isinstance(node.values[0], ast.Constant) and node.values[0].value == "clock_", ast.unparse(node)
        yield from (f"clock_{kind.value}" for kind in ClockKind)
    else:
        assert isinstance(node, ast.Name), ast.unparse(node)
        position = [one.arg for one in function.args.args].index(node.id)
        for call in _calls(module, function.name):
            yield from _values(call.args[position], function, module)


def test_every_kind_of_the_log_has_a_title_or_a_reason_why_not(stack: Stack) -> None:
    from toono.services.queries import timeline

    written, shown, kept_back = _written(), set(timeline._TITLES), set(timeline.NOT_SHOWN)
    assert {"submitted", "opinion_given", "decided", "moved", "taken", "handed_over", "clock_extended", "late"} <= written
    assert shown & kept_back == set()
    assert written - shown - kept_back == set(), "neither told nor kept back with a reason"
    assert (shown | kept_back) - written == set(), "nobody writes these"


@pytest.mark.parametrize(
    ("kind", "data", "title", "detail"),
    [
        ("late", {"due": "2026-11-23T09:00:00+08:00"}, "Шийдвэрлэх хугацаа өнгөрсөн", "2026 оны 11 сарын 23, даваа гараг, 09:00 гэхэд шийдэх ёстой байсан"),
        ("late", {}, "Шийдвэрлэх хугацаа өнгөрсөн", None),
        (
            "term_moved",
            {"before": "2026-11-23T09:00:00+08:00", "after": "2026-11-24T09:00:00+08:00", "decree": "Тогтоол 1"},
            "Ажлын өдөр өөрчлөгдсөн тул хугацаа шилжсэн",
            "2026 оны 11 сарын 24, мягмар гараг, 09:00 гэхэд шийднэ (Тогтоол 1)",
        ),
        ("signed", {"role": "spouse"}, "Гарын үсэг зурсан", "Эхнэр, нөхөр"),
        ("signed", {"role": "applicant"}, "Гарын үсэг зурсан", None),
    ],
)  # fmt: skip
def test_a_line_says_what_the_log_says(stack: Stack, kind: str, data: dict[str, Any], title: str, detail: str | None) -> None:
    from toono.services.domain.definition import Definition
    from toono.services.queries import timeline
    from toono.services.tests.published import definition

    signing = {"signers": [{"question": "spouse", "label": {"mn": "Эхнэр, нөхөр", "en": "Spouse"}}]}
    spouse = {"code": "spouse", "meaning": "trial.spouse", "kind": "person", "label": {"mn": "Эхнэр, нөхөр", "en": "Spouse"}}
    made = definition(signing=signing)
    made["questions"].append(spouse)
    step = timeline._happened(Definition.model_validate(made), kind, now(), data, None)
    assert step is not None and step.title.mn == title
    assert (step.detail.mn if step.detail else None) == detail


def test_a_late_case_promises_no_hour_that_has_passed(stack: Stack, fresh_citizen: Callable[[], Actor]) -> None:
    from toono.services import api
    from toono.services.contracts import StepState

    citizen, code = fresh_citizen(), service()
    with at(now() - timedelta(days=20)):
        late = arrived(citizen, code)
    steps = [api.case(actor=citizen, case_id=one).timeline for one in (late, arrived(citizen, code))]
    details = [next(step.detail for step in each if step.state is StepState.NOW) for each in steps]
    assert [detail.mn.endswith("гэхэд шийдэх ёстой байсан") for detail in details if detail] == [True, False]
