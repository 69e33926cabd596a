"""How a register speaks HTTP: its few answers, and what it does while a fault is on. Plain ASGI, shared by all registers."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON = (b"content-type", b"application/json")
NONSENSE = b"<html><body>Java heap space</body></html>"
_NOT_FOUND, _BAD_TOKEN, _DOWN, _BAD_METHOD = (
    json.dumps({"error": code}).encode() for code in ("not_found", "unauthorized", "unavailable", "method_not_allowed")
)


async def answer(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    """One whole answer."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [JSON, length, *headers]})
    await send({"type": "http.response.body", "body": body})


async def not_found(send: Send) -> None:
    """404: the register holds nothing there."""
    await answer(send, 404, _NOT_FOUND)


async def refused(scope: Scope, send: Send, authorization: bytes) -> bool:
    """Whether the request was refused: 405 for what is no reading, 401 without ``authorization``."""
    if scope["method"] != "GET":
        await answer(send, 405, _BAD_METHOD, (b"allow", b"GET"))
        return True
    if not _shows(scope["headers"], authorization):
        await answer(send, 401, _BAD_TOKEN, (b"www-authenticate", b"Bearer"))
        return True
    return False


def _shows(headers: Iterable[tuple[bytes, bytes]], authorization: bytes) -> bool:
    shown = next((value for name, value in headers if name == b"authorization"), b"")
    return hmac.compare_digest(shown, authorization)


async def suffered(fault: str, slow_seconds: float, receive: Receive, send: Send) -> bool:
    """Do what a fault says; whether nothing more is to be answered. ``other_person`` is the register's own business."""
    match fault:
        case "down":
            await answer(send, 503, _DOWN, (b"retry-after", b"30"))
        case "nonsense":
            await answer(send, 200, NONSENSE)
        case "hang":
            while (await receive())["type"] != "http.disconnect":
                pass
        case "slow":
            await asyncio.sleep(slow_seconds)
    return fault in ("down", "nonsense", "hang")
