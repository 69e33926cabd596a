"""The console by role: who may open which page, and what each role is shown the way to."""

from __future__ import annotations

from uuid import uuid4

import pytest

from toono.identity.errors import MayNotAppoint
from toono.identity.tests.flows import api, models
from toono.identity.tests.test_console_parties import appointed, codes, keeper, platform, register  # noqa: F401 - fixtures
from toono.kernel.actor import Actor, Role

KEEPERS, PLATFORM, SUPPORT = {Role.ADMINISTRATOR, Role.REPRESENTATIVE}, {Role.ADMINISTRATOR}, {Role.SUPPORT}
ACCESS = {
    "parties": KEEPERS, "choose_party": KEEPERS, "new_party": KEEPERS, "all_failures": KEEPERS, "sign_on_figures": KEEPERS, "party_change": KEEPERS,
    "trial_callback": KEEPERS, "trial": KEEPERS, "ask_in_trial": KEEPERS, "party": KEEPERS, "change_party": KEEPERS, "party_secret": KEEPERS,
    "end_party_secret": KEEPERS, "deactivate_party": KEEPERS, "reactivate_party": KEEPERS, "failures": KEEPERS, "gains": KEEPERS, "start_trial": KEEPERS,
    "assign_party": PLATFORM, "statements": PLATFORM, "appointments": PLATFORM, "support": SUPPORT, "account": SUPPORT, "act": SUPPORT,
    "phones": SUPPORT, "looks": {Role.CITIZEN},
}  # fmt: skip
PAGES = ("/identity/systems", "/identity/systems/failures", "/identity/systems/figures", "/identity/systems/choose", "/identity/systems/statements", "/admin/identity/appointments", "/admin/identity/support", "/admin/identity/phones")  # fmt: skip
OPEN_TO = {
    Role.ADMINISTRATOR: set(PAGES[:6]),
    Role.REPRESENTATIVE: set(PAGES[:4]),
    Role.SUPPORT: set(PAGES[6:]),
    Role.OFFICER: set(),
    Role.ANALYST: set(),
    Role.LEADER: set(),
    Role.OPERATOR: set(),
}


def test_each_page_of_the_console_is_open_to_these_roles_and_no_other(stack):
    from toono.identity.web.urls import urlpatterns

    found = {p.name: set(p.callback.toono_access) for p in urlpatterns if ".console." in p.callback.__module__}
    assert found == ACCESS


@pytest.fixture
def window(stack, appointed, codes):  # noqa: F811
    """A browser at which somebody with this one role is signed in."""
    from toono.entry.person import Person

    def sign_in(role):
        actor = appointed(role, None if role in (Role.ADMINISTRATOR, Role.SUPPORT) else codes[0])
        row = models.Person.objects.get(id=actor.person_id)
        person = Person(stack.base_url, sms=lambda: stack.sms(row.phone))
        person.sign_in(row.regnum)
        return person, actor

    return sign_in


@pytest.mark.parametrize("role", list(OPEN_TO))
def test_a_role_sees_its_own_pages_and_the_ways_there_and_others_are_unknown_to_it(window, role):
    person, _ = window(role)
    answers = {path: person.client.get(path).status_code for path in PAGES}
    assert {path for path, status in answers.items() if status == 200} == OPEN_TO[role]
    assert {status for path, status in answers.items() if path not in OPEN_TO[role]} <= {404}
    for path in OPEN_TO[role] - {"/identity/systems/choose"}:
        person.open(path)
        shown = set(person.page.xpath("//main//nav[@aria-label='Нэвтрэлтийн удирдлагын хэсгүүд']//a/@href"))
        assert shown == OPEN_TO[role] - {"/identity/systems/choose"}


def test_support_without_a_look_opens_no_account_and_acts_on_none(window):
    person, _ = window(Role.SUPPORT)
    person.open(f"/admin/identity/support/{uuid4()}")
    assert person.path == "/admin/identity/support"


# -- appointments ----------------------------------------------------------------------------------------------


def test_an_administrator_gives_support_and_takes_it(window, fresh_person):
    administrator, _ = window(Role.ADMINISTRATOR)
    regnum = fresh_person()["regnum"]
    administrator.open("/admin/identity/appointments")
    administrator.press("Томилох", regnum=regnum, role="support")
    assert "Томиллоо" in administrator.text
    person = models.Person.objects.get(regnum=regnum)
    assert [a.role for a in api.appointments(person_id=person.id)] == [Role.SUPPORT]
    administrator.open(f"/admin/identity/appointments?text={person.given_name}")
    form = next(f for f in administrator.page.xpath("//main//form") if str(person.id) in f.xpath(".//input[@name='person']/@value"))
    page = str(administrator.answer.url)
    administrator.client.post(page, data=dict(form.form_values()), headers={"Referer": page})
    administrator.client.post(page, data=dict(form.form_values()), headers={"Referer": page})
    assert api.appointments(person_id=person.id) == []
    assert regnum not in administrator.answer.text, "a list of appointments shows no whole register number"


@pytest.mark.parametrize(("fields", "said"), [
    ({"regnum": "", "role": "support"}, "Регистрийн дугаарыг бичнэ үү"),
    ({"regnum": "УБ99010199", "role": ""}, "Үүргийг сонгоно уу"),
    ({"regnum": "УБ99010199", "role": "officer"}, "Энэ үүрэгт байгууллага сонгоно уу"),
    ({"regnum": "123", "role": "support"}, "Регистрийн дугаарын бичиглэл буруу байна"),
])  # fmt: skip
def test_an_appointment_that_cannot_be_says_what_to_mend(window, fields, said):
    administrator, _ = window(Role.ADMINISTRATOR)
    administrator.open("/admin/identity/appointments")
    form = next(f for f in administrator.page.xpath("//main//form") if f.xpath(".//input[@name='regnum']"))
    page = str(administrator.answer.url)
    answer = administrator.client.post(page, data=dict(form.form_values()) | fields, headers={"Referer": page})
    assert answer.status_code == 400 and said in answer.text


def test_nobody_appoints_themselves_or_without_being_an_administrator(platform, keeper, fresh_person):  # noqa: F811
    regnum = models.Person.objects.get(id=platform.person_id).regnum
    for actor, whom, role in (
        (platform, regnum, Role.SUPPORT),
        (keeper, fresh_person()["regnum"], Role.SUPPORT),
        (Actor(role=Role.SUPPORT, person_id=keeper.person_id), fresh_person()["regnum"], Role.OFFICER),
    ):
        with pytest.raises(MayNotAppoint):
            api.appoint(actor=actor, regnum=whom, role=role, organisation=None)


def test_appointments_are_found_by_name_role_and_organisation(platform, appointed, codes):  # noqa: F811
    mine = appointed(Role.ANALYST, codes[1])
    for text in ("analyst", codes[1], f"analyst {codes[1]}"):
        assert mine.person_id in {e.person_id for e in api.appointment_listing(actor=platform, text=text, limit=500).entries}
    assert mine.person_id not in {e.person_id for e in api.appointment_listing(actor=platform, text="support", limit=500).entries}
    own = next(e for e in api.appointment_listing(actor=platform, limit=500).entries if e.person_id == platform.person_id)
    assert own.own
