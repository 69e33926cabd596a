"""Whether rows of the log are what was signed and linked: each rule gives what is wrong as a stable code, or nothing. Pure."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha512
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA512

from toono.exchange.domain.evidence import hashchain, xades
from toono.exchange.domain.evidence.hashchain import MessageDigests
from toono.kernel.jose import der_signature

DIGEST: Final = hashchain.DIGEST_BYTES
NOTHING: Final = bytes(DIGEST)
"""Stands for the link before the first of a chain."""


def split(column: bytes) -> list[bytes]:
    """Digests of 64 bytes that stand in one column, one after the other; what is left over at the end is no digest and is cut off."""
    return [column[n : n + DIGEST] for n in range(0, len(column) - DIGEST + 1, DIGEST)]


def digests(head: bytes, body: bytes) -> MessageDigests:
    """Of a message as it stands in the log; an empty body is none."""
    return MessageDigests(sha512(head).digest(), sha512(body).digest() if body else None)


def link(previous: bytes, content: bytes) -> bytes:
    """A batch's link in its chain."""
    return sha512(previous + sha512(content).digest()).digest()


class SignatureRow(NamedTuple):
    """A signature as it is kept."""

    leaves: tuple[bytes, ...]
    direct: bool
    at: datetime
    value: bytes
    ocsp: bytes | None
    """DER of the response in its document."""
    document_digest: bytes


class Signer(NamedTuple):
    """Whose certificate a signature names."""

    certificate: x509.Certificate
    signatory: xades.Signatory

    @classmethod
    def of(cls, pem: str) -> Signer:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        return cls(certificate, xades.Signatory.of(certificate))


def document(signer: Signer, row: SignatureRow) -> bytes | None:
    """``signatures.xml`` made again from its row; None where the row cannot be such a signature."""
    prepared = _prepared(signer, row)
    if prepared is None or len(row.value) != xades.VALUE_BYTES:
        return None
    return xades.document(signer.signatory, prepared, row.value, row.ocsp)


def signature(signer: Signer, row: SignatureRow) -> str | None:
    """What is wrong with a signature: ``signature_malformed``, ``signature_invalid``, ``document_altered``."""
    prepared, made = _prepared(signer, row), document(signer, row)
    if prepared is None or made is None:
        return "signature_malformed"
    if not _verified(signer, prepared.digest, row.value):
        return "signature_invalid"
    return None if sha512(made).digest() == row.document_digest else "document_altered"


def value(message: MessageDigests, *, direct: bool) -> bytes:
    """What stands for a message among the leaves of its signature."""
    return message.head if direct and message.body is None else hashchain.leaf(message)


def message(row: SignatureRow, place: int, found: MessageDigests) -> str | None:
    """What is wrong with a message: ``message_altered``, or ``message_misplaced`` where its signature has no such leaf."""
    if not 0 <= place < len(row.leaves):
        return "message_misplaced"
    return None if value(found, direct=row.direct) == row.leaves[place] else "message_altered"


def _prepared(signer: Signer, row: SignatureRow) -> xades.Prepared | None:
    if not row.leaves or (row.direct and len(row.leaves) != 1):
        return None
    return xades.restore(signer.signatory, leaves=row.leaves, direct=row.direct, at=row.at)


def _verified(signer: Signer, digest: bytes, value: bytes) -> bool:
    key = signer.certificate.public_key()
    if not isinstance(key, EllipticCurvePublicKey):
        return False
    try:
        key.verify(der_signature(value, len(value) // 2), digest, ECDSA(Prehashed(SHA512())))
    except (InvalidSignature, ValueError):
        return False
    return True
