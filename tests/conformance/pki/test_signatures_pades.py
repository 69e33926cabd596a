"""pyHanko (also its offline AdES validation), pdfsig (poppler on NSS), pdftotext and pdftoppm on our PAdES, at every level."""

from __future__ import annotations

import asyncio
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import pem, x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.registry import SimpleTrustManager

from tests.conformance.pki.signatures import LEVELS, Office, office, root_file
from toono.pki.contracts import SignatureForm, SignatureLevel, StampPlace
from toono.pki.errors import DocumentClosed
from toono.pki.tests.making import changed, document

PADES = SignatureForm.PADES
NAME = "лавлагаа.pdf"


@pytest.fixture(scope="module")
def signer(stack: Any) -> Office:
    return office()


@pytest.fixture
def nss(stack: Any, tmp_path: Path) -> Path:
    """A folder of NSS that trusts our root and nothing else."""
    folder = tmp_path / "nss"
    folder.mkdir()
    subprocess.run(["certutil", "-N", "-d", f"sql:{folder}", "--empty-password"], check=True, capture_output=True)
    add = ["certutil", "-A", "-d", f"sql:{folder}", "-n", "toono", "-t", "CT,CT,CT", "-i", str(root_file(tmp_path))]
    subprocess.run(add, check=True, capture_output=True)
    return folder


def _roots() -> list[x509.Certificate]:
    from toono.pki import api

    return [x509.Certificate.load(pem.unarmor(text.encode())[2]) for text in api.trust_anchors()]


def _pyhanko(pdf: bytes) -> list[Any]:
    context = ValidationContext(trust_roots=_roots(), allow_fetching=False)
    return [validate_pdf_signature(one, context) for one in PdfFileReader(BytesIO(pdf)).embedded_regular_signatures]


def _holds(pdf: bytes) -> bool:
    """Whether pyHanko finds a signature in it that holds; a file that it cannot read has none."""
    try:
        return any(status.bottom_line for status in _pyhanko(pdf))
    except (PdfError, SignatureValidationError):
        return False


def _pdfsig(pdf: bytes, nss: Path) -> str:
    file = nss.parent / "document.pdf"
    file.write_bytes(pdf)
    return subprocess.run(["pdfsig", "-nssdir", f"sql:{nss}", str(file)], capture_output=True, text=True, timeout=60).stdout


def _offline(pdf: bytes) -> Any:
    """pyHanko's algorithm of EN 319 102-1 §5.6 with revocation demanded and no network."""
    rule = RevocationCheckingPolicy(RevocationCheckingRule.CRL_OR_OCSP_REQUIRED, RevocationCheckingRule.CRL_OR_OCSP_REQUIRED)
    spec = CertValidationPolicySpec(trust_manager=SimpleTrustManager.build(_roots()), revinfo_policy=CertRevTrustPolicy(rule))
    local = RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY)
    whole = PdfSignatureValidationSpec(SignatureValidationSpec(cert_validation_policy=spec, revinfo_gathering_policy=local))
    [signature] = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
    return asyncio.run(ades_lta_validation(signature, whole))


@pytest.mark.parametrize("level", LEVELS)
def test_pyhanko_and_pdfsig_verify_every_level(signer: Office, nss: Path, level: SignatureLevel) -> None:
    signed = signer.sign(document(), PADES, level, name=NAME, reason="Олгов", location="Мандалговь")
    [status] = _pyhanko(signed)
    assert status.bottom_line
    assert (status.timestamp_validity is not None) is (level is not SignatureLevel.B_B)
    said = _pdfsig(signed, nss)
    assert "Signature is Valid." in said
    assert "Certificate is Trusted." in said
    broken = changed(signed, 600)
    assert not _holds(broken)
    assert "Signature is Valid." not in _pdfsig(broken, nss)


def test_pyhanko_passes_an_archived_document_with_no_network(signer: Office) -> None:
    result = _offline(signer.sign(document(), PADES, SignatureLevel.B_LTA, name=NAME))
    assert result.ades_subindic == AdESPassed.OK, result.failure_msg


def test_without_material_pyhanko_cannot_pass_it_offline(signer: Office) -> None:
    assert _offline(signer.sign(document(), PADES, SignatureLevel.B_T, name=NAME)).ades_subindic != AdESPassed.OK


def test_an_archived_document_with_a_changed_bit_does_not_pass(signer: Office) -> None:
    signed = signer.sign(document(), PADES, SignatureLevel.B_LTA, name=NAME)
    place = signed.index(b"/MediaBox") + 1
    assert _offline(changed(signed, place)).ades_subindic != AdESPassed.OK


