"""Draws the 20,000 citizens.

The same seed gives the same people on every machine: only ``random.Random`` and fixed lists are used.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random

from sandbox.population.names import CLANS, KAZAKH_CLANS, KAZAKH_MEN, KAZAKH_WOMEN, MEN, STREETS, WOMEN
from sandbox.population.persons import Citizen

SEED = 20251122
SIZE = 20_000
DATA = Path(__file__).resolve().parent.parent / "data"

CAPITAL, BAYAN_ULGII = "11", "83"
# First letter of the register number by aimag of birth: common practice, not a law.
FIRST_LETTER = {
    "65": "А", "83": "Б", "64": "В", "63": "Г", "82": "Д", "44": "Е", "21": "Ж", "48": "З", "81": "И", "62": "Й",
    "46": "К", "22": "Л", "43": "М", "41": "Н", "85": "О", "84": "П", "67": "Р", "23": "С", "45": "Т", "61": "Ф",
    "42": "Х", "11": "У",
}  # fmt: skip
SECOND_LETTERS = "АБВГДЕЖЗИЙКЛМНОӨПРСТУҮФХЦЧШЭЮЯЁЩ"
BIRTHS_FROM, BIRTHS_DAYS = date(1900, 1, 1), 3652
"""Days that register numbers carry. People are born on the same day and month of a later decade: :func:`lived`."""
YOUNGEST = 2006
"""Everybody with a login is of age; children are known as somebody's relatives only (:mod:`.society`)."""
DECADES = (1940, 1950, 1960, 1960, 1970, 1970, 1980, 1980, 1980, 1990, 1990, 1990, 2000)
CENTRE_SHARE = 1 / 3


@dataclass(frozen=True, slots=True)
class Place:
    """A bag or khoroo with the names of what it lies in."""

    aimag_code: str
    aimag: str
    soum_code: str
    soum: str
    bag_code: str
    bag: str


PlacesBySoum = dict[str, dict[str, list[Place]]]
"""Aimag code → soum code → its bags."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A person with a fixed part in tests and tour."""

    key: str
    part: str
    clan_name: str
    patronymic: str
    given_name: str
    birth_date: str
    """The day that the register number carries."""
    decade: str
    """Of the real birth: ``1980``."""
    sex: str
    citizenship: str
    birth_aimag: str
    last_digits: str
    bag_code: str
    street: str
    """Empty for a herder, as are building and door."""
    building: str
    door: str
    registered_on: str
    """Of the address; empty: any day."""
    phone: str
    """``yes`` or ``no``."""


def _cast_parts() -> list[Part]:
    with (DATA / "cast.csv").open(encoding="utf-8", newline="") as file:
        return [Part(**line) for line in csv.DictReader(file)]


def version() -> str:
    """Changes with the seed, the rules and the lists; the data set is made anew when it differs from the stored one."""
    here = Path(__file__).resolve().parent
    files = [here / "generate.py", here / "persons.py"]
    files += [DATA / "units.csv", DATA / "populations.csv", DATA / "cast.csv", DATA / "names.csv"]
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:16]


def _units() -> tuple[PlacesBySoum, dict[str, Place]]:
    """Places by aimag and soum, and by code of the bag."""
    with (DATA / "units.csv").open(encoding="utf-8", newline="") as file:
        units = {unit["code"]: unit for unit in csv.DictReader(file)}
    by_soum: PlacesBySoum = {}
    by_code: dict[str, Place] = {}
    for code, unit in units.items():
        if unit["level"] == "bag":
            soum = units[unit["parent_code"]]
            aimag = units[soum["parent_code"]]
            place = Place(aimag["code"], aimag["name_mn"], soum["code"], soum["name_mn"], code, unit["name_mn"])
            by_soum.setdefault(aimag["code"], {}).setdefault(soum["code"], []).append(place)
            by_code[code] = place
    return by_soum, by_code


@cache
def places() -> tuple[Place, ...]:
    """Every bag and khoroo of the country."""
    return tuple(_units()[1].values())


def _shares(size: int) -> dict[str, int]:
    """How many persons live in each aimag: in proportion; the largest remainders are rounded up."""
    with (DATA / "populations.csv").open(encoding="utf-8", newline="") as file:
        people = {line["aimag_code"]: int(line["population"]) for line in csv.DictReader(file)}
    total = sum(people.values())
    exact = {code: size * count / total for code, count in people.items()}
    counts = {code: int(share) for code, share in exact.items()}
    for code in sorted(exact, key=lambda c: counts[c] - exact[c])[: size - sum(counts.values())]:
        counts[code] += 1
    return counts


def address_text(place: Place, street: str | None, building: str | None, door: str | None) -> str:
    """The address in one line. A herder has no street: «… багийн нутаг»."""
    if place.aimag_code == CAPITAL:
        head = f"{place.aimag} хот, {place.soum} дүүрэг, {place.bag}"
    else:
        head = f"{place.aimag} аймаг, {place.soum} сум, {place.bag}"
    if not street:
        name = place.bag.rpartition(", ")[2]
        return f"{head}, {name}ийн нутаг" if name.endswith("баг") else f"{head}, {name} багийн нутаг"
    house = f"{building} байр, {door} тоот" if door else f"{building} тоот"
    return f"{head}, {street} гудамж, {house}"


