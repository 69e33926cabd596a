"""Files of foreign signers that we read in part or not at all: the answer is true of them, and "damaged" is said of what is damaged alone.

Made by xmlsec1 and openssl. EN 319 102-1 §5.1.3: FORMAT_FAILURE is for what does not conform.
"""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from toono.kernel.jose import base64url, raw_signature
from toono.pki.contracts import Coverage, Indication, Profile, SignedFileKind, SubIndication
from toono.pki.domain import der
from toono.pki.domain.timestamps import StampRequest, Unit, token
from toono.pki.domain.validation import algorithms, containers, formats, judging, limits, tlv, xmltree
from toono.pki.domain.validation.judging import World
from toono.pki.domain.validation.paths import Anchor
from toono.pki.domain.validation.reading import Reading
from toono.pki.tests.making import authority, document, leaf, sealed_by

ROOT, ISSUING = authority()
SIGNER, KEY = leaf(Profile.SEAL, ISSUING)
UNIT, UNIT_KEY = leaf(Profile.TIMESTAMP, ISSUING)
assert ROOT.certificate and ISSUING.certificate
NOW = datetime.now(UTC).replace(microsecond=0)
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
FILTER = "http://www.w3.org/2002/06/xmldsig-filter2"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"


def read(content: bytes, signed: bytes | None = None) -> Reading:
    return formats.read(memoryview(content), memoryview(signed) if signed is not None else None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "c.pem").write_bytes(SIGNER.public_bytes(Encoding.PEM))
    (tmp_path / "k.pem").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return tmp_path


# -- XML: forms that we lack -----------------------------------------------------------------------------------


def transform(algorithm: str, inside: str = "") -> str:
    return f'<ds:Transform Algorithm="{algorithm}">{inside}</ds:Transform>'


def subtract(path: str, how: str = "subtract") -> str:
    return transform(FILTER, f'<f:XPath xmlns:f="{FILTER}" Filter="{how}">{path}</f:XPath>') + transform(EXCLUSIVE)


def signature(references: dict[str, str]) -> str:
    """What xmlsec1 fills in: references by their address, each with its transforms."""
    listed = "".join(
        f'<ds:Reference URI="{uri}">{f"<ds:Transforms>{how}</ds:Transforms>" if how else ""}'
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference>'
        for uri, how in references.items()
    )
    return (
        f'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/>'
        f'<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"/>{listed}</ds:SignedInfo><ds:SignatureValue/>'
        "<ds:KeyInfo><ds:X509Data><ds:X509Certificate/></ds:X509Data></ds:KeyInfo></ds:Signature>"
    )


