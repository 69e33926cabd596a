"""The published configuration, judged by others: Authlib for the signature, OpenSSL for the chain."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from authlib.jose import JsonWebSignature
from authlib.jose.errors import BadSignatureError
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from tests.stage import Stack


class Judge(JsonWebSignature):  # type: ignore[misc]
    """Authlib takes 256 kB at most unless told otherwise; the configuration of a country is longer."""

    MAX_CONTENT_LENGTH = 16 * 1024 * 1024


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


def test_authlib_finds_the_signature_good_and_reads_the_same_content(jws: str) -> None:
    found = Judge(["ES256"]).deserialize_compact(jws.encode(), public_pem(jws))
    assert found.header["typ"] == "toono-exchange-configuration"
    content = json.loads(found.payload)
    assert "MN/GOV/state-registration" in [m["id"] for m in content["members"]]


def test_authlib_refuses_it_when_one_letter_is_changed(jws: str) -> None:
    head, payload, signature = jws.split(".")
    changed = ("A" if payload[100] != "A" else "B").join([payload[:100], payload[101:]])
    with pytest.raises(BadSignatureError):
        Judge(["ES256"]).deserialize_compact(f"{head}.{changed}.{signature}".encode(), public_pem(jws))


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
