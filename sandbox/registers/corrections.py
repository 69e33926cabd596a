"""Corrections: what tests and developers lay over the answers, so that a debt vanishes or a person dies. Kept in the process."""

from __future__ import annotations

import json
from typing import Any

from sandbox.population.persons import address_answer, person_answer
from sandbox.population.register import Register as PopulationRegister
from sandbox.registers.answers import Answer
from sandbox.registers.directory import ADDRESS, IDENTITY, MEANINGS, QUESTIONS, answer
from sandbox.registers.world import World


class CorrectionRefused(Exception):
    """The correction would give an answer that the register's description does not know. The message says why."""


class Corrections:
    """Answers as they are after what was laid over them; None in ``laid``: the register holds nothing any more."""

    def __init__(self, world: World, population: PopulationRegister) -> None:
        self._world, self._population = world, population
        self.laid: dict[tuple[str, str], Answer | None] = {}

    def answer(self, meaning: str, key: str) -> Answer | None:
        """What the register says under ``key`` now."""
        found = answer(self._world, meaning, key)
        if (meaning, key) not in self.laid:
            return found
        laid = self.laid[meaning, key]
        return None if laid is None else {**(found or {QUESTIONS[meaning].variable: key}), **laid}

    def lay(self, meaning: str, key: str, fields: Any) -> None:
        """Lay ``fields`` over the answer; None: the register holds nothing.

        :raises CorrectionRefused: no such meaning or key, an unknown field, or an answer that would lack fields.
        """
        if meaning not in MEANINGS:
            raise CorrectionRefused(f"no such meaning; there are {', '.join(MEANINGS)}")
        if fields is not None and not isinstance(fields, dict):
            raise CorrectionRefused("the body is a JSON object of fields, or null")
        if meaning in (IDENTITY, ADDRESS):
            return self._lay_over_population(meaning, key, fields)
        shape = QUESTIONS[meaning].whole_shape
        known = {*shape.fields, *([shape.list_name] if shape.list_name else [])}
        if unknown := set(fields or ()) - known:
            raise CorrectionRefused(f"no such field: {', '.join(sorted(unknown))}")
        if fields is not None and (missing := known - {*(answer(self._world, meaning, key) or {QUESTIONS[meaning].variable}), *fields}):
            raise CorrectionRefused(f"the register holds nothing there; give {', '.join(sorted(missing))} too")
        self.laid[meaning, key] = fields

    def heal(self, meaning: str, key: str) -> None:
        """Answer as at start again."""
        if self.laid.pop((meaning, key), None) is not None and meaning in (IDENTITY, ADDRESS):
            self._tell_population(key)

    def heal_all(self) -> None:
        """Take back every correction."""
        for meaning, key in list(self.laid):
            self.heal(meaning, key)

    def _lay_over_population(self, meaning: str, key: str, fields: Answer | None) -> None:
        person = self._world.person(key)
        if person is None or fields is None:
            raise CorrectionRefused("the population register knows whom it knows, and always")
        known = person_answer(person) if meaning == IDENTITY else address_answer(person)
        if unknown := set(fields) - set(known):
            raise CorrectionRefused(f"no such field: {', '.join(sorted(unknown))}")
        self.laid[meaning, key] = fields
        self._tell_population(key)

    def _tell_population(self, key: str) -> None:
        person, address = (
            json.dumps(self._after(meaning, key), ensure_ascii=False).encode() if (meaning, key) in self.laid else None
            for meaning in (IDENTITY, ADDRESS)
        )  # fmt: skip
        self._population.correct(key, person=person, address=address)

    def _after(self, meaning: str, key: str) -> Answer:
        return {**(answer(self._world, meaning, key) or {}), **(self.laid[meaning, key] or {})}
