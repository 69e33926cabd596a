"""Social and health insurance, vaccinations."""

from __future__ import annotations

from datetime import date, timedelta

from sandbox.dice import dice
from sandbox.population.persons import Citizen
from sandbox.registers.answers import Answer, Question, Register
from sandbox.registers.shapes import DATE, FLAG, MONEY, MONTH, TEXT, WHOLE, Shape, maybe
from sandbox.registers.world import EMPLOYEE, FOREIGN, HERDER, JOBLESS, MINOR, OFFICIAL, PENSIONER, STORY_DAY, STUDENT, TRADER, World

EMPLOYERS = {
    OFFICIAL: ("Ерөнхий боловсролын 1-р сургууль", "Нэгдсэн эмнэлэг", "Засаг даргын Тамгын газар", "Цэцэрлэг № 5"),
    EMPLOYEE: ("Говь-Илч ХХК", "Тэнгэр Худалдаа ХХК", "Хангай Барилга ХХК", "Оюу Нүүрс ХК", "Мандал Хүнс ХХК"),
    TRADER: ("Сайн дурын даатгал",), HERDER: ("Сайн дурын даатгал (малчин)",), FOREIGN: ("Номад Консалтинг ХХК",),
}  # fmt: skip
VOLUNTARY = (TRADER, HERDER)
PAYMENTS_SHOWN = 12
WORKER_RATE, VOLUNTARY_RATE = 0.24, 0.115
"""Both halves, employer's and worker's; and what a voluntary member pays. Rounded rates of 2026, good enough for invented people."""
CATEGORIES = {
    OFFICIAL: ("ажилтан", "ажил олгогч"), EMPLOYEE: ("ажилтан", "ажил олгогч"), FOREIGN: ("ажилтан", "ажил олгогч"),
    MINOR: ("18 хүртэлх насны хүүхэд", "төр"), PENSIONER: ("өндөр насны тэтгэвэр авагч", "төр"), STUDENT: ("оюутан", "төр"),
    HERDER: ("малчин", "өөрөө"), TRADER: ("хувиараа хөдөлмөр эрхлэгч", "өөрөө"), JOBLESS: ("бусад", "өөрөө"),
}  # fmt: skip
VACCINES = (
    ("БЦЖ", "сүрьеэ", 1, 2), ("Гепатит B", "гепатит B", 1, 1), ("Пентавалент", "сахуу, хөх ханиад, татран", 1, 61), ("Полио", "саажилт", 1, 61),
    ("Пентавалент", "сахуу, хөх ханиад, татран", 2, 92), ("Полио", "саажилт", 2, 92), ("Пентавалент", "сахуу, хөх ханиад, татран", 3, 122),
    ("Полио", "саажилт", 3, 122), ("УКВ", "улаанбурхан, улаанууд, гахайн хавдар", 1, 275), ("УКВ", "улаанбурхан, улаанууд, гахайн хавдар", 2, 730),
    ("Гепатит A", "гепатит A", 1, 426), ("ДТ", "сахуу, татран", 1, 2557),
)  # fmt: skip
"""Vaccine, disease, dose, days after birth."""


def contributions(world: World, person: Citizen, key: str) -> Answer | None:
    occupation = world.occupation(person)
    if occupation == MINOR:
        return None
    chance = dice("social insurance", person.civil_id)
    years = min(max(0, STORY_DAY.year - int(person.birth_date[:4]) - 22), 38)
    total = round(12 * years * chance.uniform(0.45, 1.0))
    if occupation not in EMPLOYERS or (occupation in VOLUNTARY and chance.random() < 0.45):
        return {"insured": False, "months_total": total, "last_month": _month(chance.randrange(14, 90)) if total else None, "payments": []}
    behind = chance.choice((1, 3, 7)) if occupation in VOLUNTARY else 1
    employer = chance.choice(EMPLOYERS[occupation])
    wage = 1_000 * (chance.randrange(660, 900) if occupation in VOLUNTARY else chance.randrange(900, 3_800))
    rate = VOLUNTARY_RATE if occupation in VOLUNTARY else WORKER_RATE
    payments = [
        {"month": _month(ago), "employer": employer, "wage": wage, "contribution": round(wage * rate)}
        for ago in range(behind, behind + min(PAYMENTS_SHOWN, max(1, total)))
    ]
    return {"insured": True, "months_total": max(total, len(payments)), "last_month": payments[0]["month"], "payments": payments}


