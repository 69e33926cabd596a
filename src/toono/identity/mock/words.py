"""The sentences of the mock in two languages: Mongolian as written, English from the room's catalogue, read as it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from babel.messages.pofile import read_po

Language = Literal["mn", "en"]
_CATALOGUE = Path(__file__).resolve().parents[1] / "locale/en/LC_MESSAGES/django.po"


def gettext_noop(text: str) -> str:
    """Marks a sentence for the catalogue; it is translated where it is shown."""
    return text


@cache
def _english() -> dict[str, str]:
    with _CATALOGUE.open("rb") as file:
        entries = read_po(file, locale="en")
    return {entry.id: entry.string for entry in entries if isinstance(entry.id, str) and isinstance(entry.string, str) and entry.string}


def translator(language: Language) -> Callable[[str], str]:
    """Gives a sentence in this language; as it is, where it has no translation."""
    return (lambda text: _english().get(text, text)) if language == "en" else (lambda text: text)


@dataclass(frozen=True)
class Said:
    """A sentence with its values, in no language yet."""

    text: str
    values: Mapping[str, str] = field(default_factory=dict)

    def in_language(self, language: Language) -> str:
        return translator(language)(self.text) % self.values if self.values else translator(language)(self.text)
