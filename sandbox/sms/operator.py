"""The SMPP 3.4 server: logins, texts, receipts.

PDUs of texts are read by the codec of ``smpp34``; the sessions are our own, because its server lets nobody check a
password and never falls silent, which an operator for tests must.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import struct
import uuid
from datetime import UTC, datetime

import smpp34

from sandbox.faults import Faults
from sandbox.sms import texts
from sandbox.sms.inbox import Inbox, Receipt, Submission
from sandbox.sms.protocol import INTERFACE_VERSION, MESSAGE_STATES, RECEIPT, RESPONSE, Command, Status, Tag

log = logging.getLogger("sandbox.sms")

SYSTEM_ID = b"TOONO-SANDBOX"
LONGEST_PDU = 70_000
BIND_TIMEOUT_SECONDS, IDLE_TIMEOUT_SECONDS, RECEIPT_TIMEOUT_SECONDS = 10.0, 600.0, 5.0
NOTHING: dict[int, bytes] = {Command.SUBMIT_SM: b"\x00", Command.QUERY_SM: b"\x00\x00\x00\x00"}
"""Body of an answer that refuses: empty strings and zeros."""
REJECTED_BY = {"reject": Status.RINVDSTADR, "busy": Status.RTHROTTLED}


def _strings(body: bytes, count: int) -> list[str]:
    """The first ``count`` C-octet strings of a PDU's body."""
    pieces = body.split(b"\x00", count)
    if len(pieces) <= count:
        raise ValueError("the PDU is cut off")
    return [piece.decode("latin-1") for piece in pieces[:count]]


