"""What a document says beside its words: tables, what officers filled in, the signed words of its QR, who took whose place."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import zxingcpp
from PIL import Image

from toono.kernel.actor import Actor
from toono.kernel.clock import at, now
from toono.services.contracts import CaseView, DocumentStatus, VerificationStatus
from toono.services.domain import proofs
from toono.services.errors import NotAllowedNow, ReasonMissing
from toono.services.tests.published import GARDEN, definition, publish, registers, sent
from toono.services.tests.steps import documented

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]
TEXT = {"mn": "Туршилт", "en": "Trial"}


@pytest.fixture(autouse=True)
def world() -> Iterator[dict[str, Any]]:
    with registers() as said:
        yield said


def automatic(**changes: Any) -> dict[str, Any]:
    """The same service, decided by rule."""
    made = definition(**changes)
    states = [s if s["name"] != "review" else s | {"kind": "working"} for s in made["workflow"]["states"]]
    actions = [a | {"by": "rule"} if a["by"] == "officer" else a for a in made["workflow"]["actions"]]
    actions = [{k: v for k, v in a.items() if k != "needs_reason"} for a in actions]
    rules = [{"when": "true", "action": "grant"}]
    return made | {"workflow": {"states": states, "actions": actions, "automatic": rules}}


def issued(stack: Stack, actor: Actor, service: str) -> CaseView:
    """A granted case with its document; made in this process, where the registers say what the test wants."""
    from toono.services import api

    case = sent(actor, service, GARDEN)
    api.process_case(case_id=case.id)
    return documented(stack, actor, case.id)


def qr(pdf: bytes) -> str:
    """What a reader of QR codes that is not ours sees on the printed page."""
    page = subprocess.run(["pdftoppm", "-r", "200", "-f", "1", "-l", "1", "-png"], input=pdf, capture_output=True, check=True).stdout
    [found] = zxingcpp.read_barcodes(Image.open(io.BytesIO(page)))
    return str(found.text)


def words(pdf: bytes) -> str:
    return subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()


def test_the_qr_is_proven_without_a_network_by_the_published_keys(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case = issued(stack, actor, publish(automatic(document={"title": TEXT, "validity_days": 30, "rows": [{"question": "note"}]})))
    assert case.document
    seen = qr(api.document_file(actor=actor, document_id=case.document.id).content)
    assert seen.startswith(case.document.check_url + "#")
    published = stack.http.get(f"{stack.base_url}/.well-known/toono-documents.json").raise_for_status()
    assert published.headers["access-control-allow-origin"] == "*"
    proof = proofs.read(seen, published.json()["keys"])
    assert (proof.code, proof.title, proof.holder) == (case.document.code, "Туршилт", "Г.С. 26")
    assert proof.fingerprint == case.document.facts_fingerprint.replace(" ", "")
    assert proof.in_time(now()) and not proof.in_time(now() + timedelta(days=40))
    assert published.json()["organisations"]["dundgovi-environment"]["mn"]


def test_the_command_says_what_the_qr_proves(stack: Stack, fresh_citizen: Citizen, tmp_path: Path) -> None:
    """Another process, without database or platform."""
    from toono.services.models import Document

    case = issued(stack, fresh_citizen(), publish(automatic()))
    assert case.document
    keys = tmp_path / "keys.json"
    keys.write_text(stack.http.get(f"{stack.base_url}/.well-known/toono-documents.json").text)
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("TOONO_", "DJANGO_"))}

    def said(text: str, file: Path = keys) -> tuple[int, str]:
        command = [sys.executable, "-m", "toono.entry", "verify", text, "--keys", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, env=bare, cwd=tmp_path, check=False)
        return done.returncode, done.stdout

    payload = Document.objects.get(id=case.document.id).payload
    code, told = said(f"{case.document.check_url}#{payload}")
    assert code == 0 and case.document.code in told and "genuine" in told
    assert said(payload[:-6])[0] == 1
    assert said(payload, tmp_path / "none.json")[0] == 2


def test_a_qr_that_was_changed_or_moved_proves_nothing(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api
    from toono.services.models import Document

    actor = fresh_citizen()
    case = issued(stack, actor, publish(automatic()))
    assert case.document
    words_ = Document.objects.get(id=case.document.id).payload
    keys = api.document_keys()["keys"]
    assert isinstance(keys, list)
    head, body, signature = words_.split(".")
    other = "A" if signature[0] != "A" else "B"
    for wrong in (
        "",
        "x",
        words_[:-9],
        f"{head}.{body}.{other}{signature[1:]}",
        f"{head}.{body[:-4]}AAAA.{signature}",
        "a.b.c",
        "http://[",
        "." * 3000,
    ):
        with pytest.raises(proofs.NotProven):
            proofs.read(wrong, keys)
    with pytest.raises(proofs.NotProven, match="another document"):
        proofs.read(f"https://x/d/K7MXR42DQ9ZWT5HJ2CBN#{words_}", keys)
    with pytest.raises(proofs.NotProven):
        proofs.read(words_, [])


def test_a_token_of_another_kind_by_the_same_key_is_no_document(stack: Stack) -> None:
    from toono.pki import api as pki
    from toono.services import api

    keys = api.document_keys()["keys"]
    assert isinstance(keys, list)
    kid = keys[0]["kid"]
    token = pki.sign_jws(key="documents", payload={"c": "x", "t": "x", "o": "x", "h": "", "i": 0, "u": 0, "f": ""}, typ="JWT", kid=kid)
    with pytest.raises(proofs.NotProven):
        proofs.read(token, keys)


def test_the_page_of_the_qr_says_nothing_of_the_holder_itself(stack: Stack, fresh_citizen: Citizen) -> None:
    """What stands behind the # never reaches the server; the page shows it from there."""
    case = issued(stack, fresh_citizen(), publish(automatic()))
    assert case.document
    page = stack.http.get(case.document.check_url).text
    assert "Г.С." not in page and 'id="proof"' in page


