"""Sends a draft: through the whole WSGI application in this process, as the server would hand it over."""

from __future__ import annotations

import gzip
import io
import logging
import re
import shlex
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import unquote_to_bytes

from tests.properties.drafts import NOTHING, Draft, as_bytes, multipart, pairs, segment

BOUNDARY = b"toono-properties"
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True)
class Sent:
    """The bytes of a request."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    """Names and values as HTTP carries them: latin-1, one line each."""
    body: bytes

    def curl(self, base: str) -> str:
        """A line for a shell that sends the same."""
        line = ["curl", "-sS", "-i", "-X", self.method, base + self.target]
        for name, value in self.headers:
            line += ["-H", f"{name}: {value}" if value else f"{name};"]
        text = " ".join(map(shlex.quote, line))
        if not self.body:
            return text
        shown = "".join(chr(c) if 32 <= c < 127 and c not in b"\\'" else f"\\0{c:03o}" for c in self.body[:20_000])
        return f"printf %b '{shown}' | {text} --data-binary @-"


@dataclass
class Answered:
    """What came back, and what was logged meanwhile."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    logged: list[str] = field(default_factory=list)
    failure: str = ""
    """An exception that nobody turned into an answer."""

    def header(self, name: str) -> str:
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())

    def cookies(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in self.headers:
            if name.lower() == "set-cookie":
                try:
                    found |= {key: one.value for key, one in SimpleCookie(value).items()}
                except CookieError:
                    continue
        return found


def sent(draft: Draft) -> Sent:
    """The draft as bytes."""
    target = "/" + "/".join(segment(part).decode() for part in draft.path)
    if draft.query:
        target += "?" + pairs(draft.query).decode("latin-1")
    body, kind = _body(draft)
    headers = [(as_bytes(pair[0]), as_bytes(pair[1]) if len(pair) > 1 else b"") for pair in draft.headers]
    if draft.cookies:
        headers.append((b"Cookie", b"; ".join(b"=".join(as_bytes(part) for part in pair) for pair in draft.cookies)))
    if kind:
        headers.append((b"Content-Type", kind))
    clean = tuple((_name(name), _value(value)) for name, value in headers if _name(name))
    return Sent(draft.method, re.sub(r"[^!-~]", "", target), clean, body)


def _body(draft: Draft) -> tuple[bytes, bytes]:
    body, kind = b"", b""
    if draft.form is not None and draft.multipart:
        body, kind = multipart(draft.form, BOUNDARY), b"multipart/form-data; boundary=" + BOUNDARY
    elif draft.form is not None:
        body, kind = pairs(draft.form), b"application/x-www-form-urlencoded"
    elif draft.document is not NOTHING:
        body, kind = as_bytes(draft.document, json_too=True), b"application/json"
    elif draft.raw is not NOTHING:
        body = as_bytes(draft.raw)
    return (body if draft.tail is None else draft.tail), (as_bytes(draft.kind) if draft.kind else kind)


def _name(raw: bytes) -> str:
    """A header's name; the server lets only tokens pass."""
    return re.sub(r"[^A-Za-z0-9-]", "", raw.decode("latin-1"))


def _value(raw: bytes) -> str:
    """A header's value; the server lets no control characters pass but the tab, and takes the blanks off its ends."""
    return re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", "", raw.decode("latin-1")).strip(" \t")


class Wire:
    """The application, and everything that it says."""

    def __init__(self, application: Application, base_url: str) -> None:
        self.application, self.base_url = application, base_url
        self.host = base_url.partition("://")[2]

    def __call__(self, draft: Draft) -> tuple[Sent, Answered]:
        request = sent(draft)
        return request, self.send(request)

    def send(self, request: Sent) -> Answered:
        """Have the request answered here."""
        found: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            found[:] = [int(status.split(" ", 1)[0]), headers]
            return lambda _: None

        failure, body = "", b""
        with listening() as lines:
            try:
                chunks = self.application(self._environ(request), start)
                try:
                    body = b"".join(chunks)
                finally:
                    getattr(chunks, "close", lambda: None)()
            except Exception:
                failure = traceback.format_exc()
        answer = Answered(found[0] if found else 500, found[1] if found else [], body, lines, failure)
        if answer.header("Content-Encoding") == "gzip":
            answer.body = gzip.decompress(body)
        return answer

    def _environ(self, request: Sent) -> dict[str, Any]:
        path, _, query = request.target.partition("?")
        headers: dict[str, str] = {}
        for name, value in (("Host", self.host), *request.headers):
            key = name.upper().replace("-", "_")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
            headers[key] = f"{headers[key]},{value}" if key in headers and key != "HTTP_HOST" else value
        return headers | {
            "REQUEST_METHOD": request.method, "SCRIPT_NAME": "", "PATH_INFO": unquote_to_bytes(path).decode("latin-1"), "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(request.body)), "SERVER_NAME": "127.0.0.1", "SERVER_PORT": self.host.partition(":")[2],
            "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(request.body), "wsgi.errors": io.StringIO(), "wsgi.multithread": True, "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }  # fmt: skip


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("{levelname} {name}: {message}", style="{"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def listening() -> Iterator[list[str]]:
    """What is logged meanwhile, as production would write it, with what follows an exception; nothing of it reaches the console."""
    root, ours = logging.getLogger(), _Lines()
    kept, root.handlers = root.handlers, [ours]
    try:
        yield ours.lines
    finally:
        root.handlers = kept
