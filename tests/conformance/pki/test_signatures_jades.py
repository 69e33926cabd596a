"""Authlib and joserfc on our JAdES as a flattened JWS, OpenSSL on its certificates and time-stamps."""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from authlib.jose import JsonWebSignature
from authlib.jose.errors import BadSignatureError
from cryptography import x509
from joserfc import jws
from joserfc.jwk import ECKey

from tests.conformance.pki.signatures import LEVELS, WORDS, Office, office, root_file, run
from toono.pki.contracts import SignatureForm, SignatureLevel

JADES = SignatureForm.JADES


class _Roomy(jws.JWSRegistry):
    """The library's limit of 512 bytes leaves no room for ``x5c``."""

    max_header_length = 16 * 1024


@pytest.fixture(scope="module")
def signer(stack: Any) -> Office:
    return office()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _header(signed: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_decoded(json.loads(signed)["protected"]))
    return found


def _key(signed: bytes) -> Any:
    return x509.load_der_x509_certificate(b64decode(_header(signed)["x5c"][0])).public_key()


@pytest.mark.parametrize("level", LEVELS)
def test_authlib_and_joserfc_verify_every_level(signer: Office, level: SignatureLevel) -> None:
    signed = signer.sign(WORDS, JADES, level)
    key = _key(signed)
    assert JsonWebSignature(["ES256"]).deserialize_json(json.loads(signed), key)["payload"] == WORDS
    registry = _Roomy(algorithms=["ES256"], strict_check_header=False)
    assert jws.deserialize_json(json.loads(signed), ECKey.import_key(_pem(key)), registry=registry).payload == WORDS


def test_authlib_refuses_another_payload_another_header_and_another_key(signer: Office) -> None:
    signed = json.loads(signer.sign(WORDS, JADES, SignatureLevel.B_B))
    other = json.loads(office().sign(WORDS, JADES, SignatureLevel.B_B))
    key = _key(json.dumps(signed).encode())
    for name in ("payload", "protected", "signature"):
        forged = {**signed, name: other[name] if name != "payload" else signed["payload"][:-4] + "AAAA"}
        with pytest.raises(BadSignatureError):
            JsonWebSignature(["ES256"]).deserialize_json(forged, key)


def test_the_header_names_the_certificate_and_the_time_and_openssl_takes_the_chain(signer: Office, tmp_path: Path) -> None:
    header = _header(signer.sign(WORDS, JADES, SignatureLevel.B_B))
    assert set(header) == {"alg", "cty", "iat", "x5t#S256", "x5c"}
    assert _decoded(header["x5t#S256"]) == sha256(b64decode(header["x5c"][0])).digest()
    for number, text in enumerate(header["x5c"]):
        (tmp_path / f"{number}.der").write_bytes(b64decode(text))
    command = ["openssl", "verify", "-CAfile", root_file(tmp_path), "-untrusted", tmp_path / "1.der", tmp_path / "0.der"]
    assert run(*command).stdout.strip().endswith("OK")


def _components(signed: bytes) -> list[dict[str, Any]]:
    return [json.loads(_decoded(one)) for one in json.loads(signed)["header"]["etsiU"]]


def _stamp_over(token: bytes, data: bytes, folder: Path) -> bool:
    (folder / "t").write_bytes(token)
    (folder / "d").write_bytes(data)
    command = ["openssl", "ts", "-verify", "-token_in", "-in", folder / "t", "-data", folder / "d", "-CAfile", root_file(folder)]
    return "Verification: OK" in run(*command).stdout


def test_openssl_verifies_both_time_stamps_over_what_the_standard_lists(signer: Office, tmp_path: Path) -> None:
    signed = signer.sign(WORDS, JADES, SignatureLevel.B_LTA)
    held, components = json.loads(signed), _components(signed)
    assert [next(iter(one)) for one in components] == ["sigTst", "xVals", "rVals", "arcTst"]
    first = b64decode(components[0]["sigTst"]["tstTokens"][0]["val"])
    assert _stamp_over(first, held["signature"].encode(), tmp_path)
    assert not _stamp_over(first, held["payload"].encode(), tmp_path)
    archive = b64decode(components[3]["arcTst"]["tstTokens"][0]["val"])
    covered = ".".join((held["payload"], held["protected"], held["signature"], "".join(held["header"]["etsiU"][:3]))).encode()
    assert _stamp_over(archive, covered, tmp_path)
    assert not _stamp_over(archive, covered[:-1], tmp_path)
    assert len(components[1]["xVals"]) >= 3
    assert components[2]["rVals"]["crlVals"]
    assert len(components[2]["rVals"]["ocspVals"]) >= 2


def _pem(key: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return str(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())
