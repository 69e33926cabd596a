"""The gateway lives by its signed configuration, and lives on while everything that made it is down."""

from __future__ import annotations

import concurrent.futures
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from toono.exchange.tests.lab import DESK, PERSONS, Authority, Lab, RunningGateway
from toono.registry.contracts import ExchangePolicy

pytest_plugins = ["toono.exchange.tests.stage"]

PERSON = "/persons/200000000006"
NO_GRACE = ExchangePolicy(configuration_grace_seconds=0)


def refusal(got: httpx.Response) -> tuple[str, str]:
    return got.headers["x-road-error"], got.json()["detail"].partition(":")[0]


def in_force(gateway: RunningGateway) -> int:
    version: int = gateway.ready()["configuration"]["version"]
    return version


def kept(lab: Lab) -> Path:
    return lab.home / "exchange" / "configuration.jws"


def test_a_new_configuration_takes_force_without_a_restart_and_without_a_lost_call(lab: Lab, gateway: RunningGateway) -> None:
    stop = time.monotonic() + 3
    version = lab.publish()

    def calls() -> set[int]:
        found = set()
        with httpx.Client() as client:
            while time.monotonic() < stop:
                got = client.get(
                    f"{gateway.url}/r1/{PERSONS}{PERSON}",
                    headers={"X-Road-Client": DESK, "X-Toono-Purpose": "reference", "Authorization": f"Bearer {lab.desk.bearer}"},
                )
                found.add(got.status_code)
        return found

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        running = [pool.submit(calls) for _ in range(4)]
        gateway.wait_until(lambda: in_force(gateway) == version)
        version = lab.publish()
        gateway.wait_until(lambda: in_force(gateway) == version)
        assert set().union(*(r.result() for r in running)) == {200}


def test_an_agreement_that_was_ended_ends_here_too(lab: Lab, gateway: RunningGateway) -> None:
    ended = [
        a.model_copy(update={"valid_until": datetime.now(UTC) - timedelta(seconds=1)}) if a.id == "A-1" else a
        for a in lab.configuration().agreements
    ]
    version = lab.publish(agreements=tuple(ended))
    gateway.wait_until(lambda: in_force(gateway) == version)
    assert refusal(gateway.call(lab.desk, PERSONS, PERSON)) == ("server.serverproxy.access_denied", "agreement_expired")
    version = lab.publish()
    gateway.wait_until(lambda: in_force(gateway) == version)
    assert gateway.call(lab.desk, PERSONS, PERSON).status_code == 200


def test_an_expired_agreement_would_serve_if_nobody_looked_at_its_dates(lab: Lab) -> None:
    with lab.start(mutant="no-agreement-dates") as mutant:
        assert mutant.call(lab.loans, PERSONS, PERSON, purpose="loan").status_code == 200


def test_with_the_registry_down_calls_go_on_even_after_a_restart(lab: Lab) -> None:
    with lab.start() as first:
        first.wait_until(lambda: in_force(first) == lab.version and kept(lab).exists())
        lab.registry.up = False
        assert first.call(lab.desk, PERSONS, PERSON).status_code == 200
    with lab.start() as restarted:
        assert in_force(restarted) == lab.version
        assert restarted.call(lab.desk, PERSONS, PERSON).status_code == 200
        lab.registry.up = True
        version = lab.publish()
        restarted.wait_until(lambda: in_force(restarted) == version)


def test_a_forged_or_foreign_configuration_is_refused_and_the_last_good_one_stays(lab: Lab, gateway: RunningGateway) -> None:
    good = lab.publish()
    gateway.wait_until(lambda: in_force(gateway) == good)
    genuine = lab.registry.jws
    later = lab.configuration(version=good + 100)
    strange = Authority()
    forged = [
        strange.sign(later),  # another authority
        genuine[:-8] + "AAAAAAAA",  # another signature
        "no jws",
        lab.authority.sign(lab.configuration(version=good + 100, instance="XX")),
        lab.authority.sign(lab.configuration(version=good - 1)),  # an older one, though genuine
        lab.authority.sign(lab.configuration(version=good + 100, expires_at=datetime.now(UTC) - timedelta(seconds=1), policy=NO_GRACE)),
        lab.authority.sign(lab.configuration(version=good + 100, members=())),  # contradicts itself
    ]
    for jws in forged:
        lab.registry.jws = jws
        time.sleep(0.6)  # two rounds of asking
        assert in_force(gateway) == good
        assert gateway.call(lab.desk, PERSONS, PERSON).status_code == 200
    assert kept(lab).read_text() == genuine
    next_one = lab.publish()
    gateway.wait_until(lambda: in_force(gateway) == next_one)


def test_a_gateway_never_goes_back_even_over_a_restart_after_expiry(lab: Lab) -> None:
    with lab.start() as running:
        short = lab.publish(expires_at=datetime.now(UTC) + timedelta(seconds=2), policy=NO_GRACE)
        running.wait_until(lambda: in_force(running) == short)
        assert running.call(lab.desk, PERSONS, PERSON).status_code == 200
        lab.registry.up = False
        running.wait_until(lambda: not running.ready()["configuration"]["usable"])
        assert refusal(running.call(lab.desk, PERSONS, PERSON)) == ("server.clientproxy.global_conf_outdated", "configuration_expired")
        assert httpx.get(running.url + "/health/ready").status_code == 503
    lab.registry.jws = lab.authority.sign(lab.configuration(version=short - 1))
    lab.registry.up = True
    with lab.start(expect_configuration=False) as restarted:
        time.sleep(0.6)
        assert refusal(restarted.call(lab.desk, PERSONS, PERSON)) == ("server.clientproxy.global_conf_outdated", "no_configuration")
        version = lab.publish()
        restarted.wait_until(lambda: in_force(restarted) == version)
        assert restarted.call(lab.desk, PERSONS, PERSON).status_code == 200
