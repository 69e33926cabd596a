"""Legal entities, permits, livestock."""

from __future__ import annotations

from datetime import date, timedelta

from sandbox.dice import dice
from sandbox.population.persons import Citizen
from sandbox.registers.answers import Answer, Question, Register
from sandbox.registers.shapes import DATE, ENTITY, FLAG, SOUM_CODE, TEXT, WHOLE, Shape, maybe
from sandbox.registers.world import HERDER, PENSIONER, TRADER, World

NAMES = ("Говийн Илч", "Мөнх Зам", "Тал Нутаг", "Хангайн Салхи", "Алтан Нум", "Шинэ Өрх", "Цагаан Уул", "Наран Зам", "Их Элс", "Онги Трейд")
ACTIVITIES = (
    "хүнсний худалдаа",
    "барилга угсралт",
    "тээвэр",
    "мал аж ахуй",
    "мэдээллийн технологи",
    "нийтийн хоол",
    "уул уурхайн үйлчилгээ",
)
FORMS = (("ХХК", "хязгаарлагдмал хариуцлагатай компани", 90), ("НӨХӨРЛӨЛ", "нөхөрлөл", 6), ("ХОРШОО", "хоршоо", 4))
PERSON_PERMITS = (
    ("water_use", "Ус ашиглах зөвшөөрөл"), ("hunting", "Ан агнах эрхийн бичиг"), ("plants", "Ургамал түүж бэлтгэх зөвшөөрөл"),
)  # fmt: skip
ENTITY_PERMITS = (
    ("water_use", "Ус ашиглах зөвшөөрөл"), ("construction", "Барилгын ажил гүйцэтгэх зөвшөөрөл"), ("pharmacy", "Эмийн сан ажиллуулах зөвшөөрөл"),
    ("drilling", "Өрөмдлөгийн ажил эрхлэх зөвшөөрөл"), ("transport", "Тээврийн үйл ажиллагааны зөвшөөрөл"),
    ("alcohol-low-sale", "Сул агууламжтай согтууруулах ундаа худалдах зөвшөөрөл"),
)  # fmt: skip
"""Kind, as the register codes it, and title."""
ISSUERS = ("Засаг даргын Тамгын газар", "Байгаль орчны газар", "Мэргэжлийн яам")


def entity(world: World, director: Citizen, key: str) -> Answer:
    chance = dice("entity", key)
    short, form, _ = chance.choices(FORMS, [f[2] for f in FORMS])[0]
    registered = date(2005, 1, 1) + timedelta(days=chance.randrange(7_300))
    return {
        "register": key, "name": f"{chance.choice(NAMES)} {short}", "form": form, "registered_on": registered.isoformat(),
        "address": f"{director.aimag}, {director.soum}, {director.bag}", "soum_code": director.soum_code, "activity": chance.choice(ACTIVITIES),
        "director": f"{director.patronymic[0]}.{director.given_name}", "active": chance.random() < 0.92, "foreign_share": chance.random() < 0.03,
    }  # fmt: skip


_ENTITY = Question("entity.details", "/entities/{entity}", "entity", "A legal entity by its register number.", Shape({
    "register": ENTITY, "name": TEXT, "form": TEXT, "registered_on": DATE, "address": TEXT, "soum_code": SOUM_CODE, "activity": TEXT,
    "director": TEXT, "active": FLAG, "foreign_share": FLAG,
}), entity)  # fmt: skip


def represented(world: World, person: Citizen, key: str) -> Answer | None:
    whole = [_ENTITY.answer(world, number) for number in world.entities.get(person.civil_id, ())]
    listed = [{**{name: one[name] for name in ("register", "name", "form")}, "position": "гүйцэтгэх захирал"} for one in whole if one]
    return {"entities": listed} if listed else None


def person_permits(world: World, person: Citizen, key: str) -> Answer | None:
    chance = dice("permits", person.civil_id)
    share = 0.12 if world.occupation(person) in (HERDER, TRADER) else 0.02
    return {"permits": [_permit(person.civil_id, 0, PERSON_PERMITS)]} if chance.random() < share else None


def entity_permits(world: World, director: Citizen, key: str) -> Answer | None:
    count = dice("entity permits", key).choices((0, 1, 2), (45, 40, 15))[0]
    return {"permits": [_permit(key, nth, ENTITY_PERMITS) for nth in range(count)]} if count else None


def _permit(holder: str, nth: int, kinds: tuple[tuple[str, str], ...]) -> Answer:
    chance = dice("permit", holder, str(nth))
    issued = date(2021, 1, 1) + timedelta(days=chance.randrange(1_850))
    number = f"З-{chance.randrange(10**6):06d}"
    kind, title = kinds[(chance.randrange(len(kinds)) + nth) % len(kinds)]
    ends = issued.replace(year=issued.year + chance.choice((1, 3, 5)), day=min(issued.day, 28))
    return {
        "number": number, "kind": kind, "title": title,
        "issuer": chance.choice(ISSUERS), "issued_on": issued.isoformat(), "valid_until": ends.isoformat(), "active": ends > date(2026, 3, 1),
    }  # fmt: skip


def livestock(world: World, person: Citizen, key: str) -> Answer | None:
    """Counted every December, of who keeps animals."""
    if not (world.occupation(person) == HERDER or (world.occupation(person) == PENSIONER and person.street is None)):
        return None
    chance = dice("livestock", person.civil_id)
    scale = chance.lognormvariate(0, 0.8)
    years = []
    for year in (2025, 2024, 2023):
        scale *= chance.uniform(0.85, 1.15)
        counts = [round(scale * most * chance.uniform(0.8, 1.2)) for most in (4, 25, 12, 160, 140)]
        years.append({
            "year": year, "place": f"{person.aimag}, {person.soum}, {person.bag}",
            **dict(zip(("camels", "horses", "cattle", "sheep", "goats"), counts, strict=True)), "total": sum(counts),
        })  # fmt: skip
    return {"years": years}


ENTITIES = Register("legal-entities", "Register of legal entities", (
    Question("person.legal_entities", "/entities/represented/{civil_id}", "civil_id", "Legal entities that a person may act for.", Shape(
        {}, "entities", {"register": ENTITY, "name": TEXT, "position": TEXT, "form": TEXT},
    ), represented),
    _ENTITY,
))  # fmt: skip
_PERMIT = {"number": TEXT, "kind": TEXT, "title": TEXT, "issuer": TEXT, "issued_on": DATE, "valid_until": maybe(DATE), "active": FLAG}
PERMITS = Register("permits", "Register of permits", (
    Question("person.permits", "/permits/persons/{civil_id}", "civil_id", "Permits of a person.", Shape({}, "permits", _PERMIT), person_permits),
    Question("entity.permits", "/permits/entities/{entity}", "entity", "Permits of a legal entity.", Shape({}, "permits", _PERMIT), entity_permits),
))  # fmt: skip
LIVESTOCK = Register("livestock", "Livestock register", (
    Question("person.livestock", "/livestock/{civil_id}/accounts", "civil_id", "Livestock by year of counting.", Shape({}, "years", {
        "year": WHOLE, "place": TEXT, "camels": WHOLE, "horses": WHOLE, "cattle": WHOLE, "sheep": WHOLE, "goats": WHOLE, "total": WHOLE,
    }), livestock),
))  # fmt: skip
