"""Mongolian text: normal form, folding for search, order of the alphabet."""

from __future__ import annotations

import unicodedata

_ALPHABET = "абвгдеёжзийклмноөпрстуүфхцчшщъыьэюя"
_ORDER = {letter: chr(0x100 + position) for position, letter in enumerate(_ALPHABET)}
# What people type for a letter they do not find: Latin twins, Russian neighbours.
_FOLD = str.maketrans(
    {
        "ө": "о", "ү": "у", "ё": "е", "э": "е", "й": "и", "ъ": "ь", "v": "у",
        "a": "а", "b": "в", "c": "с", "e": "е", "h": "н", "k": "к", "m": "м", "o": "о", "p": "р", "t": "т", "x": "х", "y": "у",
    }
)  # fmt: skip


def clean(value: str) -> str:
    """NFC, no control characters, single spaces, trimmed. For the edge; never changes a letter."""
    normal = unicodedata.normalize("NFC", value)
    visible = "".join(" " if c.isspace() else c for c in normal if c.isspace() or unicodedata.category(c)[0] != "C")
    return " ".join(visible.split())


def paragraphs(value: str) -> str:
    """What was typed into a field of several lines: each line clean, empty ones left out."""
    return "\n".join(line for line in map(clean, value.splitlines()) if line)


def fold(value: str) -> str:
    """The form in which look-alikes are equal. For search only; never store it in place of the text."""
    return clean(value).lower().translate(_FOLD)


def sort_key(value: str) -> str:
    """A key whose plain order is the Mongolian one (… О Ө П Р С Т У Ү …). The database has no ICU."""
    return "".join(_ORDER.get(c, c) for c in clean(value).lower())
