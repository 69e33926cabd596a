"""Proof Key for Code Exchange: RFC 7636, S256 only, required of every client but the confidential one for which the platform registered ``require_pkce: false`` (RFC 9700 §2.1.1)."""

from __future__ import annotations

import hashlib
import hmac
import re

from toono.kernel.jose import base64url

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # §4.2: base64url of 32 bytes
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # §4.1


def is_challenge(value: str | None) -> bool:
    return value is not None and _CHALLENGE.fullmatch(value) is not None


def matches(verifier: str | None, challenge: str) -> bool:
    """§4.6: BASE64URL(SHA256(verifier)) == challenge."""
    if verifier is None or not _VERIFIER.fullmatch(verifier):
        return False
    computed = base64url(hashlib.sha256(verifier.encode()).digest())
    return hmac.compare_digest(computed, challenge)
