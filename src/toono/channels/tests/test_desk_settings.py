"""The desk's own settings, and the days that a decree moved: by page and by command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from toono.kernel.actor import Actor
from toono.services.tests.officers import appointed

if TYPE_CHECKING:
    from tests.stage import Stack

OFFICE = "mandalgovi-city"
Sit = Callable[[dict[str, Any]], Any]
New = Callable[[], dict[str, Any]]


@pytest.fixture
def two(at_browser: Sit, anu: Actor, fresh_person: New) -> Any:
    """Two officers of one office at their browsers, and who they are."""
    persons = [fresh_person(), fresh_person()]
    actors = [appointed(anu, person["regnum"], OFFICE) for person in persons]
    yield [at_browser(person) for person in persons], actors
    from toono.identity import api as identity
    from toono.kernel.actor import Role

    for actor in actors:
        assert actor.person_id is not None
        identity.end_appointment(actor=anu, person_id=actor.person_id, role=Role.OFFICER, organisation=OFFICE)


def members_form(browser: Any, person_id: object, what: str) -> Any:
    browser.open("/desk/settings")
    forms = browser.page.xpath(f"//form[contains(@action, '/desk/settings/members/{person_id}')][.//input[@name='what'][@value='{what}']]")
    return forms[0] if forms else None


def test_leave_is_written_down_with_who_stands_in_and_taken_back(two: Any) -> None:
    (one, other), (first, second) = two
    form = members_form(one, first.person_id, "leave")
    one.press(form=form, first="2031.07.11", last="2031.07.15", substitute=str(second.person_id))
    assert "Хадгаллаа" in one.text
    form = members_form(other, first.person_id, "leave")
    assert dict(form.form_values())["first"].replace("-", ".") == "2031.07.11" and dict(form.form_values())["substitute"] == str(
        second.person_id
    )
    one.press(form=members_form(one, first.person_id, "leave"), first="хоёр өдөр", last="", substitute="")
    assert "он, сар, өдрөөр" in one.text and one.answer.status_code == 200
    one.press(form=members_form(one, first.person_id, "leave"), first="2031.07.15", last="2031.07.11", substitute="")
    assert "Хадгаллаа" not in one.text  # it ends before it begins
    one.press(form=members_form(one, first.person_id, "leave"), first="", last="", substitute="")
    assert dict(members_form(other, first.person_id, "leave").form_values())["first"] == ""


def test_who_is_no_head_sees_the_rules_and_changes_nothing(two: Any) -> None:
    (one, other), (first, _second) = two
    functions = members_form(one, first.person_id, "functions")
    one.press(form=functions, function="head")
    assert "Хадгаллаа" in one.text
    assert members_form(other, first.person_id, "functions") is None and members_form(other, first.person_id, "leave") is None
    own = members_form(one, first.person_id, "functions")
    token = dict(other.form(field="csrfmiddlewaretoken").form_values())["csrfmiddlewaretoken"]
    headers = {"Referer": str(other.answer.url)}
    sent = other.client.post(own.get("action"), data={"csrfmiddlewaretoken": token, "what": "functions"}, headers=headers)
    assert "Хадгаллаа" not in sent.text
    sent = other.client.post("/desk/settings/rules", data={"csrfmiddlewaretoken": token, "position": ["1"]}, headers=headers)
    assert "Хадгаллаа" not in sent.text
    assert "head" in members_form(one, first.person_id, "functions").xpath(".//input[@name='function'][@checked]/@value")


def test_a_rule_is_written_and_stays_in_its_order(two: Any) -> None:
    (one, _other), (_first, second) = two
    one.open("/desk/settings")
    rules = next(f for f in one.page.xpath("//form") if (f.get("action") or "").endswith("/desk/settings/rules"))
    token = dict(rules.form_values())["csrfmiddlewaretoken"]
    lines = {"position": ["2", "1"], "service": ["", ""], "aimag": ["", "48"], "function": ["", ""], "person": ["", str(second.person_id)]}
    sent = one.client.post("/desk/settings/rules", data={"csrfmiddlewaretoken": token, **lines}, headers={"Referer": str(one.answer.url)})
    assert "Хадгаллаа" in sent.text
    one.open("/desk/settings")
    assert one.page.xpath("//input[@name='aimag']/@value")[:2] == ["48", ""]
    broken = {**lines, "person": ["", "nobody"]}
    sent = one.client.post("/desk/settings/rules", data={"csrfmiddlewaretoken": token, **broken}, headers={"Referer": str(one.answer.url)})
    assert "Хадгаллаа" not in sent.text and sent.status_code == 200
    one.client.post("/desk/settings/rules", data={"csrfmiddlewaretoken": token}, headers={"Referer": str(one.answer.url)})


def command(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "toono.entry", "calendar", *words], env=stack.environment, capture_output=True, text=True, check=False
    )


def test_a_day_of_a_decree_is_entered_by_page_and_by_command(stack: Stack, at_browser: Sit, citizen: Any) -> None:
    assert citizen.client.get("/admin/calendar").status_code in {403, 404}
    anu, decree = at_browser(stack.addresses["persons"]["anu"]), f"Тогтоол {uuid4().hex[:6]}"
    anu.open("/admin/calendar")
    for values, said in (
        ({"day": "маргааш", "works": "yes", "decree": decree}, "он, сар, өдрөөр"),
        ({"day": "2031.02.01", "works": "", "decree": decree}, "Ажлын өдөр эсэхийг"),
        ({"day": "2031.02.01", "works": "yes", "decree": " "}, ""),
        ({"day": "1999.02.01", "works": "yes", "decree": decree}, ""),
    ):
        anu.press("Өдрийг хадгалах", **values)
        assert "Хадгаллаа" not in anu.text and said in anu.text and anu.page.xpath("//*[contains(@class, 'govuk-error-summary')]")
    anu.press("Өдрийг хадгалах", day="2031.02.01", works="yes", decree=decree)
    assert "Хадгаллаа" in anu.text and decree in anu.text
    listed = command(stack, "list")
    assert listed.returncode == 0 and f"2031-02-01  working day  {decree}" in listed.stdout
    assert command(stack, "set", "2031-02-02", "--free", "--decree", decree).returncode == 0
    anu.open("/admin/calendar")
    assert anu.text.count(decree) == 2
    assert command(stack, "set", "31-02-02", "--free", "--decree", decree).returncode == 2
    for day in ("2031-02-01", "2031-02-02"):
        form = next(f for f in anu.page.xpath("//form") if f.xpath(f".//button[@value='{day}']"))
        anu.press(form=form, remove=day)
    assert decree not in anu.text
