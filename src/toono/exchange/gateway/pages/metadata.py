"""``/listClients``: members and systems of the exchange, for whoever reaches the gateway, unsigned, as in X-Road."""

from __future__ import annotations

from toono.exchange.domain import faults, metadata
from toono.exchange.domain.faults import Fault
from toono.exchange.gateway.call import Receive, Scope, Send, Shared
from toono.exchange.gateway.dialects.sending import deliver, response
from toono.exchange.gateway.pages.asking import NO_STORE
from toono.kernel.clock import now


class ListClients:
    """The page, in one of the two ways to name errors."""

    def __init__(self, errors: faults.Dialect) -> None:
        self._errors = errors

    async def __call__(self, shared: Shared, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        accept = ", ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept")
        try:
            if scope["method"] != "GET":
                raise Fault(faults.Code.INVALID_HTTP_METHOD, "method", "listClients is asked by GET.")
            index = shared.configuration.current(now())
            page = metadata.list_clients(index.configuration, query=scope["query_string"].decode("utf-8", "replace"), accept=accept)
            await deliver(send, response(200, [("content-type", page.content_type), NO_STORE], page.body))
        except Fault as fault:
            kind, body = faults.body(fault, dialect=self._errors, accept=accept)
            await deliver(send, response(fault.status, [("content-type", kind), ("x-road-error", fault.type(self._errors))], body))
