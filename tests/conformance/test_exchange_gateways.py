"""Several gateways carry one load: what may be used once is used once among all of them, each keeps its chain, one may die, and one may be replaced without a lost call."""

from __future__ import annotations

import concurrent.futures
import hashlib
import itertools
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conformance.test_exchange_clients import signed
from toono.entry.gateways import HANDOVER_SECONDS, LONGEST_CALL_SECONDS
from toono.exchange.tests.lab import DESK, DOCUMENTS, PERSONS, Heard, Lab, RunningGateway, answer, person
from toono.exchange.tests.speaking import Speaker

pytest_plugins = ["toono.exchange.tests.stage"]

PERSON = "/persons/200000000009"
PUBLIC = "https://exchange.example"
"""The address by which clients know all of them."""


@pytest.fixture(scope="module")
def three(lab: Lab) -> Iterator[list[RunningGateway]]:
    """Three gateways of one name."""
    with ExitStack() as stack:
        yield [stack.enter_context(lab.start(TOONO_GATEWAY_NAME="shared", TOONO_GATEWAY_URL=PUBLIC)) for _ in range(3)]


def reason(got: httpx.Response) -> str:
    return str(got.json()["detail"]).partition(":")[0]


def through(gateway: RunningGateway, request: httpx.Request) -> httpx.Response:
    """``request`` as the balancer before the gateways passes it on."""
    target = httpx.URL(gateway.url).copy_with(raw_path=request.url.raw_path)
    return httpx.request(request.method, target, headers=request.headers, content=request.content)


def call(lab: Lab, url: str, http: httpx.Client | None = None, identifier: str | None = None) -> httpx.Response:
    headers = {
        "X-Road-Client": DESK, "X-Toono-Purpose": "reference", "Authorization": f"Bearer {lab.desk.bearer}", "X-Road-Id": identifier or f"many-{uuid4()}",
    }  # fmt: skip
    return (http or httpx).get(f"{url}/r1/{PERSONS}{PERSON}", headers=headers, timeout=30)


# -- what may be used once ------------------------------------------------------------------------------------------


def test_a_signature_used_at_one_gateway_is_refused_at_the_others(lab: Lab, three: list[RunningGateway]) -> None:
    request = signed(lab.desk, f"{PUBLIC}/r1/{PERSONS}{PERSON}")
    heard = len(lab.provider.heard)
    assert through(three[0], request).status_code == 200
    assert [reason(through(gateway, request)) for gateway in three] == ["nonce_repeated"] * 3
    assert len(lab.provider.heard) == heard + 1


def test_a_signature_sent_to_all_at_once_is_answered_once(lab: Lab, three: list[RunningGateway]) -> None:
    for _ in range(5):
        request = signed(lab.desk, f"{PUBLIC}/r1/{PERSONS}{PERSON}")
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda gateway, sent=request: through(gateway, sent), three * 2))
        assert sorted(got.status_code for got in answers) == [200] + [500] * 5
        assert {reason(got) for got in answers if got.status_code != 200} == {"nonce_repeated"}


def order(desk: Speaker, key: str) -> httpx.Response:
    return desk.call(DOCUMENTS, "/documents", method="POST", content=b"{}", Idempotency_Key=key)


def test_a_key_sent_to_all_at_once_is_done_once_and_each_gives_the_same_answer(lab: Lab, three: list[RunningGateway]) -> None:
    desks = [Speaker(lab.desk, PUBLIC, send_to=gateway.url) for gateway in three]
    lab.provider.speech = answer(201, b'{"number":1}', reason="Created")
    before = len(lab.provider.heard)
    for _ in range(5):
        key = secrets.token_hex(8)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            found = list(pool.map(lambda desk, key=key: order(desk, key), desks * 2))  # type: ignore[misc]
        assert {got.status_code for got in found} <= {201, 409} and 201 in {got.status_code for got in found}
        again = [order(desk, key) for desk in desks]
        assert [(got.status_code, got.headers["idempotency-replayed"]) for got in again] == [(201, "true")] * 3
        assert len({got.headers["toono-receipt"] for got in again}) == 1
    assert len(lab.provider.heard) == before + 5


