"""Identifiers of members, systems and services on the wire: segments, each percent-encoded by itself.

Source: X-Road message protocol for REST, sections 4.1 to 4.3 and 4.8 (allowed characters since 7.3); ``RestRequest.java``, ``RestMessage.java``.
"""

from __future__ import annotations

import re
from collections.abc import Container
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


def parse_target(path: str, *, version: str = "r1") -> Target:
    """The service and the rest of ``/{version}/{instance}/{class}/{member}/{subsystem}/{service}[/path]``.

    :param version: first segment of the dialect's addresses: ``r1`` or ``v1``.
    :raises Fault: not this form; in the X-Road dialect the status is 500, as in its own tests.
    """
    parts = path.split("/", 7)
    if len(parts) < 7:
        raise Fault(
            Code.CLIENT_INVALID_REQUEST,
            "uri_too_short",
            f"The address must be /{version}/{{instance}}/{{class}}/{{member}}/{{subsystem}}/{{service}}.",
        )
    if parts[0] != "" or parts[1] != version:
        raise Fault(
            Code.CLIENT_INVALID_REQUEST, "protocol_version", f"Only protocol version {version} is spoken here, not «{parts[1][:20]}»."
        )
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


def check_security_server(value: str, *, members: Container[str], gateway: str) -> None:
    """``X-Road-Security-Server`` names the one server that reaches the service: ``INSTANCE/CLASS/MEMBER/SERVER``.

    :param members: identifiers of the members that the exchange knows; the server may be named as any one's, since all share it.
    :param gateway: name of the gateway that reaches the called service: the server's code.
    :raises Fault: another form, an unknown member, or a server that does not reach the service.
    """
    parts = value.split("/")
    server = _identifier(parts) if len(parts) == 4 else None
    if server is None:
        raise _wrong_server("security_server", "X-Road-Security-Server must be INSTANCE/CLASS/MEMBER/SERVER.")
    if member_of(server) not in members:
        raise _wrong_server("unknown_security_server", f"Could not find security server «{server}».")
    if server.rpartition("/")[2] != gateway:
        raise _wrong_server("unknown_security_server", f"Invalid security server «{server}»: the service is reached through «{gateway}».")


def _wrong_server(reason: str, message: str) -> Fault:
    return Fault(Code.INVALID_SECURITY_SERVER, reason, message)


def check_represented_party(value: str) -> None:
    """``X-Road-Represented-Party`` is ``[class/]code``, each percent-encoded.

    :raises Fault: it is not.
    """
    parts = value.split("/")
    if len(parts) > 2 or any(not decode_segment(part) for part in parts):
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
