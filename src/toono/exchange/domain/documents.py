"""JSON as the gateway reads it (RFC 8259), so that two readers cannot see two things in one answer, and writes it back without a change.

Refused are members of the same name in one object (of which one reader takes the first and another the last), ``NaN`` and ``Infinity``, and what is not
UTF-8. Numbers stay the text they are: ``1.10``, ``1E400`` and a number of thirty digits come out as they came in.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any, Final, Never

from toono.exchange import limits


class DocumentRefused(ValueError):
    """Bytes that are no such document. ``reason`` is stable."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written; no text, so that nobody takes one for the other."""

    text: str


def parse(body: bytes) -> Any:
    """The document: dictionaries, lists, texts, :class:`Number`, True, False, None.

    :raises DocumentRefused: ``not_json``, ``duplicate_member`` or ``too_deep``.
    """
    try:
        return json.loads(body.decode(), object_pairs_hook=_members, parse_float=Number, parse_int=Number, parse_constant=_no_constant)
    except RecursionError:
        raise DocumentRefused("too_deep", "The document is nested too deeply.") from None
    except DocumentRefused:
        raise
    except ValueError:
        raise DocumentRefused("not_json", "The document is not JSON in UTF-8.") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DocumentRefused("duplicate_member", "An object of the document has two members of the same name.")
    return members


def _no_constant(name: str) -> Never:
    raise DocumentRefused("not_json", f"{name} is no JSON.")


_WORDS: Final = {True: "true", False: "false", None: "null"}


def render(document: Any) -> bytes:
    """``document`` without white space, members in their order.

    :raises DocumentRefused: nested deeper than :data:`limits.DOCUMENT_DEPTH`.
    """
    try:
        return _text(document, encode_basestring, 0).encode()
    except UnicodeEncodeError:  # half of a surrogate pair: only an escape can carry it
        return _text(document, encode_basestring_ascii, 0).encode()


def _text(value: Any, quoted: Callable[[str], str], depth: int) -> str:
    if depth > limits.DOCUMENT_DEPTH:
        raise DocumentRefused("too_deep", f"The document is nested deeper than {limits.DOCUMENT_DEPTH} levels.")
    if isinstance(value, Number):
        return value.text
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{quoted(name)}:{_text(member, quoted, depth + 1)}" for name, member in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([_text(item, quoted, depth + 1) for item in value]) + "]"
    return _WORDS[value]
