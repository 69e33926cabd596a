"""What all registers know in common: the people, how each lives, and what each owns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cached_property
from random import Random
from typing import Any

import yaml

from sandbox.dice import dice, number
from sandbox.population.generate import CAPITAL, DATA
from sandbox.population.persons import Citizen
from sandbox.population.society import ADULT_YEARS, Society

STORY_DAY = date(2026, 3, 1)
"""The day on which the lives of the cast stand as they are told; the answers in ``catalogue/personas.yaml`` are of this day."""
PENSION_YEARS = {"male": 60, "female": 57}
PLATE_LETTERS = "АВЕКМНОРСТУХ"
FOREIGN, MINOR, STUDENT, PENSIONER, HERDER, EMPLOYEE, OFFICIAL, TRADER, JOBLESS = (
    "foreign", "minor", "student", "pensioner", "herder", "employee", "official", "trader", "jobless",
)  # fmt: skip


class World:
    """People, their occupations and their things.

    :param today: gives the day on which the registers are asked: ages are those of that day.
    """

    def __init__(self, society: Society, *, today: Callable[[], date]) -> None:
        self.society = society
        self._today = today
        self.lives: dict[str, dict[str, Any]] = yaml.safe_load((DATA / "lives.yaml").read_text(encoding="utf-8"))
        self.vehicles: dict[str, list[str]] = {}
        self.properties: dict[str, list[str]] = {}
        self.parcels: dict[str, list[str]] = {}
        self.entities: dict[str, list[str]] = {}
        self.owners: dict[str, str] = {}
        for owned, how_many, key in (
            (self.vehicles, _vehicles, _plate), (self.properties, _properties, _property),
            (self.parcels, _parcels, _parcel), (self.entities, _entities, _entity),
        ):  # fmt: skip
            for person in society.people:
                self._give(owned, person, how_many, key)
        self._give_to_relatives()

    @property
    def today(self) -> date:
        return self._today()

    def person(self, civil_id: str) -> Citizen | None:
        return self.society.by_civil_id.get(civil_id)

    def owner(self, key: str) -> Citizen | None:
        """Whose vehicle, property or parcel it is; of a legal entity: who represents it."""
        civil_id = self.owners.get(key)
        return self.society.by_civil_id[civil_id] if civil_id else None

    def age(self, person: Citizen) -> int:
        """In whole years; of the dead, when they died."""
        day = self.society.died_on.get(person.civil_id, self.today)
        born = date.fromisoformat(person.birth_date)
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    def occupation(self, person: Citizen) -> str:
        if person.cast_key in self.lives and "occupation" in self.lives[person.cast_key]:
            return str(self.lives[person.cast_key]["occupation"])
        return _occupation(person)

    @cached_property
    def told_of_persons(self) -> dict[str, dict[str, Any]]:
        """What the lives of the cast lay over the answers about them, by civil id and meaning; None: nothing is held."""
        return {p.civil_id: self.lives[p.cast_key].get("tells", {}) for p in self.society.people if p.cast_key in self.lives}

    @cached_property
    def told_of_things(self) -> dict[str, Any]:
        """The same of things and legal entities, by ``meaning/key``."""
        return {name: told for life in self.lives.values() for name, told in life.get("things", {}).items()}

    def _give(
        self, owned: dict[str, list[str]], person: Citizen, how_many: Callable[[Citizen], int], key: Callable[[Citizen, str], str]
    ) -> None:
        told = self.lives.get(person.cast_key or "", {}).get("owns")
        if told is not None:
            names = {
                id(self.vehicles): "vehicles",
                id(self.properties): "properties",
                id(self.parcels): "parcels",
                id(self.entities): "entities",
            }
            keys = [str(k) for k in told.get(names[id(owned)], ())]
        else:
            keys = [self._unused(person, str(nth), key) for nth in range(how_many(person))]
        if keys:
            owned[person.civil_id] = keys
            self.owners.update(dict.fromkeys(keys, person.civil_id))

    def _unused(self, person: Citizen, nth: str, key: Callable[[Citizen, str], str]) -> str:
        while (found := key(person, nth)) in self.owners:
            nth += "+"
        return found

    def _give_to_relatives(self) -> None:
        """What the cast's relatives own: the dead father's flat."""
        for life in self.lives.values():
            for regnum, owns in life.get("relatives_own", {}).items():
                relative = next(p for p in self.society.relatives if p.regnum == regnum)
                for owned, name in ((self.vehicles, "vehicles"), (self.properties, "properties"), (self.parcels, "parcels")):
                    if owns.get(name):
                        owned[relative.civil_id] = list(owns[name])
                        self.owners.update(dict.fromkeys(owns[name], relative.civil_id))


def _occupation(person: Citizen) -> str:
    """By age on the day of the story, home and chance; it does not change with the calendar."""
    age = STORY_DAY.year - int(person.birth_date[:4])
    if person.citizenship != "MNG":
        return FOREIGN
    if age < ADULT_YEARS:
        return MINOR
    if age >= PENSION_YEARS[person.sex]:
        return PENSIONER
    if person.street is None:
        return HERDER
    if age < 23 and number("student", person.civil_id) % 10 < 6:
        return STUDENT
    chance = number("occupation", person.civil_id) % 100
    return OFFICIAL if chance < 24 else EMPLOYEE if chance < 68 else TRADER if chance < 84 else JOBLESS


def _chance(topic: str, person: Citizen) -> Random:
    return dice(topic, person.civil_id)


def _vehicles(person: Citizen) -> int:
    return _chance("vehicles", person).choices((0, 1, 2, 3), (46, 38, 13, 3))[0]


def _properties(person: Citizen) -> int:
    weights = (80, 17, 3, 0) if person.street is None else (48, 38, 11, 3)
    return _chance("properties", person).choices((0, 1, 2, 3), weights)[0]


def _parcels(person: Citizen) -> int:
    weights = (80, 18, 2) if person.aimag_code == CAPITAL else (58, 36, 6)
    return _chance("parcels", person).choices((0, 1, 2), weights)[0]


def _entities(person: Citizen) -> int:
    if _occupation(person) not in (TRADER, EMPLOYEE):
        return 0
    return _chance("entities", person).choices((0, 1, 2), (86, 12, 2))[0]


def _plate(person: Citizen, nth: str) -> str:
    drawn = number("plate", person.civil_id, nth)
    return f"{drawn % 10_000:04d}ЖЖ{PLATE_LETTERS[drawn // 10_000 % len(PLATE_LETTERS)]}"


def _property(person: Citizen, nth: str) -> str:
    return f"Ү-99{number('property', person.civil_id, nth) % 10**8:08d}"


def _parcel(person: Citizen, nth: str) -> str:
    return f"99{person.soum_code}{number('parcel', person.civil_id, nth) % 10**8:08d}"


def _entity(person: Citizen, nth: str) -> str:
    return f"98{number('entity', person.civil_id, nth) % 10**5:05d}"
