"""Paths: refused unless in normal form, then matched against an endpoint's template.

A pattern that is matched before the path is in normal form can be passed by (``/a/%2e%2e/b``), so nothing is repaired here:
what is not in normal form is refused. A template's ``{variable}`` matches one segment; X-Road's ``*`` (any run without ``/``), ``**`` (anything) and ``\\`` (escape) work too.
"""

from __future__ import annotations

import re
from typing import Final

from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.identifiers import decode_segment

_HIDDEN: Final = re.compile(r"%(2e|2f|5c|00)", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f/\\]")
_PLAIN: Final = re.compile(r"(?:/[A-Za-z0-9_~\-]+)+")
_TOKEN: Final = re.compile(
    r"\\(?P<escaped>.)|\{(?P<variable>[a-z_][a-z0-9_]*)\}|(?P<deep>\*\*)|(?P<star>\*)|(?P<literal>[^\\{*]+|.)", re.DOTALL
)


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
    """The pattern that matches decoded paths; variables are its named groups."""

    def part(found: re.Match[str]) -> str:
        if found["variable"]:
            return f"(?P<{found['variable']}>[^/]+)"
        if found["deep"]:
            return ".*"
        if found["star"]:
            return "[^/]*"
        return re.escape(found["escaped"] or found["literal"])

    return re.compile(_TOKEN.sub(part, template), re.DOTALL)
