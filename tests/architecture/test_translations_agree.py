"""All rooms' translations become one catalogue: a Mongolian sentence with two English ones would speak by chance."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from babel.messages.pofile import read_po

from tests.architecture.tree import SOURCE

Translation = tuple[str, ...]


def translations(files: list[Path]) -> dict[str, dict[str, Translation]]:
    """Mongolian sentence → file → its English, plural forms included."""
    found: dict[str, dict[str, Translation]] = defaultdict(dict)
    for file in files:
        with file.open("rb") as opened:
            for message in read_po(opened):
                if message.id:
                    sentence = message.id if isinstance(message.id, str) else message.id[0]
                    english = (message.string,) if isinstance(message.string, str) else tuple(message.string)
                    found[sentence][str(file)] = english
    return found


def disputed(files: list[Path]) -> dict[str, set[Translation]]:
    return {sentence: set(places.values()) for sentence, places in translations(files).items() if len(set(places.values())) > 1}


FILES = sorted(SOURCE.glob("*/locale/en/LC_MESSAGES/django.po"))


def test_one_sentence_has_one_translation_in_all_rooms() -> None:
    assert len(FILES) > 3
    assert disputed(FILES) == {}


def test_nothing_is_left_untranslated() -> None:
    assert sorted({s for s, places in translations(FILES).items() for english in places.values() if not all(english)}) == []


def test_a_dispute_is_found(tmp_path: Path) -> None:
    for room, english in (("a", "Valid"), ("b", "Valid until")):
        (tmp_path / f"{room}.po").write_text(f'msgid "Хүчинтэй"\nmsgstr "{english}"\n', encoding="utf-8")
    assert disputed(sorted(tmp_path.glob("*.po"))) == {"Хүчинтэй": {("Valid",), ("Valid until",)}}
