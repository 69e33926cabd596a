"""Education and the state archives."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from sandbox.dice import dice
from sandbox.population.persons import Citizen
from sandbox.registers.answers import Answer, Question, Register
from sandbox.registers.shapes import DATE, MONEY, NUMBER, TEXT, WHOLE, Schema, Shape, maybe
from sandbox.registers.world import FOREIGN, HERDER, MINOR, OFFICIAL, STUDENT, World

SCHOOLS = ("Говийн их сургууль", "Хангайн технологийн дээд сургууль", "Тал нутгийн политехник коллеж", "Хүрээ багшийн дээд сургууль")
PROFESSIONS = ("багш", "нягтлан бодогч", "инженер", "сувилагч", "эдийн засагч", "малын эмч", "хуульч", "тогооч")
SUBJECTS = ("Монгол хэл", "Математик", "Нийгмийн ухаан", "Англи хэл", "Физик", "Биологи")
FORMER = (
    "Дундговь аймгийн нэгдэл «Алтан тариа»",
    "Барилгын трест № 3",
    "Аймгийн ерөнхий эмнэлэг",
    "Улсын их дэлгүүр",
    "Автобааз № 12",
    "Сургууль № 2",
)
POSITIONS = ("ажилчин", "сувилагч", "жолооч", "нярав", "багш", "малчин", "инженер")
EARLIEST_EXAMS = 2006


def diplomas(world: World, person: Citizen, key: str) -> Answer | None:
    occupation, chance = world.occupation(person), dice("education", person.civil_id)
    if occupation in (FOREIGN, MINOR, STUDENT) or chance.random() > (
        0.95 if occupation == OFFICIAL else 0.15 if occupation == HERDER else 0.6
    ):
        return None
    year = int(person.birth_date[:4]) + 22
    found = [_diploma(person, 0, "бакалавр", year)]
    if occupation == OFFICIAL and chance.random() < 0.25 and year < 2021:
        found.append(_diploma(person, 1, "магистр", year + 4))
    return {"diplomas": found}


def _diploma(person: Citizen, nth: int, degree: str, year: int) -> Answer:
    chance = dice("diploma", person.civil_id)
    return {
        "number": f"D{year}{chance.randrange(10**5) + nth:05d}", "school": chance.choice(SCHOOLS), "degree": degree,
        "profession": chance.choice(PROFESSIONS), "year": year,
    }  # fmt: skip


def exams(world: World, person: Citizen, key: str) -> Answer | None:
    """The final examinations of the twelfth class, since they are kept."""
    year = int(person.birth_date[:4]) + 18
    if world.occupation(person) in (FOREIGN, MINOR) or year < EARLIEST_EXAMS:
        return None
    chance = dice("exams", person.civil_id)
    school = f"{person.soum} сумын ерөнхий боловсролын сургууль" if person.aimag_code != "11" else f"{person.soum} дүүргийн 12-р сургууль"
    results = [
        {
            "id": f"E{year}{person.civil_id[-5:]}{n}",
            "subject": subject,
            "year": year,
            "grade": 12,
            "score": chance.randrange(42, 100),
            "school": school,
        }
        for n, subject in enumerate(["Монгол хэл", *chance.sample(SUBJECTS[1:], 2)])
    ]
    return {"results": results}


# -- archives: who worked, built or was counted before 2006 may be found there

_YEARS = range(1970, 2006)


def _had(world: World, person: Citizen, topic: str, share: float) -> Random | None:
    """Dice for somebody who was of age in the years of the archives, and of whom something is kept."""
    chance = dice("archive", topic, person.civil_id)
    if world.occupation(person) in (FOREIGN, MINOR) or int(person.birth_date[:4]) + 18 >= _YEARS[-1] or chance.random() > share:
        return None
    return chance


def _fonds(chance: Random) -> str:
    return f"Х-{chance.randrange(1, 300)}, Д-{chance.randrange(1, 12)}, ХН-{chance.randrange(1, 900)}"


def _id(prefix: str, person: Citizen, nth: int) -> str:
    return f"{prefix}-{person.civil_id[-6:]}-{nth + 1}"


def _day(year: int, chance: Random) -> str:
    return (date(year, 1, 1) + timedelta(days=chance.randrange(360))).isoformat()


def _career(person: Citizen, chance: Random) -> tuple[str, int, int]:
    """Organisation, first and last year of a job before 2006."""
    first = max(_YEARS[0], int(person.birth_date[:4]) + 18)
    return chance.choice(FORMER), first, min(_YEARS[-1], first + chance.randrange(2, 18))


def employment(world: World, person: Citizen, key: str) -> Answer | None:
    if (chance := _had(world, person, "work", 0.6)) is None:
        return None
    organisation, first, last = _career(person, chance)
    return {"records": [{
        "id": _id("A", person, 0), "organisation": organisation, "position": chance.choice(POSITIONS), "since": f"{first}-09-01",
        "until": f"{last}-08-31", "order": f"{chance.randrange(1, 200)} тоот", "fonds": _fonds(chance),
    }]}  # fmt: skip


def wages(world: World, person: Citizen, key: str) -> Answer | None:
    """Of the same work as :func:`employment`."""
    if (chance := _had(world, person, "work", 0.6)) is None:
        return None
    organisation, first, last = _career(person, chance)
    return {"records": [
        {
            "id": _id("Ц", person, n), "organisation": organisation, "year": year, "months": 12 if year > first else 4,
            "wage": 400 * 12 * (1 + n) if year < 1993 else 30_000 * 12 + 6_000 * n, "fonds": _fonds(chance),
        }
        for n, year in enumerate(range(first, last + 1))
    ]}  # fmt: skip


def orders(world: World, person: Citizen, key: str) -> Answer | None:
    if (chance := _had(world, person, "orders", 0.25)) is None:
        return None
    return {"records": [{
        "id": _id("З", person, 0), "organisation": chance.choice(FORMER), "title": "Ажилд томилох тухай", "number": str(chance.randrange(1, 300)),
        "issued_on": _day(chance.randrange(1990, 2005), chance), "fonds": _fonds(chance),
    }]}  # fmt: skip


def privatisation(world: World, person: Citizen, key: str) -> Answer | None:
    if (chance := _had(world, person, "privatisation", 0.1)) is None:
        return None
    return {"records": [{
        "id": _id("Ө", person, 0), "object": chance.choice(("60 толгой хонь", "тракторын засварын газрын хувьцаа", "үйлчилгээний байр")),
        "decision": f"{chance.randrange(1, 90)}/{chance.randrange(100)}", "decided_on": _day(chance.randrange(1991, 1999), chance), "fonds": _fonds(chance),
    }]}  # fmt: skip


def housing(world: World, person: Citizen, key: str) -> Answer | None:
    if (chance := _had(world, person, "housing", 0.1)) is None:
        return None
    return {"records": [{
        "id": _id("О", person, 0), "address": f"{person.soum}, {chance.randrange(1, 30)} байр, {chance.randrange(1, 60)} тоот",
        "decision": f"{chance.randrange(1, 400)} тоот", "decided_on": _day(chance.randrange(1997, 2003), chance), "fonds": _fonds(chance),
    }]}  # fmt: skip


def notary(world: World, person: Citizen, key: str) -> Answer | None:
    if (chance := _had(world, person, "notary", 0.08)) is None:
        return None
    return {"records": [{
        "id": _id("Н", person, 0), "deed": chance.choice(("гэрээслэл", "худалдах, худалдан авах гэрээ", "итгэмжлэл")),
        "notary": "Аймгийн нотариатч", "number": str(chance.randrange(1, 5_000)), "made_on": _day(chance.randrange(1995, 2006), chance),
        "fonds": _fonds(chance),
    }]}  # fmt: skip


def acts(world: World, person: Citizen, key: str) -> Answer | None:
    if (chance := _had(world, person, "acts", 0.07)) is None:
        return None
    return {"records": [{
        "id": _id("Б", person, 0), "object": chance.choice(("амины сууц", "дэлгүүрийн барилга", "гараж")),
        "kind": chance.choice(("улсын комиссын акт", "барилгын зураг")), "number": str(chance.randrange(1, 900)),
        "made_on": _day(chance.randrange(1985, 2006), chance), "fonds": _fonds(chance),
    }]}  # fmt: skip


def census(world: World, person: Citizen, key: str) -> Answer | None:
    born = int(person.birth_date[:4])
    years = [year for year in (1979, 1989, 2000) if born <= year]
    chance = dice("archive", "census", person.civil_id)
    if world.occupation(person) == FOREIGN or not years or chance.random() > 0.5:
        return None
    return {"records": [
        {
            "id": _id("Т", person, n), "year": year, "place": f"{person.aimag}, {person.soum}", "household": str(chance.randrange(1, 2_000)),
            "members": chance.randrange(2, 9), "fonds": _fonds(chance),
        }
        for n, year in enumerate(years)
    ]}  # fmt: skip


_KEPT: dict[str, Schema] = {"id": TEXT, "fonds": TEXT}


def _records(fields: dict[str, Schema]) -> Shape:
    return Shape({}, "records", {**_KEPT, **fields})


EDUCATION = Register("education", "Education register", (
    Question("person.education", "/education/{civil_id}/diplomas", "civil_id", "Diplomas.", Shape(
        {}, "diplomas", {"number": TEXT, "school": TEXT, "degree": TEXT, "profession": TEXT, "year": WHOLE},
    ), diplomas),
    Question("person.state_exams", "/education/{civil_id}/exams", "civil_id", "Results of state examinations.", Shape(
        {}, "results", {"id": TEXT, "subject": TEXT, "year": WHOLE, "grade": WHOLE, "score": NUMBER, "school": TEXT},
    ), exams),
))  # fmt: skip
_ARCHIVED = (
    ("wages", wages, "Wages.", {"organisation": TEXT, "year": WHOLE, "months": WHOLE, "wage": MONEY}),
    ("employment", employment, "Employment.", {"organisation": TEXT, "position": TEXT, "since": DATE, "until": maybe(DATE), "order": TEXT}),
    ("orders", orders, "Orders and decisions.", {"organisation": TEXT, "title": TEXT, "number": TEXT, "issued_on": DATE}),
    ("privatisation", privatisation, "Privatisation.", {"object": TEXT, "decision": TEXT, "decided_on": DATE}),
    ("housing", housing, "Housing.", {"address": TEXT, "decision": TEXT, "decided_on": DATE}),
    ("notary", notary, "Notarial deeds.", {"deed": TEXT, "notary": TEXT, "number": TEXT, "made_on": DATE}),
    ("acts", acts, "Building acts and drawings.", {"object": TEXT, "kind": TEXT, "number": TEXT, "made_on": DATE}),
    ("census", census, "Census.", {"year": WHOLE, "place": TEXT, "household": TEXT, "members": WHOLE}),
)
ARCHIVES = Register("archives", "Holdings of the state archives", tuple(
    Question(f"person.archive_{name}", f"/archive/{{civil_id}}/{name}", "civil_id", summary, _records(fields), tells)
    for name, tells, summary, fields in _ARCHIVED
))  # fmt: skip