class Session:
    """One connection of a client, bound or about to be."""

    def __init__(self, operator: Operator, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._operator, self._reader, self._writer = operator, reader, writer
        self.system_id: str | None = None
        self.receives = False
        self.sends = False
        self._sequence = 0
        self._waiting: dict[int, asyncio.Future[int]] = {}

    async def run(self) -> None:
        """Serve until the client goes, or sends what is no PDU."""
        try:
            while True:
                timeout = IDLE_TIMEOUT_SECONDS if self.system_id else BIND_TIMEOUT_SECONDS
                header = await asyncio.wait_for(self._reader.readexactly(16), timeout)
                length, command, status, sequence = struct.unpack(">IIII", header)
                if not 16 <= length <= LONGEST_PDU:
                    self._send(Command.GENERIC_NACK, Status.RINVCMDLEN, sequence)
                    return
                body = await self._reader.readexactly(length - 16)
                if not await self._handle(command, status, sequence, header + body):
                    return
        except (asyncio.IncompleteReadError, TimeoutError, OSError):
            return
        finally:
            self.close()

    def close(self) -> None:
        """End the connection at once."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionResetError("the session has ended"))
        with contextlib.suppress(OSError):
            self._writer.close()

    def _send(self, command: int, status: int, sequence: int, body: bytes = b"") -> None:
        if not self._writer.is_closing():
            self._writer.write(struct.pack(">IIII", 16 + len(body), command, status, sequence) + body)

    async def _handle(self, command: int, status: int, sequence: int, pdu: bytes) -> bool:
        """Answer one PDU; False ends the session."""
        body = pdu[16:]
        match command:
            case Command.BIND_RECEIVER | Command.BIND_TRANSMITTER | Command.BIND_TRANSCEIVER:
                return self._bind(command, sequence, body)
            case Command.ENQUIRE_LINK:
                self._send(Command.ENQUIRE_LINK | RESPONSE, Status.ROK, sequence)
            case Command.UNBIND:
                self._send(Command.UNBIND | RESPONSE, Status.ROK, sequence)
                return False
            case Command.SUBMIT_SM | Command.QUERY_SM if not self.sends:
                self._send(command | RESPONSE, Status.RINVBNDSTS, sequence, NOTHING[command])
            case Command.SUBMIT_SM:
                await self._submit(sequence, pdu)
            case Command.QUERY_SM:
                await self._query(sequence, body)
            case _ if command & RESPONSE:
                waiting = self._waiting.pop(sequence, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(status)
            case _:
                self._send(Command.GENERIC_NACK, Status.RINVCMDID, sequence)
        return True

    def _bind(self, command: int, sequence: int, body: bytes) -> bool:
        try:
            system_id, password = _strings(body, 2)
        except ValueError:
            self._send(Command.GENERIC_NACK, Status.RINVCMDLEN, sequence)
            return False
        status = Status.RALYBND if self.system_id else self._operator.login_status(system_id, password)
        interface_version = struct.pack(">HHB", Tag.SC_INTERFACE_VERSION, 1, INTERFACE_VERSION)
        answer = SYSTEM_ID + b"\x00" + (interface_version if status == Status.ROK else b"")
        self._send(command | RESPONSE, status, sequence, answer)
        if status != Status.ROK:
            log.info("bind of %r refused with 0x%02x", system_id[:16], status)
            return status == Status.RALYBND
        self.system_id = system_id
        self.receives, self.sends = command != Command.BIND_TRANSMITTER, command != Command.BIND_RECEIVER
        self._operator.bound(self)
        return True

    async def _submit(self, sequence: int, pdu: bytes) -> None:
        assert self.system_id is not None  # noqa: S101 - only bound sessions come here
        message_id = ""
        try:
            submit = smpp34.decode(pdu)
            status, message_id, fault = await self._operator.accept(self, submit)
        except smpp34.SmppError:
            status, fault = Status.RINVCMDLEN, "up"
        except texts.TextRefused as refusal:
            log.info("text refused with 0x%02x: %s", refusal.status, refusal)
            status, fault = refusal.status, "up"
        except Exception:
            log.exception("a text could not be kept")
            status, fault = Status.RSYSERR, "up"
        if fault not in ("no_answer", "silent"):
            self._send(Command.SUBMIT_SM | RESPONSE, status, sequence, message_id.encode() + b"\x00")
        self._operator.give_receipts(self.system_id)

    async def _query(self, sequence: int, body: bytes) -> None:
        assert self.system_id is not None  # noqa: S101
        try:
            message_id = _strings(body, 1)[0]
            state = await self._operator.inbox.state(self.system_id, message_id)
        except Exception:
            log.exception("a question about a text could not be answered")
            state = None
            message_id = ""
        if state is None:
            self._send(Command.QUERY_SM | RESPONSE, Status.RQUERYFAIL, sequence, NOTHING[Command.QUERY_SM])
        else:
            answer = message_id.encode() + b"\x00" + b"\x00" + bytes([MESSAGE_STATES[state], 0])
            self._send(Command.QUERY_SM | RESPONSE, Status.ROK, sequence, answer)

    async def give(self, receipt: Receipt) -> bool:
        """Send one receipt; True when the client has acknowledged it. Form: SMPP 3.4, Appendix B."""
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        delivered = receipt.state == "DELIVRD"
        done = datetime.now(UTC)
        report = (
            f"id:{receipt.id} sub:001 dlvrd:{'001' if delivered else '000'} "
            f"submit date:{receipt.submitted_at.astimezone(UTC):%y%m%d%H%M}"
            f" done date:{done:%y%m%d%H%M} stat:{receipt.state} err:{'000' if delivered else '001'} text:"
        )
        tlvs = [
            smpp34.Tlv(Tag.RECEIPTED_MESSAGE_ID, receipt.id.encode() + b"\x00"),
            smpp34.Tlv(Tag.MESSAGE_STATE, bytes([MESSAGE_STATES[receipt.state]])),
        ]
        if receipt.user_reference is not None:
            tlvs.append(smpp34.Tlv(Tag.USER_MESSAGE_REFERENCE, receipt.user_reference.to_bytes(2, "big")))
        pdu = smpp34.DeliverSm(
            receipt.phone, receipt.sender, report.encode(), esm_class=RECEIPT, tlvs=tlvs, sequence_number=self._sequence
        ).encode()
        waiting: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting[self._sequence] = waiting
        try:
            self._writer.write(pdu)
            return await asyncio.wait_for(waiting, RECEIPT_TIMEOUT_SECONDS) == Status.ROK
        except (TimeoutError, OSError):
            return False
        finally:
            self._waiting.pop(self._sequence, None)


class Operator:
    """The operator: listens, knows the login, keeps what comes."""

    def __init__(self, *, inbox: Inbox, faults: Faults, host: str, port: int, system_id: str, password: str) -> None:
        self.inbox = inbox
        self._faults, self._host, self._port = faults, host, port
        self._login = (system_id, password)
        self._server: asyncio.Server | None = None
        self._sessions: set[Session] = set()
        self._submitted_by: dict[str, Session] = {}
        self._wake = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._change = asyncio.Lock()

    async def start(self) -> None:
        """Listen, and begin to give receipts."""
        self._pump = asyncio.create_task(self._give_receipts())
        await self.follow_faults()

    async def stop(self) -> None:
        """Close every connection."""
        if self._pump is not None:
            self._pump.cancel()
        async with self._change:
            await self._hang_up()

    @property
    def listening(self) -> bool:
        return self._server is not None

    async def follow_faults(self) -> None:
        """Listen or hang up, as the switch says."""
        async with self._change:
            if self._faults.sms == "down":
                await self._hang_up()
            elif self._server is None:
                self._server = await asyncio.start_server(self._connected, self._host, self._port)

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in list(self._sessions):
            session.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self, reader, writer)
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)

    def login_status(self, system_id: str, password: str) -> int:
        """Command status that answers a bind."""
        if system_id != self._login[0]:
            return Status.RINVSYSID
        return Status.ROK if hmac.compare_digest(password.encode(), self._login[1].encode()) else Status.RINVPASWD

    def bound(self, session: Session) -> None:
        """A session can take receipts now."""
        self._wake.set()

    def give_receipts(self, system_id: str) -> None:
        """There may be receipts to give."""
        self._wake.set()

    async def accept(self, session: Session, submit: object) -> tuple[int, str, str]:
        """Keep a text. Command status, message id, and the fault that was on.

        :raises TextRefused: the text cannot be read.
        """
        if not isinstance(submit, smpp34.SubmitSm) or session.system_id is None:
            return Status.RINVCMDID, "", "up"
        phone = texts.phone_number(submit.destination_addr)
        fault = self._faults.sms_fault(phone)
        if fault in REJECTED_BY:
            return REJECTED_BY[fault], "", fault
        part = texts.part(submit.short_message, submit.tlvs, submit.esm_class, submit.data_coding)
        state = "UNDELIV" if fault == "undelivered" else "DELIVRD"
        wanted = submit.registered_delivery & 0x03
        reference = next((tlv.value for tlv in submit.tlvs if tlv.tag == Tag.USER_MESSAGE_REFERENCE), None)
        submission = Submission(
            id=uuid.uuid4().hex[:16],
            system_id=session.system_id,
            sender=submit.source_addr,
            phone=phone,
            state=state,
            receipt_wanted=fault not in ("no_receipt", "silent") and (wanted == 1 or (wanted == 2 and state == "UNDELIV")),
            user_reference=None if reference is None else int.from_bytes(reference[:2], "big"),
        )
        if submission.receipt_wanted:
            self._submitted_by[submission.id] = session
        await self.inbox.accept(submission, part)
        return Status.ROK, submission.id, fault

    async def _give_receipts(self) -> None:
        """Give each receipt to the session that sent the text, else to one of its login; keep it until it is taken."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), 5.0)
            self._wake.clear()
            try:
                for system_id in {s.system_id for s in self._sessions if s.system_id and s.receives}:
                    await self._give_receipts_of(system_id)
            except Exception:
                log.exception("receipts could not be given; tried again in 5 s")

    async def _give_receipts_of(self, system_id: str) -> None:
        for receipt in await self.inbox.receipts(system_id):
            first = self._submitted_by.get(receipt.id)
            takers = [s for s in self._sessions if s.system_id == system_id and s.receives]
            taker = first if first in takers else next(iter(takers), None)
            if taker is not None and await taker.give(receipt):
                await self.inbox.taken(receipt.id)
                self._submitted_by.pop(receipt.id, None)
