"""Reading certificate status requests (RFC 6960 §4.1). Pure: DER in, values out.

Written by hand, because a request may ask about several certificates, which the general library does not read, and because every
answer begins with it (some ten microseconds).
"""

from __future__ import annotations

from dataclasses import dataclass

REQUEST_LIMIT_BYTES = 4096
MOST_CERTIFICATES = 16
"""In one request. RFC 5019 §2.1.1 wants one; RFC 6960 names no limit."""
NONCE_LIMIT_BYTES = 128
"""RFC 9654 §2.1: 1 to 128 bytes are accepted, none and more are malformed."""

HASHES = {
    bytes.fromhex("2b0e03021a"): "sha1",
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
"""Content of the object identifier → name for ``hashlib``."""

_SEQUENCE, _INTEGER, _OCTETS, _OID, _BOOLEAN, _NULL = 0x30, 0x02, 0x04, 0x06, 0x01, 0x05
_NONCE = bytes.fromhex("2b0601050507300102")  # id-pkix-ocsp-nonce
_IGNORED = frozenset(
    {
        bytes.fromhex("2b0601050507300104"),  # acceptable responses: there is only the basic one
        bytes.fromhex("2b0601050507300107"),  # service locator: we send requests to nobody else
        bytes.fromhex("2b0601050507300108"),  # preferred signature algorithms: each responder has one key
    }
)


class MalformedRequest(Exception):
    """Not a status request."""


@dataclass(frozen=True, slots=True)
class CertificateId:
    """Which certificate is asked about (CertID)."""

    encoded: bytes
    """DER as it was asked; the answer repeats it."""
    algorithm: str | None
    """Hash by the name of ``hashlib``; None for one that is not known here."""
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """What is asked."""

    certificates: tuple[CertificateId, ...]
    nonce: bytes | None


def parse(der: bytes) -> StatusRequest:
    """The request in ``der``. A signature of the asker is not looked at (RFC 5019 §2.1.2): everybody may ask.

    :raises MalformedRequest: not DER, not a request, an unknown critical extension, a nonce of a wrong length, too much.
    """
    if len(der) > REQUEST_LIMIT_BYTES:
        raise MalformedRequest("too large")
    whole = Reader(der, 0, len(der))
    outer = whole.enter(_SEQUENCE)
    whole.end()
    asked = outer.enter(_SEQUENCE)
    if outer.peek() == 0xA0:
        outer.enter(0xA0).enter(_SEQUENCE)
    outer.end()
    if asked.peek() == 0xA0:
        version = asked.enter(0xA0)
        if version.take(_INTEGER) != b"\x00":
            raise MalformedRequest("only version 1 is known")
        version.end()
    if asked.peek() == 0xA1:
        asked.take(0xA1)  # the asker's name
    certificates = _certificates(asked.enter(_SEQUENCE))
    nonce = _nonce(asked.enter(0xA2)) if asked.peek() == 0xA2 else None
    asked.end()
    return StatusRequest(certificates, nonce)


class Reader:
    """Reads elements one after another inside ``data[at:stop]``; any other tag or length form than DER's is malformed."""

    __slots__ = ("_at", "_data", "_stop")

    def __init__(self, data: bytes, at: int, stop: int) -> None:
        self._data, self._at, self._stop = data, at, stop

    def peek(self) -> int:
        """The next tag, -1 at the end."""
        return self._data[self._at] if self._at < self._stop else -1

    def end(self) -> None:
        if self._at != self._stop:
            raise MalformedRequest("something follows")

    def enter(self, tag: int) -> Reader:
        start, stop = self._element(tag)
        self._at = stop
        return Reader(self._data, start, stop)

    def take(self, tag: int) -> bytes:
        """Content of the next element."""
        start, stop = self._element(tag)
        self._at = stop
        return self._data[start:stop]

    def whole(self, tag: int) -> tuple[bytes, Reader]:
        """The next element with its tag and length, and a reader of its content."""
        begin = self._at
        inside = self.enter(tag)
        return self._data[begin : self._at], inside

    def _element(self, tag: int) -> tuple[int, int]:
        data, at = self._data, self._at
        if at + 2 > self._stop or data[at] != tag:
            raise MalformedRequest(f"element {tag:#04x} is missing")
        length, at = data[at + 1], at + 2
        if length >= 0x80:
            size = length & 0x7F
            if not 1 <= size <= 2 or at + size > self._stop:
                raise MalformedRequest("a length that cannot be")
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
            if length < (0x80 if size == 1 else 0x100):
                raise MalformedRequest("a length in more bytes than it needs")
        if at + length > self._stop:
            raise MalformedRequest("it ends early")
        return at, at + length


def _certificates(listed: Reader) -> tuple[CertificateId, ...]:
    found: list[CertificateId] = []
    while listed.peek() != -1:
        if len(found) == MOST_CERTIFICATES:
            raise MalformedRequest("too many certificates")
        one = listed.enter(_SEQUENCE)
        found.append(_certificate_id(one))
        if one.peek() == 0xA0:
            _nonce(one.enter(0xA0))  # nothing is known that would be said of one certificate; what is critical is refused
        one.end()
    if not found:
        raise MalformedRequest("no certificate is asked about")
    return tuple(found)


def _certificate_id(one: Reader) -> CertificateId:
    encoded, inside = one.whole(_SEQUENCE)
    algorithm = inside.enter(_SEQUENCE)
    name = HASHES.get(algorithm.take(_OID))
    if algorithm.peek() == _NULL and algorithm.take(_NULL):
        raise MalformedRequest("a null that is not empty")
    if name is not None:
        algorithm.end()
    name_hash, key_hash, serial = inside.take(_OCTETS), inside.take(_OCTETS), inside.take(_INTEGER)
    inside.end()
    return CertificateId(encoded, name, name_hash, key_hash, _number(serial))


def _number(content: bytes) -> int:
    if not content or (len(content) > 1 and (content[0], content[1] >> 7) in {(0x00, 0), (0xFF, 1)}):
        raise MalformedRequest("an integer in more bytes than it needs")
    return int.from_bytes(content, "big", signed=True)


def _nonce(outer: Reader) -> bytes | None:
    """The nonce among extensions; those that change nothing here are passed over."""
    extensions = outer.enter(_SEQUENCE)
    outer.end()
    seen: set[bytes] = set()
    nonce = None
    while extensions.peek() != -1:
        one = extensions.enter(_SEQUENCE)
        kind = one.take(_OID)
        critical = one.peek() == _BOOLEAN and one.take(_BOOLEAN) != b"\x00"
        value = one.take(_OCTETS)
        one.end()
        if kind in seen or (critical and kind != _NONCE and kind not in _IGNORED):
            raise MalformedRequest("an extension twice, or a critical one that is not known")
        seen.add(kind)
        if kind == _NONCE:
            nonce = _nonce_value(value)
    return nonce


def _nonce_value(value: bytes) -> bytes:
    inside = Reader(value, 0, len(value))
    nonce = inside.take(_OCTETS)
    inside.end()
    if not 1 <= len(nonce) <= NONCE_LIMIT_BYTES:
        raise MalformedRequest("a nonce of a wrong length")
    return nonce
