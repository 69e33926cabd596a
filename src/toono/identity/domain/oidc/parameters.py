"""Parameters of a protocol request: RFC 6749 §3.1 and §3.2.

"Parameters sent without a value MUST be treated as if they were omitted […] Request and response parameters MUST NOT be
included more than once."
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from urllib.parse import parse_qsl

from toono.identity.limits import LIMITS


@dataclass(frozen=True)
class Parameters:
    """What was sent: each name once, and which names came more than once."""

    values: dict[str, str]
    repeated: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        return self.values.get(name)


def parse(encoded: str) -> Parameters | None:
    """Read ``application/x-www-form-urlencoded``; None when it is none, or longer than allowed."""
    if len(encoded) > LIMITS.request_length:
        return None
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        return None
    if any(len(value) > LIMITS.parameter_length or "\0" in value for _, value in pairs):
        return None
    repeated = tuple(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    return Parameters({name: value for name, value in pairs if value}, repeated)
