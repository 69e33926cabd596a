"""unzip, xmlsec1 and OpenSSL on our ASiC-E containers with XAdES and with CAdES, at every level."""

from __future__ import annotations

import hashlib
import io
import zipfile
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.conformance.pki.signatures import LEVELS, WORDS, Office, office, root_file, run
from toono.pki.contracts import SignatureForm, SignatureLevel
from toono.pki.errors import NotSignable

FORMS = (SignatureForm.ASICE_XADES, SignatureForm.ASICE_CADES)
NAME = "лавлагаа 1.txt"
ASIC = "{http://uri.etsi.org/02918/v1.2.1#}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"


@pytest.fixture(scope="module")
def signer(stack: Any) -> Office:
    return office()


def _unpacked(container: bytes, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(container)) as archive:
        archive.extractall(folder)
    return folder


@pytest.mark.parametrize("form", FORMS)
def test_the_container_says_what_it_is_before_anything_else(signer: Office, form: SignatureForm, tmp_path: Path) -> None:
    container = signer.sign(WORDS, form, SignatureLevel.B_B, name=NAME)
    (tmp_path / "c.asice").write_bytes(container)
    assert container[30:38] == b"mimetype"
    assert container[38 : 38 + 31] == b"application/vnd.etsi.asic-e+zip"  # stored, and no extra field before it
    assert "No errors detected" in run("unzip", "-t", tmp_path / "c.asice").stdout


def _xmlsec(folder: Path) -> bool:
    """Files are named from the container's root."""
    command = ["xmlsec1", "--verify", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"]
    command += ["--trusted-pem", str(root_file(folder.parent)), "--enabled-key-data", "x509", str(folder / "META-INF" / "signatures.xml")]
    return run(*command, cwd=folder).returncode == 0


@pytest.mark.parametrize("level", LEVELS)
def test_xmlsec_verifies_the_container_with_xades(signer: Office, level: SignatureLevel, tmp_path: Path) -> None:
    folder = _unpacked(signer.sign(WORDS, SignatureForm.ASICE_XADES, level, name="a.txt"), tmp_path / "c")
    assert _xmlsec(folder)
    (folder / "a.txt").write_bytes(WORDS + b" ")
    assert not _xmlsec(folder)


def _openssl(folder: Path) -> bool:
    command = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "META-INF/signature.p7s", "-purpose", "any"]
    command += ["-content", "META-INF/ASiCManifest.xml", "-CAfile", str(root_file(folder.parent)), "-out", "/dev/null"]
    return run(*command, cwd=folder).returncode == 0


@pytest.mark.parametrize("level", LEVELS)
def test_openssl_verifies_the_container_with_cades(signer: Office, level: SignatureLevel, tmp_path: Path) -> None:
    folder = _unpacked(signer.sign(WORDS, SignatureForm.ASICE_CADES, level, name=NAME), tmp_path / "c")
    assert _openssl(folder)
    manifest = folder / "META-INF" / "ASiCManifest.xml"
    [reference] = etree.parse(manifest).getroot().iterfind(f"{ASIC}DataObjectReference")
    assert reference.findtext(f"{DS}DigestValue") == b64encode(hashlib.sha256((folder / NAME).read_bytes()).digest()).decode()
    manifest.write_bytes(manifest.read_bytes().replace(b"<ds:DigestValue>", b"<ds:DigestValue>A", 1))
    assert not _openssl(folder)


def test_openssl_verifies_the_archive_time_stamp_over_the_manifest_that_names_every_file(signer: Office, tmp_path: Path) -> None:
    folder = _unpacked(signer.sign(WORDS, SignatureForm.ASICE_CADES, SignatureLevel.B_LTA, name="a.txt"), tmp_path / "c")
    manifest = folder / "META-INF" / "ASiCArchiveManifest.xml"
    command = ["openssl", "ts", "-verify", "-token_in", "-in", "META-INF/timestamp001.tst", "-CAfile", str(root_file(tmp_path))]
    assert "Verification: OK" in run(*command, "-data", manifest, cwd=folder).stdout
    assert "Verification: OK" not in run(*command, "-data", "META-INF/ASiCManifest.xml", cwd=folder).stdout
    named = {
        one.get("URI"): one.findtext(f"{DS}DigestValue") for one in etree.parse(manifest).getroot().iterfind(f"{ASIC}DataObjectReference")
    }
    assert set(named) == {"a.txt", "META-INF/ASiCManifest.xml", "META-INF/signature.p7s"}
    for name, digest in named.items():
        assert b64encode(hashlib.sha256((folder / name).read_bytes()).digest()).decode() == digest


@pytest.mark.parametrize("name", ["", "../a", "/etc/passwd", "a/b", "a\\b", "mimetype", "META-INF", "a\n", ".."])
def test_a_name_that_would_leave_the_container_is_refused(signer: Office, name: str) -> None:
    for form in FORMS:
        with pytest.raises(NotSignable):
            signer.sign(WORDS, form, SignatureLevel.B_B, name=name)
