"""Where private keys stand. Each store is a slice of its own; :class:`KeyStore` is what the signer asks of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

CURVES: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
RSA_BITS: dict[str, int] = {"RSA-3072": 3072}
KINDS = (*CURVES, *RSA_BITS)
"""Kinds of keys that a store makes."""
HASHES: dict[int, HashAlgorithm] = {32: SHA256(), 48: SHA384(), 64: SHA512()}
"""The digest's length says the hash."""

LABEL = re.compile(r"[a-z]+(/[a-z0-9][a-z0-9-]{0,39}){0,2}")
"""``<family>[/<owner>[/<generation>]]``: no dots, so that a label is also safe as part of a file name."""


PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


def kind_of(public: PublicKey) -> str:
    """Name of a key's kind as in ``KINDS``; of a key that no store makes, a name that does not stand there."""
    if isinstance(public, rsa.RSAPublicKey):
        return f"RSA-{public.key_size}"
    return next((name for name, curve in CURVES.items() if curve.name == public.curve.name), public.curve.name)


class NoSuchKey(Exception):
    """No key under this label."""


class OtherKind(Exception):
    """A key of this label exists and is of another kind; a label never changes its key."""


class StoreFault(Exception):
    """The store cannot be opened or read: wrong passphrase, missing token, damaged file."""


class KeyStore(Protocol):
    """A place of private keys that never leave it. Not thread-safe: the signer calls it from one thread."""

    name: str

    def generate(self, label: str, kind: str) -> PublicKey:
        """Make a key of one of ``KINDS``, or give the one that stands under ``label``: of two who ask at once, both get the same key.

        :raises OtherKind: the existing key is of another kind.
        """

    def public_key(self, label: str) -> PublicKey:
        """:raises NoSuchKey:"""

    def sign(self, label: str, digests: Sequence[bytes]) -> list[bytes]:
        """Signatures over digests of 32, 48 or 64 bytes: ECDSA as DER, RSASSA-PKCS1-v1_5 (RFC 8017 §8.2) as long as the modulus.

        :raises NoSuchKey:
        """
