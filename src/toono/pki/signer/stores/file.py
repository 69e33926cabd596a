"""Keys as encrypted PKCS#8 files in a folder. For development: whoever has the passphrase and the folder has the keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from toono.kernel.files import alone, write_durably
from toono.pki.signer.stores import CURVES, HASHES, NoSuchKey, OtherCurve, StoreFault


class FileStore:
    """One PEM file for each key; opened keys stay in the memory of the signer."""

    name = "file"

    def __init__(self, folder: Path, passphrase: str) -> None:
        self._folder = folder
        self._passphrase = passphrase.encode()
        self._opened: dict[str, ec.EllipticCurvePrivateKey] = {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def generate(self, label: str, curve: str) -> ec.EllipticCurvePublicKey:
        # Two signers that make the same key at once: the second waits (some milliseconds) and finds the first's file.
        with alone(self._folder / ".lock"):
            try:
                key = self._key(label)
            except NoSuchKey:
                key = ec.generate_private_key(CURVES[curve])
                write_durably(self._path(label), self._encrypted(key))
                self._opened[label] = key
        if key.curve.name != CURVES[curve].name:
            raise OtherCurve(label)
        return key.public_key()

    def public_key(self, label: str) -> ec.EllipticCurvePublicKey:
        return self._key(label).public_key()

    def sign(self, label: str, digests: Sequence[bytes]) -> list[bytes]:
        key = self._key(label)
        return [key.sign(digest, ec.ECDSA(Prehashed(HASHES[len(digest)]))) for digest in digests]

    def _key(self, label: str) -> ec.EllipticCurvePrivateKey:
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
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise StoreFault(f"The key «{label}» is not an EC key.")
        self._opened[label] = loaded
        return loaded

    def _path(self, label: str) -> Path:
        return self._folder / f"{label.replace('/', '.')}.pem"

    def _encrypted(self, key: ec.EllipticCurvePrivateKey) -> bytes:
        encryption = serialization.BestAvailableEncryption(self._passphrase)
        return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
