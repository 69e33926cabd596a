"""Names of organisations from the registry, remembered for a minute."""

from __future__ import annotations

import time

from toono.registry import api as registry
from toono.services.contracts import Text

_SECONDS = 60.0
_remembered: tuple[float, dict[str, Text]] = (float("-inf"), {})


def name(code: str) -> Text:
    """The organisation's name; its code where the registry does not know it (yet)."""
    global _remembered
    read_at, names = _remembered
    if time.monotonic() - read_at > _SECONDS or code not in names:
        names = {o.code: Text(mn=o.name_mn, en=o.name_en) for o in registry.organisations()}
        _remembered = (time.monotonic(), names)
    return names.get(code) or Text(mn=code, en=code)
