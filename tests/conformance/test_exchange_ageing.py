"""What grows old is served with a warning and then refused, each with its exact reason; a revoked certificate is refused at once. OpenSSL reads the proofs."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from cryptography.x509 import ocsp

from toono.exchange.domain.partitions import floor
from toono.exchange.gateway.ageing import _OLDEST_UNSTAMPED
from toono.exchange.tests.lab import PERSONS, Lab, RunningGateway
from toono.kernel.ids import uuid7
from toono.registry.contracts import ExchangePolicy

pytest_plugins = ["toono.exchange.tests.stage"]

PERSON = "/persons/200000000006"
SECOND = timedelta(seconds=1)


def refusal(got: httpx.Response) -> tuple[str, str]:
    return got.headers["x-road-error"], got.json()["detail"].partition(":")[0]


def ask(lab: Lab, gateway: RunningGateway) -> httpx.Response:
    return gateway.call(lab.desk, PERSONS, PERSON)


def warned(got: httpx.Response) -> set[str]:
    assert got.status_code == 200, got.text
    return set(got.headers.get_list("x-toono-warning"))


def reaches(gateway: RunningGateway, version: int) -> None:
    gateway.wait_until(lambda: gateway.ready()["configuration"]["version"] == version)


@pytest.fixture(autouse=True)
def _all_stamped(lab: Lab) -> None:
    """Signatures of earlier tests have their time-stamps; only a test about them leaves some without."""
    stamp_all()


def stamp_all() -> None:
    """What the worker does each minute, now."""
    from toono.exchange.api import stamp_now
    from toono.kernel.actor import system

    stamp_now(actor=system("test"))


# -- the configuration ----------------------------------------------------------------------------------------------


def test_an_expired_configuration_serves_with_a_warning_over_a_restart_and_then_no_more(lab: Lab) -> None:
    policy = ExchangePolicy(configuration_grace_seconds=9)
    with lab.start() as first:
        expires = datetime.now(UTC) + 2 * SECOND
        version = lab.publish(expires_at=expires, policy=policy)
        reaches(first, version)
        lab.registry.up = False
        assert warned(ask(lab, first)) == set()
        first.wait_until(lambda: first.ready()["status"] == "degraded")
        assert warned(ask(lab, first)) == {"configuration_stale"}
        assert httpx.get(first.url + "/health/ready").status_code == 200
        assert first.ready()["ageing"]["configuration"] == "configuration_stale"
    with lab.start() as again:
        assert warned(ask(lab, again)) == {"configuration_stale"}
        again.wait_until(lambda: again.ready()["status"] == "unavailable")
        assert refusal(ask(lab, again)) == ("server.clientproxy.global_conf_outdated", "configuration_expired")
        assert httpx.get(again.url + "/health/ready").status_code == 503
        assert datetime.now(UTC) >= expires + 9 * SECOND
        lab.registry.up = True
        reaches(again, lab.publish())
        assert warned(ask(lab, again)) == set()


# -- the status of certificates -------------------------------------------------------------------------------------


@pytest.fixture
def young(lab: Lab) -> Iterator[RunningGateway]:
    """A gateway whose statuses grow old within seconds, and that knows none from before."""
    for file in (lab.home / "exchange" / "ocsp").glob("*.der"):
        file.unlink()
    version = lab.publish(policy=ExchangePolicy(ocsp_fresh_seconds=3, ocsp_grace_seconds=4))
    with lab.start() as running:
        reaches(running, version)
        yield running
    lab.publish()


def test_statuses_are_asked_anew_before_they_grow_old(lab: Lab, young: RunningGateway) -> None:
    began, asked = time.monotonic(), lab.responder.asked
    while time.monotonic() - began < 4.5:
        assert warned(ask(lab, young)) == set()
        time.sleep(0.2)
    assert lab.responder.asked > asked


def test_without_the_responder_calls_are_served_with_a_warning_and_then_refused(lab: Lab, young: RunningGateway) -> None:
    assert warned(ask(lab, young)) == set()
    lab.responder.up = False
    young.wait_until(lambda: warned(ask(lab, young)) == {"ocsp_stale"}, timeout=5)
    assert young.ready()["status"] == "degraded"
    young.wait_until(lambda: ask(lab, young).status_code == 500, timeout=8)
    assert refusal(ask(lab, young)) == ("server.clientproxy.cannot_create_signature", "ocsp_too_old")
    heard = len(lab.provider.heard)
    ask(lab, young)
    assert len(lab.provider.heard) == heard  # nobody acts on what could not be signed
    lab.responder.restore()
    young.wait_until(lambda: ask(lab, young).status_code == 200)


@pytest.mark.parametrize(
    ("state", "reason"), [(ocsp.OCSPCertStatus.REVOKED, "certificate_revoked"), (ocsp.OCSPCertStatus.UNKNOWN, "certificate_unknown")]
)
def test_a_certificate_that_its_authority_disowns_is_refused_at_once_and_stays_so(
    lab: Lab, young: RunningGateway, state: ocsp.OCSPCertStatus, reason: str
) -> None:
    assert ask(lab, young).status_code == 200
    lab.responder.state = state
    young.wait_until(lambda: ask(lab, young).status_code == 500, timeout=5)
    assert refusal(ask(lab, young)) == ("server.clientproxy.cannot_create_signature", reason)
    # Whoever stands between gives the old, good answer once more: it is not believed, now or after a restart.
    lab.responder.state, lab.responder.age = ocsp.OCSPCertStatus.GOOD, timedelta(seconds=30)
    time.sleep(1.5)
    assert refusal(ask(lab, young))[1] == reason
    lab.responder.up = False
    with lab.start() as restarted:
        assert refusal(ask(lab, restarted))[1] == reason


def test_a_restart_needs_no_responder_and_the_proof_stands_in_the_signature(lab: Lab, tmp_path: Path) -> None:
    reaches_version = lab.publish()
    with lab.start() as first:
        reaches(first, reaches_version)
        assert ask(lab, first).status_code == 200
    lab.responder.up = False
    with lab.start() as again:
        identifier = f"ocsp-{uuid7()}"
        again.wait_until(lambda: again.ready()["ageing"]["certificates"] == "fresh")
        assert warned(again.call(lab.desk, PERSONS, PERSON, X_Road_Id=identifier)) == set()
    members = {member.id: member for member in lab.configuration().members}
    (tmp_path / "root.pem").write_text(lab.authority.pem)
    for record, name in zip(lab.log_of(identifier), ("MN/GOV/lab-office", "MN/GOV/lab-register"), strict=True):
        [[der]] = lab.rows(
            "SELECT r.der FROM exchange_signature s JOIN exchange_ocspresponse r ON r.digest = s.ocsp WHERE s.id = %s", record["signature"]
        )
        (tmp_path / "response.der").write_bytes(der)
        (tmp_path / "certificate.pem").write_text(members[name].certificate_pem)
        command = [
            "openssl",
            "ocsp",
            "-respin",
            "response.der",
            "-issuer",
            "root.pem",
            "-cert",
            "certificate.pem",
            "-CAfile",
            "root.pem",
        ]
        told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert "certificate.pem: good" in told.stdout, told.stderr
        assert "Response verify OK" in told.stderr


def test_a_certificate_without_a_status_signs_nothing(lab: Lab) -> None:
    """The negative twin of all of the above: no answer at all is no answer «good»."""
    lab.responder.up = False
    for file in (lab.home / "exchange" / "ocsp").glob("*.der"):
        file.unlink()
    with lab.start() as running:
        assert refusal(ask(lab, running)) == ("server.clientproxy.cannot_create_signature", "ocsp_missing")
        lab.responder.restore()
        running.wait_until(lambda: ask(lab, running).status_code == 200)


def test_a_revoked_certificate_would_sign_if_nobody_asked_for_its_status(lab: Lab) -> None:
    lab.responder.state = ocsp.OCSPCertStatus.REVOKED
    for file in (lab.home / "exchange" / "ocsp").glob("*.der"):
        file.unlink()
    with lab.start(mutant="no-ageing") as mutant:
        assert ask(lab, mutant).status_code == 200


def test_an_old_answer_would_bring_a_revoked_certificate_back_if_the_youngest_did_not_count(lab: Lab) -> None:
    version = lab.publish(policy=ExchangePolicy(ocsp_fresh_seconds=3, ocsp_grace_seconds=300))
    try:
        with lab.start(mutant="older-status") as mutant:
            reaches(mutant, version)
            lab.responder.state = ocsp.OCSPCertStatus.REVOKED
            mutant.wait_until(lambda: ask(lab, mutant).status_code == 500, timeout=10)
            lab.responder.state, lab.responder.age = ocsp.OCSPCertStatus.GOOD, timedelta(seconds=30)
            mutant.wait_until(lambda: ask(lab, mutant).status_code == 200, timeout=10)
    finally:
        lab.publish()


# -- time-stamps ----------------------------------------------------------------------------------------------------


def test_without_time_stamps_calls_are_served_with_a_warning_and_then_refused(lab: Lab) -> None:
    version = lab.publish(policy=ExchangePolicy(stamp_fresh_seconds=2, stamp_grace_seconds=10))
    try:
        with lab.start() as running:
            reaches(running, version)
            stamp_all()  # what other tests have left
            assert warned(ask(lab, running)) == set()
            stale = {"stamps_stale"}  # the platform's own worker may stamp in between; then it takes as long again
            running.wait_until(lambda: warned(ask(lab, running)) == stale, timeout=20)
            too_old = ("server.clientproxy.logging_failed.timestamper_failed", "stamps_too_old")
            running.wait_until(lambda: (got := ask(lab, running)).status_code == 500 and refusal(got) == too_old, timeout=30)
            running.wait_until(lambda: running.ready()["status"] == "unavailable", timeout=5)
            stamp_all()
            running.wait_until(lambda: ask(lab, running).status_code == 200)
            assert warned(ask(lab, running)) == set()
    finally:
        lab.publish()


def test_looking_for_the_oldest_signature_costs_the_same_in_a_large_table(lab: Lab) -> None:
    """Half a million signatures, all stamped but the last: both indexes are entered where the newest stamp is."""
    newest = datetime.now(UTC)
    with psycopg.connect(lab.owner_dsn) as connection:
        for table in ("exchange_signature", "exchange_stampleaf"):
            connection.execute(f"CREATE TEMP TABLE {table} (LIKE public.{table} INCLUDING DEFAULTS INCLUDING INDEXES)")
        milliseconds = int(newest.timestamp() * 1000)
        identifier = f"(lpad(to_hex({milliseconds} - n * 100), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid"
        connection.execute(
            "INSERT INTO exchange_signature SELECT " + identifier + ", gen_random_uuid(), 0, 'm', '1', NULL, now(), '', false, '', '' "
            "FROM generate_series(0, 500000) n"
        )
        connection.execute("INSERT INTO exchange_stampleaf SELECT id, id, 0 FROM exchange_signature ORDER BY id LIMIT 500000")
        connection.execute("ANALYZE exchange_signature, exchange_stampleaf")
        since = floor(newest - timedelta(seconds=60))
        [[found]] = connection.execute("SELECT count(*) FROM exchange_signature").fetchall()
        assert found == 500_001
        [[plan]] = connection.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + _OLDEST_UNSTAMPED, (since, since)).fetchall()
        assert connection.execute(_OLDEST_UNSTAMPED, (since, since)).fetchone() is not None
        connection.rollback()
    pages = plan[0]["Plan"]
    touched = sum(pages[f"Local {kind} Blocks"] for kind in ("Hit", "Read"))
    assert touched < 4_000, json.dumps(plan)  # at most the 600 of the last minute, each by its index; the tables have some 20,000 pages
