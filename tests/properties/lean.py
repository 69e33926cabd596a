"""The plane for machines (``entry/idp.py``), spoken to as Granian speaks RSGI: what it answers, and that it is what the portal answers."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import traceback
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from tests.properties import openid
from tests.properties.cast import ASSERTION, RESOURCE, Cast, Endpoint, Recipe
from tests.properties.checks import Manners
from tests.properties.drafts import Draft
from tests.properties.wire import Answered, Sent, Wire, listening
from toono.kernel.jose import base64url, from_base64url

PATHS = ("/oidc/token", "/oidc/introspect", "/oidc/jwks")
"""What the terminator sends to the plane."""
PATIENCE_SECONDS = 30.0
PART = 8_192
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (FIPS 186-4, D.1.2.3)."""
_VISIBLE = re.compile(r"[\t -~]*")


@dataclass(frozen=True)
class Scope:
    """RSGI 1.5, as far as an application may read it."""

    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    proto: str = "http"
    http_version: str = "1.1"
    scheme: str = "http"


@dataclass
class Protocol:
    """One request's body, and its one answer."""

    body: bytes
    answered: list[tuple[int, list[tuple[str, str]], bytes]] = field(default_factory=list)

    async def __call__(self) -> bytes:
        return self.body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self.body), PART):
            yield self.body[at : at + PART]

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Granian panics at a header that HTTP cannot carry."""
        assert all(_VISIBLE.fullmatch(value) and name.islower() for name, value in headers), f"no headers: {headers}"
        self.answered.append((status, headers, body))


class Plane(Wire):
    """The application on an event loop of its own, in this process."""

    def __init__(self, base_url: str) -> None:
        from toono.identity.api import machine_plane

        super().__init__(lambda *_: (), base_url)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._plane = machine_plane()

    def __enter__(self) -> Plane:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(PATIENCE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _end(self) -> None:
        if (pool := self._plane._lean._connections) is not None:
            await pool.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def send(self, request: Sent) -> Answered:
        protocol, failure = Protocol(request.body), ""
        with listening() as lines:
            try:
                waiting = asyncio.run_coroutine_threadsafe(self._plane.__rsgi__(_scope(self.host, request), protocol), self._loop)  # type: ignore[arg-type]
                waiting.result(PATIENCE_SECONDS)
            except Exception:
                failure = traceback.format_exc()
        if len(protocol.answered) != 1:
            failure = failure or f"{len(protocol.answered)} answers"
            return Answered(500, [], b"", lines, failure)
        status, headers, body = protocol.answered[0]
        return Answered(status, headers, b"" if request.method == "HEAD" else body, lines, failure)


def _scope(host: str, request: Sent) -> Scope:
    """Granian keeps no header whose value is not visible ASCII, and reads bytes that are no UTF-8 loosely. Without a length the body comes in parts."""
    path, _, query = request.target.partition("?")
    headers: dict[str, str] = {"host": host}
    for name, value in request.headers:
        if _VISIBLE.fullmatch(value):
            headers[name.lower()] = f"{headers[name.lower()]},{value}" if name.lower() in headers else value
    if "transfer-encoding" not in headers:
        headers["content-length"] = str(len(request.body))
    else:
        headers.pop("content-length", None)
    return Scope(request.method, unquote(path, errors="replace"), query, headers)


# -- alike -------------------------------------------------------------------------------------------------------------

_OWN = ("x-request-id", "dpop-nonce")
"""Headers that are there or not, and never the same twice."""
_OURS = (
    "content-type",
    "cache-control",
    "www-authenticate",
    "x-content-type-options",
    "allow",
    "access-control-allow-origin",
    "access-control-expose-headers",
)


def differences(draft: Draft, request: Sent, here: Answered, there: Answered) -> Iterator[str]:
    """Where the plane says something else than the portal to requests of one kind that were spoilt alike."""
    if request.target.partition("?")[0] not in PATHS:
        return
    if any("a request failed on the lean way" in line for line in here.logged):
        yield f"the lean way failed: {' | '.join(here.logged)[-1500:]}"
    if any(".jti" in one for one in draft.done) or not all(_VISIBLE.fullmatch(value) for _, value in request.headers):
        return  # both would say the same name, and the second finds it used; or the plane is not told of a header at all
    if request.method != draft.way:
        if (here.status < 400) != (there.status < 400) and request.method not in ("HEAD", draft.way.lower()):
            yield f"{request.method}: {there.status} from the portal, {here.status} from the plane"
        return
    if here.status != there.status:
        yield f"the portal answers {there.status} {there.body[:200]!r}, the plane {here.status} {here.body[:200]!r}"
        return
    for name in _OURS:
        if _plain(here.header(name)) != _plain(there.header(name)):
            yield f"{name} is {there.header(name)!r} from the portal, {here.header(name)!r} from the plane"
    for name in _OWN:
        if bool(here.header(name)) != bool(there.header(name)):
            yield f"{name} is {there.header(name)!r} from the portal, {here.header(name)!r} from the plane"
    if _said(here) != _said(there):
        yield f"the portal says {there.body[:300]!r}, the plane {here.body[:300]!r}"


_STAYS = ("active", "scope", "token_type", "client_id", "iss", "aud", "expires_in", "authorization_details")


_BY_CHANCE = ("not base64url", "not canonical", "no key of the client's has signed this")
"""A cut through two signatures leaves the one well written and the other not."""


def _plain(value: str) -> str:
    return re.sub(r";\s*charset=utf-8$", "", value)


def _said(answer: Answered) -> Any:
    """A refusal in its words; of a success which members it has, since their values are new each time."""
    try:
        found = json.loads(answer.body)
    except ValueError:
        return bool(answer.body)
    if not isinstance(found, dict) or answer.status >= 400:
        cut = isinstance(found, dict) and found.get("error_description") in _BY_CHANCE
        return found | {"error_description": _BY_CHANCE} if cut else found
    return {name: value if name in _STAYS else 1 for name, value in found.items()}


# -- requests ----------------------------------------------------------------------------------------------------------


def _own(cast: Cast) -> str:
    """A client's own JWT, which is remembered nowhere."""
    request = {
        "grant_type": "client_credentials",
        "scope": "api",
        "resource": RESOURCE,
        "client_assertion_type": ASSERTION,
        "client_assertion": cast.assertion(cast.keyed),
    }
    return str(json.loads(cast.wire(openid._post("oidc/token", request))[1].body)["access_token"])


