"""What ``document.typ`` may say: words, and what the platform tells it. Nothing that reads, draws, loops or fetches.

Typst is a whole language; a definition comes from an analyst. Every piece of code begins with ``#`` (or stands in mathematics, ``$``), so
that a short list of allowed pieces is a closed world, whatever functions a later Typst brings (https://typst.app/docs/reference/syntax).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

TEMPLATE_BYTES = 20_000
"""A statement is a few sentences."""

_IMPORT = re.compile(r'#import "letterhead\.typ": (?:letter|data)(?:, (?:letter|data))?[ \t]*(?:\n|$)')
_ALLOWED = re.compile(
    r"#(?:letter|strong|emph)\[|#linebreak\(\)(?![\[(]|\.[A-Za-z_])|#data(?:\.[a-z_]+)+(?![\w\[(-]|\.[A-Za-z_])",
)
_GOES_ON = re.compile(r"\](?:\(|\.[A-Za-z_])")
"""A call that goes on after its block: ``#letter[…](read(…))``."""
_ESCAPED = re.compile(r"\\[\\#$\[\]]")


def problems(template: str) -> Iterator[tuple[str, str]]:
    """``line N`` and what is wrong there; nothing for a template that is a plain statement."""
    if len(template.encode()) > TEMPLATE_BYTES:
        yield "", f"The template is larger than {TEMPLATE_BYTES} bytes; a statement is a few sentences."
        return
    if _IMPORT.match(template) is None:
        yield "line 1", 'A template begins with `#import "letterhead.typ": letter, data`.'
    if "#letter[" not in template:
        yield "", "The statement stands in `#letter[…]`."
    plain = _ESCAPED.sub("  ", template)
    began = _IMPORT.match(plain)
    for number, line in enumerate(plain[began.end() if began else 0 :].split("\n"), 2 if began else 1):
        yield from ((f"line {number}", message) for message in _of_line(line))


def _of_line(line: str) -> Iterator[str]:
    for place in (found.start() for found in re.finditer("#", line)):
        if _ALLOWED.match(line, place) is None:
            yield f"«{line[place : place + 20]}» is not allowed; a template may use `#letter[…]`, `#strong[…]`, `#emph[…]`, `#linebreak()`, `#data.…`."
    if "$" in line:
        yield "Mathematics is not allowed; write `\\$` for the sign."
    if _GOES_ON.search(line):
        yield "Nothing may follow a block directly; put a space after `]`."
