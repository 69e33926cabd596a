"""The invented people: the same everywhere, in proportion, and nobody who lives."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from functools import cache

from sandbox.population import generate
from sandbox.population.persons import Citizen

LETTERS = "АБВГДЕЁЖЗИЙКЛМНОӨПРСТУҮФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмноөпрстуүфхцчшщъыьэюя-"


@cache
def people() -> list[Citizen]:
    return list(generate.citizens())


def test_the_same_seed_gives_the_same_people() -> None:
    assert generate.fingerprint(people()) == generate.fingerprint(list(generate.citizens()))


def test_another_seed_gives_other_people() -> None:
    assert generate.fingerprint(people()) != generate.fingerprint(list(generate.citizens(seed=1)))


def test_there_are_twenty_thousand_and_nobody_shares_a_number() -> None:
    assert len(people()) == 20_000
    for name in ("civil_id", "regnum", "phone"):
        assert len({getattr(p, name) for p in people()}) == 20_000


def test_every_register_number_has_the_right_form_and_belongs_to_nobody_alive() -> None:
    for p in people():
        assert re.fullmatch(r"[А-ЯӨҮЁ]{2}0\d{7}", p.regnum), p.regnum
        born = date.fromisoformat(p.birth_date)
        assert 1900 <= born.year <= 1909
        assert f"{born:%y%m%d}" == p.regnum[2:8]
        assert int(p.regnum[8]) % 2 == (p.sex == "male")


def test_civil_ids_and_phones_are_of_the_invented_ranges() -> None:
    assert all(re.fullmatch(r"990\d{9}", p.civil_id) and re.fullmatch(r"40\d{6}", p.phone) for p in people())


def test_every_aimag_and_the_capital_has_its_share() -> None:
    counts = Counter(p.aimag_code for p in people())
    assert len(counts) == 22
    assert counts == Counter(generate._shares(20_000))
    assert 9_000 < counts["11"] < 10_000
    assert counts["42"] == min(counts.values())


def test_people_live_in_every_soum_of_the_country_in_units_that_exist() -> None:
    by_soum, by_code = generate._units()
    assert {p.soum_code for p in people()} == {soum for soums in by_soum.values() for soum in soums}
    for p in people():
        place = by_code[p.bag_code]
        assert (p.aimag, p.soum, p.bag) == (place.aimag, place.soum, place.bag)
        assert p.bag_code.startswith(p.soum_code) and p.soum_code.startswith(p.aimag_code)


def test_names_are_mongolian_and_rare_letters_occur() -> None:
    names = {n for p in people() for n in (p.clan_name, p.patronymic, p.given_name)}
    assert all(set(n) <= set(LETTERS) for n in names)
    assert len({p.given_name for p in people()}) >= 150
    assert set("ӨҮЁЩ") <= {letter for n in names for letter in n}
    assert "ъ" in "".join(names)


def test_a_herder_lives_on_the_land_of_the_bag() -> None:
    herders = [p for p in people() if p.street is None]
    assert 2_000 < len(herders) < 9_000
    assert all(p.text.endswith("нутаг") and p.building is None and p.door is None for p in herders)
    assert all(p.street and p.building and p.street in p.text for p in people() if p.street is not None)


def test_the_cast_is_there_and_bat_lives_next_door_to_sarnai() -> None:
    cast = {p.cast_key: p for p in people() if p.cast_key}
    assert {"sarnai", "bat", "oyun", "dorj", "anu"} <= set(cast)
    assert [cast[k].given_name for k in ("sarnai", "bat", "oyun", "dorj", "anu")] == ["Сарнай", "Бат", "Оюун", "Дорж", "Ану"]
    sarnai, bat = cast["sarnai"], cast["bat"]
    assert sarnai.soum_code == bat.soum_code == cast["oyun"].soum_code == "4801"
    assert (sarnai.street, sarnai.building) == (bat.street, bat.building)
    assert sarnai.door != bat.door
