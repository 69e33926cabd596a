"""One bound connection to the operator: requests wait for their answers by sequence number; receipts are acknowledged only after
they are stored."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

import smpp34

from toono.notifications.adapters.smpp import pdu

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_SECONDS, ANSWER_TIMEOUT_SECONDS = 5.0, 5.0
ENQUIRE_EVERY_SECONDS = 30.0
WINDOW = 10
"""Requests that wait for an answer at the same time."""

StoreReceipt = Callable[[pdu.ReceiptRead], None]


class BindRefused(Exception):
    """The operator does not take our login. ``status`` is the command status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the operator refused the login with status 0x{status:02x}")
        self.status = status


class ConnectionLost(Exception):
    """The connection ended. ``written`` says whether the request may have reached the operator."""

    def __init__(self, *, written: bool) -> None:
        super().__init__("the connection to the operator was lost")
        self.written = written


class Session:
    """Made by :func:`open_session`; serve it with :meth:`run`."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, store: Callable[[pdu.ReceiptRead], asyncio.Future[None]]
    ) -> None:
        self._reader, self._writer, self._store = reader, writer, store
        self._sequence = 0
        self._waiting: dict[int, asyncio.Future[tuple[int, bytes]]] = {}
        self._window = asyncio.Semaphore(WINDOW)
        self._receipts: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Read until the connection ends, and keep it alive."""
        alive = asyncio.create_task(self._enquire())
        try:
            while await self._read():
                pass
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            alive.cancel()
            self.close()

    def close(self) -> None:
        """End the connection; whoever waits for an answer gets :class:`ConnectionLost`."""
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(ConnectionLost(written=True))
        with contextlib.suppress(OSError):
            self._writer.close()

    async def unbind(self) -> None:
        """Say good-bye and end the connection."""
        with contextlib.suppress(ConnectionLost, TimeoutError):
            await asyncio.wait_for(self.request(lambda n: pdu.packet(pdu.UNBIND, pdu.ROK, n)), 2.0)
        self.close()

    async def request(self, make: Callable[[int], bytes]) -> tuple[int, bytes]:
        """Send a request and give status and body of its answer.

        :raises ConnectionLost: ``written`` tells whether the operator may have it.
        :raises TimeoutError: the operator has it, as far as we know, but does not answer.
        """
        async with self._window:
            if self._writer.is_closing():
                raise ConnectionLost(written=False)
            self._sequence = self._sequence % 0x7FFFFFFF + 1
            sequence = self._sequence
            future: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
            packet = make(sequence)
            self._waiting[sequence] = future
            try:
                self._writer.write(packet)
                return await asyncio.wait_for(future, ANSWER_TIMEOUT_SECONDS)
            finally:
                self._waiting.pop(sequence, None)

    async def _read(self) -> bool:
        """Take one packet; False ends the session."""
        header = await self._reader.readexactly(pdu.HEADER.size)
        size, command, status, sequence = pdu.HEADER.unpack(header)
        if not pdu.HEADER.size <= size <= pdu.LONGEST_PDU:
            log.error("the operator sent a packet of %d octets; hanging up", size)
            return False
        body = await self._reader.readexactly(size - pdu.HEADER.size)
        if command & pdu.RESPONSE:
            waiting = self._waiting.get(sequence)
            if waiting is not None and not waiting.done():
                waiting.set_result((status, body))
        elif command == pdu.DELIVER_SM:
            task = asyncio.create_task(self._take(sequence, header + body))
            self._receipts.add(task)
            task.add_done_callback(self._receipts.discard)
        elif command in (pdu.ENQUIRE_LINK, pdu.UNBIND):
            self._answer(command, pdu.ROK, sequence)
            return bool(command == pdu.ENQUIRE_LINK)
        else:
            self._writer.write(pdu.packet(pdu.GENERIC_NACK, pdu.RINVCMDID, sequence))
        return True

    def _answer(self, command: int, status: int, sequence: int, body: bytes = b"") -> None:
        if not self._writer.is_closing():
            self._writer.write(pdu.packet(command | pdu.RESPONSE, status, sequence, body))

    async def _take(self, sequence: int, packet: bytes) -> None:
        """Store a receipt, then acknowledge it; what cannot be stored is asked for again by a temporary error."""
        status = pdu.ROK
        try:
            read = pdu.receipt(packet)
            if read is not None:
                await self._store(read)
        except smpp34.SmppError:
            log.warning("the operator sent a receipt that cannot be read")
        except Exception:
            log.exception("a receipt could not be stored; the operator will send it again")
            status = pdu.TEMPORARY_ERROR
        self._answer(pdu.DELIVER_SM, status, sequence, b"\x00")

    async def _enquire(self) -> None:
        """Ask now and then whether the operator is still there; hang up if it is not."""
        while True:
            await asyncio.sleep(ENQUIRE_EVERY_SECONDS)
            try:
                await self.request(lambda n: pdu.packet(pdu.ENQUIRE_LINK, pdu.ROK, n))
            except (ConnectionLost, TimeoutError):
                self.close()
                return


async def open_session(
    host: str, port: int, system_id: str, password: str, store: Callable[[pdu.ReceiptRead], asyncio.Future[None]]
) -> tuple[Session, asyncio.Task[None]]:
    """A bound session and the task that serves it.

    :raises BindRefused: the login is wrong.
    :raises OSError, TimeoutError, ConnectionLost: the operator is not there.
    """
    reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_TIMEOUT_SECONDS)
    session = Session(reader, writer, store)
    served = asyncio.create_task(session.run())
    try:
        status, _ = await session.request(lambda n: pdu.bind(n, system_id, password))
        if status != pdu.ROK:
            raise BindRefused(status)
    except BaseException:
        session.close()
        raise
    return session, served
