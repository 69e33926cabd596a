"""What ``toono registry`` does: plan, apply and export the whole configuration as one file. ``entry.cli`` prints what they give.

Exit codes: 0 no difference, or done; 2 differences (plan only); 1 refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toono.kernel.actor import Actor
from toono.kernel.errors import ToonoError
from toono.registry import api
from toono.registry.domain import plan as plans
from toono.registry.errors import DocumentRefused

SAME, REFUSED, DIFFERENT = 0, 1, 2


@dataclass(frozen=True)
class Outcome:
    """What a command ends with."""

    exit_code: int
    text: str = ""
    """For standard output."""
    complaint: str = ""
    """For standard error: one sentence a line."""


def plan(file: Path, *, values: Mapping[str, str], prune: bool = False) -> Outcome:
    """Tell what applying ``file`` would add, change and remove."""
    try:
        found = api.plan_configuration(document=file.read_text(encoding="utf-8"), values=values, name=str(file), prune=prune)
    except (ToonoError, OSError, UnicodeDecodeError) as error:
        return _refused(error)
    return Outcome(DIFFERENT if found.changes else SAME, "\n".join(plans.sentences(found, prune=prune)))


def apply(file: Path, *, drafted_by: Actor, approved_by: Actor, values: Mapping[str, str], prune: bool = False) -> Outcome:
    """Enter ``file`` in the name of two administrators and publish, or change nothing."""
    try:
        changed = api.load_configuration(
            drafted_by=drafted_by,
            approved_by=approved_by,
            document=file.read_text(encoding="utf-8"),
            values=values,
            name=str(file),
            prune=prune,
        )
    except (ToonoError, OSError, UnicodeDecodeError) as error:
        return _refused(error)
    published = api.publication()
    version = published.version if published else "nothing"
    return Outcome(SAME, f"{changed} entries changed. Published: {version}." if changed else "No difference.")


def export() -> Outcome:
    """The standing configuration as a file in which ``plan`` finds no difference."""
    return Outcome(SAME, api.exported_configuration())


def pairs(given: list[str]) -> dict[str, str]:
    """``name=value`` arguments (``--value``), for ``${name}`` in the file; ``name=@path`` takes the text of a file.

    :raises ValueError: one has no ``=``.
    """
    found: dict[str, str] = {}
    for pair in given:
        name, separator, value = pair.partition("=")
        if not separator:
            raise ValueError(f"«{pair}» is not of the form name=value")
        found[name] = Path(value[1:]).read_text(encoding="utf-8") if value.startswith("@") else value
    return found


def _refused(error: Exception) -> Outcome:
    lines = error.sentences if isinstance(error, DocumentRefused) else (f"{type(error).__name__}: {error}",)
    return Outcome(REFUSED, complaint="\n".join(lines))
