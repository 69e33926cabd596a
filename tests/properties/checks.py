"""What must be true of every answer, whatever was sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.properties.drafts import Draft, harmful
from tests.properties.mutations import MARKUP
from tests.properties.wire import Answered, Sent

INNARDS = (
    b"Traceback (most recent call last)",
    b'File "/',
    b"psycopg.",
    b"django.core",
    b"site-packages",
    b"OperationalError",
    b"KeyError(",
)
"""What tells a stranger how we are built."""
_ERROR = re.compile(r"[a-z_]{3,60}")
_CODE = re.compile(r"[a-z_]+\.[a-z_]+")
_VARYING = re.compile(r"(ERROR|INFO) .*?toono\.faults: \S+ \S+ \S+|[0-9a-f-]{8,}|b?'[^']*'|\d+")
_DESCRIPTION = re.compile(r"[ -!#-\[\]-~]*")


@dataclass(frozen=True)
class World:
    """What the checks know of the stage."""

    backs: tuple[str, ...]
    """Registered addresses; a browser is sent to them, or within the platform, or not at all."""
    base_url: str


@dataclass(frozen=True)
class Manners:
    """How an endpoint speaks."""

    errors: str
    """``oauth`` (RFC 6749 §5.2), ``problem`` (RFC 9457), ``page``, ``any``: ``oauth`` or ``problem`` or a page for browsers; ``own``: the protocol's bytes."""
    private: bool = True
    """Nobody keeps the answer."""


def faults(draft: Draft, request: Sent, answer: Answered, manners: Manners, world: World) -> dict[str, str]:
    """Everything that is wrong with the answer: sentences, by what makes them the same fault."""
    return {_VARYING.sub("", one.partition("; logged: ")[2] or one)[:90]: one for one in _faults(draft, request, answer, manners, world)}


def _faults(draft: Draft, request: Sent, answer: Answered, manners: Manners, world: World) -> Iterator[str]:
    gained, there = draft.gained(answer), draft.path == draft.place
    if answer.failure:
        yield f"an exception that nobody caught: {answer.failure.strip().splitlines()[-1]}"
        return
    if answer.status >= 500:
        yield f"status {answer.status}; logged: {_last_lines(answer.logged)}"
        return
    if any(one in answer.body for one in INNARDS if one not in request.body):
        yield "the answer tells how we are built"
    if b"<script>alert(1)" in answer.body and answer.header("Content-Type").startswith("text/html"):
        yield f"what was sent stands in the page as it is: {MARKUP}"
    for one in draft.unseen:
        if one.encode() in answer.body:
            yield f"somebody else's stands in the answer: {one}"
    yield from _of_headers(answer, manners.private and there and draft.method == draft.way)
    yield from _of_redirection(answer, world)
    if answer.status >= 400 and there:
        yield from _of_refusal(request, answer, manners)
    if there:
        yield from _of_logs(draft, answer)
    harm = harmful(draft)
    if harm and gained and not (_reads(request) and "csrfmiddlewaretoken" in harm):
        yield f"an attack has passed: {harm}"
    if draft.valid and not draft.done and not gained:
        yield f"a valid request was refused: {answer.status} {answer.body[:300]!r}"


def _reads(request: Sent) -> bool:
    """A method that is safe (RFC 9110 §9.2.1), as Django takes it: in any case of letters."""
    return request.method.upper() in ("GET", "HEAD", "OPTIONS", "TRACE")


def changes(draft: Draft, request: Sent, answer: Answered, kept: object, theirs: object) -> dict[str, str]:
    """What was written and should not have been.

    :param kept: what ``draft.kept`` told before the request was sent.
    :param theirs: the same of ``draft.theirs``.
    """
    found = {}
    if (answer.status >= 400 or _reads(request)) and draft.kept() != kept:
        found["written"] = f"{request.method} {answer.status}, and yet something was written: {kept} became {draft.kept()}"
    if draft.theirs() != theirs:
        found["theirs"] = f"somebody else's was changed: {theirs} became {draft.theirs()}"
    return found


