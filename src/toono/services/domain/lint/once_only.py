"""Once only: no question for what a register knows, no file that the platform itself issues."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from toono.services.contracts import QuestionKind
from toono.services.domain.definition import Meaning, Question
from toono.services.domain.lint.subject import Problem, Subject
from toono.services.domain.search import words as _words

words = lru_cache(maxsize=16384)(_words)
"""Phrases and titles are the same for every definition."""

_GENERIC = frozenset({"баримт", "лавлагаа", "тодорхойлолт", "хуулбар", "гэрчилгээ", "зөвшөөрөл", "мэдээлэл"})
"""Words that alone say nothing of what a document proves."""


def once_only(subject: Subject) -> Iterator[Problem]:
    """The state knows what it has registered; a law may demand to be asked again, until a day."""
    for where, question in subject.asked:
        holder = holder_of(subject, question)
        if holder is None:
            if question.asks_again is not None:
                yield f"{where}.asks_again", "No register knows this, so that it needs no exemption; remove `asks_again`."
        elif not exempted(question, subject.today):
            expired = " The exemption in `asks_again` has ended." if question.asks_again else ""
            yield (
                where,
                f"The state knows this already: «{holder.title.mn}» is kept in {holder.source.en}.{expired} "
                f"Remove the question and read the fact «{holder.code}».",
            )
    for where, question in subject.filled:
        knows = subject.meanings.holder(question.meaning)
        if knows is not None:
            yield where, f"An officer need not write what {knows.source.en} tells; read the fact «{knows.code}»."


def issued_here(subject: Subject) -> Iterator[Problem]:
    """A paper that one desk issues is not brought by the citizen to another."""
    for where, question in subject.asked:
        if exempted(question, subject.today):
            continue
        for produced, (code, title) in subject.shelf.produces.items():
            if code == subject.definition.code:
                continue
            named = question.kind is QuestionKind.FILE and _names(question, title.mn)
            if question.meaning == produced or question.meaning.startswith(f"{produced}.") or named:
                yield where, f"The platform itself issues «{title.mn}» (service {code}); do not ask for it, read the register behind it."


def exempted(question: Question, today: date) -> bool:
    """Whether a law demands the question today."""
    if question.asks_again is None:
        return False
    try:
        return date.fromisoformat(question.asks_again.until) >= today
    except ValueError:
        return False


def holder_of(subject: Subject, question: Question) -> Meaning | None:
    """The meaning whose register knows what the question asks, by its meaning or by its words.

    A question that chooses among a register's items asks which of them, not what the register knows of it; one that names another
    person is confirmed by the register.
    """
    if question.kind.chosen:
        return None
    holder = subject.meanings.holder(question.meaning)
    if holder is not None or question.kind is QuestionKind.PERSON:
        return holder
    for label, language in ((words(question.label.mn), "mn"), (words(question.label.en), "en")):
        for one in subject.meanings.once_only:
            if any(_within(words(phrase), label) for phrase in (one.mn if language == "mn" else one.en)):
                return subject.meanings.holder(one.meaning)
    return None


def _within(phrase: list[str], label: list[str]) -> bool:
    """Every word of the phrase begins a word of the label, in order and side by side."""
    return any(
        all(label[start + place].startswith(word) for place, word in enumerate(phrase)) for start in range(len(label) - len(phrase) + 1)
    )


def _names(question: Question, title: str) -> bool:
    wanted = words(title)
    if not [word for word in wanted if word not in _GENERIC]:
        return False
    return _within(wanted, words(question.label.mn))
