"""A small ACME client for tests, which can also do what no good client does."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from toono.kernel.jose import base64url, from_base64url, raw_signature

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
Curve = tuple[str, str, hashes.HashAlgorithm, int]
_CURVES: dict[str, Curve] = {
    "secp256r1": ("P-256", "ES256", hashes.SHA256(), 32),
    "secp384r1": ("P-384", "ES384", hashes.SHA384(), 48),
    "secp521r1": ("P-521", "ES512", hashes.SHA512(), 66),
}


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def jwk(key: Key) -> dict[str, str]:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point, (name, _, _, size) = key.public_key().public_numbers(), _CURVES[key.curve.name]
        return {"crv": name, "kty": "EC", "x": base64url(point.x.to_bytes(size, "big")), "y": base64url(point.y.to_bytes(size, "big"))}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {"crv": "Ed25519", "kty": "OKP", "x": base64url(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))}
    numbers = key.public_key().public_numbers()
    return {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}


def _number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def jws(key: Key, header: dict[str, Any], payload: object) -> dict[str, str]:
    """A flattened JWS; ``payload`` None is the empty one of a reading request."""
    protected = base64url(json.dumps({"alg": _algorithm(key)} | header).encode())
    content = "" if payload is None else base64url(json.dumps(payload).encode())
    signed = f"{protected}.{content}".encode()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        _, _, of_curve, size = _CURVES[key.curve.name]
        signature = raw_signature(key.sign(signed, ec.ECDSA(of_curve)), size)
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        signature = key.sign(signed)
    else:
        signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return {"protected": protected, "payload": content, "signature": base64url(signature)}


def _algorithm(key: Key) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _CURVES[key.curve.name][1]
    return "EdDSA" if isinstance(key, ed25519.Ed25519PrivateKey) else "RS256"


def binding(secret: str, key_id: str, url: str, of: dict[str, str]) -> dict[str, str]:
    """An external account binding."""
    protected = base64url(json.dumps({"alg": "HS256", "kid": key_id, "url": url}).encode())
    content = base64url(json.dumps(of).encode())
    code = hmac.digest(from_base64url(secret), f"{protected}.{content}".encode(), "sha256")
    return {"protected": protected, "payload": content, "signature": base64url(code)}


def server_request(key: Key, *names: str) -> str:
    """A certificate request (CSR) as ACME carries it."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return base64url(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))


@dataclass
class Answer:
    status: int
    content: bytes
    location: str
    wait: int | None = None
    """After how many seconds to ask again."""

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.content)
        return found

    @property
    def problem(self) -> str:
        """The last part of the problem's type."""
        return str(self.json["type"]).rpartition(":")[2]


@dataclass
class Client:
    """An account's key, asking the protocol at its door."""

    key: Key = field(default_factory=new_key)
    account: str = ""

    def ask(self, asked: str, payload: object = None, /, **header: Any) -> Answer:
        """One signed request; members of ``header`` replace the right ones, None leaves one out."""
        from toono.pki import api

        who = {"kid": self.account} if self.account else {"jwk": jwk(self.key)}
        whole = {"nonce": api.acme_nonce(), "url": asked} | who | header
        return send(asked, jws(self.key, {name: value for name, value in whole.items() if value is not None}, payload))

    def register(self, secret: Any, **more: Any) -> Answer:
        """Make the account with an organisation's key."""
        url = place("new-account")
        answer = self.ask(url, {"externalAccountBinding": binding(secret.secret, secret.id, url, jwk(self.key))} | more)
        self.account = answer.location
        return answer

    def order(self, *names: str) -> Answer:
        return self.ask(place("new-order"), {"identifiers": [{"type": "dns", "value": name} for name in names]})


def place(*parts: str) -> str:
    from toono.kernel.settings import settings

    return "/".join([settings().base_url, "acme", *parts])


def send(url: str, body: object) -> Answer:
    """Hand a body to the protocol, as HTTP would."""
    from toono.pki import api

    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    steps = url.split("/acme/", 1)[1].split("/")
    steps += [""] * (3 - len(steps))
    answer = api.answer_acme(place=steps[0], named=steps[1], part=steps[2], body=content)
    return Answer(answer.status, answer.content, answer.location, answer.retry_after)
