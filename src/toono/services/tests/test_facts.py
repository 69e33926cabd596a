"""Facts from the sandbox's registers: whose they are, what was chosen among them, consent, silence, and what is never asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock
from urllib.parse import unquote

import pytest

from toono.kernel.actor import Actor
from toono.services.contracts import CaseView, FactState, FactView, Phase
from toono.services.errors import CaseUnknown, ConsentNeeded
from toono.services.tests.steps import drafted, register_says

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]
Member = Callable[[str], Actor]
CREDIT, EXCHANGE, VACCINATIONS, FINES = "credit-reference", "vehicle-certificate-exchange", "vaccination-certificate", "traffic-fines"


@pytest.fixture
def member(stack: Stack, actor_of: Callable[[str], Actor]) -> Member:
    """One of the sandbox's cast, as a citizen."""
    return lambda key: actor_of(stack.addresses["persons"][key]["regnum"])


@pytest.fixture
def corrected(stack: Stack) -> Iterator[Callable[[str, str, Any], None]]:
    """A register says something else about somebody, until the test ends."""

    def lay(meaning: str, key: str, fields: Any) -> None:
        stack.http.put(f"{stack.sandbox_url}/control/facts/{meaning}/{key}", json=fields).raise_for_status()

    yield lay
    stack.http.delete(f"{stack.sandbox_url}/control/facts").raise_for_status()


@contextmanager
def asked_paths() -> Iterator[list[str]]:
    """Every path that the exchange is asked for in the block."""
    paths: list[str] = []

    def heard(path: str) -> None:
        paths.append(unquote(path))

    with register_says(heard):
        yield paths


def _facts(case: CaseView) -> dict[str, FactView]:
    return {fact.meaning: fact for fact in case.facts}


def _fields(fact: FactView) -> dict[str, str]:
    return {line.name: line.value for line in fact.fields}


def test_a_list_is_read_with_its_items_and_shown_as_people_write(stack: Stack, member: Member) -> None:
    from toono.services import api

    case = api.start_case(actor=member("damdin"), service=FINES, on_behalf="")
    fines = _facts(case)["person.fines"]
    assert fines.state is FactState.READ and fines.message_id
    assert _fields(fines)["unpaid_total"] == "100,000 ₮"
    assert len(fines.items) == 2 and len(fines.table) == 2 and len(fines.heads) == len(fines.table[0])
    first = {line.name: line for line in fines.items[0]}
    assert first["given_on"].value == "2025.11.08" and first["paid"].words is not None
    assert (first["paid"].value, first["paid"].words.en) == ("Үгүй", "No")


def test_who_has_none_has_an_empty_list_and_nothing_is_pending(stack: Stack, member: Member) -> None:
    from toono.services import api

    case = api.start_case(actor=member("bayarmaa"), service=FINES, on_behalf="")
    fines = _facts(case)["person.fines"]
    assert fines.state is FactState.READ and fines.items == () and _fields(fines)["unpaid_total"] == "0 ₮"


def test_conditions_read_typed_values(stack: Stack, member: Member) -> None:
    from toono.services import api
    from toono.services.models import Case
    from toono.services.queries import facts

    case = api.start_case(actor=member("damdin"), service=FINES, on_behalf="")
    name = _facts(case)["person.fines"].name
    said = facts.values(facts.current(Case.objects.get(id=case.id)))[name]
    assert said["unpaid_total"] == 100_000.0 and [item["paid"] for item in said["items"]] == [False, True]
    assert said["items"][0]["given_on"] == "2025-11-08"


def test_facts_about_a_child_are_read_about_the_child(stack: Stack, member: Member) -> None:
    from toono.services import api

    actor = member("nomin")
    [child] = [one for one in api.applicants(actor=actor, service=VACCINATIONS).choices if one.kind.value == "child"]
    with asked_paths() as paths:
        case = api.start_case(actor=actor, service=VACCINATIONS, on_behalf=child.subject)
    doses = _facts(case)["person.vaccinations"]
    assert len(doses.items) > 8 and doses.subject == child.subject
    assert f"/vaccination/{child.subject}/doses" in paths
    assert _fields(_facts(case)["person.identity"])["given_name"] == "Тэмүүлэн"


def test_facts_about_a_legal_entity_are_read_about_the_one_for_which_the_case_is(stack: Stack, member: Member) -> None:
    from toono.services import api

    actor = member("tulga")
    choices = [one for one in api.applicants(actor=actor, service="pharmacy-permit-extension").choices if one.kind.value == "legal_entity"]
    assert {one.subject for one in choices} == {"9846077", "9846078"}
    case = api.start_case(actor=actor, service="pharmacy-permit-extension", on_behalf="9846077")
    permits = _facts(case)["entity.permits"]
    assert permits.subject == "9846077" and len(permits.items) == 6
    other = api.start_case(actor=actor, service="pharmacy-permit-extension", on_behalf="9846078")
    assert _facts(other)["entity.permits"].state is FactState.ABSENT


