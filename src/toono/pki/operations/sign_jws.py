"""Sign a compact JWS (RFC 7515) with a key in the signer."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from toono.kernel.jose import base64url, raw_signature
from toono.pki.adapters.signer import client


def sign_jws(*, key: str, payload: dict[str, object], typ: str, kid: str, chain: Sequence[str] = ()) -> str:
    """ES256 over ``payload``; the key must be on P-256. ``chain`` (PEM, the signer's first) goes into ``x5c`` (RFC 7515 §4.1.6)."""
    header: dict[str, object] = {"alg": "ES256", "typ": typ, "kid": kid}
    if chain:
        header["x5c"] = [b64encode(_der(pem)).decode() for pem in chain]
    signed = f"{_part(header)}.{_part(payload)}"
    [der] = client().sign(key=key, digests=[hashlib.sha256(signed.encode()).digest()])
    return f"{signed}.{base64url(raw_signature(der))}"


def _der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)


def _part(value: dict[str, object]) -> str:
    return base64url(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
