"""Mongolian names in Latin letters, as the statistics office writes them for aimags (Өмнөговь, Umnugovi)."""

from __future__ import annotations

import re

_LETTERS = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "ye", "ё": "yo", "ж": "j", "з": "z", "и": "i", "й": "i",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "ө": "u", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u",
    "ү": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ы": "y", "ь": "i", "э": "e",
    "ю": "yu", "я": "ya",
}  # fmt: skip
_NUMBERED = re.compile(r"(\d+)-р (баг|хороо)(?: ?[ ,] ?(.+))?")
_KINDS = {"баг": "Bag", "хороо": "Khoroo"}


def romanised(name: str) -> str:
    """``name`` letter by letter; a capital stays a capital, everything that is no Mongolian letter stays."""
    return "".join(_letter(c) for c in name)


def _letter(letter: str) -> str:
    latin = _LETTERS.get(letter.lower(), letter)
    return latin.capitalize() if letter != letter.lower() else latin


def english_name(name_mn: str) -> str:
    """The name for English pages: ``1-р баг, Наран`` becomes ``Bag 1, Naran``."""
    numbered = _NUMBERED.fullmatch(name_mn)
    if not numbered:
        return romanised(name_mn)
    number, kind, own = numbered.groups()
    return f"{_KINDS[kind]} {number}" + (f", {romanised(own)}" if own else "")
