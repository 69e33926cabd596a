"""Question pages and files as browsers, and worse than browsers, send them."""

from __future__ import annotations

import re
import socket
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import h11
import pytest

from toono.channels.tests.steps import answer, begin
from toono.services.tests.forms import WORDS, asked, form, published
from toono.services.tests.test_files import EICAR, pdf, picture

MB = 1024 * 1024
PAGES = [{"code": "both", "title": WORDS, "questions": ["place", "proof"], "because": WORDS}]


@pytest.fixture
def service(stack: Any) -> str:
    """Asks on one page for a place and files, then for a point."""
    questions = (asked("place"), asked("proof", "file", files=2), asked("well", "point"))
    return published(form(*questions, code=f"files-{uuid4().hex[:8]}", pages=PAGES)).code


def post(browser: Any, files: list[tuple[str, bytes]], press: str = "", **values: str) -> None:
    """Send the form of the page with files, as a browser does."""
    (page_form,) = browser.page.xpath("//main//form[@enctype='multipart/form-data']")
    data = {k: v for k, v in page_form.form_values() if k not in {"proof", "press"}} | values | ({"press": press} if press else {})
    parts = [("proof", (name, content, "application/octet-stream")) for name, content in files]
    browser._look(browser.client.post(page_form.get("action"), data=data, files=parts, headers={"Referer": str(browser.answer.url)}))


def test_files_are_sent_listed_saved_and_taken_back_without_losing_what_was_typed(citizen: Any, service: str) -> None:
    begin(citizen, service)
    assert citizen.path.endswith("/question/both") and "Permissions-Policy" in citizen.answer.headers
    assert "geolocation=()" in citizen.answer.headers["Permissions-Policy"]
    post(citizen, [("Диплом.pdf", pdf()), ("зураг.png", picture("PNG"))], press="upload:proof", place="Хөх булаг")
    assert citizen.page.xpath("string(//input[@name='place']/@value)") == "Хөх булаг"
    (first, second) = citizen.page.xpath("//*[contains(@class, 'toono-files')]//a/@href")
    saved = citizen.client.get(first)
    assert saved.content == pdf() and saved.headers["Content-Type"] == "application/pdf"
    assert saved.headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in saved.headers["Content-Security-Policy"]
    assert saved.headers["Content-Disposition"].startswith("attachment; ") and saved.headers["Cache-Control"] == "no-store"
    assert "filename*=UTF-8''%D0%94" in saved.headers["Content-Disposition"]
    post(citizen, [], press=f"remove:{second.rsplit('/', 1)[1]}", place="Хөх булаг")
    assert citizen.page.xpath("count(//*[contains(@class, 'toono-files')]//a)") == 1
    post(citizen, [], place="Хөх булаг")
    assert citizen.path.endswith("/question/well")
    assert "geolocation=(self)" in citizen.answer.headers["Permissions-Policy"]
    answer(citizen, well={"lat": "45.7", "lon": "106.2"})
    assert citizen.path.endswith("/check") and "Диплом.pdf" in citizen.text


@pytest.mark.parametrize(
    ("content", "words"), [(EICAR, "хортой код"), (b"MZ\x90", "PDF ч биш"), (b"%PDF-1.7" + b"x" * (11 * MB), "10 МБ-аас том")]
)
def test_a_bad_file_is_told_and_everything_typed_is_still_there(citizen: Any, service: str, content: bytes, words: str) -> None:
    begin(citizen, service)
    post(citizen, [("good.pdf", pdf()), ("bad.pdf", content)], place="Хөх булаг")
    assert citizen.answer.status_code == 200 and words in citizen.text
    assert citizen.page.xpath("string(//title)").startswith("Алдаа: ")
    (link,) = citizen.page.xpath("//*[contains(@class, 'govuk-error-summary')]//a/@href")
    assert citizen.page.xpath(f"//*[@id='{link[1:]}']/@type") == ["file"]
    assert citizen.page.xpath("string(//input[@name='place']/@value)") == "Хөх булаг"
    assert [a.text for a in citizen.page.xpath("//*[contains(@class, 'toono-files')]//a")] == ["good.pdf"]


def test_a_name_with_a_line_break_makes_no_header(citizen: Any, service: str) -> None:
    begin(citizen, service)
    post(citizen, [('a"\r\nSet-Cookie: x=1;.pdf', pdf())], press="upload:proof", place="x")
    (link,) = citizen.page.xpath("//*[contains(@class, 'toono-files')]//a/@href")
    saved = citizen.client.get(link)
    assert "x=1" not in saved.cookies.values() and re.fullmatch(
        r'attachment; filename="[\w.\- ]+"; filename\*=UTF-8\'\'[\w.%\-]+', saved.headers["Content-Disposition"]
    )


