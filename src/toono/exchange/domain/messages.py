"""The messages that are signed and logged: which headers they carry, their bytes, their hash.

Source: X-Road ``RestMessage.java``, ``RestRequest.java``, ``RestResponse.java`` and the sample container of its verifier. Header names come in lower case, as HTTP/2 and our server
give them; their order is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha512
from typing import Final

from toono.exchange.domain.evidence.hashchain import MessageDigests

Header = tuple[str, str]
"""Name in lower case; value as UTF-8 where a byte that is none stands as a surrogate, so that the received bytes come back unchanged."""

SKIPPED: Final = frozenset(
    {
        "transfer-encoding", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "upgrade", "connection",
        "user-agent", "host", "content-length", "server", "expect",
    }
)  # fmt: skip
"""Belong to one connection and never go on (``RestMessage.SKIPPED_HEADERS``)."""

OWN_REQUEST: Final = frozenset({"x-road-request-id", "x-road-request-hash"})
"""Set by the gateway; a client's own are dropped."""

OWN_RESPONSE: Final = frozenset(
    {"x-road-id", "x-road-client", "x-road-service", "x-road-request-id", "x-road-request-hash", "x-road-error"}
)
"""Set by the gateway; a provider's own are dropped, so that it cannot pass for the gateway."""

PERSONAL: Final = frozenset(
    {"accept-encoding", "range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}
)
"""Not passed on where the answer is about a person: each of them would let data be read in a form that the gateway cannot check and enter into the ledger."""


def _dropped_by_connection(headers: Iterable[Header]) -> frozenset[str]:
    """Headers that ``Connection`` names belong to this connection too (RFC 9110 §7.6.1)."""
    named = [value for name, value in headers if name == "connection"]
    return frozenset(token.strip().lower() for value in named for token in value.split(",")) if named else frozenset()


def request_headers(
    received: list[Header], *, request_id: str, message_id: str | None, purpose: str | None, dropped: frozenset[str]
) -> list[Header]:
    """Headers of the request as signed and forwarded.

    :param message_id: generated one, or None if the client gave its own.
    :param purpose: purpose that the agreement supplied, or None if the client named it.
    :param dropped: names left out besides those that never go on.
    """
    never = SKIPPED | OWN_REQUEST | dropped | _dropped_by_connection(received)
    headers = [header for header in received if header[0] not in never]
    if purpose is not None:
        headers.append(("x-toono-purpose", purpose))
    headers.append(("x-road-request-id", request_id))
    if message_id is not None:
        headers.append(("x-road-id", message_id))
    return headers


def response_headers(
    received: list[Header], *, message_id: str, client: str, service: str, request_id: str, request_hash: str
) -> list[Header]:
    """Headers of the response as signed and answered. ``client`` and ``service`` are percent-encoded."""
    never = SKIPPED | OWN_RESPONSE | _dropped_by_connection(received)
    return [
        *[header for header in received if header[0] not in never],
        ("x-road-id", message_id),
        ("x-road-client", client),
        ("x-road-service", service),
        ("x-road-request-id", request_id),
        ("x-road-request-hash", request_hash),
    ]


def _header_lines(headers: Iterable[Header]) -> str:
    return "".join([f"{name}:{value}\r\n" for name, value in headers])


def request_bytes(method: str, target: str, headers: Iterable[Header]) -> bytes:
    """Byte form of a request's head; ``target`` is path and query as received."""
    return f"{method}\r\n{target}\r\n{_header_lines(headers)}".encode("utf-8", "surrogateescape")


def response_bytes(status: int, reason: str, headers: Iterable[Header]) -> bytes:
    """Byte form of a response's head."""
    return f"{status}\r\n{reason}\r\n{_header_lines(headers)}".encode("utf-8", "surrogateescape")


def message_hash(digests: MessageDigests) -> bytes:
    """X-Road's hash of a message: SHA-512 of the head, or, where there is a body, over both digests together."""
    return sha512(digests.head + digests.body).digest() if digests.body is not None else digests.head
