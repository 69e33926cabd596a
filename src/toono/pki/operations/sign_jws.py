"""Sign a compact JWS (RFC 7515) with a key in the signer."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from toono.pki.adapters.signer import client


def sign_jws(*, key: str, payload: dict[str, object], typ: str, kid: str, chain: Sequence[str] = ()) -> str:
    """ES256 over ``payload``; the key must be on P-256. ``chain`` (PEM, the signer's first) goes into ``x5c`` (RFC 7515 §4.1.6)."""
    header: dict[str, object] = {"alg": "ES256", "typ": typ, "kid": kid}
    if chain:
        header["x5c"] = [b64encode(_der(pem)).decode() for pem in chain]
    signed = f"{_part(header)}.{_part(payload)}"
    [der] = client().sign(key=key, digests=[hashlib.sha256(signed.encode()).digest()])
    r, s = decode_dss_signature(der)
    return f"{signed}.{_encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)


def _part(value: dict[str, object]) -> str:
    return _encoded(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
