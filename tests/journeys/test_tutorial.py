"""The tutorial, run as it is written: every file and every command of it, then its pages, in order on the real platform."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.stage import ROOT, Stack
from toono.entry.person import Person
from toono.entry.tour import declaration

TUTORIAL = ROOT / "docs" / "tutorial" / "add-a-service.md"
_FENCE = re.compile(r"(?ms)^```(\w+)([^\n]*)\n(.*?)^```$")


@dataclass(frozen=True)
class Block:
    """A fenced block: a file (``file=…``), a command (``sh``, which may be said to fail), or what the commands before it print (``text``)."""

    kind: str
    note: str
    body: str


def blocks() -> list[Block]:
    return [Block(kind, note.strip(), body) for kind, note, body in _FENCE.findall(TUTORIAL.read_text(encoding="utf-8"))]


def test_the_tutorial_says_what_each_block_is() -> None:
    assert {block.kind for block in blocks() if not block.note.startswith("file=")} == {"sh", "text"}
    assert sum(block.note.startswith("file=") for block in blocks()) == 3


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """The folder in which the reader sits: the catalogue is there, and the `toono` of this environment."""
    (tmp_path / "catalogue").symlink_to(ROOT / "catalogue")
    (tmp_path / "bin").mkdir()
    for name, command in (("toono", '-m toono.entry "$@"'), ("python", '"$@"')):
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\nexec {sys.executable} {command}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def _run(block: Block, folder: Path, stack: Stack) -> str:
    environment = stack.environment | {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "DJANGO_SETTINGS_MODULE": "toono.entry.django_settings",
    }
    done = subprocess.run(
        ["bash", "-euc", block.body], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180,
        check=False,
    )  # fmt: skip
    assert (done.returncode != 0) == (block.note == "fails"), f"{block.body}\n{done.stdout}"
    return done.stdout


def test_whoever_follows_the_tutorial_has_a_service(stack: Stack, bench: Path) -> None:
    said = ""
    for block in blocks():
        if block.note.startswith("file="):
            (bench / block.note.removeprefix("file=")).write_text(block.body, encoding="utf-8")
        elif block.kind == "sh":
            said += _run(block, bench, stack)
        else:
            for line in block.body.strip().splitlines():
                assert line in said, f"not said: {line}\n{said}"
            said = ""
    _ordered(stack)


def _ordered(stack: Stack) -> None:
    """Section 7, with the words and values that it names."""
    section = TUTORIAL.read_text(encoding="utf-8").partition("## 7.")[2]
    answers = dict(re.findall(r"Answer `(\w+)` with «([^»]+)»", section))
    path, send, decide = (
        re.search(r"Open `([^`]+)`", section),
        re.search(r"and press «([^»]+)»\.\n\nThen", section),
        re.search(r"she presses «([^»]+)»", section),
    )
    assert path and send and decide and len(answers) == 2
    citizen = _signed_in(stack, "sarnai")
    citizen.open(path.group(1))
    citizen.press(form=citizen.page.xpath("//main//form[@id='start']")[0])
    for code, value in answers.items():
        citizen.press(form=citizen.form(field=code), **{code: value})
    assert send.group(1) in citizen.text
    citizen.press(form=citizen.form(field="form_token"), **declaration(citizen))
    case = citizen.path
    officer = _signed_in(stack, "oyun")
    officer.open(case.replace("/cases/", "/desk/"))
    actions = officer.page.xpath("//main//form[.//*[@name='action']]")
    assert decide.group(1) in officer.text and actions
    officer.press(form=actions[0], action="grant")
    citizen.open(case)
    citizen.wait_for("PDF")


def _signed_in(stack: Stack, name: str) -> Person:
    who = stack.addresses["persons"][name]
    person = Person(stack.base_url, sms=lambda: stack.sms(who["phone"]))
    person.client.headers["Accept"] = "text/html"
    person.sign_in(who["regnum"])
    return person