def by_xmlsec1(folder: Path, template: str) -> bytes:
    (folder / "t.xml").write_text(template)
    command = ["xmlsec1", "--sign", "--privkey-pem", "k.pem,c.pem", "--output", "s.xml", "t.xml"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return (folder / "s.xml").read_bytes()


def enveloped(transforms: str) -> str:
    return f'<doc xmlns:e="urn:ext"><p>hi</p><e:Ext>{signature({"": transforms})}</e:Ext></doc>'


def test_a_filter_that_subtracts_every_signature_is_read_and_covers_the_rest(folder: Path) -> None:
    """XML-Signature XPath Filter 2.0, as DSS writes it."""
    content = by_xmlsec1(folder, enveloped(subtract("/descendant::ds:Signature")))
    [one] = read(content).signatures
    assert (one.failure, one.coverage) == (None, Coverage.WHOLE)
    assert read(content.replace(b"<p>hi", b"<p>ho")).signatures[0].failure is SubIndication.HASH_FAILURE
    smuggled = content.replace(b"</ds:KeyInfo>", b"</ds:KeyInfo><ds:Object><p>more</p></ds:Object>")
    assert read(smuggled).signatures[0].coverage is Coverage.PART


@pytest.mark.parametrize(
    "transforms",
    [
        subtract("/descendant::e:Ext"),
        subtract("/descendant::p", "intersect"),
        subtract("/descendant::ds:Signature", "intersect"),
        subtract("/descendant::ds:Signature").replace("ds:Signature<", "ds:Signature | /descendant::p<"),
        transform(XPATH, '<ds:XPath xmlns:e="urn:ext">not(ancestor-or-self::e:Ext)</ds:XPath>') + transform(EXCLUSIVE),
        transform("http://www.w3.org/2000/09/xmldsig#enveloped-signature")
        + transform(
            "http://www.w3.org/TR/1999/REC-xslt-19991116",
            '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0"><x:template match="@*|node()">'
            '<x:copy><x:apply-templates select="@*|node()"/></x:copy></x:template></x:stylesheet>',
        ),
    ],
)
def test_a_transform_that_we_lack_is_not_read_instead_of_damaged(folder: Path, transforms: str) -> None:
    content = by_xmlsec1(folder, enveloped(transforms))
    [one] = read(content).signatures
    assert (one.failure, one.unread, one.certificate) == (SubIndication.GENERIC, True, SIGNER.public_bytes(Encoding.DER))
    assert judging.indication(one.failure) is Indication.INDETERMINATE
    value = content.index(b"<ds:SignatureValue>") + len(b"<ds:SignatureValue>")
    forged = content[:value] + (b"B" if content[value : value + 1] == b"A" else b"A") + content[value + 1 :]
    assert read(forged).signatures[0].failure is SubIndication.SIG_CRYPTO_FAILURE


def test_a_filter_by_a_prefix_of_another_namespace_takes_no_signature_out(folder: Path) -> None:
    """``ds`` is what it is bound to where the path stands."""
    template = enveloped(subtract("/descendant::ds:Signature").replace("<f:XPath ", '<f:XPath xmlns:ds="urn:other" '))
    [one] = read(by_xmlsec1(folder, template)).signatures
    assert (one.failure, one.unread) == (SubIndication.GENERIC, True)


@pytest.mark.parametrize(
    "algorithm", [EXCLUSIVE, EXCLUSIVE + "WithComments", INCLUSIVE, "http://www.w3.org/2006/12/xml-c14n11#WithComments"]
)
def test_another_xml_file_is_made_canonical_before_it_is_compared(folder: Path, algorithm: str) -> None:
    """As a node-set of the whole file (XML-Signature §4.4.3.2): other quotes are the same file, another word is another."""
    (folder / "x.xml").write_bytes(b"<?xml version='1.0'?><a  b='1'><!-- note -->word</a>")
    content = by_xmlsec1(folder, signature({"x.xml": transform(algorithm)}))

    def failure(signed: bytes) -> SubIndication | None:
        return read(content, signed).signatures[0].failure

    assert failure((folder / "x.xml").read_bytes()) is None
    assert failure(b'<a b="1"><!-- note -->word</a>') is None
    assert failure(b"<a b='1'><!-- note -->ward</a>") is SubIndication.HASH_FAILURE
    assert failure(b"no XML at all") is SubIndication.HASH_FAILURE
    assert (failure(b'<a b="1"><!-- other -->word</a>') is None) is ("Comments" not in algorithm)
    assert failure(b"<!DOCTYPE a><a b='1'><!-- note -->word</a>") is SubIndication.GENERIC
    assert read(content).signatures[0].failure is SubIndication.SIGNED_DATA_NOT_FOUND


# -- zip: OpenDocument and others ------------------------------------------------------------------------------

ODT = {
    "mimetype": b"application/vnd.oasis.opendocument.text",
    "content.xml": b"<o:content xmlns:o='urn:o'><o:p>word</o:p></o:content>",
    "picture.png": b"\x89PNG",
    "META-INF/manifest.xml": b"<m/>",
}


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return out.getvalue()


def signed_odt(folder: Path, *members: str) -> dict[str, bytes]:
    """As ODF 1.2 part 3 has it: XML is signed in its canonical form, other files as they are."""
    for name in members:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(ODT[name])
    inside = signature({name: transform(INCLUSIVE) if name.endswith(".xml") else "" for name in members})
    namespace = "urn:oasis:names:tc:opendocument:xmlns:digitalsignature:1.0"
    template = f'<d:document-signatures xmlns:d="{namespace}" d:version="1.2">{inside}</d:document-signatures>'
    return {**ODT, "META-INF/documentsignatures.xml": by_xmlsec1(folder, template)}


def test_an_open_document_without_signatures_has_none() -> None:
    found = read(packed(ODT))
    assert (found.kind, found.failure, found.signatures) == (SignedFileKind.OPEN_DOCUMENT, None, ())


def test_a_signed_open_document_is_read_with_its_members(folder: Path) -> None:
    files = signed_odt(folder, "content.xml", "picture.png", "META-INF/manifest.xml")
    found = read(packed(files))
    [one] = found.signatures
    assert (found.kind, one.failure, one.coverage, found.uncovered) == (SignedFileKind.OPEN_DOCUMENT, None, Coverage.WHOLE, ())
    for name in ("content.xml", "picture.png", "META-INF/manifest.xml"):
        changed = {**files, name: files[name].replace(b"word", b"ward").replace(b"PNG", b"PMG").replace(b"<m/>", b"<m a='1'/>")}
        assert read(packed(changed)).signatures[0].failure is SubIndication.HASH_FAILURE
    assert read(packed({**files, "evil.xml": b"<evil/>"})).uncovered == ("evil.xml",)


def test_what_an_open_document_signature_leaves_out_is_told(folder: Path) -> None:
    assert read(packed(signed_odt(folder, "content.xml"))).uncovered == ("picture.png", "META-INF/manifest.xml")


@pytest.mark.parametrize(
    "files",
    [
        {"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>", "_xmlsignatures/sig1.xml": b"<x/>"},
        {"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0", "META-INF/A.SF": b"x", "META-INF/A.RSA": b"x", "A.class": b"x"},
        {"mimetype": b"application/epub+zip", "META-INF/container.xml": b"<x/>", "META-INF/signatures.xml": b"<signatures/>"},
    ],
)
def test_a_zip_of_another_kind_with_signatures_is_not_read(files: dict[str, bytes]) -> None:
    found = read(packed(files))
    assert (found.kind, found.failure, found.unread) == (SignedFileKind.UNKNOWN, SubIndication.GENERIC, True)


def test_a_zip_that_could_hold_no_signature_is_not_called_damaged() -> None:
    """Its names may lead anywhere: it is not for us to unpack."""
    assert read(packed({"a\\..\\b": b"x", "C:/x": b"x"})) == Reading()


def test_a_container_under_another_name_of_its_type_is_still_one() -> None:
    """A foreign mimetype does not hide what is an ASiC by its files."""
    root = b'<a:XAdESSignatures xmlns:a="http://uri.etsi.org/02918/v1.2.1#"/>'
    files = {"mimetype": b"application/x-else", "a.txt": b"x", "META-INF/signatures0.xml": root}
    assert read(packed(files)).kind is SignedFileKind.ASIC_E
    assert containers.read(io.BytesIO(packed({**files, "META-INF/signatures0.xml": b"<x>"}))).failure is SubIndication.FORMAT_FAILURE


# -- no signature ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b'{"name": "app", "version": 1}',
        b'{"name": 1, "name": 2}',
        b'{"signature": "Sarnai", "signatures": []}',
        b'{"signatures": ["Sarnai"]}',
        b'{"protected": "x", "ciphertext": "x"}',
        b"{\\rtf1 \\u1057?\\u1072?}",
        b"<!DOCTYPE html><html><br></html>",
        b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"><svg/>',
        b"<p>one<p>two",
        "<!DOCTYPE html><html/>".encode("utf-16"),
        "a note".encode("utf-16"),
    ],
)
def test_a_harmless_file_has_no_signature(content: bytes) -> None:
    found = read(content)
    assert (found.failure, found.signatures, found.unread) == (None, (), False)


