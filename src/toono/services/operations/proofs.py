"""What the QR of a document says by itself, signed: it can be checked without a network, by whoever has the published keys.

A compact JWS (RFC 7515, ES256) after the ``#`` of the check address, which a browser never sends anywhere. Short names, since every
letter makes the squares of the QR smaller: ``c`` code, ``t`` title, ``o`` organisation, ``h`` holder (initials, two last digits of
the number), ``i`` issued, ``u`` until (0: without an end), both in seconds since 1970, ``f`` fingerprint.
"""

from __future__ import annotations

from functools import lru_cache

from joserfc.jwk import ECKey

from toono.pki import api as pki
from toono.services.domain.proofs import TYPE
from toono.services.models import Document

KEY = "documents"
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
    key = ECKey.import_key(pki.establish_key(key=KEY))
    numbers = {name: str(key.as_dict(private=False)[name]) for name in ("crv", "kty", "x", "y")}
    return {**numbers, "alg": "ES256", "use": "sig", "kid": key.thumbprint()[:8]}
