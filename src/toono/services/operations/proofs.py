"""What the QR of a document says by itself, signed: it can be checked without a network, by whoever has the published keys.

A compact JWS (RFC 7515, ES256) after the ``#`` of the check address, which a browser never sends anywhere. Short names, since every
letter makes the squares of the QR smaller: ``c`` code, ``t`` title, ``o`` organisation, ``h`` holder (initials, two last digits of
the number), ``i`` issued, ``u`` until (0: without an end), both in seconds since 1970, ``f`` fingerprint.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from toono.kernel.jose import base64url
from toono.pki import api as pki
from toono.services.models import Document

KEY = "documents"
TYPE = "tdoc"
TITLE_LETTERS = 48


def sign(document: Document, *, holder: str) -> str:
    """The signed words of a document that is about to be stored.

    :raises SignerUnavailable: try again.
    """
    title = document.title["mn"]
    payload: dict[str, object] = {
        "c": document.code,
        "t": title if len(title) <= TITLE_LETTERS else title[: TITLE_LETTERS - 1] + "…",
        "o": document.organisation,
        "h": holder,
        "i": int(document.issued_at.timestamp()),
        "u": int(document.valid_until.timestamp()) if document.valid_until else 0,
        "f": document.facts_fingerprint.replace(" ", ""),
    }
    return pki.sign_jws(key=KEY, payload=payload, typ=TYPE, kid=public_key()["kid"])


@lru_cache(maxsize=1)
def public_key() -> dict[str, str]:
    """The key as a JWK (RFC 7517); made at the first document. ``kid`` is the beginning of its thumbprint (RFC 7638)."""
    key = load_pem_public_key(pki.establish_key(key=KEY).encode())
    assert isinstance(key, EllipticCurvePublicKey)  # noqa: S101 - the signer makes no other
    numbers = key.public_numbers()
    jwk = {"crv": "P-256", "kty": "EC", "x": base64url(numbers.x.to_bytes(32, "big")), "y": base64url(numbers.y.to_bytes(32, "big"))}
    thumbprint = hashlib.sha256(json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()).digest()
    return {**jwk, "alg": "ES256", "use": "sig", "kid": base64url(thumbprint)[:8]}
