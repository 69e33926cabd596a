"""Message signatures (RFC 9421) and client assertions (RFC 7523), with a key on P-256."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ALGORITHM = "ecdsa-p256-sha256"
ASSERTION_SECONDS = 60


class Key:
    """The private key of a system, and the name under which the registry knows its public half."""

    def __init__(self, key: EllipticCurvePrivateKey, key_id: str) -> None:
        """:raises ValueError: the key is not on P-256, or its name could not be written into a header."""
        if not isinstance(key.curve, SECP256R1):
            raise ValueError("the key must be on P-256")
        if not key_id or not all(" " <= c <= "~" and c not in '"\\' for c in key_id):
            raise ValueError("the key's id must be printable ASCII without quotes")
        self._key, self.id = key, key_id

    @classmethod
    def load(cls, file: str | Path, key_id: str, *, password: bytes | None = None) -> Key:
        """A key from a PEM file (PKCS#8).

        :raises ValueError: it is none.
        """
        key = load_pem_private_key(Path(file).read_bytes(), password)
        if not isinstance(key, EllipticCurvePrivateKey):
            raise ValueError("the key must be on P-256")
        return cls(key, key_id)

    def _sign(self, data: bytes) -> bytes:
        """``r`` and ``s``, 32 bytes each: the form of both RFC 9421 (§3.3.4) and RFC 7518 (§3.4)."""
        r, s = decode_dss_signature(self._key.sign(data, ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def signature_headers(
        self, method: str, target_uri: str, headers: Mapping[str, str], body: bytes | None, *, now: float
    ) -> dict[str, str]:
        """What is added to a request so that every one of ``headers`` (names in lower case), its address and its body are signed."""
        added = {"content-digest": content_digest(body)} if body else {}
        values = {"@method": method, "@target-uri": target_uri, **headers, **added}
        covered = " ".join(f'"{name}"' for name in values)
        parameters = f'({covered});created={int(now)};nonce="{secrets.token_urlsafe(18)}";keyid="{self.id}";alg="{ALGORITHM}"'
        lines = [*(f'"{name}": {value}' for name, value in values.items()), f'"@signature-params": {parameters}']
        value = base64.b64encode(self._sign("\n".join(lines).encode())).decode()
        return {**added, "signature-input": f"sig1={parameters}", "signature": f"sig1=:{value}:"}

    def assertion(self, system: str, audience: str, *, now: float) -> str:
        """A client assertion, good for one token at ``audience``."""
        header = {"alg": "ES256", "typ": "JWT", "kid": self.id}
        moment = int(now)
        claims = {
            "iss": system,
            "sub": system,
            "aud": audience,
            "iat": moment,
            "exp": moment + ASSERTION_SECONDS,
            "jti": secrets.token_urlsafe(18),
        }
        signed = f"{_encoded(json.dumps(header).encode())}.{_encoded(json.dumps(claims).encode())}"
        return f"{signed}.{_encoded(self._sign(signed.encode()))}"


def content_digest(body: bytes) -> str:
    """``Content-Digest`` of a body (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
