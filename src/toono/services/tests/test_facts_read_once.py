"""Under the lock of a case its facts are read once, until they change."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest


@pytest.fixture
def reads(stack: Any) -> Any:
    """How many questions the database is asked by a piece of work."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count(work: Any) -> int:
        with CaptureQueriesContext(connection) as asked:
            work()
        return len(asked)

    return count


def test_facts_are_read_once_inside_the_block_and_anew_when_they_changed(reads: Any) -> None:
    from toono.services.models import Case
    from toono.services.queries import facts

    one, other = Case(id=uuid4()), Case(id=uuid4())

    def work() -> None:
        with facts.read_once():
            for _ in range(3):
                facts.current(one)
            facts.current(other)
            facts.forget(one)
            facts.current(one)
            facts.current(other)

    assert reads(work) == 3
    assert reads(lambda: [facts.current(one) for _ in range(2)]) == 2


def test_what_a_caller_does_to_its_facts_is_its_own(stack: Any) -> None:
    from toono.services.models import Case
    from toono.services.queries import facts

    case = Case(id=uuid4())
    with facts.read_once():
        facts.current(case)["x"] = None  # type: ignore[assignment]
        assert facts.current(case) == {}


def test_facts_that_were_read_meanwhile_are_seen(stack: Any, fresh_citizen: Any) -> None:
    from django.db import transaction

    from toono.kernel.actor import system
    from toono.services import api
    from toono.services.models import Case
    from toono.services.operations import facts as reading
    from toono.services.queries import definitions, facts

    draft = api.start_case(actor=fresh_citizen(), service="address-reference")
    case = Case.objects.get(id=draft.id)
    with transaction.atomic(), facts.read_once():
        before = {name: fact.id for name, fact in facts.current(case).items()}
        reading.read_anew(case, definitions.definition(case.service, case.service_version), actor=system("tests"))
        after = {name: fact.id for name, fact in facts.current(case).items()}
    assert before and before.keys() == after.keys() and all(before[name] != after[name] for name in before)


def test_whoever_waits_at_the_page_comes_before_events(stack: Any) -> None:
    from django.db import connection, transaction

    from toono.services.operations import jobs

    case_id = uuid4()
    with transaction.atomic():
        jobs.process(case_id)
        with connection.cursor() as cursor:
            cursor.execute("SELECT priority FROM procrastinate_jobs WHERE lock = %s", [f"case:{case_id}"])
            assert cursor.fetchall() == [(jobs.PRIORITY,)]
        transaction.set_rollback(True)
    assert 0 < jobs.PRIORITY < 10  # codes for signing in have ten
