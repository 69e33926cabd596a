"""A request as a tree of parts: lists, objects, texts, and nodes that become text only when the request is sent.

So a mutation reaches the claims inside a signed assertion, and the assertion is signed after it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote_from_bytes, quote_plus

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from toono.kernel.jose import base64url, raw_signature

NOTHING = object()
"""No body of this kind."""
SPOILS = ("none", "symmetric", "foreign", "flipped", "cut", "empty")
"""What can be done to a signature. Whatever it is, nothing may be gained by it."""
_STRANGER = ec.generate_private_key(ec.SECP256R1())


class Foreign(str):
    """A value that is good, but another's: nothing may be gained by it."""


class Raw(bytes):
    """Bytes that stand in a form or address as they are, not percent-encoded."""


class Twin(str):
    """A member's name that may stand twice in an object."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


@dataclass
class Node:
    """A part that is made of ``inside`` when the request is sent."""

    inside: dict[str, Any]

    def text(self) -> bytes:
        raise NotImplementedError


@dataclass
class Signed(Node):
    """A compact JWS of ``header`` and ``claims``."""

    key: EllipticCurvePrivateKey
    spoil: str = ""
    home: str = ""
    """The parameter in which it was spoilt; copied into another it means nothing."""
    flat: bool = False
    """As JSON (RFC 7515 §7.2.2), for ACME."""

    def text(self) -> bytes:
        header = self.inside.get("header", {})
        if self.spoil in ("none", "symmetric") and isinstance(header, dict):
            header = header | {"alg": {"none": "none", "symmetric": "HS256"}[self.spoil]}
        first, second = base64url(as_bytes(header, json_too=True)), base64url(as_bytes(self.inside.get("claims", {}), json_too=True))
        third = base64url(self._signature(f"{first}.{second}".encode()))
        if self.flat:
            return json.dumps({"protected": first, "payload": second} | ({} if self.spoil == "cut" else {"signature": third})).encode()
        return f"{first}.{second}".encode() if self.spoil == "cut" else f"{first}.{second}.{third}".encode()

    def _signature(self, content: bytes) -> bytes:
        if self.spoil in ("none", "empty"):
            return b""
        if self.spoil == "symmetric":
            public = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            return hmac.digest(public, content, hashlib.sha256)
        made = raw_signature((_STRANGER if self.spoil == "foreign" else self.key).sign(content, ECDSA(SHA256())))
        return bytes([made[0] ^ 1, *made[1:]]) if self.spoil == "flipped" else made


@dataclass
class Encoded(Node):
    """``value`` as base64, base64url or JSON text, behind ``prefix``."""

    how: str
    prefix: str = ""

    def text(self) -> bytes:
        raw = as_bytes(self.inside.get("value", ""), json_too=True)
        made = {"base64": base64.b64encode, "base64url": lambda raw: base64url(raw).encode(), "json": bytes}[self.how](raw)
        return self.prefix.encode() + made


@dataclass
class Basic(Node):
    """Client and secret as ``Authorization: Basic`` (RFC 6749 §2.3.1)."""

    def text(self) -> bytes:
        pair = ":".join(quote_plus(as_bytes(self.inside[name])) for name in ("client_id", "secret") if name in self.inside)
        return b"Basic " + base64.b64encode(pair.encode())


def basic(client_id: str, secret: str) -> Basic:
    return Basic({"client_id": client_id, "secret": secret})


def encoded(value: Any, how: str, prefix: str = "") -> Encoded:
    return Encoded({"value": clone(value)}, how, prefix)


def signed(header: dict[str, Any], claims: Any, key: EllipticCurvePrivateKey, *, flat: bool = False) -> Signed:
    return Signed({"header": header, "claims": clone(claims)}, key, flat=flat)


def clone(value: Any) -> Any:
    """A copy that shares nothing that can be changed, so that no part ever holds itself."""
    if isinstance(value, Node):
        return replace(value, inside=clone(value.inside))
    if isinstance(value, dict):
        return {name: clone(inner) for name, inner in value.items()}
    return [clone(inner) for inner in value] if isinstance(value, list) else value


def plain(value: Any) -> Any:
    """The same tree with every node made, as JSON can hold it."""
    if isinstance(value, Node):
        return value.text().decode("utf-8", errors="replace")
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def as_bytes(value: Any, *, json_too: bool = False) -> bytes:
    """What stands in the request for a part; where JSON is expected (``json_too``) a text is JSON as well."""
    if isinstance(value, Node):
        return value.text()
    if isinstance(value, bytes):
        return value
    if isinstance(value, str) and not json_too:
        return value.encode("utf-8", errors="surrogatepass")
    return json.dumps(plain(value)).encode()


@dataclass
class Draft:
    """A request before it is sent. ``parts`` is what mutations walk through: ``path`` (segments), ``query``, ``form``, ``headers``, ``cookies`` (pairs)."""

    method: str
    path: list[Any]
    query: list[list[Any]] = field(default_factory=list)
    form: list[list[Any]] | None = None
    document: Any = NOTHING
    """A JSON body."""
    raw: Any = NOTHING
    """A body of bytes."""
    kind: str = ""
    """Content type; empty: that of the body."""
    multipart: bool = False
    headers: list[list[Any]] = field(default_factory=list)
    cookies: list[list[Any]] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)
    """Good values of somebody else, by the name of the parameter for which they could be shown."""
    gained: Callable[[Any], bool] = lambda answer: 200 <= answer.status < 300
    """Whether the answer gives what was asked for."""
    valid: bool = True
    """Unspoilt, it must gain what it asks for."""
    tail: bytes | None = None
    """What came instead of the whole body."""
    done: list[str] = field(default_factory=list)
    """The mutations, in words."""
    secrets: list[str] = field(default_factory=list)
    """What may never stand in a log."""
    unseen: list[str] = field(default_factory=list)
    """What may never stand in the answer: somebody else's."""
    kept: Callable[[], Any] = lambda: None
    """What stays as it is when the request is refused."""
    theirs: Callable[[], Any] = lambda: None
    """What stays as it is whatever is answered: somebody else's."""

    place: list[Any] = field(init=False)
    way: str = field(init=False)
    """Where it went, and how, before it was spoilt."""

    def __post_init__(self) -> None:
        self.place, self.way = clone(self.path), self.method

    def parts(self) -> dict[str, Any]:
        found = {"path": self.path, "query": self.query, "headers": self.headers, "cookies": self.cookies}
        bodies = {"form": self.form, "document": self.document, "raw": self.raw}
        return found | {name: value for name, value in bodies.items() if value is not NOTHING and value is not None}


