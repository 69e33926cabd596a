"""The next job is the right one, and is found as fast among many waiting jobs as among few."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.stage import Stack

QUEUE = "tests-queue"
CROWD = 5000


@pytest.fixture
def cursor(stack: Stack) -> Iterator[Any]:
    """A transaction that nobody else ever sees."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        yield cursor
        transaction.set_rollback(True)


@pytest.fixture
def put(cursor: Any) -> Callable[..., int]:
    """Puts a job into the queue; gives its number."""

    def one(*, lock: str | None = None, priority: int = 0, later: bool = False, queue: str = QUEUE) -> int:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, priority, args, scheduled_at)"
            " VALUES (%s, 'x', %s, %s, '{}', CASE WHEN %s THEN now() + interval '1 hour' END) RETURNING id",
            [queue, lock, priority, later],
        )
        return int(cursor.fetchone()[0])

    return one


@pytest.fixture
def fetch(cursor: Any) -> Callable[[], int | None]:
    def one() -> int | None:
        cursor.execute("SELECT id FROM procrastinate_fetch_job_v2(%s::varchar[], NULL)", [[QUEUE]])
        found = cursor.fetchone()[0]
        return None if found is None else int(found)

    return one


def test_jobs_come_in_the_order_of_priority_and_number(put: Callable[..., int], fetch: Callable[[], int | None]) -> None:
    first, second, urgent = put(), put(), put(priority=5)
    put(later=True)
    put(queue="tests-another-queue")
    assert [fetch() for _ in range(4)] == [urgent, first, second, None]


def test_of_one_lock_one_job_is_done_at_a_time(cursor: Any, put: Callable[..., int], fetch: Callable[[], int | None]) -> None:
    first, second, other, free = put(lock="a"), put(lock="a"), put(lock="b"), put()
    assert [fetch() for _ in range(4)] == [first, other, free, None]
    cursor.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = %s", [first])
    assert [fetch(), fetch()] == [second, None]


def test_a_later_job_of_higher_priority_goes_before_its_lock_s_earlier_one(
    put: Callable[..., int], fetch: Callable[[], int | None]
) -> None:
    earlier, urgent = put(lock="a"), put(lock="a", priority=1)
    assert [fetch(), fetch()] == [urgent, None]
    assert earlier < urgent


def test_a_crowd_of_waiting_jobs_does_not_make_the_next_one_harder_to_find(cursor: Any) -> None:
    """As it is after a burst: the planner's statistics do not know of it yet."""
    cursor.execute(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args)"
        " SELECT %s, 'x', 'tests-crowd:' || n / 2, '{}' FROM generate_series(1, %s) n",
        [QUEUE, CROWD],
    )
    touched = []
    for _ in range(5):
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT procrastinate_fetch_job_v2(%s::varchar[], NULL)", [[QUEUE]])
        [[[plan]]] = cursor.fetchall()
        touched.append(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])
    assert min(touched) < 400, touched
