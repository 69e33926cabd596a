"""Digests and signatures by name: which there are, and whether one verifies.

Sources: RFC 5754, RFC 8017, RFC 8702, RFC 9881 (ML-DSA), RFC 9231 (names in XML).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from toono.kernel.jose import der_signature
from toono.pki.domain.algorithm_ends import name_of_key

_EXPONENT_LIMIT_BITS = 64

DIGESTS: dict[str, str] = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
}
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "md5": hashes.MD5,
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "sha3_256": hashes.SHA3_256,
    "sha3_384": hashes.SHA3_384,
    "sha3_512": hashes.SHA3_512,
}


@dataclass(frozen=True)
class Mechanism:
    """A way to sign: ``family`` is ``rsa``, ``pss``, ``ecdsa``, or the name of one that hashes by itself."""

    family: str
    digest: str
    salt: int | None = None
    mask: str = ""
    """Digest of PSS's mask (MGF1), where it is another than ``digest``."""
    raw: bool = False
    """ECDSA as two numbers of equal length (XML, JOSE) in place of DER."""

    @property
    def digests(self) -> tuple[str, ...]:
        """Those on which it rests."""
        return (self.digest, self.mask) if self.mask else (self.digest,)

    @property
    def hashes_itself(self) -> bool:
        return self.family in {"ed25519", "ed448", "mldsa"}

    def __str__(self) -> str:
        return self.family if self.hashes_itself else f"{self.family} {self.digest}"


SIGNATURES: dict[str, Mechanism] = {
    "1.2.840.113549.1.1.5": Mechanism("rsa", "sha1"),
    "1.2.840.113549.1.1.14": Mechanism("rsa", "sha224"),
    "1.2.840.113549.1.1.11": Mechanism("rsa", "sha256"),
    "1.2.840.113549.1.1.12": Mechanism("rsa", "sha384"),
    "1.2.840.113549.1.1.13": Mechanism("rsa", "sha512"),
    "1.2.840.10045.4.1": Mechanism("ecdsa", "sha1"),
    "1.2.840.10045.4.3.1": Mechanism("ecdsa", "sha224"),
    "1.2.840.10045.4.3.2": Mechanism("ecdsa", "sha256"),
    "1.2.840.10045.4.3.3": Mechanism("ecdsa", "sha384"),
    "1.2.840.10045.4.3.4": Mechanism("ecdsa", "sha512"),
    "2.16.840.1.101.3.4.3.10": Mechanism("ecdsa", "sha3_256"),
    "2.16.840.1.101.3.4.3.11": Mechanism("ecdsa", "sha3_384"),
    "2.16.840.1.101.3.4.3.12": Mechanism("ecdsa", "sha3_512"),
    "2.16.840.1.101.3.4.3.14": Mechanism("rsa", "sha3_256"),
    "2.16.840.1.101.3.4.3.15": Mechanism("rsa", "sha3_384"),
    "2.16.840.1.101.3.4.3.16": Mechanism("rsa", "sha3_512"),
    "1.3.101.112": Mechanism("ed25519", "sha512"),
    "1.3.101.113": Mechanism("ed448", "sha512"),
    "2.16.840.1.101.3.4.3.17": Mechanism("mldsa", "sha512"),
    "2.16.840.1.101.3.4.3.18": Mechanism("mldsa", "sha512"),
    "2.16.840.1.101.3.4.3.19": Mechanism("mldsa", "sha512"),
}
KEYS_ALONE = {"1.2.840.113549.1.1.1": "rsa", "1.2.840.10045.2.1": "ecdsa"}
"""Identifiers of a key's kind, which some writers put where that of a signature belongs (RFC 5652 §10.1.2)."""
PSS = "1.2.840.113549.1.1.10"
MGF1 = "1.2.840.113549.1.1.8"
SALTS_BYTES = range(2049)
"""Of PSS: as long as the longest key that is read. RFC 4055 §3.1 only recommends the digest's length; OpenSSL fills the key by default."""


def digest(name: str, parts: Iterable[bytes | memoryview]) -> bytes:
    """The digest of the parts one after another."""
    state = hashlib.new(name, usedforsecurity=False)
    for part in parts:
        state.update(part)
    return state.digest()


def verifies(key: Any, mechanism: Mechanism, signature: bytes, *, data: bytes | None = None, digested: bytes | None = None) -> bool:
    """Whether ``signature`` is over ``data`` (or over what has the digest ``digested``). A key of another kind is a no."""
    try:
        _verify(key, mechanism, signature, data, digested)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _verify(key: Any, mechanism: Mechanism, signature: bytes, data: bytes | None, digested: bytes | None) -> None:
    if mechanism.hashes_itself:
        kinds: dict[str, Any] = {
            "ed25519": ed25519.Ed25519PublicKey,
            "ed448": ed448.Ed448PublicKey,
            "mldsa": (mldsa.MLDSA44PublicKey, mldsa.MLDSA65PublicKey, mldsa.MLDSA87PublicKey),
        }
        if data is None or not isinstance(key, kinds[mechanism.family]):
            raise InvalidSignature
        key.verify(signature, data)
        return
    kind = _HASHES[mechanism.digest]()
    prehashed = Prehashed(kind)
    value = digested if digested is not None else digest(mechanism.digest, [data or b""])
    if mechanism.family == "ecdsa":
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise InvalidSignature
        key.verify(_as_der(signature, key) if mechanism.raw else signature, value, ec.ECDSA(prehashed))
        return
    if not isinstance(key, rsa.RSAPublicKey) or key.public_numbers().e.bit_length() > _EXPONENT_LIMIT_BITS or key.key_size > 16384:
        raise InvalidSignature
    if mechanism.family == "pss":
        salt = mechanism.salt if mechanism.salt is not None else kind.digest_size
        mask = _HASHES[mechanism.mask]() if mechanism.mask else kind
        key.verify(signature, value, padding.PSS(padding.MGF1(mask), salt), prehashed)
    else:
        key.verify(signature, value, padding.PKCS1v15(), prehashed)


def _as_der(signature: bytes, key: ec.EllipticCurvePublicKey) -> bytes:
    try:
        return der_signature(signature, (key.curve.key_size + 7) // 8)
    except ValueError:
        raise InvalidSignature from None


def names(key: Any, *digests: str) -> tuple[str, ...]:
    """A key and digests by the names of :mod:`toono.pki.domain.algorithm_ends`."""
    return (name_of_key(key), *dict.fromkeys(digests))