def _month(ago: int) -> str:
    """The month so many months before the story's day."""
    months = STORY_DAY.year * 12 + STORY_DAY.month - 1 - ago
    return f"{months // 12}-{months % 12 + 1:02d}"


def health(world: World, person: Citizen, key: str) -> Answer:
    category, payer = CATEGORIES[world.occupation(person)]
    if payer != "өөрөө":
        return {"insured": True, "category": category, "paid_until": "2027-12-31", "unpaid_months": 0, "payer": payer}
    unpaid = dice("health insurance", person.civil_id).choices((0, 3, 9, 26), (55, 20, 15, 10))[0]
    until = date.fromisoformat(f"{_month(unpaid + 1)}-28") if unpaid else date(2026, 12, 31)
    return {"insured": not unpaid, "category": category, "paid_until": until.isoformat(), "unpaid_months": unpaid, "payer": payer}


def doses(world: World, person: Citizen, key: str) -> Answer | None:
    """Of children, and what the register has had of adults since 2021."""
    chance, born = dice("vaccination", person.civil_id), date.fromisoformat(person.birth_date)
    place = f"{person.soum} өрхийн эрүүл мэндийн төв"
    if world.occupation(person) == MINOR:
        given = [(*v, born + timedelta(days=v[3] + chance.randrange(20))) for v in VACCINES if chance.random() < 0.96]
        found = [_dose(person, n, name, disease, dose, on, place) for n, (name, disease, dose, _, on) in enumerate(given) if on < STORY_DAY]
    else:
        on = date(2021, 3, 15) + timedelta(days=chance.randrange(200))
        count = chance.choices((0, 1, 2, 3), (8, 6, 56, 30))[0]
        found = [_dose(person, n, "Синофарм", "коронавируст халдвар", n + 1, on + timedelta(days=28 * n), place) for n in range(count)]
    return {"doses": found} if found else None


def _dose(person: Citizen, nth: int, vaccine: str, disease: str, dose: int, on: date, place: str) -> Answer:
    return {
        "id": f"V{person.civil_id[-6:]}-{nth + 1}",
        "vaccine": vaccine,
        "disease": disease,
        "dose": dose,
        "given_on": on.isoformat(),
        "place": place,
    }


SOCIAL = Register("social-insurance", "Social insurance register", (
    Question("person.social_insurance", "/insurance/{civil_id}/contributions", "civil_id", "Contributions of the last year paid, and in all.", Shape(
        {"insured": FLAG, "months_total": WHOLE, "last_month": maybe(MONTH)}, "payments",
        {"month": MONTH, "employer": TEXT, "wage": MONEY, "contribution": MONEY},
    ), contributions),
))  # fmt: skip
HEALTH = Register("health-insurance", "Health insurance register", (
    Question("person.health_insurance", "/insurance/{civil_id}/state", "civil_id", "Whether insured, by whom paid, until when.", Shape(
        {"insured": FLAG, "category": TEXT, "paid_until": maybe(DATE), "unpaid_months": WHOLE, "payer": maybe(TEXT)},
    ), health),
))  # fmt: skip
VACCINATION = Register("vaccination", "Vaccination register", (
    Question("person.vaccinations", "/vaccination/{civil_id}/doses", "civil_id", "Doses given.", Shape(
        {}, "doses", {"id": TEXT, "vaccine": TEXT, "disease": TEXT, "dose": WHOLE, "given_on": DATE, "place": maybe(TEXT)},
    ), doses),
))  # fmt: skip