DOCTYPE_SIGNED = '<!DOCTYPE a><a><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></a>'


@pytest.mark.parametrize(
    "content",
    [
        DOCTYPE_SIGNED.encode(),
        DOCTYPE_SIGNED.encode("utf-16"),
        DOCTYPE_SIGNED.encode("utf-32-le"),
        DOCTYPE_SIGNED.replace("http", "&#104;ttp").encode(),
        b'<!DOCTYPE a [<!ENTITY x "&#60;&#83;ignature/&#62;">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ATTLIST S xmlns CDATA "http://www.w3.org/2000/09/xmldsig&#35;">]><S><SignatureValue/></S>',
        b"<?xml version='1.0' encoding='UTF-7'?><!DOCTYPE a><a/>",
        b"<a><ds:SignatureValue>",
        b'{"payload": "x", "protected": "e30", "signature": ',
        b'{"\\u0073ignature": "x", "protected": ',
    ],
)
def test_what_may_hide_a_signature_is_not_said_to_have_none(content: bytes) -> None:
    assert read(content).failure is SubIndication.FORMAT_FAILURE


def test_the_traces_of_a_signature_outlive_every_encoding_that_xml_readers_know() -> None:
    for name in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "cp1251", "koi8-r"):
        assert xmltree.may_hold_signature("<ds:SignatureValue>".encode(name)), name


# -- kinds that we do not read ---------------------------------------------------------------------------------


def cms(folder: Path, *options: str) -> bytes:
    (folder / "x").write_bytes(b"hello\n")
    command = ["openssl", "cms", "-sign", "-in", "x", "-signer", "c.pem", "-inkey", "k.pem", *options]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout


def test_a_signed_letter_is_of_a_kind_that_is_not_read(folder: Path) -> None:
    for options in (["-outform", "SMIME"], ["-outform", "SMIME", "-nodetach"]):
        assert read(cms(folder, *options)) == Reading()


