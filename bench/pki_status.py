"""Status answers (OCSP) and time-stamps a second, by HTTP, beside OpenSSL's own speed of signing in the same run."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import httpx
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from bench.load import Result, wrk
from bench.peers import openssl_signs
from tests.stage import Stack

Add = Callable[[str, Result, str], Result]
CONNECTIONS = 32
NONCES = 2000
"""Different requests with a nonce, asked in turn; none of their answers is kept."""


def authorities(stack: Stack) -> tuple[x509.Certificate, x509.Certificate]:
    """Root and issuing authority, as a stranger gets them."""
    root, issuing = (httpx.get(f"{stack.base_url}/pki/certificates/{name}.cer").raise_for_status().content for name in ("root", "issuing"))
    return x509.load_der_x509_certificate(root), x509.load_der_x509_certificate(issuing)


def question(authority: x509.Certificate, above: x509.Certificate, nonce: bytes | None = None) -> str:
    """Path of a request about the certificate of ``authority``."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(authority, above, hashes.SHA1())
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return "/pki/ocsp/" + quote(b64encode(builder.build().public_bytes(Encoding.DER)).decode(), safe="")


def check(stack: Stack, path: str) -> None:
    """What is measured is a good answer."""
    answer = ocsp.load_der_ocsp_response(httpx.get(stack.base_url + path).content)
    if answer.certificate_status is not ocsp.OCSPCertStatus.GOOD:
        raise RuntimeError("the answer is not good")


def time_stamps(stack: Stack, folder: Path, seconds: int) -> Result:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": secrets.token_bytes(32)}
    request = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "cert_req": True}).dump()
    kind = {"Content-Type": "application/timestamp-query"}
    answer = httpx.post(f"{stack.base_url}/pki/tsa", content=request, headers=kind)
    if tsp.TimeStampResp.load(answer.content)["status"]["status"].native != "granted":
        raise RuntimeError("no time-stamp is granted")
    return wrk(f"{stack.base_url}/pki/tsa", folder=folder, connections=CONNECTIONS, seconds=seconds, headers=kind, bodies=[request])


def measure(stack: Stack, folder: Path, add: Add, *, seconds: int) -> None:
    """Pre-signed answers, answers with a nonce (each signed), time-stamps (each signed)."""
    raw = openssl_signs("p256", min(seconds, 3))
    root, issuing = authorities(stack)
    check(stack, question(issuing, root))
    check(stack, question(issuing, root, b"n" * 32))
    kept = wrk(stack.base_url + question(issuing, root), folder=folder, connections=CONNECTIONS, seconds=seconds)
    add(
        "**OCSP by HTTP, pre-signed**",
        kept,
        f"{kept.per_second / raw:.2f} of `openssl speed ecdsap256` ({raw:,.0f} signatures/s on one core)",
    )
    fresh = [question(issuing, root, secrets.token_bytes(32)) for _ in range(NONCES)]
    signed = wrk(stack.base_url, folder=folder, connections=CONNECTIONS, seconds=seconds, variants=fresh)
    add("**OCSP by HTTP, with a nonce, each signed**", signed, f"{signed.per_second / raw:.2f} of the same")
    stamps = time_stamps(stack, folder, seconds)
    add("**time-stamps by HTTP, each signed**", stamps, f"{stamps.per_second / raw:.2f} of the same")
