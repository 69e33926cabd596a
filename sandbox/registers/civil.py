"""Civil registration: births, deaths, families, identity cards, former addresses."""

from __future__ import annotations

from datetime import date, timedelta

from sandbox.dice import dice
from sandbox.population.generate import address_text, places
from sandbox.population.persons import Citizen
from sandbox.registers.answers import Answer, Question, Register
from sandbox.registers.shapes import CITIZENSHIP, CIVIL_ID, DATE, FLAG, REGNUM, TEXT, WHOLE, Shape, maybe
from sandbox.registers.world import FOREIGN, MINOR, World

SEXES = {"male": "эрэгтэй", "female": "эмэгтэй"}
CARD_YEARS = 10
ISSUER = "Улсын бүртгэлийн ерөнхий газар"


def particulars(world: World, person: Citizen, key: str) -> Answer:
    died_on = world.society.died_on.get(person.civil_id)
    return {
        "birth_date": person.birth_date, "age": world.age(person), "sex": SEXES[person.sex],
        "citizenship": person.citizenship, "alive": died_on is None,
        "died_on": died_on.isoformat() if died_on else None, "abroad": world.society.abroad(person),
    }  # fmt: skip


def id_card(world: World, person: Citizen, key: str) -> Answer | None:
    if world.occupation(person) in (FOREIGN, MINOR):
        return None
    chance = dice("id card", person.civil_id)
    issued = max(date(2018, 1, 1), date(int(person.birth_date[:4]) + 16, 6, 1)) + timedelta(days=chance.randrange(2500))
    return {
        "number": f"99{chance.randrange(10**8):08d}", "issued_on": issued.isoformat(),
        "valid_until": issued.replace(year=issued.year + CARD_YEARS, day=min(issued.day, 28)).isoformat(), "issuer": ISSUER,
    }  # fmt: skip


def family(world: World, person: Citizen, key: str) -> Answer | None:
    if world.occupation(person) == FOREIGN:
        return None
    found = world.society.family(person.civil_id)
    return {"marital": found.marital, "members": [_member(world, civil_id, relation) for civil_id, relation in found.members]}


def _member(world: World, civil_id: str, relation: str) -> Answer:
    member = world.society.by_civil_id[civil_id]
    return {
        "civil_id": civil_id, "regnum": member.regnum, "relation": relation, "given_name": member.given_name,
        "birth_date": member.birth_date, "minor": world.age(member) < 18, "alive": civil_id not in world.society.died_on,
    }  # fmt: skip


def former_addresses(world: World, person: Citizen, key: str) -> Answer | None:
    chance = dice("former addresses", person.civil_id)
    count = 0 if world.occupation(person) == MINOR else chance.choices((0, 1, 2), (55, 35, 10))[0]
    addresses, until = [], date.fromisoformat(person.registered_on)
    for _ in range(count):
        since = until - timedelta(days=chance.randrange(400, 4000))
        place = chance.choice(places())
        text = address_text(place, "Төв", str(chance.randrange(1, 60)), None)
        addresses.append({"text": text, "registered_on": since.isoformat(), "until": until.isoformat(), "kind": "өмнөх"})
        until = since
    return {"addresses": addresses} if addresses else None


CIVIL = Register("civil", "Civil registration", (
    Question("person.particulars", "/persons/{civil_id}/particulars", "civil_id", "Birth, sex, citizenship, whether alive.", Shape({
        "birth_date": DATE, "age": WHOLE, "sex": {"enum": list(SEXES.values())}, "citizenship": CITIZENSHIP, "alive": FLAG,
        "died_on": maybe(DATE), "abroad": FLAG,
    }), particulars),
    Question("person.id_card", "/persons/{civil_id}/id-card", "civil_id", "The identity card in force.", Shape({
        "number": TEXT, "issued_on": DATE, "valid_until": DATE, "issuer": TEXT,
    }), id_card),
    Question("person.family", "/persons/{civil_id}/family", "civil_id", "Marital status, spouse, children, parents.", Shape(
        {"marital": TEXT}, "members",
        {"civil_id": CIVIL_ID, "regnum": REGNUM, "relation": TEXT, "given_name": TEXT, "birth_date": DATE, "minor": FLAG, "alive": FLAG},
    ), family),
    Question("person.former_addresses", "/persons/{civil_id}/former-addresses", "civil_id", "Earlier and temporary addresses.", Shape(
        {}, "addresses", {"text": TEXT, "registered_on": DATE, "until": maybe(DATE), "kind": TEXT},
    ), former_addresses),
))  # fmt: skip
