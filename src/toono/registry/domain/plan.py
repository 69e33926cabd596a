"""A plan in words: what would be added, changed field by field, and removed."""

from __future__ import annotations

import json
from collections.abc import Iterator

from toono.registry.contracts import Change, Entry, Plan

_LONGEST = 200


def sentences(plan: Plan, *, prune: bool) -> tuple[str, ...]:
    """Lines for a terminal: ``+`` added, ``~`` changed, ``-`` removed; the last lines count."""
    lines = [line for change in plan.changes for line in _change(change)]
    counts = {
        "added": sum(c.before is None for c in plan.changes),
        "changed": sum(c.before is not None and c.after is not None for c in plan.changes),
        "removed": sum(c.after is None for c in plan.changes),
    }
    lines.append(", ".join(f"{count} {what}" for what, count in counts.items()) + "." if plan.changes else "No difference.")
    if plan.unnamed and not prune:
        lines.append(f"{plan.unnamed} entries stand that the file does not name; they stay unless you prune.")
    return tuple(lines)


def differences(before: Entry, after: Entry) -> tuple[tuple[str, object, object], ...]:
    """Field, old and new value (as JSON), of each field that differs. The version of an agreement is counted, not proposed."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    return tuple((name, old[name], new[name]) for name in old if name != "version" and old[name] != new[name])


def _change(change: Change) -> Iterator[str]:
    name = f"{change.kind} {change.subject}"
    if change.before is None or change.after is None:
        yield f"{'+' if change.before is None else '-'} {name}"
        return
    yield f"~ {name}"
    for field, old, new in differences(change.before, change.after):
        if isinstance(old, list) and isinstance(new, list):
            yield f"    {field}:"
            yield from (f"      - {_value(item)}" for item in old if item not in new)
            yield from (f"      + {_value(item)}" for item in new if item not in old)
            if sorted(map(_value, old)) == sorted(map(_value, new)):
                yield "      (in another order)"
        else:
            yield f"    {field}: {_value(old)} → {_value(new)}"


def _value(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
