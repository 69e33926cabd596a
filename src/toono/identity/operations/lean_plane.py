"""The machine endpoints as a process of their own: plain RSGI (Granian's interface) in front of :mod:`.lean_batches`; the terminator sends ``/oidc/token``,
``/oidc/introspect`` and ``/oidc/jwks`` here. Everything that is no plain success goes the long way in a thread of the same process, so both processes answer alike.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import Error as DatabaseFault
from django.db import close_old_connections
from granian.rsgi import HTTPProtocol, Scope  # type: ignore[attr-defined]
from pydantic_core import to_json

from toono.identity import contracts
from toono.identity.domain.oidc import scripts
from toono.identity.limits import LIMITS
from toono.identity.operations import keys
from toono.identity.operations.lean_batches import Lean
from toono.kernel.errors import ToonoError

PATHS = frozenset({"/oidc/token", "/oidc/introspect"})
METHODS = dict.fromkeys(PATHS, "POST") | {"/oidc/jwks": "GET, HEAD", "/health/live": "GET"}
LONG_WAYS_AT_ONCE = 8
MOST_WAITING = 2000
"""Beyond this a request is told to come again, rather than kept until its client has gone."""
FORM = "application/x-www-form-urlencoded"
KEPT_BY_NOBODY = ("cache-control", "no-store")
"""RFC 6749 §5.1."""
Header = tuple[str, str]


def _lower(headers: Mapping[str, str]) -> tuple[Header, ...]:
    """As Granian wants them."""
    return tuple((name.lower(), value) for name, value in headers.items())


OFFERED = {path: _lower(scripts.offered(path)) for path in METHODS}
LEAVE = {path: _lower(headers) for path in METHODS if (headers := scripts.leave(path))}
log = logging.getLogger(__name__)
NOT_A_FORM = contracts.ProtocolAnswer(status=400, body={"error": "invalid_request", "error_description": "send a form in the body"})
BUSY = contracts.ProtocolAnswer(status=503, body={"error": "temporarily_unavailable"})


class Plane:
    """The application of one process."""

    def __init__(self, answer: Callable[[contracts.MachineRequest], contracts.ProtocolAnswer]) -> None:
        """:param answer: the long way, for one request: the door's own."""
        self._one = answer
        self._lean = Lean()
        self._waiting = 0
        self._long_ways = ThreadPoolExecutor(LONG_WAYS_AT_ONCE, thread_name_prefix="long-way")

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        method, path = scope.method, scope.path
        offered = OFFERED.get(path, ())
        if path in PATHS and method == "POST":
            return _answer(protocol, await self._machine(scope, protocol), *offered)
        if path == "/oidc/jwks" and method in ("GET", "HEAD"):
            return await self._jwks(protocol, *offered, empty=method == "HEAD")
        if (method, path) == ("GET", "/health/live"):
            return _send(protocol, 200, b"{}")
        if path in LEAVE and method == "OPTIONS" and "access-control-request-method" in scope.headers:
            return _send(protocol, 204, b"", *LEAVE[path], media="")
        if path in METHODS:
            said = {"error": "invalid_request", "error_description": f"only {METHODS[path]}"}
            return _send(protocol, 405, to_json(said), ("allow", METHODS[path]), KEPT_BY_NOBODY, *offered)
        return _send(protocol, 404, to_json({"error": "not_found"}), KEPT_BY_NOBODY)

    async def _machine(self, scope: Scope, protocol: HTTPProtocol) -> contracts.ProtocolAnswer:
        headers = _headers(scope)
        form = await _body(headers, protocol)
        if headers.get("content-type", "").partition(";")[0].strip().lower() != FORM or scope.query_string:
            return NOT_A_FORM
        sent = contracts.MachineRequest(
            path=scope.path, form=form, authorization=headers.get("authorization"), accept=headers.get("accept", ""),
            dpop=tuple(part.strip() for part in headers["dpop"].split(",")) if "dpop" in headers else (),
            certificate=headers.get("client-cert", ""), terminator=headers.get("x-toono-terminator", ""),
        )  # fmt: skip
        if self._waiting >= MOST_WAITING:
            return BUSY
        self._waiting += 1
        try:
            return await self._lean.answer(sent) or await self._in_thread(self._long_way, sent)
        finally:
            self._waiting -= 1

    async def _in_thread(self, work: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._long_ways, work, *given)

    def _long_way(self, sent: contracts.MachineRequest) -> contracts.ProtocolAnswer:
        try:
            return self._one(sent)
        except (ToonoError, DatabaseFault) as error:
            log.error("a request could not be answered: %s", type(error).__name__)
            return BUSY
        finally:
            close_old_connections()

    async def _jwks(self, protocol: HTTPProtocol, *offered: Header, empty: bool) -> None:
        body = await self._in_thread(_keys) if keys.stale() else _keys()
        _send(protocol, 200, b"" if empty else body, ("cache-control", "public, max-age=300"), *offered, media="application/jwk-set+json")


def _keys() -> bytes:
    return to_json(keys.jwks())


def _headers(scope: Scope) -> dict[str, str]:
    """Those of one name joined by commas, as WSGI does it (RFC 9110 §5.3)."""
    found: dict[str, str] = {}
    for name, value in scope.headers.items():
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


async def _body(headers: dict[str, str], protocol: HTTPProtocol) -> str:
    """The form as sent; of one that is longer than any may be, so much that the protocol sees it."""
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) <= LIMITS.request_length:
        return (await protocol()).decode("ascii", errors="replace")
    whole = b""
    async for part in protocol:
        whole += part
        if len(whole) > LIMITS.request_length:
            break
    return whole[: LIMITS.request_length + 1].decode("ascii", errors="replace")


def _answer(protocol: HTTPProtocol, answer: contracts.ProtocolAnswer, *offered: Header) -> None:
    headers = [KEPT_BY_NOBODY, *offered]
    if answer.authenticate:
        headers.append(("www-authenticate", answer.authenticate))
    if answer.dpop_nonce:
        headers.append(("dpop-nonce", answer.dpop_nonce))
    if answer.request_id:
        headers.append(("x-request-id", answer.request_id))
    if answer.text is not None:
        return _send(protocol, answer.status, answer.text.encode(), *headers, media=answer.media_type)
    return _send(protocol, answer.status, to_json(answer.body), *headers)


def _send(protocol: HTTPProtocol, status: int, body: bytes, *headers: Header, media: str = "application/json") -> None:
    """:param media: empty where there is no body."""
    kind = [("content-type", media)] if media else []
    protocol.response_bytes(status, [*kind, ("x-content-type-options", "nosniff"), *headers], body)