def test_the_means_of_checking_are_kept_for_where_no_network_is(stack: Stack) -> None:
    worker = stack.http.get(f"{stack.base_url}/verify/worker.js")
    assert worker.headers["service-worker-allowed"] == "/" and "javascript" in worker.headers["content-type"]
    kept = worker.text.split("const KEEP = ", 1)[1].split(";\n", 1)[0]
    for address in json.loads(kept):
        assert stack.http.get(f"{stack.base_url}{address}").status_code == 200, address


def test_a_list_of_the_register_is_a_table_and_breaks_over_pages(stack: Stack, fresh_citizen: Citizen, world: dict[str, Any]) -> None:
    from toono.services import api
    from toono.services.tests.published import CHILD

    world["family"] = {"members": [CHILD | {"civil_id": f"1480000{n:05d}", "given_name": f"Хүүхэд{n}"} for n in range(60)]}
    facts = [*definition()["facts"], {"name": "family", "meaning": "person.family", "purpose": "water-use-permit"}]
    rows = [{"fact": "identity.given_name"}, {"fact": "family", "columns": ["given_name", "relation", "birth_date"]}]
    actor = fresh_citizen()
    case = issued(stack, actor, publish(automatic(facts=facts, document={"title": TEXT, "rows": rows})))
    assert case.document
    pdf = api.document_file(actor=actor, document_id=case.document.id).content
    said = words(pdf)
    assert said.count("\f") > 1, "a form feed ends each page"
    assert all(f"Хүүхэд{n}" in said for n in range(60)) and "2018.03.15" in said


