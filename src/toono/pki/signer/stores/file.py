"""Keys as encrypted PKCS#8 files in a folder. For development: whoever has the passphrase and the folder has the keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from toono.kernel.files import alone, write_durably
from toono.pki.signer.stores import CURVES, HASHES, RSA_BITS, NoSuchKey, OtherKind, PublicKey, StoreFault, kind_of

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class FileStore:
    """One PEM file for each key; opened keys stay in the memory of the signer."""

    name = "file"

    def __init__(self, folder: Path, passphrase: str) -> None:
        self._folder = folder
        self._passphrase = passphrase.encode()
        self._opened: dict[str, PrivateKey] = {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def generate(self, label: str, kind: str) -> PublicKey:
        # Two signers that make the same key at once: the second waits (milliseconds; for RSA up to a second)
        # and finds the first's file.
        with alone(self._folder / ".lock"):
            try:
                key = self._key(label)
            except NoSuchKey:
                key = _made(kind)
                write_durably(self._path(label), self._encrypted(key))
                self._opened[label] = key
        if kind_of(public := key.public_key()) != kind:
            raise OtherKind(label)
        return public

    def public_key(self, label: str) -> PublicKey:
        return self._key(label).public_key()

    def sign(self, label: str, digests: Sequence[bytes]) -> list[bytes]:
        key = self._key(label)
        if isinstance(key, rsa.RSAPrivateKey):
            return [key.sign(digest, padding.PKCS1v15(), Prehashed(HASHES[len(digest)])) for digest in digests]
        return [key.sign(digest, ec.ECDSA(Prehashed(HASHES[len(digest)]))) for digest in digests]

    def _key(self, label: str) -> PrivateKey:
        if key := self._opened.get(label):
            return key
        try:
            pem = self._path(label).read_bytes()
        except FileNotFoundError:
            raise NoSuchKey(label) from None
        try:
            loaded = serialization.load_pem_private_key(pem, self._passphrase)
        except (ValueError, TypeError) as error:
            raise StoreFault(f"The key «{label}» does not open: another passphrase, or a damaged file.") from error
        if not isinstance(loaded, PrivateKey):
            raise StoreFault(f"The key «{label}» is neither an EC nor an RSA key.")
        self._opened[label] = loaded
        return loaded

    def _path(self, label: str) -> Path:
        return self._folder / f"{label.replace('/', '.')}.pem"

    def _encrypted(self, key: PrivateKey) -> bytes:
        encryption = serialization.BestAvailableEncryption(self._passphrase)
        return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def _made(kind: str) -> PrivateKey:
    if kind in RSA_BITS:
        return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS[kind])
    return ec.generate_private_key(CURVES[kind])
