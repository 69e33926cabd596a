"""Whether a glob of an agreement can match any call of an endpoint.

A glob is X-Road's: ``*`` any run without ``/``, ``**`` anything, ``\\`` escapes the next character. A template is ours: ``{name}``
stands for one segment of at least one character. Both become a row of tokens; the two share a text if a walk through both rows at
once reaches both ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_GLOB = re.compile(r"\\(?P<escaped>.)|(?P<any>\*\*)|(?P<run>\*)|(?P<plain>.)", re.DOTALL)
_TEMPLATE = re.compile(r"\{[^{}/]*\}|.", re.DOTALL)


class Token(NamedTuple):
    """One character, or a class of characters."""

    character: str | None
    """None: any."""
    slash: bool
    """Whether ``/`` belongs to the class."""
    repeated: bool
    """Any number of times, nought included."""


_SEGMENT = Token(None, slash=False, repeated=False)
_RUN = Token(None, slash=False, repeated=True)
_ANYTHING = Token(None, slash=True, repeated=True)


def glob_tokens(glob: str) -> tuple[Token, ...]:
    """:raises ValueError: it ends with a backslash that escapes nothing."""
    if (len(glob) - len(glob.rstrip("\\"))) % 2:
        raise ValueError("it ends with a backslash that escapes nothing")
    return tuple(_glob_token(found) for found in _GLOB.finditer(glob))


def _glob_token(found: re.Match[str]) -> Token:
    if found["any"]:
        return _ANYTHING
    return _RUN if found["run"] else _character(found["escaped"] or found["plain"])


def template_tokens(template: str) -> tuple[Token, ...]:
    """``/persons/{civil_id}``: a variable is one character and then any number, none of them ``/``."""
    return tuple(
        token
        for part in _TEMPLATE.findall(template)
        for token in ((_SEGMENT, _RUN) if part.startswith("{") and len(part) > 1 else (_character(part),))
    )


def _character(character: str) -> Token:
    return Token(character, slash=character == "/", repeated=False)


def may_match(glob: str, template: str) -> bool:
    """Whether some path fits both. :raises ValueError: the glob cannot be read."""
    return _meet(glob_tokens(glob), template_tokens(template))


def _meet(one: tuple[Token, ...], other: tuple[Token, ...]) -> bool:
    """Whether the languages of the two rows have a text in common; every pair of places is visited at most once."""
    seen: set[tuple[int, int]] = set()
    waiting = [(0, 0)]
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        if place == (len(one), len(other)):
            return True
        waiting.extend(_next(one, other, *place))
    return False


def _next(one: tuple[Token, ...], other: tuple[Token, ...], i: int, j: int) -> Iterable[tuple[int, int]]:
    if i < len(one) and one[i].repeated:
        yield i + 1, j
    if j < len(other) and other[j].repeated:
        yield i, j + 1
    if i < len(one) and j < len(other) and _share(one[i], other[j]):
        yield i if one[i].repeated else i + 1, j if other[j].repeated else j + 1


def _share(one: Token, other: Token) -> bool:
    """Whether one character belongs to both classes."""
    if one.character is not None and other.character is not None:
        return one.character == other.character
    return not (one.character == "/" and not other.slash) and not (other.character == "/" and not one.slash)
