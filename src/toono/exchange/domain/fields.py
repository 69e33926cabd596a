"""Rights to fields: of an answer only what the agreement names goes on.

An agreement names fields by JSON pointers (RFC 6901) in which ``*`` stands for every item of an array and every member of an object. What they
name survives whole; of what lies on the way to it, only the way. An object or an array in which nothing named stands is left out too, so that not even its being there is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

from toono.exchange import limits
from toono.exchange.domain.answers import ProviderAnswer
from toono.exchange.domain.documents import DocumentRefused, Number, parse, render
from toono.exchange.domain.faults import Code, Fault

EVERY: Final = "*"
_ABSENT: Final = object()


class PointerUnusable(ValueError):
    """A text that is no pointer, or a pointer deeper than any document."""


def tokens(pointer: str) -> tuple[str, ...]:
    """The steps of ``pointer``, unescaped.

    :raises PointerUnusable: it does not begin with ``/``, a ``~`` is followed by neither 0 nor 1, or it has too many steps.
    """
    if pointer == "":
        return ()
    if not pointer.startswith("/") or "~" in pointer.replace("~0", "").replace("~1", ""):
        raise PointerUnusable(f"«{pointer}» is no JSON pointer")
    steps = tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))
    if len(steps) > limits.DOCUMENT_DEPTH:
        raise PointerUnusable(f"«{pointer}» has more than {limits.DOCUMENT_DEPTH} steps")
    return steps


@dataclass(slots=True)
class _Node:
    """One step of the pointers, all together."""

    pointer: str | None = None
    """The pointer that ends here."""
    steps: dict[str, _Node] = field(default_factory=dict)


class Projection:
    """The pointers of an agreement, ready for use. Never changed."""

    def __init__(self, pointers: Iterable[str]) -> None:
        """:raises PointerUnusable: one of them is no pointer."""
        self.pointers: Final = tuple(pointers)
        self._root: Final = _Node()
        for pointer in self.pointers:
            node = self._root
            for step in tokens(pointer):
                node = node.steps.setdefault(step, _Node())
            node.pointer = pointer

    def project(self, document: Any) -> tuple[Any, tuple[str, ...]]:
        """What survives of a parsed document, and the pointers that named something.

        Where nothing does, an empty container of the document's kind; of a document that is no container, null.
        """
        present: set[str] = set()
        kept = _project(document, (self._root,), present)
        if kept is _ABSENT:
            kept = {} if isinstance(document, dict) else [] if isinstance(document, list) else None
        return kept, tuple(p for p in self.pointers if p in present)


def _project(value: Any, nodes: Sequence[_Node], present: set[str]) -> Any:
    ends = [node.pointer for node in nodes if node.pointer is not None]
    present.update(ends)
    if not any(node.steps for node in nodes):
        return value if ends else _ABSENT
    if isinstance(value, dict):
        kept_members = {}
        for name, member in value.items():
            kept = _below(member, nodes, name, present)
            if kept is not _ABSENT:
                kept_members[name] = kept
        rest: Any = kept_members or _ABSENT
    elif isinstance(value, list):
        below = (_below(item, nodes, str(place), present) for place, item in enumerate(value))
        rest = [kept for kept in below if kept is not _ABSENT] or _ABSENT
    else:
        rest = _ABSENT
    return value if ends else rest


def _below(value: Any, nodes: Sequence[_Node], name: str, present: set[str]) -> Any:
    following = _following(nodes, name)
    return _project(value, following, present) if following else _ABSENT


def _following(nodes: Sequence[_Node], name: str) -> list[_Node]:
    found = []
    for node in nodes:
        if (exact := node.steps.get(name)) is not None:
            found.append(exact)
        if name != EVERY and (every := node.steps.get(EVERY)) is not None:
            found.append(every)
    return found


@lru_cache(maxsize=8192)
def compile_fields(pointers: tuple[str, ...]) -> Projection:
    """The projection of ``pointers``; agreements that name the same ones share it.

    :raises PointerUnusable: one of them is no pointer.
    """
    return Projection(pointers)


# -- whole answers --------------------------------------------------------------------------------------------------

KEPT_HEADERS: Final = frozenset(
    {"content-type", "content-language", "date", "age", "expires", "cache-control", "vary", "allow", "retry-after", "www-authenticate"}
)
"""The only headers of a provider that go on beside filtered data: any other may carry data by itself, and tags and digests are those of the unfiltered body."""
_JSON: Final = re.compile(r"application/(?:json|[a-z0-9!#$&^_.+\-]+\+json)(?:\s*;\s*charset\s*=\s*\"?utf-?8\"?)?\s*", re.IGNORECASE)
_PROBLEM: Final = "application/problem+json"
_WITHOUT_BODY: Final = (204, 205, 304)


def filtered(projection: Projection, method: str, answer: ProviderAnswer) -> tuple[ProviderAnswer, tuple[str, ...]]:
    """``answer`` without what is not granted, and which of the granted fields it has.

    Of an answer that is no success only the status goes on, and the general members of a problem document (RFC 9457). Where a success has none of the granted
    fields, all of them are named: the caller has learnt of each that it is not there.

    """
    headers = [header for header in answer.headers if header[0] in KEPT_HEADERS]
    fields: tuple[str, ...] = ()
    if method == "HEAD" or answer.status in _WITHOUT_BODY:
        body = b""
    elif 200 <= answer.status < 300:
        _check_filterable(answer)
        body, present = _project_body(projection, answer.body)
        fields = present or projection.pointers
    else:
        body = _problem(answer)
        if not body:
            headers = [header for header in headers if header[0] != "content-type"]
    return ProviderAnswer(answer.status, _phrase(answer.status), headers, body), fields


def _phrase(status: int) -> str:
    """The standard's word for ``status``: the provider's own may say anything, and stands in the signed bytes."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _check_filterable(answer: ProviderAnswer) -> None:
    if any(name == "content-encoding" and value.strip().lower() not in ("", "identity") for name, value in answer.headers):
        raise _invalid("not_filterable", "The provider's answer is compressed; this agreement grants fields only.")
    kinds = [value for name, value in answer.headers if name == "content-type"]
    if len(kinds) != 1 or not _JSON.fullmatch(kinds[0].strip()):
        raise _invalid("not_filterable", "The provider's answer is not declared as JSON in UTF-8; this agreement grants fields only.")


def _project_body(projection: Projection, body: bytes) -> tuple[bytes, tuple[str, ...]]:
    try:
        kept, fields = projection.project(parse(body))
        return render(kept), fields
    except DocumentRefused as error:
        raise _invalid(error.reason, f"The provider's answer cannot be filtered: {error}") from error


def _problem(answer: ProviderAnswer) -> bytes:
    kind = answer.header("content-type") or ""
    if kind.partition(";")[0].strip().lower() != _PROBLEM:
        return b""
    try:
        document = parse(answer.body)
        if not isinstance(document, dict):
            return b""
        kept = {name: document[name] for name in ("type", "title", "detail") if isinstance(document.get(name), str)}
        return render(kept | {"status": Number(str(answer.status))})
    except DocumentRefused:
        return b""


def _invalid(reason: str, message: str) -> Fault:
    return Fault(Code.INVALID_RESPONSE, reason, message)
