"""The published configuration, judged by another: OpenSSL, for the signature and the chain."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from tests.stage import Stack


@pytest.fixture
def jws(stack: Stack) -> str:
    return str(stack.http.get(f"{stack.base_url}/registry/configuration").raise_for_status().text)


def header(jws: str) -> dict[str, Any]:
    part = jws.partition(".")[0]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def chain(jws: str) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(base64.b64decode(c)) for c in header(jws)["x5c"]]


def public_pem(jws: str) -> bytes:
    return chain(jws)[0].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def dgst(tmp_path: Path, jws: str) -> subprocess.CompletedProcess[str]:
    """OpenSSL on the bytes that were signed: ES256 is ECDSA over the first two parts (RFC 7515 §5.1), its two numbers side by side (RFC 7518 §3.4)."""
    signed, _dot, signature = jws.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    (tmp_path / "signature").write_bytes(encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:])))
    (tmp_path / "signed").write_text(signed)
    (tmp_path / "key.pem").write_bytes(public_pem(jws))
    command = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "signed"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)


def test_openssl_finds_the_signature_good(tmp_path: Path, jws: str) -> None:
    found = dgst(tmp_path, jws)
    assert (found.returncode, found.stdout) == (0, "Verified OK\n"), found.stderr
    assert header(jws)["alg"] == "ES256" and header(jws)["typ"] == "toono-exchange-configuration"
    payload = jws.split(".")[1]
    content = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert "MN/GOV/state-registration" in [m["id"] for m in content["members"]]


def test_openssl_refuses_it_when_one_letter_is_changed(tmp_path: Path, jws: str) -> None:
    head, payload, signature = jws.split(".")
    changed = ("A" if payload[100] != "A" else "B").join([payload[:100], payload[101:]])
    assert dgst(tmp_path, f"{head}.{changed}.{signature}").returncode != 0


def openssl(tmp_path: Path, jws: str, anchor: bytes) -> subprocess.CompletedProcess[str]:
    signer, *above = [c.public_bytes(Encoding.PEM) for c in chain(jws)]
    for name, content in (("anchor", anchor), ("above", b"".join(above)), ("signer", signer)):
        (tmp_path / f"{name}.pem").write_bytes(content)
    command = ["openssl", "verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-CAfile", "anchor.pem"]
    return subprocess.run([*command, "-untrusted", "above.pem", "signer.pem"], cwd=tmp_path, capture_output=True, text=True, check=False)


def test_openssl_finds_the_chain_good(jws: str, tmp_path: Path) -> None:
    import toono.pki.api as pki

    judged = openssl(tmp_path, jws, "".join(pki.trust_anchors()).encode())
    assert judged.returncode == 0, judged.stderr


def test_openssl_refuses_the_chain_under_another_anchor(jws: str, tmp_path: Path) -> None:
    judged = openssl(tmp_path, jws, chain(jws)[0].public_bytes(Encoding.PEM))
    assert judged.returncode != 0
