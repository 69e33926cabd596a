"""The register's REST face.

Plain ASGI: it stands on the path of the exchange's benchmarks, so answers are bytes made at start.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from sandbox.faults import Faults
from sandbox.population.persons import Citizen, address_answer, person_answer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX = "/population/persons/"
BY_REGNUM = "by-regnum/"
ADDRESS = "/address"
_CIVIL_ID = re.compile(r"\d{12}")
_JSON = (b"content-type", b"application/json")
_NOT_FOUND, _BAD_TOKEN, _DOWN, _BAD_METHOD = (
    json.dumps({"error": code}).encode() for code in ("not_found", "unauthorized", "unavailable", "method_not_allowed")
)
NONSENSE = b"<html><body>Java heap space</body></html>"


class _Entry:
    """One citizen, ready to be sent."""

    __slots__ = ("address", "civil_id", "person", "phone", "regnum")

    def __init__(self, citizen: Citizen) -> None:
        self.civil_id, self.regnum, self.phone = citizen.civil_id, citizen.regnum, citizen.phone
        self.person = json.dumps(person_answer(citizen), ensure_ascii=False).encode()
        self.address = json.dumps(address_answer(citizen), ensure_ascii=False).encode()


class Register:
    """Answers ``/population/persons/…``. It knows its people by heart: the data set never changes while it runs."""

    def __init__(self, people: Iterable[Citizen], *, token: str, faults: Faults) -> None:
        entries = [_Entry(citizen) for citizen in people]
        self._by_civil_id = {entry.civil_id: entry for entry in entries}
        self._by_regnum = {entry.regnum: entry for entry in entries}
        self._another = {entry.civil_id: entries[(i + 1) % len(entries)] for i, entry in enumerate(entries)}
        self._authorization = b"Bearer " + token.encode()
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET":
            return await _answer(send, 405, _BAD_METHOD, (b"allow", b"GET"))
        if not self._allowed(scope["headers"]):
            return await _answer(send, 401, _BAD_TOKEN, (b"www-authenticate", b"Bearer"))
        entry, address = self._find(scope["path"][len(PREFIX) :])
        fault = self._faults.register_fault(entry.regnum, entry.civil_id, entry.phone) if entry else self._faults.register_fault()
        if fault != "up":
            entry = await self._suffer(fault, entry, receive, send)
            if fault in ("down", "hang", "nonsense"):
                return
        if entry is None:
            return await _answer(send, 404, _NOT_FOUND)
        return await _answer(send, 200, entry.address if address else entry.person)

    def _allowed(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        shown = next((value for name, value in headers if name == b"authorization"), b"")
        return hmac.compare_digest(shown, self._authorization)

    def _find(self, rest: str) -> tuple[_Entry | None, bool]:
        """The citizen that the path names, and whether their address is asked for."""
        if rest.startswith(BY_REGNUM):
            return self._by_regnum.get(rest[len(BY_REGNUM) :]), False
        address = rest.endswith(ADDRESS)
        civil_id = rest[: -len(ADDRESS)] if address else rest
        return (self._by_civil_id.get(civil_id) if _CIVIL_ID.fullmatch(civil_id) else None), address

    async def _suffer(self, fault: str, entry: _Entry | None, receive: Receive, send: Send) -> _Entry | None:
        """Do what the switch says; the entry to answer with, where there is still an answer."""
        match fault:
            case "down":
                await _answer(send, 503, _DOWN, (b"retry-after", b"30"))
            case "nonsense":
                await _answer(send, 200, NONSENSE)
            case "hang":
                while (await receive())["type"] != "http.disconnect":
                    pass
            case "slow":
                await asyncio.sleep(self._faults.slow_seconds)
            case "other_person" if entry is not None:
                return self._another[entry.civil_id]
        return entry


async def _answer(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [_JSON, length, *headers]})
    await send({"type": "http.response.body", "body": body})
