"""Two organisations sign one file, one after the other: xmlsec1, OpenSSL, Authlib, pyHanko and our own validation on both signatures."""

from __future__ import annotations

import io
import json
import re
import zipfile
from base64 import b64decode, urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest
from authlib.jose import JsonWebSignature
from cryptography import x509

from tests.conformance.pki.signatures import LEVELS, WORDS, Office, office, root_file, run
from toono.pki.contracts import Coverage, Indication, SignatureForm, SignatureLevel
from toono.pki.errors import NotSignable
from toono.pki.tests.making import document

XML = '<л:гэрээ xmlns:л="urn:toono:l" xmlns="urn:d" xml:lang="mn"><тал>Сарнай</тал>\n<!-- тайлбар --></л:гэрээ>\n'.encode()
CONTENTS = {SignatureForm.PADES: document("Гэрээ"), SignatureForm.XADES: XML}
LAST = SignatureLevel.B_LTA


@pytest.fixture(scope="module")
def offices(stack: Any) -> tuple[Office, Office, Office]:
    return office(), office(), office()


def _reports(signed: bytes) -> list[Any]:
    from toono.pki import api

    return list(api.validate(name="a", content=signed).signatures)


def _all_pass(signed: bytes, *levels: str) -> bool:
    reports = _reports(signed)
    assert [(one.indication, one.detail) for one in reports] == [(Indication.TOTAL_PASSED, "")] * len(levels)
    return sorted(str(one.level) for one in reports) == sorted(levels)


def _signed_by(offices: tuple[Office, ...], form: SignatureForm, *levels: SignatureLevel, name: str = "гэрээ 1.txt") -> bytes:
    signed = CONTENTS.get(form, WORDS)
    for number, (one, level) in enumerate(zip(offices, levels, strict=False)):
        signed = one.sign(signed, form, level, name=name, beside=number > 0)
    return signed


@pytest.mark.parametrize("form", SignatureForm)
@pytest.mark.parametrize(("first", "second"), [(SignatureLevel.B_B, SignatureLevel.B_B), (LAST, SignatureLevel.B_T), (LAST, LAST)])
def test_every_form_takes_a_second_signer_and_the_first_stays_good(
    offices: tuple[Office, Office, Office], form: SignatureForm, first: SignatureLevel, second: SignatureLevel
) -> None:
    signed = _signed_by(offices, form, first, second)
    found = [level.value.upper().replace("_", "-") for level in (first, second)]
    if form is SignatureForm.PADES and LAST in (first, second):
        assert {one.indication for one in _reports(signed)} == {Indication.TOTAL_PASSED}
        return
    if form is SignatureForm.ASICE_CADES and second is LAST:
        found = ["B-LTA", "B-LTA"]
    assert _all_pass(signed, *found)


@pytest.mark.parametrize("form", SignatureForm)
def test_three_sign_and_a_change_of_the_content_breaks_all(offices: tuple[Office, Office, Office], form: SignatureForm) -> None:
    signed = _signed_by(offices, form, SignatureLevel.B_LT, SignatureLevel.B_LT, SignatureLevel.B_LT)
    reports = _reports(signed)
    assert [one.indication for one in reports] == [Indication.TOTAL_PASSED] * 3
    assert len({one.signatory.serial for one in reports}) == 3
    assert {one.indication for one in _reports(_changed(signed, form))} == {Indication.TOTAL_FAILED}


def _changed(signed: bytes, form: SignatureForm) -> bytes:
    if form is SignatureForm.XADES:
        return signed.replace("Сарнай".encode(), "Сарнаи".encode())
    if form in (SignatureForm.ASICE_XADES, SignatureForm.ASICE_CADES):
        return _repacked(signed, {"гэрээ 1.txt": WORDS + b" "})
    if form is SignatureForm.JADES:
        held = json.loads(signed)
        return json.dumps({**held, "payload": held["payload"][:-4] + "AAAA"}).encode()
    if form is SignatureForm.CADES:
        return signed.replace(WORDS[:8], WORDS[:7] + b"x", 1)
    return signed.replace(b"/Lang(en)", b"/Lang(mn)", 1)


