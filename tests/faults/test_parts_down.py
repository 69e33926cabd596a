"""A part is down: a clear answer, nothing lost, and all goes on when it is back."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx
import psycopg
import pytest

from tests.stage import Stack
from toono.entry.person import Person
from toono.entry.tour import declaration, document_link, order_reference, start_form

KILLS = int(os.environ.get("CHAOS_KILLS", "3"))
"""Of each victim; ``make chaos`` asks for many."""
Without = Callable[..., AbstractContextManager[None]]
TECHNICAL = ("Traceback", "Exception", "psycopg", "SELECT ", "django", "OperationalError", "signer.sock")


def made_up(broken: Stack, number: int) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{broken.sandbox_url}/control/persons", params={"limit": 60}).json()[number]
    return found


def signed_in(broken: Stack, number: int) -> Person:
    made = made_up(broken, number)
    person = Person(broken.base_url, sms=lambda: broken.sms(made["phone"]))
    person.sign_in(made["regnum"])
    return person


def says_something_kind(answer: httpx.Response) -> None:
    assert answer.status_code in (503, 500)
    assert not [word for word in TECHNICAL if word in answer.text], answer.text[:500]
    assert "1800-1111" in answer.text
    assert "<h1" in answer.text


def test_the_gateway_serves_while_portal_registry_and_worker_are_stopped(broken: Stack, without: Without) -> None:
    with without("web", "worker"):
        with pytest.raises(httpx.TransportError):
            httpx.get(broken.base_url + "/health/live")
        assert all(broken.bank_call().status_code == 200 for _ in range(5))


def test_the_gateway_starts_from_its_last_good_configuration_without_the_registry(broken: Stack, without: Without) -> None:
    import os
    import signal
    import subprocess
    import sys

    from tests.stage import ROOT, free_ports

    with without("web", "worker"):
        port = free_ports(1)[0]
        environment = broken.environment | {"TOONO_GATEWAY_PORT": str(port)}
        command = [sys.executable, "-m", "granian", "toono.entry.gateway:application", "--interface", "asgi", "--port", str(port)]
        other = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:

            def ready() -> bool:
                try:
                    return httpx.get(f"http://127.0.0.1:{port}/health/ready").is_success
                except httpx.TransportError:
                    return False

            broken.wait(ready, timeout=30)
        finally:
            os.killpg(other.pid, signal.SIGKILL)
            other.wait()


def test_signer_down_refuses_the_exchange_with_its_error_and_is_back_by_itself(broken: Stack, without: Without) -> None:
    with without("signer"):
        answer = broken.bank_call()
        assert answer.status_code == 500
        assert "signer" in answer.headers["x-road-error"].lower() or "sign" in answer.json()["type"].lower()
        assert "Traceback" not in answer.text
    broken.wait(lambda: broken.bank_call().status_code == 200, timeout=20)


def test_signer_down_delays_an_order_and_loses_nothing(broken: Stack, without: Without) -> None:
    person = signed_in(broken, 1)
    person.open("/services/address-reference/")
    person.press(form=start_form(person))
    with without("signer"):
        person.press(form=person.form(field="form_token"), **declaration(person))
        assert person.answer.status_code == 200 and person.path.startswith("/cases/"), person.text[:300]
        assert not [word for word in TECHNICAL if word in person.answer.text]
        time.sleep(2)
        person.open(person.path)
        assert person.answer.status_code == 200
        assert not person.page.xpath("//main//a[starts-with(@href, '/documents/')]")
    assert document_link(person)


def test_database_down_for_ten_seconds_loses_no_order_and_no_answer(broken: Stack, without: Without) -> None:
    waiting, acting = signed_in(broken, 2), signed_in(broken, 3)
    waiting.open("/services/address-reference/")
    waiting.press(form=start_form(waiting))
    assert broken.bank_call(case="BEFORE").status_code == 200
    form, ticks = waiting.form(field="form_token"), declaration(waiting)
    with without("postgres"):
        began = time.monotonic()
        page = acting.client.get("/my/")
        says_something_kind(page)
        sent = waiting.press(form=form, **ticks) is not None and waiting.answer
        says_something_kind(sent or page)
        answer = broken.bank_call(case="DURING")
        assert answer.status_code == 500 and "log" in answer.json()["type"].lower(), answer.text
        time.sleep(max(0.0, 10 - (time.monotonic() - began)))
    waiting.press(form=form, **ticks)  # the person presses the button again: one order, none lost
    assert waiting.path.startswith("/cases/"), waiting.text[:300]
    assert document_link(waiting)
    waiting.open("/my/")
    assert len(set(waiting.page.xpath("//main//a[starts-with(@href, '/cases/')]/@href"))) == 1
    broken.wait(lambda: broken.bank_call(case="AFTER").status_code == 200, timeout=30)
    order_reference(acting)


def test_after_an_outage_of_the_database_the_worker_serves_within_moments(broken: Stack) -> None:
    """A person who signs in as soon as the portal is back waits for the code as on any other day, not half a minute."""
    for _ in range(3):
        broken.kill("postgres")
        time.sleep(2.5)
    broken.wait(broken.serves, timeout=60)
    signed_in(broken, 4)


@pytest.mark.parametrize("victim", ["gateway", "signer", "postgres"])
def test_kill_9_under_load_loses_no_answered_call_from_the_log(broken: Stack, victim: str) -> None:
    answered: list[str] = []
    stop = threading.Event()
    lock = threading.Lock()

    def client(number: int) -> None:
        civil_id = made_up(broken, number)["civil_id"]
        while not stop.is_set():
            try:
                answer = broken.bank_call(civil_id, case="CHAOS", timeout=10)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if answer.status_code == 200:
                with lock:
                    answered.append(answer.headers["x-road-id"])

    clients = [threading.Thread(target=client, args=(n,)) for n in range(4)]
    for c in clients:
        c.start()
    for _ in range(KILLS):
        seen = len(answered)
        broken.wait(lambda seen=seen: len(answered) > seen + 5, timeout=60)  # type: ignore[misc]
        broken.kill(victim)
    seen = len(answered)
    broken.wait(lambda: len(answered) > seen + 5, timeout=60)
    stop.set()
    for c in clients:
        c.join()
    assert len(answered) > 20
    with psycopg.connect(broken.settings.database_dsn) as connection:
        logged = {row[0] for row in connection.execute("SELECT message_id FROM exchange_messagerecord WHERE direction = 'response'")}
        told = {row[0] for row in connection.execute("SELECT message_id FROM exchange_ledgerentry")}
    assert set(answered) <= logged, f"{len(set(answered) - logged)} answered calls are not in the log"
    assert set(answered) <= told, f"{len(set(answered) - told)} readings are not in a ledger"
    checked = subprocess.run(
        [sys.executable, "-m", "toono.entry", "exchange", "check-log"], env=broken.environment, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_kill_9_of_web_and_worker_during_orders_gives_each_order_one_document(broken: Stack) -> None:
    people = [signed_in(broken, n) for n in range(10, 16)]
    paths: list[str] = []
    for number, person in enumerate(people):
        person.open("/services/address-reference/")
        person.press(form=start_form(person))
        form, ticks = person.form(field="form_token"), declaration(person)
        person.press(form=form, **ticks)
        paths.append(person.path)
        if number % 2 == 0:
            broken.kill("worker")
        if number == 3:
            broken.kill("web")
            broken.wait(broken.serves, timeout=60)
    for person, path in zip(people, paths, strict=True):
        person.open(path)
        document_link(person)
    with psycopg.connect(broken.settings.database_dsn) as connection:
        row = connection.execute("SELECT count(*), count(DISTINCT case_id) FROM services_document").fetchone()
    assert row is not None and row[0] == row[1]
