"""Who belongs to whom: couples, children, parents; who has died, who lives abroad.

Relatives are known to the population register like anybody, but nobody can sign in as one of them: they are not among the 20,000.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random

from sandbox.dice import dice, number
from sandbox.population.generate import DATA, first_letters, lived
from sandbox.population.names import MEN, WOMEN
from sandbox.population.persons import Citizen

WIFE, HUSBAND, CHILD, FATHER, MOTHER = "эхнэр", "нөхөр", "хүүхэд", "эцэг", "эх"
MARRIED, SINGLE, DIVORCED, WIDOWED = "гэрлэсэн", "гэрлээгүй", "цуцалсан", "бэлэвсэн"
ADULT_YEARS = 18
MOST_APART_YEARS = 8
COUPLES_SHARE = 0.7
CHILDREN = (0, 1, 1, 2, 2, 2, 3, 4)
MADE_ON = date(2026, 3, 1)
"""Nobody of the invented children is born later."""
_ABROAD = {"solongo"}
_MARITAL = {
    "sarnai": SINGLE,
    "munkhzul": DIVORCED,
    "munkhzul_mother": WIDOWED,
    "munkhzul_father": MARRIED,
    "tsend": WIDOWED,
    "nomin": SINGLE,
}


@dataclass(slots=True)
class Family:
    """What the register says of somebody's family."""

    marital: str = SINGLE
    members: list[tuple[str, str]] = field(default_factory=list)
    """Civil id and relation."""


