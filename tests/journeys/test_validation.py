"""Somebody who knows nothing of signatures asks whether a file is good: on a phone, at a desk, without script."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stage import Stack

Window = Callable[..., Any]


@pytest.fixture
def files(stack: Stack, tmp_path: Path) -> dict[str, Path]:
    """A sealed document, a changed copy of it, and a picture that nobody signed."""
    from toono.kernel.actor import system
    from toono.pki import api
    from toono.pki.contracts import Profile
    from toono.pki.tests.making import SUBJECT, code, document

    organisation = code()
    api.certificate_for(actor=system("tests"), key=f"seal/{organisation}", profile=Profile.SEAL, subject=SUBJECT)
    sealed = api.seal_pdf(actor=system("tests"), organisation=organisation, pdf=document(), reason="Лавлагаа", location="Улаанбаатар")
    contents = {"good": sealed, "changed": sealed.replace(b"/MediaBox", b"/MediaBix", 1), "plain": document("Гарын үсэггүй")}
    for name, content in contents.items():
        (tmp_path / f"{name}.pdf").write_bytes(content)
    return {name: tmp_path / f"{name}.pdf" for name in contents}


def kept(v: Any, name: str) -> None:
    """A picture of the page, where a folder for pictures is named."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        v.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize("width", ["phone", "desk"])
def test_one_large_word_for_each_file(visit: Window, files: dict[str, Path], width: str) -> None:
    with visit(width) as v:
        v.open("/validate")
        v.is_sound()
        kept(v, f"validate-{width}")
        for name, indication, word in (
            ("good", "TOTAL-PASSED", "Хүчинтэй"),
            ("changed", "TOTAL-FAILED", "Хүчингүй"),
            ("plain", "INDETERMINATE", "Гарын үсэг алга"),
        ):
            v.open("/validate")
            v.page.locator("#file").set_input_files(str(files[name]))
            v.page.locator("main form button").click()
            found = v.page.locator("[data-indication]")
            found.wait_for(timeout=60_000)
            assert (found.get_attribute("data-indication"), found.inner_text()) == (indication, word)
            v.is_sound()
            kept(v, f"validated-{name}-{width}")


def test_without_script_too_and_the_report_is_taken_along(visit: Window, files: dict[str, Path]) -> None:
    with visit("phone", script=False, accept_downloads=True) as v:
        v.open("/validate")
        v.page.locator("#file").set_input_files(str(files["good"]))
        v.page.locator("main form button").click()
        v.page.locator("[data-indication=TOTAL-PASSED]").wait_for(timeout=60_000)
        with v.page.expect_download(timeout=60_000) as download:
            v.page.locator("button[value=pdf]").click()
        assert Path(download.value.path()).read_bytes().startswith(b"%PDF")


def test_nothing_chosen_is_said_at_the_field(visit: Window) -> None:
    with visit("phone") as v:
        v.page.on("response", lambda r: v.faults.clear() if r.status == 400 else None)
        v.open("/validate")
        v.page.locator("main form button").click()
        v.page.locator(".govuk-error-summary").wait_for()
        v.faults.clear()  # Chromium notes the status of the page itself
        assert "сонгоно уу" in v.page.locator(".govuk-error-summary").inner_text()
        v.is_sound()


@pytest.mark.parametrize("width", ["phone", "desk"])
def test_the_repository_is_read_in_words(visit: Window, width: str) -> None:
    with visit(width) as v:
        v.open("/pki/")
        v.is_sound()
        v.page.locator("#text").fill("Тооно")
        v.page.locator("main form button").click()
        v.page.locator("#found").wait_for()
        v.is_sound()
        kept(v, f"repository-{width}")


def test_the_administrator_sees_whom_we_trust(visit: Window, stack: Stack) -> None:
    with visit("desk") as v:
        v.sign_in(stack.addresses["persons"]["anu"])
        v.open("/admin/trusted-lists")
        v.is_sound()
        kept(v, "trusted-lists")
