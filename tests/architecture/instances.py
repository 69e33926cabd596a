"""Instances of any contract, made by hypothesis from its fields and their bounds."""

from __future__ import annotations

import types
import typing
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from hypothesis import strategies as st
from pydantic import BaseModel, JsonValue, ValidationError
from pydantic.fields import FieldInfo

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants bounds without a zone
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-1000, 1000), st.floats(-1e6, 1e6), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(TEXT, inner, max_size=2)),
    max_leaves=4,
)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: st.integers(-(10**9), 10**9),
    float: st.floats(-1e9, 1e9),
    bool: st.booleans(),
    bytes: st.binary(max_size=20),
    UUID: st.uuids(),
    datetime: MOMENTS,
    date: st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    time: st.times(),
    timedelta: st.timedeltas(timedelta(), timedelta(days=400)),
    type(None): st.none(),
    JsonValue: JSON,
    Any: JSON,
    object: JSON,
}


def instances(model: type[BaseModel]) -> st.SearchStrategy[BaseModel]:
    """Valid instances of ``model``; what its own validators refuse is thrown away."""
    parts = {name: _field(info) for name, info in model.model_fields.items()}

    def build(values: dict[str, Any]) -> BaseModel | None:
        try:
            return model(**values)
        except ValidationError:
            return None

    return st.fixed_dictionaries(parts).map(build).filter(lambda made: made is not None)  # type: ignore[return-value]


def _field(info: FieldInfo) -> st.SearchStrategy[Any]:
    return _bounded(info.annotation, info.metadata)


def _bounded(kind: Any, bounds: list[Any]) -> st.SearchStrategy[Any]:
    """Values of a type within the bounds that stand beside it; bounds of a container's own length are met by its size."""
    pattern = next((b.pattern for b in bounds if getattr(b, "pattern", None)), None)
    if pattern:
        return st.from_regex(pattern, fullmatch=True, alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")))
    low = next((b.ge for b in bounds if isinstance(b, Ge)), next((b.gt for b in bounds if isinstance(b, Gt)), None))
    high = next((b.le for b in bounds if isinstance(b, Le)), next((b.lt for b in bounds if isinstance(b, Lt)), None))
    shortest = next((b.min_length for b in bounds if isinstance(b, MinLen)), 0)
    longest = next((b.max_length for b in bounds if isinstance(b, MaxLen)), shortest + 5)
    if kind is int and (low is not None or high is not None):
        return st.integers(low if low is not None else -(10**9), high if high is not None else 10**9)
    if kind is float and (low is not None or high is not None):
        return st.floats(low if low is not None else -1e9, high if high is not None else 1e9)
    if kind is str:
        return st.text(
            st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=shortest, max_size=max(shortest, min(longest, 20))
        )
    return values(kind, shortest)


def values(kind: Any, shortest: int = 0) -> st.SearchStrategy[Any]:
    """Values of a type as it stands in an annotation."""
    if kind in PLAIN:
        return PLAIN[kind]
    if hasattr(kind, "__value__"):  # type X = …
        return values(kind.__value__)
    if isinstance(kind, typing.NewType):
        return values(kind.__supertype__)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _bounded(arguments[0], _unfolded(arguments[1:]))
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*map(values, arguments))
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin is tuple and not (len(arguments) == 2 and arguments[1] is Ellipsis):
        return st.tuples(*map(values, arguments))
    if origin in (tuple, list, frozenset, set):
        return st.lists(values(arguments[0]), min_size=shortest, max_size=shortest + 2).map(origin)
    if origin is dict or getattr(origin, "__name__", "") == "Mapping":
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=2)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return st.deferred(lambda: instances(kind))
    raise TypeError(f"no values are known for {kind}; name them in {__name__}")


def _unfolded(bounds: tuple[Any, ...]) -> list[Any]:
    """Bounds written as ``Annotated[str, Field(pattern=…)]`` hold their own list."""
    return [b for bound in bounds for b in (bound.metadata if isinstance(bound, FieldInfo) else [bound])]
