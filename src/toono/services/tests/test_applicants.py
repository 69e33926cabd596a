"""For whom one applies: oneself, a child, a company – as the registers say, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from toono.kernel.actor import Actor
from toono.services.contracts import Applicant, NextKind, Phase
from toono.services.errors import ApplicantNotChosen, CaseUnknown, NotForThisPerson, RegisterSilent
from toono.services.tests.published import BROTHER, CHILD, ENTITY, GROWN, definition, publish, registers, sent, silence
from toono.services.tests.steps import no_worker

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]
EVERYBODY = ["citizen", "child", "legal_entity"]


def test_a_person_sees_themselves_their_minor_children_and_their_companies(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    service = publish(definition(applicants=EVERYBODY))
    with registers():
        found = api.applicants(actor=fresh_citizen(), service=service)
    assert [(one.kind, one.subject) for one in found.choices] == [
        (Applicant.CITIZEN, ""), (Applicant.CHILD, CHILD["civil_id"]), (Applicant.LEGAL_ENTITY, ENTITY["register"]),
    ]  # fmt: skip
    assert not found.silent


def test_who_did_not_say_for_whom_is_asked_and_who_has_nobody_else_is_not(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    service = publish(definition(applicants=EVERYBODY))
    with registers(), pytest.raises(ApplicantNotChosen):
        api.start_case(actor=fresh_citizen(), service=service)
    with registers(family=None, represented=None):
        assert api.start_case(actor=fresh_citizen(), service=service).applicant is Applicant.CITIZEN


def test_the_case_keeps_for_whom_it_is_and_why(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor, service = fresh_citizen(), publish(definition(applicants=EVERYBODY))
    with registers():
        child = api.start_case(actor=actor, service=service, on_behalf=CHILD["civil_id"])
        company = api.start_case(actor=actor, service=service, on_behalf=ENTITY["register"])
        own = api.start_case(actor=actor, service=service, on_behalf="")
    assert (child.applicant, child.applicant_name) == (Applicant.CHILD, "Номин")
    assert (company.applicant, company.applicant_name) == (Applicant.LEGAL_ENTITY, ENTITY["name"])
    assert company.applicant_basis.startswith("Захирал; ") and len(company.applicant_basis) > len("Захирал; ") + 30
    assert (own.applicant, own.applicant_name) == (Applicant.CITIZEN, "")
    assert len({child.id, company.id, own.id}) == 3
    assert {c.applicant_name for c in api.cases(actor=actor)} == {"", "Номин", ENTITY["name"]}


@pytest.mark.parametrize("subject", [BROTHER["civil_id"], GROWN["civil_id"], "148999999999", "7654321", "'; --"])
def test_nobody_applies_for_whom_no_register_names(stack: Stack, fresh_citizen: Citizen, subject: str) -> None:
    from toono.services import api

    actor, service = fresh_citizen(), publish(definition(applicants=EVERYBODY))
    with registers(), pytest.raises(NotForThisPerson):
        api.start_case(actor=actor, service=service, on_behalf=subject)
    assert api.cases(actor=actor) == []


def test_a_service_for_companies_is_not_for_a_person_without_one(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor, service = fresh_citizen(), publish(definition(applicants=["legal_entity"]))
    with registers(represented=None):
        assert api.applicants(actor=actor, service=service).choices == ()
        for subject in (None, "", CHILD["civil_id"]):
            with pytest.raises((NotForThisPerson, ApplicantNotChosen)):
                api.start_case(actor=actor, service=service, on_behalf=subject)


def test_a_foreigner_is_told_apart_where_the_service_tells_them_apart(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    for_foreigners = publish(definition(applicants=["foreigner"]))
    with registers(particulars={"citizenship": "DEU"}):
        assert api.start_case(actor=fresh_citizen(), service=for_foreigners).applicant is Applicant.FOREIGNER
    with registers(), pytest.raises(NotForThisPerson):
        api.start_case(actor=fresh_citizen(), service=for_foreigners)


def test_a_foreigner_is_stopped_at_a_service_for_citizens_by_what_it_reads_anyway(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    with registers(particulars={"citizenship": "DEU"}):
        case = api.start_case(actor=fresh_citizen(), service=publish(definition()))
    assert case.next.kind is NextKind.STOP and case.stop is not None and case.stop.code == "citizens_only"


def test_a_silent_register_is_told_and_the_choices_that_are_known_stand(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor, service = fresh_citizen(), publish(definition(applicants=EVERYBODY))
    with registers(family=silence()):
        found = api.applicants(actor=actor, service=service)
        assert [one.subject for one in found.choices] == ["", ENTITY["register"]] and len(found.silent) == 1
        with pytest.raises(RegisterSilent):
            api.start_case(actor=actor, service=service, on_behalf=CHILD["civil_id"])
        assert api.start_case(actor=actor, service=service, on_behalf="").applicant is Applicant.CITIZEN


def test_pressed_by_eight_at_once_it_is_one_draft_for_the_child(stack: Stack, fresh_citizen: Citizen) -> None:
    from django.db import close_old_connections

    from toono.services import api

    actor, service = fresh_citizen(), publish(definition(applicants=EVERYBODY))

    def press(_: int) -> object:
        try:
            return api.start_case(actor=actor, service=service, on_behalf=CHILD["civil_id"]).id
        finally:
            close_old_connections()

    with registers(), ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(press, range(8)))) == 1


def test_the_other_parent_sees_only_their_own_cases(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    mother, father, service = fresh_citizen(), fresh_citizen(), publish(definition(applicants=EVERYBODY))
    with registers(), no_worker():
        case = sent(mother, service, on_behalf=CHILD["civil_id"])
        assert case.phase is Phase.WITH_OFFICER
        assert api.cases(actor=father) == []
        with pytest.raises(CaseUnknown):
            api.case(actor=father, case_id=case.id)
        assert api.start_case(actor=father, service=service, on_behalf=CHILD["civil_id"]).id != case.id
