"""Words: in the language that they say they are in, finished, short, one thing at a time.

Mongolian has no accepted formula for reading age. Measured is what makes text hard in any language and can be counted without
doubt: words in a sentence, letters in a word, and a closed list of the language of offices for which there are plain words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from toono.services.contracts import QuestionKind
from toono.services.domain.lint.subject import Problem, Subject

SENTENCE_WORDS = {"mn": 22, "en": 30}
"""More words in one sentence are hard to follow."""
LABEL_WORDS = 14
"""A question longer than this is two questions, or a question and its hint."""
WORD_LETTERS = 24
"""A longer word is read twice."""

OFFICE_WORDS = {
    "холбогдох хууль": "хуулиа нэрлэ", "холбогдох журам": "журмаа нэрлэ", "холбогдох байгууллага": "байгууллагаа нэрлэ",
    "дээр дурдсан": "юу болохыг нь дахин нэрлэ", "доор дурдсан": "юу болохыг нь нэрлэ", "хүсэлт гаргагч": "та", "өргөдөл гаргагч": "та",
    "хуульд заасны дагуу": "хуулиа нэрлэ", "зохих журмын дагуу": "журмаа нэрлэ", "хангагдсан эсэхийг": "…сан уу?", "бөглөж ирүүлнэ": "бичнэ үү",
    "биечлэн хүрэлцэн ирж": "өөрөө ирж",
}  # fmt: skip
"""Language of offices → plain words."""

_OFFICIAL = frozenset({"law", "article", "legal_basis", "name", "title"})
"""Names of laws, services and documents are as they were given."""
_NOT_FOR_CITIZENS = frozenset({"document", "asks", "reasons", "because", "opinion"})
"""What a document says of its owner, and what officers read: there the language of offices is at home."""
_UNFINISHED = re.compile(r"\b(todo|tbd|fixme|xxx|lorem)\b|\?\?\?|\.\.\.$", re.IGNORECASE)
_TWO_THINGS = {"mn": re.compile(r"\s(ба|болон)\s"), "en": re.compile(r"\sand\s")}
_WORD = re.compile(r"[^\W\d_]{3}")
"""Shorter than that it is a number, a unit or a sign, the same in every language."""
_CYRILLIC = re.compile("[а-яөүё]")


def texts(subject: Subject) -> Iterator[Problem]:
    """Every text is in its language, and finished."""
    for where, mn, en in _every(subject):
        yield from _languages(where, mn, en)


@lru_cache(maxsize=65536)
def _languages(where: str, mn: str, en: str) -> tuple[Problem, ...]:
    found = []
    number = mn == en and not _WORD.search(mn)
    if not number and not _CYRILLIC.search(mn.lower()):
        found.append((where, f"«{mn}» is not Mongolian."))
    if _CYRILLIC.search(en.lower()):
        found.append((where, f"«{en}» is not English."))
    found += [(where, f"«{text}» is not finished.") for text in (mn, en) if _UNFINISHED.search(text)]
    return tuple(found)


def reading(subject: Subject) -> Iterator[Problem]:
    """What citizens read is short and plain."""
    for where, mn, en in _every(subject):
        path = set(where.split("."))
        if not _OFFICIAL & path:
            yield from _hard(where, mn, en)
        if not (_OFFICIAL | _NOT_FOR_CITIZENS) & path:
            yield from _office(where, mn)


@lru_cache(maxsize=65536)
def _hard(where: str, mn: str, en: str) -> tuple[Problem, ...]:
    found = []
    for language, text in (("mn", mn), ("en", en)):
        for sentence in sentences(text):
            count = len(sentence.split())
            if count > SENTENCE_WORDS[language]:
                found.append((where, f"«{sentence[:60]}…» has {count} words; write sentences of at most {SENTENCE_WORDS[language]}."))
        for word in re.findall(r"\w+", text):
            if len(word) > WORD_LETTERS:
                found.append((where, f"«{word}» has {len(word)} letters; find a shorter word, or two."))
    return tuple(found)


def _office(where: str, mn: str) -> Iterator[Problem]:
    lower = mn.lower()
    for office, plain in OFFICE_WORDS.items():
        if office in lower:
            yield where, f"«{office}» is the language of offices; write: {plain}."


def sentences(text: str) -> list[str]:
    """Sentences and items of a list; a point inside a number or a law's article ends none."""
    return [part.strip() for part in re.split(r"(?<=[.!?:;])\s+|\n", text) if part.strip()]


def one_thing(subject: Subject) -> Iterator[Problem]:
    """A question asks for one thing."""
    for where, question in subject.asked:
        for language, text in (("mn", question.label.mn), ("en", question.label.en)):
            words = len(text.split())
            if words > LABEL_WORDS + (4 if language == "en" else 0):
                yield f"{where}.label", f"«{text}» has {words} words; ask in at most {LABEL_WORDS}, the rest is a hint."
        if question.kind in {QuestionKind.GROUP, QuestionKind.POINT, QuestionKind.ADDRESS, QuestionKind.YES_NO}:
            continue
        if all(pattern.search(text) for pattern, text in ((_TWO_THINGS["mn"], question.label.mn), (_TWO_THINGS["en"], question.label.en))):
            yield (
                f"{where}.label",
                f"«{question.label.mn}» asks for two things; make two questions of it, on one page where they belong together.",
            )


def _every(subject: Subject) -> Iterator[tuple[str, str, str]]:
    """Every text of the definition with its path."""
    yield from _walk(subject.definition.model_dump(mode="python", by_alias=True), "")


def _walk(value: Any, where: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, dict):
        if value.keys() == {"mn", "en"} and isinstance(value["mn"], str):
            yield where, value["mn"], value["en"]
            return
        for key, part in value.items():
            yield from _walk(part, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list | tuple):
        for position, part in enumerate(value):
            yield from _walk(part, f"{where}.{position}")
