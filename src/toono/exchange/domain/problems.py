"""Faults as the native dialect tells them: problem documents (RFC 9457) with the status that fits.

``code`` is the fault's reason, the same word that the X-Road dialect gives in ``detail``; ``type`` is an address at which the gateway explains it. ``outcome`` says what a
client must know before it calls again: whether the provider may have acted.
"""

from __future__ import annotations

import json
from typing import Final, Literal, NamedTuple

from toono.exchange.domain.faults import Code, Fault

MEDIA_TYPE: Final = "application/problem+json"
Outcome = Literal["not_done", "unknown"]

_BY_CODE: Final[dict[Code, int]] = {
    Code.INVALID_REQUEST: 400,
    Code.CLIENT_INVALID_REQUEST: 400,
    Code.INVALID_HTTP_METHOD: 405,
    Code.MISSING_HEADER_FIELD: 400,
    Code.DUPLICATE_HEADER_FIELD: 400,
    Code.INVALID_CLIENT_IDENTIFIER: 400,
    Code.INVALID_SECURITY_SERVER: 400,
    Code.UNKNOWN_MEMBER: 404,
    Code.AUTHENTICATION_FAILED: 401,
    Code.MISSING_SIGNATURE: 401,
    Code.MALFORMED_SIGNATURE: 401,
    Code.INVALID_SIGNATURE_VALUE: 401,
    Code.ACCESS_DENIED: 403,
    Code.SERVER_INVALID_REQUEST: 400,
    Code.UNKNOWN_SERVICE: 404,
    Code.SERVICE_DISABLED: 503,
    Code.SERVICE_TYPE: 404,
    Code.SERVICE_MISSING_URL: 502,
    Code.SERVICE_MALFORMED_URL: 502,
    Code.NETWORK_ERROR: 502,
    Code.HTTP_ERROR: 502,
    Code.INVALID_RESPONSE: 502,
    Code.INCONSISTENT_RESPONSE: 502,
    Code.GATEWAY_UNREACHABLE: 502,
    Code.GATEWAY_ANSWER: 502,
    Code.INVALID_RESPONSE_SIGNATURE: 502,
    Code.CLIENT_INTERNAL_ERROR: 500,
    Code.SERVER_INTERNAL_ERROR: 500,
}
"""Status by type; what is not here is the exchange's own trouble: 503."""
_BY_REASON: Final[dict[str, int]] = {
    "uri_too_short": 404,
    "protocol_version": 404,
    "body_too_slow": 408,
    "body_too_large": 413,
    "address_too_long": 414,
    "head_too_large": 431,
    "idempotency_running": 409,
    "idempotency_unknown": 409,
    "idempotency_reused": 422,
    "unknown_member": 401,
    "unknown_client": 401,
    "wrong_digest": 400,
    "rate_exceeded": 429,
    "quota_exceeded": 429,
    "timeout": 504,
    "connect_timeout": 504,
    "circuit_open": 503,
}
"""Finer than its type."""


class Problem(NamedTuple):
    """A problem document and the headers that go with it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def status_of(fault: Fault) -> int:
    """The HTTP status of ``fault`` in the native dialect."""
    return _BY_REASON.get(fault.reason) or _BY_CODE.get(fault.code, 503)


def title_of(reason: str) -> str:
    """``agreement_expired`` → ``Agreement expired``: the same for each occurrence (RFC 9457 §3.1.4)."""
    return reason.replace("_", " ").capitalize()


def type_of(reason: str, *, base_url: str) -> str:
    """Where the gateway explains ``reason``."""
    return f"{base_url}/v1/problems/{reason}"


def problem(fault: Fault, *, base_url: str, message_id: str, outcome: Outcome) -> Problem:
    """``fault`` as an answer.

    :param message_id: of the call, or empty.
    :param outcome: ``not_done`` where the provider has not heard of the call; else ``unknown``: ask by the message id, or repeat under the same idempotency key.
    """
    status = status_of(fault)
    document: dict[str, object] = {
        "type": type_of(fault.reason, base_url=base_url), "title": title_of(fault.reason), "status": status, "detail": fault.message,
        "instance": f"urn:uuid:{fault.id}", "code": fault.reason, "xroad_type": fault.code.value, "outcome": outcome,
    }  # fmt: skip
    headers = [("content-type", MEDIA_TYPE), ("cache-control", "no-store"), ("toono-error", fault.reason)]
    if message_id:
        document["message_id"] = message_id
        headers.append(("toono-message-id", message_id))
    if fault.earlier is not None:
        document["earlier"] = fault.earlier
    if status == 401:
        headers.append(("www-authenticate", _challenge(fault)))
    if status == 405:
        headers.append(("allow", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE"))
    if fault.retry_after is not None:
        document["retry_after"] = fault.retry_after
        headers.append(("retry-after", str(fault.retry_after)))
    return Problem(status, tuple(headers), json.dumps(document, ensure_ascii=False).encode())


def _challenge(fault: Fault) -> str:
    """RFC 6750 §3.1: an error is named only where a token was sent."""
    if fault.reason in ("token_missing", "no_credentials"):
        return 'Bearer realm="toono-exchange"'
    return f'Bearer realm="toono-exchange", error="invalid_token", error_description="{fault.reason}"'
