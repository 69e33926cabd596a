"""A repeating group: the same simple questions about each of several things."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from toono.services.contracts import Text, Typed
from toono.services.domain.definition import Question
from toono.services.domain.kinds.base import Kind, Outside, Unacceptable, empty, refuse
from toono.services.domain.kinds.suffixes import from_

Reader = Callable[[Question, Typed, date, Outside], str]
Member = dict[str, str]
"""Kept answers about one member, by code; what was passed over is empty."""


def members(kept: str) -> list[Member]:
    """The members of a kept answer."""
    return list(json.loads(kept)) if kept else []


def keep(listed: Sequence[Member]) -> str:
    """The kept form of members whose answers are kept ones; nothing where there is none."""
    return json.dumps(listed, ensure_ascii=False, separators=(",", ":")) if listed else ""


def key(member: Member) -> str:
    """Names a member in addresses, by what is said about it: what was changed meanwhile in another window is not mistaken for it."""
    return hashlib.sha256(keep([member]).encode()).hexdigest()[:12]


def too_many(question: Question) -> Unacceptable:
    """There is no place for one more."""
    most = str(question.most)
    return refuse(question, f"{from_(most)} олныг нэмэх боломжгүй.", f"at most {most} can be added.")


def _member(question: Question, typed: Mapping[str, Typed], today: date, outside: Outside, read: Reader) -> Member:
    return {asked.code: read(asked, typed.get(asked.code, ""), today, outside) for asked in question.questions}


def kind(read: Reader, shown: Callable[[Question, str, Outside], Text], value: Callable[[Question, str], Any]) -> Kind:
    """The kind itself, which needs the reading, showing and computing of all simple kinds."""

    def _read(question: Question, typed: Typed, today: date, outside: Outside) -> str:
        listed = _listed(typed)
        if len(listed) > question.most:
            raise too_many(question)
        kept = [_member(question, one, today, outside, read) for one in listed]
        if len(kept) < question.least:
            least = question.least
            raise refuse(
                question,
                f"{from_(str(least))} доошгүйг нэмнэ үү." if least > 1 else "нэгийг ч нэмээгүй байна. «Нэмэх» товчийг дарна уу.",
                f"add at least {least}.",
            )
        return keep(kept)

    def _shown(question: Question, kept: str, outside: Outside) -> Text:
        lines = [[shown(asked, one.get(asked.code, ""), outside) for asked in question.questions] for one in members(kept)]
        return Text(
            mn="\n".join(f"{n}. " + ", ".join(text.mn for text in line) for n, line in enumerate(lines, 1)),
            en="\n".join(f"{n}. " + ", ".join(text.en for text in line) for n, line in enumerate(lines, 1)),
        )

    def _value(question: Question, kept: str) -> list[dict[str, Any]]:
        return [{q.code: value(q, one[q.code]) for q in question.questions if one.get(q.code)} for one in members(kept)]

    return Kind(_read, _shown, _value, seconds=30, ask=("Дор хаяж нэгийг нэмнэ үү", "Add at least one"))


def _listed(typed: Typed) -> list[Mapping[str, Typed]]:
    if isinstance(typed, str):
        try:
            typed = json.loads(typed)
        except ValueError:
            return []
    if isinstance(typed, Mapping):
        typed = [typed]
    return [one for one in typed if isinstance(one, Mapping) and not empty(one)] if isinstance(typed, Sequence) else []