def test_files_are_for_the_owner_and_the_desk_only(citizen: Any, officer: Any, at_browser: Any, fresh_person: Any, service: str) -> None:
    begin(citizen, service)
    post(citizen, [("a.pdf", pdf())], place="x")
    answer(citizen, well={"lat": "45.7", "lon": "106.2"})
    assert citizen.path.endswith("/check"), citizen.text
    (own,) = {a for a in citizen.page.xpath("//main//a/@href") if "/files/" in a} or {own_file(citizen)}
    desk = own.replace("/cases/", "/desk/")
    assert officer.client.get(desk).status_code == 404  # not sent yet
    citizen.press(form=citizen.page.xpath("//main//form[.//input[@name='form_token']]")[0])
    assert officer.client.get(desk).content == pdf()
    neighbour = at_browser(fresh_person())
    for stranger, path in ((neighbour, own), (neighbour, desk), (citizen, desk), (officer, own)):
        assert stranger.client.get(path).status_code == 404, path


def own_file(browser: Any) -> str:
    from toono.services.models import Attachment

    case_id = re.findall(r"/cases/([0-9a-f-]{36})/", browser.path)[0]
    return f"/cases/{case_id}/files/{Attachment.objects.get(case_id=case_id).id}"


# -- worse than browsers -----------------------------------------------------------------------------------------


def raw(browser: Any, headers: list[tuple[str, str]], body: bytes = b"", *, form_path: str) -> tuple[int, bytes]:
    """A request written byte by byte; the answer as far as it comes."""
    place = urlsplit(str(browser.client.base_url))
    cookies = "; ".join(f"{k}={v}" for k, v in browser.client.cookies.items())
    wire = h11.Connection(our_role=h11.CLIENT)
    host = ("Host", f"{place.hostname}:{place.port}")
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        connection.sendall(wire.send(h11.Request(method="POST", target=form_path, headers=[host, ("Cookie", cookies), *headers])) or b"")
        if body:
            connection.sendall(body)
        status, content = 0, b""
        while True:
            event = wire.next_event()
            if event is h11.NEED_DATA:
                wire.receive_data(connection.recv(65536))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                content += event.data
            else:
                return status, content


MULTIPART = ("Content-Type", "multipart/form-data; boundary=x")


def test_a_hundred_megabytes_are_refused_before_they_are_sent(citizen: Any, service: str) -> None:
    begin(citizen, service)
    status, content = raw(citizen, [MULTIPART, ("Content-Length", str(100 * MB))], form_path=citizen.path)
    page = content.decode()
    assert status == 413 and "Файл хэт том байна" in page and "хадгалагдсан" in page


@pytest.mark.parametrize(
    "body",
    [
        b"--x\r\nContent-Disposition: form-data; name=place\r\n\r\nx\r\n--x--\r\n",  # no token
        b"--x\r\nContent-Disposition: form-data; name=proof; filename=a.pdf\r\n\r\n%PDF",  # breaks off
        b"--y\r\n\r\n",
        b"\xff" * 2000,
    ],
)
def test_a_form_without_its_token_or_without_an_end_changes_nothing(citizen: Any, service: str, body: bytes) -> None:
    begin(citizen, service)
    status, _ = raw(citizen, [MULTIPART, ("Content-Length", str(len(body)))], body, form_path=citizen.path)
    assert status in {400, 403}
    citizen.open(citizen.path)
    assert not citizen.page.xpath("//*[contains(@class, 'toono-files')]")


def _memory(stack: Any) -> int:
    """Resident kilobytes of all processes of the portal."""
    import os
    from pathlib import Path

    total = 0
    for process in Path("/proc").iterdir():
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ")
            environment = (process / "environ").read_bytes()
            if (
                process.name.isdigit()
                and b"web" in command
                and stack.environment["TOONO_HOME"].encode() in environment
                and int(process.name) != os.getpid()
            ):
                total += int(re.findall(r"VmRSS:\s+(\d+)", (process / "status").read_text())[0])
        except (OSError, IndexError):
            continue
    return total


def test_sixty_megabytes_of_files_leave_the_memory_flat(citizen: Any, service: str, stack: Any) -> None:
    begin(citizen, service)
    post(citizen, [("a.pdf", pdf())], press="upload:proof", place="x")
    before = _memory(stack)
    assert before > 20_000
    post(citizen, [("big.pdf", b"%PDF" + b"x" * (20 * MB)) for _ in range(3)], press="upload:proof", place="x")
    assert "10 МБ-аас том" in citizen.text
    assert _memory(stack) - before < 30_000