class _Unused:
    """Hands out numbers that nobody has yet."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._taken: set[str] = set()

    def digits(self, prefix: str, count: int) -> str:
        while True:
            number = f"{prefix}{self._random.randrange(10**count):0{count}d}"
            if self.take(number):
                return number

    def take(self, number: str) -> bool:
        if number in self._taken:
            return False
        self._taken.add(number)
        return True


def citizens(*, size: int = SIZE, seed: int = SEED) -> Iterator[Citizen]:
    """The people of the register: the cast first, then the others, aimag by aimag."""
    random = Random(seed)  # noqa: S311 - invented people, no secret
    unused = _Unused(random)
    by_soum, by_code = _units()
    counts = _shares(size)
    for part in _cast_parts():
        counts[by_code[part.bag_code].aimag_code] -= 1
        yield _cast(part, by_code[part.bag_code], random, unused)
    aimags = sorted(counts)
    for aimag in aimags:
        for _ in range(counts[aimag]):
            yield _anybody(aimag, aimags, by_soum, random, unused)


def lived(carried: date, decade: int) -> date:
    """The day of birth behind a register number: day, month and the last digit of the year are those that the number carries.

    29 February is moved to a decade that has one.
    """
    year = decade + carried.year % 10
    if (carried.month, carried.day) == (2, 29) and decade % 20:
        year -= 10
    return carried.replace(year=year)


def first_letters(birth_aimag: str, soum_index: int) -> str:
    """The two letters of a register number."""
    return FIRST_LETTER[birth_aimag] + SECOND_LETTERS[soum_index % len(SECOND_LETTERS)]


def _cast(part: Part, place: Place, random: Random, unused: _Unused) -> Citizen:
    born = date.fromisoformat(part.birth_date)
    regnum = f"{first_letters(part.birth_aimag, 12)}{born:%y%m%d}{part.last_digits}"
    unused.take(regnum)
    civil_id, phone, registered_on = unused.digits("990", 9), unused.digits("40", 6), _registered_on(random)
    return Citizen(
        civil_id=civil_id, regnum=regnum,
        clan_name=part.clan_name, patronymic=part.patronymic, given_name=part.given_name,
        birth_date=lived(born, int(part.decade)).isoformat(), sex=part.sex, citizenship=part.citizenship,
        phone=phone if part.phone == "yes" else None, **asdict(place),
        street=part.street or None, building=part.building or None, door=part.door or None,
        text=address_text(place, part.street, part.building, part.door),
        registered_on=part.registered_on or registered_on, cast_key=part.key, cast_part=part.part,
    )  # fmt: skip


def _registered_on(random: Random) -> str:
    return (date(2005, 1, 1) + timedelta(days=random.randrange(365 * 20))).isoformat()


def _anybody(aimag: str, aimags: list[str], by_soum: PlacesBySoum, random: Random, unused: _Unused) -> Citizen:
    female = random.random() < 0.51
    kazakh = random.random() < (0.88 if aimag == BAYAN_ULGII else 0.005)
    men, women, clans = (KAZAKH_MEN, KAZAKH_WOMEN, KAZAKH_CLANS) if kazakh else (MEN, WOMEN, CLANS)
    place, settled = _home(aimag, by_soum[aimag], random)
    street, building, door = _house(aimag, random) if settled else (None, None, None)
    regnum, carried = _regnum(aimag, aimags, by_soum, female, random, unused)
    civil_id = unused.digits("990", 9)
    born = lived(carried, DECADES[int(civil_id[3:]) % len(DECADES)])
    if born.year > YOUNGEST:
        born = lived(carried, 1990)
    return Citizen(
        civil_id=civil_id, regnum=regnum, clan_name=random.choice(clans),
        patronymic=random.choice(women if random.random() < 0.04 else men),
        given_name=random.choice(women if female else men),
        birth_date=born.isoformat(), sex="female" if female else "male", citizenship="MNG",
        phone=unused.digits("40", 6), **asdict(place), street=street, building=building, door=door,
        text=address_text(place, street, building, door), registered_on=_registered_on(random),
    )  # fmt: skip


def _home(aimag: str, soums: dict[str, list[Place]], random: Random) -> tuple[Place, bool]:
    """Where somebody lives, and whether in a house (else as a herder)."""
    if aimag == CAPITAL:
        return random.choice([place for places in soums.values() for place in places]), True
    centre = f"{aimag}01"
    others = [code for code in soums if code != centre]
    soum = centre if random.random() < CENTRE_SHARE else random.choice(others)
    return random.choice(soums[soum]), random.random() < (0.9 if soum == centre else 0.35)


def _house(aimag: str, random: Random) -> tuple[str, str, str | None]:
    """Street, building and door; a house in the ger quarter has no door number."""
    flat = random.random() < (0.6 if aimag == CAPITAL else 0.25)
    building = str(random.randrange(1, 90 if flat else 400)) + (random.choice("АБВ") if random.random() < 0.08 else "")
    return random.choice(STREETS), building, str(random.randrange(1, 121)) if flat else None


def _regnum(aimag: str, aimags: list[str], by_soum: PlacesBySoum, female: bool, random: Random, unused: _Unused) -> tuple[str, date]:
    """An unused register number and the day of birth in it. Half of the capital's people were born elsewhere."""
    moved = random.random() < (0.5 if aimag == CAPITAL else 0.05)
    birth_aimag = random.choice(aimags) if moved else aimag
    letters = first_letters(birth_aimag, random.randrange(len(by_soum[birth_aimag])))
    while True:
        born = BIRTHS_FROM + timedelta(days=random.randrange(BIRTHS_DAYS))
        ninth = random.choice("02468" if female else "13579")
        regnum = f"{letters}{born:%y%m%d}{ninth}{random.randrange(10)}"
        if unused.take(regnum):
            return regnum, born


def fingerprint(people: list[Citizen]) -> str:
    """SHA-256 over all people: two machines can compare their registers by it."""
    digest = hashlib.sha256()
    for person in people:
        digest.update(repr(astuple(person)).encode())
    return digest.hexdigest()