def _repacked(container: bytes, changed: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(container)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            new.writestr(entry, changed.get(entry.filename, old.read(entry)))
    return out.getvalue()


# -- judges ------------------------------------------------------------------------------------------------------------


def _xmlsec(file: Path, *more: str, cwd: Path | None = None) -> bool:
    command = ["xmlsec1", "--verify", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"]
    command += ["--id-attr:Id", "http://www.w3.org/2000/09/xmldsig#:SignatureValue"]
    command += ["--trusted-pem", str(root_file(file.parent if cwd is None else cwd.parent)), "--enabled-key-data", "x509"]
    return run(*command, *more, file, cwd=cwd).returncode == 0


@pytest.mark.parametrize("level", LEVELS)
def test_xmlsec_verifies_each_signature_of_a_document(
    offices: tuple[Office, Office, Office], level: SignatureLevel, tmp_path: Path
) -> None:
    file = tmp_path / "signed.xml"
    signed = _signed_by(offices, SignatureForm.XADES, level, level, level)
    for content, good in ((signed, True), (_changed(signed, SignatureForm.XADES), False)):
        file.write_bytes(content)
        for number in (1, 2, 3):
            assert _xmlsec(file, "--node-xpath", f"(//*[local-name()='Signature'])[{number}]") is good


def test_a_later_signer_of_a_document_vouches_for_the_order(offices: tuple[Office, Office, Office], tmp_path: Path) -> None:
    """The first signature cannot be exchanged under the second."""
    signed = _signed_by(offices, SignatureForm.XADES, SignatureLevel.B_B, SignatureLevel.B_B)
    again = offices[0].sign(XML, SignatureForm.XADES, SignatureLevel.B_B, name="a.xml")
    one = re.compile(rb"<ds:Signature .*?</ds:Signature>", re.DOTALL)
    [new] = one.findall(again)
    forged = signed.replace(one.findall(signed)[0], new)
    assert [report.indication for report in _reports(forged)] == [Indication.TOTAL_PASSED, Indication.TOTAL_FAILED]
    (tmp_path / "signed.xml").write_bytes(forged)
    assert not _xmlsec(tmp_path / "signed.xml", "--node-xpath", "(//*[local-name()='Signature'])[2]")


def test_what_covers_the_whole_takes_no_second_signature_and_says_so(offices: tuple[Office, Office, Office]) -> None:
    signed = _signed_by(offices, SignatureForm.XADES, SignatureLevel.B_B)
    usual = re.sub(rb'<ds:Transform Algorithm="[^"]*xpath[^"]*">.*?</ds:Transform>', b"", signed)
    assert usual != signed
    nested = b"<a>" + signed.split(b"?>", 1)[1] + b"</a>"
    for content in (usual, nested):
        with pytest.raises(NotSignable):
            offices[1].sign(content, SignatureForm.XADES, SignatureLevel.B_B, name="a.xml", beside=True)


@pytest.mark.parametrize("form", [SignatureForm.CADES, SignatureForm.ASICE_XADES, SignatureForm.ASICE_CADES, SignatureForm.JADES])
@pytest.mark.parametrize("content", [b"", b"words", b"{}", b"\x30\x00", b"\x30\x80\x06", b"PK\x03\x04", b'{"payload":1,"signatures":[]}'])
def test_beside_nothing_there_is_no_signature(offices: tuple[Office, Office, Office], form: SignatureForm, content: bytes) -> None:
    with pytest.raises(NotSignable):
        offices[0].sign(content, form, SignatureLevel.B_B, beside=True)


def test_a_detached_signature_takes_no_second_one(offices: tuple[Office, Office, Office]) -> None:
    signed = offices[0].sign(WORDS, SignatureForm.CADES, SignatureLevel.B_B, detached=True)
    with pytest.raises(NotSignable):
        offices[1].sign(signed, SignatureForm.CADES, SignatureLevel.B_B, beside=True)


@pytest.mark.parametrize("level", LEVELS)
def test_openssl_verifies_every_signer_of_a_cms(offices: tuple[Office, Office, Office], level: SignatureLevel, tmp_path: Path) -> None:
    signed = _signed_by(offices, SignatureForm.CADES, level, level, level)
    (tmp_path / "s.p7m").write_bytes(signed)
    command = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", tmp_path / "s.p7m", "-purpose", "any"]
    said = run(*command, "-CAfile", root_file(tmp_path), "-out", tmp_path / "out", "-signer", tmp_path / "signers.pem")
    assert "CAdES Verification successful" in said.stderr
    assert (tmp_path / "out").read_bytes() == WORDS
    assert (tmp_path / "signers.pem").read_text().count("BEGIN CERTIFICATE") == 3


@pytest.mark.parametrize("level", LEVELS)
def test_judges_verify_every_signature_of_a_container(
    offices: tuple[Office, Office, Office], level: SignatureLevel, tmp_path: Path
) -> None:
    for form in (SignatureForm.ASICE_XADES, SignatureForm.ASICE_CADES):
        folder = tmp_path / form.value / "c"
        with zipfile.ZipFile(io.BytesIO(_signed_by(offices, form, level, level, name="a.txt"))) as archive:
            archive.extractall(folder)
        inside = folder / "META-INF"
        if form is SignatureForm.ASICE_XADES:
            assert sorted(one.name for one in inside.glob("*signature*")) == ["signatures.xml", "signatures002.xml"]
            assert all(_xmlsec(one, cwd=folder) for one in inside.glob("*signature*"))
            continue
        for signature, manifest in (("signature.p7s", "ASiCManifest.xml"), ("signature002.p7s", "ASiCManifest002.xml")):
            assert f'URI="META-INF/{signature}"' in (inside / manifest).read_text()
            command = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", inside / signature, "-purpose", "any"]
            command += ["-content", inside / manifest, "-CAfile", root_file(tmp_path), "-out", "/dev/null"]
            assert run(*command, cwd=folder).returncode == 0


@pytest.mark.parametrize("level", LEVELS)
def test_authlib_verifies_every_signature_of_a_general_jws(offices: tuple[Office, Office, Office], level: SignatureLevel) -> None:
    held = json.loads(_signed_by(offices, SignatureForm.JADES, level, level))
    assert set(held) == {"payload", "signatures"}
    keys = []
    for entry in held["signatures"]:
        header = json.loads(urlsafe_b64decode(entry["protected"] + "=="))
        key = x509.load_der_x509_certificate(b64decode(header["x5c"][0])).public_key()
        flattened = {"payload": held["payload"], "protected": entry["protected"], "signature": entry["signature"]}
        assert JsonWebSignature(["ES256"]).deserialize_json(flattened, key)["payload"] == WORDS
        keys.append(header["x5c"][0])
    assert keys[0] != keys[1]


def test_pyhanko_takes_both_signatures_of_a_pdf(offices: tuple[Office, Office, Office]) -> None:
    from pyhanko.pdf_utils.reader import PdfFileReader

    signed = _signed_by(offices, SignatureForm.PADES, SignatureLevel.B_LT, SignatureLevel.B_LT)
    for one in PdfFileReader(io.BytesIO(signed)).embedded_signatures:
        one.compute_integrity_info()
        summary = one.summarise_integrity_info()
        assert summary["docmdp_ok"]
    assert [one.coverage for one in _reports(signed)] == [Coverage.LATER_SIGNATURES, Coverage.LATER_SIGNATURES]


# -- strangers, and the years ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [SignatureForm.CADES, SignatureForm.JADES, SignatureForm.ASICE_CADES, SignatureForm.XADES])
def test_a_strangers_signature_is_left_as_it_is_and_ours_gets_its_level(
    offices: tuple[Office, Office, Office], form: SignatureForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toono.pki.operations import validation_material

    signed = _signed_by(offices, form, SignatureLevel.B_B)
    first = _reports(signed)[0].signatory.serial
    real = validation_material._found
    monkeypatch.setattr(validation_material, "_found", lambda der: None if (row := real(der)) and row.serial == first else row)
    grown = offices[1].sign(signed, form, LAST, name="гэрээ 1.txt", beside=True)
    reports = {one.signatory.serial: one for one in _reports(grown)}
    assert {one.indication for one in reports.values()} == {Indication.TOTAL_PASSED}
    assert {str(one.level) for serial, one in reports.items() if serial != first} == {"B-LTA"}
    assert "signature" not in {stamp.kind for stamp in reports[first].stamps}


@pytest.mark.parametrize("form", SignatureForm)
def test_care_looks_after_every_signature(
    offices: tuple[Office, Office, Office], form: SignatureForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from toono.pki import api
    from toono.pki.domain.signatures import care

    signed = _signed_by(offices, form, SignatureLevel.B_T, SignatureLevel.B_T)
    assert api.care_for(content=signed, name="a") is None
    monkeypatch.setattr(care, "MARGIN", timedelta(days=4 * 365))
    grown = api.care_for(content=signed, name="a")
    assert grown
    assert _all_pass(grown, "B-LTA", "B-LTA")
    assert api.care_for(content=grown, name="a") is None
