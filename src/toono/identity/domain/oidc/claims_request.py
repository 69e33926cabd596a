"""Single claims: the parameter ``claims`` of OpenID Connect Core §5.5. What is asked in vain is left out (§5.5.1), except an essential ``acr``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from toono.identity.domain.oidc.userinfo import CLAIMS
from toono.kernel.jose import json_object


class InvalidClaims(Exception):
    """The parameter is malformed: ``invalid_request``."""


@dataclass(frozen=True)
class ClaimsRequest:
    """What was asked for by name."""

    userinfo: tuple[str, ...] = ()
    id_token: tuple[str, ...] = ()
    essential: frozenset[str] = field(default_factory=frozenset)
    """The client cannot do without; the person cannot untick them singly."""
    essential_acr: tuple[str, ...] | None = None
    """One of these must be reached; None: not asked for."""
    subject: str | None = None
    """Only this person will do (§5.5.1, ``sub`` with a value)."""


def parse(text: str | None) -> ClaimsRequest:
    """:raises InvalidClaims: no JSON object of the shape of §5.5."""
    if text is None:
        return ClaimsRequest()
    try:
        found = json_object(text.encode())
    except (ValueError, UnicodeEncodeError):
        raise InvalidClaims("claims is no JSON object") from None
    userinfo, id_token = _members(found, "userinfo"), _members(found, "id_token")
    both = [*userinfo.items(), *id_token.items()]
    return ClaimsRequest(
        userinfo=tuple(name for name in CLAIMS if name in userinfo),
        id_token=tuple(name for name in CLAIMS if name in id_token),
        essential=frozenset(name for name, how in both if how and how.get("essential") is True and name in CLAIMS),
        essential_acr=_acr(id_token.get("acr") if id_token.get("acr") is not None else userinfo.get("acr")),
        subject=_subject(id_token.get("sub") or userinfo.get("sub")),
    )


def _members(found: dict[str, Any], name: str) -> dict[str, Mapping[str, Any] | None]:
    members = found.get(name, {})
    if not isinstance(members, dict) or not all(how is None or isinstance(how, dict) for how in members.values()):
        raise InvalidClaims(f"{name} of claims must hold null or objects")
    return members


def _acr(how: Mapping[str, Any] | None) -> tuple[str, ...] | None:
    if not how or how.get("essential") is not True:
        return None
    values = how.get("values", [how["value"]] if "value" in how else [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidClaims("the values of acr must be texts")
    return tuple(values)


def _subject(how: Mapping[str, Any] | None) -> str | None:
    value = how.get("value") if how else None
    if value is not None and not isinstance(value, str):
        raise InvalidClaims("the value of sub must be a text")
    return value
