"""The scope of a ДАН request: base64 of a JSON array of ``{"services": […], "wsdl": "…", "params": {…}}``.

Clients put it into the address as it is, so ``+`` arrives as a space and padding may be lost; line breaks and blanks within the JSON vary too.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_ENTRIES = 20
MOST_SERVICES = 30
_NAME = re.compile(r"[A-Z]{2}[0-9]{5,6}_[A-Za-z0-9]{1,80}")
_WSDL = re.compile(r"https?://[a-z0-9.:-]{1,100}/([a-z-]{1,40})-[0-9.]{1,10}/ws(?:\?wsdl)?", re.IGNORECASE)
ALIASES = {"WS100128_getCitizenNoMarriegeInfo": "WS100128_getCitizenNoMarriageInfo"}
"""Names in ДАН's own documentation that differ from the WSDL."""


class InvalidScope(Exception):
    """It is no such list."""


@dataclass(frozen=True)
class Entry:
    """One element of the list."""

    services: tuple[str, ...]
    wsdl: str
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        """``citizen`` of ``https://xyp.gov.mn/citizen-1.3.0/ws?WSDL``."""
        found = _WSDL.fullmatch(self.wsdl)
        return found[1].lower() if found else ""


def parse(text: str | None) -> tuple[Entry, ...]:
    """:raises InvalidScope:"""
    try:
        found = json.loads(_decoded(text or ""))
        # Kept with the grant: neither a lone surrogate, nor a zero character, nor a number without end can be.
        if "\\u0000" in json.dumps(found, ensure_ascii=False, allow_nan=False).encode().decode():
            raise ValueError
    except (ValueError, RecursionError):
        raise InvalidScope("scope is not base64 of JSON") from None
    if not isinstance(found, list) or not 0 < len(found) <= MOST_ENTRIES:
        raise InvalidScope("scope must be a list of services")
    return tuple(map(_entry, found))


def _decoded(text: str) -> bytes:
    compact = text.replace(" ", "+").replace("-", "+").replace("_", "/").translate({ord(c): None for c in "\r\n\t"}).rstrip("=")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidScope("scope is not base64") from None


def _entry(one: Any) -> Entry:
    services = one.get("services") if isinstance(one, dict) else None
    if not isinstance(services, list) or not 0 < len(services) <= MOST_SERVICES or not all(_is_operation(name) for name in services):
        raise InvalidScope("services must be names of operations")
    wsdl, params = one.get("wsdl"), one.get("params") or {}
    if not isinstance(wsdl, str) or not _WSDL.fullmatch(wsdl):
        raise InvalidScope("wsdl must be the address of a WSDL")
    if not isinstance(params, dict) or not all(isinstance(value, dict) for value in params.values()):
        raise InvalidScope("params must hold an object for each operation")
    return Entry(tuple(services), wsdl, params)


def _is_operation(name: Any) -> bool:
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def operations(entries: tuple[Entry, ...]) -> frozenset[str]:
    """All operations, by their names in the WSDL."""
    return frozenset(ALIASES.get(name, name) for entry in entries for name in entry.services)
