"""The operator as the rest of the room sees it: synchronous, thread-safe, one persistent connection in a thread of its own.

The connection is made at first use, kept alive, and made again with growing pauses; a text to send cuts the pause short.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import random
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, TypeVar

from toono.kernel.settings import SettingsError, settings
from toono.notifications.adapters.smpp import pdu
from toono.notifications.adapters.smpp.session import BindRefused, ConnectionLost, Session, StoreReceipt, open_session
from toono.notifications.domain.delivery import Accepted, NoAnswer, NotSent, Outcome, Refused

log = logging.getLogger(__name__)

SENDER = "TOONO"
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 30.0
READY_WITHIN_SECONDS = 2.0
"""How long a text waits for a connection that is being made."""
LONGEST_PASSWORD, LONGEST_SYSTEM_ID = 8, 15

T = TypeVar("T")


@dataclass(frozen=True)
class Outgoing:
    """A text to hand over."""

    phone: str
    text: str
    reference: int
    """16 bits; the receipt repeats them."""
    lifetime_seconds: int
    """The operator gives up after that."""


class Operator:
    """One connection to one operator."""

    def __init__(self, *, host: str, port: int, system_id: str, password: str, store: StoreReceipt) -> None:
        if len(password.encode()) > LONGEST_PASSWORD or len(system_id.encode()) > LONGEST_SYSTEM_ID:
            raise SettingsError(
                "TOONO_SMS_SYSTEM_ID may have 15 and TOONO_SMS_PASSWORD 8 octets (SMPP 3.4, §4.1.1); one of them is longer."
            )
        self._address, self._login, self._store = (host, port), (system_id, password), store
        self._session: Session | None = None
        self._changed: asyncio.Event
        self._wanted: asyncio.Event
        # One thread stores receipts: they come in order, and a slow database does not hold up the connection.
        self._storing = ThreadPoolExecutor(1, thread_name_prefix="sms-receipts")
        self._loop = asyncio.new_event_loop()
        self._closed = False
        started = threading.Event()
        self._thread = threading.Thread(target=self._live, args=(started,), name="sms-operator", daemon=True)
        self._thread.start()
        started.wait()

    # -- called from any thread ----------------------------------------------------------------------------

    def submit(self, outgoing: Outgoing) -> Outcome:
        """Hand over a text and tell what came of it. Takes at most some seven seconds; raises nothing."""
        return self._ask(self._submit(outgoing))

    def status(self, provider_message_id: str) -> str | None:
        """What became of a text, as receipts write it; None if the operator does not tell (yet)."""
        return self._ask(self._query(provider_message_id))

    def close(self) -> None:
        """Unbind and end the thread."""
        if not self._closed:
            self._closed = True
            asyncio.run_coroutine_threadsafe(self._good_bye(), self._loop)
            self._thread.join(5.0)
            self._storing.shutdown(wait=False)

    def _ask(self, question: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(question, self._loop).result()

    # -- in the thread of the connection -------------------------------------------------------------------

    def _live(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._changed, self._wanted = asyncio.Event(), asyncio.Event()
        keeper = self._loop.create_task(self._keep_connected())
        started.set()
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(keeper)

    async def _keep_connected(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._closed:
            try:
                self._session, served = await open_session(*self._address, *self._login, self._store_soon)
            except BindRefused as refusal:
                log.error("%s; check TOONO_SMS_SYSTEM_ID and TOONO_SMS_PASSWORD", refusal)
            except (OSError, TimeoutError, ConnectionLost) as error:
                log.warning("the SMS operator does not answer (%s)", type(error).__name__)
            else:
                log.info("connected to the SMS operator")
                pause = FIRST_PAUSE_SECONDS
                self._changed.set()
                await served
                self._session = None
                self._changed.clear()
                if not self._closed:
                    log.warning("the SMS operator has hung up")
            await self._rest(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _rest(self, pause: float) -> None:
        """Wait before the next try; a text to send ends the wait, but never before the first pause is over."""
        self._wanted.clear()
        await asyncio.sleep(FIRST_PAUSE_SECONDS)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wanted.wait(), pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load

    async def _ready(self) -> Session | None:
        """The session, waited for a moment."""
        if self._session is None:
            self._wanted.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), READY_WITHIN_SECONDS)
        return self._session

    async def _submit(self, outgoing: Outgoing) -> Outcome:
        session = await self._ready()
        if session is None:
            return NotSent("no_connection")
        make = partial(
            pdu.submit,
            sender=SENDER,
            phone=outgoing.phone,
            text=outgoing.text,
            reference=outgoing.reference,
            lifetime_seconds=outgoing.lifetime_seconds,
        )
        try:
            status, body = await session.request(make)
        except ConnectionLost as lost:
            return NoAnswer() if lost.written else NotSent("no_connection")
        except TimeoutError:
            return NoAnswer()
        identifier = pdu.first_string(body)
        if status != pdu.ROK:
            return Refused(status)
        # An answer without an id says that the text was taken, and leaves nothing to ask by.
        return Accepted(identifier[:65]) if identifier else NoAnswer()

    async def _query(self, provider_message_id: str) -> str | None:
        session = await self._ready()
        if session is None:
            return None
        try:
            status, body = await session.request(partial(pdu.query, sender=SENDER, provider_message_id=provider_message_id))
        except (ConnectionLost, TimeoutError):
            return None
        return pdu.queried_status(body) if status == pdu.ROK else None

    def _store_soon(self, receipt: pdu.ReceiptRead) -> asyncio.Future[None]:
        return self._loop.run_in_executor(self._storing, self._store, receipt)

    async def _good_bye(self) -> None:
        self._wanted.set()
        if self._session is not None:
            await self._session.unbind()


@cache
def _connection(store: StoreReceipt) -> Operator:
    s = settings()
    operator = Operator(
        host=s.sms_host or s.host,
        port=s.sms_port,
        system_id=s.sms_system_id,
        password=s.sms_password or s.secret("sms_password"),
        store=store,
    )
    atexit.register(operator.close)
    return operator


_making = threading.Lock()


def connection(store: StoreReceipt) -> Operator:
    """The connection of this process; ``store`` keeps receipts durably before they are acknowledged.

    :raises SettingsError: the login cannot be one of SMPP.
    """
    with _making:  # functools.cache alone lets two threads make two connections
        return _connection(store)
