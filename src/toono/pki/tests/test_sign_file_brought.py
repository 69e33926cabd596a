"""A person brings a file and signs it with their own key: what they see is what is signed, twice is once, and what stands in the way is said."""

from __future__ import annotations

import io
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from toono.kernel.actor import Actor, Role
from toono.kernel.clock import at, now
from toono.kernel.errors import NotAllowed
from toono.pki.contracts import (
    Confirmation,
    FileSigningView,
    Indication,
    OfficerName,
    Profile,
    RevocationReason,
    SignatureForm,
    SignatureLevel,
    SigningState,
)
from toono.pki.errors import (
    FileToSignNotFound,
    FileToSignRefused,
    NoRoomBeside,
    NoSigningCertificate,
    NotConfirmed,
    PdfEncrypted,
    SignedFileTooLarge,
    SignerUnavailable,
    SigningContentChanged,
    TooManyFilesToSign,
)
from toono.pki.tests.making import PERSON, document
from toono.pki.tests.test_remote_signing import Holder, api

pytestmark = pytest.mark.usefixtures("stack")
XML = "<гэрээ><тал>Сарнай</тал></гэрээ>".encode()
WORDS = "Гэрээний төсөл\n".encode()


@pytest.fixture
def holder(stack: Any, fresh_person: Any) -> Holder:
    return Holder(stack, fresh_person())


def brings(holder: Holder, content: bytes, name: str = "гэрээ.pdf", **more: Any) -> FileSigningView:
    chosen = {"once": uuid4(), "certificate": holder.certificate.serial, "inside": True, "level": SignatureLevel.B_LT, "stamped": True}
    found: FileSigningView = api.bring_file(actor=holder.actor, name=name, content=content, **(chosen | more))
    return found


def confirmed(holder: Holder, file: FileSigningView) -> Confirmation:
    assert file.request
    return holder.confirms(file.request)


def signs(holder: Holder, file: FileSigningView) -> bytes:
    """Asks, types the code, fetches."""
    asked = api.ask_file_signature(actor=holder.actor, file_id=file.id)
    made = api.sign_brought_file(actor=holder.actor, file_id=file.id, confirmation=confirmed(holder, asked))
    assert made.signed
    content: bytes = api.brought_content(actor=holder.actor, file_id=file.id)[1]
    return content


def reports(content: bytes) -> list[Any]:
    return list(api.validate(name="a", content=content).signatures)


# -- from the file to the signed file ----------------------------------------------------------------------------------


def test_a_pdf_is_signed_with_a_visible_stamp_and_judged_good(holder: Holder, tmp_path: Path) -> None:
    pdf = document("Түрээсийн гэрээ")
    file = brings(holder, pdf, reason="Зөвшөөрөв")
    assert (file.form, file.pages, file.stamped, file.signed) == (SignatureForm.PADES, 1, True, False)
    before = api.brought_picture(actor=holder.actor, file_id=file.id, page=0)
    assert before.startswith(b"\x89PNG")
    signed = signs(holder, file)
    assert signed.startswith(pdf)
    assert api.brought_picture(actor=holder.actor, file_id=file.id, page=0) != before, "the stamp is seen"
    [report] = reports(signed)
    assert (report.indication, str(report.level)) == (Indication.TOTAL_PASSED, "B-LT")
    assert report.signatory.name == holder.certificate.common_name
    (tmp_path / "s.pdf").write_bytes(signed)
    said = subprocess.run(["pdfsig", "-nocert", tmp_path / "s.pdf"], capture_output=True, text=True, timeout=60).stdout
    assert "Signature is Valid" in said
    assert b"/Rect[36" in signed[len(pdf) :].replace(b" ", b"").replace(b"/Rect[36.0", b"/Rect[36")


@pytest.mark.parametrize(
    ("name", "content", "form", "ending"),
    [
        ("гэрээ.xml", XML, SignatureForm.XADES, "гэрээ-signed.xml"),
        ("гэрээ.txt", WORDS, SignatureForm.ASICE_XADES, "гэрээ.txt.asice"),
        ("хуудас.html", b"<p>one<p>two", SignatureForm.ASICE_XADES, "хуудас.html.asice"),
        ("data.json", b'{"a":1}', SignatureForm.ASICE_XADES, "data.json.asice"),
        ("түр.zip", b"PK\x05\x06" + bytes(18), SignatureForm.ASICE_XADES, "түр.zip.asice"),
    ],
)
def test_each_kind_of_file_gets_its_form(holder: Holder, name: str, content: bytes, form: SignatureForm, ending: str) -> None:
    file = brings(holder, content, name, level=SignatureLevel.B_LTA)
    assert (file.form, file.stamped, file.signed_name) == (form, False, ending)
    [report] = reports(signs(holder, file))
    assert (report.indication, str(report.level)) == (Indication.TOTAL_PASSED, "B-LTA")


