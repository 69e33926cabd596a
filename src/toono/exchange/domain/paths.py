"""Paths: refused unless in normal form, then matched against an endpoint's template and against the globs of an agreement.

A pattern that is matched before the path is in normal form can be passed by (``/a/%2e%2e/b``), so nothing is repaired here:
what is not in normal form is refused. No path, however long or odd, makes a match slower than its length.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.identifiers import decode_segment

_HIDDEN: Final = re.compile(r"%(2e|2f|5c|00)", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f/\\]")
_PLAIN: Final = re.compile(r"(?:/[A-Za-z0-9_~\-]+)+")
_TOKEN: Final = re.compile(
    r"(?P<slash>/)|\\(?P<escaped>.)|\{(?P<variable>[a-z_][a-z0-9_]*)\}|(?P<deep>\*\*)|(?P<star>\*)|(?P<literal>[^/\\{*]+|.)", re.DOTALL
)
_GLOB_TOKEN: Final = re.compile(r"\\([*\\])|(\*\*)|(\*)|(.)", re.DOTALL)
_GLOB_STATES: Final = 1_000
"""So many states of one glob are remembered; with more it begins anew."""


class TemplateUnusable(ValueError):
    """A template that could be matched in several ways, or not be read at all."""


def normal_path(path: str) -> str:
    """The decoded form of a path that is already in normal form; empty stays empty.

    :raises Fault: dot segments, double slashes, slashes or control characters in disguise, broken escapes, no UTF-8.
    """
    if not path or _PLAIN.fullmatch(path):
        return path
    segments = path.split("/")[1:]
    decoded = [_segment(segment, last=index == len(segments) - 1) for index, segment in enumerate(segments)]
    return "/" + "/".join(decoded)


def _segment(segment: str, *, last: bool) -> str:
    decoded = decode_segment(segment)
    if decoded is None:
        raise _refused("has a broken percent escape or is not UTF-8")
    if decoded in (".", ".."):
        raise _refused("has a dot segment")
    if decoded == "" and not last:
        raise _refused("has a double slash")
    if _CONTROL.search(decoded) or _HIDDEN.search(decoded):
        raise _refused("has a slash, a backslash or a control character in disguise")
    return decoded


def _refused(what: str) -> Fault:
    return Fault(Code.INVALID_REQUEST, "path_not_normal", f"The path {what}; send it in normal form (RFC 3986 section 6.2.2).")


def compile_template(template: str) -> re.Pattern[str]:
    """The pattern that matches decoded paths; variables are its named groups.

    ``{variable}`` matches one segment or a part of it, ``*`` any run without ``/``, ``**`` anything; ``\\`` escapes. A segment has at most one of
    these and a template at most one ``**``: so there is one way to match, and a long path costs no more than its length.

    :raises TemplateUnusable: more of them, a name twice, or a name that is none.
    """
    parts: list[str] = []
    in_segment, deep = 0, 0
    for found in _TOKEN.finditer(template):
        if found["slash"]:
            in_segment = 0
        in_segment += found.lastgroup in ("variable", "star", "deep")
        deep += found.lastgroup == "deep"
        if in_segment > 1 or deep > 1:
            raise TemplateUnusable(f"{template} can be matched in several ways")
        parts.append(_expression(found))
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error as error:
        raise TemplateUnusable(f"{template}: {error}") from error


def _expression(found: re.Match[str]) -> str:
    if found["variable"]:
        return f"(?P<{found['variable']}>[^/]+)"
    if found["deep"]:
        return ".*"
    if found["star"]:
        return "[^/]*"
    return re.escape(found["escaped"] or found[0])


class _State:
    """Places in a glob where a match may stand, and where each next character leads."""

    __slots__ = ("accepts", "moves", "other", "places")

    def __init__(self, places: frozenset[int], *, accepts: bool) -> None:
        self.places, self.accepts = places, accepts
        self.moves: dict[str, _State] = {}
        self.other: _State | None = None
        """For every character that the glob does not name."""


class Glob:
    """A path pattern as X-Road's access rights have it: ``*`` any run without ``/``, ``**`` anything, ``\\*`` and ``\\\\`` the character itself.

    Source: X-Road ``PathGlob.java``. It is an automaton whose states are found when they are first needed: one look-up for each character of a
    path, whatever the pattern. A pattern turned into a regular expression can be made to run for minutes by a path chosen for it.
    """

    def __init__(self, pattern: str) -> None:
        self._tokens = tuple(_glob_token(found) for found in _GLOB_TOKEN.finditer(pattern))
        self._named = frozenset("/").union(text for kind, text in self._tokens if not kind)
        self._states: dict[frozenset[int], _State] = {}
        self._start = self._state({0})

    def matches(self, path: str) -> bool:
        """Whether the whole of ``path`` (decoded, in normal form) fits."""
        state = self._start
        for character in path:
            following = state.moves.get(character)
            if following is None:
                following = self._follow(state, character)
            if not following.places:
                return False
            state = following
        return state.accepts

    def _follow(self, state: _State, character: str) -> _State:
        if character in self._named:
            following = state.moves[character] = self._state(self._step(state.places, character))
        elif state.other is None:
            following = state.other = self._state(self._step(state.places, character))
        else:
            following = state.other
        return following

    def _step(self, places: frozenset[int], character: str) -> set[int]:
        reached = set()
        for place in places:
            if place == len(self._tokens):
                continue
            kind, text = self._tokens[place]
            if kind == "**" or (kind == "*" and character != "/"):
                reached.add(place)
            elif not kind and text == character:
                reached.add(place + 1)
        return reached

    def _state(self, reached: set[int]) -> _State:
        """The state of these places and those that follow them without a character."""
        for place in sorted(reached):
            while place < len(self._tokens) and self._tokens[place][0]:
                place += 1
                reached.add(place)
        places = frozenset(reached)
        found = self._states.get(places)
        if found is None:
            if len(self._states) >= _GLOB_STATES:
                self._states.clear()
                self._start.moves.clear()
                self._start.other = None
            found = self._states[places] = _State(places, accepts=len(self._tokens) in places)
        return found


def _glob_token(found: re.Match[str]) -> tuple[str, str]:
    """Kind (``*``, ``**`` or nothing) and, of a plain character, the character."""
    escaped, deep, star, plain = found.groups()
    return ("**" if deep else "*" if star else "", escaped or plain or "")


@lru_cache(maxsize=8192)
def compile_glob(pattern: str) -> Glob:
    """The glob of ``pattern``; many agreements name the same one."""
    return Glob(pattern)
