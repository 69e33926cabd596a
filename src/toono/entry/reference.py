"""The part of the documentation that is made from the code: settings, errors, events.

``python -m toono.entry.reference`` writes ``docs/reference/{settings,errors,events}.md`` of the source tree; with ``--check`` it
only tells which of them are not as the code says, and ends with 1 if any is not. Needs neither Django nor a database.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from toono.kernel.errors import ToonoError
from toono.kernel.events import Event
from toono.kernel.settings import reference_table

SOURCE = Path(__file__).resolve().parents[1]
FOLDER = SOURCE.parents[1] / "docs" / "reference"
MADE = "<!-- Made by `python -m toono.entry.reference`; change the code, not this file. -->\n\n"

Base = TypeVar("Base")


def rooms() -> list[str]:
    """Names of all packages directly under ``toono``."""
    return sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))


def load(*modules: str) -> None:
    """Import these modules (``errors``, ``events`` …) of every room that has them."""
    for room in rooms():
        for module in modules:
            if find_spec(f"toono.{room}.{module}"):
                import_module(f"toono.{room}.{module}")


def subclasses(kind: type[Base]) -> list[type[Base]]:
    """Every class below ``kind`` in the rooms (not in their tests), each once, in the order of names."""
    found: set[type[Base]] = set()
    waiting = [kind]
    while waiting:
        below = [c for c in waiting.pop().__subclasses__() if c not in found]
        found.update(below)
        waiting.extend(below)
    ours = (c for c in found if c.__module__.startswith("toono.") and ".tests" not in c.__module__)
    return sorted(ours, key=lambda c: (c.__module__, c.__qualname__))


def errors() -> list[type[ToonoError]]:
    """Every error of the platform, the base too."""
    load("errors")
    return [ToonoError, *subclasses(ToonoError)]


def events() -> list[type[Event]]:
    """Every event that is published; classes without a name are only bases of others."""
    load("events")
    return [event for event in subclasses(Event) if getattr(event, "name", None)]


def settings_page() -> str:
    return (
        f"# Settings\n\n{MADE}"
        "All are variables of the environment, read once at the start. A missing, wrong or unknown one stops the start with a sentence.\n\n"
        + reference_table()
    )


def errors_page() -> str:
    rows = [
        f"| `{error.code}` | {error.status} | {'yes' if error.transient else 'no'} | {_meaning(error)} | {_cell(error.title_mn)}. {_cell(error.next_mn)} |"
        for error in sorted(errors(), key=lambda error: error.code)
    ]
    return (
        f"# Errors\n\n{MADE}"
        "Programs receive them as problem documents (RFC 9457) with the code in `code`; people read the words of the last column, in "
        "Mongolian or English. A transient error may be gone when the same call is made later.\n\n"
        "| Code | Status | Transient | Meaning | What people read |\n|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def events_page() -> str:
    rows = [f"| `{event.name}` | {_fields(event)} | {_meaning(event)} |" for event in sorted(events(), key=lambda event: event.name)]
    return (
        f"# Events\n\n{MADE}"
        "What rooms tell each other through the outbox. Every event also carries its `id` (UUIDv7) and `occurred_at` (UTC). "
        "A subscriber handles each once.\n\n| Name | Fields | Meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def pages() -> dict[Path, str]:
    """The three files with what stands in them."""
    return {
        FOLDER / "settings.md": settings_page(),
        FOLDER / "errors.md": errors_page(),
        FOLDER / "events.md": events_page(),
    }


def stale() -> list[Path]:
    """Files that are missing or say something else than the code."""
    return [path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text]


def _meaning(kind: type) -> str:
    return _cell((inspect.getdoc(kind) or "").split("\n\n")[0])


def _fields(event: type[Event]) -> str:
    return ", ".join(f"`{name}`" for name in event.model_fields if name not in Event.model_fields)


def _cell(text: str) -> str:
    plain = re.sub(r":\w+:`([^`]+)`", r"`\1`", " ".join(text.split())).replace("``", "`")
    return plain.replace("|", "\\|").rstrip(".")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m toono.entry.reference", description="docs/reference from the code")
    parser.add_argument("--check", action="store_true", help="write nothing; tell what is not as the code says")
    if parser.parse_args().check:
        wrong = stale()
        for path in wrong:
            sys.stderr.write(f"{path} is not as the code says; run python -m toono.entry.reference\n")
        raise SystemExit(1 if wrong else 0)
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
