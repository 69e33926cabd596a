"""The reference says what the code says: every setting, error and event."""

from __future__ import annotations

import ast
from collections import Counter

from tests.architecture.tree import ROOT, dotted, modules
from toono.entry import reference
from toono.kernel.errors import Conflict
from toono.kernel.settings import reference_table

FOLDER = ROOT / "docs" / "reference"


def read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def test_the_reference_is_as_the_code_says() -> None:
    assert [path.name for path in reference.stale()] == [], "run python -m toono.entry.reference"


def test_every_setting_is_listed() -> None:
    assert reference_table() in read("settings.md")


def test_every_error_has_a_code_of_its_own_and_is_listed() -> None:
    codes = Counter(error.code for error in reference.errors())
    assert [code for code, times in codes.items() if times > 1] == []
    page = read("errors.md")
    assert [code for code in codes if f"| `{code}` |" not in page] == []


def test_every_event_has_a_name_of_its_own_and_is_listed() -> None:
    names = Counter(event.name for event in reference.events())
    assert [name for name, times in names.items() if times > 1] == []
    page = read("events.md")
    assert [name for name in names if f"| `{name}` |" not in page] == []


def test_codes_and_names_begin_with_their_room() -> None:
    kinds = [(error.code, error.__module__) for error in reference.errors()] + [(e.name, e.__module__) for e in reference.events()]
    assert [(word, place) for word, place in kinds if word.split(".")[0] != place.split(".")[1].replace("kernel", "toono")] == []


def test_every_error_says_to_a_person_what_happened_and_what_to_do() -> None:
    for error in reference.errors():
        assert error.title_mn.strip() and error.next_mn.strip(), error.code
        assert error.__doc__, error.code
        assert 400 <= error.status <= 599, error.code


def test_errors_and_events_stand_in_their_own_files() -> None:
    """So that a room's README of failures is one file, and the reference sees them all without starting Django."""
    words = {"ToonoError", "Event"} | {e.__name__ for e in reference.errors()} | {e.__name__ for e in reference.subclasses(reference.Event)}
    misplaced = [
        f"{module.place}: {node.name}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        and {dotted(base).rpartition(".")[2] for base in node.bases} & words
        and not module.place.endswith(("errors.py", "events.py"))
    ]
    assert misplaced == []


def test_an_error_that_is_not_listed_is_noticed() -> None:
    class Unheard(Conflict):
        """An error that no page lists."""

        code = "feedback.unheard"

    Unheard.__module__ = "toono.feedback.errors"
    try:
        assert Unheard in reference.subclasses(Conflict)
        assert "feedback.unheard" in reference.errors_page()
        assert "feedback.unheard" not in read("errors.md")
    finally:
        Unheard.__module__ = __name__
    assert Unheard not in reference.subclasses(Conflict)
