"""The exchange's own JSON API: how its requests are read and how it is answered.

A request is translated into X-Road's form before anything else is done with it: the address, and the headers that the exchange reads. So rights, evidence and ledger know one form only, and
a message in the log looks the same whichever way it came. What the client signed stays as it was received. The access token and the client's signature are not part of the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from uuid import uuid4

from toono.exchange.domain import idempotency, identifiers, metadata, problems
from toono.exchange.domain.client_certificates import FROM_TERMINATOR
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.messages import Header
from toono.exchange.domain.signatures import NATIVE, Profile
from toono.exchange.gateway.call import Call, Message, Shared
from toono.exchange.gateway.dialects.reading import check_connection, text_of
from toono.exchange.gateway.dialects.sending import response

PREFIX: Final = "/v1/"
_TRANSLATED: Final = {
    "toono-message-id": "x-road-id", "toono-case": "x-road-issue", "toono-user": "x-road-userid", "toono-purpose": "x-toono-purpose", "toono-subject": "x-toono-subject",
    "toono-authentication": "x-toono-authentication",
}  # fmt: skip
_ONCE: Final = frozenset({*_TRANSLATED, "idempotency-key"})
_LEFT_OUT: Final = FROM_TERMINATOR | {"authorization", "signature", "signature-input"}
_CIVIL_ID: Final = re.compile(r"[0-9]{12}")


class Native:
    """``/v1/{instance}/{class}/{member}/{system}/{service}/{path}``, with an access token and a message signature."""

    name = "native"
    profile: Profile = NATIVE

    def __init__(self, base_url: str) -> None:
        """:param base_url: address under which clients know the gateway."""
        self._base_url = base_url

    def read(self, shared: Shared, call: Call) -> None:
        """Who calls what, by which message; the call is in X-Road's form afterwards."""
        identify(shared, call)
        target = identifiers.parse_target(call.path, version="v1")
        call.service_id, call.service_path = target
        code = target.service.rpartition("/")[2]
        call.own = code if call.method == "GET" and code in metadata.METASERVICES else None
        for name in _ONCE:
            if len([n for n, _ in call.headers if n == name]) > 1:
                raise Fault(Code.DUPLICATE_HEADER_FIELD, "duplicate_header", f"The header {name} stands more than once.")
        call.message_id_given = text_of(call, "toono-message-id") is not None
        call.message_id = text_of(call, "toono-message-id") or f"{call.index.instance}-{uuid4()}"
        call.purpose = text_of(call, "toono-purpose")
        if call.purpose is None and call.own is None:
            raise Fault(Code.MISSING_HEADER_FIELD, "missing_purpose", "The header Toono-Purpose is missing: say why the data are read.")
        call.issue, call.user_id, call.subject = (text_of(call, f"toono-{name}") for name in ("case", "user", "subject"))
        if call.subject is not None and not _CIVIL_ID.fullmatch(call.subject):
            raise Fault(Code.INVALID_REQUEST, "subject_malformed", "Toono-Subject must be a civil id: twelve digits.")
        call.idempotency_key = idempotency.parse_key(call.values.get(idempotency.HEADER), call.method)
        self._translate(call)

    def _translate(self, call: Call) -> None:
        call.path = "/r1/" + call.path.removeprefix(PREFIX)
        own: list[Header] = [("x-road-client", identifiers.encode_identifier(call.client_id))]
        own += [(new, call.values[old]) for old, new in _TRANSLATED.items() if call.values.get(old)]
        call.headers = [h for h in call.headers if h[0] not in _LEFT_OUT and h[0] not in _TRANSLATED] + own
        call.values |= dict(own)

    def answer(self, call: Call) -> Iterator[Message]:
        """See :class:`~toono.exchange.gateway.dialects.Dialect`."""
        answer = call.known_answer
        values = dict(call.response_headers)
        headers = [header for header in call.response_headers if not header[0].startswith(("x-road-", "toono-", "idempotency-replayed"))]
        headers += [
            ("toono-message-id", values["x-road-id"]), ("toono-request-id", values["x-road-request-id"]), ("toono-receipt", values["x-road-request-hash"]),
        ]  # fmt: skip
        if call.replayed:
            headers.append(("idempotency-replayed", "true"))
        if call.quota_left is not None:
            headers.append(("ratelimit", f'"day";r={call.quota_left}'))
        headers += [("toono-warning", warning) for warning in call.warnings]
        return response(answer.status, headers, answer.body)

    def refused(self, call: Call, fault: Fault) -> Iterator[Message]:
        """See :class:`~toono.exchange.gateway.dialects.Dialect`."""
        found = problems.problem(fault, base_url=self._base_url, message_id=call.message_id, outcome=_outcome(call, fault))
        return response(found.status, found.headers, b"" if call.method == "HEAD" else found.body)

    def error_type(self, fault: Fault) -> str:
        """See :class:`~toono.exchange.gateway.dialects.Dialect`."""
        return fault.code.value

    def status(self, fault: Fault) -> int:
        """See :class:`~toono.exchange.gateway.dialects.Dialect`."""
        return problems.status_of(fault)


def _outcome(call: Call, fault: Fault) -> problems.Outcome:
    """Whether the provider may have acted, on this call or on the one of which it is a repetition."""
    if fault.reason in idempotency.NOT_SENT or fault.reason == "idempotency_reused":
        return "not_done"
    return "unknown" if call.request_logged or call.replayed else "not_done"


def identify(shared: Shared, call: Call) -> None:
    """Who calls, by the access token; that it is they who sent it, the signature tells later.

    :raises Fault: no token, not ours, or expired; headers of the other dialect.
    """
    if call.method not in identifiers.METHODS:
        raise Fault(Code.INVALID_HTTP_METHOD, "method", f"The method must be one of {', '.join(sorted(identifiers.METHODS))}.")
    call.signed_target = call.target
    foreign = next((n for n in call.values if n.startswith(("x-road-", "x-toono-")) and n not in FROM_TERMINATOR), None)
    if foreign is not None:
        raise Fault(Code.INVALID_REQUEST, "foreign_header", f"{foreign} belongs to the X-Road dialect; this one has headers Toono-….")
    check_connection(call)
    scheme, _, token = call.values.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Fault(Code.MISSING_SIGNATURE, "token_missing", "Authorization: Bearer with an access token of /oauth/token is needed.")
    if shared.faces.tokens is None:
        raise Fault(Code.CLIENT_INTERNAL_ERROR, "tokens_off", "This gateway has no key of access tokens; its operator has to set it.")
    call.token = shared.faces.tokens.read(token.strip(), issuer=shared.base_url, now=call.at.timestamp())
    call.client_id = call.token.client
