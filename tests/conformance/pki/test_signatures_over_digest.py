"""XAdES and JAdES over the digest of a file that its holder keeps: xmlsec1 and OpenSSL judge them beside the file, and so does our own validation."""

from __future__ import annotations

import hashlib
import json
import subprocess
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from toono.kernel.jose import der_signature, raw_signature
from toono.pki.contracts import Coverage, Profile, SignatureLevel, SubIndication
from toono.pki.domain.csc import Envelope, Piece
from toono.pki.domain.signatures import jades, xades
from toono.pki.domain.signatures.signatory import Signatory
from toono.pki.domain.validation import formats
from toono.pki.tests.making import authority, leaf

WORDS = "Зээлийн гэрээ № 12\n".encode()
ROOT, ISSUING = authority()
SIGNER, KEY = leaf(Profile.SEAL, ISSUING)
assert ROOT.certificate and ISSUING.certificate
WHO = Signatory(SIGNER, (ISSUING.certificate,))
AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
PIECE = Piece(format="X", level=SignatureLevel.B_B, envelope=Envelope.DETACHED, digest=hashlib.sha256(WORDS).digest())


def value(to_be_signed: bytes) -> bytes:
    return raw_signature(KEY.sign(hashlib.sha256(to_be_signed).digest(), ec.ECDSA(Prehashed(hashes.SHA256()))))


def signed(format_: str) -> bytes:
    prepare = xades.prepare_over_digest if format_ == "X" else jades.prepare_over_digest
    ready = prepare(PIECE.digest, WHO, at=AT, uri=PIECE.address)
    return ready.completed(value(ready.to_be_signed))


def test_xmlsec_verifies_the_xml_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "s.xml").write_bytes(signed("X"))
    (tmp_path / "root.pem").write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))  # type: ignore[union-attr]
    command = ["xmlsec1", "--verify", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", "--enabled-key-data", "x509"]
    command += ["--trusted-pem", "root.pem", f"--url-map:{PIECE.address}", "file", "s.xml"]
    for content, expected in ((WORDS, 0), (WORDS + b" ", 1)):
        (tmp_path / "file").write_bytes(content)
        assert subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60).returncode == expected


def test_openssl_verifies_the_json_and_its_header_names_the_file(tmp_path: Path) -> None:
    held = json.loads(signed("J"))
    header = json.loads(urlsafe_b64decode(held["protected"] + "=="))
    named = header["sigD"]
    assert "payload" not in held and "cty" not in header and header["b64"] is False and set(header["crit"]) == {"b64", "sigD"}
    assert named["mId"].endswith("/ObjectIdByURIHash") and named["hashM"] == "S256" and named["pars"] == [PIECE.address]
    assert urlsafe_b64decode(named["hashV"][0] + "==") == hashlib.sha256(WORDS).digest()
    public = x509.load_der_x509_certificate(SIGNER.public_bytes(Encoding.DER)).public_key()
    (tmp_path / "k.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "s").write_bytes(der_signature(urlsafe_b64decode(held["signature"] + "=="), 32))
    command = ["openssl", "dgst", "-sha256", "-verify", "k.pem", "-signature", "s"]
    said = subprocess.run(command, cwd=tmp_path, input=f"{held['protected']}.".encode(), capture_output=True, timeout=60)
    assert said.stdout.strip() == b"Verified OK"


@pytest.mark.parametrize("format_", ["X", "J"])
def test_our_validation_reads_it_beside_the_file_and_with_no_other(format_: str) -> None:
    made = memoryview(signed(format_))
    [good] = formats.read(made, memoryview(WORDS)).signatures
    assert (good.failure, good.detail, good.coverage, good.bound) == (None, "", Coverage.WHOLE, True)
    assert good.covered == (PIECE.address,) and good.certificate == SIGNER.public_bytes(Encoding.DER)
    assert formats.read(made, memoryview(WORDS + b" ")).signatures[0].failure is SubIndication.HASH_FAILURE
    assert formats.read(made).signatures[0].failure is SubIndication.SIGNED_DATA_NOT_FOUND


def test_what_is_kept_elsewhere_gets_no_archive_time_stamp() -> None:
    with pytest.raises(xades.NotXml):
        xades.archive_time_stamped(signed("X"), lambda _: b"token")
    with pytest.raises(jades.NotJades, match="not in the file"):
        jades.archive_time_stamped(signed("J"), lambda _: b"token")
    with pytest.raises(jades.NotJades):
        jades.prepare_beside(signed("J"), WHO, at=AT)


def test_json_without_a_payload_that_names_nothing_is_none() -> None:
    held = json.loads(jades.prepare(WORDS, WHO, at=AT, media_type="text/plain").completed(b"\x00" * 64))
    del held["payload"]
    with pytest.raises(jades.NotJades, match="no payload"):
        jades.signature_values(json.dumps(held).encode())
