"""Hash chains: many messages under one signature, many signatures under one time-stamp, each with its own short proof.

A tree is binary and filled from the left; a node without a neighbour moves up as it is. The value of a node is SHA-512 over the DER of what stands
below it: ``SEQUENCE OF SEQUENCE { OCTET STRING digest, UTF8String algorithm URI, SEQUENCE {} }``. A message is a node of its parts: its head, then its body if it has one.

X-Road's own builder takes the head itself as the leaf where there is no body. Any verifier follows both; but then a body can be passed off as a head, because nothing
says which of two neighbours it was. Here each message is a step of its own, head first, and the signature says so (``xades.py``).

Source: X-Road ``HashChainBuilder.java``, ``DigestList.java``; namespace ``http://cyber.ee/hashchain``. Written without an XML library: this runs for each batch.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha512
from typing import Final, NamedTuple

DIGEST_BYTES: Final = 64
SHA512_URI: Final = "http://www.w3.org/2001/04/xmlenc#sha512"
NAMESPACE: Final = "http://cyber.ee/hashchain"
MESSAGE, BODY, SIGNATURES = "/message.xml", "/attachment1", "/META-INF/signatures.xml"
SIGNED_RESULT, SIGNED_CHAIN = "/sig-hashchainresult.xml", "/sig-hashchain.xml"
STAMPED_RESULT, STAMPED_CHAIN = "/ts-hashchainresult.xml", "/ts-hashchain.xml"

_ALGORITHM: Final = bytes((0x0C, len(SHA512_URI))) + SHA512_URI.encode() + b"\x30\x00"
_ITEM: Final = bytes((0x30, 2 + DIGEST_BYTES + len(_ALGORITHM), 0x04, DIGEST_BYTES))
_ITEM_BYTES: Final = len(_ITEM) + DIGEST_BYTES + len(_ALGORITHM)
_PAIR: Final = bytes((0x30, 0x81, 2 * _ITEM_BYTES)) + _ITEM
_BETWEEN: Final = _ALGORITHM + _ITEM
_SINGLE: Final = bytes((0x30, _ITEM_BYTES)) + _ITEM

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_NAMESPACES: Final = f'xmlns="http://www.w3.org/2000/09/xmldsig#" xmlns:ns2="{NAMESPACE}"'


class MessageDigests(NamedTuple):
    """Of the two parts of a message."""

    head: bytes
    """SHA-512 of ``message.xml``, X-Road's byte form of the head."""
    body: bytes | None
    """SHA-512 of ``attachment1``; None without a body."""


def leaf(message: MessageDigests) -> bytes:
    """The message's value in the tree; 64 bytes."""
    return _single(message.head) if message.body is None else _node(message.head, message.body)


class Neighbour(NamedTuple):
    """A node on the way from a leaf to the root."""

    value: bytes
    left: bool
    """Whether it stands on the left of the way."""