@pytest.mark.parametrize("label", ["CMS", "PKCS7", "PKCS #7 SIGNED DATA", "SIGNED MESSAGE", ""])
def test_pem_of_any_label_and_bare_base64_are_read(folder: Path, label: str) -> None:
    text = b64encode(cms(folder, "-outform", "DER", "-nodetach", "-binary"))
    lines = b"\r\n".join(text[place : place + 64] for place in range(0, len(text), 64))
    armoured = f"-----BEGIN {label}-----\n".encode() + lines + f"\n-----END {label}-----\n".encode() if label else lines
    for content in (armoured, b"\n" + armoured):
        [one] = read(content).signatures
        assert one.failure is None
    assert read(armoured.replace(b"MII", b"MI!", 1)).signatures == ()


def test_pem_of_something_else_is_no_signature(folder: Path) -> None:
    assert read(SIGNER.public_bytes(Encoding.PEM)) == Reading()
    assert read(b"Monday we met.\nMore follows.") == Reading()


def test_the_end_of_a_line_may_follow_a_signature_and_nothing_else(folder: Path) -> None:
    made = cms(folder, "-outform", "DER", "-nodetach", "-binary")
    for after in (b"\n", b"\r\n"):
        assert read(made + after).signatures[0].failure is None
    for after in (b"x", b"\0", b"\n" * 100, b"\n\x30\x00"):
        assert read(made + after).failure is SubIndication.FORMAT_FAILURE


# -- more than is looked at ------------------------------------------------------------------------------------