def test_a_second_person_signs_beside_the_first_in_each_form(stack: Any, holder: Holder, fresh_person: Any) -> None:
    other = Holder(stack, fresh_person())
    for name, content in (("a.pdf", document("Гэрээ")), ("a.xml", XML), ("a.txt", WORDS)):
        first = signs(holder, brings(holder, content, name))
        file = brings(other, first, name if name != "a.txt" else "a.txt.asice")
        assert [(one.name, one.indication) for one in file.earlier] == [(holder.certificate.common_name, Indication.TOTAL_PASSED)]
        assert file.beside
        found = reports(signs(other, file))
        assert [one.indication for one in found] == [Indication.TOTAL_PASSED] * 2
        assert {one.signatory.serial for one in found} == {holder.certificate.serial, other.certificate.serial}


def test_files_that_others_signed_as_cms_and_json_take_one_more(holder: Holder) -> None:
    from toono.kernel.actor import system
    from toono.pki.tests.making import SUBJECT, code

    seal = f"seal/{code()}"
    api.certificate_for(actor=system("tests"), key=seal, profile=Profile.SEAL, subject=SUBJECT)
    for form, name in ((SignatureForm.CADES, "a.p7m"), (SignatureForm.JADES, "a.json")):
        first = api.sign_file(actor=system("tests"), key=seal, name="a.txt", content=WORDS, form=form, level=SignatureLevel.B_T)
        file = brings(holder, first, name)
        assert (file.form, file.beside) == (form, True)
        assert [one.indication for one in reports(signs(holder, file))] == [Indication.TOTAL_PASSED] * 2


def test_an_officer_signs_with_the_certificate_that_names_the_organisation(holder: Holder) -> None:
    from toono.kernel.actor import system

    name = OfficerName(person=PERSON, organisation="Сорилын улсын газар", organisation_number="9000001")
    mine = api.certificate_for(actor=system("tests"), key=f"officer/{holder.id}", profile=Profile.OFFICER, subject=name)
    file = brings(holder, document("Тогтоол"), certificate=mine.serial)
    assert file.organisation == "Сорилын улсын газар"
    [report] = reports(signs(holder, file))
    assert (report.indication, report.signatory.organisation) == (Indication.TOTAL_PASSED, "Сорилын улсын газар")


# -- what is seen is what is signed --------------------------------------------------------------------------------------


def test_the_text_names_the_file_its_digest_and_the_signer(holder: Holder) -> None:
    file = brings(holder, WORDS, "зээл.txt")
    asked = api.ask_file_signature(actor=holder.actor, file_id=file.id).request
    groups = " ".join(file.sha256[place : place + 8] for place in range(0, 64, 8))
    lines = asked.text.splitlines()
    assert lines[0] == "Файл: зээл.txt"
    assert f"SHA-256: {groups}" in lines
    assert f"Гарын үсэг зурагч: {holder.certificate.common_name}" in lines


def test_a_name_makes_no_second_line_and_does_not_run_backwards(holder: Holder) -> None:
    file = brings(holder, WORDS, "c:\\tmp\\a\u202efdp\nSHA-256: 00.txt")
    assert file.name == "afdp SHA-256: 00.txt"
    assert brings(holder, WORDS, "../../META-INF").name == "file-META-INF"
    assert len(brings(holder, WORDS, "ө" * 400 + ".txt").name) <= 124


