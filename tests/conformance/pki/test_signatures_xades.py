"""xmlsec1 and signxml on our XAdES, OpenSSL on its time-stamps, at every level."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.conformance.pki.signatures import LEVELS, Office, office, root_file, run
from toono.pki.contracts import FileToSign, SignatureForm, SignatureLevel
from toono.pki.errors import NotSignable

XADES = SignatureForm.XADES
DOCUMENT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<?note a?>\n<л:лавлагаа xmlns:л="urn:toono:l" xmlns="urn:d" xmlns:unused="urn:u" xml:lang="mn">'
    '\n  <нэр a="1" л:b=\'"2"\'>Ганбат &amp; Сарнай</нэр><!-- тайлбар -->\n</л:лавлагаа>\n'
).encode()
SPACES = {"ds": "http://www.w3.org/2000/09/xmldsig#", "x": "http://uri.etsi.org/01903/v1.3.2#", "y": "http://uri.etsi.org/01903/v1.4.1#"}


@pytest.fixture(scope="module")
def signer(stack: Any) -> Office:
    return office()


def verified(document: bytes, folder: Path, *, cwd: Path | None = None) -> bool:
    """By xmlsec1, with our root as the only one trusted; all three kinds of reference followed."""
    (folder / "signed.xml").write_bytes(document)
    command = [
        "xmlsec1",
        "--verify",
        "--id-attr:Id",
        "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
        "--trusted-pem",
        root_file(folder),
    ]
    said = run(*command, "--enabled-key-data", "x509", folder / "signed.xml", cwd=cwd)
    return said.returncode == 0 and "\nOK" in "\n" + said.stdout + said.stderr


@pytest.mark.parametrize("level", LEVELS)
def test_xmlsec_verifies_every_level_and_no_changed_document(signer: Office, level: SignatureLevel, tmp_path: Path) -> None:
    signed = signer.sign(DOCUMENT, XADES, level, name="лавлагаа.xml")
    assert verified(signed, tmp_path)
    assert not verified(signed.replace("Сарнай".encode(), "Сарнаи".encode(), 1), tmp_path)
    assert not verified(signed.replace(b"SigningTime>2", b"SigningTime>3", 1), tmp_path)


@pytest.mark.parametrize("level", [SignatureLevel.B_B, SignatureLevel.B_LTA])
def test_signxml_reads_it_as_xades(signer: Office, level: SignatureLevel, tmp_path: Path) -> None:
    from signxml.xades import XAdESVerifier

    plain = (
        '<t:reference xmlns:t="urn:toono:l"><t:name>Сарнай</t:name></t:reference>'.encode()
    )  # it reads neither default nor Cyrillic prefixes
    signed = signer.sign(plain, XADES, level, name="лавлагаа.xml")
    results = XAdESVerifier().verify(signed, ca_pem_file=str(root_file(tmp_path)), expect_references=2)
    assert results[0].signed_xml.tag == "{urn:toono:l}reference"
    assert any(getattr(result, "signed_properties", None) is not None for result in results)


def _stamp_over(token: bytes, data: bytes, folder: Path) -> bool:
    (folder / "t").write_bytes(token)
    (folder / "d").write_bytes(data)
    command = ["openssl", "ts", "-verify", "-token_in", "-in", folder / "t", "-data", folder / "d", "-CAfile", root_file(folder)]
    return "Verification: OK" in run(*command).stdout


def test_the_time_stamp_is_over_the_canonical_value(signer: Office, tmp_path: Path) -> None:
    signed = signer.sign(DOCUMENT, XADES, SignatureLevel.B_T, name="лавлагаа.xml")
    tree = etree.fromstring(signed)
    [token] = tree.xpath("//x:SignatureTimeStamp/x:EncapsulatedTimeStamp", namespaces=SPACES)
    [value] = tree.xpath("//ds:SignatureValue", namespaces=SPACES)
    declared = {None: "urn:d", "unused": "urn:u", "л": "urn:toono:l", "ds": SPACES["ds"], "xades": SPACES["x"], "xades141": SPACES["y"]}
    spaces = "".join(f' xmlns:{p}="{u}"' if p else f' xmlns="{u}"' for p, u in sorted(declared.items(), key=lambda one: one[0] or ""))
    canonical = f'<ds:SignatureValue{spaces} Id="{value.get("Id")}" xml:lang="mn">{value.text}</ds:SignatureValue>'.encode()
    assert _stamp_over(b64decode(token.text), canonical, tmp_path)
    assert not _stamp_over(b64decode(token.text), canonical + b" ", tmp_path)


def test_long_term_levels_carry_certificates_and_status_and_an_archive_stamp(signer: Office, tmp_path: Path) -> None:
    signed = signer.sign(DOCUMENT, XADES, SignatureLevel.B_LTA, name="лавлагаа.xml")
    tree = etree.fromstring(signed)
    for path, least in (
        ("CertificateValues/x:EncapsulatedX509Certificate", 3),
        ("CRLValues/x:EncapsulatedCRLValue", 1),
        ("OCSPValues/x:EncapsulatedOCSPValue", 2),
    ):
        found = tree.xpath(f"//x:{path}", namespaces=SPACES)
        assert len(found) >= least, path
    crl, *_ = tree.xpath("//x:EncapsulatedCRLValue", namespaces=SPACES)
    (tmp_path / "crl").write_bytes(b64decode(crl.text))
    assert "verify OK" in run("openssl", "crl", "-inform", "DER", "-in", tmp_path / "crl", "-CAfile", root_file(tmp_path), "-noout").stderr
    [token] = tree.xpath("//y:ArchiveTimeStamp/x:EncapsulatedTimeStamp", namespaces=SPACES)
    [stamped] = tree.xpath("//y:ArchiveTimeStamp", namespaces=SPACES)
    assert stamped.getparent()[-1] is stamped
    before = etree.fromstring(signed)
    [last] = before.xpath("//y:ArchiveTimeStamp", namespaces=SPACES)
    last.getparent().remove(last)
    from toono.pki.domain.signatures import xades

    [signature] = before.xpath("//ds:Signature", namespaces=SPACES)
    assert _stamp_over(b64decode(token.text), xades.archive_imprint(before, signature, None), tmp_path)
    changed = etree.fromstring(etree.tostring(before, encoding="UTF-8").replace("Сарнай".encode(), "Сарнаи".encode()))
    [signature] = changed.xpath("//ds:Signature", namespaces=SPACES)
    assert not _stamp_over(b64decode(token.text), xades.archive_imprint(changed, signature, None), tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"no xml", b"<a>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'],
)
def test_what_is_no_sound_xml_is_not_signed(signer: Office, content: bytes) -> None:
    with pytest.raises(NotSignable):
        signer.sign(content, XADES, SignatureLevel.B_B, name="a.xml")


def test_a_second_enveloped_signature_would_break_the_first_and_is_refused(signer: Office) -> None:
    signed = signer.sign(DOCUMENT, XADES, SignatureLevel.B_B, name="a.xml")
    with pytest.raises(NotSignable):
        signer.sign(signed, XADES, SignatureLevel.B_B, name="a.xml")


def test_the_same_document_at_the_same_moment_gives_the_same_digest_to_sign(signer: Office) -> None:
    from toono.kernel.clock import now
    from toono.pki.operations import sign_file

    at = now().replace(microsecond=0)
    row = sign_file.certificate_to_sign(actor=signer.actor, key=signer.key)
    for form in SignatureForm:
        content = {SignatureForm.XADES: DOCUMENT, SignatureForm.PADES: _pdf()}.get(form, DOCUMENT)
        wanted = FileToSign(name="a.xml", content=content, form=form, level=SignatureLevel.B_T, at=at)
        first, second = sign_file.prepare(row, wanted), sign_file.prepare(row, wanted)
        assert first and second and first.digest == second.digest
        assert len({first.digest, hashlib.sha256(content).digest()}) == 2


def _pdf() -> bytes:
    from toono.pki.tests.making import document

    return document()
