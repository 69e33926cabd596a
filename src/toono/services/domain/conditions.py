"""Conditions in CEL, compiled once. A condition that reads an answer which was not asked does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import celpy
from celpy.adapter import json_to_cel
from celpy.celparser import CELParseError
from celpy.evaluation import CELEvalError

from toono.services.errors import ConditionError

Values = Mapping[str, Mapping[str, Any]]
"""``{"answers": {...}, "facts": {...}}`` with strings, numbers, booleans and mappings of them."""

ROOTS = frozenset({"answers", "facts"})
_environment = celpy.Environment()


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> tuple[Any, Any]:
    try:
        tree = _environment.compile(expression)
    except CELParseError as error:
        place = f" (near character {error.column})" if getattr(error, "column", None) else ""
        raise ConditionError(f"«{expression}» is not a CEL expression{place}") from error
    return tree, _environment.program(tree)


def names(expression: str) -> set[tuple[str, ...]]:
    """Every path that the expression reads, as ``("answers", "amount")``.

    :raises ConditionError: it is not an expression.
    """
    tree, _ = _compiled(expression)
    found: set[tuple[str, ...]] = set()

    def path(node: Any) -> tuple[str, ...] | None:
        while getattr(node, "data", None) in {"member", "primary"} and len(node.children) == 1:
            node = node.children[0]
        if getattr(node, "data", None) == "ident":
            return (str(node.children[0]),)
        if getattr(node, "data", None) == "member_dot":
            left = path(node.children[0])
            return None if left is None else (*left, str(node.children[1]))
        return None

    def walk(node: Any) -> None:
        whole = path(node)
        if whole is not None:
            found.add(whole)
            return
        for child in getattr(node, "children", ()):
            if hasattr(child, "children"):
                walk(child)

    walk(tree)
    return found


def _absent(values: Values, path: tuple[str, ...]) -> bool:
    node: Any = values
    for part in path:
        if not isinstance(node, Mapping) or part not in node:
            return True
        node = node[part]
    return False


def holds(expression: str, values: Values) -> bool:
    """Whether the condition holds.

    :raises ConditionError: it is no condition, or compares things that cannot be compared.
    """
    _, program = _compiled(expression)
    try:
        result = program.evaluate({root: json_to_cel(dict(values.get(root, {}))) for root in ROOTS})
    except CELEvalError as error:
        if any(_absent(values, path) for path in names(expression)):
            return False
        raise ConditionError(f"«{expression}» cannot be computed: {error.args[0]}") from error
    if not isinstance(result, celpy.celtypes.BoolType):
        raise ConditionError(f"«{expression}» gives {type(result).__name__}, not true or false")
    return bool(result)
