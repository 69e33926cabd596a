"""Conditions computed once for the same values: thousands of walks of one catalogue ask the same questions."""

from __future__ import annotations

import json
from functools import lru_cache

from toono.services.domain.conditions import Values, holds, names


def remembered(expression: str, values: Values) -> bool:
    """As :func:`conditions.holds`. What it said of an expression and of the values that the expression reads is kept."""
    read: dict[str, dict[str, object]] = {"answers": {}, "facts": {}}
    for root, *rest in names(expression):
        if not rest:
            return holds(expression, values)
        if root in read and rest[0] in values.get(root, {}):
            read[root][rest[0]] = values[root][rest[0]]
    return _computed(expression, json.dumps(read, ensure_ascii=False, sort_keys=True))


@lru_cache(maxsize=1 << 16)
def _computed(expression: str, values: str) -> bool:
    return holds(expression, json.loads(values))
