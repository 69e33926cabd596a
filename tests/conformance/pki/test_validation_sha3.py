"""SHA-3 in signatures that others made (ETSI TS 119 312 V2.1.1 tables 14 and 16): signxml writes XML, openssl CMS and certificates."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.algorithms import SignatureConstructionMethod as methods
from signxml.signer import XMLSigner

from toono.pki.domain.algorithm_ends import broken
from toono.pki.domain.validation import cms, paths, xades
from toono.pki.domain.validation.algorithms import SIGNATURES, digest, verifies

EC_KEY, RSA_KEY = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 3072)
BITS = (256, 384, 512)


def _openssl(folder: Path, key: Any, *options: str) -> bytes:
    """What openssl prints, with the key as ``k.pem`` and a certificate of it as ``c.pem``."""
    (folder / "k.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "x").write_bytes(b"hello")
    if not (folder / "c.pem").exists():
        request = ["req", "-x509", "-new", "-key", "k.pem", "-subj", "/CN=x", "-days", "9", "-out", "c.pem"]
        subprocess.run(["openssl", *request], cwd=folder, check=True, capture_output=True)
    return subprocess.run(["openssl", *options], cwd=folder, check=True, capture_output=True).stdout


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("kind", ["ecdsa", "pss"])
def test_xml_signed_by_signxml(bits: int, kind: str, tmp_path: Path) -> None:
    method = SignatureMethod[f"ECDSA_SHA3_{bits}" if kind == "ecdsa" else f"SHA3_{bits}_RSA_MGF1"]
    key: Any = EC_KEY if kind == "ecdsa" else RSA_KEY
    _openssl(tmp_path, key, "version")
    signer = XMLSigner(
        methods.enveloped, method, DigestAlgorithm[f"SHA3_{bits}"], CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signed = etree.tostring(signer.sign(etree.fromstring("<a><b>hello</b></a>"), key=pem, cert=(tmp_path / "c.pem").read_text()))
    [found] = xades.read(signed).signatures
    assert found.failure is None and f"sha3_{bits}" in found.algorithm and broken(found.algorithms) is None
    assert xades.read(signed.replace(b"hello", b"hallo")).signatures[0].failure is not None


@pytest.mark.parametrize("bits", BITS)
def test_cms_signed_by_openssl(bits: int, tmp_path: Path) -> None:
    """By RSA; its ECDSA with SHA-3 cannot yet be said in a CMS."""
    key = RSA_KEY
    _openssl(tmp_path, key, "version")
    made = _openssl(
        tmp_path, key, "cms", "-sign", "-binary", "-nodetach", "-in", "x", "-signer", "c.pem", "-inkey", "k.pem", "-md", f"sha3-{bits}", "-outform", "DER"
    )  # fmt: skip
    found = cms.read(made, lambda name: digest(name, [b"hello"]))
    assert found.signatures[0].failure is None
    assert cms.read(made[:-1] + bytes([made[-1] ^ 1]), lambda name: digest(name, [b"hello"])).signatures[0].failure is not None


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize(("family", "key"), [("rsa", RSA_KEY), ("ecdsa", EC_KEY)])
def test_a_signature_by_its_identifier(bits: int, family: str, key: Any, tmp_path: Path) -> None:
    """The identifiers as openssl writes them into a certificate."""
    _openssl(tmp_path, key, "version")
    made = _openssl(
        tmp_path, key, "req", "-x509", "-new", "-key", "k.pem", "-subj", "/CN=x", "-days", "9", f"-sha3-{bits}", "-outform", "DER"
    )
    certificate = x509.load_der_x509_certificate(made)
    mechanism = SIGNATURES[certificate.signature_algorithm_oid.dotted_string]
    assert (mechanism.family, mechanism.digest) == (family, f"sha3_{bits}")
    assert verifies(key.public_key(), mechanism, certificate.signature, data=certificate.tbs_certificate_bytes)
    assert not verifies(key.public_key(), mechanism, certificate.signature, data=certificate.tbs_certificate_bytes + b"x")
    assert paths.parsed(made) is not None
