"""English names are transliterated by the rule that the source itself follows."""

from __future__ import annotations

import csv

import pytest

from toono.geo.domain.romanisation import english_name, romanised
from toono.geo.tests import FILES


def test_the_rule_gives_every_english_name_that_the_source_has() -> None:
    with (FILES / "admin_units.csv").open(encoding="utf-8") as lines:
        named = [(r["name_mn"], r["name_en"]) for r in csv.DictReader(lines) if r["name_en"]]
    assert len(named) == 31
    assert [(mn, romanised(mn)) for mn, _ in named] == named


@pytest.mark.parametrize(
    ("name_mn", "name_en"),
    [
        ("1-р баг, Наран", "Bag 1, Naran"),
        ("12-р хороо", "Khoroo 12"),
        ("4-р баг Баясгалант", "Bag 4, Bayasgalant"),
        ("3-р баг ,Цагаан-Овоо", "Bag 3, Tsagaan-Ovoo"),
        ("Сайнцагаан", "Saintsagaan"),
        ("Өлзийт", "Ulziit"),
    ],
)
def test_numbered_bags_and_khoroos_are_named_in_english_order(name_mn: str, name_en: str) -> None:
    assert english_name(name_mn) == name_en


def test_no_english_name_keeps_a_mongolian_letter() -> None:
    with (FILES / "admin_units.csv").open(encoding="utf-8") as lines:
        names = [english_name(r["name_mn"]) for r in csv.DictReader(lines)]
    assert [n for n in names if not n.isascii()] == []