def test_what_the_officer_filled_in_stands_on_the_document(stack: Stack, fresh_citizen: Citizen, oyun: Actor) -> None:
    from toono.services import api

    made = definition()
    ask = {"code": "permitted", "meaning": "trial.permitted", "kind": "number", "label": TEXT, "minimum": 1, "maximum": 99}
    actions = [a | {"asks": [ask]} if a["code"] == "grant" else a for a in made["workflow"]["actions"]]
    made["workflow"]["actions"], made["document"] = (
        actions,
        {"title": TEXT, "rows": [{"filled": "permitted", "label": {"mn": "Хэмжээ", "en": "x"}}]},
    )
    actor = fresh_citizen()
    case = sent(actor, publish(made), GARDEN)
    api.decide_case(actor=oyun, case_id=case.id, action="grant", filled={"permitted": "42"})
    document = documented(stack, actor, case.id).document
    assert document
    said = words(api.document_file(actor=actor, document_id=document.id).content)
    assert "Хэмжээ" in said and "42" in said


# -- one in place of another -------------------------------------------------------------------------------------


def test_a_newer_document_takes_the_place_of_the_older(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    rows = {"title": TEXT, "rows": [{"question": "note"}], "supersedes": True}
    actor, other, service = fresh_citizen(), fresh_citizen(), publish(automatic(document=rows))
    first, another, second = (issued(stack, who, service) for who in (actor, other, actor))
    assert first.document and second.document and another.document
    old = api.document(actor=actor, document_id=first.document.id)
    assert (old.status, old.superseded_by) == (DocumentStatus.SUPERSEDED, second.document.id)
    assert api.verify_document(code=first.document.code).status is VerificationStatus.SUPERSEDED
    assert api.document(actor=other, document_id=another.document.id).status is DocumentStatus.VALID


def test_documents_stand_side_by_side_where_the_definition_does_not_replace(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor, service = fresh_citizen(), publish(automatic())
    first = issued(stack, actor, service)
    issued(stack, actor, service)
    assert first.document and api.document(actor=actor, document_id=first.document.id).status is DocumentStatus.VALID


def test_a_corrected_register_makes_the_document_anew(stack: Stack, fresh_citizen: Citizen, oyun: Actor, world: dict[str, Any]) -> None:
    from toono.services import api

    rows = {"title": TEXT, "rows": [{"fact": "identity.given_name"}]}
    actor = fresh_citizen()
    case = issued(stack, actor, publish(automatic(document=rows)))
    assert case.document
    world["person"] = world["person"] | {"given_name": "Сарантуяа"}
    with pytest.raises(ReasonMissing):
        api.reissue_document(actor=oyun, case_id=case.id, reason=" ")
    fresh = api.reissue_document(actor=oyun, case_id=case.id, reason="Нэрээ зассан.")
    assert "Сарантуяа" in words(api.document_file(actor=actor, document_id=fresh.id).content)
    assert api.document(actor=actor, document_id=case.document.id).superseded_by == fresh.id
    assert "Сараа" in words(api.document_file(actor=actor, document_id=case.document.id).content), "what was issued stays as it was"
    shown = api.case(actor=actor, case_id=case.id).document
    assert shown and shown.id == fresh.id


def test_nothing_is_made_anew_where_nothing_is_in_force(stack: Stack, fresh_citizen: Citizen, oyun: Actor) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case = issued(stack, actor, publish(automatic()))
    assert case.document
    api.revoke_document(actor=oyun, document_id=case.document.id, reason="Алдаатай")
    with pytest.raises(NotAllowedNow):
        api.reissue_document(actor=oyun, case_id=case.id, reason="Дахин")


def test_an_expired_document_says_so_offline_too(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api
    from toono.services.models import Document

    actor = fresh_citizen()
    case = issued(stack, actor, publish(automatic(document={"title": TEXT, "validity_days": 1, "rows": [{"question": "note"}]})))
    assert case.document
    keys = api.document_keys()["keys"]
    assert isinstance(keys, list)
    proof = proofs.read(Document.objects.get(id=case.document.id).payload, keys)
    with at(now() + timedelta(days=3)):
        assert not proof.in_time(now())
        assert api.verify_document(code=case.document.code).status is VerificationStatus.EXPIRED
