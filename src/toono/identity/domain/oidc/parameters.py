"""Parameters of a protocol request: RFC 6749 §3.1 and §3.2.

"Parameters sent without a value MUST be treated as if they were omitted […] Request and response parameters MUST NOT be
included more than once."
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from toono.identity.limits import LIMITS

MOST = 100
"""Parameters of a request."""
SHORT = 120
"""Characters of a text whose meaning is worth remembering."""


@dataclass(frozen=True)
class Parameters:
    """What was sent: each name once, and which names came more than once."""

    values: dict[str, str]
    repeated: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        return self.values.get(name)


def parse(encoded: str) -> Parameters | None:
    """Read ``application/x-www-form-urlencoded``; None when it is none, or longer than allowed."""
    if len(encoded) > LIMITS.request_length or encoded.count("&") >= MOST:
        return None
    values: dict[str, str] = {}
    seen: dict[str, bool] = {}
    """Each name, and whether it came again."""
    for pair in encoded.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        if "%" in pair or "+" in pair:
            try:
                name, value = _decoded(name), _decoded(value)
            except UnicodeDecodeError:
                return None
        if len(value) > LIMITS.parameter_length or "\0" in value:
            return None
        seen[name] = name in seen
        if value:
            values[name] = value
    return Parameters(values, tuple(name for name, again in seen.items() if again))


def _decoded(text: str) -> str:
    """The text that an encoded one means (WHATWG URL §5.1). Few need it: the standard library's parser costs as much as the rest of a token's request together.

    :raises UnicodeDecodeError: the bytes are no UTF-8.
    """
    return _short(text) if len(text) < SHORT else unquote_to_bytes(text.replace("+", " ")).decode()


@lru_cache(maxsize=1024)
def _short(text: str) -> str:
    """Names, grants, scopes, addresses: the same in request after request."""
    return unquote_to_bytes(text.replace("+", " ")).decode()