def test_several_sign_one_after_another_and_no_signature_breaks_an_earlier_one(signer: Office, nss: Path) -> None:
    pdf = document("Гэрээ")
    for turn in range(3):
        stamp = StampPlace(left=60, bottom=60 + 90 * turn)
        pdf = office().sign(pdf, PADES, SignatureLevel.B_T, name=NAME, reason=f"Тал {turn + 1}", stamp=stamp)
    found = _pyhanko(pdf)
    assert [status.bottom_line for status in found] == [True] * 3
    assert _pdfsig(pdf, nss).count("Signature is Valid.") == 3
    assert not _holds(changed(pdf, 600))


def test_a_seal_after_the_signatures_keeps_them_and_a_signature_after_a_seal_is_refused(signer: Office) -> None:
    from toono.pki import api

    signed = signer.sign(document(), PADES, SignatureLevel.B_T, name=NAME)
    both = api.seal_pdf(actor=signer.actor, organisation=signer.code, pdf=signed, reason="x", location="y")
    assert [status.bottom_line for status in _pyhanko(both)] == [True, True]
    sealed = api.seal_pdf(actor=signer.actor, organisation=signer.code, pdf=document(), reason="x", location="y")
    with pytest.raises(DocumentClosed):
        signer.sign(sealed, PADES, SignatureLevel.B_T, name=NAME)


def test_a_seal_gets_long_term_material_later_without_breaking_what_it_closed(signer: Office) -> None:
    """The certification allows no change; material and document time-stamps are none (ISO 32000-2 §12.8.2.2.2)."""
    from toono.pki import api
    from toono.pki.domain.signatures.kinds import RAISING, Kind, found
    from toono.pki.operations.time_stamp import time_stamp
    from toono.pki.operations.validation_material import material_for

    sealed = api.seal_pdf(actor=signer.actor, organisation=signer.code, pdf=document(), reason="x", location="y")
    raising = RAISING[Kind.PDF]
    grown = raising.with_material(sealed, material_for(found(Kind.PDF, sealed).all_certificates))
    grown = raising.archive_time_stamped(grown, lambda digest: time_stamp(digest=digest))
    [status] = _pyhanko(grown)
    assert status.bottom_line
    assert status.docmdp_ok
    assert _offline(grown).ades_subindic == AdESPassed.OK
    assert api.check_pdf(pdf=grown).status == "valid"


def test_the_visible_stamp_is_read_in_cyrillic_and_drawn(signer: Office, tmp_path: Path) -> None:
    stamp = StampPlace(left=60, bottom=500, width=240, height=80)
    signed = signer.sign(document(), PADES, SignatureLevel.B_B, name=NAME, reason="Өргөдлийг баталгаажуулав", stamp=stamp)
    (tmp_path / "s.pdf").write_bytes(signed)
    read = subprocess.run(["pdftotext", "-layout", tmp_path / "s.pdf", "-"], capture_output=True, text=True, timeout=60).stdout
    assert "Сорилын газар" in read
    assert "Өргөдлийг баталгаажуулав" in read
    fonts = subprocess.run(["pdffonts", tmp_path / "s.pdf"], capture_output=True, text=True, timeout=60).stdout
    assert [line for line in fonts.splitlines() if "+NotoSans " in line and "yes yes yes" in line]
    for name, content in (("signed", signed), ("plain", document())):
        (tmp_path / f"{name}.pdf").write_bytes(content)
        subprocess.run(["pdftoppm", "-r", "50", "-gray", "-singlefile", tmp_path / f"{name}.pdf", tmp_path / name], check=True, timeout=60)
    assert (tmp_path / "signed.pgm").read_bytes() != (tmp_path / "plain.pgm").read_bytes()


def _with_streams(pdf: bytes) -> bytes:
    """The same document with cross-reference and object streams."""
    writer = copy_into_new_writer(PdfFileReader(BytesIO(pdf)))
    writer.stream_xrefs = True
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("level", [SignatureLevel.B_T, SignatureLevel.B_LTA])
def test_a_document_with_cross_reference_streams_is_signed(signer: Office, level: SignatureLevel) -> None:
    signed = signer.sign(signer.sign(_with_streams(document()), PADES, level, name=NAME), PADES, level, name=NAME)
    assert [status.bottom_line for status in _pyhanko(signed)] == [True, True]


@pytest.mark.parametrize("level", LEVELS)
def test_a_structure_that_the_fast_path_does_not_know_is_signed_by_pyhanko(
    signer: Office, level: SignatureLevel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hybrid file, whose trailer also names a cross-reference stream, is told apart as well."""
    from toono.pki.domain.signatures import pdf_syntax
    from toono.pki.domain.signatures.pdf_file import PdfFile

    hybrid = document().replace(b"/ID[", b"/XRefStm 0/ID[", 1)
    with pytest.raises(pdf_syntax.UnfamiliarPdf):
        PdfFile(hybrid)
    other = document().replace(b"/Lang(en)", b"/#4cng() ")  # a name in another spelling
    with pytest.raises(pdf_syntax.UnfamiliarPdf):
        PdfFile(other).signatures()
    signed = signer.sign(other, PADES, level, name=NAME)
    [status] = _pyhanko(signed)
    assert status.bottom_line
