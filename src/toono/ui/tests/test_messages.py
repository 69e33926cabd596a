"""Every sentence has its English."""

from __future__ import annotations

import pytest

from toono.ui import messages


@pytest.mark.parametrize("room", ["ui", "channels"])
def test_every_sentence_of_the_room_has_english(room: str) -> None:
    assert messages.untranslated(room) == []


@pytest.mark.parametrize("room", ["ui", "channels"])
def test_placeholders_are_the_same_in_both_languages(room: str) -> None:
    import re

    catalogue = messages.translated(room)
    for message in messages.used(room):
        forms = (message,) if isinstance(message, str) else message
        entry = catalogue.get(forms[0])
        assert entry is not None
        strings = (entry.string,) if isinstance(entry.string, str) else entry.string
        wanted = set(re.findall(r"%\(\w+\)s", forms[0]))
        for string in strings:
            assert set(re.findall(r"%\(\w+\)s", string)) == wanted, forms[0]


def test_a_sentence_without_english_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    known = messages.used("ui")
    monkeypatch.setattr(messages, "used", lambda _room: {**known, "Орчуулаагүй өгүүлбэр": [("x.html", 1)]})
    assert messages.untranslated("ui") == ["Орчуулаагүй өгүүлбэр"]


def test_what_errors_say_is_found_in_their_classes() -> None:
    assert "Ийм хуудас олдсонгүй" in messages.used("ui")
    assert ("%(n)s өдөр", "%(n)s өдөр") in messages.used("ui")
