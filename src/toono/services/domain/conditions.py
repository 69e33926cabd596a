"""Conditions in CEL, compiled once.

A condition that reads an answer which was not asked, or a fact that no register has told yet, does not hold. Numbers compare and
reckon with each other however they are written (``facts.tax.debt == 0``, ``answers.amount > 75.5``): CEL's own whole numbers and
fractions would not. Conditions are interpreted, never turned into Python: they come from definitions that analysts write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import celpy
from celpy.adapter import json_to_cel
from celpy.celparser import CELParseError
from celpy.celtypes import DoubleType, IntType, UintType
from celpy.evaluation import CELEvalError, base_functions

from toono.services.errors import ConditionError

Values = Mapping[str, Mapping[str, Any]]
"""``{"answers": {...}, "facts": {...}}`` with strings, numbers, booleans, and lists and mappings of them.

An answer that was not given is missing. A fact that is missing is pending; one of which the register holds nothing is empty.
"""

ROOTS = frozenset({"answers", "facts"})
_environment = celpy.Environment()
_NUMBERS = (IntType, UintType, DoubleType)


def _as_fractions(first: Any, second: Any) -> tuple[Any, Any]:
    """Both as fractions where one is a whole number and the other is not."""
    if type(first) is not type(second) and isinstance(first, _NUMBERS) and isinstance(second, _NUMBERS):
        return DoubleType(first), DoubleType(second)
    return first, second


def _forgiving(name: str) -> Callable[[Any, Any], Any]:
    plain = base_functions[name]
    return lambda first, second: plain(*_as_fractions(first, second))


def _among(item: Any, container: Any) -> Any:
    if isinstance(item, _NUMBERS) and isinstance(container, list):
        container = [_as_fractions(item, one)[1] for one in container]
        item = DoubleType(item) if any(isinstance(one, DoubleType) for one in container) else item
    return base_functions["_in_"](item, container)


_FUNCTIONS = {
    **{name: _forgiving(name) for name in ("_<_", "_<=_", "_>_", "_>=_", "_==_", "_!=_", "_+_", "_-_", "_*_", "_/_")},
    "_in_": _among,
}


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> tuple[Any, Any]:
    try:
        tree = _environment.compile(expression)
    except CELParseError as error:
        place = f" (near character {error.column})" if getattr(error, "column", None) else ""
        raise ConditionError(f"«{expression}» is not a CEL expression{place}") from error
    return tree, _environment.program(tree, functions=_FUNCTIONS)


@lru_cache(maxsize=4096)
def names(expression: str) -> frozenset[tuple[str, ...]]:
    """Every path that the expression reads, as ``("answers", "amount")``.

    :raises ConditionError: it is not an expression.
    """
    tree, _ = _compiled(expression)
    return frozenset(_paths(tree, frozenset()))


_LOOPS = frozenset({"all", "exists", "exists_one", "filter", "map"})
"""Words that give each item of a list a name: ``facts.fines.items.exists(f, !f.paid)``."""


def _paths(node: Any, own: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """Paths below ``node``; ``own`` are names that the expression itself has given."""
    whole = _path(node)
    if whole is not None:
        if whole[0] not in own:
            yield whole
        return
    children = [child for child in getattr(node, "children", ()) if hasattr(child, "children")]
    if getattr(node, "data", None) == "member_dot_arg" and str(node.children[1]) in _LOOPS and len(children) > 1:
        item = _path(children[1].children[0])
        yield from _paths(children[0], own)
        children, own = children[1:], own | set(item or ())
    for child in children:
        yield from _paths(child, own)


def _path(node: Any) -> tuple[str, ...] | None:
    while hasattr(node, "data") and node.data not in {"ident", "member_dot"} and len(node.children) == 1:
        node = node.children[0]
    if getattr(node, "data", None) == "ident":
        return (str(node.children[0]),)
    if getattr(node, "data", None) == "member_dot":
        left = _path(node.children[0])
        return None if left is None else (*left, str(node.children[1]))
    return None


@lru_cache(maxsize=4096)
def loops(expression: str) -> int:
    """How many loops stand in each other at most: 0 for an expression without any.

    :raises ConditionError: it is not an expression.
    """
    return _loops(_compiled(expression)[0])


def _loops(node: Any) -> int:
    children = [child for child in getattr(node, "children", ()) if hasattr(child, "children")]
    if getattr(node, "data", None) == "member_dot_arg" and str(node.children[1]) in _LOOPS and len(children) > 1:
        return max(_loops(children[0]), 1 + max(map(_loops, children[1:])))
    return max(map(_loops, children), default=0)


def _absent(values: Values, path: tuple[str, ...]) -> bool:
    node: Any = values
    for part in path:
        if not isinstance(node, Mapping) or part not in node:
            return True
        node = node[part]
    return False


def _pending(values: Values, paths: Iterable[tuple[str, ...]]) -> bool:
    """Whether a fact is read of which no register has said anything yet."""
    return any(path[0] == "facts" and len(path) > 1 and _absent(values, path[:2]) for path in paths)


def _read(values: Values, paths: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """The part of the values that the expression reads, as CEL has it."""
    wanted: dict[str, set[str] | None] = {}
    for path in paths:
        if len(path) == 1:
            wanted[path[0]] = None
        elif wanted.setdefault(path[0], set()) is not None:
            wanted[path[0]].add(path[1])  # type: ignore[union-attr]
    return {
        root: json_to_cel({k: v for k, v in values.get(root, {}).items() if (only := wanted.get(root, set())) is None or k in only})
        for root in ROOTS
    }


def holds(expression: str, values: Values) -> bool:
    """Whether the condition holds.

    :raises ConditionError: it is no condition, or compares things that cannot be compared.
    """
    _, program = _compiled(expression)
    paths = names(expression)
    if _pending(values, paths):
        return False
    try:
        result = program.evaluate(_read(values, paths))
    except CELEvalError as error:
        if any(_absent(values, path) for path in paths):
            return False
        raise ConditionError(f"«{expression}» cannot be computed: {error.args[0]}") from error
    if not isinstance(result, celpy.celtypes.BoolType):
        raise ConditionError(f"«{expression}» gives {type(result).__name__}, not true or false")
    return bool(result)
