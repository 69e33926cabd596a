"""Reading a provider's HTTP/1.1 answer (RFC 9112), strictly and without input or output: bytes are fed, an answer comes out.

What can be understood in two ways is refused: both lengths, two lengths, folded headers, other transfer codings.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar, Final

from toono.exchange import limits
from toono.exchange.domain.messages import Header

_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?")
_HEADER: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?")
_DIGITS: Final = re.compile(r"[0-9]{1,12}")
_LINE_BYTES: Final = 4096


class BadAnswer(Exception):
    """The provider's bytes are no answer that may be passed on. ``reason`` is stable."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """What a provider answered."""

    status: int
    reason: str
    headers: list[Header]
    """Names in lower case."""
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value under this lower-case name."""
        return next((value for known, value in self.headers if known == name), None)


class _State(Enum):
    HEAD = auto()
    LENGTH = auto()
    UNTIL_CLOSE = auto()
    CHUNK_SIZE = auto()
    CHUNK_DATA = auto()
    TRAILER = auto()
    DONE = auto()


class AnswerReader:
    """Reads one answer. ``answer`` is there when :meth:`feed` or :meth:`closed` says so."""

    def __init__(self, method: str, *, body_bytes: int = limits.ANSWER_BODY_BYTES) -> None:
        self._method, self._most = method, body_bytes
        self._state = _State.HEAD
        self._buffer = bytearray()
        self._body = bytearray()
        self._left = 0
        self._status, self._reason = 0, ""
        self._headers: list[Header] = []
        self._interim = 0
        self._trailer_bytes = 0
        self.keep_alive = False
        """Whether the connection may carry another request."""
        self.started = False
        """Whether any byte has come."""
        self.answer: ProviderAnswer | None = None

    def feed(self, data: bytes) -> bool:
        """Take ``data``; whether the answer is complete.

        :raises BadAnswer: malformed or larger than the limits.
        """
        self.started = True
        self._buffer += data
        while self._STEPS[self._state](self):
            pass
        return self._state is _State.DONE

    def closed(self) -> bool:
        """The provider has closed the connection; whether the answer is complete."""
        if self._state is _State.UNTIL_CLOSE:
            self._finish()
        return self._state is _State.DONE

    def _finish(self) -> bool:
        if self._buffer:
            self.keep_alive = False
        self._state = _State.DONE
        self.answer = ProviderAnswer(self._status, self._reason, self._headers, bytes(self._body))
        return False

    def _head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end > limits.ANSWER_HEAD_BYTES or (end < 0 and len(self._buffer) > limits.ANSWER_HEAD_BYTES):
            raise BadAnswer("answer_head_too_large", "The head of the provider's answer is too large.")
        if end < 0:
            return False
        lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        status = _STATUS.fullmatch(lines[0])
        if status is None:
            raise BadAnswer("not_http", "The provider's answer does not begin with a status line.")
        self._status = int(status[2])
        if 100 <= self._status < 200:
            if self._status == 101:
                raise BadAnswer("not_http", "The provider switched protocols without being asked.")
            self._interim += 1
            if self._interim > limits.INTERIM_ANSWERS:
                raise BadAnswer("not_http", "The provider announces its answer again and again.")
            return True
        self._reason = (status[3] or b"").decode("utf-8", "surrogateescape")
        self._headers = [self._header(line) for line in lines[1:]]
        self._frame(version=int(status[1]))
        return True

    @staticmethod
    def _header(line: bytes) -> Header:
        found = _HEADER.fullmatch(line)
        if found is None:
            raise BadAnswer("not_http", "A header of the provider's answer is malformed.")
        return found[1].decode().lower(), found[2].rstrip(b"\t ").decode("utf-8", "surrogateescape")

    def _values(self, wanted: str) -> list[str]:
        return [part.strip().lower() for name, value in self._headers if name == wanted for part in value.split(",")]

    def _frame(self, *, version: int) -> None:
        """Where the body ends (RFC 9112 §6.3)."""
        connection, codings, lengths = self._values("connection"), self._values("transfer-encoding"), self._values("content-length")
        self.keep_alive = "close" not in connection and (version == 1 or "keep-alive" in connection)
        if codings and (codings != ["chunked"] or lengths):
            raise BadAnswer("not_http", "The length of the provider's answer cannot be told.")
        if lengths and (len(set(lengths)) > 1 or not _DIGITS.fullmatch(lengths[0])):
            raise BadAnswer("not_http", "The length of the provider's answer cannot be told.")
        if self._method == "HEAD" or self._status in (204, 304):
            self._left, self._state = 0, _State.LENGTH
        elif codings:
            self._state = _State.CHUNK_SIZE
        elif lengths:
            self._left, self._state = int(lengths[0]), _State.LENGTH
            self._check_size(self._left)
        else:
            self.keep_alive, self._state = False, _State.UNTIL_CLOSE

    def _check_size(self, size: int) -> None:
        if size > self._most:
            raise BadAnswer("answer_too_large", f"The provider's answer is larger than {self._most} bytes.")

    def _take(self, size: int) -> None:
        self._check_size(len(self._body) + size)
        self._body += self._buffer[:size]
        del self._buffer[:size]

    def _length(self) -> bool:
        size = min(self._left, len(self._buffer))
        self._take(size)
        self._left -= size
        return self._finish() if self._left == 0 else False

    def _until_close(self) -> bool:
        self._take(len(self._buffer))
        return False

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end > _LINE_BYTES or (end < 0 and len(self._buffer) > _LINE_BYTES):
            raise BadAnswer("not_http", "A line of the provider's chunked answer is too long.")
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _chunk_size(self) -> bool:
        line = self._line()
        if line is None:
            return False
        found = _CHUNK.fullmatch(line)
        if found is None:
            raise BadAnswer("not_http", "A chunk of the provider's answer is malformed.")
        self._left = int(found[1], 16)
        self._check_size(len(self._body) + self._left)
        self._state = _State.CHUNK_DATA if self._left else _State.TRAILER
        return True

    def _chunk_data(self) -> bool:
        size = min(self._left, len(self._buffer))
        self._take(size)
        self._left -= size
        if self._left or len(self._buffer) < 2:
            return False
        if self._buffer[:2] != b"\r\n":
            raise BadAnswer("not_http", "A chunk of the provider's answer is longer than it says.")
        del self._buffer[:2]
        self._state = _State.CHUNK_SIZE
        return True

    def _trailer(self) -> bool:
        line = self._line()
        if line is None:
            return False
        self._trailer_bytes += len(line)
        if self._trailer_bytes > limits.ANSWER_HEAD_BYTES:
            raise BadAnswer("answer_head_too_large", "The trailers of the provider's answer are too large.")
        return self._finish() if line == b"" else True

    def _done(self) -> bool:
        return False

    _STEPS: ClassVar[dict[_State, Callable[[AnswerReader], bool]]] = {
        _State.HEAD: _head,
        _State.LENGTH: _length,
        _State.UNTIL_CLOSE: _until_close,
        _State.CHUNK_SIZE: _chunk_size,
        _State.CHUNK_DATA: _chunk_data,
        _State.TRAILER: _trailer,
        _State.DONE: _done,
    }