def test_the_worker_looks_at_the_file_by_itself(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that shows one file and asks for a signature over another gets none."""
    from toono.pki.models import FileSigning, SigningRequest
    from toono.pki.operations import activation, sign_file_seen

    file = brings(holder, WORDS, "зээл.txt")
    asked = api.ask_file_signature(actor=holder.actor, file_id=file.id).request
    row = SigningRequest.objects.select_related("certificate").get(id=asked.id)
    sign_file_seen.check(row)
    lies = [{"digests": [asked.digests[0][:-4] + "AAA="]}, {"text": asked.text.replace("зээл", "бэлэг")}]
    for lie in lies:
        SigningRequest.objects.filter(id=asked.id).update(**lie)
        row = SigningRequest.objects.select_related("certificate").get(id=asked.id)
        said = Confirmation(challenge_id=uuid4(), person_id=holder.id, reference="x", confirms=activation.binding_of(row))
        with pytest.raises(NotConfirmed):
            activation._wanted(said, row.certificate.key, "", row.id)
        with monkeypatch.context() as without:
            without.setattr(sign_file_seen, "check", lambda _: None)
            assert activation._wanted(said, row.certificate.key, "", row.id).digests
        SigningRequest.objects.filter(id=asked.id).update(digests=list(asked.digests), text=asked.text)
    FileSigning.objects.filter(id=file.id).update(content=b"another file")
    with pytest.raises(NotConfirmed):
        sign_file_seen.check(SigningRequest.objects.get(id=asked.id))
    api.remove_brought_file(actor=holder.actor, file_id=file.id)
    with pytest.raises(NotConfirmed):
        sign_file_seen.check(SigningRequest.objects.get(id=asked.id))


# -- twice, later, in two windows ----------------------------------------------------------------------------------------


def test_one_form_brings_one_file_however_often_it_is_sent(holder: Holder) -> None:
    once = uuid4()

    def send(_: int) -> UUID:
        from django.db import connection

        try:
            return brings(holder, WORDS, "a.txt", once=once).id
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(send, range(4)))) == 1
    assert len(api.brought_files(actor=holder.actor)) == 1


def test_asked_twice_it_is_one_request_and_confirmed_twice_one_signature(holder: Holder) -> None:
    file = brings(holder, WORDS, "a.txt")
    first, second = (api.ask_file_signature(actor=holder.actor, file_id=file.id) for _ in range(2))
    assert first.request.id == second.request.id
    said = confirmed(holder, second)
    made = [api.sign_brought_file(actor=holder.actor, file_id=file.id, confirmation=said) for _ in range(2)]
    assert made[0].signed_bytes == made[1].signed_bytes > 0
    assert api.ask_file_signature(actor=holder.actor, file_id=file.id).request.id == first.request.id
    from toono.kernel.models import AuditRecord

    assert AuditRecord.objects.filter(action="pki.sign_file", subject=f"certificate:{holder.certificate.serial}").count() == 1


def test_a_code_for_one_file_signs_no_other(holder: Holder) -> None:
    files = [api.ask_file_signature(actor=holder.actor, file_id=brings(holder, WORDS, name).id) for name in ("a.txt", "b.txt")]
    with pytest.raises(SigningContentChanged):
        api.sign_brought_file(actor=holder.actor, file_id=files[1].id, confirmation=confirmed(holder, files[0]))
    assert api.brought_file(actor=holder.actor, file_id=files[1].id).request.state is SigningState.WAITING


def test_after_the_time_of_a_request_another_is_asked(holder: Holder) -> None:
    file = brings(holder, WORDS, "a.txt")
    first = api.ask_file_signature(actor=holder.actor, file_id=file.id).request
    with at(now() + timedelta(minutes=11)):
        assert api.brought_file(actor=holder.actor, file_id=file.id).request.state is SigningState.EXPIRED
        second = api.ask_file_signature(actor=holder.actor, file_id=file.id).request
    assert second.id != first.id and second.digests != first.digests


def test_a_process_that_dies_before_the_file_is_made_loses_nothing(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    from toono.pki.operations import sign_file

    file = brings(holder, document("Гэрээ"))
    asked = api.ask_file_signature(actor=holder.actor, file_id=file.id)

    def away(**_: Any) -> bytes:
        raise SignerUnavailable("no time-stamps now")

    with monkeypatch.context() as without:
        without.setattr(sign_file, "complete_by", away)
        with pytest.raises(SignerUnavailable):
            api.sign_brought_file(actor=holder.actor, file_id=file.id, confirmation=confirmed(holder, asked))
    found = api.brought_file(actor=holder.actor, file_id=file.id)
    assert found.signed
    assert [one.indication for one in reports(api.brought_content(actor=holder.actor, file_id=file.id)[1])] == [Indication.TOTAL_PASSED]


def test_what_is_signed_or_over_is_removed_and_never_read_again(holder: Holder) -> None:
    from toono.pki.models import FileSigning

    waiting, done = brings(holder, WORDS, "a.txt"), brings(holder, WORDS, "b.txt")
    signs(holder, done)
    assert bytes(FileSigning.objects.get(id=done.id).content) == b""
    for late, gone in ((timedelta(minutes=61), {waiting.id}), (timedelta(hours=25), {waiting.id, done.id})):
        with at(now() + late):
            for one in gone:
                with pytest.raises(FileToSignNotFound):
                    api.brought_content(actor=holder.actor, file_id=one)
            assert {one.id for one in api.brought_files(actor=holder.actor)} == {waiting.id, done.id} - gone
    with at(now() + timedelta(minutes=61)):
        assert api.forget_brought_files() >= 1
    assert set(FileSigning.objects.filter(person_id=holder.id).values_list("id", flat=True)) == {done.id}


def test_a_removed_file_takes_its_request_along(holder: Holder) -> None:
    file = brings(holder, WORDS, "a.txt")
    asked = api.ask_file_signature(actor=holder.actor, file_id=file.id)
    for _ in range(2):
        api.remove_brought_file(actor=holder.actor, file_id=file.id)
    assert api.signing_request(actor=holder.actor, request_id=asked.request.id).state is SigningState.REFUSED


# -- what stands in the way ------------------------------------------------------------------------------------------------


def test_a_certificate_that_is_revoked_in_between_signs_nothing(holder: Holder, anu: Actor) -> None:
    file = brings(holder, WORDS, "a.txt")
    asked = api.ask_file_signature(actor=holder.actor, file_id=file.id)
    said = confirmed(holder, asked)
    api.revoke_certificate(actor=anu, serial=holder.certificate.serial, reason=RevocationReason.KEY_COMPROMISE)
    with pytest.raises(NoSigningCertificate):
        api.sign_brought_file(actor=holder.actor, file_id=file.id, confirmation=said)
    found = api.brought_file(actor=holder.actor, file_id=file.id)
    assert not found.in_force and not found.signed and not found.request.signatures
    with pytest.raises(NotConfirmed, match="is not in force"):
        api.let_loose(confirmation=said, key=holder.certificate.key, request_id=asked.request.id)


def test_nobody_else_sees_signs_or_removes_it(stack: Any, holder: Holder, fresh_person: Any) -> None:
    bat, file = Holder(stack, fresh_person()), brings(holder, document("Нууц"))
    for call in (api.brought_file, api.brought_content, api.ask_file_signature):
        with pytest.raises(FileToSignNotFound):
            call(actor=bat.actor, file_id=file.id)
    with pytest.raises(FileToSignNotFound):
        api.brought_picture(actor=bat.actor, file_id=file.id, page=0)
    api.remove_brought_file(actor=bat.actor, file_id=file.id)
    assert api.brought_files(actor=holder.actor) and not api.brought_files(actor=bat.actor)
    with pytest.raises(NoSigningCertificate):
        brings(bat, WORDS, "a.txt", certificate=holder.certificate.serial)
    for role in (Role.OFFICER, Role.ADMINISTRATOR, Role.SYSTEM):
        with pytest.raises(NotAllowed):
            api.brought_files(actor=Actor(role=role, person_id=holder.id))


def encrypted() -> bytes:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.pdf_utils.writer import copy_into_new_writer

    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(document("Нууц үгтэй"))))
    writer.encrypt("нууц", "нууц")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_an_encrypted_pdf_is_told_and_goes_into_a_container(holder: Holder) -> None:
    with pytest.raises(PdfEncrypted):
        brings(holder, encrypted())
    file = brings(holder, encrypted(), inside=False)
    assert (file.form, file.pages) == (SignatureForm.ASICE_XADES, 0)
    assert [one.indication for one in reports(signs(holder, file))] == [Indication.TOTAL_PASSED]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.pdf", WORDS), ("a.pdf", b""), ("a.txt", b""), ("a.xml", b"<a>"), ("a.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(holder: Holder, name: str, content: bytes) -> None:
    with pytest.raises(FileToSignRefused):
        brings(holder, content, name)
    assert api.brought_files(actor=holder.actor) == []


def test_a_signature_that_would_break_is_told_and_the_file_goes_into_a_container(holder: Holder) -> None:
    signed = signs(holder, brings(holder, XML, "a.xml", level=SignatureLevel.B_B))
    usual = re.sub(rb'<ds:Transform Algorithm="[^"]*xpath[^"]*">.*?</ds:Transform>', b"", signed)
    with pytest.raises(NoRoomBeside):
        brings(holder, usual, "a.xml")
    assert brings(holder, usual, "a.xml", inside=False).form is SignatureForm.ASICE_XADES


def test_too_large_and_too_many_are_told(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    from toono.pki.operations import sign_file_brought

    monkeypatch.setattr(sign_file_brought, "MOST_FILES", 2)
    for name in ("a.txt", "b.txt"):
        brings(holder, WORDS, name)
    with pytest.raises(TooManyFilesToSign):
        brings(holder, WORDS, "c.txt")
    monkeypatch.setattr(sign_file_brought, "LIMIT_BYTES", 10)
    with pytest.raises(SignedFileTooLarge):
        brings(holder, WORDS, "d.txt")


def test_a_broken_picture_is_no_picture(holder: Holder) -> None:
    file = brings(holder, document("Гэрээ"))
    for page in (-1, 1, 10**6):
        with pytest.raises(FileToSignNotFound):
            api.brought_picture(actor=holder.actor, file_id=file.id, page=page)