def _last_lines(logged: list[str]) -> str:
    return " | ".join("\n".join(line.splitlines()[:1] + line.splitlines()[-14:]) for line in logged)[-2500:]


def _of_headers(answer: Answered, private: bool) -> Iterator[str]:
    for name, value in answer.headers:
        if not name.isascii() or "\n" in value or "\r" in value:
            yield f"a header that is two: {name}: {value!r}"
        elif not _is_latin1(value):
            yield f"a header that no server can send: {name}: {value!r}"
    kind = answer.header("Content-Type")
    if answer.header("X-Content-Type-Options") != "nosniff" and kind != "application/ocsp-response" and answer.status not in (304, 405):
        yield "nosniff is missing"
    if answer.header("X-Injected") or "X-Injected" in answer.header("Set-Cookie"):
        yield "a header was put in by the request"
    kept = answer.header("Cache-Control")
    if private and answer.status not in (301, 404, 405, 415) and "no-store" not in kept:
        yield f"the answer may be kept: {kept!r}"


def _is_latin1(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _of_redirection(answer: Answered, world: World) -> Iterator[str]:
    target = answer.header("Location")
    if not target or not 300 <= answer.status < 400:
        return
    parts = urlsplit(target)
    inside = (
        not parts.scheme and not parts.netloc and target.startswith("/") and not target.startswith(("//", "/\\"))
    ) or target.startswith(world.base_url + "/")
    if not inside and not target.startswith(world.backs):
        yield f"the browser is sent to a stranger: {target!r}"


def _of_refusal(request: Sent, answer: Answered, manners: Manners) -> Iterator[str]:
    kind = answer.header("Content-Type").partition(";")[0]
    if request.method == "HEAD" or (answer.status == 405 and not answer.body):
        return
    if answer.status == 405:
        yield from () if answer.header("Allow") else ["405 without Allow"]
        return
    if kind == "text/html":
        if manners.errors not in ("page", "any") and "text/html" not in dict(request.headers).get("Accept", "") and answer.status != 404:
            yield "a page, to a program"
        if b'lang="mn"' not in answer.body and b'lang="en"' not in answer.body:
            yield "a page that is none of ours"
    elif kind in ("application/json", "application/problem+json"):
        yield from _of_json(answer)
    elif manners.errors != "own":
        yield f"a refusal of another kind: {answer.status} {kind!r} {answer.body[:100]!r}"


def _of_json(answer: Answered) -> Iterator[str]:
    try:
        found: Any = json.loads(answer.body)
    except ValueError:
        yield f"no JSON: {answer.body[:100]!r}"
        return
    checks: tuple[Callable[[], bool], ...] = (
        lambda: bool(_ERROR.fullmatch(found["error"])) and bool(_DESCRIPTION.fullmatch(found.get("error_description", ""))),
        lambda: bool(_CODE.fullmatch(found["code"])) and found["status"] == answer.status,
        lambda: found["type"].startswith("urn:ietf:params:acme:error:"),
        lambda: found == {} and answer.status == 401 and bool(answer.header("WWW-Authenticate")),  # RFC 6750 §3.1
    )
    if not isinstance(found, dict) or not any(_holds(check) for check in checks):
        yield f"an error without a stable code: {answer.body[:200]!r}"


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (KeyError, TypeError):
        return False


def _of_logs(draft: Draft, answer: Answered) -> Iterator[str]:
    text = "\n".join(answer.logged)
    for secret in draft.secrets:
        if len(secret) >= 6 and secret in text:
            yield f"a secret of the request stands in the log: {text[:300]!r}"
    for line in answer.logged:
        if any((ord(c) < 32 and c != "\t") or c == "\x7f" for c in line.splitlines()[0] if line) or (
            "\n" in line and "Traceback" not in line
        ):
            yield f"the request wrote a line of its own into the log: {line[:200]!r}"
