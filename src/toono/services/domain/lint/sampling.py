"""Trying conditions out: with every option, the ends of numbers, what registers say about the cast, and what the condition itself names.

A condition that holds for no sample never holds for people either, or so rarely that a test must show it: samples are made of the
condition's own literals, a little below, at and above its numbers, so that only a contradiction or an impossible value stays unmet.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from toono.services.contracts import QuestionKind
from toono.services.domain.conditions import holds, names
from toono.services.domain.definition import FieldKind, Meaning, MeaningField, Question
from toono.services.domain.lint.subject import Subject

LIMIT = 400
"""Samples for one condition."""
ENOUGH = 12
"""So many are tried even after one held, to meet comparisons of unlike things."""

_MISSING = object()
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'')
_NUMBER = re.compile(r"(?<![\w.])([0-9]+(?:\.[0-9]+)?)")


def ever_holds(subject: Subject, expression: str) -> bool:
    """Whether some sample makes it true.

    :raises ConditionError: it cannot be computed for a sample.
    """
    read = sorted(path for path in names(expression) if len(path) >= 2)
    domains: dict[tuple[str, ...], tuple[Any, ...]] = {}
    for path in read:
        domains[path[:2]] = _domain(subject, path, expression, [p for p in read if p[:2] == path[:2]])
    return _ever(expression, tuple((path, _frozen(found)) for path, found in sorted(domains.items())))


@lru_cache(maxsize=8192)
def _ever(expression: str, domains: tuple[tuple[tuple[str, ...], Any], ...]) -> bool:
    found = False
    for position, sample in enumerate(_samples(domains)):
        found = holds(expression, sample) or found
        if found and position >= ENOUGH:
            return True
    return found


def _samples(domains: tuple[tuple[tuple[str, ...], Any], ...]) -> Iterator[Mapping[str, Mapping[str, Any]]]:
    paths = [path for path, _ in domains]
    ranges = [[_thawed(one) for one in found] for _, found in domains]
    size = 1
    for one in ranges:
        size *= len(one)
    if size <= LIMIT:
        combinations: Iterator[tuple[Any, ...]] = iter(itertools.product(*ranges))
    else:
        dice = random.Random(1)  # noqa: S311 - the same samples every time
        combinations = (tuple(dice.choice(one) for one in ranges) for _ in range(LIMIT))
    for combination in combinations:
        sample: dict[str, dict[str, Any]] = {"answers": {}, "facts": {}}
        for (root, name), value in zip(paths, combination, strict=True):
            if value is not _MISSING:
                sample[root][name] = value
        yield sample


# -- what a path may read ----------------------------------------------------------------------------------------


def _domain(subject: Subject, path: tuple[str, ...], expression: str, paths: list[tuple[str, ...]]) -> tuple[Any, ...]:
    if path[0] == "answers":
        question = subject.definition.question(path[1])
        return (*_answers(question, expression), _MISSING) if question else (_MISSING,)
    _, meaning = subject.uses.get(path[1], (None, None))
    if meaning is None:
        return ({},)
    return tuple(_facts(subject, meaning, expression, paths))


def _answers(question: Question, expression: str) -> list[Any]:
    texts, numbers = _literals(expression)
    match question.kind:
        case QuestionKind.CHOICE:
            return [option.value for option in question.options]
        case QuestionKind.CHOICES:
            every = [option.value for option in question.options]
            return [*([one] for one in every), every]
        case QuestionKind.YES_NO:
            return [True, False]
        case QuestionKind.NUMBER | QuestionKind.MONEY:
            low, high = float(question.minimum or 0), float(question.maximum or 0)
            near = [n + d for n in numbers for d in (-0.01, -1.0, 0.0, 0.01, 1.0)]
            return list(dict.fromkeys([low, high, (low + high) / 2, *(n for n in near if low <= n <= high)]))
        case QuestionKind.DATE:
            return ["2020-01-01", "2026-11-22", "2035-12-31", *(t for t in texts if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", t))]
        case QuestionKind.ADDRESS:
            codes = [t for t in (*texts, question.within or "48") if t.isdigit() and len(t) <= 6]
            units = list(dict.fromkeys(f"{code:0<6}" for code in codes))
            return [{"unit": unit, "aimag": unit[:2], "soum": unit[:4], "rest": "1"} for unit in units]
        case QuestionKind.POINT:
            return [{"lat": 45.76, "lon": 106.27}, *({"lat": n, "lon": n} for n in numbers)]
        case QuestionKind.FILE:
            return [["a"], ["a", "b"]]
        case QuestionKind.GROUP:
            members = [
                dict(zip((q.code for q in question.questions), found, strict=True))
                for found in itertools.islice(itertools.product(*(_answers(q, expression) for q in question.questions)), 60)
            ]
            return [*([one] for one in members), members[: question.most]]
        case _:
            return ["Үг", *texts]


def _facts(subject: Subject, meaning: Meaning, expression: str, paths: list[tuple[str, ...]]) -> Iterator[Any]:
    """What the cast's registers say, what might be said, and that nothing is held."""
    yield {"items": []}
    yield from subject.told.get(meaning.code, ())
    wanted = {path[2] for path in paths if len(path) > 2}
    fields = [one for one in meaning.fields if one.name in wanted]
    for found in itertools.islice(itertools.product(*(_field(one, expression) for one in fields)), 120):
        yield {**{one.name: value for one, value in zip(fields, found, strict=True)}, "items": []}
    if meaning.items is not None and "items" in wanted:
        yield from _lists(meaning, expression)


def _lists(meaning: Meaning, expression: str) -> Iterator[Any]:
    assert meaning.items is not None  # noqa: S101 - the caller asks only then
    used = [one for one in meaning.items.fields if re.search(rf"\.{one.name}\b", expression)]
    for found in itertools.islice(itertools.product(*(_field(one, expression) for one in used)), 120):
        yield {"items": [{one.name: value for one, value in zip(used, found, strict=True)}]}


def _field(declared: MeaningField, expression: str) -> list[Any]:
    texts, numbers = _literals(expression)
    match declared.kind:
        case FieldKind.YES_NO:
            return [True, False]
        case FieldKind.NUMBER | FieldKind.MONEY:
            return list(dict.fromkeys([0.0, *(n + d for n in numbers for d in (-1.0, 0.0, 1.0))]))
        case FieldKind.DATE:
            dates = [t for t in texts if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", t)]
            return ["2000-01-01", *dates, "2040-12-31"]
        case _:
            return [*texts, "Үг"]


@lru_cache(maxsize=4096)
def _literals(expression: str) -> tuple[tuple[str, ...], tuple[float, ...]]:
    texts = tuple(first or second for first, second in _TEXT.findall(expression))
    bare = _TEXT.sub("", expression)
    return texts, tuple(float(number) for number in _NUMBER.findall(bare))


# -- keys of the cache -------------------------------------------------------------------------------------------


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return ("{}", *((key, _frozen(one)) for key, one in value.items()))
    if isinstance(value, list):
        return ("[]", *(_frozen(one) for one in value))
    if isinstance(value, tuple):
        return tuple(_frozen(one) for one in value)
    return value


def _thawed(value: Any) -> Any:
    if isinstance(value, tuple) and value[:1] == ("{}",):
        return {key: _thawed(one) for key, one in value[1:]}
    if isinstance(value, tuple) and value[:1] == ("[]",):
        return [_thawed(one) for one in value[1:]]
    return value
