"""The document before judges that others wrote: pdfsig, pdffonts, a QR reader, and the PDF/A identification."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import zxingcpp

if TYPE_CHECKING:
    from tests.stage import Stack
    from toono.kernel.actor import Actor


@pytest.fixture(scope="module")
def issued(stack: Stack, register_persons: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A reference as its owner saves it, and its contract."""
    import toono.identity.api as identity
    from toono.kernel.actor import Actor, Role, system
    from toono.services import api
    from toono.services.tests.steps import documented, sent

    person = identity.register_person(actor=system("tests"), regnum=next(register_persons)["regnum"])
    actor = Actor(role=Role.CITIZEN, person_id=person.id)
    case = documented(stack, actor, sent(actor).id)
    assert case.document is not None
    file = tmp_path_factory.mktemp("document") / "reference.pdf"
    file.write_bytes(api.document_file(actor=actor, document_id=case.document.id).content)
    return file, case


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_pdfsig_says_that_the_seal_is_valid_and_covers_everything(stack: Stack, issued: tuple[Path, Any], tmp_path: Path) -> None:
    import toono.pki.api as pki

    anchor = tmp_path / "root.pem"
    anchor.write_text("\n".join(pki.trust_anchors()))
    _run("certutil", "-N", "-d", f"sql:{tmp_path}", "--empty-password")
    _run("certutil", "-A", "-d", f"sql:{tmp_path}", "-n", "root", "-t", "CT,C,C", "-i", str(anchor))
    said = subprocess.run(["pdfsig", "-nssdir", f"sql:{tmp_path}", str(issued[0])], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid." in said
    assert "Certificate is Trusted." in said
    assert "Total document signed" in said
    assert "Улсын бүртгэлийн ерөнхий газар" in said


def test_pdfsig_says_that_a_changed_file_is_not(issued: tuple[Path, Any], tmp_path: Path) -> None:
    content = bytearray(issued[0].read_bytes())
    place = content.index(b"stream") + 40
    content[place] ^= 1
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(content)
    said = subprocess.run(["pdfsig", str(changed)], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid." not in said


def test_the_file_says_that_it_is_pdf_a_2b_and_embeds_every_font(issued: tuple[Path, Any]) -> None:
    metadata = _run("pdfinfo", "-meta", str(issued[0]))
    assert re.search(r"pdfaid:part(>|=\")2", metadata)
    assert re.search(r"pdfaid:conformance(>|=\")B", metadata)
    fonts = _run("pdffonts", str(issued[0])).splitlines()[2:]
    assert fonts and all("NotoSans" in line and re.search(r"\byes\s+yes\s+yes\b", line) for line in fonts)


def test_the_text_can_be_read_out_of_the_file_letter_by_letter(issued: tuple[Path, Any]) -> None:
    file, case = issued
    text = " ".join(_run("pdftotext", "-layout", str(file), "-").split())
    assert case.number in text
    for fact in case.facts:
        for line in fact.fields:
            if line.name != "text":
                assert line.value in text


def test_the_qr_of_the_printed_page_leads_to_the_check(issued: tuple[Path, Any], tmp_path: Path) -> None:
    file, case = issued
    for resolution in (100, 200):
        _run("pdftoppm", "-r", str(resolution), "-gray", "-singlefile", str(file), str(tmp_path / "page"))
        header, size, _, pixels = (tmp_path / "page.pgm").read_bytes().split(b"\n", 3)
        assert header == b"P5"
        width, height = map(int, size.split())
        found = zxingcpp.read_barcodes(memoryview(pixels).cast("B", shape=[height, width]))  # type: ignore[call-overload]
        assert [code.text.partition("#")[0] for code in found] == [case.document.check_url]


def test_a_permit_stands_before_the_same_judges(stack: Stack, fresh_citizen: Callable[[], Actor], oyun: Actor, tmp_path: Path) -> None:
    from toono.services import api
    from toono.services.tests.steps import PERMIT, documented, sent

    actor = fresh_citizen()
    case = sent(
        actor,
        PERMIT,
        purpose="services",
        waste_water="yes",
        treatment="Шүүлтүүрээр",
        source="borehole",
        well_passport="",
        amount="80",
        meter="yes",
    )
    api.decide_case(actor=oyun, case_id=case.id, action="grant", reason="Нөөц хүрэлцэнэ.", filled={"permitted": "80"})
    document = documented(stack, actor, case.id).document
    assert document is not None
    file = tmp_path / "permit.pdf"
    file.write_bytes(api.document_file(actor=actor, document_id=document.id).content)
    assert "Signature is Valid." in subprocess.run(["pdfsig", str(file)], capture_output=True, text=True, check=False).stdout
    text = " ".join(_run("pdftotext", "-layout", str(file), "-").split())
    assert "80 м³/хоног" in text and "Байгаль орчны газар" in text and "Худгийн паспорт" not in text