Slot = tuple[Any, Any, str]
"""Where a part stands: its container, its key there, and its name for people."""


def slots(tree: Any, name: str = "") -> Iterator[Slot]:
    """Every part of a tree that can be changed."""
    if isinstance(tree, Node):
        tree = tree.inside
    if isinstance(tree, dict):
        for key in list(tree):
            yield tree, key, f"{name}.{key}"
            yield from slots(tree[key], f"{name}.{key}")
    elif isinstance(tree, list):
        for place, value in enumerate(tree):
            pair = isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)
            if pair:
                yield value, 1, f"{name}.{value[0]}"
                yield from slots(value[1], f"{name}.{value[0]}")
            else:
                yield tree, place, f"{name}[{place}]"
                yield from slots(value, f"{name}[{place}]")


def pairs(tree: list[Any]) -> bytes:
    """``application/x-www-form-urlencoded``."""
    return b"&".join(b"=".join(_quoted(part) for part in _parts(pair)) for pair in tree)


def _parts(pair: Any) -> list[Any]:
    """A spoilt pair may have lost its name, or be none at all."""
    return pair if isinstance(pair, list) else [pair]


def _quoted(part: Any) -> bytes:
    return bytes(part) if isinstance(part, Raw) else quote_plus(as_bytes(part)).encode()


def multipart(tree: list[Any], boundary: bytes) -> bytes:
    """``multipart/form-data``; a value ``(file name, bytes)`` is a file."""
    made = []
    for part in tree:
        name, content = (*_parts(part), "", "")[:2]
        file = b""
        if isinstance(content, Node | dict) and "file" in (inside := content.inside if isinstance(content, Node) else content):
            file = b'; filename="' + as_bytes(inside.get("name", "x")).replace(b'"', b"%22").replace(b"\r", b"").replace(b"\n", b"") + b'"'
            content = inside["file"]
        head = as_bytes(name).replace(b'"', b"%22").replace(b"\r", b"").replace(b"\n", b"")
        made.append(
            b"--"
            + boundary
            + b'\r\nContent-Disposition: form-data; name="'
            + head
            + b'"'
            + file
            + b"\r\n\r\n"
            + as_bytes(content)
            + b"\r\n"
        )
    return b"".join(made) + b"--" + boundary + b"--\r\n"


def segment(part: Any) -> bytes:
    """One step of a path, percent-encoded."""
    return bytes(part) if isinstance(part, Raw) else quote_from_bytes(as_bytes(part), safe="~:-._").encode()


def harmful(draft: Draft) -> str:
    """The first part, by name, that makes it an attack: a spoilt signature, or what is another's."""
    for container, key, name in slots(draft.parts()):
        value, last = container[key], name.rpartition(".")[2]
        if isinstance(value, Foreign) and last in draft.others:
            return f"{name} is another's"
        if isinstance(value, Signed) and value.spoil and value.home == last:
            return f"{name}: signature {value.spoil}"
    return ""
