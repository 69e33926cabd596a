"""What persons do in stories: order the reference, apply for the permit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock
from uuid import UUID

from toono.kernel.actor import Actor
from toono.kernel.clock import local, now
from toono.services.contracts import CaseView, NextKind, Typed

if TYPE_CHECKING:
    from tests.stage import Stack

REFERENCE, PERMIT = "address-reference", "water-use-permit"


def permit_answers(**other: Typed) -> dict[str, Typed]:
    """A livestock farmer at a spring, from a week on."""
    start = local(now()).date() + timedelta(days=7)
    return {
        "purpose": "livestock", "source": "spring", "place": "Хөх булаг", "point": {"lat": "45.70", "lon": "106.20"}, "amount": "60",
        "from_date": start.isoformat(), **other,
    }  # fmt: skip


def answered(actor: Actor, case: CaseView, given: Mapping[str, Typed]) -> CaseView:
    """The case with every question answered from ``given``; what is not in it is passed over."""
    from toono.services import api

    while case.next.kind is NextKind.QUESTION:
        page = api.question(actor=actor, case_id=case.id, question=case.next.question or "")
        values = {field.code: given.get(field.code, "") for field in page.fields}
        result = api.answer(actor=actor, case_id=case.id, question=page.code, values=values)
        assert isinstance(result, CaseView), [field.error for field in result.fields]
        case = result
    return case


def drafted(actor: Actor, service: str = REFERENCE, **answers: Typed) -> CaseView:
    """A draft with every question answered."""
    from toono.services import api

    case = api.start_case(actor=actor, service=service, on_behalf="")
    return answered(actor, case, permit_answers(**answers) if service == PERMIT else answers)


def sent(actor: Actor, service: str = REFERENCE, **answers: Typed) -> CaseView:
    """A case that was checked and sent."""
    from toono.services import api

    case = drafted(actor, service, **answers)
    return api.submit_case(actor=actor, case_id=case.id, form_token=api.check(actor=actor, case_id=case.id).form_token)


def documented(stack: Stack, actor: Actor, case_id: UUID, timeout: float = 20) -> CaseView:
    """The case as soon as its document is there."""
    from toono.services import api

    def ready() -> CaseView | None:
        case = api.case(actor=actor, case_id=case_id)
        return case if case.document else None

    found: CaseView = stack.wait(ready, timeout=timeout)
    return found


@contextmanager
def no_worker() -> Iterator[None]:
    """What is sent inside the block gets no job, as if the worker had lost it."""
    from toono.services.operations import jobs

    with mock.patch.object(jobs, "process"):
        yield


@contextmanager
def register_says(answer: Any) -> Iterator[None]:
    """In this process the exchange answers (or raises) ``answer(path)`` instead of calling the gateway; None lets it call."""
    from toono.exchange import api as exchange

    real = exchange.call

    def call(**question: Any) -> Any:
        said = answer(question["path"])
        return real(**question) if said is None else said

    with mock.patch.object(exchange, "call", call):
        yield
