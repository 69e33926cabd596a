"""Search in the catalogue that forgives: look-alike letters, endings, typing errors; in both languages.

The catalogue has thousands of services, not millions: an index of its distinct words in memory is small, and faster than a query.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from toono.kernel.text import clean, fold

_WORD = re.compile(r"\w+")
_ENOUGH = 0.5
"""Below this likeness two words are strangers."""
QUERY_WORDS = 12
"""More words of a query are not looked at."""
_LATIN = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "yo", "ж": "j", "з": "z", "и": "i", "й": "i", "к": "k", "л": "l",
    "м": "m", "н": "n", "о": "o", "ө": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ү": "u", "ф": "f", "х": "h", "ц": "ts",
    "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ы": "i", "ь": "i", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip


def words(text: str) -> list[str]:
    """The words of ``text`` in the form that is compared: folded, or as they are when typed in Latin letters only."""
    return [word if word.isascii() else fold(word) for word in _WORD.findall(clean(text).lower())]


def _in_latin(word: str) -> str:
    """A Mongolian word as people write it on a Latin keyboard."""
    return "".join(_LATIN.get(letter, letter) for letter in word)


def _simplified(latin: str) -> str:
    """The many Latin spellings of one Mongolian word, made one."""
    for spelling, plain in (("kh", "h"), ("x", "h"), ("w", "v"), ("c", "ts") if "ch" not in latin else ("zh", "j"), ("zh", "j")):
        latin = latin.replace(spelling, plain)
    return latin


@lru_cache(maxsize=65536)
def _trigrams(word: str) -> frozenset[str]:
    padded = f"  {word} "
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))


def likeness(typed: str, known: str) -> float:
    """How like two words are, 0 to 1: equal; one begins the other (an ending); the same stem; an error of one letter; shared trigrams."""
    if typed == known:
        return 1.0
    shorter, longer = sorted((typed, known), key=len)
    if len(shorter) >= 2 and longer.startswith(shorter):
        # A typed stem wants its endings («архив», «архивын») more than the shorter word that it happens to begin with («архи»).
        likely = 0.78 if shorter == typed else 0.7
        return (likely if len(shorter) > 2 else 0.55) + 0.2 * len(shorter) / len(longer)
    if _one_error(typed, known):
        return 0.7
    stem = next((i for i, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    if stem >= 3 and len(shorter) >= 5 and stem >= len(shorter) - 2:
        return 0.6
    if len(typed) >= 4 and len(known) > len(typed) and _one_error(typed, known[: len(typed)]):
        return 0.55
    a, b = _trigrams(typed), _trigrams(known)
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)


def _one_error(a: str, b: str) -> bool:
    """Whether one letter is wrong, missing, too many, or two neighbours are swapped."""
    if min(len(a), len(b)) < 4 or abs(len(a) - len(b)) > 1:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[start:], b[start:]
    return (
        rest_a[1:] == rest_b[1:]
        or rest_a[1:] == rest_b
        or rest_a == rest_b[1:]
        or (rest_a[:2] == rest_b[1::-1] and rest_a[2:] == rest_b[2:])
    )


@dataclass
class Index:
    """Words → things, each with a weight."""

    postings: dict[str, dict[str, float]] = field(default_factory=dict)
    things: set[str] = field(default_factory=set)
    grams: dict[str, list[str]] = field(default_factory=dict)
    """Trigram → the words that have it: only those are compared with what was typed."""

    def add(self, thing: str, texts: Iterable[tuple[str, float]]) -> None:
        """Make ``thing`` found by the words of each text, with that text's weight."""
        self.things.add(thing)
        for text, weight in texts:
            for word in words(text):
                self._post(word, thing, weight)
            for word in _WORD.findall(clean(text).lower()):
                if not word.isascii():
                    self._post(_in_latin(word), thing, weight * 0.9)

    def _post(self, word: str, thing: str, weight: float) -> None:
        if word not in self.postings:
            for gram in _trigrams(word):
                self.grams.setdefault(gram, []).append(word)
        known = self.postings.setdefault(word, {})
        known[thing] = max(known.get(thing, 0.0), weight)

    def _rarity(self, word: str) -> float:
        return 1.0 + math.log((1 + len(self.things)) / (1 + len(self.postings[word])))

    def _near(self, typed: str) -> set[str]:
        """Every word that can be like ``typed``: it shares a trigram, or would if the first two letters were not swapped."""
        forms = {typed, typed[1::-1] + typed[2:]}
        if typed.isascii():
            forms |= {_simplified(typed), _simplified(typed)[1::-1] + _simplified(typed)[2:]}
        return {word for form in forms for gram in _trigrams(form) for word in self.grams.get(gram, ())}

    def _like(self, typed: str) -> list[tuple[str, float]]:
        """Known words with their likeness to a typed one, as far as they are no strangers."""
        found = []
        for known in self._near(typed):
            like = likeness(typed, known)
            if known.isascii() and typed.isascii():
                like = max(like, 0.98 * likeness(_simplified(typed), known))
            if like >= _ENOUGH:
                found.append((known, like))
        return found

    def find(self, query: str) -> Mapping[str, float]:
        """Things with their score; those that share nothing with the query are absent.

        A thing must answer to at least half of the words, so that one common word does not bring up everything.
        """
        asked = words(query)[:QUERY_WORDS]
        scores: dict[str, float] = {}
        answered: dict[str, int] = {}
        for typed in asked:
            best: dict[str, float] = {}
            near = self._like(typed)
            rarity = max(((like, self._rarity(known)) for known, like in near), default=(0.0, 0.0))[
                1
            ]  # of the word that was most likely meant
            for known, like in near:
                rare = like * rarity
                for thing, weight in self.postings[known].items():
                    if weight * rare > best.get(thing, 0.0):
                        best[thing] = weight * rare
            for thing, score in best.items():
                scores[thing] = scores.get(thing, 0.0) + score
                answered[thing] = answered.get(thing, 0) + 1
        return {thing: score for thing, score in scores.items() if answered[thing] * 2 >= len(asked)}
