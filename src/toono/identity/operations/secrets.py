"""Random secrets and the digests under which things are kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets

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


__all__ = ["digest", "keyed_digest", "random_digits", "random_secret"]
