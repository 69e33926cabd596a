"""Certificate status (OCSP over HTTP, RFC 6960 appendix A, RFC 5019 §5 and §6), answered before Django.

Software asks for it, thousands of times a second where many documents are checked, and needs nothing of what Django does for pages:
no session, no language, no rights (everybody may ask). A kept answer costs some ten microseconds here.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from toono.kernel.clock import now
from toono.pki import api
from toono.pki.contracts import StatusAnswer

PLACE = "/pki/ocsp"
REQUEST_LIMIT_BYTES = 4096
SHARED_SECONDS = 60
"""How long others may keep an answer: a revocation is known everywhere a minute later. Never beyond ``nextUpdate``."""
_KIND = ("Content-Type", "application/ocsp-response")

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class StatusFront:
    """The WSGI application that answers status requests itself and gives all else to the one behind it."""

    def __init__(self, behind: Application) -> None:
        self._behind = behind

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if not path.startswith(PLACE) or path[len(PLACE) : len(PLACE) + 1] not in ("", "/"):
            return self._behind(environ, start_response)
        method, encoded = environ["REQUEST_METHOD"], path[len(PLACE) + 1 :]
        if method == "POST" and not encoded:
            answer, cached = api.answer_status(request=_body(environ)), False
        elif method in ("GET", "HEAD") and encoded:
            answer, cached = api.answer_status(request=_in_path(encoded)), True
        else:
            start_response("405 Method Not Allowed", [("Allow", "GET, HEAD, POST"), ("Content-Length", "0")])
            return [b""]
        headers = _cache_headers(answer, now()) if cached else [("Cache-Control", "no-store")]
        if cached and headers[-1] == ("ETag", environ.get("HTTP_IF_NONE_MATCH")):
            start_response("304 Not Modified", headers)
            return [b""]
        start_response("200 OK", [_KIND, ("Content-Length", str(len(answer.der))), *headers])
        return [b"" if method == "HEAD" else answer.der]


def _body(environ: dict[str, Any]) -> bytes:
    """The request; of one that says that it is too large nothing is read, of one that does not say it one byte more than the limit."""
    said = environ.get("CONTENT_LENGTH") or "0"
    if not said.isascii() or not said.isdigit() or int(said) > REQUEST_LIMIT_BYTES:
        return b""
    body: bytes = environ["wsgi.input"].read(REQUEST_LIMIT_BYTES + 1)
    return body


def _in_path(encoded: str) -> bytes:
    """The request in the path, base64; the server has taken off the percent signs."""
    try:
        return b64decode(encoded[: 2 * REQUEST_LIMIT_BYTES], validate=True)
    except (binascii.Error, ValueError):
        return b""


def _cache_headers(answer: StatusAnswer, moment: datetime) -> list[tuple[str, str]]:
    """RFC 5019 §6.2. Refusals and what concerns one asker only are not kept by anybody."""
    if not answer.keepable or answer.produced_at is None or answer.fresh_until is None:
        return [("Cache-Control", "no-store")]
    seconds = max(0, min(SHARED_SECONDS, int((answer.fresh_until - moment).total_seconds())))
    return [
        ("Cache-Control", f"max-age={seconds}, public, no-transform, must-revalidate"),
        ("Expires", _http_date(moment.replace(microsecond=0) + timedelta(seconds=seconds))),
        ("Last-Modified", _http_date(answer.produced_at)),
        ("ETag", _etag(answer.der)),
    ]


@lru_cache(maxsize=256)
def _http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _etag(der: bytes) -> str:
    return f'"{sha256(der).hexdigest()}"'
