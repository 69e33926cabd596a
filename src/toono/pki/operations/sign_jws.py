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
from toono.pki.contracts import Confirmation
from toono.pki.operations import activation


def sign_jws(
    *, key: str, payload: dict[str, object], typ: str, kid: str, chain: Sequence[str] = (), confirmation: Confirmation | None = None
) -> str:
    """ES256 over ``payload``; the key must be on P-256. ``chain`` (PEM, the signer's first) goes into ``x5c`` (RFC 7515 §4.1.6).

    :param confirmation: for the key of a natural person: what its holder confirmed, which stands in the payload as ``digest``.
    """
    header: dict[str, object] = {"alg": "ES256", "typ": typ, "kid": kid}
    if chain:
        header["x5c"] = [b64encode(_der(pem)).decode() for pem in chain]
    signed = f"{_part(header)}.{_part(payload)}"
    digests = (hashlib.sha256(signed.encode()).digest(),)
    if confirmation is None:
        [der] = client().sign(key=key, digests=digests)
    else:
        activation.ask(confirmation=confirmation, key=key, signing_input=signed)
        [der] = activation.sign(confirmation=confirmation, wanted=activation.Wanted(key=key, digests=digests))
    return f"{signed}.{base64url(raw_signature(der))}"


def _der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)


def _part(value: dict[str, object]) -> str:
    return base64url(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
