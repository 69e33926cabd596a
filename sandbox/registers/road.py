"""Vehicles, drivers, fines."""

from __future__ import annotations

from datetime import date, timedelta

from sandbox.dice import dice
from sandbox.population.persons import Citizen
from sandbox.registers.answers import Answer, Question, Register
from sandbox.registers.shapes import CIVIL_ID, DATE, FLAG, MONEY, PLATE, TEXT, WHOLE, Shape, maybe
from sandbox.registers.world import FOREIGN, HERDER, MINOR, World

MODELS = (
    ("Toyota", "Prius"), ("Toyota", "Land Cruiser"), ("Toyota", "Harrier"), ("Hyundai", "Porter"), ("Nissan", "X-Trail"), ("Lexus", "RX 450h"),
    ("УАЗ", "469"), ("Mitsubishi", "Delica"), ("Honda", "Fit"), ("Kia", "Bongo"),
)  # fmt: skip
COLOURS = ("цагаан", "хар", "мөнгөлөг", "саарал", "хөх", "улаан", "ногоон")
FUELS = {"Prius": "хосолмол", "RX 450h": "хосолмол", "Land Cruiser": "дизель", "Porter": "дизель", "Bongo": "дизель"}
OFFENCES = (
    ("хурд хэтрүүлсэн", 100_000),
    ("зогсоолын дүрэм зөрчсөн", 50_000),
    ("гэрлэн дохио зөрчсөн", 100_000),
    ("үзлэггүй явсан", 80_000),
)
BRIEF = ("plate", "make", "model", "year", "colour")
POINTS = 18


def vehicle(world: World, owner: Citizen, plate: str) -> Answer:
    chance = dice("vehicle", plate)
    make, model = chance.choice(MODELS)
    certificate_on = date(2019, 1, 1) + timedelta(days=chance.randrange(2_500))
    inspected = chance.choices(("2027-05-31", "2026-12-31", "2025-08-31", None), (50, 25, 20, 5))[0]
    return {
        "plate": plate, "make": make, "model": model, "year": chance.randrange(1998, 2024), "colour": chance.choice(COLOURS),
        "chassis": f"SBX{chance.randrange(10**14):014d}", "fuel": FUELS.get(model, "бензин"), "certificate": f"9{chance.randrange(10**7):07d}",
        "certificate_on": certificate_on.isoformat(), "inspected_until": inspected, "restricted": chance.random() < 0.06,
    }  # fmt: skip


_VEHICLE = Question("vehicle.details", "/vehicles/{plate}", "plate", "A vehicle by its plate.", Shape({
    "make": TEXT, "model": TEXT, "year": WHOLE, "colour": TEXT, "chassis": TEXT, "fuel": TEXT, "certificate": TEXT,
    "certificate_on": DATE, "inspected_until": maybe(DATE), "restricted": FLAG, "owner_civil_id": CIVIL_ID,
}), vehicle, owner_field="owner_civil_id")  # fmt: skip


def owned(world: World, person: Citizen, key: str) -> Answer | None:
    whole = [_VEHICLE.answer(world, plate) for plate in world.vehicles.get(person.civil_id, ())]
    return {"vehicles": [{name: one[name] for name in BRIEF} for one in whole if one]} if whole else None


def licence(world: World, person: Citizen, key: str) -> Answer | None:
    age, chance = world.age(person), dice("licence", person.civil_id)
    drives = bool(world.vehicles.get(person.civil_id)) or chance.random() < 0.35
    if world.occupation(person) == MINOR or not drives:
        return None
    issued = date(2019, 1, 1) + timedelta(days=chance.randrange(2_300))
    suspended = chance.random() < 0.03
    return {
        "number": f"{chance.randrange(10**7):07d}", "categories": chance.choices(("B", "B, C", "B, C, D", "A, B"), (70, 20, 5, 5 + age // 20))[0],
        "issued_on": issued.isoformat(), "valid_until": issued.replace(year=issued.year + 10, day=min(issued.day, 28)).isoformat(),
        "points": 0 if suspended else POINTS - chance.choices((0, 2, 5), (75, 18, 7))[0], "suspended": suspended,
        "suspended_until": "2027-06-30" if suspended else None,
    }  # fmt: skip


def fines(world: World, person: Citizen, key: str) -> Answer | None:
    if world.occupation(person) == MINOR:
        return None
    plates, chance = world.vehicles.get(person.civil_id, []), dice("fines", person.civil_id)
    weights = (85, 12, 3, 0) if world.occupation(person) in (HERDER, FOREIGN) else (60, 22, 12, 6)
    found = [_fine(plates, person, nth) for nth in range(chance.choices((0, 1, 2, 4), weights)[0])] if plates else []
    return {"unpaid_total": sum(fine["amount"] for fine in found if not fine["paid"]), "fines": found}


def _fine(plates: list[str], person: Citizen, nth: int) -> Answer:
    chance = dice("fine", person.civil_id, str(nth))
    offence, amount = chance.choice(OFFENCES)
    given = date(2025, 1, 1) + timedelta(days=chance.randrange(400))
    return {
        "number": f"T{given:%y%m}{chance.randrange(10**6):06d}", "given_on": given.isoformat(), "plate": chance.choice(plates),
        "offence": offence, "amount": amount, "paid": chance.random() < 0.6,
    }  # fmt: skip


VEHICLES = Register("vehicles", "Vehicle register", (
    Question("person.vehicles", "/vehicles/owners/{civil_id}", "civil_id", "Vehicles that a person owns.", Shape(
        {}, "vehicles", {"plate": PLATE, "make": TEXT, "model": TEXT, "year": WHOLE, "colour": TEXT},
    ), owned),
    _VEHICLE,
))  # fmt: skip
DRIVERS = Register("drivers", "Register of drivers and offences", (
    Question("person.driving_licence", "/drivers/{civil_id}/licence", "civil_id", "The driving licence.", Shape({
        "number": TEXT, "categories": TEXT, "issued_on": DATE, "valid_until": DATE, "points": WHOLE, "suspended": FLAG, "suspended_until": maybe(DATE),
    }), licence),
    Question("person.fines", "/drivers/{civil_id}/fines", "civil_id", "Fines of traffic.", Shape(
        {"unpaid_total": MONEY}, "fines",
        {"number": TEXT, "given_on": DATE, "plate": PLATE, "offence": TEXT, "amount": MONEY, "paid": FLAG},
    ), fines),
))  # fmt: skip
