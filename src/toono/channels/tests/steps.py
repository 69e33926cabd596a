"""What persons do at the portal, step by step."""

from __future__ import annotations

from typing import Any


def order_reference(browser: Any) -> str:
    """Order the reference of registered address to the end; gives the path of the case."""
    browser.open("/services/address-reference/")
    browser.press(form=browser.page.xpath("//main//form[@id='start']")[0])
    browser.press("Лавлагаа авах")
    path: str = browser.path
    browser.wait_for("PDF")
    return path


WATER: dict[str, Any] = {
    "purpose": "livestock", "source": "borehole", "place": "Сайнцагаан сум, 2-р баг", "point": {"lat": "45.70", "lon": "106.20"}, "amount": "60",
}  # fmt: skip


def inputs(given: dict[str, Any]) -> dict[str, str]:
    """Answers as the fields of a form: the parts of one stand in ``<question>-<part>``."""
    typed: dict[str, str] = {}
    for code, value in given.items():
        typed |= {f"{code}-{part}": one for part, one in value.items()} if isinstance(value, dict) else {code: value}
    return typed


def answer(browser: Any, **given: Any) -> None:
    """Fill in the questions of the page that the browser shows, and go on."""
    form = browser.page.xpath("//main//form[.//button[contains(., 'Үргэлжлүүлэх') or contains(., 'Continue')]]")[0]
    names = set(form.xpath(".//*[@name]/@name"))
    browser.press(form=form, **{name: value for name, value in inputs(given).items() if name in names})


def apply_for_water(browser: Any, **answers: Any) -> str:
    """Answer every question of the water permit and send it; gives the path of the case."""
    begin(browser, "water-use-permit")
    for _ in range(20):
        if browser.path.endswith("/check"):
            break
        answer(browser, **(WATER | {"from_date": in_a_week()} | answers))
    browser.press(form=browser.page.xpath("//main//form[.//input[@name='form_token']]")[0])
    return str(browser.path)


def begin(browser: Any, service: str) -> None:
    """Start a service for oneself."""
    browser.open(f"/services/{service}/")
    browser.press(form=browser.page.xpath("//main//form[@id='start']")[0])
    if browser.path.endswith("/for-whom"):
        browser.press(form=browser.page.xpath("//main//form[.//input[@name='on_behalf']]")[0], on_behalf="")


def in_a_week() -> dict[str, str]:
    from datetime import timedelta

    from toono.kernel.clock import local, now

    day = local(now()) + timedelta(days=7)
    return {"year": str(day.year), "month": str(day.month), "day": str(day.day)}
