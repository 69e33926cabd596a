"""Following a hash chain back: from the result, which a signature or a time-stamp covers, down to the parts of the container.

Source: X-Road ``HashChainVerifier.java``: outcomes, codes and bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import new as new_digest
from hmac import compare_digest
from typing import Final, NamedTuple

from toono.exchange import limits
from toono.exchange.domain.evidence.documents import DS, Element, decoded, digest_name, elements, parse
from toono.exchange.domain.evidence.findings import Refused
from toono.exchange.domain.evidence.hashchain import NAMESPACE

_CODE: Final = "malformed_hash_chain"
_NS: Final = f"{{{NAMESPACE}}}"
_KINDS: Final = frozenset({"HashValue", "StepRef", "DataRef"})


class Followed(NamedTuple):
    """What the result covers."""

    parts: Mapping[str, bool]
    """URI of each part that is referred to, and whether it stands in the container (and so was hashed)."""
    steps: tuple[tuple[str, ...], ...]
    """Of each step that refers to a part: the URIs in their order; empty texts for values and further steps."""


class _Value(NamedTuple):
    kind: str
    uri: str
    method: str
    """URI of the digest method."""
    digest: bytes


def follow(result: bytes, entries: Mapping[str, bytes], *, required: str) -> Followed:
    """Check a chain whose end is ``result``.

    :param entries: content of the container's entries by name.
    :param required: URI of the part that the chain is about.
    :raises Refused: codes as X-Road's (``invalid_hash_chain_ref``, ``invalid_hash_chain``, ``hashchain_unused_inputs``, ``malformed_hash_chain``,
        ``invalid_reference``).
    """
    root = parse(result, _CODE)
    if root.tag != f"{_NS}HashChainResult":
        raise Refused(_CODE, "The result is no HashChainResult.")
    _only(root, {"URI"}, {f"{DS}DigestMethod", f"{DS}DigestValue"})
    walk = _Walk(entries)
    step = walk.step(root.get("URI", ""), "", 0)
    name = digest_name(_method(root), _CODE)
    if not compare_digest(new_digest(name, step).digest(), _digest(root)):
        raise Refused("invalid_hash_chain", "The hash chain does not lead to its result.")
    if required not in walk.parts:
        raise Refused("hashchain_unused_inputs", f"The hash chain does not lead to {required}.")
    return Followed(walk.parts, tuple(walk.visited))


@dataclass
class _Walk:
    entries: Mapping[str, bytes]
    parts: dict[str, bool] = field(default_factory=dict)
    visited: list[tuple[str, ...]] = field(default_factory=list)
    _chains: dict[str, dict[str, list[_Value]]] = field(default_factory=dict)
    _known: dict[tuple[str, str], bytes | None] = field(default_factory=dict)
    """Result of each step; None while it is under way."""
    _values: int = 0

    def step(self, uri: str, base: str, depth: int) -> bytes:
        """DER of the list of digests of the step to which ``uri`` points."""
        document, _, fragment = uri.partition("#")
        place = (document or base, fragment)
        if place in self._known:
            known = self._known[place]
            if known is None:
                raise Refused(_CODE, f"The hash chain turns in a circle at {uri}.")
            return known
        if depth >= limits.HASH_CHAIN_DEPTH or len(self._known) >= limits.HASH_CHAIN_STEPS:
            raise Refused(_CODE, "The hash chain is too long.")
        self._known[place] = None
        values = self._chain(place[0]).get(fragment)
        if values is None:
            raise Refused(_CODE, f"There is no hash step {uri}.")
        self._values += len(values)
        if self._values > limits.HASH_CHAIN_VALUES:
            raise Refused(_CODE, "The hash chain has too many values.")
        if any(value.kind == "DataRef" for value in values):
            self.visited.append(tuple(value.uri if value.kind == "DataRef" else "" for value in values))
        result = _sequence([self._item(value, place[0], depth) for value in values])
        self._known[place] = result
        return result

    def _item(self, value: _Value, base: str, depth: int) -> bytes:
        digest = value.digest
        if value.kind == "StepRef":
            digest = new_digest(digest_name(value.method, _CODE), self.step(value.uri, base, depth + 1)).digest()
        elif value.kind == "DataRef":
            self._check_part(value)
        return _sequence([_element(0x04, digest), _element(0x0C, value.method.encode()), _sequence([])])

    def _check_part(self, value: _Value) -> None:
        content = self.entries.get(value.uri.removeprefix("/"))
        self.parts[value.uri] = content is not None
        if content is not None and not compare_digest(new_digest(digest_name(value.method, _CODE), content).digest(), value.digest):
            raise Refused("invalid_hash_chain_ref", f"{value.uri} is not what the hash chain was made over.")

    def _chain(self, uri: str) -> dict[str, list[_Value]]:
        if uri not in self._chains:
            content = self.entries.get(uri.removeprefix("/"))
            if content is None:
                raise Refused("invalid_reference", f"There is no {uri}.")
            self._chains[uri] = _steps(parse(content, _CODE))
        return self._chains[uri]


def _steps(root: Element) -> dict[str, list[_Value]]:
    if root.tag != f"{_NS}HashChain":
        raise Refused(_CODE, "The chain is no HashChain.")
    _only(root, set(), {f"{_NS}DefaultDigestMethod", f"{_NS}HashStep"})
    default = root.find(f"{_NS}DefaultDigestMethod")
    method = default.get("Algorithm", "") if default is not None else ""
    steps: dict[str, list[_Value]] = {}
    for step in root.iterfind(f"{_NS}HashStep"):
        identifier = step.get("id", "")
        if not identifier or identifier in steps:
            raise Refused(_CODE, "A hash step has no id of its own.")
        _only(step, {"id"}, {f"{_NS}{kind}" for kind in _KINDS})
        steps[identifier] = [_value(element, method) for element in elements(step)]
        if not steps[identifier]:
            raise Refused(_CODE, "A hash step is empty.")
    return steps


def _value(element: Element, default: str) -> _Value:
    kind = element.tag.removeprefix(_NS)
    digest = {f"{DS}DigestValue"} if kind != "StepRef" else set()
    _only(element, {"URI"} if kind != "HashValue" else set(), {f"{DS}DigestMethod"} | digest)
    uri, method = element.get("URI", ""), _method(element) or default
    if kind != "HashValue" and not uri:
        raise Refused(_CODE, f"A {kind} has no URI.")
    digest_name(method, _CODE)
    return _Value(kind, uri, method, _digest(element) if digest else b"")


def _method(parent: Element) -> str:
    method = parent.find(f"{DS}DigestMethod")
    return method.get("Algorithm", "") if method is not None else ""


def _digest(parent: Element) -> bytes:
    found = parent.findall(f"{DS}DigestValue")
    if len(found) != 1:
        raise Refused(_CODE, "A digest is missing or given twice.")
    return decoded(found[0].text, _CODE)


def _only(element: Element, attributes: set[str], children: set[str]) -> None:
    """A closed world: what the schema does not know is refused."""
    if set(element.attrib) - attributes or {child.tag for child in elements(element)} - children:
        raise Refused(_CODE, f"{element.tag} holds what the schema does not know.")
    if any(text.strip() for text in [element.text or "", *((child.tail or "") for child in element)]):
        raise Refused(_CODE, f"{element.tag} holds text.")


def _sequence(parts: list[bytes]) -> bytes:
    return _element(0x30, b"".join(parts))


def _element(tag: int, content: bytes) -> bytes:
    """DER (X.690 §10.1)."""
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content
