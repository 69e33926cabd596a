"""Where things stand: every room in the stack, with its page, and no layer without content."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from tests.architecture.tree import ROOMS, ROOT, SOURCE


def stack() -> set[str]:
    """The rooms that ``.importlinter`` has placed."""
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter", encoding="utf-8")
    lines = rules["importlinter:contract:stack"]["layers"].splitlines()
    return {room.strip(" ()") for line in lines for room in line.replace(":", "|").split("|") if room.strip()}


def empty_layers(top: Path) -> list[str]:
    """Packages without a line of code anywhere in them."""
    packages = [init.parent for init in top.rglob("__init__.py") if "node_modules" not in init.parts]
    return sorted(
        package.relative_to(top).as_posix()
        for package in packages
        if not any(file.read_text("utf-8").strip() for file in package.rglob("*.py"))
    )


def test_every_room_is_placed_in_the_stack_and_every_place_is_a_room() -> None:
    assert stack() == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_what_it_is_for(room: str) -> None:
    page = SOURCE / room / "README.md"
    assert page.is_file(), f"{room} has no README.md"
    words = page.read_text(encoding="utf-8")
    assert words.startswith("# ") and len(words.splitlines()) <= 120


def test_no_room_has_an_empty_layer() -> None:
    assert empty_layers(SOURCE) == []


def test_an_empty_layer_is_found(tmp_path: Path) -> None:
    for folder, text in (("room/domain", ""), ("room/web", "x = 1\n"), ("room", "")):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "__init__.py").write_text(text)
    assert empty_layers(tmp_path) == ["room/domain"]


def test_every_room_that_has_tables_has_their_history() -> None:
    assert [r for r in ROOMS if (SOURCE / r / "models.py").exists() and not list((SOURCE / r / "migrations").glob("0001_*.py"))] == []


def test_every_room_but_the_base_is_known_to_django_under_its_own_name() -> None:
    assert [room for room in ROOMS if not (SOURCE / room / "apps.py").is_file()] == []
