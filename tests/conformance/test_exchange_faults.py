"""Bad input, bad providers, and parts of the platform that are down: each a clear answer."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from toono.exchange.tests.lab import DOCUMENTS, PERSONS, Heard, Lab, RunningGateway, Speech, answer, person, says

pytest_plugins = ["toono.exchange.tests.stage"]

PERSON = "/persons/200000000004"
MIB = 1024 * 1024


def refusal(got: httpx.Response) -> tuple[str, str]:
    return got.headers["x-road-error"], got.json()["detail"].partition(":")[0]


# -- too much, too slow ----------------------------------------------------------------------------------------------


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // MIB):
        yield bytes(MIB)


@pytest.mark.parametrize("content", [bytes(20 * MIB), 20 * MIB], ids=["declared", "chunked"])
def test_a_body_of_20_mb_is_refused_with_a_clear_answer(lab: Lab, gateway: RunningGateway, content: Any) -> None:
    before = len(lab.provider.heard)
    body = chunks(content) if isinstance(content, int) else content
    got = gateway.call(lab.desk, DOCUMENTS, "/documents", method="POST", content=body)
    assert (got.status_code, *refusal(got)) == (400, "client.invalid_request", "body_too_large")
    assert len(lab.provider.heard) == before
    assert gateway.call(lab.desk, PERSONS, PERSON).status_code == 200


def test_a_body_of_10_mib_goes_through(lab: Lab, gateway: RunningGateway) -> None:
    lab.provider.speech = answer(body=b"{}")
    for content in (bytes(10 * MIB), chunks(10 * MIB)):
        assert gateway.call(lab.desk, DOCUMENTS, "/documents", method="POST", content=content).status_code == 200
        assert len(lab.provider.heard[-1].body) == 10 * MIB


def test_a_head_that_comes_byte_by_byte_is_cut_off_and_holds_nobody_up(lab: Lab, gateway: RunningGateway) -> None:
    address = httpx.URL(gateway.url)
    with socket.create_connection((address.host, address.port or 80)) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        slow.settimeout(10)
        started = time.monotonic()
        assert gateway.call(lab.desk, PERSONS, PERSON).status_code == 200
        try:
            while slow.recv(1000):
                pass
        except ConnectionResetError:
            pass
        assert time.monotonic() - started < 8


# -- providers -------------------------------------------------------------------------------------------------------


def closes(connection: socket.socket, heard: Heard) -> bool:
    return False


def hangs(connection: socket.socket, heard: Heard) -> bool:
    time.sleep(3)
    return False


def trickles(connection: socket.socket, heard: Heard) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(60):
        connection.sendall(b"x")
        time.sleep(0.1)
    return False


def streams(connection: socket.socket, heard: Heard) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"100000\r\n" + bytes(MIB) + b"\r\n")


def half(connection: socket.socket, heard: Heard) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    return False


OTHER = json.dumps({"civil_id": "200000000999", "given_name": "Нууц"}, ensure_ascii=False).encode()
FAILED = "server.serverproxy.service_failed."


@pytest.mark.parametrize(
    ("speech", "kind", "reason"),
    [
        (closes, "network_error", "connection_closed"),
        (half, "network_error", "connection_closed"),
        (hangs, "network_error", "timeout"),
        (trickles, "network_error", "timeout"),
        (streams, "invalid_response", "answer_too_large"),
        (says(b"SSH-2.0-x\r\n\r\n"), "http_error", "not_http"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde"), "http_error", "not_http"),
        (says(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"), "http_error", "not_http"),
        (answer(body=b"<html>"), "invalid_response", "not_json"),
        (answer(body=b""), "invalid_response", "not_json"),
        (answer(body=b"{}"), "invalid_response", "no_subject"),
        (answer(body=b'{"civil_id": 200000000004}'), "invalid_response", "other_person"),
        (answer(body=OTHER), "invalid_response", "other_person"),
        (answer(body=OTHER, headers=(("Content-Encoding", "gzip"),)), "invalid_response", "encoded"),
    ],
)
def test_a_faulty_provider_gives_a_clear_error_that_is_logged_and_nothing_of_its_answer_leaves(
    lab: Lab, gateway: RunningGateway, speech: Speech, kind: str, reason: str
) -> None:
    lab.provider.speech = speech
    started = time.monotonic()
    got = gateway.call(lab.desk, PERSONS, PERSON)
    assert (got.status_code, *refusal(got)) == (500, FAILED + kind, reason)
    assert time.monotonic() - started < 3
    assert "Нууц" not in got.text and "200000000999" not in got.text
    request, outcome = lab.log_of(got.headers["x-road-id"])
    assert request["error_type"] is None
    assert (outcome["error_type"], outcome["status"], outcome["signature"]) == (FAILED + kind, 500, None)
    assert outcome["reason"] == got.json()["detail"]
    assert not outcome["head"] and not outcome["body"]
    assert not lab.rows("SELECT 1 FROM exchange_ledgerentry WHERE message_id = %s", got.headers["x-road-id"])


def test_an_answer_for_another_person_would_leave_if_nobody_looked(lab: Lab) -> None:
    lab.provider.speech = answer(body=OTHER)
    with lab.start(mutant="no-subject-check") as mutant:
        assert "Нууц" in mutant.call(lab.desk, PERSONS, PERSON).text


def test_a_provider_that_is_not_there_gives_a_network_error(lab: Lab, gateway: RunningGateway) -> None:
    services = [s.model_copy(update={"base_url": "http://127.0.0.1:9"}) for s in lab.configuration().services]
    version = lab.publish(services=tuple(services))
    gateway.wait_until(lambda: gateway.ready()["configuration"]["version"] == version)
    assert refusal(gateway.call(lab.desk, PERSONS, PERSON)) == (FAILED + "network_error", "connection_failed")
    version = lab.publish()
    gateway.wait_until(lambda: gateway.ready()["configuration"]["version"] == version)
    assert gateway.call(lab.desk, PERSONS, PERSON).status_code == 200


def test_a_connection_that_the_provider_closed_while_idle_is_not_the_callers_trouble(lab: Lab, gateway: RunningGateway) -> None:
    def says_and_closes(connection: socket.socket, heard: Heard) -> bool:
        person(connection, heard)
        return False

    lab.provider.speech = says_and_closes
    assert {gateway.call(lab.desk, PERSONS, PERSON).status_code for _ in range(20)} == {200}


def test_what_may_not_be_done_twice_is_not_sent_twice(lab: Lab, gateway: RunningGateway) -> None:
    lab.provider.speech = answer(body=b"{}")
    gateway.call(lab.desk, DOCUMENTS, "/documents/1")  # leaves a kept connection
    lab.provider.speech = closes
    before = len(lab.provider.heard)
    assert refusal(gateway.call(lab.desk, DOCUMENTS, "/documents", method="POST", content=b"{}")) == (
        FAILED + "network_error",
        "connection_closed",
    )
    assert len(lab.provider.heard) == before + 1


def test_ways_to_read_a_person_past_the_ledger_are_closed(lab: Lab, gateway: RunningGateway) -> None:
    got = gateway.call(lab.desk, PERSONS, PERSON, Range="bytes=0-9", If_None_Match='"x"', Accept_Encoding="gzip")
    assert got.status_code == 200
    assert not {"range", "if-none-match", "accept-encoding"} & {name for name, _ in lab.provider.heard[-1].headers}


# -- signer ----------------------------------------------------------------------------------------------------------


def test_without_the_signer_no_call_goes_on_and_with_it_all_do(lab: Lab, gateway: RunningGateway) -> None:
    lab.signer.cut()
    before = len(lab.provider.heard)
    assert refusal(gateway.call(lab.desk, PERSONS, PERSON)) == ("server.clientproxy.cannot_create_signature", "signer_unavailable")
    assert len(lab.provider.heard) == before
    gateway.wait_until(lambda: gateway.ready()["signer"] == "unavailable" and gateway.ready()["status"] == "unavailable")
    lab.signer.restore()
    assert gateway.call(lab.desk, PERSONS, PERSON).status_code == 200
    gateway.wait_until(lambda: gateway.ready()["status"] == "ok")


def test_a_signer_that_dies_while_the_provider_answers_leaves_the_outcome_in_the_log(lab: Lab, gateway: RunningGateway) -> None:
    def cuts(connection: socket.socket, heard: Heard) -> bool:
        lab.signer.cut()
        return person(connection, heard)

    lab.provider.speech = cuts
    got = gateway.call(lab.desk, PERSONS, PERSON)
    assert refusal(got) == ("server.serverproxy.cannot_create_signature", "signer_unavailable")
    assert [record["direction"] for record in lab.log_of(got.headers["x-road-id"])] == ["request", "response"]
    assert not lab.rows("SELECT 1 FROM exchange_ledgerentry WHERE message_id = %s", got.headers["x-road-id"])


def test_a_key_that_is_not_the_certificates_is_noticed_before_anything_is_sent(lab: Lab, gateway: RunningGateway) -> None:
    members = [
        m.model_copy(update={"signing_key": "exchange/lab-bank"}) if m.id.endswith("office") else m for m in lab.configuration().members
    ]
    version = lab.publish(members=tuple(members))
    gateway.wait_until(lambda: gateway.ready()["configuration"]["version"] == version)
    before = len(lab.provider.heard)
    assert refusal(gateway.call(lab.desk, PERSONS, PERSON)) == ("server.clientproxy.cannot_create_signature", "signature_of_another_key")
    assert len(lab.provider.heard) == before
    version = lab.publish()
    gateway.wait_until(lambda: gateway.ready()["configuration"]["version"] == version)
