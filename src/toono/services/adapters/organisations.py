"""Names of organisations from the registry, remembered for a minute."""

from __future__ import annotations

import time

from toono.registry import api as registry
from toono.services.contracts import Text

_SECONDS = 60.0
_remembered: tuple[float, dict[str, Text]] = (float("-inf"), {})


def names() -> dict[str, Text]:
    """Every organisation's name, by code."""
    global _remembered
    read_at, known = _remembered
    if time.monotonic() - read_at > _SECONDS:
        known = {o.code: Text(mn=o.name_mn, en=o.name_en) for o in registry.organisations()}
        _remembered = (time.monotonic(), known)
    return known


def name(code: str) -> Text:
    """The organisation's name; its code where the registry does not know it (yet)."""
    global _remembered
    if code not in names():
        _remembered = (float("-inf"), {})
    return names().get(code) or Text(mn=code, en=code)
