"""Genuine, expired, revoked, altered, unknown, no document: told apart, for anybody, without a word about the person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from toono.kernel.actor import Actor
from toono.kernel.clock import at, now
from toono.services.contracts import CaseView, DocumentStatus, VerificationStatus
from toono.services.errors import FileTooLarge, ReasonMissing
from toono.services.tests.steps import PERMIT, documented, sent

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]


class Issued:
    """A person with a fresh document."""

    def __init__(self, stack: Stack, actor: Actor, case: CaseView) -> None:
        from toono.services import api

        assert case.document is not None
        self.actor, self.case, self.document = actor, case, case.document
        self.pdf = api.document_file(actor=actor, document_id=self.document.id).content


@pytest.fixture
def issued(stack: Stack, fresh_citizen: Citizen) -> Issued:
    actor = fresh_citizen()
    return Issued(stack, actor, documented(stack, actor, sent(actor).id))


@pytest.fixture
def permit(stack: Stack, fresh_citizen: Citizen, oyun: Actor) -> Issued:
    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor, PERMIT)
    api.decide_case(actor=oyun, case_id=case.id, action="grant", reason="Нөөц хүрэлцэнэ.", filled={"permitted": "60"})
    return Issued(stack, actor, documented(stack, actor, case.id))


def test_a_valid_document_is_known_by_its_code_however_it_is_typed(issued: Issued) -> None:
    from toono.services import api

    code = issued.document.code
    for typed in (code, code.lower(), f" {code[:4]} {code[4:10]}-{code[10:]} ", "-".join(code)):
        found = api.verify_document(code=typed)
        assert (found.status, found.code, found.facts_fingerprint) == (VerificationStatus.VALID, code, issued.document.facts_fingerprint)


@pytest.mark.parametrize("code", ["", "x", "K7MXR42DQ9ZWT5HJ2CBN", "К7МХ", "'; DROP TABLE", "K" * 500])
def test_an_unknown_code_is_unknown(stack: Stack, code: str) -> None:
    from toono.services import api

    found = api.verify_document(code=code)
    assert (found.status, found.title, found.issued_at) == (VerificationStatus.UNKNOWN, None, None)


def test_the_issued_file_is_genuine_and_its_seal_holds(issued: Issued) -> None:
    from toono.services import api

    found = api.verify_file(pdf=issued.pdf)
    assert (found.status, found.code, found.seal_intact) == (VerificationStatus.GENUINE, issued.document.code, True)


def test_a_file_changed_in_one_bit_anywhere_is_altered_or_no_document(issued: Issued) -> None:
    from toono.services import api

    words = {VerificationStatus.ALTERED, VerificationStatus.NOT_A_DOCUMENT, VerificationStatus.UNKNOWN}
    found = set()
    for place in range(50, len(issued.pdf), len(issued.pdf) // 25):
        changed = bytearray(issued.pdf)
        changed[place] ^= 1
        found.add(api.verify_file(pdf=bytes(changed)).status)
    assert found <= words
    assert VerificationStatus.ALTERED in found


def test_a_file_with_something_appended_or_cut_off_is_altered(issued: Issued) -> None:
    from toono.services import api

    for changed in (
        issued.pdf + b"\n",
        issued.pdf + b"%%EOF\n1 0 obj\n<<>>\nendobj",
        issued.pdf[:-500],
        issued.pdf[: len(issued.pdf) // 2],
    ):
        found = api.verify_file(pdf=changed)
        assert found.status in {VerificationStatus.ALTERED, VerificationStatus.NOT_A_DOCUMENT}
        assert found.seal_intact is not True
    assert api.verify_file(pdf=issued.pdf + b"\n").status is VerificationStatus.ALTERED


def test_a_document_of_ours_that_was_never_issued_is_unknown(issued: Issued) -> None:
    from toono.services import api

    other = issued.pdf.replace(issued.document.code.encode(), b"K7MXR42DQ9ZWT5HJ2CBN")
    assert api.verify_file(pdf=other).status is VerificationStatus.UNKNOWN


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"%PDF-1.7\n%%EOF", b"\x89PNG\r\n", b"toono:K7MXR42DQ9ZWT5HJ2CBN", b"%PDF-1.7 toono:short"]
)
def test_what_names_no_document_is_none(stack: Stack, content: bytes) -> None:
    from toono.services import api

    assert api.verify_file(pdf=content).status is VerificationStatus.NOT_A_DOCUMENT


def test_a_file_over_the_limit_is_refused(stack: Stack) -> None:
    from toono.services import api

    with pytest.raises(FileTooLarge):
        api.verify_file(pdf=b"%PDF-" + b"0" * 5 * 1024 * 1024)


def test_a_document_expires_at_the_end_of_its_last_day(issued: Issued) -> None:
    from toono.services import api

    assert issued.document.valid_until is not None
    with at(issued.document.valid_until - timedelta(minutes=1)):
        assert api.verify_document(code=issued.document.code).status is VerificationStatus.VALID
    with at(issued.document.valid_until + timedelta(minutes=1)):
        assert api.verify_document(code=issued.document.code).status is VerificationStatus.EXPIRED
        assert api.verify_file(pdf=issued.pdf).status is VerificationStatus.EXPIRED
        assert api.document(actor=issued.actor, document_id=issued.document.id).status is DocumentStatus.EXPIRED


def test_a_revoked_document_is_revoked_for_ever_and_its_owner_reads_why(permit: Issued, oyun: Actor) -> None:
    from toono.kernel.models import AuditRecord, OutboxEvent
    from toono.services import api

    first = api.revoke_document(actor=oyun, document_id=permit.document.id, reason="Зориулалт бусаар ашигласан.")
    again = api.revoke_document(actor=oyun, document_id=permit.document.id, reason="Өөр шалтгаан.")
    assert (again.revoked_at, again.revocation_reason) == (first.revoked_at, "Зориулалт бусаар ашигласан.")
    assert api.verify_document(code=permit.document.code).status is VerificationStatus.REVOKED
    assert api.verify_file(pdf=permit.pdf).status is VerificationStatus.REVOKED
    assert api.verify_file(pdf=permit.pdf + b" ").status is VerificationStatus.ALTERED
    with at(now() + timedelta(days=800)):
        assert api.verify_document(code=permit.document.code).status is VerificationStatus.REVOKED
    assert api.document(actor=permit.actor, document_id=permit.document.id).revocation_reason == "Зориулалт бусаар ашигласан."
    assert AuditRecord.objects.filter(subject=f"document:{permit.document.id}", action="services.revoke_document").count() == 1
    assert OutboxEvent.objects.filter(name="services.document_revoked", payload__document_id=str(permit.document.id)).count() == 1


def test_a_revocation_needs_a_reason_and_a_right(permit: Issued, oyun: Actor, anu: Actor) -> None:
    from toono.kernel.errors import NotAllowed
    from toono.services import api

    with pytest.raises(ReasonMissing):
        api.revoke_document(actor=oyun, document_id=permit.document.id, reason=" ")
    with pytest.raises(NotAllowed):
        api.revoke_document(actor=permit.actor, document_id=permit.document.id, reason="Миний баримт.")
    assert api.revoke_document(actor=anu, document_id=permit.document.id, reason="Шүүхийн шийдвэр.").status is DocumentStatus.REVOKED


def test_the_public_answer_has_no_word_about_the_person(issued: Issued) -> None:
    from toono.services import api

    said = api.verify_document(code=issued.document.code).model_dump_json() + api.verify_file(pdf=issued.pdf).model_dump_json()
    for fact in issued.case.facts:
        for line in fact.fields:
            assert len(line.value) < 4 or line.value not in said
    assert str(issued.case.id) not in said and issued.case.number not in said and str(issued.actor.person_id) not in said


# -- pages -------------------------------------------------------------------------------------------------------


def test_the_address_in_the_qr_answers_everybody_in_both_languages(stack: Stack, issued: Issued) -> None:
    page = stack.http.get(issued.document.check_url)
    assert page.status_code == 200 and "Хүчинтэй" in page.text and page.headers["x-robots-tag"] == "noindex"
    english = stack.http.get(issued.document.check_url, headers={"Cookie": "language=en"})
    assert "Valid" in english.text
    for fact in issued.case.facts:
        for line in fact.fields:
            if line.name in {"given_name", "regnum", "text"}:
                assert line.value not in page.text
    unknown = stack.http.get(f"{stack.base_url}/d/K7MXR42DQ9ZWT5HJ2CBN")
    assert unknown.status_code == 200 and "Ийм баримт алга" in unknown.text


def test_programs_get_the_same_as_json(stack: Stack, issued: Issued) -> None:
    from toono.services.contracts import Verification

    answer = stack.http.get(f"{stack.base_url}/api/verify/{issued.document.code}")
    found = Verification.model_validate(answer.json())
    assert (answer.headers["content-type"], found.status, found.code) == (
        "application/json",
        VerificationStatus.VALID,
        issued.document.code,
    )
    assert stack.http.get(f"{stack.base_url}/api/verify/nothing").json()["status"] == "unknown"


def _upload(stack: Stack, **form: Any) -> Any:
    import httpx
    from lxml import html

    with httpx.Client(base_url=stack.base_url, timeout=30) as client:
        page = html.fromstring(client.get("/verify").text)
        token = page.xpath("//input[@name='csrfmiddlewaretoken']/@value")[0]
        data = {"csrfmiddlewaretoken": token, **form.pop("data", {})}
        return client.post("/verify", data=data, headers={"Referer": f"{stack.base_url}/verify"}, **form)


def test_a_file_is_checked_on_the_page(stack: Stack, issued: Issued) -> None:
    genuine = _upload(stack, files={"file": ("a.pdf", issued.pdf, "application/pdf")})
    assert "Жинхэнэ" in genuine.text and "Бүрэн бүтэн" in genuine.text
    altered = _upload(stack, files={"file": ("a.pdf", issued.pdf + b" ", "application/pdf")})
    assert "Өөрчлөгдсөн" in altered.text and "toono-verdict--bad" in altered.text
    assert "Баримт биш" in _upload(stack, files={"file": ("a.pdf", b"hello", "application/pdf")}).text


def test_a_typed_code_leads_to_the_address_of_the_document(stack: Stack, issued: Issued) -> None:
    answer = _upload(stack, data={"code": issued.document.code})
    assert (answer.status_code, answer.headers["location"]) == (302, f"/d/{issued.document.code}")
    empty = _upload(stack, data={"code": " "})
    assert empty.status_code == 200 and "Алдаа" in empty.text
    assert _upload(stack, data={"code": "../../my/"}).headers["location"].startswith("/d/")


def test_a_large_file_is_refused_with_a_sentence_and_a_huge_one_unread(stack: Stack) -> None:
    answer = _upload(stack, files={"file": ("a.pdf", b"0" * (6 * 1024 * 1024), "application/pdf")})
    assert answer.status_code == 413 and "5 МБ" in answer.text


def test_without_the_form_token_nothing_is_looked_at(stack: Stack, issued: Issued) -> None:
    answer = stack.http.post(f"{stack.base_url}/verify", files={"file": ("a.pdf", issued.pdf, "application/pdf")})
    assert answer.status_code == 403
    assert "Жинхэнэ эсэх" not in answer.text
