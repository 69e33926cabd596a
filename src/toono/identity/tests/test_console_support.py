"""Support in people's accounts: found exactly, with a reason, limited, told to the person; a telephone number changes by two."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from toono.identity.errors import (
    AccountNotFound,
    ChangeOver,
    CodeRefused,
    LookOver,
    PhoneRefused,
    ReasonMissing,
    SecondPersonNeeded,
    TooManyLooks,
)
from toono.identity.limits import LIMITS
from toono.identity.tests.flows import Late, Visitor, api, models, other_than
from toono.identity.tests.test_console_parties import appointed, codes, keeper, platform  # noqa: F401 - fixtures
from toono.kernel import clock
from toono.kernel.actor import Actor, Role
from toono.kernel.errors import NotAllowed

audit = Late("toono.kernel.models")
registration = Late("toono.identity.operations.registration")
REASON = "Хэрэг 2026/17: утсаа гээсэн"


@pytest.fixture
def supporter(appointed):  # noqa: F811
    """Nobody else's looks count for them."""
    return appointed(Role.SUPPORT, None)


@pytest.fixture
def second(appointed):  # noqa: F811
    """Another of the support."""
    return appointed(Role.SUPPORT, None)


@pytest.fixture
def visitor(stack, fresh_person):
    return Visitor(stack, fresh_person())


@pytest.fixture
def known(visitor):
    """A person who is signed in, as themselves."""
    entered = visitor.sign_in()
    return Actor(role=Role.CITIZEN, person_id=api.signed_in(session_id=entered.session_id).person_id, session_id=str(entered.session_id))


def look(supporter, visitor, **changes):
    return api.look_at_account(actor=supporter, **({"regnum": visitor.person["regnum"], "phone": "", "reason": REASON} | changes))


def test_a_look_is_audited_and_told_to_the_person_with_its_reason(supporter, visitor, known):
    found = look(supporter, visitor)
    assert found.person_id == known.person_id and len(found.sessions) == 1
    assert visitor.person["regnum"] not in found.model_dump_json() and visitor.person["phone"] not in found.model_dump_json()
    assert [(v.reason, v.acts) for v in api.support_visits(actor=known)] == [(REASON, ())]
    record = audit.AuditRecord.objects.get(action="identity.support_look", subject=f"person:{known.person_id}")
    assert record.person_id == supporter.person_id and record.details["reason"] == REASON
    assert audit.OutboxEvent.objects.filter(name="identity.account_looked", payload__person_id=str(known.person_id)).exists()


def test_the_telephone_number_finds_its_one_holder(supporter, visitor, known):
    assert look(supporter, visitor, regnum="", phone=f"+976 {visitor.person['phone']}").person_id == known.person_id


def test_a_telephone_of_two_people_finds_neither(supporter, visitor, known, fresh_citizen):
    other = fresh_citizen()
    models.Person.objects.filter(id=other.person_id).update(phone=visitor.person["phone"])
    with pytest.raises(AccountNotFound):
        look(supporter, visitor, regnum="", phone=visitor.person["phone"])


@pytest.mark.parametrize("changes", [{"regnum": "УБ"}, {"regnum": "%"}, {"regnum": "", "phone": "9911"}, {"regnum": "", "phone": ""}, {"regnum": "", "phone": "%%%%%%%%"}])  # fmt: skip
def test_a_part_of_a_number_finds_nobody(supporter, visitor, known, changes):
    with pytest.raises(AccountNotFound):
        look(supporter, visitor, **changes)


def test_without_a_reason_nothing_is_opened(supporter, visitor, known):
    with pytest.raises(ReasonMissing):
        look(supporter, visitor, reason="  .  ")
    assert api.support_visits(actor=known) == []