def test_a_cms_with_more_signers_than_we_look_at_is_not_called_damaged(folder: Path) -> None:
    more = []
    for number in range(limits.SIGNATURES):
        certificate, key = leaf(Profile.SEAL, ISSUING)
        (folder / f"{number}.pem").write_bytes(
            certificate.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        more += ["-signer", f"{number}.pem"]
    found = read(cms(folder, "-outform", "DER", "-nodetach", *more))
    assert (found.failure, found.detail) == (SubIndication.GENERIC, "too many signers")


def test_the_signers_certificate_is_found_among_more_than_we_keep(folder: Path) -> None:
    others = b"".join(leaf(Profile.SEAL, ISSUING)[0].public_bytes(Encoding.PEM) for _ in range(limits.CERTIFICATES + 20))
    (folder / "others.pem").write_bytes(others)
    content = cms(folder, "-outform", "DER", "-nodetach", "-certfile", "others.pem")
    found = read(content)
    own = SIGNER.public_bytes(Encoding.DER)
    assert len(found.certificates) == limits.CERTIFICATES
    assert (found.signatures[0].failure, found.signatures[0].certificate) == (None, own)


def test_an_xml_deeper_than_its_parser_goes_is_not_called_damaged() -> None:
    found = read(b"<a>" * 400 + b"</a>" * 400)
    assert (found.failure, found.kind) == (SubIndication.GENERIC, SignedFileKind.XADES)


def test_der_nested_deeper_than_we_go_is_not_called_damaged() -> None:
    content = der.sequence(der.oid("1.2.840.113549.1.7.2"), b"\xa0\x80" * 60 + b"\0" * 120)
    assert read(content).failure is SubIndication.GENERIC


@pytest.mark.parametrize("count", [limits.SIGNATURES, limits.SIGNATURES + 1])
def test_so_many_signatures_of_a_jws_and_of_an_xml(count: int) -> None:
    entry = {"protected": base64url(b"{}"), "signature": ""}
    many = count > limits.SIGNATURES
    assert (read(json.dumps({"payload": "", "signatures": [entry] * count}).encode()).failure is SubIndication.GENERIC) is many
    xml = b"<a>" + b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>' * count + b"</a>"
    assert (read(xml).failure is SubIndication.GENERIC) is many


@pytest.mark.parametrize("name", ["SIGNATURES", "ATTRIBUTES", "CONTAINER_FILES", "DEPTH"])
def test_whatever_limit_is_reached_nothing_is_called_damaged(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert ISSUING.certificate
    files = {
        "SIGNATURES": [sealed_by(SIGNER, KEY, [ISSUING.certificate], document())],
        "ATTRIBUTES": [cms(folder, "-outform", "DER", "-nodetach"), sealed_by(SIGNER, KEY, [ISSUING.certificate], document())],
        "CONTAINER_FILES": [by_xmlsec1(folder, enveloped(subtract("/descendant::ds:Signature"))), packed(ODT)],
        "DEPTH": [cms(folder, "-outform", "DER", "-nodetach", "-stream")],
    }[name]
    files.append(packed({"a.txt": b"x", "META-INF/signatures.xml": files[0]}) if name == "CONTAINER_FILES" else files[0])
    assert all(worst(read(content)) in (None, SubIndication.SIGNED_DATA_NOT_FOUND) for content in files[:-1])
    monkeypatch.setattr(limits, name, 0)
    assert all(worst(read(content)) is SubIndication.GENERIC for content in files)


def worst(found: Reading) -> SubIndication | None:
    return found.failure or next((one.failure for one in found.signatures), None)


def test_an_element_of_more_parts_than_we_count_is_not_called_damaged() -> None:
    outer = tlv.whole(der.sequence(*[der.octets(b"")] * 3))
    with pytest.raises(tlv.TooLarge):
        list(tlv.children(outer, most=2))


@pytest.mark.parametrize("kind", ["/adbe.pkcs7.sha1    ", "/adbe.x509.rsa_sha1 ", "/Else.Signature     "])
def test_a_signature_of_a_pdf_of_a_kind_that_we_lack_is_not_read(kind: str) -> None:
    assert ISSUING.certificate
    sealed = sealed_by(SIGNER, KEY, [ISSUING.certificate], document())
    [one] = read(sealed.replace(b"/ETSI.CAdES.detached", kind.encode())).signatures
    assert (one.failure, one.unread) == (SubIndication.GENERIC, True)


def test_a_jws_whose_header_is_not_signed_is_not_read() -> None:
    """RFC 7515 §7.2.1 has it so; nothing is said of its worth."""
    value = base64url(raw_signature(KEY.sign(b".eA", ec.ECDSA(hashes.SHA256()))))
    [one] = read(json.dumps({"payload": "eA", "header": {"alg": "ES256"}, "signature": value}).encode()).signatures
    assert (one.failure, one.unread) == (SubIndication.GENERIC, True)


# -- time-stamps -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stamped() -> Callable[[bytes], bytes]:
    unit = Unit(UNIT, (ISSUING.certificate,), lambda data: UNIT_KEY.sign(data, ec.ECDSA(hashes.SHA256())))  # type: ignore[arg-type]
    return lambda content: token(StampRequest("sha256", algorithms.digest("sha256", [content])), unit=unit, serial=1, at=NOW)


def granted(made: bytes) -> bytes:
    """TimeStampResp (RFC 3161 §2.4.2)."""
    return der.sequence(der.sequence(der.element(0x02, b"\0")), made)


def judged(found: Reading) -> tuple[SubIndication | None, str]:
    """Whoever else is asked for revocation: the unit's is told by our own register here."""
    assert found.stamp
    anchors = (Anchor(UNIT, "ours"),)
    report, _ = judging.judge_stamp(found.stamp, judging.world_of(found, now=datetime.now(UTC), anchors=anchors, more=World(NOW, anchors)))
    assert report.time == NOW or report.sub_indication is SubIndication.FORMAT_FAILURE
    return report.sub_indication, report.authority


@pytest.mark.parametrize("wrapped", [bytes, granted])
def test_a_time_stamp_is_judged_as_one(stamped: Callable[[bytes], bytes], wrapped: Callable[[bytes], bytes]) -> None:
    """EN 319 102-1 §5.4."""
    content = wrapped(stamped(b"hello"))
    for found in (read(content, b"hello"), read(content + b"\n", b"hello")):
        assert (found.kind, found.signatures, found.failure) == (SignedFileKind.TIME_STAMP, (), None)
        assert judged(found)[0] is None
    assert judged(read(content, b"hallo"))[0] is SubIndication.HASH_FAILURE
    assert judged(read(content))[0] is SubIndication.SIGNED_DATA_NOT_FOUND
    forged = content[:-3] + bytes([content[-3] ^ 1]) + content[-2:]
    for signed in (b"hello", None):
        assert judged(read(forged, signed))[0] is SubIndication.SIG_CRYPTO_FAILURE


def test_a_time_stamp_of_nobody_that_is_trusted_says_so_before_it_asks_for_its_file(stamped: Callable[[bytes], bytes]) -> None:
    found = read(stamped(b"hello"))
    assert found.stamp
    report, _ = judging.judge_stamp(found.stamp, World(datetime.now(UTC), ()))
    assert report.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_openssl_reads_the_answer_that_we_take_apart(stamped: Callable[[bytes], bytes], folder: Path) -> None:
    (folder / "r.tsr").write_bytes(granted(stamped(b"hello")))
    shown = subprocess.run(["openssl", "ts", "-reply", "-in", "r.tsr", "-text"], cwd=folder, check=True, capture_output=True).stdout
    assert b"Status: Granted" in shown and b"sha256" in shown
