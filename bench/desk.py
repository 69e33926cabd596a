"""The officer's work list with ten thousand, a hundred thousand and a million cases: is it as fast with many as with few?

Cases are made by the database itself, spread over forty organisations: a third open, of them a third on a desk with an officer's name, some
late. The door is called as a page calls it, in this process, on the running platform's database: first pages, filters, and pages deep inside.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from bench.load import Result, django, journeys
from tests.stage import Stack

if TYPE_CHECKING:
    from toono.kernel.actor import Actor

SIZES = (10_000, 100_000, 1_000_000)
SERVICE = "water-use-permit"
ORGANISATION = "dundgovi-environment"
"""A tenth of all cases is of this one; the others share the rest."""
ROUNDS = 300


def _officer(stack: Stack) -> Actor:
    import toono.identity.api as identity
    from toono.kernel.actor import Actor, Role, system
    from toono.services import api

    person = identity.register_person(actor=system("bench"), regnum=stack.addresses["persons"]["oyun"]["regnum"])
    officer = Actor(role=Role.OFFICER, person_id=person.id, organisation=ORGANISATION)
    api.open_desk(actor=officer)
    return officer


def _columns(officer: Actor, version: int) -> dict[str, str]:
    """SQL for the columns that the lists read; ``n`` counts the rows."""
    return {
        "id": "gen_random_uuid()",
        "number": "'B' || lpad(n::text, 7, '0')",
        "service": f"'{SERVICE}'",
        "service_version": str(version),
        "person_id": "gen_random_uuid()",
        "organisation": f"CASE WHEN n % 10 = 0 THEN '{ORGANISATION}' ELSE 'organisation-' || (n % 39)::text END",
        "channel": "'web'",
        "state": "CASE WHEN n % 3 = 0 THEN 'review' ELSE 'granted' END",
        "open": "n % 3 = 0",
        "on_desk": "n % 3 = 0",
        "created_at": "now() - interval '10 days'",
        "submitted_at": "now() - interval '10 days'",
        "term_started_at": "now() - interval '10 days'",
        "due_at": "now() + (n % 100003) * interval '17 seconds'",
        "warn_at": "now() + interval '1 year'",
        "assigned_to": f"CASE WHEN n % 9 = 0 AND n % 2700 < 90 THEN '{officer.person_id}'::uuid END",
        "decided_at": "CASE WHEN n % 3 = 0 THEN NULL ELSE now() - interval '5 days' END",
        "outcome": "CASE WHEN n % 3 = 0 THEN NULL ELSE 'granted' END",
    }


def _fill(officer: Actor, version: int, first: int, last: int) -> None:
    """Cases ``first`` to ``last``, with what every other column has when nothing was said."""
    from django.db import connection

    from toono.services.models import Case

    said = _columns(officer, version)
    for field in Case._meta.concrete_fields:
        if field.column and field.column not in said:
            said[field.column] = "NULL" if field.null else _literal(field.get_default())
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        names, values = ", ".join(f'"{name}"' for name in said), ", ".join(said.values())
        cursor.execute(f"INSERT INTO services_case ({names}) SELECT {values} FROM generate_series({first}, {last}) AS n")
        cursor.execute("ANALYZE services_case")


def _literal(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"'{json.dumps(value)}'::jsonb"
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


def _pages(officer: Actor) -> list[Callable[[], object]]:
    """What officers look at: the lists, a filter, and a page deep inside."""
    from toono.services import api
    from toono.services.contracts import Shelf

    after = ""
    for _ in range(10):
        after = api.worklist(actor=officer, after=after).after or after
    shelves = [partial(api.worklist, actor=officer, shelf=shelf) for shelf in Shelf]
    return [*shelves, partial(api.worklist, actor=officer, service=SERVICE), partial(api.worklist, actor=officer, after=after)]


def _look(pages: list[Callable[[], object]], n: int) -> None:
    pages[n % len(pages)]()


def measure(stack: Stack, add: Callable[[str, Result, str], object], sizes: tuple[int, ...] = SIZES) -> None:
    """Rows of the table, one for each size."""
    django(stack)
    from toono.services.queries import definitions

    officer, version = _officer(stack), definitions.newest(SERVICE)[0].version
    there = 0
    first: Result | None = None
    for size in sizes:
        began = time.perf_counter()
        _fill(officer, version, there + 1, size)
        there, took = size, time.perf_counter() - began
        pages = _pages(officer)
        result = journeys(partial(_look, pages), count=ROUNDS, at_once=1)
        beside = f"p95 {result.p95_ms / first.p95_ms:.2f} of that with {sizes[0]:,}" if first else f"made in {took:.0f} s"
        add(
            f"{'**' if size == sizes[-1] else ''}officer's work list with {size:,} cases{'**' if size == sizes[-1] else ''}", result, beside
        )
        first = first or result
