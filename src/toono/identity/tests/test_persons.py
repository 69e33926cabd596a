"""Persons come from the register; rights are given by an administrator and leave a trace."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from toono.identity.errors import MayNotAppoint, RegisterUnavailable, RegnumMalformed, UnknownPerson
from toono.identity.tests.flows import Late, api, models
from toono.kernel import clock
from toono.kernel.actor import Actor, Role, system
from toono.kernel.errors import NotAllowed
from toono.registry.errors import OrganisationNotFound

TESTS = system("tests")
registration: Any = Late("toono.identity.operations.registration")
kernel_models: Any = Late("toono.kernel.models")


def test_a_person_is_registered_once_and_told_of_once(stack, fresh_person):
    regnum = fresh_person()["regnum"]
    first, second = (api.register_person(actor=TESTS, regnum=regnum) for _ in range(2))
    assert first == second and first.regnum == regnum and len(first.civil_id) == 12
    assert kernel_models.OutboxEvent.objects.filter(name="identity.person_registered", payload__person_id=str(first.id)).count() == 1


def test_nobody_is_registered_by_a_wrong_number(stack):
    with pytest.raises(RegnumMalformed):
        api.register_person(actor=TESTS, regnum="УБ1")
    with pytest.raises(UnknownPerson):
        api.register_person(actor=TESTS, regnum="ЫЫ05050699")


def test_a_register_that_is_down_is_told_as_transient(stack, fresh_person):
    stack.faults(register="down")
    with pytest.raises(RegisterUnavailable) as told:
        api.register_person(actor=TESTS, regnum=fresh_person()["regnum"])
    assert told.value.transient


def test_a_citizen_registers_nobody(stack, fresh_citizen, fresh_person, oyun):
    for actor in (fresh_citizen(), oyun, Actor(role=Role.ANYBODY)):
        with pytest.raises(NotAllowed):
            api.register_person(actor=actor, regnum=fresh_person()["regnum"])


def test_a_record_is_read_anew_when_older_than_a_day(stack, fresh_person):
    regnum = fresh_person()["regnum"]
    phone = api.register_person(actor=TESTS, regnum=regnum).phone
    models.Person.objects.filter(regnum=regnum).update(phone="1")
    assert registration.person_for_sign_in(regnum).phone == "1"
    models.Person.objects.filter(regnum=regnum).update(refreshed_at=clock.now() - timedelta(hours=25))
    assert registration.person_for_sign_in(regnum).phone == phone


def test_an_old_record_serves_while_the_register_is_down_but_not_for_ever(stack, fresh_person):
    regnum = fresh_person()["regnum"]
    api.register_person(actor=TESTS, regnum=regnum)
    stack.faults(register="down")
    models.Person.objects.filter(regnum=regnum).update(refreshed_at=clock.now() - timedelta(days=3))
    assert registration.person_for_sign_in(regnum)
    models.Person.objects.filter(regnum=regnum).update(refreshed_at=clock.now() - timedelta(days=31))
    with pytest.raises(RegisterUnavailable):
        registration.person_for_sign_in(regnum)


def test_only_oneself_a_system_or_an_officer_with_a_reason_reads_a_person(stack, fresh_citizen, oyun):
    own, neighbour = fresh_citizen(), fresh_citizen()
    assert api.person(actor=own, person_id=own.person_id).id == own.person_id
    assert api.person(actor=TESTS, person_id=own.person_id)
    for actor in (neighbour, oyun, Actor(role=Role.ANYBODY)):
        with pytest.raises(NotAllowed):
            api.person(actor=actor, person_id=own.person_id)
    with pytest.raises(NotAllowed):
        api.person(actor=neighbour, person_id=own.person_id, reason="curious")
    assert api.person(actor=oyun, person_id=own.person_id, reason="case MN-1")
    record = kernel_models.AuditRecord.objects.get(action="identity.read_person", subject=f"person:{own.person_id}")
    assert (record.person_id, record.details["reason"]) == (oyun.person_id, "case MN-1")
    with pytest.raises(NotAllowed):
        api.person(actor=TESTS, person_id=uuid4())


def test_an_administrator_appoints_once_and_takes_back(stack, anu, fresh_person):
    regnum = fresh_person()["regnum"]
    for _ in range(2):
        api.appoint(actor=anu, regnum=regnum, role=Role.OFFICER, organisation="dundgovi-environment")
    person_id = api.register_person(actor=TESTS, regnum=regnum).id
    assert [(a.role, a.organisation) for a in api.appointments(person_id=person_id)] == [(Role.OFFICER, "dundgovi-environment")]
    api.end_appointment(actor=anu, person_id=person_id, role=Role.OFFICER, organisation="dundgovi-environment")
    assert api.appointments(person_id=person_id) == []
    actions = kernel_models.AuditRecord.objects.filter(subject=f"person:{person_id}").order_by("at").values_list("action", "person_id")
    assert list(actions) == [("identity.appoint", anu.person_id), ("identity.end_appointment", anu.person_id)]


def test_nobody_else_appoints_and_nobody_themselves(stack, anu, oyun, fresh_citizen, fresh_person):
    regnum = fresh_person()["regnum"]
    person_id = api.register_person(actor=TESTS, regnum=regnum).id
    own = api.person(actor=anu, person_id=anu.person_id).regnum
    for actor, number in ((fresh_citizen(), regnum), (oyun, regnum), (TESTS, regnum), (Actor(role=Role.ADMINISTRATOR), regnum), (anu, own)):
        with pytest.raises(MayNotAppoint):
            api.appoint(actor=actor, regnum=number, role=Role.OFFICER, organisation="dundgovi-environment")
    assert api.appointments(person_id=person_id) == []
    with pytest.raises(MayNotAppoint):
        api.end_appointment(actor=oyun, person_id=anu.person_id, role=Role.ADMINISTRATOR, organisation="digital-academy")


def test_an_officer_stands_for_an_organisation_and_some_roles_are_never_given(stack, anu, fresh_person):
    regnum = fresh_person()["regnum"]
    with pytest.raises(OrganisationNotFound):
        api.appoint(actor=anu, regnum=regnum, role=Role.OFFICER, organisation="no-such-office")
    for role, organisation in ((Role.OFFICER, None), (Role.SYSTEM, "digital-academy"), (Role.CITIZEN, "digital-academy")):
        with pytest.raises(MayNotAppoint):
            api.appoint(actor=anu, regnum=regnum, role=role, organisation=organisation)
