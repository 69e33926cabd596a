"""The members of the cast as ``catalogue/personas.yaml`` has them: who they are, and what every register says of them."""

from __future__ import annotations

from typing import Any

import yaml

from sandbox.population import generate
from sandbox.population.society import Society
from sandbox.registers.directory import ADDRESS, IDENTITY, MEANINGS, QUESTIONS, answer
from sandbox.registers.world import STORY_DAY, World

ORDER = (
    "herder", "elder", "guardian", "director", "foreigner", "abroad", "two_addresses", "rare_letters", "deceased_parent", "blind", "no_phone",
    "just_moved",
)  # fmt: skip
HEAD = """# The twelve personas for whom every service is tried, and what the sandbox's registers answer about them on 1 March 2026.
# Written by `python -m sandbox.registers personas` from sandbox/data/{cast.csv,relatives.csv,lives.yaml}; a test compares.
# `answers`: meaning → the register's answer about the person; `meaning/key` → about a child, another relative, a vehicle, a property,
# a parcel or a legal entity. null: the register holds nothing (404).

"""
PERSONAL = tuple(meaning for meaning in MEANINGS if meaning in (IDENTITY, ADDRESS) or QUESTIONS[meaning].variable == "civil_id")


def world() -> World:
    """The people on the day of the story."""
    return World(Society(generate.citizens()), today=lambda: STORY_DAY)


def personas(everything: World) -> dict[str, Any]:
    """The whole file as data."""
    found = {life["persona"]: (key, life) for key, life in everything.lives.items() if "persona" in life}
    return {"personas": [_persona(everything, code, *found[code]) for code in ORDER]}


def _persona(everything: World, code: str, key: str, life: dict[str, Any]) -> dict[str, Any]:
    person = next(p for p in everything.society.people if p.cast_key == key)
    relatives = [civil_id for civil_id, _ in everything.society.family(person.civil_id).members]
    answers: dict[str, Any] = {meaning: answer(everything, meaning, person.civil_id) for meaning in PERSONAL}
    for owner in (person.civil_id, *relatives):
        answers |= _things(everything, owner)
    for relative in relatives:
        answers |= {f"{meaning}/{relative}": answer(everything, meaning, relative) for meaning in PERSONAL}
    return {
        "code": code, "title": life["title"], "story": life["story"], "civil_id": person.civil_id, "regnum": person.regnum,
        "cast": key, "answers": answers,
    }  # fmt: skip


def _things(everything: World, owner: str) -> dict[str, Any]:
    owned = {"plate": everything.vehicles, "property": everything.properties, "parcel": everything.parcels, "entity": everything.entities}
    return {
        f"{question.meaning}/{key}": question.answer(everything, key)
        for question in QUESTIONS.values()
        if question.variable in owned
        for key in owned[question.variable].get(owner, ())
    }


class _Dumper(yaml.SafeDumper):
    """Writes what stands twice twice: no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def text() -> str:
    """The file as it is written."""
    return HEAD + yaml.dump(personas(world()), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=200, default_flow_style=None)
