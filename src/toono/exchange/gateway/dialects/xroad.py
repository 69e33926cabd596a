"""X-Road message protocol for REST, r1: how its requests are read and how it is answered.

Source: PR-REST 1.0.4; where it and the code differ (statuses, duplicates, forms of errors) the code is followed: ``RestRequest.java``, ``ClientRestMessageHandler.java``,
``RestProxyTest.java``. Stricter than both: a header that the exchange reads, ``X-Road-Client`` excepted, may stand once. Names of headers come in lower case, and
repeated ones side by side, as the server in front gives them.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from toono.exchange.domain import faults, identifiers, metadata
from toono.exchange.domain.client_certificates import FROM_TERMINATOR
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.signatures import XROAD, Profile
from toono.exchange.gateway.call import Call, Message, Shared
from toono.exchange.gateway.dialects.reading import check_connection, text_of
from toono.exchange.gateway.dialects.sending import response


class XRoad:
    """The protocol in one of its two ways to name errors."""

    name = "x-road"
    profile: Profile = XROAD

    def __init__(self, errors: faults.Dialect) -> None:
        """:param errors: the release whose error types are given."""
        self._errors = errors

    def read(self, shared: Shared, call: Call) -> None:
        """Who calls what, by which message."""
        if call.method not in identifiers.METHODS:
            raise Fault(Code.INVALID_HTTP_METHOD, "method", f"The method must be one of {', '.join(sorted(identifiers.METHODS))}.")
        call.service_id, call.service_path = identifiers.parse_target(call.path)
        code = call.service_id.rpartition("/")[2]
        call.own = code if call.method == "GET" and code in metadata.METASERVICES else None
        clients = [value for name, value in call.headers if name == "x-road-client"]
        if not clients:
            raise Fault(Code.MISSING_HEADER_FIELD, "missing_client", "The header X-Road-Client is missing.")
        call.client_id = identifiers.parse_client(clients[-1])  # of several the last counts, as in X-Road
        check_connection(call)
        given = text_of(call, "x-road-id")
        call.message_id_given = given is not None
        call.message_id = given or f"{call.index.instance}-{uuid4()}"
        call.purpose = text_of(call, "x-toono-purpose")
        call.issue, call.user_id = text_of(call, "x-road-issue"), text_of(call, "x-road-userid")
        if "x-road-security-server" in call.values:
            provider = call.index.members.get(identifiers.member_of(call.service_id))
            gateway = (provider.entry.gateway if provider is not None else None) or shared.faces.gateway_name
            identifiers.check_security_server(call.values["x-road-security-server"], members=call.index.members, gateway=gateway)
        if "x-road-represented-party" in call.values:
            identifiers.check_represented_party(call.values["x-road-represented-party"])
        call.headers = [header for header in call.headers if header[0] not in FROM_TERMINATOR]

    def answer(self, call: Call) -> Iterator[Message]:
        """See :class:`~toono.exchange.gateway.dialects.Dialect`."""
        headers = list(call.response_headers)
        if call.quota_left is not None:
            headers.append(("x-toono-quota-left", str(call.quota_left)))
        headers += [("x-toono-warning", warning) for warning in call.warnings]
        return response(call.known_answer.status, headers, call.known_answer.body)

    def refused(self, call: Call, fault: Fault) -> Iterator[Message]:
        """See :class:`~toono.exchange.gateway.dialects.Dialect`."""
        kind, body = faults.body(fault, dialect=self._errors, accept=call.values.get("accept"))
        headers = [("content-type", kind), ("x-road-error", self.error_type(fault))]
        if call.message_id:
            headers.append(("x-road-id", call.message_id))
        if fault.retry_after is not None:
            headers.append(("retry-after", str(fault.retry_after)))
        return response(fault.status, headers, b"" if call.method == "HEAD" else body)

    def error_type(self, fault: Fault) -> str:
        """See :class:`~toono.exchange.gateway.dialects.Dialect`."""
        return fault.type(self._errors)

    def status(self, fault: Fault) -> int:
        """See :class:`~toono.exchange.gateway.dialects.Dialect`."""
        return fault.status
