"""Every page on which an applicant meets their case, looked at by axe at a phone's and a desk's width, in both languages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.stage import Stack


@pytest.mark.parametrize(("width", "language"), [("phone", "mn"), ("desk", "en")])
def test_the_pages_of_a_case(visit: Any, stack: Stack, oyun: Any, width: str, language: str) -> None:
    from toono.services import api
    from toono.services.tests.published import definition, publish

    words = {"mn": "Ферм энд болохгүй.", "en": "No farms here."}
    made = definition(
        applicants=["citizen", "child", "legal_entity"], stops=[{"code": "no_farms", "when": 'answers.purpose == "farm"', "text": words, "instead": words}]
    )  # fmt: skip
    made["facts"].append({"name": "family", "meaning": "person.family", "purpose": "vaccination-certificate"})
    service = publish(made)
    with visit(width) as v:
        v.open(f"/language/{language}?next=/")
        v.sign_in(stack.addresses["persons"]["nomin"])
        v.open(f"/services/{service}/for-whom")
        _look(v, f"for-whom-{width}")
        v.page.locator("main form button").first.click()
        _look(v, f"for-whom-error-{width}")
        v.page.locator("input[name=on_behalf]").nth(1).check()
        v.page.locator("main form button").first.click()
        v.page.locator("input[value=farm]").check()
        v.page.locator("main form button").last.click()
        v.page.wait_for_url("**/stopped")
        _look(v, f"stopped-{width}")
        v.page.locator("a[href*='/question/purpose']").click()
        v.page.locator("input[value=garden]").check()
        v.page.locator("main form button").last.click()
        v.page.locator("#note").fill("Жимсний мод")
        v.page.locator("main form button").last.click()
        v.page.wait_for_url("**/check")
        _look(v, f"check-{width}")
        v.page.locator("a[href*='/wrong/identity']").click()
        _look(v, f"wrong-{width}")
        v.page.locator("#text").fill("Миний нэр өөр.")
        v.page.locator("main form button").last.click()
        _look(v, f"wrong-sent-{width}")
        v.page.locator("main a.govuk-button").click()
        v.page.locator("form:has(input[name=form_token]) button").click()
        v.page.wait_for_url(lambda url: "/cases/" in url and not url.endswith("/check"))
        _look(v, f"sent-{width}")
        case = v.page.url
        case_id = UUID(case.rsplit("/", 1)[1])
        api.ask_correction(actor=oyun, case_id=case_id, fields={"note": "Ямар мод вэ?"})
        api.send_message(actor=oyun, case_id=case_id, text="Хариултаа тодруулна уу.\nБаярлалаа.", key="aaaaaaaa-1")
        v.open(case.removeprefix(stack.base_url))
        _look(v, f"correction-{width}")
        v.page.locator("section a.govuk-button").click()
        v.page.locator("#note").fill("Алимны мод")
        v.page.locator("main form button").last.click()
        v.page.wait_for_url("**/check")
        _look(v, f"correction-check-{width}")
        v.page.locator("form:has(input[name=form_token]) button").click()
        v.open(case.removeprefix(stack.base_url) + "/messages")
        _look(v, f"messages-{width}")
        v.open("/my/")
        _look(v, f"my-{width}")
        api.decide_case(actor=oyun, case_id=case_id, action="refuse", ground="too_much", reason="Их байна")
        v.open(case.removeprefix(stack.base_url))
        _look(v, f"refused-{width}")
        v.page.locator("form[action$='/copy'] button").click()
        v.page.wait_for_url("**/check")
        _look(v, f"copy-check-{width}")
        v.open("/track")
        v.page.locator("#code").fill(_tracking_code(case_id))
        v.page.locator("main form button").click()
        _look(v, f"track-{width}")


def _tracking_code(case_id: UUID) -> str:
    from toono.services.models import Case

    return Case.objects.get(id=case_id).tracking_code or ""


def _look(v: Any, name: str) -> None:
    """Sound, and kept as a picture where somebody wants to look."""
    v.picture(name)
    v.is_sound()
