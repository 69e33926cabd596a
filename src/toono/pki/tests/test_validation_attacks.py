"""Files made to deceive or to exhaust: each gets the answer that fits, within bounds."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import re
import socket
import subprocess
import time
import warnings
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Callable
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore
from signxml import XMLSigner, methods

from toono.kernel import public_network
from toono.kernel.jose import base64url, raw_signature
from toono.pki.adapters import fetching, file_reader
from toono.pki.contracts import Coverage, Profile, SignedFileKind, SubIndication
from toono.pki.domain.validation import containers, formats, limits, pdf, tlv, xades, xmltree
from toono.pki.domain.validation.reading import Reading
from toono.pki.tests.making import authority, document, leaf, sealed_by

ROOT, ISSUING = authority()
SIGNER, KEY = leaf(Profile.SEAL, ISSUING)
assert ISSUING.certificate
SEALED = sealed_by(SIGNER, KEY, [ISSUING.certificate], document())


def read(content: bytes, signed: bytes | None = None) -> Reading:
    return formats.read(memoryview(content), memoryview(signed) if signed is not None else None)


def by_pyhanko() -> signers.SimpleSigner:
    der = KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    certificate = asn1_x509.Certificate.load(SIGNER.public_bytes(Encoding.DER))
    return signers.SimpleSigner(
        signing_cert=certificate, signing_key=keys.PrivateKeyInfo.load(der), cert_registry=SimpleCertificateStore.from_certs([certificate])
    )


# -- PDF -------------------------------------------------------------------------------------------------------


def updated(content: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """An incremental update after the signature."""
    writer = IncrementalPdfFileWriter(BytesIO(content))
    change(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def page_of(writer: IncrementalPdfFileWriter) -> Any:
    return writer.root["/Pages"]["/Kids"][0].get_object()


def test_a_sealed_document_is_whole() -> None:
    [one] = read(SEALED).signatures
    assert (one.failure, one.coverage, one.bound) == (None, Coverage.WHOLE, True)


def test_other_content_put_over_the_signed_one_is_a_change() -> None:
    """Shadow attack, replace: the page shows another stream since the update."""

    def replace(writer: IncrementalPdfFileWriter) -> None:
        page = page_of(writer)
        stream = generic.StreamObject(stream_data=b"BT /F1 24 Tf 72 700 Td (1 000 000) Tj ET")
        page[generic.pdf_name("/Contents")] = writer.add_object(stream)
        writer.mark_update(writer.root["/Pages"]["/Kids"].raw_get(0))

    [one] = read(updated(SEALED, replace)).signatures
    assert one.failure is None and one.coverage is Coverage.CHANGED


def test_an_overlay_taken_away_after_the_signature_is_a_change() -> None:
    """Shadow attack, hide: what lay over the content when it was signed is gone."""

    def hide(writer: IncrementalPdfFileWriter) -> None:
        page = page_of(writer)
        page[generic.pdf_name("/Annots")] = generic.ArrayObject()
        writer.mark_update(writer.root["/Pages"]["/Kids"].raw_get(0))

    assert read(updated(SEALED, hide)).signatures[0].coverage is Coverage.CHANGED


def test_a_large_empty_signature_field_could_hide_what_was_signed() -> None:
    def cover(writer: IncrementalPdfFileWriter) -> None:
        fields.append_signature_field(writer, fields.SigFieldSpec("Cover", box=(0, 0, 590, 840)))

    assert read(updated(SEALED, cover)).signatures[0].coverage in {Coverage.FORM_FILLED, Coverage.CHANGED}


def test_a_later_signature_is_no_change_but_one_after_a_closing_seal_is() -> None:
    def again(content: bytes, name: str, **more: Any) -> bytes:
        metadata = signers.PdfSignatureMetadata(field_name=name, md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES, **more)
        return bytes(signers.sign_pdf(IncrementalPdfFileWriter(BytesIO(content)), metadata, by_pyhanko()).getbuffer())

    first, second = read(again(SEALED, "Second")).signatures
    assert (first.coverage, second.coverage) == (Coverage.LATER_SIGNATURES, Coverage.WHOLE)
    closed = again(document(), "Closing", certify=True, docmdp_permissions=fields.MDPPerm.NO_CHANGES)

    def write_over(writer: IncrementalPdfFileWriter) -> None:
        writer.root[generic.pdf_name("/Lang")] = generic.TextStringObject("mn")
        writer.update_root()

    assert read(updated(closed, write_over)).signatures[0].coverage is Coverage.CHANGED


def resigned(content: bytes, last: int) -> bytes:
    """The same document under a signature, correct in itself, that leaves the last bytes out."""
    match = re.search(rb"/ByteRange ?\[ ?(\d+) (\d+) (\d+) (\d+) ?\]", content)
    assert match
    start, length, second, rest = (int(value) for value in match.groups())
    old = match.group(0)
    new = old.replace(str(rest).encode(), str(rest - last).encode().rjust(len(str(rest)), b"0"))
    content = content.replace(old, new)
    import hashlib

    digest = hashlib.sha256(content[start : start + length] + content[second : second + rest - last]).digest()
    made = asyncio.run(by_pyhanko().async_sign(digest, "sha256")).dump()
    room = second - length - 2
    return content[: length + 1] + made.hex().encode().ljust(room, b"0") + content[second - 1 :]


def test_a_signature_that_covers_less_than_it_shows_is_refused() -> None:
    whole = resigned(SEALED, 0)
    assert read(whole).signatures[0].failure is None  # the recipe itself is sound
    [one] = read(resigned(SEALED, 40)).signatures
    assert one.failure is SubIndication.FORMAT_FAILURE and "less" in one.detail


def test_a_signature_beside_the_form_is_not_taken_for_none() -> None:
    assert read(document() + b"\n% /ByteRange [0 1 2 3]\n").failure is SubIndication.FORMAT_FAILURE


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7\n", SEALED[:2000], SEALED[:-300], b"%PDF-1.7" + b"<<" * 5000, SEALED.replace(b"/Contents", b"/Contentz")]
)
def test_a_damaged_pdf_is_an_answer(content: bytes) -> None:
    found = read(content)
    assert found.failure is SubIndication.FORMAT_FAILURE or all(one.failure for one in found.signatures)


# -- XML -------------------------------------------------------------------------------------------------------

BILL = b'<bills><bill Id="b1"><sum>100</sum></bill></bills>'


def signed_part() -> Any:
    return XMLSigner(method=methods.enveloped, signature_algorithm="ecdsa-sha256").sign(
        etree.fromstring(BILL), key=KEY, cert=[SIGNER], reference_uri="b1"
    )


def test_a_signature_over_one_element_covers_that_element_alone() -> None:
    [one] = xades.read(etree.tostring(signed_part())).signatures
    assert one.failure is None and one.covered == ("bill#b1",)
    assert one.coverage is Coverage.WHOLE  # there is nothing else in the document


def test_a_signed_element_moved_away_leaves_an_unsigned_document() -> None:
    """Signature wrapping: the signed bill goes into a corner, another one takes its place."""
    root = signed_part()
    bill = root.find("bill")
    corner = etree.SubElement(root, "corner")
    corner.append(bill)
    evil = etree.fromstring(b"<bill><sum>1000000</sum></bill>")
    root.insert(0, evil)
    [one] = xades.read(etree.tostring(root)).signatures
    assert one.failure is None and one.coverage is Coverage.PART


def test_two_elements_of_one_identifier_are_refused() -> None:
    root = signed_part()
    root.insert(0, etree.fromstring(b'<bill Id="b1"><sum>1000000</sum></bill>'))
    [one] = xades.read(etree.tostring(root)).signatures
    assert one.failure is SubIndication.FORMAT_FAILURE and "twice" in one.detail


def test_a_signature_has_one_signed_info_and_known_ways() -> None:
    """Of two, one program would read the first and another the last."""
    root = signed_part()
    info = root.find(f".//{xmltree.DS}SignedInfo")
    info.addnext(deepcopy(info))
    assert xades.read(etree.tostring(root)).signatures[0].failure is SubIndication.FORMAT_FAILURE
    for name in ("SignedInfo", "SignatureValue"):
        root = signed_part()
        part = root.find(f".//{xmltree.DS}{name}")
        part.getparent().remove(part)
        assert xades.read(etree.tostring(root)).signatures[0].failure is SubIndication.FORMAT_FAILURE
    for name in ("CanonicalizationMethod", "SignatureMethod", "DigestMethod"):
        root = signed_part()
        root.find(f".//{xmltree.DS}{name}").set("Algorithm", "urn:none")
        assert xades.read(etree.tostring(root)).signatures[0].failure is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


def test_a_signature_over_nothing_is_refused() -> None:
    root = signed_part()
    info = root.find(f".//{xmltree.DS}SignedInfo")
    for reference in info.findall(xmltree.DS + "Reference"):
        info.remove(reference)
    how = xmltree.form(info.find(xmltree.DS + "CanonicalizationMethod"))
    assert how
    value = raw_signature(KEY.sign(xmltree.canonical(info, how), ec.ECDSA(hashes.SHA256())))
    root.find(f".//{xmltree.DS}SignatureValue").text = b64encode(value).decode()
    [one] = xades.read(etree.tostring(root)).signatures
    assert one.failure is SubIndication.FORMAT_FAILURE and "over nothing" in one.detail


def test_an_object_put_into_an_enveloped_signature_is_not_covered() -> None:
    root = XMLSigner(method=methods.enveloped, signature_algorithm="ecdsa-sha256").sign(etree.fromstring(BILL), key=KEY, cert=[SIGNER])
    assert xades.read(etree.tostring(root)).signatures[0].coverage is Coverage.WHOLE
    smuggled = etree.SubElement(root.find(xmltree.DS + "Signature"), xmltree.DS + "Object")
    smuggled.append(etree.fromstring(b"<bill><sum>1000000</sum></bill>"))
    assert xades.read(etree.tostring(root)).signatures[0].coverage is Coverage.PART


SIGNED_SOMEHOW = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>'


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ('<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]><a>&z;</a>', SubIndication.FORMAT_FAILURE),
        (f'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a>{SIGNED_SOMEHOW}</a>', SubIndication.FORMAT_FAILURE),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', SubIndication.FORMAT_FAILURE),
        ("<a>" * 100_000, SubIndication.GENERIC),
        (SIGNED_SOMEHOW[:-2] + " ".join(f'b{n}="1"' for n in range(100)), SubIndication.FORMAT_FAILURE),
    ],
)
def test_entities_types_and_towers_are_refused(text: str, failure: SubIndication) -> None:
    assert read(text.encode()).failure is failure


def test_a_tree_without_a_canonical_form_is_an_answer() -> None:
    """A relative namespace has none (C14N 1.0 §1.3); found by the fuzzer."""
    content = etree.tostring(signed_part()).replace(b"<sum>", b'<sum xmlns="relative">')
    [one] = xades.read(content).signatures
    assert one.failure is SubIndication.FORMAT_FAILURE


def test_a_manifest_without_its_parts_is_an_answer() -> None:
    manifest = (
        b'<a:ASiCManifest xmlns:a="http://uri.etsi.org/02918/v1.2.1#"><a:SigReference URI="META-INF/s.p7s"/>'
        b'<a:DataObjectReference URI="a.txt"/></a:ASiCManifest>'
    )
    content = container(("a.txt", b"x"), ("META-INF/s.p7s", b"x"), ("META-INF/ASiCManifest.xml", manifest))
    assert read(content).failure is SubIndication.FORMAT_FAILURE


def test_a_transform_that_is_a_program_is_not_run() -> None:
    root = signed_part()
    transform = root.find(f".//{xmltree.DS}Transform")
    transform.set("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")
    [one] = xades.read(etree.tostring(root)).signatures
    assert one.failure is SubIndication.SIG_CRYPTO_FAILURE  # the signer had named another


# -- containers ------------------------------------------------------------------------------------------------


def container(*entries: tuple[str, bytes], packed: bool = True) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as made:
        warnings.simplefilter("ignore")  # two files of one name, on purpose
        made.writestr("mimetype", "application/vnd.etsi.asic-e+zip")
        for name, content in entries:
            made.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (container(("../evil", b"x")), "leads out"),
        (container(("/etc/passwd", b"x")), "leads out"),
        (container(("a\\..\\b", b"x")), "leads out"),
        (container(("C:/x", b"x")), "leads out"),
        (container(("a\x01b", b"x")), "leads out"),
        (container(("a\x7fb", b"x")), "leads out"),
        (container(("a/./b", b"x")), "leads out"),
        (container(("a.txt", b"x"), ("a.txt", b"y")), "one name"),
        (container(("a.txt", b"x"), ("A.TXT", b"y")), "one name"),
    ],
)
def test_a_hostile_container_is_refused_before_it_is_unpacked(content: bytes, word: str) -> None:
    found = read(content)
    assert found.failure is SubIndication.FORMAT_FAILURE and word in found.detail


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (container(("a" * 241, b"x")), "longer than"),
        (container(("bomb", b"\0" * 40_000_000)), "grows too much"),
        (container(*((f"f{n}", b"") for n in range(limits.CONTAINER_FILES + 1))), "too many"),
    ],
)
def test_a_container_beyond_the_limits_is_left_unpacked_and_not_called_damaged(content: bytes, word: str) -> None:
    found = read(content)
    assert found.failure is SubIndication.GENERIC and word in found.detail


def test_a_file_that_is_larger_than_it_says_is_refused() -> None:
    content = bytearray(container(("META-INF/signatures.xml", b"<a>" + b"x" * 5000 + b"</a>")))
    place = content.rindex(b"PK\x01\x02")
    content[place + 24 : place + 28] = (10).to_bytes(4, "little")
    assert read(bytes(content)).failure is SubIndication.FORMAT_FAILURE


def test_a_message_of_the_exchange_is_called_what_it_is() -> None:
    found = read(container(("message.xml", b"<x/>"), ("META-INF/signatures.xml", b"<y/>"), ("ts-hashchain.xml", b"<z/>")))
    assert found.kind is SignedFileKind.EXCHANGE


def test_a_program_in_a_zip_is_no_signed_container() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0")
        made.writestr("A.class", b"x")
    assert containers.read(BytesIO(out.getvalue())).kind is SignedFileKind.UNKNOWN


# -- DER, JWS, size --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80" * 200, b"\x1f\x81\x01\x00", b"\x30\x03\x02\x01", b"\x30\x00\x00"],
)
def test_der_that_cannot_be_is_refused(content: bytes) -> None:
    with pytest.raises(tlv.Malformed):
        tlv.items(tlv.whole(content))
        raise tlv.Malformed("an empty sequence is whole, and holds nothing")


@pytest.mark.parametrize(
    ("content", "failure"),
    [
        (b'{"payload":"","protected":"e30","signature":""}', SubIndication.CRYPTO_CONSTRAINTS_FAILURE),
        (b'{"payload":"","payload":"x","protected":"e30","signature":""}', SubIndication.FORMAT_FAILURE),
        (b"eyJhbGciOiJub25lIn0.e30.", SubIndication.CRYPTO_CONSTRAINTS_FAILURE),
        (b"eyJhbGciOiJIUzI1NiIsImNyaXQiOlsieCJdfQ.e30.AA", SubIndication.FORMAT_FAILURE),
        (b'{"signature":' * 50_000, SubIndication.FORMAT_FAILURE),
        (b"{" * 50_000, None),
        (b"[" * 50_000, None),
    ],
)
def test_a_jws_without_worth_is_refused(content: bytes, failure: SubIndication | None) -> None:
    found = read(content)
    assert (found.failure or (found.signatures[0].failure if found.signatures else None)) is failure


def jws(protected: dict[str, Any], unprotected: dict[str, Any], payload: str | None = "eA") -> bytes:
    """Signed by the signer's key under any header."""
    header = base64url(json.dumps({"alg": "ES256"} | protected).encode())
    value = raw_signature(KEY.sign(f"{header}.{payload or ''}".encode(), ec.ECDSA(hashes.SHA256())))
    whole = {"protected": header, "header": unprotected, "signature": base64url(value)}
    return json.dumps(whole | ({"payload": payload} if payload is not None else {})).encode()