def test_a_call_whose_gateway_was_killed_has_an_unknown_outcome_and_is_not_done_again(lab: Lab, three: list[RunningGateway]) -> None:
    asked, key, identifier = threading.Event(), secrets.token_hex(8), f"died-{uuid4()}"

    def hang(connection: socket.socket, heard: Heard) -> bool:
        asked.set()
        time.sleep(1.5)
        return False

    lab.provider.speech = hang
    with lab.start(TOONO_GATEWAY_NAME="shared", TOONO_GATEWAY_URL=PUBLIC) as doomed:
        desk = Speaker(lab.desk, PUBLIC, send_to=doomed.url)
        request = desk.request("POST", f"/v1/{DOCUMENTS}/documents", content=b"{}", Idempotency_Key=key, Toono_Message_Id=identifier)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            first = pool.submit(desk.send, request)
            assert asked.wait(10)
            doomed.kill()
            with pytest.raises(httpx.TransportError):
                first.result()
    other = Speaker(lab.desk, PUBLIC, send_to=three[0].url)
    heard = len(lab.provider.heard)
    early = order(other, key)
    assert (early.status_code, early.json()["code"]) == (409, "idempotency_running")  # it may still be answered
    [[request_id]] = lab.rows(
        "UPDATE exchange_seennonce n SET held_until = now() - interval '1 second' FROM exchange_messagerecord m"
        " WHERE m.message_id = %s AND m.request_id = n.request_id RETURNING n.request_id",
        identifier,
    )
    late = [order(other, key) for _ in range(2)]
    assert {(got.status_code, got.json()["code"], got.json()["outcome"]) for got in late} == {(409, "idempotency_unknown", "unknown")}
    assert late[0].json()["earlier"] == {"message_id": identifier, "request_id": str(request_id)}
    assert len(lab.provider.heard) == heard


def test_a_quota_holds_over_all_of_them_together(lab: Lab, three: list[RunningGateway]) -> None:
    quota = 30
    agreements = tuple(
        a.model_copy(update={"id": f"Q-{uuid4()}", "quota_per_day": quota}) if a.id == "A-1" else a for a in lab.configuration().agreements
    )
    version = lab.publish(agreements=agreements)
    for gateway in three:
        gateway.wait_until(lambda one=gateway: one.ready()["configuration"]["version"] == version)
    try:
        answered = 0
        ends: set[str] = set()
        deadline = time.monotonic() + 40
        for gateway in itertools.cycle(three):
            got = call(lab, gateway.url)
            answered += got.status_code == 200
            if got.status_code != 200:
                assert reason(got) == "quota_exceeded"
                ends.add(gateway.url)
            if len(ends) == 3 or time.monotonic() > deadline:
                break
            time.sleep(0.15)  # slower than the gateways tell each other
        assert len(ends) == 3
        assert quota <= answered <= quota + 20  # at most what is carried between two exchanges of counts
    finally:
        version = lab.publish()
        for gateway in three:
            gateway.wait_until(lambda gateway=gateway: gateway.ready()["configuration"]["version"] == version)  # type: ignore[misc]


# -- evidence -------------------------------------------------------------------------------------------------------


def test_each_writer_of_each_gateway_keeps_a_chain_without_a_hole(lab: Lab, three: list[RunningGateway]) -> None:
    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        assert all(got.status_code == 200 for got in pool.map(lambda n: call(lab, three[n % 3].url), range(60)))
    chains: dict[Any, list[tuple[int, bytes, bytes]]] = {}
    for chain, number, content, link in lab.rows(
        "SELECT chain, number, content, link FROM exchange_batch WHERE gateway = 'shared' ORDER BY chain, number"
    ):
        chains.setdefault(chain, []).append((number, bytes(content), bytes(link)))
    assert len(chains) >= 3
    for links in chains.values():
        assert [number for number, _, _ in links] == list(range(1, len(links) + 1))
        last = bytes(64)
        for _, content, link in links:
            last = hashlib.sha512(last + hashlib.sha512(content).digest()).digest()
            assert last == link


def test_one_is_killed_under_load_and_the_clients_go_on_with_the_others(lab: Lab, three: list[RunningGateway]) -> None:
    with lab.start(TOONO_GATEWAY_NAME="shared") as doomed:
        urls = [doomed.url, three[0].url, three[1].url]
        answered: list[str] = []
        lost: list[str] = []
        killed = threading.Event()

        def client(number: int) -> None:
            places = itertools.cycle(urls[number % 3 :] + urls[: number % 3])
            place = next(places)
            with httpx.Client() as http:
                for n in range(30):
                    if number == 0 and n == 10:
                        doomed.kill()
                        killed.set()
                    identifier = f"killed-{uuid4()}"
                    for _ in range(3):
                        try:
                            got = call(lab, place, http, identifier)
                            break
                        except httpx.TransportError:
                            place = next(places)
                    else:
                        lost.append(identifier)
                        continue
                    (answered if got.status_code == 200 else lost).append(identifier)

        with concurrent.futures.ThreadPoolExecutor(9) as pool:
            for done in [pool.submit(client, number) for number in range(9)]:
                done.result()
    assert killed.is_set()
    assert lost == []
    assert len(answered) == 270
    [[whole]] = lab.rows(
        "SELECT count(DISTINCT message_id) FROM exchange_messagerecord JOIN exchange_ledgerentry USING (message_id, request_id)"
        " WHERE message_id = ANY(%s) AND direction = 'response'",
        answered,
    )
    assert whole == 270


