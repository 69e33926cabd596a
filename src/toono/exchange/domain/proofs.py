"""The public proof of a message: from its receipt through its signature and time-stamp up to the hourly root. It holds digests only, so it tells nothing of the content.

Whoever has kept a published root (or a mirror of the files) needs nobody's word: each step is recomputed. Fields, all digests and binary values in base64:

- ``receipt``, ``head``, ``body``: SHA-512 of the message as X-Road's request hash; of its head; of its body (null without one).
- ``signature``: ``direct``; ``path`` from the message's value to the top of the signature's tree; ``document``, the XAdES signature over that top.
- ``stamp``: ``path`` from the document to the top of the time-stamp's tree; ``token`` (RFC 3161) over SHA-512 of ``ts-hashchainresult.xml``.
- ``hour``: null until it is over; else its ``name``, ``path`` from that SHA-512 to the top of the hour, ``previous`` root, ``root``, and its signed form ``jws``.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha512
from typing import Any

from toono.exchange.domain import roots
from toono.exchange.domain.evidence import hashchain, signature_check, stamp_check, xades
from toono.exchange.domain.evidence.findings import Refused
from toono.exchange.domain.evidence.hashchain import MessageDigests
from toono.kernel.jose import json_object, unverified_payload

Json = dict[str, Any]


class ProofBroken(Exception):
    """A proof that does not hold. ``step`` is the first that does not."""

    def __init__(self, step: str, message: str) -> None:
        super().__init__(message)
        self.step = step


@dataclass(frozen=True)
class Proven:
    """What a proof shows."""

    receipt: bytes
    signed_at: datetime | None
    """As the signer says."""
    stamped_at: datetime
    """The message existed at the latest then."""
    root: bytes | None
    """The hourly root that holds it; None before it was published."""


def receipt_of(message: MessageDigests) -> bytes:
    """X-Road's request hash from the digests of a message's parts."""
    return message.head if message.body is None else sha512(message.head + message.body).digest()


def of_signature(message: MessageDigests, *, leaves: Sequence[bytes], leaf: int, direct: bool, document: bytes) -> Json:
    """The part of the proof that a message and its signature give."""
    return {
        "receipt": _text(receipt_of(message)), "head": _text(message.head), "body": None if message.body is None else _text(message.body),
        "signature": {"direct": direct, "path": [] if direct else roots.path(leaves, leaf), "document": _text(document)},
    }  # fmt: skip


def of_stamp(leaves: Sequence[bytes], position: int, token: bytes) -> Json:
    """The part that the time-stamp gives."""
    return {"path": roots.path([hashchain.stamp_leaf(digest) for digest in leaves], position), "token": _text(token)}


def of_hour(hour: datetime, leaves: Sequence[bytes], index: int, *, previous: bytes, jws: str) -> Json:
    """The part that the hourly root gives."""
    return {
        "name": roots.name(hour), "path": roots.path(leaves, index), "previous": _text(previous), "root": _text(roots.root(leaves, previous)), "jws": jws,
    }  # fmt: skip


def check(proof: Mapping[str, Any]) -> Proven:
    """Recompute every step. Whose the signature, the token and the signed root are is not asked here: that is for a verifier with anchors.

    :raises ProofBroken: a step does not hold.
    """
    try:
        return _check(proof)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ProofBroken("form", f"The proof cannot be read: {error}.") from None
    except Refused as refused:
        raise ProofBroken("form", str(refused)) from None


def _check(proof: Mapping[str, Any]) -> Proven:
    message = MessageDigests(_bytes(proof["head"]), None if proof["body"] is None else _bytes(proof["body"]))
    if receipt_of(message) != _bytes(proof["receipt"]):
        raise ProofBroken("receipt", "The receipt is not that of the message's parts.")
    document = _bytes(proof["signature"]["document"])
    signature = signature_check.read(document)
    if _referred(signature) != _signed(message, proof["signature"]):
        raise ProofBroken("signature", "The signature is not over this message.")
    top = roots.follow(hashchain.stamp_leaf(sha512(document).digest()), proof["stamp"]["path"])
    result = hashchain.stamp_result_xml(top)
    token = stamp_check.read(_bytes(proof["stamp"]["token"]))
    if not token.over(result):
        raise ProofBroken("stamp", "The time-stamp is not over this signature.")
    return Proven(_bytes(proof["receipt"]), signature.signing_time, token.at, _root(proof["hour"], sha512(result).digest()))


def _signed(message: MessageDigests, signature: Mapping[str, Any]) -> tuple[str, bytes]:
    """To what the signature must refer, and its digest."""
    if signature["direct"]:
        return hashchain.MESSAGE, message.head
    top = roots.follow(hashchain.leaf(message), signature["path"])
    return hashchain.SIGNED_RESULT, sha512(hashchain.result_xml(top)).digest()


def _referred(signature: signature_check.Document) -> tuple[str, bytes]:
    """To what it refers: its one reference outside itself."""
    name = f"{{{xades.DS}}}"
    found = [(r.get("URI") or "", r.findtext(f"{name}DigestValue") or "") for r in signature.signed_info.findall(f"{name}Reference")]
    outside = [(uri, _bytes("".join(digest.split()))) for uri, digest in found if uri.startswith("/")]
    if len(outside) != 1:
        raise ProofBroken("signature", "The signature does not refer to one thing.")
    return outside[0]


def _root(hour: Mapping[str, Any] | None, stamped: bytes) -> bytes | None:
    if hour is None:
        return None
    root = sha512(_bytes(hour["previous"]) + roots.follow(stamped, hour["path"])).digest()
    said = json_object(unverified_payload(str(hour["jws"])))
    if root != _bytes(hour["root"]) or root != _bytes(said["root"]):
        raise ProofBroken("hour", "The hourly root does not hold this time-stamp.")
    return root


def _text(value: bytes) -> str:
    return b64encode(value).decode()


def _bytes(text: str) -> bytes:
    return b64decode(text, validate=True)