def test_only_the_platforms_support_looks(supporter, platform, keeper, visitor, known, oyun, dorj, sarnai):  # noqa: F811
    """Not even an administrator, who gives the right to others."""
    found = look(supporter, visitor)
    for actor in (platform, keeper, oyun, dorj, sarnai, known):
        for act in (
            lambda actor=actor: look(actor, visitor),
            lambda actor=actor: api.account(actor=actor, look_id=found.look_id),
            lambda actor=actor: api.end_sessions_of_account(actor=actor, look_id=found.look_id, session_id=None),
            lambda actor=actor: api.unlock_account(actor=actor, look_id=found.look_id),
            lambda actor=actor: api.phone_changes(actor=actor),
            lambda actor=actor: api.decide_phone_change(actor=actor, change_id=uuid4(), approved=True),
        ):
            with pytest.raises(NotAllowed):
                act()
    assert len(api.sessions(actor=known)) == 1


def test_support_looks_after_no_system_and_appoints_nobody(supporter, visitor):
    for act in (
        lambda: api.parties(actor=supporter),
        lambda: api.waiting_changes(actor=supporter),
        lambda: api.refusals(actor=supporter, client_id=None),
        lambda: api.start_trial(actor=supporter, client_id="portal"),
        lambda: api.appointment_listing(actor=supporter),
        lambda: api.appoint(actor=supporter, regnum=visitor.person["regnum"], role=Role.SUPPORT, organisation=None),
        lambda: api.issue_party_statement(actor=supporter, organisation="khasar-bank", client_name="Банк", bounds={}),
        lambda: api.person(actor=supporter, person_id=uuid4(), reason=REASON),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_who_tries_numbers_is_stopped_and_seen(supporter, visitor, known):
    for _ in range(LIMITS.misses_per_hour):
        with pytest.raises(AccountNotFound):
            look(supporter, visitor, regnum="УБ99010199")
    with pytest.raises(TooManyLooks):
        look(supporter, visitor)
    missed = audit.AuditRecord.objects.filter(action="identity.support_look", person_id=supporter.person_id, details__found=False)
    assert missed.count() == LIMITS.misses_per_hour
    with clock.at(clock.now() + timedelta(hours=1, seconds=1)):
        assert look(supporter, visitor)


def test_an_account_is_open_to_the_one_who_gave_the_reason_and_for_half_an_hour(supporter, second, visitor, known):
    found = look(supporter, visitor)
    assert api.account(actor=supporter, look_id=found.look_id)
    for actor, look_id in ((second, found.look_id), (supporter, uuid4())):
        with pytest.raises(LookOver):
            api.account(actor=actor, look_id=look_id)
    with clock.at(clock.now() + LIMITS.look_lifetime), pytest.raises(LookOver):
        api.unlock_account(actor=supporter, look_id=found.look_id)


def test_support_ends_sessions_and_only_those_of_this_account(supporter, stack, visitor, known, fresh_person):
    stranger = Visitor(stack, fresh_person()).sign_in()
    found = look(supporter, visitor)
    api.end_sessions_of_account(actor=supporter, look_id=found.look_id, session_id=stranger.session_id)
    assert api.signed_in(session_id=stranger.session_id)
    api.end_sessions_of_account(actor=supporter, look_id=found.look_id, session_id=None)
    api.end_sessions_of_account(actor=supporter, look_id=found.look_id, session_id=None)
    assert api.account(actor=supporter, look_id=found.look_id).sessions == ()
    assert [v.acts for v in api.support_visits(actor=known)] == [("end_sessions",)]


def test_support_unlocks_a_locked_number(supporter, visitor, known):
    visitor.ask()
    code = visitor.drawn(after=1)
    with pytest.raises(CodeRefused):
        visitor.enter(other_than(code))
    found = look(supporter, visitor)
    assert found.failures == 1
    api.unlock_account(actor=supporter, look_id=found.look_id)
    assert api.account(actor=supporter, look_id=found.look_id).failures == 0


def changed(supporter, visitor, number="88112233"):
    found = look(supporter, visitor)
    api.ask_phone_change(actor=supporter, look_id=found.look_id, phone=number, evidence="Салбарт үнэмлэхээр, акт 12")
    return models.PhoneChange.objects.get(look_id=found.look_id, state="waiting")


def test_a_number_changes_when_another_has_looked_at_it(supporter, second, visitor, known):
    row = changed(supporter, visitor)
    assert "88112233" not in str(models.PhoneChange.objects.filter(id=row.id).values().get())
    with pytest.raises(SecondPersonNeeded):
        api.decide_phone_change(actor=supporter, change_id=row.id, approved=True)
    assert models.Person.objects.get(id=known.person_id).phone == visitor.person["phone"]
    mine = next(c for c in api.phone_changes(actor=second) if c.id == row.id)
    assert mine.new_phone == "88112233" and not mine.own and mine.old_phone == visitor.person["phone"][-4:]
    api.decide_phone_change(actor=second, change_id=row.id, approved=True)
    assert models.Person.objects.get(id=known.person_id).phone == "88112233"
    assert api.sessions(actor=known) == [], "who held the account until now is out"
    with pytest.raises(ChangeOver):
        api.decide_phone_change(actor=second, change_id=row.id, approved=True)
    told = audit.OutboxEvent.objects.get(name="identity.phone_changed", payload__person_id=str(known.person_id))
    assert visitor.person["phone"] not in str(told.payload)
    assert api.former_phone(change_id=row.id) == visitor.person["phone"]
    with clock.at(clock.now() + LIMITS.phone_change_lifetime + timedelta(seconds=1)):
        Late("toono.identity.operations.support").lapse_phone_changes()
    assert api.former_phone(change_id=row.id) == ""
    assert [v.acts for v in api.support_visits(actor=known)] == [("ask_phone", "phone_changed")]


def test_the_given_number_stands_until_the_register_learns_of_another(supporter, second, visitor, known):
    row = changed(supporter, visitor)
    api.decide_phone_change(actor=second, change_id=row.id, approved=True)
    registration.register_person(visitor.person["regnum"])
    assert models.Person.objects.get(id=known.person_id).phone == "88112233"
    models.Person.objects.filter(id=known.person_id).update(register_phone="70000000")  # as if the register had said another then
    registration.register_person(visitor.person["regnum"])
    person = models.Person.objects.get(id=known.person_id)
    assert (person.phone, person.given_phone) == (visitor.person["phone"], "")


def test_nobody_approves_a_number_of_their_own(supporter, stack, fresh_person):
    visitor = Visitor(stack, fresh_person())
    entered = visitor.sign_in()
    person_id = api.signed_in(session_id=entered.session_id).person_id
    row = changed(supporter, visitor)
    with pytest.raises(SecondPersonNeeded):
        api.decide_phone_change(actor=Actor(role=Role.SUPPORT, person_id=person_id), change_id=row.id, approved=True)


def test_a_wish_that_nobody_decides_lapses_and_keeps_no_number(supporter, second, visitor, known):
    row = changed(supporter, visitor)
    with clock.at(clock.now() + LIMITS.phone_change_lifetime):
        with pytest.raises(ChangeOver):
            api.decide_phone_change(actor=second, change_id=row.id, approved=True)
        Late("toono.identity.operations.support").lapse_phone_changes()
    assert models.PhoneChange.objects.get(id=row.id).sealed_phone == ""


@pytest.mark.parametrize(("phone", "error"), [("123", PhoneRefused), ("", PhoneRefused), ("own", PhoneRefused)])
def test_a_number_that_cannot_be_is_refused(supporter, visitor, known, phone, error):
    found = look(supporter, visitor)
    with pytest.raises(error):
        api.ask_phone_change(
            actor=supporter, look_id=found.look_id, phone=visitor.person["phone"] if phone == "own" else phone, evidence="Үнэмлэхээр"
        )
    with pytest.raises(ReasonMissing):
        api.ask_phone_change(actor=supporter, look_id=found.look_id, phone="88112233", evidence="")


def test_one_wish_waits_at_a_time(supporter, visitor, known):
    changed(supporter, visitor)
    with pytest.raises(PhoneRefused):
        changed(supporter, visitor, "88112244")
