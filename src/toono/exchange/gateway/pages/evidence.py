"""``/asic`` and ``/verificationconf`` of X-Road: evidence for clients. The portal makes it from the log; the gateway proves who asks and passes it on.

Errors are plain text, as X-Road's. ``/verificationconf`` is for anybody: it holds certificates and names.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Iterable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from toono.exchange.domain import faults
from toono.exchange.domain.answers import BadAnswer, ProviderAnswer
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.identifiers import parse_client
from toono.exchange.domain.signatures import XROAD, Profile
from toono.exchange.gateway.call import Call, ClientGone, Message, Receive, Scope, Send, Shared
from toono.exchange.gateway.dialects.sending import deliver, response
from toono.exchange.gateway.dialects.xroad import XRoad
from toono.exchange.gateway.pages.asking import NO_STORE, ask_portal
from toono.exchange.gateway.provider import ProviderUnreachable
from toono.exchange.gateway.steps.client import authenticate_client
from toono.exchange.gateway.steps.incoming import check_configuration, check_limits
from toono.exchange.gateway.steps.once import use_up
from toono.kernel.clock import now

_log = logging.getLogger(__name__)
ASIC_PATH: Final = "/asic"
CONFIGURATION_PATH: Final = "/verificationconf"
_IDENTIFIER: Final = ("xRoadInstance", "memberClass", "memberCode")
_PASSED: Final = frozenset({"content-type", "content-disposition"})
_TEXT: Final = ("content-type", "text/plain; charset=utf-8")


class _Asking(XRoad):
    """Here the query names the client, so a signature need cover no header for that."""

    profile = Profile(frozenset({"@method", "@target-uri"}), XROAD.prefixes, ignored=XROAD.ignored)


class Evidence:
    """Both pages, in one of the two ways to name errors."""

    def __init__(self, errors: faults.Dialect) -> None:
        self._errors = errors

    async def asic(self, shared: Shared, scope: Scope, receive: Receive, send: Send) -> None:
        """Signed documents of one message id, for one of its two parties, who proves to be it as for a call."""
        call = self._call(scope, receive)
        await self._answer(send, call, self._documents(shared, call))

    async def configuration(self, shared: Shared, scope: Scope, receive: Receive, send: Send) -> None:
        """With what a verifier checks containers."""
        call = self._call(scope, receive)
        await self._answer(send, call, self._configuration(shared, call))

    def _call(self, scope: Scope, receive: Receive) -> Call:
        return Call.of(_Asking(self._errors), scope, receive, now())

    async def _answer(self, send: Send, call: Call, work: Awaitable[Iterable[Message]]) -> None:
        try:
            messages = await work
        except ClientGone:
            return
        except Fault as fault:
            messages = self._refused(call, fault)
        except Exception:
            _log.exception("A question for evidence failed inside the gateway")
            messages = _plain(500, "The gateway failed.")
        await deliver(send, messages)

    def _refused(self, call: Call, fault: Fault) -> Iterable[Message]:
        kind = fault.type(self._errors)
        _log.info("%s %s (%s) %s", kind, fault.reason, fault.id, call.path[:200])
        return _plain(_status(fault), fault.message, ("x-road-error", kind))

    async def _documents(self, shared: Shared, call: Call) -> Iterable[Message]:
        check_limits(shared, call)
        check_configuration(shared, call)
        _check_get(call)
        values = dict(parse_qsl(call.query, keep_blank_values=True))
        missing = next((name for name in _IDENTIFIER if name not in values), None)
        if missing is not None:
            return _plain(400, f'The parameter "{missing}" is missing.')
        call.client_id = _client(values)
        authenticate_client(shared, call)
        await use_up(shared, call)
        found = await _asked(shared, f"/asic?{call.query}", client=call.client_id)
        return _passed(found)

    async def _configuration(self, shared: Shared, call: Call) -> Iterable[Message]:
        check_limits(shared, call)
        _check_get(call)
        return _passed(await _asked(shared, "/verificationconf"))


def _check_get(call: Call) -> None:
    if call.method != "GET" or call.has_body:
        raise Fault(Code.INVALID_HTTP_METHOD, "method", "This is asked by GET, without a body.")


def _client(values: Mapping[str, str]) -> str:
    parts = [values[name] for name in _IDENTIFIER] + ([values["subsystemCode"]] if "subsystemCode" in values else [])
    return parse_client("/".join(parts))


def _status(fault: Fault) -> int:
    """X-Road: whoever does not prove to be the client is answered 401; else the fault's own status."""
    unknown = {
        Code.MISSING_SIGNATURE,
        Code.MALFORMED_SIGNATURE,
        Code.INVALID_SIGNATURE_VALUE,
        Code.AUTHENTICATION_FAILED,
        Code.UNKNOWN_MEMBER,
    }
    return 401 if fault.code in unknown else fault.status


async def _asked(shared: Shared, target: str, *, client: str | None = None) -> ProviderAnswer:
    """The portal's answer, whatever its status."""
    try:
        return await ask_portal(shared, target, client=client)
    except (ProviderUnreachable, BadAnswer) as error:
        raise Fault(Code.DATABASE_ERROR, "evidence_unavailable", "The evidence cannot be looked up now; try again in a moment.") from error


def _passed(found: ProviderAnswer) -> Iterable[Message]:
    return response(found.status, [*((name, value) for name, value in found.headers if name in _PASSED), NO_STORE], found.body)


def _plain(status: int, text: str, *headers: tuple[str, str]) -> Iterable[Message]:
    return response(status, [_TEXT, NO_STORE, *headers], text.encode("utf-8", "surrogateescape"))
