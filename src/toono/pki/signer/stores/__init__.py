"""Where private keys stand. Each store is a slice of its own; :class:`KeyStore` is what the signer asks of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

CURVES: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
HASHES: dict[int, HashAlgorithm] = {32: SHA256(), 48: SHA384(), 64: SHA512()}
"""The digest's length says the hash."""

LABEL = re.compile(r"[a-z]+(/[a-z0-9][a-z0-9-]{0,39}){0,2}")
"""``<family>[/<owner>[/<generation>]]``: no dots, so that a label is also safe as part of a file name."""


class NoSuchKey(Exception):
    """No key under this label."""


class OtherCurve(Exception):
    """A key of this label exists on another curve; a label never changes its key."""


class StoreFault(Exception):
    """The store cannot be opened or read: wrong passphrase, missing token, damaged file."""


class KeyStore(Protocol):
    """A place of EC private keys that never leave it. Not thread-safe: the signer calls it from one thread."""

    name: str

    def generate(self, label: str, curve: str) -> ec.EllipticCurvePublicKey:
        """Make a key, or give the one that stands under ``label``: of two who ask at once, both get the same key.

        :raises OtherCurve: the existing key has another curve.
        """

    def public_key(self, label: str) -> ec.EllipticCurvePublicKey:
        """:raises NoSuchKey:"""

    def sign(self, label: str, digests: Sequence[bytes]) -> list[bytes]:
        """ECDSA signatures (DER) over digests of 32, 48 or 64 bytes.

        :raises NoSuchKey:
        """
