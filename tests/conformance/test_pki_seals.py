"""pdfsig (poppler on NSS), pyHanko and qpdf-like reading on our sealed documents."""

from __future__ import annotations

import re
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from toono.pki.contracts import Profile
from toono.pki.tests.making import SUBJECT, authority, changed, code, document, leaf, sealed_by


@pytest.fixture
def sealed(stack: Any) -> bytes:
    from toono.kernel.actor import system
    from toono.pki import api

    organisation, actor = code(), system("tests")
    api.certificate_for(actor=actor, key=f"seal/{organisation}", profile=Profile.SEAL, subject=SUBJECT)
    return api.seal_pdf(actor=actor, organisation=organisation, pdf=document(), reason="Лавлагаа олгов", location="Мандалговь")


@pytest.fixture
def trusting(stack: Any, tmp_path: Path) -> Path:
    """A folder of NSS that trusts our root and nothing else."""
    from toono.pki import api

    folder = tmp_path / "nss"
    folder.mkdir()
    (tmp_path / "root.pem").write_text(api.trust_anchors()[-1])
    subprocess.run(["certutil", "-N", "-d", f"sql:{folder}", "--empty-password"], check=True, capture_output=True)
    add = ["certutil", "-A", "-d", f"sql:{folder}", "-n", "toono", "-t", "CT,CT,CT", "-i", str(tmp_path / "root.pem")]
    subprocess.run(add, check=True, capture_output=True)
    return folder


def _pdfsig(pdf: bytes, folder: Path) -> str:
    file = folder.parent / "document.pdf"
    file.write_bytes(pdf)
    return subprocess.run(["pdfsig", "-nssdir", f"sql:{folder}", str(file)], capture_output=True, text=True, timeout=60).stdout


def test_pdfsig_finds_the_seal_valid_and_its_certificate_trusted(sealed: bytes, trusting: Path) -> None:
    said = _pdfsig(sealed, trusting)
    assert "Signature is Valid." in said
    assert "Certificate is Trusted." in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said


def test_pdfsig_finds_an_altered_document_invalid(sealed: bytes, trusting: Path) -> None:
    assert "Signature is Valid." not in _pdfsig(changed(sealed, 600), trusting)


def test_pdfsig_does_not_trust_a_stranger(trusting: Path) -> None:
    _, issuing = authority()
    assert issuing.certificate
    certificate, key = leaf(Profile.SEAL, issuing)
    said = _pdfsig(sealed_by(certificate, key, [issuing.certificate], document()), trusting)
    assert "Signature is Valid." in said
    assert "Certificate is Trusted." not in said


def test_pyhanko_finds_pades_with_a_trusted_time_stamp(sealed: bytes) -> None:
    from asn1crypto import pem, x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    from toono.pki import api

    [signature] = PdfFileReader(BytesIO(sealed)).embedded_signatures
    roots = [x509.Certificate.load(pem.unarmor(text.encode())[2]) for text in api.trust_anchors()]
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=roots, allow_fetching=False))
    assert status.bottom_line
    assert status.timestamp_validity.trusted
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    attributes = {attribute["type"].native for attribute in signature.signer_info["signed_attrs"]}
    assert {"content_type", "message_digest", "signing_certificate_v2"} <= attributes
    assert "signing_time" not in attributes  # EN 319 142-1 §6.3: the time stands in the dictionary and in the time-stamp


def test_revocation_is_answered_at_the_addresses_in_the_seals_certificate(sealed: bytes) -> None:
    """pyHanko, in its hard-fail mode, fetches status itself from where the certificates say."""
    from asn1crypto import pem, x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext
    from pyhanko_certvalidator.fetchers.requests_fetchers import RequestsFetcherBackend

    from toono.pki import api

    [signature] = PdfFileReader(BytesIO(sealed)).embedded_signatures
    roots = [x509.Certificate.load(pem.unarmor(text.encode())[2]) for text in api.trust_anchors()]
    context = ValidationContext(
        trust_roots=roots, allow_fetching=True, revocation_mode="hard-fail", fetcher_backend=RequestsFetcherBackend(per_request_timeout=5)
    )
    assert validate_pdf_signature(signature, context).bottom_line


def test_the_document_stays_pdf_a_2b(sealed: bytes) -> None:
    """What ISO 19005-2 asks of an update: the file itself untouched, its identification kept, the field printable, no script."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    assert sealed.startswith(document())
    reader = PdfFileReader(BytesIO(sealed))
    metadata = reader.root["/Metadata"].data.decode()
    assert re.search(r"pdfaid:part(>|=\")2", metadata)
    assert re.search(r"pdfaid:conformance(>|=\")B", metadata)
    [field] = reader.root["/AcroForm"]["/Fields"]
    annotation = field.get_object()
    rectangle = [float(number) for number in annotation["/Rect"]]
    assert rectangle[0] == rectangle[2]  # of no size, so it needs no appearance (§6.3.3)
    assert rectangle[1] == rectangle[3]
    flags = int(annotation["/F"])
    assert flags & 0b100  # Print
    assert not flags & 0b100011  # Hidden, Invisible, NoView
    assert "/NeedAppearances" not in reader.root["/AcroForm"]
    assert "/XFA" not in reader.root["/AcroForm"]
    assert "/AA" not in annotation
    assert reader.trailer["/ID"]
    first, size, second, rest = (int(number) for number in annotation["/V"]["/ByteRange"])
    assert first == 0
    assert second + rest == len(sealed)
    assert sealed[size : size + 1] == b"<"
    assert sealed[second - 1 : second] == b">"