def test_a_jws_names_its_certificate_where_the_signature_covers_it_or_is_below_the_baseline() -> None:
    own, other = (b64encode(one.public_bytes(Encoding.DER)).decode() for one in (SIGNER, ISSUING.certificate))
    digests = [base64url(hashlib.sha256(b64decode(one)).digest()) for one in (own, other)]
    for protected, unprotected, bound in (
        ({"x5c": [own]}, {}, True),
        ({"x5t#S256": digests[0]}, {"x5c": [own]}, True),
        ({}, {"x5c": [own]}, False),
    ):
        [one] = read(jws(protected, unprotected)).signatures
        assert (one.failure, one.bound) == (None, bound)
    [one] = read(jws({"x5t#S256": digests[1]}, {"x5c": [own]})).signatures
    assert one.failure is SubIndication.NO_SIGNING_CERTIFICATE_FOUND and not one.bound
    assert read(jws({"x5c": [other]}, {})).signatures[0].failure is SubIndication.SIG_CRYPTO_FAILURE
    assert read(jws({}, {})).signatures[0].failure is SubIndication.NO_SIGNING_CERTIFICATE_FOUND


def test_a_jws_that_names_what_it_signs_in_an_unknown_way_never_passes() -> None:
    x5c = {"x5c": [b64encode(SIGNER.public_bytes(Encoding.DER)).decode()]}
    by_hash = {"mId": "http://uri.etsi.org/19182/ObjectIdByURIHash", "pars": ["x"], "hashM": "S256", "hashV": [base64url(b"x" * 32)]}
    for protected, payload, failure in (
        ({"sigD": by_hash, "crit": ["sigD"]}, "eA", SubIndication.FORMAT_FAILURE),  # inside and outside
        ({"sigD": by_hash | {"mId": "urn:none"}}, None, SubIndication.GENERIC),
        ({"sigD": by_hash | {"mId": "http://uri.etsi.org/19182/HttpHeaders"}}, None, SubIndication.GENERIC),
        ({"sigD": by_hash | {"pars": []}}, None, SubIndication.FORMAT_FAILURE),
        ({"sigD": by_hash | {"pars": ["x", "y"]}}, None, SubIndication.GENERIC),
        ({"sigD": by_hash}, None, SubIndication.SIGNED_DATA_NOT_FOUND),
        ({"b64": False}, "eA", SubIndication.FORMAT_FAILURE),  # read as text by one program and as base64 by another
        ({"crit": ["exp"], "exp": 1}, "eA", SubIndication.FORMAT_FAILURE),
        ({}, None, SubIndication.SIGNED_DATA_NOT_FOUND),
    ):
        assert read(jws(x5c | protected, {}, payload)).signatures[0].failure is failure, protected
    beside = memoryview(jws(x5c | {"sigD": by_hash | {"hashM": "urn:none"}}, {}, None))
    assert formats.read(beside, memoryview(b"x")).signatures[0].failure is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


