"""The sentences of a room: ``python -m toono.ui.messages <room> …`` brings its English catalogue up to date.

Msgids are the Mongolian sentences themselves. They stand in templates and Python as ``_("…")``, and in error classes as
``title_mn`` and ``next_mn``. New ones are added to ``<room>/locale/en/LC_MESSAGES/django.po`` with an empty translation, unused ones
leave. What the kernel's errors say is translated in ``ui``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

SOURCE = Path(__file__).resolve().parents[1]
Message = str | tuple[str, str]
_KEYWORDS = {"_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None, "ngettext": (1, 2), "counted": (1, 2)}
_ERROR_TEXTS = {"title_mn", "next_mn"}


def folders(room: str) -> list[Path]:
    """Where the sentences of a room stand."""
    return [SOURCE / room, SOURCE / "kernel"] if room == "ui" else [SOURCE / room]


def catalogue_path(room: str) -> Path:
    return SOURCE / room / "locale/en/LC_MESSAGES/django.po"


def _of_errors(source: bytes) -> Iterator[str]:
    """Texts of error classes: constants assigned to ``title_mn`` or ``next_mn``."""
    for node in ast.walk(ast.parse(source)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        value = getattr(node, "value", None)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield from (value.value for t in targets if isinstance(t, ast.Name) and t.id in _ERROR_TEXTS)


def used(room: str) -> dict[Message, list[tuple[str, int]]]:
    """Every sentence that the room uses, with where it stands."""
    found: dict[Message, list[tuple[str, int]]] = {}
    for folder in folders(room):
        for path in sorted([*folder.rglob("*.py"), *folder.rglob("jinja2/**/*.html")]):
            if {"tests", "migrations", "node_modules", "static"} & set(path.relative_to(folder).parts):
                continue
            method = "jinja2.ext:babel_extract" if path.suffix == ".html" else "python"
            place = str(path.relative_to(SOURCE))
            options = {"trimmed": "true", "silent": "false"} if path.suffix == ".html" else {}
            with path.open("rb") as file:
                for line, message, _, _ in extract(method, file, keywords=_KEYWORDS, options=options):
                    found.setdefault(message if isinstance(message, str) else (message[0], message[1]), []).append((place, line))
            if path.suffix == ".py":
                for text in _of_errors(path.read_bytes()):
                    found.setdefault(text, []).append((place, 0))
    return {m: places for m, places in found.items() if m and any(ord(c) > 127 for c in "".join(m))}


# No date, no names: two runs of the tool give the same file.
_HEADER = b"""# English. The msgids are the Mongolian sentences; see toono.ui.messages.
msgid ""
msgstr ""
"Language: en\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""


def write(room: str, catalogue: Catalog) -> None:
    """Store the room's English catalogue."""
    path = catalogue_path(room)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(_HEADER)
        write_po(file, catalogue, width=120, omit_header=True, include_lineno=False)


def translated(room: str) -> Catalog:
    """The room's English catalogue as it stands; an empty one if there is none."""
    path = catalogue_path(room)
    if not path.exists():
        return Catalog(locale="en")
    with path.open("rb") as file:
        return read_po(file, locale="en")


def untranslated(room: str) -> list[Message]:
    """Sentences of the room that have no English."""
    catalogue, missing = translated(room), []
    for message in used(room):
        entry = catalogue.get(message if isinstance(message, str) else message[0])
        string = entry.string if entry else None
        texts = [string] if isinstance(string, str) else list(string or ())
        if not texts or not all(texts) or (entry and entry.fuzzy):
            missing.append(message)
    return missing


def update(room: str) -> int:
    """Add what is new, drop what is gone; gives the number of sentences without English."""
    old = translated(room)
    new = Catalog(locale="en")
    for message, places in sorted(used(room).items(), key=lambda item: item[1][0]):
        known = old.get(message if isinstance(message, str) else message[0])
        files = list(dict.fromkeys((place, 1) for place, _ in places))
        fits = known is not None and isinstance(known.string, str) == isinstance(message, str)
        new.add(message, known.string if known and fits else None, locations=files)
    write(room, new)
    return len(untranslated(room))


def main() -> int:
    rooms = sys.argv[1:]
    unknown = [room for room in rooms if not (SOURCE / room / "__init__.py").exists()]
    if not rooms or unknown:
        print(f"usage: python -m toono.ui.messages <room> …{'; no such room: ' + ', '.join(unknown) if unknown else ''}", file=sys.stderr)
        return 2
    for room in rooms:
        print(f"{room}: {update(room)} without English")
    return 0


if __name__ == "__main__":
    sys.exit(main())