def _revoked(cast: Cast) -> str:
    value = _own(cast)
    cast.wire(openid._post("oidc/revoke", {"token": value} | openid._by_key(cast, cast.keyed)))
    return value


def _introspect_own(cast: Cast) -> Draft:
    value = cast.kept("own token", lambda: _own(cast))
    draft = openid._post("oidc/introspect", {"token": value} | openid._by_key(cast, cast.keyed), gained=openid._is_active, secrets=[value])
    draft.others = {"token": cast.kept("revoked token", lambda: _revoked(cast))}
    return draft


def _introspect_own_by_resource(cast: Cast) -> Draft:
    """Another client than the token's, whose resource it is for."""
    value = cast.kept("own token", lambda: _own(cast))
    draft = openid._post("oidc/introspect", {"token": value}, **openid._by_secret(cast.full), gained=openid._is_active)
    draft.secrets.append(value)
    draft.others = {"token": cast.kept("revoked token", lambda: _revoked(cast)), "secret": cast.other.secret}
    return draft


def _introspect_revoked(cast: Cast) -> Draft:
    value = cast.kept("revoked token", lambda: _revoked(cast))
    return openid._post(
        "oidc/introspect", {"token": value}, **openid._by_secret(cast.full), gained=lambda answer: not openid._is_active(answer)
    )


def _introspect_mirrored(cast: Cast) -> Draft:
    """Of one ECDSA signature there are two texts, and whoever has one can write the other: a revoked token stays revoked."""
    content, _, signature = cast.kept("revoked token", lambda: _revoked(cast)).rpartition(".")
    raw = from_base64url(signature)
    value = f"{content}.{base64url(raw[:32] + (_ORDER - int.from_bytes(raw[32:])).to_bytes(32))}"
    return openid._post(
        "oidc/introspect", {"token": value}, **openid._by_secret(cast.full), gained=lambda answer: not openid._is_active(answer)
    )


def _exchange_own(cast: Cast) -> Draft:
    """A service acts on for a client that acts for itself."""
    values = {"grant_type": "client_credentials", "scope": "api", "resource": RESOURCE}

    def own() -> str:
        return str(json.loads(cast.wire(openid._post("oidc/token", values, **openid._by_secret(cast.full)))[1].body)["access_token"])

    def revoked() -> str:
        value = own()
        cast.wire(openid._post("oidc/revoke", {"token": value}, **openid._by_secret(cast.full)))
        return value

    draft, value = openid._exchange(cast), cast.kept("own token of full", own)
    draft.form = [[name, value if name == "subject_token" else old] for name, old in draft.form or []]
    draft.secrets.append(value)
    draft.others = {"subject_token": cast.kept("revoked token of full", revoked)}
    return draft


def _revoke_own(cast: Cast) -> Draft:
    value = _own(cast)
    return openid._post("oidc/revoke", {"token": value} | openid._by_key(cast, cast.keyed), secrets=[value])


def _revoke_others(cast: Cast) -> Draft:
    """Answered like any, and the token lives on (RFC 7009 §2.1)."""
    value = cast.kept("own token", lambda: _own(cast))
    draft = openid._post("oidc/revoke", {"token": value}, **openid._by_secret(cast.other))
    draft.secrets.append(value)
    draft.theirs = lambda: _active(cast, value)
    return draft


def _active(cast: Cast, value: str) -> bool:
    return openid._is_active(cast.wire(openid._post("oidc/introspect", {"token": value}, **openid._by_secret(cast.full)))[1])


def _as(name: str) -> Endpoint:
    return next(endpoint for endpoint in openid.ENDPOINTS if endpoint.name == name)


def _lean(name: str, *more: Recipe) -> Endpoint:
    endpoint = _as(name)
    return replace(endpoint, name=f"{name} of the plane", recipes=(*endpoint.recipes, *more), wire="plane", twin="wire")


ENDPOINTS = (
    _lean("oidc/token", _exchange_own),
    _lean("oidc/introspect", _introspect_own, _introspect_own_by_resource, _introspect_revoked, _introspect_mirrored),
    _lean("oidc/jwks"),
    Endpoint("oidc/revoke of own tokens", Manners("any"), (_revoke_own, _revoke_others)),
)