def test_a_signature_of_ten_megabytes_and_a_file_of_a_hundred_are_read_within_bounds(tmp_path: Path) -> None:
    """In the process of its own, whose memory is bounded; the signed content is never copied."""
    (tmp_path / "c.pem").write_bytes(SIGNER.public_bytes(Encoding.PEM))
    (tmp_path / "k.pem").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for size in (10_000_000, 100_000_000):
        with (tmp_path / "big").open("wb") as big:
            big.truncate(size)
        command = [
            "openssl",
            "cms",
            "-sign",
            "-binary",
            "-cades",
            "-nodetach",
            "-stream",
            "-in",
            "big",
            "-signer",
            "c.pem",
            "-inkey",
            "k.pem",
        ]
        subprocess.run([*command, "-outform", "DER", "-out", "big.p7m"], cwd=tmp_path, check=True)
        began = time.monotonic()
        with (tmp_path / "big.p7m").open("rb") as file:
            [one] = file_reader.read(file).signatures
        assert one.failure is None and one.bound
        assert time.monotonic() - began < 60


def test_a_file_that_asks_for_too_much_ends_its_reader_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.pdf").write_bytes(SEALED)
    monkeypatch.setattr(file_reader, "READING_SECONDS", 0.01)
    with (tmp_path / "x.pdf").open("rb") as file:
        found = file_reader.read(file)
    assert found.failure is SubIndication.GENERIC


