"""An analyst writes a definition in a browser without scripts; an administrator reviews it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from toono.kernel.ids import public_code
from toono.services.tests.test_editing import permit

if TYPE_CHECKING:
    from tests.stage import Stack


@pytest.fixture
def analyst(at_browser: Callable[[dict[str, Any]], Any], stack: Stack) -> Any:
    """Энхжин at her desk."""
    return at_browser(stack.addresses["persons"]["enkhjin"])


@pytest.fixture
def administrator(at_browser: Callable[[dict[str, Any]], Any], stack: Stack) -> Any:
    """Ану."""
    return at_browser(stack.addresses["persons"]["anu"])


def begin(analyst: Any) -> tuple[str, str]:
    """A new draft; its code and the path of its page."""
    code = f"drafted-{public_code(8).lower()}"
    analyst.open("/editor/")
    analyst.press("Бичиж эхлэх", code=code, level="dundgovi")
    return code, analyst.path


def write(analyst: Any, path: str, name: str, text: str) -> None:
    analyst.open(f"{path}/text/{name}")
    analyst.press("Хадгалах", text=text)


def test_a_service_is_written_tried_reviewed_and_published_by_pages(analyst: Any, administrator: Any) -> None:
    code, path = begin(analyst)
    assert "зүйл засна" in analyst.text  # the blank has words to be written
    files = permit(code)
    for name, file in (("service", "service.yaml"), ("document", "document.typ"), ("tests", "tests.yaml")):
        write(analyst, path, name, files[file])
        assert "Хадгаллаа" in analyst.text
    analyst.open(path)
    assert "Тодорхойлолтоос алдаа олдсонгүй" in analyst.text
    analyst.press("Туршилтыг ажиллуулах")
    analyst.wait_for("Бүгд хэлсний дагуу", timeout_seconds=60)
    analyst.press("Хянуулахаар өгөх")
    assert "Хянуулахаар өгсөн" in analyst.text
    review = path.replace("/editor/", "/admin/definitions/")
    administrator.open("/admin/definitions/")
    administrator.open(review)
    administrator.press("Буцаах")
    assert "Юуг засахыг бичнэ үү" in administrator.text
    administrator.press("Батлах")
    administrator.press("Нийтлэх")
    assert "Нийтэлсэн" in administrator.text
    analyst.open(f"/services/{code}/")
    assert analyst.heading == "Туршилт"


def test_who_saves_an_old_revision_sees_both_texts(analyst: Any) -> None:
    _, path = begin(analyst)
    analyst.open(f"{path}/text/document")
    form, written = analyst.form(button="Хадгалах"), '#import "letterhead.typ": letter, data\n\n#letter[Нэг.]\n'
    analyst.press("Хадгалах", form=form, text=written)
    analyst.press("Хадгалах", form=form, text=written.replace("Нэг", "Хоёр"))
    assert analyst.answer.status_code == 409 and "өөр хүн энэ хооронд хадгалсан" in analyst.text
    assert "-#letter[Нэг.]" in analyst.text and "+#letter[Хоёр.]" in analyst.text
    assert "Хоёр." in analyst.page.xpath("string(//textarea[@name='text'])")
    analyst.press("Хадгалах")
    assert "Хадгаллаа" in analyst.text and "Хоёр." in analyst.page.xpath("string(//textarea[@name='text'])")


def test_bad_yaml_is_kept_and_its_line_is_named(analyst: Any) -> None:
    _, path = begin(analyst)
    write(analyst, path, "service", "language: 1\ncode: [\n")
    assert analyst.page.xpath("string(//textarea[@name='text'])").strip() == "language: 1\ncode: ["
    assert "-р мөр" in analyst.text
    analyst.open(f"{path}/form/names")
    assert analyst.path.endswith("/text/service")


def test_forms_write_the_same_text(analyst: Any) -> None:
    code, path = begin(analyst)
    write(analyst, path, "service", permit(code)["service.yaml"])
    analyst.open(f"{path}/form/names")
    analyst.press("Хадгалах", **{"name.en": "A name from the form"})
    assert "Хадгаллаа" in analyst.text
    analyst.open(f"{path}/form/questions")
    analyst.press(form=analyst.form(button="Дээш"), what="up:source")
    assert [one.strip() for one in analyst.page.xpath("//main//ol/li//span[@class='toono-quiet']/text()")][:3] == [
        "purpose",
        "source",
        "irrigated_hectares",
    ]
    analyst.press(form=analyst.form(field="kind"), what="add", code="colour", kind="choice")
    assert analyst.path.endswith("/form/questions/colour")
    analyst.press("Хадгалах", **{"questions.colour.label.mn": "Ямар өнгө вэ?", "questions.colour.label.en": "Which colour?"})
    analyst.open(f"{path}/text/service")
    text = analyst.page.xpath("string(//textarea[@name='text'])")
    assert "en: A name from the form" in text and "Ямар өнгө вэ?" in text
    assert "No condition, document row, officer" in analyst.text or "colour" in analyst.text


def test_a_preview_is_walked_by_pages(analyst: Any) -> None:
    code, path = begin(analyst)
    write(analyst, path, "service", permit(code)["service.yaml"])
    analyst.open(f"{path}/preview?walk.as=herder")
    assert "Усыг юунд ашиглах вэ?" in analyst.text and "Бүртгэлээс авсан" in analyst.text
    analyst.press("Үргэлжлүүлэх")
    assert analyst.page.xpath("//*[contains(@class, 'govuk-error-message')]")
    analyst.press("Үргэлжлүүлэх", purpose="livestock")
    assert "Усыг хаанаас авах вэ?" in analyst.text
    analyst.press("Үргэлжлүүлэх", source="river")
    analyst.press("Үргэлжлүүлэх", place="Хөх булаг")
    analyst.press("Үргэлжлүүлэх", **{"point-lat": "45.70", "point-lon": "106.20"})
    analyst.press("Үргэлжлүүлэх", amount="60")
    analyst.press("Үргэлжлүүлэх", **{"from_date-year": "2026", "from_date-month": "3", "from_date-day": "9"})
    assert analyst.heading == "Илгээхэд бэлэн"
    analyst.open(f"{path}/preview?walk.as=foreigner")
    assert "энэ хүнд зориулагдаагүй" in analyst.heading


def test_the_editor_is_for_analysts_only(citizen: Any, officer: Any, administrator: Any, analyst: Any) -> None:
    _, path = begin(analyst)
    for browser in (citizen, officer, administrator):
        for address in ("/editor/", path, f"{path}/text/service", f"{path}/form/names", f"{path}/preview", f"{path}/archive.zip"):
            browser.open(address)
            assert browser.answer.status_code == 404, address
    analyst.open("/admin/definitions/")
    assert analyst.answer.status_code == 404


def test_a_draft_is_taken_away_as_an_archive_and_brought_back(analyst: Any) -> None:
    code, path = begin(analyst)
    archive = analyst.client.get(f"{path}/archive.zip")
    assert archive.headers["Content-Type"] == "application/zip" and f"{code}.zip" in archive.headers["Content-Disposition"]
    analyst.open(path)
    form = analyst.form(field="archive")
    answer = analyst.client.post(
        str(analyst.answer.url.join(form.get("action"))), data={k: v for k, v in form.form_values() if k != "archive"},
        files={"archive": ("x.zip", b"no archive", "application/zip")}, headers={"Referer": str(analyst.answer.url)},
    )  # fmt: skip
    assert answer.status_code == 409 and "Нооргийг" in answer.text
