"""The search of the public repository costs the same among many certificates as among few."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

MANY = 40_000
PERSONS, PUBLIC = "person", "seal"
COMMON, RARE = "ЦАХИМ ГАЗАР", "ӨРГӨӨТЭЙ"


@pytest.fixture
def crowded(stack: Any) -> Iterator[Any]:
    """A register of many certificates, most of persons; all are gone afterwards."""
    from django.db import connection, transaction

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO pki_certificate (serial, issuer_serial, label, key, profile, common_name, organisation, register_number, pem,
                  not_before, not_after, issued_at)
                SELECT 'f00d' || to_hex(n), '1', 'seal/crowd-' || n, 'x', CASE WHEN n %% 4 = 0 THEN %s ELSE %s END,
                  CASE WHEN n %% 4 = 0 THEN 'Цахим газар ' || n ELSE 'Сарнай ' || n END,
                  CASE WHEN n = 400 THEN 'Өргөөтэй сургууль' WHEN n %% 4 = 0 THEN 'Цахим газар ' || n ELSE '' END,
                  CASE WHEN n %% 4 = 0 THEN lpad(n::text, 7, '0') ELSE lpad(n::text, 12, '9') END, 'pem', now(), now() + interval '1 year',
                  now() - n * interval '1 second'
                FROM generate_series(1, %s) n
                """,
                [PUBLIC, PERSONS, MANY],
            )
            cursor.execute("ANALYZE pki_certificate")
        yield connection
        transaction.set_rollback(True)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


@pytest.mark.parametrize("text", [RARE, RARE.lower(), COMMON, "азар 39", "no such name", "0000400", "f00d190", "F0:0D:19:0", "А-Б", "%%%"])
def test_what_is_sought_is_found_by_an_index(crowded: Any, text: str) -> None:
    from django.test.utils import CaptureQueriesContext

    from toono.pki import queries

    with CaptureQueriesContext(crowded) as asked:
        found = queries.public_certificates(text=text, limit=51)
    with crowded.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + asked.captured_queries[-1]["sql"])
        [[[plan]]] = cursor.fetchall()
    kinds = {node["Node Type"] for node in _nodes(plan["Plan"])}
    assert "Seq Scan" not in kinds, json.dumps(plan, indent=1)
    touched = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    assert touched < 600, json.dumps(plan, indent=1)
    assert len(found) == {COMMON: 51, "азар 39": 51, "no such name": 0, "А-Б": 0, "%%%": 0}.get(text, 1)


def test_no_person_is_found(crowded: Any) -> None:
    from toono.pki import queries

    assert queries.public_certificates(text="Сарнай", limit=51) == []
    assert queries.public_certificates(text="f00d1", limit=51) == []  # of a person


def test_the_newest_come_first(crowded: Any) -> None:
    from toono.pki import queries

    found = queries.public_certificates(text=COMMON, limit=51)
    assert [row.serial for row in found] == [f"f00d{n:x}" for n in range(4, 4 * 52, 4)]
