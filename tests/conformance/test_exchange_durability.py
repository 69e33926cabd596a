"""Nothing is answered that is not in the log, and the log tells what nobody else knows. Each guarantee falls with its mutant."""

from __future__ import annotations

import concurrent.futures
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import psycopg
import pytest

from toono.exchange.tests.lab import DESK, PERSONS, Heard, Lab, RunningGateway, person

pytest_plugins = ["toono.exchange.tests.stage"]

PERSON = "/persons/200000000005"
COMMITTED = b"C\0\0\0\x0dSELECT 0\0"
"""The database's own word that it has committed (CommandComplete of the statement that appends; no nonce came back)."""


def refusal(got: httpx.Response) -> tuple[str, str]:
    return got.headers["x-road-error"], got.json()["detail"].partition(":")[0]


def answered_and_not_logged(lab: Lab, running: RunningGateway, *, calls: int = 48) -> list[str]:
    """Cut the database in the middle of a stream of calls; message ids of successes that the log does not hold whole."""

    def one(number: int) -> str | None:
        if number == calls - 12:
            lab.database.cut()
        identifier = f"durable-{uuid4()}"
        got = httpx.get(
            f"{running.url}/r1/{PERSONS}{PERSON}", timeout=30,
            headers={"X-Road-Client": DESK, "X-Toono-Purpose": "reference", "X-Road-Id": identifier, "Authorization": f"Bearer {lab.desk.bearer}"},
        )  # fmt: skip
        return identifier if got.status_code == 200 else None

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        succeeded = [identifier for identifier in pool.map(one, range(calls)) if identifier]
    # The gateway dies as in a crash: what it only had in mind is gone.
    running.kill()
    assert len(succeeded) >= 5
    whole = lab.rows(
        "SELECT message_id FROM exchange_messagerecord JOIN exchange_ledgerentry USING (message_id, request_id)"
        " WHERE message_id = ANY(%s) AND direction = 'response'",
        succeeded,
    )
    return sorted(set(succeeded) - {row[0] for row in whole})


def test_nothing_is_answered_that_is_not_in_the_log(lab: Lab) -> None:
    with lab.start() as running:
        assert answered_and_not_logged(lab, running) == []


def test_a_gateway_that_answers_before_the_commit_is_caught(lab: Lab) -> None:
    with lab.start(mutant="answer-before-commit") as running:
        assert answered_and_not_logged(lab, running) != []


def test_while_the_database_is_down_calls_fail_clearly_and_afterwards_all_is_well_by_itself(lab: Lab, gateway: RunningGateway) -> None:
    lab.database.cut()
    before, started = len(lab.provider.heard), time.monotonic()
    got = gateway.call(lab.desk, PERSONS, PERSON)
    assert (got.status_code, *refusal(got)) == (500, "server.clientproxy.logging_failed", "database_unavailable")
    assert 1.5 < time.monotonic() - started < 4  # it waits a while, and not for ever
    assert len(lab.provider.heard) == before  # what cannot be logged is not forwarded
    gateway.wait_until(lambda: gateway.ready()["database"] == "unavailable")
    lab.database.restore()
    gateway.wait_until(lambda: gateway.ready()["status"] == "ok")
    assert gateway.call(lab.desk, PERSONS, PERSON).status_code == 200


def test_a_call_outlives_a_short_pause_of_the_database(lab: Lab, gateway: RunningGateway) -> None:
    lab.database.cut()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(gateway.call, lab.desk, PERSONS, PERSON)
        time.sleep(1)
        lab.database.restore()
        got = waiting.result()
    assert got.status_code == 200
    assert len(lab.log_of(got.headers["x-road-id"])) == 2


def test_a_database_that_dies_while_the_provider_answers_turns_the_answer_into_an_error(lab: Lab, gateway: RunningGateway) -> None:
    def cuts(connection: socket.socket, heard: Heard) -> bool:
        lab.database.cut()
        return person(connection, heard)

    lab.provider.speech = cuts
    got = gateway.call(lab.desk, PERSONS, PERSON)
    assert refusal(got) == ("server.serverproxy.logging_failed", "database_unavailable")
    assert "Сарнай" not in got.text
    assert [record["direction"] for record in lab.log_of(got.headers["x-road-id"])] == ["request"]  # an outcome that nobody knows


def test_a_commit_of_unknown_outcome_is_neither_lost_nor_done_twice(lab: Lab, gateway: RunningGateway) -> None:
    """The database commits and its word is lost: the gateway asks before it writes again."""
    for _ in range(5):
        lab.database.lose(COMMITTED)
        got = gateway.call(lab.desk, PERSONS, PERSON)
        assert got.status_code == 200
        assert [record["direction"] for record in lab.log_of(got.headers["x-road-id"])] == ["request", "response"]
        assert len(lab.rows("SELECT 1 FROM exchange_ledgerentry WHERE message_id = %s", got.headers["x-road-id"])) == 1


def test_a_gateway_that_writes_again_without_asking_fails(lab: Lab) -> None:
    with lab.start(mutant="retry-blindly") as mutant:
        lab.database.lose(COMMITTED)
        assert refusal(mutant.call(lab.desk, PERSONS, PERSON)) == ("server.clientproxy.logging_failed", "database_refused")


def test_a_request_stands_in_the_log_before_the_provider_hears_of_it(lab: Lab, gateway: RunningGateway) -> None:
    found: list[int] = []

    def looks(connection: socket.socket, heard: Heard) -> bool:
        found.append(len(lab.log_of(heard.header("x-road-id") or "")))
        return person(connection, heard)

    lab.provider.speech = looks
    assert gateway.call(lab.desk, PERSONS, PERSON).status_code == 200
    with lab.start(mutant="no-request-log") as mutant:
        assert mutant.call(lab.desk, PERSONS, PERSON).status_code == 200
    assert found == [1, 0]


