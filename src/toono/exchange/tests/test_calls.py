"""The door of the exchange on the running platform: real gateway, signer, register."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from tests.stage import Stack
    from toono.exchange.contracts import Answer
    from toono.kernel.actor import Actor

ADDRESS = "MN/GOV/state-registration/population/address"
PERSON = "MN/GOV/state-registration/population/person"


def ask(civil_id: str, **more: Any) -> Answer:
    import toono.exchange.api as exchange

    values: dict[str, Any] = {
        "system": "portal",
        "service": ADDRESS,
        "purpose": "address-reference",
        "case": "T-1",
        "user": f"MN{civil_id}",
    }
    return exchange.call(path=f"/persons/{civil_id}/address", **(values | more))


@pytest.fixture
def sarnai_person(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = stack.addresses["persons"]["sarnai"]
    return found


def test_a_register_is_read_and_the_answer_has_its_receipt(sarnai_person: dict[str, Any]) -> None:
    identifier = f"MN-{uuid4()}"
    answer = ask(sarnai_person["civil_id"], message_id=identifier)
    assert isinstance(answer.body, dict) and answer.body["civil_id"] == sarnai_person["civil_id"]
    assert answer.message_id == identifier and len(b64decode(answer.receipt)) == 64
    assert answer.service_title == answer.service_title_mn != ADDRESS


def test_somebody_whom_the_register_does_not_know_is_not_in_it(stack: Stack) -> None:
    from toono.exchange.errors import NotInRegister

    with pytest.raises(NotInRegister) as error:
        ask("999999999999")
    assert not error.value.transient


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        ({"register": "down"}, "ProviderFault", None),
        ({"register": "hang"}, "ProviderFault", "timeout"),
        ({"register": "nonsense"}, "ProviderFault", None),
        ({"register": "other_person"}, "SubjectMismatch", "other_person"),
    ],
)
def test_each_fault_of_the_register_has_its_error(
    stack: Stack, sarnai_person: dict[str, Any], fault: dict[str, str], kind: str, reason: str | None
) -> None:
    from toono.exchange import errors

    stack.faults(**fault)
    with pytest.raises(getattr(errors, kind)) as error:
        ask(sarnai_person["civil_id"], deadline_seconds=15)
    assert error.value.transient and error.value.title_mn and error.value.data["message_id"]
    assert reason is None or error.value.data["reason"] == reason


def test_a_call_without_a_right_is_refused(sarnai_person: dict[str, Any]) -> None:
    from toono.exchange.errors import ExchangeRefused

    with pytest.raises(ExchangeRefused) as error:
        ask(sarnai_person["civil_id"], purpose="loan-application")
    assert (error.value.data["reason"], error.value.transient) == ("purpose_unknown", False)
    with pytest.raises(ExchangeRefused) as error:
        ask(sarnai_person["civil_id"], system="nobody")
    assert error.value.data["reason"] == "unknown_system"


def test_a_gateway_that_is_not_there_is_a_passing_fault(
    stack: Stack, sarnai_person: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from toono.exchange.errors import ExchangeUnavailable
    from toono.kernel.settings import Settings

    monkeypatch.setattr(Settings, "gateway_base_url", "http://127.0.0.1:9")
    with pytest.raises(ExchangeUnavailable) as error:
        ask(sarnai_person["civil_id"])
    assert error.value.transient


def test_a_person_sees_who_read_her_data_and_nobody_else_does(
    fresh_person: Callable[[], dict[str, Any]], sarnai: Actor, oyun: Actor, anu: Actor
) -> None:
    import toono.exchange.api as exchange
    from toono.kernel.actor import ANYBODY
    from toono.kernel.errors import NotAllowed

    civil_id, neighbour = (fresh_person()["civil_id"] for _ in range(2))
    answers = [ask(civil_id, case=f"T-{number}") for number in range(3)]
    ask(neighbour)
    found = exchange.readings(actor=sarnai, civil_id=civil_id, limit=2)
    assert [r.case for r in found] == ["T-2", "T-1"]
    assert [r.message_id for r in found] == [answers[2].message_id, answers[1].message_id]
    older = exchange.readings(actor=sarnai, civil_id=civil_id, limit=2, before=found[-1].cursor)
    assert [(r.case, r.receipt) for r in older] == [("T-0", answers[0].receipt)]
    assert (found[0].organisation, found[0].purpose) == ("digital-academy", "address-reference")
    assert (
        found[0].basis_mn
        and found[0].basis_en
        and found[0].organisation_name_mn
        and found[0].service_title_en
        and found[0].purpose_title_mn
    )
    for somebody in (oyun, anu, ANYBODY):
        with pytest.raises(NotAllowed):
            exchange.readings(actor=somebody, civil_id=civil_id, limit=2)


def test_an_auditor_gets_the_evidence_of_a_message_and_looking_is_recorded(sarnai_person: dict[str, Any], anu: Actor) -> None:
    import toono.exchange.api as exchange
    from toono.exchange.contracts import Direction, Verdict
    from toono.kernel.models import AuditRecord

    answer = ask(sarnai_person["civil_id"])
    evidence = exchange.message(actor=anu, message_id=answer.message_id)
    assert [m.direction for m in evidence.messages] == [Direction.REQUEST, Direction.RESPONSE]
    assert {m.verdict for m in evidence.messages} == {Verdict.VALID}
    assert evidence.outcome_known and evidence.messages[0].digest_base64 == answer.receipt
    assert json.loads(b64decode(evidence.messages[1].body_base64)) == answer.body
    assert AuditRecord.objects.filter(
        action="exchange.read_message", subject=f"message:{answer.message_id}", person_id=anu.person_id
    ).exists()


def test_changed_evidence_is_found_out(sarnai_person: dict[str, Any], anu: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    import toono.exchange.api as exchange
    from toono.exchange import models
    from toono.exchange.contracts import Verdict

    answer = ask(sarnai_person["civil_id"])
    genuine = models.MessageRecord.from_db.__func__  # type: ignore[attr-defined]

    def changed(cls: Any, *arguments: Any) -> Any:
        record = genuine(cls, *arguments)
        record.body = bytes(record.body).replace(b"1", b"2") if record.body else record.body
        return record

    monkeypatch.setattr(models.MessageRecord, "from_db", classmethod(changed))
    evidence = exchange.message(actor=anu, message_id=answer.message_id)
    assert [m.verdict for m in evidence.messages] == [Verdict.VALID, Verdict.INVALID]


def test_evidence_is_for_auditors_only(sarnai_person: dict[str, Any], sarnai: Actor, oyun: Actor, anu: Actor) -> None:
    import toono.exchange.api as exchange
    from toono.exchange.errors import MessageNotFound
    from toono.kernel.errors import NotAllowed

    answer = ask(sarnai_person["civil_id"])
    for somebody in (sarnai, oyun):
        with pytest.raises(NotAllowed):
            exchange.message(actor=somebody, message_id=answer.message_id)
    with pytest.raises(MessageNotFound):
        exchange.message(actor=anu, message_id="nothing")


def test_nonces_are_forgotten_when_their_signatures_are_too_old_anyway(stack: Stack) -> None:
    from datetime import timedelta

    from toono.exchange.models import SeenNonce
    from toono.exchange.tasks import forget_nonces
    from toono.kernel.clock import now

    old, young = uuid4().bytes, uuid4().bytes
    SeenNonce.objects.create(nonce=old, expires_at=now() - timedelta(hours=2))
    SeenNonce.objects.create(nonce=young, expires_at=now() + timedelta(seconds=300))
    forget_nonces(0)
    assert not SeenNonce.objects.filter(nonce=old).exists() and SeenNonce.objects.filter(nonce=young).exists()