def test_a_chosen_vehicle_is_read_at_once_and_another_choice_reads_the_other(stack: Stack, member: Member) -> None:
    from toono.services import api

    actor = member("damdin")
    case = api.start_case(actor=actor, service=EXCHANGE, on_behalf="")
    assert "vehicle.details" not in _facts(case)
    for plate, model in (("0481ЖЖА", "Land Cruiser"), ("4802ЖЖЕ", "Porter")):
        question = _vehicle_question(EXCHANGE)
        api.answer(actor=actor, case_id=case.id, question=question, values={question: plate})
        told = _facts(api.case(actor=actor, case_id=case.id))["vehicle.details"]
        assert (told.subject, _fields(told)["model"]) == (plate, model)


def _vehicle_question(service: str) -> str:
    from toono.services.queries import definitions

    return next(q.code for q in definitions.newest(service)[0].questions if q.kind.value == "vehicle")


def test_no_register_is_asked_about_a_vehicle_of_another(stack: Stack, member: Member) -> None:
    """Though the answer stood in the row, by whatever way it came there."""
    from toono.services import api
    from toono.services.models import Case
    from toono.services.operations import facts
    from toono.services.queries import definitions

    actor = member("damdin")
    case = api.start_case(actor=actor, service=EXCHANGE, on_behalf="")
    row = Case.objects.get(id=case.id)
    row.answers = {**row.answers, _vehicle_question(EXCHANGE): "0077ЖЖТ"}
    row.save(update_fields=["answers"])
    with asked_paths() as paths:
        silent = facts.read_needed(row, definitions.definition(row.service, row.service_version), actor=actor)
    assert silent == [] and not any("0077" in path for path in paths)
    assert "vehicle.details" not in _facts(api.case(actor=actor, case_id=case.id))


def test_the_owner_sees_in_the_ledger_that_a_vehicle_was_read(stack: Stack, member: Member) -> None:
    from toono.exchange import api as exchange
    from toono.identity import api as identity
    from toono.kernel.actor import system
    from toono.services import api

    actor = member("temuujin")
    case = api.start_case(actor=actor, service=EXCHANGE, on_behalf="")
    question = _vehicle_question(EXCHANGE)
    api.answer(actor=actor, case_id=case.id, question=question, values={question: "2302ЖЖР"})
    assert actor.person_id is not None
    civil_id = identity.person(actor=system("tests"), person_id=actor.person_id).civil_id

    def noted() -> bool:
        return any(
            r.case == case.number and "auto-transport/vehicles/vehicle" in r.service
            for r in exchange.readings(actor=actor, civil_id=civil_id)
        )

    assert stack.wait(noted, timeout=20)


def _slow(path: str) -> None:
    time.sleep(0.5)


def test_several_registers_are_asked_at_the_same_time(stack: Stack, fresh_citizen: Citizen) -> None:
    """Each takes half a second; one after another they would take as many halves as there are facts."""
    from toono.services import api

    actor = fresh_citizen()
    api.applicants(actor=actor, service=EXCHANGE)

    with register_says(_slow):
        began = time.monotonic()
        case = api.start_case(actor=actor, service=EXCHANGE, on_behalf="")
        took = time.monotonic() - began
    assert len(case.facts) >= 3
    assert took < 0.5 * len(case.facts)


def test_one_after_another_takes_longer(stack: Stack, fresh_citizen: Citizen) -> None:
    """The guard of the test before: with one thread the same start is slow."""
    from toono.services import api
    from toono.services.operations import facts

    actor = fresh_citizen()
    with register_says(_slow), mock.patch.object(facts, "AT_ONCE", 1):
        began = time.monotonic()
        case = api.start_case(actor=actor, service=EXCHANGE, on_behalf="")
        assert time.monotonic() - began >= 0.5 * len(case.facts)


