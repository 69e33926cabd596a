"""Nonces of ACME (RFC 8555 §6.5). Pure.

A nonce carries the moment of its making and a code, so nothing is kept of those that nobody uses: whoever asks for a million of them
fills no table.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

from toono.kernel.jose import base64url, from_base64url

LIFETIME = timedelta(hours=1)
RANDOM_BYTES = 12
_CODE_BYTES = 16


def make(*, secret: bytes, noise: bytes, now: datetime) -> str:
    """A nonce of ``now``; ``noise`` is :data:`RANDOM_BYTES` of randomness."""
    content = int(now.timestamp()).to_bytes(8, "big") + noise
    return base64url(content + _code(secret, content))


def is_good(nonce: str, *, secret: bytes, now: datetime) -> bool:
    """Whether it is ours and not too old. Whether it was used already the table says."""
    try:
        raw = from_base64url(nonce)
    except ValueError:
        return False
    content, code = raw[:-_CODE_BYTES], raw[-_CODE_BYTES:]
    if len(content) != 8 + RANDOM_BYTES or not hmac.compare_digest(code, _code(secret, content)):
        return False
    return timedelta() <= now - datetime.fromtimestamp(int.from_bytes(content[:8], "big"), UTC) + timedelta(seconds=5) <= LIFETIME


def _code(secret: bytes, content: bytes) -> bytes:
    return hmac.digest(secret, content, "sha256")[:_CODE_BYTES]