def test_after_a_kill_in_the_middle_the_log_proves_that_the_provider_was_asked(lab: Lab) -> None:
    heard_of: list[str] = []

    with lab.start() as running:

        def kills(connection: socket.socket, heard: Heard) -> bool:
            heard_of.append(heard.header("x-road-id") or "")
            running.kill()
            return False

        lab.provider.speech = kills
        with pytest.raises(httpx.HTTPError):
            running.call(lab.desk, PERSONS, PERSON)
    [record] = lab.log_of(heard_of[0])
    assert record["direction"] == "request" and record["signature"]


def test_an_entry_that_cannot_be_stored_spoils_no_other(lab: Lab, gateway: RunningGateway) -> None:
    """One of many calls of the same moment meets a rule of the database; the others are stored and answered."""
    with _rule(lab, "issue <> 'POISON'"):

        def one(number: int) -> int:
            issue = "POISON" if number == 7 else f"C-{number}"
            headers = {
                "X-Road-Client": DESK,
                "X-Toono-Purpose": "reference",
                "X-Road-Issue": issue,
                "Authorization": f"Bearer {lab.desk.bearer}",
            }
            return httpx.get(f"{gateway.url}/r1/{PERSONS}{PERSON}", headers=headers, timeout=30).status_code

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            found = list(pool.map(one, range(16)))
    assert [number for number, status in enumerate(found) if status != 200] == [7]


@contextmanager
def _rule(lab: Lab, condition: str) -> Iterator[None]:
    with psycopg.connect(lab.owner_dsn, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE exchange_messagerecord ADD CONSTRAINT lab_rule CHECK ({condition}) NOT VALID")
        try:
            yield
        finally:
            connection.execute("ALTER TABLE exchange_messagerecord DROP CONSTRAINT lab_rule")


@pytest.mark.parametrize("statement", ["UPDATE {} SET purpose = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", ["exchange_messagerecord", "exchange_ledgerentry"])
def test_log_and_ledger_refuse_to_be_changed_even_by_their_owner(lab: Lab, table: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        lab.rows(statement.format(table))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT body FROM exchange_messagerecord", "SELECT civil_id FROM exchange_ledgerentry", "DELETE FROM exchange_seennonce", "SELECT * FROM exchange_seennonce",
        "UPDATE exchange_ledgerentry SET civil_id = ''", "SELECT * FROM django_migrations", "CREATE TABLE public.mine (x int)",
    ],
)  # fmt: skip
def test_the_gateways_login_may_append_and_nothing_else(lab: Lab, statement: str) -> None:
    with psycopg.connect(lab.gateway_dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_every_column_that_the_gateway_writes_is_one_of_the_table_and_none_is_forgotten(lab: Lab) -> None:
    from toono.exchange.gateway import rows

    written = (
        (rows.BATCH_TABLE, (rows.BatchRow,)), (rows.SIGNATURE_TABLE, (rows.SignatureRow,)), (rows.NONCE_TABLE, (rows.NonceRow,)),
        (rows.MESSAGE_TABLE, (rows.MessageRow, rows.Place)), (rows.LEDGER_TABLE, (rows.LedgerRow, rows.LedgerPlace)),
    )  # fmt: skip
    for table, parts in written:
        columns = [name for (name,) in lab.rows("SELECT column_name FROM information_schema.columns WHERE table_name = %s", table)]
        assert sorted(columns) == sorted(name for part in parts for name in part._fields)


def test_the_commit_waits_for_the_disk(lab: Lab, gateway: RunningGateway) -> None:
    gateway.call(lab.desk, PERSONS, PERSON)
    with psycopg.connect(lab.gateway_dsn, options="-c synchronous_commit=on") as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    assert lab.rows("SHOW fsync") == [("on",)]
    assert lab.rows("SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'toono-gateway'") == [(True,)]


def test_the_ledger_tells_the_person_who_read_what_why_and_by_which_law(lab: Lab, gateway: RunningGateway) -> None:
    civil_id = f"3{uuid4().int % 10**11:011d}"
    got = gateway.call(lab.desk, PERSONS, f"/persons/{civil_id}", X_Road_Issue="C-5")
    names = (
        "message_id, consumer, consumer_title_mn, organisation, organisation_name_mn, provider_name_en, service, service_title_en,"
        " purpose, purpose_title_mn, purpose_title_en, basis_mn, issue, receipt"
    )
    assert lab.rows(f"SELECT {names} FROM exchange_ledgerentry WHERE civil_id = %s", civil_id) == [
        (
            got.headers["x-road-id"], DESK, f"Систем {DESK}", "lab-office", "Байгууллага MN/GOV/lab-office", "Organisation MN/GOV/lab-register", PERSONS,
            f"Service {PERSONS}", "reference", "Зорилго reference", "Purpose reference", "Хуулийн 1.1", "C-5", got.headers["x-road-request-hash"],
        )
    ]  # fmt: skip


def test_what_was_not_read_makes_no_entry(lab: Lab, gateway: RunningGateway) -> None:
    from toono.exchange.tests.lab import answer

    civil_id = f"3{uuid4().int % 10**11:011d}"
    lab.provider.speech = answer(404, json.dumps({"error": "not_found"}).encode(), reason="Not Found")
    assert gateway.call(lab.desk, PERSONS, f"/persons/{civil_id}").status_code == 404
    assert gateway.call(lab.desk, PERSONS, f"/persons/{civil_id}", purpose="loan").status_code == 500
    assert lab.rows("SELECT 1 FROM exchange_ledgerentry WHERE civil_id = %s", civil_id) == []
