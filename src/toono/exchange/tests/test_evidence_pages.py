"""Pages of evidence: roots and proofs for anybody, containers for gateways, the log for those who may look."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from toono.exchange.domain import proofs
from toono.exchange.tests.written import CLIENT, Writer, Written
from toono.kernel import clock
from toono.kernel.actor import Actor, Role

pytest_plugins = ["toono.exchange.tests.stage"]


@pytest.fixture
def writer(stack: Any) -> Writer:
    return Writer(stack.settings)


def ask(path: str, *, actors: tuple[Actor, ...] = (), language: str = "mn", **headers: str) -> Any:
    """The answer of the view at ``path``, as the middleware would hand the request to it."""
    from django.test import RequestFactory
    from django.urls import resolve
    from django.utils import translation

    request = RequestFactory().get(path, headers=headers or None)
    request.actors = actors
    request.LANGUAGE_CODE = language
    found = resolve(request.path_info)
    with translation.override(language):
        return found.func(request, *found.args, **found.kwargs)


def inner(path: str, *, client: str | None = CLIENT, key: str | None = None) -> Any:
    from toono.kernel.settings import settings

    headers = {"Authorization": f"Bearer {key or settings().secret('inner_key')}"} | ({"X-Toono-Client": client} if client else {})
    return ask(f"/exchange/inner/{path}", **headers)


def query(message_id: str, *flags: str, client: str = CLIENT) -> str:
    instance, member_class, member, system = client.split("/")
    fixed = f"queryId={message_id}&xRoadInstance={instance}&memberClass={member_class}&memberCode={member}&subsystemCode={system}"
    return "&".join([f"asic?{fixed}", *flags])


def stamp() -> None:
    from toono.exchange.operations.stamp import stamp_pending

    stamp_pending(at_once=True)


def call(writer: Writer) -> tuple[Written, Written]:
    """A request and its response."""
    request = writer.message(body=b'{"a":1}')
    response = writer.message(direction="response", message_id=request.message_id, request_id=request.request_id, body=b'{"b":2}')
    writer.batch([request, writer.message()])
    writer.batch([response])
    return request, response


# -- proofs ------------------------------------------------------------------------------------------------------


def proof_of(message: Written) -> dict[str, Any]:
    from urllib.parse import quote

    receipt = base64.b64encode(message.receipt).decode()
    answer = ask(f"/exchange/roots/proof?receipt={quote(receipt, safe='')}&message={quote(message.message_id)}")
    return dict(json.loads(answer.content))


@pytest.mark.usefixtures("taken_back")
@pytest.mark.parametrize("alone", [True, False])
def test_a_receipt_leads_to_the_published_root(writer: Writer, alone: bool) -> None:
    from toono.exchange.models import HourlyRoot
    from toono.exchange.operations.roots import publish_roots

    messages = [writer.message(body=b"" if alone else b'{"a":1}') for _ in range(1 if alone else 5)]
    writer.batch(messages)
    stamp()
    early = proofs.check(proof_of(messages[0]))
    assert early.root is None and early.receipt == messages[0].receipt
    with clock.at(datetime.now(UTC) + timedelta(hours=1)):
        publish_roots()
    published = bytes(HourlyRoot.objects.order_by("-hour")[0].root)
    for message in messages:
        found = proofs.check(proof_of(message))
        assert (found.receipt, found.root) == (message.receipt, published)


@pytest.mark.usefixtures("taken_back")
def test_a_proof_holds_in_every_step(writer: Writer) -> None:
    """Whatever is changed in it, it is broken there or earlier."""
    from toono.exchange.operations.roots import publish_roots

    messages = [writer.message(body=b'{"a":1}') for _ in range(5)]
    writer.batch(messages)
    writer.batch([writer.message()])
    stamp()
    with clock.at(datetime.now(UTC) + timedelta(hours=1)):
        publish_roots()
    whole, other = proof_of(messages[0]), proof_of(messages[1])
    digest = base64.b64encode(bytes(64)).decode()
    changes: list[tuple[str, Any]] = [
        ("receipt", {"receipt": digest}),
        ("receipt", {"head": digest}),
        ("receipt", {"body": None}),
        ("signature", {name: other[name] for name in ("receipt", "head", "body")} | {"signature": whole["signature"]}),
        ("signature", {"signature": whole["signature"] | {"direct": True}}),
        ("signature", {"signature": whole["signature"] | {"path": whole["signature"]["path"][1:]}}),
        ("stamp", {"stamp": whole["stamp"] | {"path": []}}),
        ("hour", {"hour": whole["hour"] | {"previous": base64.b64encode(b"\1" * 64).decode()}}),
        ("hour", {"hour": whole["hour"] | {"root": digest}}),
        ("form", {"hour": whole["hour"] | {"jws": "x"}}),
        ("form", {"signature": {}}),
        ("form", {"stamp": None}),
        ("form", {"head": 1}),
    ]
    proofs.check(whole)
    for step, change in changes:
        with pytest.raises(proofs.ProofBroken) as broken:
            proofs.check(whole | change)
        assert broken.value.step == step, change


def test_without_the_receipt_nothing_is_told(writer: Writer) -> None:
    from toono.exchange.errors import NotStampedYet, ReceiptNotFound

    request, response = call(writer)
    with pytest.raises(NotStampedYet):
        proof_of(request)
    stamp()
    proof_of(request)
    wrong = Written(uuid4(), request.message_id, request.request_id, "request", b"another", b"")
    unknown = Written(uuid4(), "unknown", request.request_id, "request", request.head, request.body)
    for message in (wrong, unknown):
        with pytest.raises(ReceiptNotFound):
            proof_of(message)
    for text in ("", "receipt=&message=", "receipt=%&message=x", "receipt=AAAA", f"message={request.message_id}"):
        with pytest.raises(ReceiptNotFound):
            ask(f"/exchange/roots/proof?{text}")
    assert response.body.decode() not in json.dumps(proof_of(request))


@pytest.mark.usefixtures("taken_back")
def test_roots_are_listed_newest_first_and_each_has_its_page(writer: Writer) -> None:
    from toono.exchange.errors import RootNotFound
    from toono.exchange.operations.roots import publish_roots

    call(writer)
    stamp()
    with clock.at(datetime.now(UTC) + timedelta(hours=3)):
        publish_roots()
    listed = json.loads(ask("/exchange/roots").content)["roots"]
    assert [root["hour"] for root in listed] == sorted((root["hour"] for root in listed), reverse=True)
    one = json.loads(ask(f"/exchange/roots/{listed[0]['name']}").content)
    assert (one["root"], one["previous"]) == (listed[0]["root"], listed[1]["root"])
    assert ask(f"/exchange/roots/{listed[0]['name']}?form=jws").content.decode() == one["jws"]
    later = json.loads(ask(f"/exchange/roots?before={listed[1]['name']}").content)["roots"]
    assert listed[2:3] == later[:1]
    for name in ("2000-01-01T00Z", "x", "2026-11-22T07"):
        with pytest.raises(RootNotFound):
            ask(f"/exchange/roots/{name}")


# -- for gateways ------------------------------------------------------------------------------------------------


def names(answer: Any) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(answer.content)).namelist()


def test_both_documents_of_a_call_come_in_one_file(writer: Writer) -> None:
    request, _ = call(writer)
    stamp()
    answer = inner(query(request.message_id))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert answer["Content-Disposition"].startswith(f'attachment; filename="{request.message_id}.zip"')
    assert [name.rsplit("-", 2)[1] for name in names(answer)] == ["request", "response"]
    only = inner(query(request.message_id, "responseOnly"))
    assert [name.rsplit("-", 2)[1] for name in names(only)] == ["response"]
    assert f"{request.message_id}-response.zip" in only["Content-Disposition"]
    one = inner(query(request.message_id, "requestOnly", "unique"))
    assert one["Content-Type"] == "application/vnd.etsi.asic-e+zip"
    assert zipfile.ZipFile(io.BytesIO(one.content)).read("message.xml") == request.head


def test_statuses_are_those_of_x_road(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    import toono.pki.api as pki
    from toono.pki.errors import SignerUnavailable

    request, _ = call(writer)

    def down(**_: Any) -> bytes:
        raise SignerUnavailable("down")

    unstamped = inner(query(request.message_id))
    assert (unstamped.status_code, unstamped["Content-Type"]) == (500, "text/plain; charset=utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(pki, "time_stamp", down)
        assert inner(query(request.message_id, "force")).status_code == 500
    assert inner(query(request.message_id, "force")).status_code == 200
    assert inner(query(request.message_id)).status_code == 200
    for path, status, word in (
        (query(request.message_id, "requestOnly", "responseOnly"), 400, "exclude"),
        (query(request.message_id, "unique"), 400, "unique"),
        (query("unknown"), 404, "No signed documents"),
        (query(request.message_id).replace("queryId=", "query="), 400, "queryId"),
        (query(request.message_id).replace("memberCode=", "member="), 400, "memberCode"),
    ):
        answer = inner(path)
        assert (answer.status_code, word in answer.content.decode()) == (status, True), path


def test_a_client_gets_its_own_messages_only(writer: Writer) -> None:
    request, _ = call(writer)
    stamp()
    stranger = "MN/COM/stranger/system"
    assert inner(query(request.message_id, client=stranger), client=stranger).status_code == 404
    assert inner(query(request.message_id), client=stranger).status_code == 401
    assert inner(query(request.message_id), client=None).status_code == 401
    provider = "/".join(writer.service.split("/")[:4])
    assert inner(query(request.message_id, client=provider), client=provider).status_code == 200


def test_nobody_but_a_gateway_is_answered(writer: Writer) -> None:
    for path in ("asic", "verificationconf"):
        assert inner(path, key="wrong").status_code == 401
        assert ask(f"/exchange/inner/{path}").status_code == 401


def test_the_configuration_for_verifiers_is_read_back(stack: Any) -> None:
    from toono.exchange.domain.evidence import verificationconf

    answer = inner("verificationconf", client=None)
    assert answer.status_code == 200 and "verificationconf.zip" in answer["Content-Disposition"]
    assert verificationconf.read(answer.content).instance == stack.settings.exchange_instance


# -- for people --------------------------------------------------------------------------------------------------


def page(path: str, actor: Actor, language: str = "mn") -> str:
    answer = ask(path, actors=(actor,), language=language)
    assert answer.status_code == 200
    return str(answer.content.decode())


def audited(action: str, actor: Actor) -> int:
    from toono.kernel.models import AuditRecord

    return int(AuditRecord.objects.filter(action=action, person_id=actor.person_id).count())


def test_an_administrator_finds_a_message_and_reads_what_it_proves(writer: Writer, anu: Actor) -> None:
    request, response = call(writer)
    stamp()
    before = audited("exchange.read_message", anu)
    found = page(f"/admin/exchange/messages?message={request.message_id}", anu)
    assert str(request.id) in found and str(response.id) in found and "Бүрэн бүтэн" in found
    one = page(f"/admin/exchange/messages/{request.id}", anu, "en")
    assert request.message_id in one and "written-register" in one
    assert "&#34;a&#34;:1" in one or "{&#34;a&#34;" in one  # the body stands escaped
    assert audited("exchange.read_message", anu) == before + 2
    answer = ask(f"/admin/exchange/messages/{request.id}/container", actors=(anu,))
    assert zipfile.ZipFile(io.BytesIO(answer.content)).read("attachment1") == request.body
    assert audited("exchange.take_container", anu) >= 1


def test_a_message_is_found_by_receipt_and_time(writer: Writer, anu: Actor) -> None:
    from urllib.parse import quote

    request, _ = call(writer)
    receipt = quote(base64.b64encode(request.receipt).decode(), safe="")
    around = f"{clock.local(datetime.now(UTC)):%Y-%m-%dT%H:%M}"
    assert str(request.id) in page(f"/admin/exchange/messages?receipt={receipt}&around={around}", anu)
    assert str(request.id) not in page(f"/admin/exchange/messages?receipt={receipt}&around=2020-01-01T00:00", anu)
    for wrong in (f"receipt={receipt}", "receipt=AAAA&around=2020-01-01T00:00", f"receipt={receipt}&around=yesterday"):
        assert ask(f"/admin/exchange/messages?{wrong}", actors=(anu,)).status_code == 400


def test_a_representative_sees_their_organisations_messages_only(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    import toono.registry.api as registry
    from toono.exchange.errors import MessageNotFound
    from toono.registry.contracts import Organisation

    def organisation(code: str) -> Organisation:
        return Organisation(code=code, member_class="GOV", register_number="1234567", name_mn="Б", name_en="O")

    monkeypatch.setattr(registry, "organisation", organisation)
    request, _ = call(writer)
    own, other = (Actor(role=Role.REPRESENTATIVE, person_id=UUID(int=5), organisation=code) for code in ("written-register", "written"))
    assert str(request.id) in page(f"/admin/exchange/messages?message={request.message_id}", own)
    page(f"/admin/exchange/messages/{request.id}", own)
    assert str(request.id) not in page(f"/admin/exchange/messages?message={request.message_id}", other)
    for path in (f"/admin/exchange/messages/{request.id}", f"/admin/exchange/messages/{request.id}/container"):
        with pytest.raises(MessageNotFound):
            ask(path, actors=(other,))


def test_nobody_else_may_look(writer: Writer, sarnai: Actor) -> None:
    from toono.exchange import api
    from toono.kernel.errors import NotAllowed

    request, _ = call(writer)
    for actor in (sarnai, Actor(role=Role.OFFICER, person_id=UUID(int=6), organisation="written-register")):
        for path in ("", f"/{request.id}", f"/{request.id}/container"):
            with pytest.raises(NotAllowed):
                ask(f"/admin/exchange/messages{path}", actors=(actor,))
        with pytest.raises(NotAllowed):
            api.message(actor=actor, message_id=request.message_id)
        with pytest.raises(NotAllowed):
            api.stamp_now(actor=actor)
        with pytest.raises(NotAllowed):
            api.verify_log(actor=actor, since=datetime.now(UTC), until=datetime.now(UTC))
    assert ask("/admin/exchange/messages").status_code == 302  # nobody is signed in: to the sign-in page


def test_an_outcome_without_an_answer_says_so(writer: Writer, anu: Actor) -> None:
    from toono.exchange.errors import NotSigned
    from toono.exchange.models import MessageRecord

    request = writer.message()
    writer.batch([request], outcomes=1)
    outcome = MessageRecord.objects.get(batch=request.batch, signature=None)
    assert "Хариугүй дууссан" in page(f"/admin/exchange/messages/{outcome.id}", anu)
    with pytest.raises(NotSigned):
        ask(f"/admin/exchange/messages/{outcome.id}/container", actors=(anu,))