# -- what is asked elsewhere -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://localhost/x",
        "http://[::1]/x",
        "http://[::ffff:127.0.0.1]/x",
        "http://10.0.0.1/x",
        "http://169.254.169.254/latest/meta-data",
        "http://192.168.1.1/",
        "http://0.0.0.0/",
        "http://100.64.0.1/",
        "http://127.1/",
        "http://8.8.8.8:8400/x",
        "file:///etc/passwd",
        "ldap://8.8.8.8/x",
        "http://user@8.8.8.8/x",
        "http://8.8.8.8:99999/",
        "//x",
    ],
)
def test_no_address_inside_is_asked(url: str) -> None:
    with pytest.raises(public_network.Unreachable):
        fetching.get(url, most_bytes=1000, seconds=0.5)


def test_a_name_with_one_address_inside_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that gives a public address and an inner one could give either at the call."""
    answers = [(2, 1, 6, "", ("93.184.216.34", 80)), (2, 1, 6, "", ("127.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: answers)
    with pytest.raises(public_network.Unreachable):
        fetching.get("http://example.mn/x", most_bytes=1000, seconds=0.5)
    with pytest.raises(public_network.NotPublic):
        public_network.address_of("example.mn", 80)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: answers[:1])
    assert str(public_network.address_of("example.mn", 80)) == "93.184.216.34"


def test_the_reader_of_pdf_says_what_it_does_not_know() -> None:
    content = SEALED.replace(b"/ETSI.CAdES.detached", b"/ETSI.CAdES.detachee")
    [one] = pdf.read(BytesIO(content)).signatures
    assert (one.failure, one.unread) == (SubIndication.GENERIC, True)
    without = SEALED.replace(b"/SubFilter", b"/SabFilter")
    assert pdf.read(BytesIO(without)).signatures[0].failure is SubIndication.FORMAT_FAILURE