def test_one_silent_register_stops_no_other(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.exchange.errors import ProviderFault
    from toono.services import api

    def without_fines(path: str) -> None:
        if path.startswith("/drivers/"):
            raise ProviderFault("no answer")

    actor = fresh_citizen()
    with register_says(without_fines):
        case = api.start_case(actor=actor, service=EXCHANGE, on_behalf="")
    states = {fact.meaning: fact.state for fact in case.facts}
    assert states["person.fines"] is FactState.PENDING
    assert FactState.PENDING not in {state for meaning, state in states.items() if meaning != "person.fines"}


def test_an_answer_about_another_legal_entity_is_not_believed(stack: Stack, member: Member) -> None:
    from toono.exchange import api as exchange
    from toono.services import api

    real = exchange.call
    actor = member("temuujin")

    def of_another(**question: Any) -> Any:
        asked = question["path"] == "/permits/entities/9848223"
        return real(**{**question, "path": "/permits/entities/9846077"} if asked else question)

    with mock.patch.object(exchange, "call", of_another):
        case = api.start_case(actor=actor, service="pharmacy-permit-extension", on_behalf="9848223")
    assert _facts(case)["entity.permits"].state is FactState.PENDING


# -- consent -----------------------------------------------------------------------------------------------------


def _consent(actor: Actor, agreement: str) -> None:
    from toono.exchange import api as exchange
    from toono.identity import api as identity
    from toono.kernel.actor import system

    assert actor.person_id is not None
    person = identity.person(actor=system("tests"), person_id=actor.person_id)
    offer = exchange.consent_offer(actor=actor, civil_id=person.civil_id, agreement=agreement)
    exchange.give_consent(
        actor=actor,
        civil_id=person.civil_id,
        regnum=person.regnum,
        agreement=agreement,
        purposes=[p.code for p in offer.purposes],
        token=offer.token,
    )


def test_without_consent_the_fact_is_pending_and_the_case_cannot_be_sent(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api
    from toono.services.models import Case
    from toono.services.operations import facts
    from toono.services.queries import definitions

    actor = fresh_citizen()
    case = drafted(actor, CREDIT)
    credit = _facts(case)["person.credit"]
    assert (credit.state, credit.consent) == (FactState.PENDING, "portal-credit-loans")
    row = Case.objects.get(id=case.id)
    definition = definitions.definition(row.service, row.service_version)
    with pytest.raises(ConsentNeeded) as refusal:
        facts.check_consents(row, definition)
    assert refusal.value.data["agreement"] == "portal-credit-loans"
    _consent(actor, credit.consent or "")
    told = _facts(api.read_facts(actor=actor, case_id=case.id))["person.credit"]
    assert told.state is FactState.READ and told.consent is None
    facts.check_consents(row, definition)


def test_the_person_is_led_to_the_page_of_consent_and_back_to_the_case(
    stack: Stack, fresh_person: Callable[[], dict[str, Any]], browser_client: Callable[[str], Any], actor_of: Callable[[str], Actor]
) -> None:
    from toono.services import api

    regnum = fresh_person()["regnum"]
    client = browser_client(regnum)
    actor = actor_of(regnum)
    case = drafted(actor, CREDIT)
    fact = _facts(case)["person.credit"].name
    page = client.get(f"{stack.base_url}/cases/{case.id}/consent/{fact}", follow_redirects=True)
    assert page.status_code == 200 and "portal-credit-loans" in str(page.url)
    _consent(actor, "portal-credit-loans")
    back = client.get(f"{stack.base_url}/cases/consented", params={"state": str(case.id), "consent": "given"}, follow_redirects=False)
    assert (back.status_code, back.headers["Location"]) == (302, f"/cases/{case.id}")
    assert _facts(api.case(actor=actor, case_id=case.id))["person.credit"].state is FactState.READ


def test_another_persons_case_is_not_read_and_a_bad_way_back_is_not_found(stack: Stack, fresh_citizen: Citizen, bat: Actor) -> None:
    from toono.services import api

    case = drafted(fresh_citizen(), CREDIT)
    with pytest.raises(CaseUnknown):
        api.read_facts(actor=bat, case_id=case.id)


# -- what changes at a register ----------------------------------------------------------------------------------


def test_a_debt_that_vanishes_is_seen_at_the_next_reading(stack: Stack, member: Member, corrected: Callable[[str, str, Any], None]) -> None:
    from toono.services import api
    from toono.services.models import Case, Fact
    from toono.services.operations import facts
    from toono.services.queries import definitions

    actor, civil_id = member("enkhjin"), stack.addresses["persons"]["enkhjin"]["civil_id"]
    corrected("person.fines", civil_id, {"unpaid_total": 70_000})
    case = api.start_case(actor=actor, service=FINES, on_behalf="")
    assert _fields(_facts(case)["person.fines"])["unpaid_total"] == "70,000 ₮"
    corrected("person.fines", civil_id, {"unpaid_total": 0})
    row = Case.objects.get(id=case.id)
    facts.read_anew(row, definitions.definition(row.service, row.service_version), actor=actor)
    assert _fields(_facts(api.case(actor=actor, case_id=case.id))["person.fines"])["unpaid_total"] == "0 ₮"
    assert [f.value[0]["value"] for f in Fact.objects.filter(case=row, meaning="person.fines").order_by("answered_at")] == [70_000.0, 0.0]


def test_a_register_that_falls_silent_about_another_choice_leaves_nothing_of_the_first(stack: Stack, member: Member) -> None:
    from toono.exchange.errors import ProviderFault
    from toono.services import api

    actor = member("tulga")
    case = api.start_case(actor=actor, service=EXCHANGE, on_behalf="")
    question = _vehicle_question(EXCHANGE)
    api.answer(actor=actor, case_id=case.id, question=question, values={question: "0077ЖЖТ"})
    assert _facts(api.case(actor=actor, case_id=case.id))["vehicle.details"].state is FactState.READ

    def silent(path: str) -> None:
        if "7701" in path:
            raise ProviderFault("no answer")

    with register_says(silent):
        api.answer(actor=actor, case_id=case.id, question=question, values={question: "7701ЖЖК"})
    left = _facts(api.case(actor=actor, case_id=case.id))["vehicle.details"]
    assert (left.state, left.fields) == (FactState.PENDING, ())
    assert api.case(actor=actor, case_id=case.id).phase is Phase.DRAFT