# -- replaced without a lost call -----------------------------------------------------------------------------------


def test_workers_are_replaced_without_a_lost_call(lab: Lab, workers: int = 2) -> None:
    """Clients that keep their connection, clients that make a new one for each call, and calls that take longer than the handover."""

    def slow(connection: socket.socket, heard: Heard) -> bool:
        if heard.header("x-road-userid") == "slow":
            time.sleep(1.8)
        return person(connection, heard)

    lab.provider.speech = slow
    options = ("--respawn-interval", str(HANDOVER_SECONDS), "--workers-kill-timeout", str(LONGEST_CALL_SECONDS))
    with lab.start(workers=workers, server=options) as running:
        time.sleep(5.5)  # so long it counts as one generation with what starts now
        before = _workers(running)
        wrong: list[object] = []
        served: dict[str, int] = {"kept": 0, "fresh": 0, "slow": 0}
        stop = threading.Event()

        def client(kind: str) -> None:
            with httpx.Client() as kept:
                while not stop.is_set():
                    try:
                        if kind == "slow":
                            got = kept.get(
                                f"{running.url}/r1/{PERSONS}{PERSON}", timeout=30, headers=_headers(lab) | {"X-Road-UserId": "slow"}
                            )
                        else:
                            got = call(lab, running.url, kept if kind == "kept" else None)
                        if got.status_code == 200:
                            served[kind] += 1
                        else:
                            wrong.append(got.text)
                    except httpx.TransportError as error:
                        wrong.append((kind, error))

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            tasks = [pool.submit(client, kind) for kind in ("kept", "kept", "kept", "kept", "fresh", "fresh", "slow", "slow")]
            time.sleep(0.5)
            running.process.send_signal(signal.SIGHUP)
            running.wait_until(lambda: len(_workers(running)) == workers and not _workers(running) & before, timeout=60)
            time.sleep(1)
            stop.set()
            for task in tasks:
                task.result()
        assert wrong == []
        assert all(count > 3 for count in served.values()), served


def _workers(gateway: RunningGateway) -> set[int]:
    found = subprocess.run(["pgrep", "-P", str(gateway.process.pid), "-f", "granian"], capture_output=True, text=True, check=False)
    return {int(pid) for pid in found.stdout.split()}


def _headers(lab: Lab) -> dict[str, str]:
    return {"X-Road-Client": DESK, "X-Toono-Purpose": "reference", "Authorization": f"Bearer {lab.desk.bearer}"}


def test_the_command_starts_one_more_beside_a_running_platform_and_reloads_it(stack: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "toono.entry", "gateway", "--port", str(port)]
    log = stack.home / "logs" / "second-gateway.log"
    with log.open("wb") as out:
        process = subprocess.Popen([*command, "--name", "second"], env=stack.environment, stdout=out, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}/health/ready"

    def state() -> dict[str, Any]:
        try:
            found: dict[str, Any] = httpx.get(url).json()
            return found
        except httpx.TransportError:
            return {}

    try:
        stack.wait(lambda: state().get("status") in ("ok", "degraded"), timeout=20)
        assert state()["configuration"]["version"] == httpx.get(stack.gateway_url + "/health/ready").json()["configuration"]["version"]
        taken = subprocess.run(command, env=stack.environment, capture_output=True, text=True, check=False)
        assert (taken.returncode, "is in use" in taken.stderr) == (2, True)
        time.sleep(5.5)
        noted = stack.home / "run" / f"gateway-{port}.worker"
        before = noted.read_text()
        assert subprocess.run([*command, "--reload"], env=stack.environment, check=False).returncode == 0
        stack.wait(lambda: noted.read_text() != before, timeout=20)
        stack.wait(lambda: state().get("status") in ("ok", "degraded"), timeout=20)
    finally:
        process.terminate()
        process.wait(30)
    gone = subprocess.run([*command, "--reload"], env=stack.environment, capture_output=True, text=True, check=False)
    assert (gone.returncode, "No gateway" in gone.stderr) == (2, True)
