"""Random secrets and the digests under which things are kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from toono.identity.domain.oidc.storage import digest
from toono.kernel.settings import settings


def random_secret() -> str:
    """256 bits, URL-safe."""
    return secrets.token_urlsafe(32)


def random_digits() -> str:
    """A code of six digits, each of the million equally likely."""
    return f"{secrets.randbelow(1_000_000):06d}"


def keyed_digest(purpose: str, value: str) -> str:
    """For what has too little entropy for a plain hash: whoever reads the database alone can try no values."""
    key = hmac.new(settings().session_key.encode(), f"toono.identity.{purpose}".encode(), hashlib.sha256).digest()
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def _cipher(purpose: str) -> AESGCM:
    return AESGCM(hmac.new(settings().session_key.encode(), f"toono.identity.sealed.{purpose}".encode(), hashlib.sha256).digest())


def sealed(purpose: str, text: str) -> str:
    """For what must be read again, by the platform only: encrypted (AES-256-GCM) by a key that is not in the database."""
    nonce = secrets.token_bytes(12)
    return base64.b64encode(nonce + _cipher(purpose).encrypt(nonce, text.encode(), None)).decode()


def opened(purpose: str, text: str) -> str:
    """What :func:`sealed` kept.

    :raises InvalidTag: it was made for another purpose, or by another key.
    """
    raw = base64.b64decode(text)
    return _cipher(purpose).decrypt(raw[:12], raw[12:], None).decode()


__all__ = ["digest", "keyed_digest", "opened", "random_digits", "random_secret", "sealed"]
