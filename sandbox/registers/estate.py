"""Immovable property, land, connections to the networks."""

from __future__ import annotations

from datetime import date, timedelta

from sandbox.dice import dice
from sandbox.population.persons import Citizen
from sandbox.registers.answers import Answer, Question, Register
from sandbox.registers.shapes import DATE, FLAG, NUMBER, PARCEL, PROPERTY, SOUM_CODE, TEXT, WHOLE, Shape, maybe
from sandbox.registers.world import MINOR, World

KINDS = (("орон сууц", 35, 90), ("амины сууц", 60, 180), ("гараж", 18, 30), ("худалдаа, үйлчилгээний барилга", 80, 600))
PURPOSES = ("гэр, орон сууцны хашааны газар", "худалдаа, үйлчилгээний газар", "тариалангийн газар", "өвөлжөө, хаваржааны газар")
RIGHTS = ("өмчлөх", "эзэмших", "ашиглах")


def _place(owner: Citizen) -> str:
    kind = "хот" if owner.aimag_code == "11" else "аймаг"
    return f"{owner.aimag} {kind}, {owner.soum}, {owner.bag}"


def entry(world: World, owner: Citizen, number: str) -> Answer:
    """The building; a private house stands on a parcel of the owner where there is one."""
    chance = dice("property", number)
    kind, least, most = chance.choice(KINDS)
    parcels = world.parcels.get(owner.civil_id, [])
    return {
        "number": number, "kind": kind, "address": f"{_place(owner)}, {owner.street or 'Төв'} гудамж, {chance.randrange(1, 90)} байр",
        "area": chance.randrange(least, most), "storeys": 1 if kind != "орон сууц" else chance.choice((5, 9, 12)),
        "built": chance.randrange(1975, 2024), "pledged": chance.random() < 0.18, "parcel": parcels[0] if parcels and kind != "орон сууц" else None,
    }  # fmt: skip


_ENTRY = Question("property.details", "/property/{property}", "property", "A property by its number.", Shape({
    "number": PROPERTY, "kind": TEXT, "address": TEXT, "area": NUMBER, "storeys": maybe(WHOLE), "built": maybe(WHOLE), "pledged": FLAG,
    "parcel": maybe(PARCEL),
}), entry, owner_field="owner_civil_id")  # fmt: skip


def owned(world: World, person: Citizen, key: str) -> Answer:
    found = [(number, _ENTRY.answer(world, number)) for number in world.properties.get(person.civil_id, ())]
    listed = [{**{name: one[name] for name in ("number", "kind", "address", "area")}, **_title(number)} for number, one in found if one]
    return {"count": len(listed), "properties": listed}


def _title(number: str) -> Answer:
    chance = dice("title", number)
    since = date(2008, 1, 1) + timedelta(days=chance.randrange(6_500))
    return {"share": chance.choices(("1/1", "1/2", "1/3"), (80, 15, 5))[0], "since": since.isoformat()}


def parcel(world: World, holder: Citizen, number: str) -> Answer:
    chance = dice("parcel", number)
    purpose = chance.choices(PURPOSES, (62, 16, 10, 12))[0]
    right = "өмчлөх" if purpose == PURPOSES[0] else chance.choices(RIGHTS, (0, 80, 20))[0]
    return {
        "number": number, "place": f"{_place(holder)}, {chance.randrange(1, 40)}-р хэсэг",
        "area": chance.randrange(400, 700) if purpose == PURPOSES[0] else chance.randrange(300, 20_000), "purpose": purpose, "right": right,
        "until": None if right == "өмчлөх" else f"{chance.randrange(2030, 2075)}-12-31", "soum_code": number[2:6],
        "water_protection": chance.random() < 0.07, "special_protection": chance.random() < 0.02,
    }  # fmt: skip


_PARCEL = Question("parcel.details", "/land/parcels/{parcel}", "parcel", "A parcel of land by its number.", Shape({
    "number": PARCEL, "place": TEXT, "area": NUMBER, "purpose": TEXT, "right": TEXT, "until": maybe(DATE), "soum_code": SOUM_CODE,
    "water_protection": FLAG, "special_protection": FLAG,
}), parcel, owner_field="holder_civil_id")  # fmt: skip


def held(world: World, person: Citizen, key: str) -> Answer | None:
    whole = [_PARCEL.answer(world, number) for number in world.parcels.get(person.civil_id, ())]
    names = ("number", "place", "area", "purpose", "right", "until")
    return {"parcels": [{name: one[name] for name in names} for one in whole if one]} if whole else None


def connections(world: World, owner: Citizen, number: str) -> Answer | None:
    """Customers of Dundgovi's utility only: buildings in Mandalgovi."""
    if not owner.soum_code.startswith("4801") or world.occupation(owner) == MINOR:
        return None
    chance = dice("connections", number)
    clean = chance.random() < 0.55
    conditions = not clean and chance.random() < 0.2
    return {
        "clean_water": clean, "sewage": clean and chance.random() < 0.8, "heating": clean or chance.random() < 0.1,
        "contract": f"УС-{chance.randrange(10_000):05d}" if clean else None,
        "conditions_number": f"ТН-2025/{chance.randrange(500):03d}" if conditions else None,
        "conditions_until": "2027-10-31" if conditions else None, "distance": 0 if clean else chance.randrange(20, 1_500),
    }  # fmt: skip


PROPERTIES = Register("property", "Register of property rights", (
    Question("person.property", "/property/owners/{civil_id}", "civil_id", "Immovable property of a person.", Shape(
        {"count": WHOLE}, "properties", {"number": PROPERTY, "kind": TEXT, "address": TEXT, "area": NUMBER, "share": TEXT, "since": DATE},
    ), owned),
    _ENTRY,
))  # fmt: skip
CADASTRE = Register("cadastre", "Land cadastre", (
    Question("person.land", "/land/holders/{civil_id}", "civil_id", "Land that a person owns, possesses or uses.", Shape(
        {}, "parcels", {"number": PARCEL, "place": TEXT, "area": NUMBER, "purpose": TEXT, "right": TEXT, "until": maybe(DATE)},
    ), held),
    _PARCEL,
))  # fmt: skip
WATER = Register("water", "Customers of the water utility of Dundgovi", (
    Question("property.connections", "/customers/{property}/connections", "property", "To which networks a property is connected.", Shape({
        "clean_water": FLAG, "sewage": FLAG, "heating": FLAG, "contract": maybe(TEXT), "conditions_number": maybe(TEXT),
        "conditions_until": maybe(DATE), "distance": WHOLE,
    }), connections, owner_field="owner_civil_id"),
))  # fmt: skip
