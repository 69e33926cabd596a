"""Sign a compact JWS (RFC 7515) with a key in the signer."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from toono.kernel.jose import base64url, raw_signature
from toono.pki.adapters.signer import client
from toono.pki.contracts import Confirmation
from toono.pki.domain.algorithms import RSA_LEAST_BITS
from toono.pki.errors import AlgorithmNotSupported
from toono.pki.operations import activation


def sign_jws(
    *,
    key: str,
    payload: dict[str, object],
    typ: str,
    kid: str,
    chain: Sequence[str] = (),
    confirmation: Confirmation | None = None,
    algorithm: str = "ES256",
) -> str:
    """A JWS over ``payload``. ``chain`` (PEM, the signer's first) goes into ``x5c`` (RFC 7515 §4.1.6).

    :param confirmation: for the key of a natural person: what its holder confirmed, which stands in the payload as ``digest``.
    :param algorithm: ``ES256`` with a key on P-256, ``RS256`` with an RSA key (RFC 7518 §3.3, §3.4).
    :raises AlgorithmNotSupported: another algorithm, or one that does not fit the key.
    """
    if algorithm not in _ENCODINGS:
        raise AlgorithmNotSupported(f"{algorithm} is none of {', '.join(_ENCODINGS)}")
    header: dict[str, object] = {"alg": algorithm, "typ": typ, "kid": kid}
    if chain:
        header["x5c"] = [b64encode(_der(pem)).decode() for pem in chain]
    signed = f"{_part(header)}.{_part(payload)}"
    digests = (hashlib.sha256(signed.encode()).digest(),)
    if confirmation is None:
        [signature] = client().sign(key=key, digests=digests)
    else:
        activation.ask(confirmation=confirmation, key=key, signing_input=signed)
        [signature] = activation.sign(confirmation=confirmation, wanted=activation.Wanted(key=key, digests=digests))
    try:
        return f"{signed}.{base64url(_ENCODINGS[algorithm](signature))}"
    except (ValueError, OverflowError):
        raise AlgorithmNotSupported(f"the key {key} does not sign by {algorithm}") from None


def _pkcs1(signature: bytes) -> bytes:
    """As long as the modulus, so longer than any ECDSA signature.

    :raises ValueError: not one of an RSA key.
    """
    if len(signature) * 8 < RSA_LEAST_BITS:
        raise ValueError("too short for RSA")
    return signature


_ENCODINGS: dict[str, Callable[[bytes], bytes]] = {"ES256": raw_signature, "RS256": _pkcs1}
"""How JWS writes what the signer gives (RFC 7518 §3.3, §3.4). What is not a signature of that algorithm raises."""


def _der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)


def _part(value: dict[str, object]) -> str:
    return base64url(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
