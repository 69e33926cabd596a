"""Our SMPP client, judged by an operator that others wrote: the server of smpp34. Needs no running platform."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import smpp34

from tests.stage import free_ports
from toono.kernel.settings import SettingsError
from toono.notifications.adapters.smpp.operator import Operator, Outgoing
from toono.notifications.adapters.smpp.pdu import ReceiptRead
from toono.notifications.domain.delivery import Accepted, NoAnswer, NotSent, Refused

LONG = "Таны өргөдлийн хариу бэлэн боллоо. " * 8


class ForeignOperator:
    """The foreign server in a thread; ``answer`` says what it does with a text."""

    def __init__(self, port: int) -> None:
        self.texts: list[Any] = []
        self.answer: Callable[[Any], None] = lambda text: text.accept("foreign-1")
        self.logins: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._esme: Any = None
        self._ready = threading.Event()
        self._port = port
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._serve())
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)

    async def _serve(self) -> None:
        server = smpp34.Server("127.0.0.1", self._port, system_id="foreign")
        await server.start()
        self._ready.set()
        try:
            while True:
                event = await server.next()
                if isinstance(event, smpp34.Esme):
                    self._esme = event
                    self.logins.append(event.system_id)
                elif isinstance(event, smpp34.SubmitSmEvent):
                    self.texts.append(event)
                    self.answer(event)
        finally:
            await server.stop()

    def deliver(self, text: bytes, **options: Any) -> Any:
        """Send a deliver_sm and give the answer."""

        async def send() -> Any:
            return await self._esme.deliver_sm("TOONO", text, source_addr="97640406076", **options)

        return asyncio.run_coroutine_threadsafe(send(), self._loop).result(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(5)


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def foreign(port: int) -> Iterator[ForeignOperator]:
    server = ForeignOperator(port)
    yield server
    server.stop()


@pytest.fixture
def receipts() -> list[ReceiptRead]:
    return []


@pytest.fixture
def ours(port: int, receipts: list[ReceiptRead]) -> Iterator[Operator]:
    operator = Operator(host="127.0.0.1", port=port, system_id="toono", password="sekret12", store=receipts.append)
    yield operator
    operator.close()


def _wait(question: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 10
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_short_cyrillic_text_is_ucs2_with_our_reference(foreign: ForeignOperator, ours: Operator) -> None:
    assert ours.submit(Outgoing("40406076", "Код 123456", 0x1234, 180)) == Accepted("foreign-1")
    text = foreign.texts[0]
    assert (text.destination_addr, text.source_addr, text.source_addr_ton) == ("97640406076", "TOONO", 5)
    assert (text.data_coding, text.registered_delivery) == (8, 1)
    assert text.short_message.decode("utf-16-be") == "Код 123456"
    assert {t.tag: t.value for t in text.tlvs} == {0x0204: b"\x12\x34"}
    assert foreign.logins == ["toono"]


def test_a_long_text_goes_as_one_payload(foreign: ForeignOperator, ours: Operator) -> None:
    ours.submit(Outgoing("40406076", LONG, 1, 60))
    text = foreign.texts[0]
    assert text.short_message == b""
    assert {t.tag: t.value for t in text.tlvs}[0x0424].decode("utf-16-be") == LONG


def test_a_latin_text_is_sent_in_one_octet_a_letter(foreign: ForeignOperator, ours: Operator) -> None:
    ours.submit(Outgoing("40406076", "Your code is 123456.", 1, 60))
    assert (foreign.texts[0].data_coding, foreign.texts[0].short_message) == (0, b"Your code is 123456.")


def test_a_refusal_keeps_its_status(foreign: ForeignOperator, ours: Operator) -> None:
    foreign.answer = lambda text: text.reject(0x58)
    assert ours.submit(Outgoing("40406076", "x", 1, 60)) == Refused(0x58)


def test_an_operator_that_does_not_answer_leaves_the_fate_open(foreign: ForeignOperator, ours: Operator) -> None:
    held: list[Any] = []
    foreign.answer = held.append
    assert ours.submit(Outgoing("40406076", "x", 1, 60)) == NoAnswer()


def test_without_a_connection_nothing_is_sent_and_it_comes_back_by_itself(port: int, ours: Operator) -> None:
    assert ours.submit(Outgoing("40406076", "x", 1, 60)) == NotSent("no_connection")
    foreign = ForeignOperator(port)
    try:
        _wait(lambda: ours.submit(Outgoing("40406076", "x", 1, 60)) == Accepted("foreign-1"))
        assert len(foreign.texts) == 1
    finally:
        foreign.stop()


def test_receipts_are_read_from_parameters_and_from_text(foreign: ForeignOperator, ours: Operator, receipts: list[ReceiptRead]) -> None:
    ours.submit(Outgoing("40406076", "x", 1, 60))
    tlvs = [smpp34.Tlv(0x001E, b"abc\x00"), smpp34.Tlv(0x0427, b"\x02"), smpp34.Tlv(0x0204, b"\x00\x01")]
    assert foreign.deliver(b"", esm_class=4, tlvs=tlvs).is_success
    assert foreign.deliver(b"id:def sub:001 dlvrd:000 stat:UNDELIV err:001 text:", esm_class=4).is_success
    assert foreign.deliver("Баярлалаа".encode("utf-16-be"), data_coding=8).is_success  # an answer of a person
    assert receipts == [ReceiptRead("abc", "DELIVRD", 1), ReceiptRead("def", "UNDELIV", None)]


def test_a_receipt_that_cannot_be_stored_is_not_acknowledged(foreign: ForeignOperator, port: int) -> None:
    def fail(receipt: ReceiptRead) -> None:
        raise RuntimeError("the database is away")

    operator = Operator(host="127.0.0.1", port=port, system_id="toono", password="sekret12", store=fail)
    try:
        operator.submit(Outgoing("40406076", "x", 1, 60))
        assert foreign.deliver(b"id:abc stat:DELIVRD", esm_class=4).command_status == 0x64
    finally:
        operator.close()


def test_a_login_that_smpp_cannot_carry_is_refused_at_once(port: int, receipts: list[ReceiptRead]) -> None:
    with pytest.raises(SettingsError, match="TOONO_SMS_PASSWORD"):
        Operator(host="127.0.0.1", port=port, system_id="toono", password="nine-long", store=receipts.append)
