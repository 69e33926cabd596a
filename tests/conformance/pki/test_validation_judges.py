"""Our validation beside judges that others wrote: xmlsec1 and signxml (XML signatures), openssl (CMS, lists), pyHanko (PDF, trusted lists)."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.qualified.eutl_parse import trust_list_to_registry
from pyhanko_certvalidator import ValidationContext
from signxml import CanonicalizationMethod, XMLSigner, methods
from signxml.xades import XAdESSigner

from toono.kernel.jose import raw_signature
from toono.pki.contracts import Profile
from toono.pki.domain import trusted_lists
from toono.pki.domain.trusted_lists import NotBelieved, Scheme, Service
from toono.pki.domain.validation import cms, pdf, xades
from toono.pki.domain.validation.algorithms import digest
from toono.pki.tests.making import PLACES, authority, changed, document, leaf, sealed_by

ROOT, ISSUING = authority()
SIGNER, KEY = leaf(Profile.SEAL, ISSUING)
LIST_SIGNER, LIST_KEY = leaf(Profile.TRUSTED_LIST, ISSUING)
UNIT, _ = leaf(Profile.TIMESTAMP, ISSUING)
assert ROOT.certificate and ISSUING.certificate
NOW = datetime.now(UTC).replace(microsecond=0)
DOCUMENTS = (
    "<a xmlns:x='urn:x'><b Id='q' x:y='1'>сайн &amp; муу</b></a>",
    "<a xml:lang='mn'><b Id='q'>сайн</b></a>",
    "<a><b Id='q'>сайн<!-- c --></b>\r\n<c/></a>",
)


def believed_by_xmlsec1(content: bytes, folder: Path) -> bool:
    (folder / "x.xml").write_bytes(content)
    command = [
        "xmlsec1",
        "--verify",
        "--insecure",
        "--enabled-key-data",
        "x509",
        "--id-attr:Id",
        "SignedProperties",
        "--id-attr:Id",
        "KeyInfo",
    ]
    command += ["--id-attr:Id", "Object", "x.xml"]
    return subprocess.run(command, cwd=folder, capture_output=True).returncode == 0


@pytest.mark.parametrize("text", DOCUMENTS)
@pytest.mark.parametrize("method", [CanonicalizationMethod.CANONICAL_XML_1_0, CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0])
@pytest.mark.parametrize("kind", [XMLSigner, XAdESSigner])
def test_xmlsec1_and_we_agree_on_what_signxml_signs(text: str, method: CanonicalizationMethod, kind: Any, tmp_path: Path) -> None:
    """Also where signxml itself errs (xml: attributes, exclusive form of the signed properties): then both refuse."""
    signer = kind(method=methods.enveloped, c14n_algorithm=method, signature_algorithm="ecdsa-sha256")
    content = etree.tostring(signer.sign(etree.fromstring(text), key=KEY, cert=[SIGNER]))
    assert (xades.read(content).signatures[0].failure is None) == believed_by_xmlsec1(content, tmp_path)
    forged = etree.tostring(etree.fromstring(content), encoding="UTF-8").replace("сайн".encode(), "сайх".encode())
    assert xades.read(forged).signatures[0].failure is not None and not believed_by_xmlsec1(forged, tmp_path)


@pytest.mark.parametrize(
    "options", [["-nodetach"], [], ["-nodetach", "-stream"], ["-nodetach", "-noattr"], ["-nodetach", "-cades"], ["-cades", "-keyid"]]
)
def test_openssl_and_we_agree_on_its_cms(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_bytes(SIGNER.public_bytes(Encoding.PEM))
    (tmp_path / "k.pem").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "x").write_bytes(b"hello")
    command = ["openssl", "cms", "-sign", "-binary", "-in", "x", "-signer", "c.pem", "-inkey", "k.pem", "-outform", "DER", *options]
    made = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout

    def believed(content: bytes, signed: bytes) -> tuple[bool, bool]:
        (tmp_path / "s").write_bytes(content)
        (tmp_path / "x").write_bytes(signed)
        check = ["openssl", "cms", "-verify", "-binary", "-noverify", "-inform", "DER", "-in", "s", "-content", "x"]
        check = check if "-nodetach" not in options else check[:-2]
        theirs = subprocess.run(check, cwd=tmp_path, capture_output=True).returncode == 0
        found = cms.read(content, lambda name: digest(name, [signed]))
        return theirs, bool(found.signatures) and found.signatures[0].failure is None

    assert believed(made, b"hello") == (True, True)
    assert believed(made[:-3] + bytes([made[-3] ^ 1]) + made[-2:], b"hello") == (False, False)
    if "-nodetach" not in options:
        assert believed(made, b"hallo") == (False, False)


def test_pyhanko_and_we_agree_on_a_pdf() -> None:
    content = sealed_by(SIGNER, KEY, [ISSUING.certificate], document())  # type: ignore[list-item]
    roots = [asn1_x509.Certificate.load(ROOT.certificate.public_bytes(Encoding.DER))]  # type: ignore[union-attr]
    for file, good in ((content, True), (changed(content, 200), False)):
        embedded = PdfFileReader(BytesIO(file)).embedded_signatures[0]
        status = validate_pdf_signature(embedded, ValidationContext(trust_roots=roots, allow_fetching=False))
        assert (status.intact and status.valid, pdf.read(BytesIO(file)).signatures[0].failure is None) == (good, good)


def our_list(number: int = 7) -> bytes:
    services = [
        Service(trusted_lists.AUTHORITY, "Олгогч", "Issuer", ISSUING.certificate, NOW - timedelta(days=9), extra="ForeSeals"),  # type: ignore[arg-type]
        Service(trusted_lists.TIME_STAMPS, "Цаг", "Time-stamps", UNIT, NOW, address="http://toono.gov.mn/pki/tsa"),
        Service(trusted_lists.AUTHORITY, "Хуучин", "Old", ROOT.certificate, NOW - timedelta(days=9), NOW - timedelta(days=3)),  # type: ignore[arg-type]
    ]
    scheme = Scheme("Тооно платформ", "Toono platform", "0000000", "http://toono.gov.mn", "pki@toono.gov.mn", PLACES)
    root = trusted_lists.build(scheme, services, number=number, issued_at=NOW, next_update=NOW + timedelta(days=30))
    return trusted_lists.sign(
        root, certificate=LIST_SIGNER, signer=lambda data: raw_signature(LIST_KEY.sign(data, ec.ECDSA(hashes.SHA256()))), at=NOW
    )


def test_pyhanko_believes_and_reads_our_trusted_list() -> None:
    pin = asn1_x509.Certificate.load(LIST_SIGNER.public_bytes(Encoding.DER))
    registry, problems = trust_list_to_registry(our_list().decode(), [pin])
    assert problems == []
    assert len(list(registry.known_certificate_authorities)) == 1  # the withdrawn one stands in the history alone
    assert len(list(registry.known_timestamp_authorities)) == 1
    with pytest.raises(Exception, match=r"(?i)digest|signature|mismatch|verif"):
        trust_list_to_registry(our_list().decode().replace("granted", "withdraw", 1), [pin])


def test_xmlsec1_verifies_our_trusted_list(tmp_path: Path) -> None:
    assert believed_by_xmlsec1(our_list(), tmp_path)
    assert not believed_by_xmlsec1(our_list().replace(b">7<", b">8<"), tmp_path)


def test_we_read_back_what_we_wrote_and_nothing_else() -> None:
    found = trusted_lists.read(our_list(), pin=LIST_SIGNER)
    assert (found.territory, found.sequence_number, found.next_update) == ("MN", 7, NOW + timedelta(days=30))
    granted = {service.name: service.granted for service in found.services}
    assert granted["Old"] == (((NOW - timedelta(days=9)).isoformat(), (NOW - timedelta(days=3)).isoformat()),)
    for bad in (our_list().replace(b">7<", b">8<"), b"<a/>", b"", our_list()[:-20], b"<!DOCTYPE a><a/>"):
        with pytest.raises(NotBelieved):
            trusted_lists.read(bad, pin=LIST_SIGNER)
    with pytest.raises(NotBelieved, match="pinned"):
        trusted_lists.read(our_list(), pin=SIGNER)
