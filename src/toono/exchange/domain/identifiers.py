"""Identifiers of members, systems and services on the wire: segments, each percent-encoded by itself.

Source: X-Road message protocol for REST, sections 4.1 to 4.3 and 4.8 (allowed characters since 7.3); ``RestRequest.java``, ``RestMessage.java``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from toono.exchange.domain.faults import Code, Fault

METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
_ALLOWED: Final = re.compile(r"[A-Za-z0-9'()+,\-.=?]+")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SAFE: Final = "'()+,-.="


class Target(NamedTuple):
    """What the request line names."""

    service: str
    """``MN/GOV/state-registration/population/address``"""
    path: str
    """The rest as received, still percent-encoded, with its leading slash; empty if there is none."""


def decode_segment(segment: str) -> str | None:
    """One segment, percent-decoded, or None where it is not valid UTF-8 or an escape is broken."""
    if "%" not in segment:
        return segment
    if _BAD_ESCAPE.search(segment):
        return None
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        return None


def _identifier(parts: list[str]) -> str | None:
    decoded = [decode_segment(part) for part in parts]
    if any(part is None or not _ALLOWED.fullmatch(part) for part in decoded):
        return None
    return "/".join(part for part in decoded if part is not None)


@lru_cache(maxsize=4096)
def _service(prefix: str) -> str | None:
    return _identifier(prefix.split("/"))


def parse_target(path: str) -> Target:
    """The service and the rest of ``/r1/{instance}/{class}/{member}/{subsystem}/{service}[/path]``.

    :raises Fault: not this form; as in X-Road's own tests the status is 500.
    """
    parts = path.split("/", 7)
    if len(parts) < 7:
        raise Fault(
            Code.CLIENT_INVALID_REQUEST, "uri_too_short", "The address must be /r1/{instance}/{class}/{member}/{subsystem}/{service}."
        )
    if parts[0] != "" or parts[1] != "r1":
        raise Fault(Code.CLIENT_INVALID_REQUEST, "protocol_version", f"Only protocol version r1 is spoken here, not «{parts[1][:20]}».")
    service = _service("/".join(parts[2:7]))
    if service is None:
        raise Fault(
            Code.CLIENT_INVALID_REQUEST,
            "service_identifier",
            "The service identifier has an empty segment or a character that is not allowed.",
        )
    return Target(service, "/" + parts[7] if len(parts) == 8 else "")


@lru_cache(maxsize=4096)
def _client(value: str) -> str | None:
    parts = value.split("/")
    return _identifier(parts) if len(parts) in (3, 4) else None


def parse_client(value: str) -> str:
    """The client of an ``X-Road-Client`` header.

    :raises Fault: it has not three or four segments, or one of them is not allowed.
    """
    client = _client(value)
    if client is None:
        raise Fault(Code.INVALID_CLIENT_IDENTIFIER, "client_identifier", "X-Road-Client must be INSTANCE/CLASS/MEMBER[/SUBSYSTEM].")
    return client


def check_security_server(value: str) -> None:
    """``X-Road-Security-Server`` has exactly four segments.

    :raises Fault: it has not.
    """
    if len(value.split("/")) != 4:
        raise Fault(Code.INVALID_SECURITY_SERVER, "security_server", "X-Road-Security-Server must be INSTANCE/CLASS/MEMBER/SERVER.")


def check_represented_party(value: str) -> None:
    """``X-Road-Represented-Party`` is ``[class/]code``.

    :raises Fault: it has more segments.
    """
    if len(value.split("/")) > 2:
        raise Fault(Code.CLIENT_INVALID_REQUEST, "represented_party", "X-Road-Represented-Party must be [CLASS/]CODE.")


@lru_cache(maxsize=4096)
def encode_identifier(identifier: str) -> str:
    """``identifier`` as a header value: each segment percent-encoded."""
    return "/".join(quote(part, safe=_SAFE) for part in identifier.split("/"))


def member_of(identifier: str) -> str:
    """``MN/GOV/state-registration`` of any identifier that stands below it."""
    return "/".join(identifier.split("/", 3)[:3])


def organisation_of(identifier: str) -> str:
    """Code of the organisation: the third segment."""
    return identifier.split("/", 3)[2]
