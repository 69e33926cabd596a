"""The invented people: the same everywhere, in proportion, and nobody who lives."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from functools import cache

from sandbox.population import generate
from sandbox.population.persons import Citizen
from sandbox.population.society import Society

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
        given = [value for p in people() if (value := getattr(p, name)) is not None]
        assert len(set(given)) == len(given) >= 19_999


def test_every_register_number_has_the_right_form_and_belongs_to_nobody_alive() -> None:
    for p in people():
        assert re.fullmatch(r"[А-ЯӨҮЁ]{2}0\d{7}", p.regnum), p.regnum
        carried = date(1900 + int(p.regnum[2:4]), int(p.regnum[4:6]), int(p.regnum[6:8]))
        assert 1900 <= carried.year <= 1909
        assert int(p.regnum[8]) % 2 == (p.sex == "male")


def test_people_are_of_age_and_born_on_the_day_that_the_number_carries_of_a_later_decade() -> None:
    for p in people():
        assert p.birth_date[3:].replace("-", "") == p.regnum[3:8]
        assert 1940 <= int(p.birth_date[:4]) <= 2006


def test_civil_ids_and_phones_are_of_the_invented_ranges() -> None:
    assert all(re.fullmatch(r"990\d{9}", p.civil_id) for p in people())
    assert all(re.fullmatch(r"40\d{6}", p.phone) for p in people() if p.phone is not None)
    assert [p.cast_key for p in people() if p.phone is None] == ["lkhagva"]


def test_those_who_were_there_first_keep_their_numbers() -> None:
    cast = {p.cast_key: (p.regnum, p.phone) for p in people() if p.cast_key}
    assert cast["sarnai"] == ("ЗМ05041526", "40406076") and cast["tulga"] == ("КМ07071157", "40576158")


def test_relatives_have_numbers_of_their_own() -> None:
    society = Society(people())
    everybody = [*society.people, *society.relatives]
    assert len({p.civil_id for p in everybody}) == len({p.regnum for p in everybody}) == len(everybody)
    assert all(re.fullmatch(r"99[1-5]\d{9}", p.civil_id) and re.fullmatch(r"[А-ЯӨҮЁ]{2}0\d{7}", p.regnum) for p in society.relatives)
    assert sum(p.birth_date > "2008-03-01" for p in society.relatives) > 2_000


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