class Tree:
    """All values of a tree, each hashed once, so that every leaf's way to the root is at hand."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        """:raises ValueError: no leaf, or one that is not 64 bytes long."""
        if not leaves or any(len(value) != DIGEST_BYTES for value in leaves):
            raise ValueError("A tree needs leaves of 64 bytes.")
        self._levels = [list(leaves)]
        while len(self._levels[-1]) > 1:
            level = self._levels[-1]
            above = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
            self._levels.append(above + level[len(level) - len(level) % 2 :])

    @property
    def leaves(self) -> Sequence[bytes]:
        return self._levels[0]

    @property
    def root(self) -> bytes:
        """Value at the top; 64 bytes. One leaf is its own tree."""
        return self._levels[-1][0]

    def path(self, index: int) -> list[Neighbour]:
        """Neighbours of the leaf at ``index`` from the leaf up: what is needed to come to the root.

        :raises ValueError: no such leaf.
        """
        if not 0 <= index < len(self.leaves):
            raise ValueError("There is no such leaf.")
        neighbours = []
        for level in self._levels[:-1]:
            if (other := index ^ 1) < len(level):
                neighbours.append(Neighbour(level[other], left=other < index))
            index //= 2
        return neighbours

    def chain_xml(self, index: int, message: MessageDigests) -> bytes:
        """``sig-hashchain.xml`` of one message: what has to be hashed with what to come from its parts to the root.

        :raises ValueError: the message is not the leaf at ``index``.
        """
        parts = [_reference(MESSAGE, message.head)]
        if message.body is not None:
            parts.append(_reference(BODY, message.body))
        return self._chain(index, leaf(message), parts)

    def stamp_chain_xml(self, index: int, digest: bytes) -> bytes:
        """``ts-hashchain.xml`` of one signature, in a tree of :func:`stamp_tree`.

        :param digest: SHA-512 of ``signatures.xml``.
        :raises ValueError: the signature is not the leaf at ``index``.
        """
        return self._chain(index, stamp_leaf(digest), [_reference(SIGNATURES, digest)])

    def _chain(self, index: int, value: bytes, parts: Sequence[str]) -> bytes:
        path = self.path(index)
        if self.leaves[index] != value:
            raise ValueError("It is not at this place of the tree.")
        steps = []
        for number, (neighbour, left) in enumerate(reversed(path), 1):
            pair = [_element("HashValue", "", neighbour), f'        <ns2:StepRef URI="#STEP{number}"/>\n']
            steps.append(pair if left else pair[::-1])
        steps.append(list(parts))
        return (
            f'{_HEAD}<ns2:HashChain {_NAMESPACES}>\n    <ns2:DefaultDigestMethod Algorithm="{SHA512_URI}"/>\n'
            + "".join(f'    <ns2:HashStep id="STEP{number}">\n{"".join(step)}    </ns2:HashStep>\n' for number, step in enumerate(steps))
            + "</ns2:HashChain>\n"
        ).encode()


def root(leaves: Sequence[bytes]) -> bytes:
    """Root of the tree over ``leaves``; raises as :class:`Tree`."""
    return Tree(leaves).root


def path(leaves: Sequence[bytes], index: int) -> list[Neighbour]:
    """As :meth:`Tree.path`, where one path is all that is asked."""
    return Tree(leaves).path(index)


def climb(value: bytes, neighbours: Iterable[Neighbour]) -> bytes:
    """The root to which a leaf's value leads."""
    for neighbour in neighbours:
        value = _node(neighbour.value, value) if neighbour.left else _node(value, neighbour.value)
    return value


def chain_xml(leaves: Sequence[bytes], index: int, message: MessageDigests) -> bytes:
    """As :meth:`Tree.chain_xml`, where one chain is all that is asked."""
    return Tree(leaves).chain_xml(index, message)


def result_xml(value: bytes) -> bytes:
    """``sig-hashchainresult.xml``: what the signature refers to."""
    return _result(SIGNED_CHAIN, value)


def stamp_leaf(digest: bytes) -> bytes:
    """Value in a time-stamp's tree of SHA-512 of ``signatures.xml``, or of another digest of 64 bytes."""
    return _single(digest)


def stamp_tree(digests: Sequence[bytes]) -> Tree:
    """A time-stamp's tree over digests of 64 bytes."""
    return Tree([stamp_leaf(digest) for digest in digests])


def stamp_root(digests: Sequence[bytes]) -> bytes:
    """Top of a time-stamp's tree."""
    return stamp_tree(digests).root


def stamp_chain_xml(digests: Sequence[bytes], index: int) -> bytes:
    """As :meth:`Tree.stamp_chain_xml`, where one chain is all that is asked."""
    if not 0 <= index < len(digests):
        raise ValueError("There is no such leaf.")
    return stamp_tree(digests).stamp_chain_xml(index, digests[index])


def stamp_result_xml(value: bytes) -> bytes:
    """``ts-hashchainresult.xml``: its bytes are what the time-stamp is over."""
    return _result(STAMPED_CHAIN, value)


def _node(left: bytes, right: bytes) -> bytes:
    return sha512(_PAIR + left + _BETWEEN + right + _ALGORITHM).digest()


def _single(digest: bytes) -> bytes:
    return sha512(_SINGLE + digest + _ALGORITHM).digest()


def _reference(uri: str, digest: bytes) -> str:
    return _element("DataRef", f' URI="{uri}"', digest)


def _element(name: str, attribute: str, digest: bytes) -> str:
    value = f"            <DigestValue>{b64encode(digest).decode()}</DigestValue>\n"
    return f"        <ns2:{name}{attribute}>\n{value}        </ns2:{name}>\n"


def _result(chain: str, value: bytes) -> bytes:
    return (
        f'{_HEAD}<ns2:HashChainResult {_NAMESPACES} URI="{chain}#STEP0">\n'
        f'    <DigestMethod Algorithm="{SHA512_URI}"/>\n'
        f"    <DigestValue>{b64encode(value).decode()}</DigestValue>\n"
        "</ns2:HashChainResult>\n"
    ).encode()
