"""A page that knows only the socket of ESign signs through the platform: aiohttp's WebSocket client is the page, OpenSSL checks what it gets."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from tests.conformance.pki.holder import Holder
from tests.stage import free_ports

PAGE = "https://ra.datacenter.gov.mn"
TEXT = "УБ99010112.1770000000"


class Helper:
    """``toono esign`` on the person's computer."""

    def __init__(self, stack: Any) -> None:
        [self.port] = free_ports(1)
        command = [sys.executable, "-m", "toono.entry", "esign", "--portal", stack.base_url, "--origin", PAGE]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port)], stdout=subprocess.PIPE, text=True, env=os.environ | {"BROWSER": "true"}
        )
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)

    def line(self, stack: Any, words: str, after: int = 0) -> str:
        found: str = stack.wait(lambda: next((line for line in self.lines[after:] if words in line), None), timeout=30)
        return found

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    async def say(self, *messages: str, origin: str = PAGE, host: str = "") -> list[Any]:
        headers = {"Origin": origin} | ({"Host": host} if host else {})
        async with aiohttp.ClientSession() as session, session.ws_connect(f"http://127.0.0.1:{self.port}", headers=headers) as socket:
            answers = []
            for message in messages:
                await socket.send_str(message)
                answers.append(json.loads((await socket.receive(timeout=120)).data))
            return answers


@pytest.fixture(scope="module")
def helper(stack: Any) -> Iterator[Helper]:
    running = Helper(stack)
    stack.wait(lambda: _answers(running.port), timeout=30)
    yield running
    running.stop()


def _answers(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def message(text: Any = TEXT, kind: str = "e457cb50ed64bde0") -> str:
    return json.dumps({"type": kind, "data": text})


def test_an_old_page_gets_a_signature_that_openssl_confirms(stack: Any, helper: Helper, fresh_person: Any, tmp_path: Path) -> None:
    """The person lets the helper in once, then reads and confirms; a refusal comes as the page's own kind of error."""
    holder = Holder(stack, fresh_person())
    holder.sign_in()
    answers: list[Any] = []
    page = threading.Thread(target=lambda: answers.extend(asyncio.run(helper.say(message(), message("Өөр бичвэр")))))
    page.start()
    address = helper.line(stack, "/oidc/authorize").split()[-1]
    assert httpx.get(f"http://127.0.0.1:{helper.port}/callback?state=guess&code=x").status_code == 400
    holder.browser.open(address)
    form = holder.browser.form(field="item")
    data = dict(form.form_values()) | {"do": "agree", "item": form.xpath(".//input[@name='item']/@value")}
    back = holder.browser.client.post(
        str(holder.browser.answer.url.join(form.get("action"))), data=data, headers={"Referer": str(holder.browser.answer.url)}
    )
    assert "Нэвтэрлээ" in back.text
    helper.line(stack, "/my/signatures")
    seen = len(helper.lines)
    assert TEXT in holder.open(holder.waiting()) and "Яг энэ бичвэрт гарын үсэг зурна" in holder.browser.text
    holder.agree()
    helper.line(stack, "/my/signatures", after=seen)
    holder.open(holder.waiting())
    holder.browser.press("Татгалзах")
    page.join(60)
    signed, refused = answers
    assert signed["status"] == "success" and signed.keys() == {"status", "certificate", "signature", "message"}
    assert refused["status"] == "error" and "татгалзсан" in refused["message"] and refused["signature"] == ""
    assert _openssl_agrees(tmp_path, signed, TEXT) and not _openssl_agrees(tmp_path, signed, TEXT + " ")


def _openssl_agrees(folder: Path, signed: dict[str, str], text: str) -> bool:
    (folder / "c.der").write_bytes(base64.b64decode(signed["certificate"]))
    (folder / "s").write_bytes(base64.b64decode(signed["signature"]))
    (folder / "t").write_bytes(text.encode())
    key = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-in", "c.der", "-pubkey", "-noout"], cwd=folder, capture_output=True, check=True
    )
    (folder / "k.pem").write_bytes(key.stdout)
    checked = subprocess.run(["openssl", "dgst", "-sha256", "-verify", "k.pem", "-signature", "s", "t"], cwd=folder, capture_output=True)
    return checked.returncode == 0


@pytest.mark.parametrize("origin", ["https://evil.example", "", "null", PAGE + ".evil.example", PAGE.replace("https", "http")])
def test_a_page_that_is_not_allowed_is_not_heard(helper: Helper, origin: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError):
        asyncio.run(helper.say(message(), origin=origin))


def test_a_page_under_another_name_is_not_heard(helper: Helper) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError):
        asyncio.run(helper.say(message(), host="evil.example:59001"))


BAD = [
    "",
    "{",
    "[]",
    "7",
    "[" * 5000,
    message(kind="x"),
    message(7),
    message(""),
    message("а" * 131_073),
    json.dumps({"type": "e457cb50ed64bde0"}),
    message("\ud800"),
]


@pytest.mark.parametrize("sent", BAD)
def test_a_message_that_is_none_is_answered_by_an_error(helper: Helper, sent: str) -> None:
    [answer] = asyncio.run(helper.say(sent))
    assert answer["status"] == "error" and answer["message"]
