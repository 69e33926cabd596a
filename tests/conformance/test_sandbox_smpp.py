"""The sandbox's SMS operator, judged by SMPP clients that others wrote: smpplib and smpp34."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import smpp34
import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm
import smpplib.smpp

from tests.stage import Stack

LONG = "Өнөөдөр үүрээр Цэцэгмаагийн өргөдөл шийдэгдлээ. " * 6


class Client:
    """A bound client of smpplib that notes answers and receipts."""

    def __init__(self, stack: Stack, *, password: str | None = None, system_id: str | None = None) -> None:
        s = stack.settings
        self.answers: list[Any] = []
        self.receipts: list[Any] = []
        self.queried: list[Any] = []
        self.smpp = smpplib.client.Client(s.host, s.sms_port, timeout=5, allow_unknown_opt_params=True)
        self.smpp.set_message_sent_handler(lambda pdu: self.answers.append(pdu))
        self.smpp.set_message_received_handler(lambda pdu: self.receipts.append(pdu))
        self.smpp.set_query_resp_handler(lambda pdu: self.queried.append(pdu))
        self.smpp.connect()
        self.smpp.bind_transceiver(
            system_id=system_id or s.sms_system_id,
            password=password or s.sms_password or s.secret("sms_password"),
        )

    def send(self, phone: str, text: str, **options: Any) -> int:
        """Hand over a text in as many parts as it needs; how many."""
        parts, coding, flag = smpplib.gsm.make_parts(text)
        for octets in parts:
            self.smpp.send_message(
                source_addr="TOONO", destination_addr=phone, short_message=octets, data_coding=coding, esm_class=flag, **options
            )
        return len(parts)

    def read_until(self, ready: Callable[[], bool]) -> None:
        for _ in range(40):
            if ready():
                return
            self.smpp.read_once()
        raise AssertionError("the operator was silent")


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    bound = Client(stack)
    yield bound
    bound.smpp.state = smpplib.consts.SMPP_CLIENT_STATE_OPEN  # a test may have ended the session
    bound.smpp.disconnect()


@pytest.fixture
def phone(fresh_person: Callable[[], dict[str, Any]]) -> str:
    return str(fresh_person()["phone"])


@pytest.mark.parametrize("text", ["Hello @ $ {x} €", "Сайн уу", LONG, "a" * 400])
def test_a_text_arrives_as_it_was_written(client: Client, stack: Stack, phone: str, text: str) -> None:
    parts = client.send(phone, text)
    client.read_until(lambda: len(client.answers) == parts)
    assert stack.sms(phone) == [text]
    assert len({a.message_id for a in client.answers}) == parts


def test_parts_may_come_in_any_order(client: Client, stack: Stack, phone: str) -> None:
    parts, coding, flag = smpplib.gsm.make_parts(LONG)
    for number, octets in enumerate(reversed(parts), 1):
        assert stack.sms(phone) == []
        client.smpp.send_message(source_addr="TOONO", destination_addr=phone, short_message=octets, data_coding=coding, esm_class=flag)
        client.read_until(lambda number=number: len(client.answers) == number)  # type: ignore[misc]
    assert stack.sms(phone) == [LONG]


def test_a_receipt_comes_when_it_was_asked_for(client: Client, phone: str) -> None:
    client.send(phone, "Сайн уу", registered_delivery=True)
    client.read_until(lambda: bool(client.answers and client.receipts))
    receipt = client.receipts[0]
    identifier = client.answers[0].message_id.decode()
    assert receipt.receipted_message_id.rstrip(b"\x00").decode() == identifier
    assert receipt.message_state == smpplib.consts.SMPP_MESSAGE_STATE_DELIVERED
    assert f"id:{identifier} sub:001 dlvrd:001".encode() in receipt.short_message
    assert b"stat:DELIVRD err:000" in receipt.short_message


def test_no_receipt_comes_when_none_was_asked_for(client: Client, phone: str) -> None:
    client.send(phone, "Сайн уу")
    client.send(phone, "Баяртай", registered_delivery=True)
    client.read_until(lambda: len(client.answers) == 2 and bool(client.receipts))
    asked_for = client.answers[1].message_id
    assert [r.receipted_message_id.rstrip(b"\x00") for r in client.receipts] == [asked_for]


def test_a_receipt_that_nobody_took_waits_for_the_next_login(stack: Stack, phone: str) -> None:
    s = stack.settings
    sender = smpplib.client.Client(s.host, s.sms_port, timeout=5, allow_unknown_opt_params=True)
    answers: list[Any] = []
    sender.set_message_sent_handler(lambda pdu: answers.append(pdu))
    sender.connect()
    sender.bind_transmitter(system_id=s.sms_system_id, password=s.sms_password or s.secret("sms_password"))
    sender.send_message(source_addr="TOONO", destination_addr=phone, short_message=b"hi", registered_delivery=True)
    while not answers:
        sender.read_once()
    sender.disconnect()
    # The platform's own worker is bound under the same login, so the receipt goes there or to us; it is not lost.
    identifier = answers[0].message_id.decode()
    from toono.notifications.models import Receipt

    stack.wait(lambda: Receipt.objects.filter(provider_message_id=identifier, status="DELIVRD").exists(), timeout=90)


def test_a_question_by_message_id_is_answered(client: Client, phone: str) -> None:
    client.send(phone, "Сайн уу")
    client.read_until(lambda: bool(client.answers))
    client.smpp.query_message(message_id=client.answers[0].message_id.decode(), source_addr_ton=5, source_addr_npi=0, source_addr="TOONO")
    client.read_until(lambda: bool(client.queried))
    assert client.queried[0].message_state == smpplib.consts.SMPP_MESSAGE_STATE_DELIVERED


@pytest.mark.parametrize(("changes", "status"), [({"password": "wrong"}, 0x0E), ({"system_id": "nobody"}, 0x0F)])
def test_a_wrong_login_is_refused(stack: Stack, changes: dict[str, str], status: int) -> None:
    with pytest.raises(smpplib.exceptions.PDUError) as refusal:
        Client(stack, **changes)
    assert refusal.value.args[1] == status


def test_a_text_to_what_is_no_number_is_refused(client: Client) -> None:
    client.send("12345", "Сайн уу")
    with pytest.raises(smpplib.exceptions.PDUError) as refusal:
        client.smpp.read_once()
    assert refusal.value.args[1] == 0x0B


def test_rejecting_is_a_status_and_nothing_arrives(client: Client, stack: Stack, phone: str) -> None:
    stack.faults(sms="reject", only=[phone])
    client.send(phone, "Сайн уу")
    with pytest.raises(smpplib.exceptions.PDUError):
        client.smpp.read_once()
    assert stack.sms(phone) == []


def test_an_operator_that_is_down_takes_no_connection_and_ends_those_there_are(client: Client, stack: Stack) -> None:
    stack.faults(sms="down")
    with pytest.raises(smpplib.exceptions.ConnectionError):
        client.smpp.read_once()
    with pytest.raises(OSError):
        socket.create_connection((stack.settings.host, stack.settings.sms_port), 2)
    stack.faults()
    Client(stack).smpp.disconnect()


def _raw(stack: Stack, *packets: bytes) -> bytes:
    """What the operator answers to these octets before it hangs up or falls silent."""
    answer = b""
    with socket.create_connection((stack.settings.host, stack.settings.sms_port), 2) as connection:
        connection.settimeout(1.0)
        for packet in packets:
            connection.sendall(packet)
        try:
            while piece := connection.recv(4096):
                answer += piece
        except TimeoutError:
            pass
    return answer


def test_nobody_sends_without_a_login(stack: Stack, phone: str) -> None:
    submit = smpp34.SubmitSm("TOONO", phone, b"hi", sequence_number=7).encode()
    assert struct.unpack(">IIII", _raw(stack, bytes(submit))[:16])[1:] == (0x80000004, 0x04, 7)
    assert stack.sms(phone) == []


@pytest.mark.parametrize("octets", [b"\xff" * 64, b"\x00" * 64, b"GET / HTTP/1.1\r\n\r\n"])
def test_what_is_no_packet_ends_the_connection_only(stack: Stack, octets: bytes) -> None:
    _raw(stack, octets)
    Client(stack).smpp.disconnect()


def test_the_other_library_sends_a_long_text_in_one_piece_and_gets_its_receipt(stack: Stack, phone: str) -> None:
    s = stack.settings

    async def talk() -> tuple[str | None, dict[int, bytes]]:
        client = smpp34.Client(s.host, s.sms_port, s.sms_system_id, s.sms_password or s.secret("sms_password"))
        operator = await asyncio.wait_for(client.connect(), 10)
        payload = smpp34.Tlv(0x0424, LONG.encode("utf-16-be"))
        reference = smpp34.Tlv(0x0204, b"\x12\x34")
        answer = await operator.submit_sm(phone, source_addr="TOONO", data_coding=8, registered_delivery=1, tlvs=[payload, reference])
        event = await asyncio.wait_for(operator.next(), 10)
        assert isinstance(event, smpp34.DeliverSmEvent)
        await client.stop()
        return answer.message_id, {tlv.tag: tlv.value for tlv in event.tlvs}

    identifier, values = asyncio.run(talk())
    assert stack.sms(phone) == [LONG]
    assert values[0x001E].rstrip(b"\x00").decode() == identifier
    assert values[0x0204] == b"\x12\x34"
