"""How an answer leaves: in pieces, each of which waits until the connection has taken the one before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from toono.exchange import limits
from toono.exchange.gateway.call import Message, Send


def response(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> Iterator[Message]:
    """The messages of one answer (ASGI). Its length is told, so that a broken answer is seen as such."""
    raw = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in headers]
    yield {"type": "http.response.start", "status": status, "headers": raw}
    view, size = memoryview(body), limits.ANSWER_PIECE_BYTES
    for begin in range(0, max(len(body), 1), size):
        yield {"type": "http.response.body", "body": bytes(view[begin : begin + size]), "more_body": begin + size < len(body)}


async def deliver(send: Send, messages: Iterable[Message]) -> None:
    """Send what makes up one answer. A client that takes nothing for too long is left: its answer stands in the log, and its memory is needed."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(limits.ANSWER_PIECE_SECONDS) as limit:
            for message in messages:
                await send(message)
                if message.get("more_body"):
                    limit.reschedule(loop.time() + limits.ANSWER_PIECE_SECONDS)  # for the next piece
    except TimeoutError:
        return
