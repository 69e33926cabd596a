"""Every Mongolian word of the pages is one that the dictionary knows (hunspell, mn_MN), or one of the few named here."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from babel.messages.pofile import read_po

ROOMS = Path(__file__).parents[2] / "src" / "toono"
KNOWN = {
    "руу", "рүү",  # particles of direction, which the dictionary lists only joined
    "аас",  # the ending after a quoted name: «Миний хуудас»-аас
    "түвшин", "түвшний", "портал", "серийн", "күүкиг",  # level, portal, serial, cookie
}  # fmt: skip


def words() -> set[str]:
    """Words of three letters and more in the texts of all rooms, without placeholders and markup."""
    found: set[str] = set()
    for catalogue in ROOMS.glob("*/locale/en/LC_MESSAGES/django.po"):
        with catalogue.open("rb") as file:
            for message in read_po(file):
                for text in message.id if isinstance(message.id, (tuple, list)) else [message.id]:
                    found |= set(re.findall(r"[А-ЯӨҮЁа-яөүё]{3,}", re.sub(r"%\(\w+\)[sd]|<[^>]+>", " ", text or "")))
    return found


def misspelt(these: set[str]) -> set[str]:
    command = ["hunspell", "-d", "mn_MN", "-i", "utf-8", "-l"]
    said = subprocess.run(command, input="\n".join(sorted(these)), capture_output=True, text=True, check=True).stdout
    return {word for word in said.split() if word.lower() not in KNOWN}


def test_every_word_on_the_pages_is_spelt_right() -> None:
    found = words()
    assert len(found) > 500
    assert misspelt(found) == set()


def test_a_misspelt_word_is_found() -> None:
    assert misspelt({"лавлагаа", "лавлгааа"}) == {"лавлгааа"}
