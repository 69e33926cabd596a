"""Digests over canonical JSON: what was published, what was seen, what a document says."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces, in UTF-8: equal values give equal bytes."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, in hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def facts_fingerprint(*, salt: str, code: str, lines: list[tuple[str, str]]) -> str:
    """Sixteen hexadecimal digits in groups of four over what a document says.

    Keyed by a random salt that stands only in the document and beside it in the archive: a stranger who knows the code
    cannot try names and addresses until the public fingerprint fits.
    """
    value = hmac.new(bytes.fromhex(salt), canonical([code, lines]), hashlib.sha256).hexdigest()[:16].upper()
    return " ".join(value[start : start + 4] for start in range(0, 16, 4))