class Society:
    """People and their relatives, by number."""

    def __init__(self, people: Iterable[Citizen]) -> None:
        self.people = list(people)
        self.relatives: list[Citizen] = []
        self.by_civil_id = {person.civil_id: person for person in self.people}
        self._regnums = {person.regnum for person in self.people}
        self._families: dict[str, Family] = defaultdict(Family)
        self.died_on: dict[str, date] = {}
        self._families_of_cast()
        for man, woman in _couples(person for person in self.people if person.cast_key is None and person.citizenship == "MNG"):
            self._marry(man, woman)
            for nth in range(dice("children", woman.civil_id).choice(CHILDREN)):
                self._birth(man, woman, nth)

    def family(self, civil_id: str) -> Family:
        """An adult without entries is single or was married before."""
        return self._families[civil_id] if civil_id in self._families else Family(_alone(self.by_civil_id[civil_id]))

    def abroad(self, citizen: Citizen) -> bool:
        """Lives in another country."""
        if citizen.cast_key is not None:
            return citizen.cast_key in _ABROAD
        return citizen.phone is not None and number("abroad", citizen.civil_id) % 100 < 3

    def _add(self, relative: Citizen) -> None:
        self.relatives.append(relative)
        self.by_civil_id[relative.civil_id] = relative
        self._regnums.add(relative.regnum)

    def _relate(self, one: Citizen, other: Citizen, relation: str, back: str) -> None:
        """``other`` is the ``relation`` of ``one``, who is the ``back`` of ``other``."""
        self._families[one.civil_id].members.append((other.civil_id, relation))
        self._families[other.civil_id].members.append((one.civil_id, back))

    def _marry(self, man: Citizen, woman: Citizen) -> None:
        self._relate(man, woman, WIFE, HUSBAND)
        self._families[man.civil_id].marital = self._families[woman.civil_id].marital = MARRIED

    def _birth(self, man: Citizen, woman: Citizen, nth: int) -> None:
        """A child of the couple, unless the day of birth that falls is after today or makes it an adult."""
        chance = dice("birth", woman.civil_id, str(nth))
        born = date(int(woman.birth_date[:4]) + chance.randrange(20, 40), chance.randrange(1, 13), chance.randrange(1, 28))
        if not MADE_ON.year - ADULT_YEARS < born.year < MADE_ON.year:
            return
        female = chance.random() < 0.5
        child = replace(
            woman, civil_id=self._civil_id(woman, nth), regnum=self._regnum(woman.regnum[:2], born, female, chance),
            clan_name=man.clan_name, patronymic=man.given_name, given_name=chance.choice(WOMEN if female else MEN),
            birth_date=born.isoformat(), sex="female" if female else "male", phone=None, registered_on=born.isoformat(),
        )  # fmt: skip
        self._add(child)
        self._relate(woman, child, CHILD, MOTHER)
        self._relate(man, child, CHILD, FATHER)

    def _civil_id(self, mother: Citizen, nth: int) -> str:
        return f"99{nth + 1}{mother.civil_id[3:]}"

    def _regnum(self, letters: str, born: date, female: bool, chance: Random) -> str:
        """As those of adults, the year is one of 1900 to 1909."""
        while True:
            ninth = chance.choice("02468" if female else "13579")
            regnum = f"{letters}0{born.year % 10}{born:%m%d}{ninth}{chance.randrange(10)}"
            if regnum not in self._regnums:
                return regnum

    # -- the cast

    def _families_of_cast(self) -> None:
        known: dict[str | None, Citizen] = {person.cast_key: person for person in self.people if person.cast_key}
        with (DATA / "relatives.csv").open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                if line["of"] in known:
                    self._relative_of_cast(line, known)
        for key, marital in _MARITAL.items():
            if key in known:
                self._families[known[key].civil_id].marital = marital

    def _relative_of_cast(self, line: dict[str, str], known: dict[str | None, Citizen]) -> None:
        person, born = known[line["of"]], date.fromisoformat(line["birth_date"])
        relative = replace(
            person, civil_id=f"995{number('relative', line['key']) % 10**9:09d}",
            regnum=f"{first_letters(line['birth_aimag'], 12)}{born:%y%m%d}{line['last_digits']}",
            clan_name=line["clan_name"], patronymic=line["patronymic"], given_name=line["given_name"],
            birth_date=lived(born, int(line["decade"])).isoformat(), sex=line["sex"], phone=None, cast_key=None, cast_part=None,
        )  # fmt: skip
        self._add(relative)
        known[line["key"]] = relative
        if line["died_on"]:
            self.died_on[relative.civil_id] = date.fromisoformat(line["died_on"])
        self._relate(person, relative, line["relation"], _back(line["relation"], person))
        if line["relation"] in (WIFE, HUSBAND):
            self._families[person.civil_id].marital = self._families[relative.civil_id].marital = MARRIED
        if line["also_of"]:
            self._relate(known[line["also_of"]], relative, CHILD, _back(CHILD, known[line["also_of"]]))


def _back(relation: str, person: Citizen) -> str:
    female = person.sex == "female"
    return {
        WIFE: HUSBAND, HUSBAND: WIFE, CHILD: MOTHER if female else FATHER, FATHER: CHILD, MOTHER: CHILD,
    }[relation]  # fmt: skip


def _alone(citizen: Citizen) -> str:
    if int(citizen.birth_date[:4]) > MADE_ON.year - ADULT_YEARS:
        return SINGLE
    return (SINGLE, SINGLE, SINGLE, DIVORCED, WIDOWED)[number("alone", citizen.civil_id) % 5]


def _couples(people: Iterable[Citizen]) -> Iterator[tuple[Citizen, Citizen]]:
    """Men and women of one bag of about one age."""
    bags: dict[str, dict[str, list[Citizen]]] = defaultdict(lambda: {"male": [], "female": []})
    for person in people:
        bags[person.bag_code][person.sex].append(person)
    for bag in bags.values():
        women = sorted(bag["female"], key=lambda person: person.birth_date)
        for man in sorted(bag["male"], key=lambda person: person.birth_date):
            near = (w for w in women if abs(int(w.birth_date[:4]) - int(man.birth_date[:4])) <= MOST_APART_YEARS)
            woman = next(near, None)
            if woman is not None and number("couple", man.civil_id) % 1000 < COUPLES_SHARE * 1000:
                women.remove(woman)
                yield man, woman
