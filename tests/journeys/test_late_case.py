"""A case is late: the citizen complains with two presses, the desk answers, and the case's page says what became of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.stage import Stack


@pytest.mark.parametrize(("width", "language"), [("phone", "mn"), ("desk", "en")])
def test_a_complaint_about_a_late_case(
    visit: Any, stack: Stack, fresh_person: Callable[[], dict[str, Any]], width: str, language: str
) -> None:
    from toono.identity import api as identity
    from toono.kernel.actor import Actor, Role, system
    from toono.kernel.clock import at, now
    from toono.services.tests.officers import arrived, service

    who = fresh_person()
    citizen = Actor(role=Role.CITIZEN, person_id=identity.register_person(actor=system("tests"), regnum=who["regnum"]).id)
    code = service()
    with at(now() - timedelta(days=20)):
        case_id = arrived(citizen, code)
    case, complaint = f"/cases/{case_id}", f"a[href='/cases/{case_id}/complaint']"
    with visit(width) as v:
        v.open(f"/language/{language}?next=/")
        v.sign_in(who)
        v.open(f"/cases/{arrived(citizen, code)}")
        assert v.page.locator("#complaint").count() == 0, "nobody is late with this one"
        v.open(case)
        _look(v, f"late-{width}")
        v.page.locator(complaint).click()
        _look(v, f"late-complaint-{width}")
        v.page.locator("#words").evaluate("field => { field.removeAttribute('maxlength'); field.value = 'а'.repeat(1001) }")
        v.page.locator("main form button").click()
        assert v.page.locator("#words-error").is_visible()
        _look(v, f"late-complaint-error-{width}")
        v.page.locator("#words").fill("Намар боллоо <script>")
        v.page.locator("main form button").click()
        v.page.wait_for_url("**complained=1#complaint")
        number = v.page.locator("#complaint-title .toono-number").inner_text()
        assert "Намар боллоо <script>" in v.page.locator("#complaint").inner_text() and v.page.locator(complaint).count() == 0
        _look(v, f"late-complained-{width}")
        v.open(f"{case}/complaint")
        assert v.page.url.endswith(f"{case}#complaint"), "a second complaint leads to the first"
        _answer(visit, stack, number, width, language)
        v.open(case)
        assert "Уучлаарай. Маргааш шийднэ." in v.page.locator("#complaint").inner_text()
        _look(v, f"late-answered-{width}")


def _answer(visit: Any, stack: Stack, number: str, width: str, language: str) -> None:
    with visit(width) as v:
        v.open(f"/language/{language}?next=/")
        v.sign_in(stack.addresses["persons"]["oyun"])
        v.open("/desk/complaints")
        _look(v, f"complaints-{width}")
        v.page.locator("li", has_text=number).locator("a").click()
        _look(v, f"complaint-{width}")
        v.page.locator("main form button").click()
        assert v.page.locator("#finding-error").is_visible()
        _look(v, f"complaint-error-{width}")
        v.page.locator("input[value=upheld]").check()
        v.page.locator("#words").fill("Уучлаарай. Маргааш шийднэ.")
        v.page.locator("main form button").click()
        v.page.wait_for_url("**answered=1")
        assert v.page.locator("main form").count() == 0
        _look(v, f"complaint-answered-{width}")
        v.page.locator("dl a.toono-number").click()
        assert "/desk/" in v.page.url


def test_what_is_not_late_says_so(browser_client: Callable[[str], Any], fresh_person: Callable[[], dict[str, Any]]) -> None:
    from toono.identity import api as identity
    from toono.kernel.actor import Actor, Role, system
    from toono.services.tests.officers import arrived, service

    who, neighbour = fresh_person(), fresh_person()
    citizen = Actor(role=Role.CITIZEN, person_id=identity.register_person(actor=system("tests"), regnum=who["regnum"]).id)
    address = f"/cases/{arrived(citizen, service())}/complaint"
    own = browser_client(who["regnum"]).get(address, headers={"Accept": "text/html"})
    assert own.status_code == 409 and "Энэ хүсэлтийн хугацаа хэтрээгүй байна" in own.text
    assert browser_client(neighbour["regnum"]).get(address, headers={"Accept": "text/html"}).status_code == 404


def _look(v: Any, name: str) -> None:
    """Sound, and kept as a picture where somebody wants to look."""
    v.picture(name)
    v.is_sound()
