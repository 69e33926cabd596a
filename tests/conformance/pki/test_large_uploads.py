"""Uploads of a hundred megabytes through the real server: each gets its answer in words, and the server's memory stays what it was."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography.x509 import ocsp

from tests.stage import Stack

MB = 1024 * 1024
PIECE = b"\0" * MB
ROOM_KB = 48 * 1024
"""By how much the memory of the server's processes may grow for an upload, at its highest: pieces on their way, never the whole."""


def _of_the_portal(stack: Stack) -> list[int]:
    """The portal's server and its workers."""
    group = stack.pid("web")
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if int((entry / "stat").read_text().rpartition(")")[2].split()[2]) == group:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def _memory(pid: int, name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0


@contextmanager
def bounded(stack: Stack) -> Iterator[None]:
    """What is done inside lets no process of the portal grow by more than the room."""
    pids = _of_the_portal(stack)
    assert len(pids) >= 2
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the highest mark is set back to now
    before = {pid: _memory(pid, "VmHWM") for pid in pids}
    yield
    grown = {pid: _memory(pid, "VmHWM") - before[pid] for pid in pids}
    assert max(grown.values()) < ROOM_KB, grown


def _body(before: bytes, megabytes: int, after: bytes) -> Iterator[bytes]:
    yield before
    for _ in range(megabytes):
        yield PIECE
    yield after


def upload(
    client: httpx.Client, path: str, megabytes: int, *, fields: dict[str, str] | None = None, announced: bool = True, head: bytes = b""
) -> httpx.Response:
    """A form with a file of zeros behind ``head``, made on the way; ``announced``: with its length."""
    parts = "".join(f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in (fields or {}).items())
    before = f'{parts}--x\r\nContent-Disposition: form-data; name="file"; filename="big"\r\n\r\n'.encode() + head
    after = b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    if announced:
        headers["Content-Length"] = str(len(before) + megabytes * MB + len(after))
    return client.post(path, content=_body(before, megabytes, after), headers=headers)


@pytest.fixture
def visitor(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.base_url, timeout=120) as client:
        yield client


def _token(client: httpx.Client) -> dict[str, str]:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get("/validate").text)
    assert found
    return {"csrfmiddlewaretoken": found[1]}


def test_a_hundred_megabytes_on_the_page_are_answered_by_the_page_that_says_the_limit(stack: Stack, visitor: httpx.Client) -> None:
    fields = _token(visitor)
    with bounded(stack):
        answer = upload(visitor, "/validate", 100, fields=fields)
    assert answer.status_code == 413 and "25 МБ" in answer.text and 'id="file"' in answer.text


def test_a_program_has_a_hundred_megabytes_looked_at(stack: Stack, visitor: httpx.Client) -> None:
    with bounded(stack):
        answer = upload(visitor, "/api/validate", 100, head=b"%PDF-1.7\n")
    assert answer.status_code == 200 and answer.json()["Document"]["SizeBytes"] == 100 * MB + 9
    assert answer.json()["SignatureValidationStatus"]["MainIndication"].endswith("total-failed")


def test_more_than_that_is_refused_in_words(stack: Stack, visitor: httpx.Client) -> None:
    with bounded(stack):
        answer = upload(visitor, "/api/validate", 150)
    assert (answer.status_code, answer.json()["code"]) == (413, "pki.signed_file_too_large")
    assert "100 MB" in answer.json()["title"]


def _answer_to_headers(stack: Stack, path: str, length: str) -> bytes:
    """What the server says when it has seen only what the request announces."""
    parts = urlsplit(stack.base_url)
    assert parts.hostname and parts.port
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(head.encode())
        return connection.recv(4096)


@pytest.mark.parametrize("path", ["/validate", "/api/validate"])
def test_what_is_announced_beyond_reason_is_refused_unread(stack: Stack, path: str) -> None:
    with bounded(stack):
        answer = _answer_to_headers(stack, path, str(10**12))
    assert answer.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("path", ["/validate", "/api/validate"])
def test_an_upload_that_does_not_say_its_length_is_not_read(stack: Stack, visitor: httpx.Client, path: str) -> None:
    with bounded(stack):
        answer = upload(visitor, path, 100, fields=_token(visitor), announced=False)
    assert answer.status_code == 411
    assert "Content-Length" in answer.text


@pytest.mark.parametrize("announced", [True, False])
def test_a_status_request_of_ten_megabytes_is_malformed(stack: Stack, visitor: httpx.Client, announced: bool) -> None:
    headers = {"Content-Type": "application/ocsp-request"} | ({"Content-Length": str(10 * MB)} if announced else {})
    with bounded(stack):
        answer = visitor.post("/pki/ocsp", content=_body(b"", 10, b""), headers=headers)
    found = ocsp.load_der_ocsp_response(answer.content)
    assert found.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    assert visitor.get("/pki/").status_code == 200
