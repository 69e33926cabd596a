"""What clients did: every protocol request, with how it was answered. For the developer's eyes, and for the check of their client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

KEPT = 200


class Kind(StrEnum):
    """What was asked for."""

    DISCOVERY = "discovery"
    KEYS = "jwks"
    PUSH = "par"
    AUTHORIZE = "authorize"
    ANSWER = "answer"
    """The browser was sent back to the client."""
    TOKEN = "token"  # noqa: S105 - an endpoint
    USERINFO = "userinfo"
    SERVICE = "service"
    END_SESSION = "end-session"
    INTROSPECT = "introspect"
    REVOKE = "revoke"
    LOGOUT_NOTICE = "back-channel logout"
    DEVICE = "device authorization"
    BACKCHANNEL = "backchannel authentication"
    DECISION = "the person's word"
    PING = "ping"
    REGISTER = "registration"
    MANAGED = "own registration"


BEGINNINGS = frozenset({Kind.ANSWER, Kind.DEVICE, Kind.BACKCHANNEL})
"""After these the client goes on by itself, without a browser."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One request and its answer."""

    kind: Kind
    at: datetime
    client_id: str = ""
    status: int = 200
    fault: str = ""
    """Why it was refused, in the protocol's words."""
    data: Mapping[str, str] = field(default_factory=dict)
    """Parameters as sent; of the check's own use, never shown."""
