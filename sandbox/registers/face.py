"""The registers' REST face: ``/<code>/…``, each with its own token and its own description."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from sandbox.faults import Faults
from sandbox.openapi import document, reading
from sandbox.registers.answers import Answer, Question, Register
from sandbox.registers.corrections import Corrections
from sandbox.registers.directory import REGISTERS
from sandbox.registers.world import World
from sandbox.settings import SandboxSettings
from sandbox.wire import Receive, Scope, Send, answer, not_found, refused, suffered

OPENAPI = "/openapi.json"


@dataclass(frozen=True)
class _Door:
    """A register, ready to be asked."""

    register: Register
    authorization: bytes
    ways: tuple[tuple[re.Pattern[str], Question], ...]


class Face:
    """Answers what begins with the code of a register."""

    def __init__(self, world: World, corrections: Corrections, *, settings: SandboxSettings, faults: Faults) -> None:
        self._world, self._corrections, self._faults = world, corrections, faults
        self._doors = {
            code: _Door(register, b"Bearer " + settings.token(code).encode(), tuple((_pattern(q.path), q) for q in register.questions))
            for code, register in REGISTERS.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer, if the address is a register's; whether it is."""
        code, _, rest = scope["path"].removeprefix("/").partition("/")
        door = self._doors.get(code)
        if door is None:
            return False
        if f"/{rest}" == OPENAPI:
            await answer(send, 200, json.dumps(description(door.register, _base(scope)), ensure_ascii=False).encode())
        elif not await refused(scope, send, door.authorization):
            await self._ask(door, f"/{rest}", receive, send)
        return True

    async def _ask(self, door: _Door, path: str, receive: Receive, send: Send) -> None:
        question, key = next(((q, match[1]) for pattern, q in door.ways if (match := pattern.fullmatch(path))), (None, ""))
        fault = self._faults.fault_of(door.register.code, *self._identifiers(key))
        if await suffered(fault, self._faults.slow_seconds, receive, send):
            return
        found = self._corrections.answer(question.meaning, key) if question else None
        if found is None or question is None:
            return await not_found(send)
        if fault == "other_person":
            found = self._other(question, key) or found
        await answer(send, 200, json.dumps(found, ensure_ascii=False).encode())

    def _identifiers(self, key: str) -> tuple[str, ...]:
        """By which ``only`` may name the person whom a question concerns."""
        person = self._world.person(key) or self._world.owner(key)
        return (key, person.civil_id, person.regnum, person.phone or "") if person else (key,)

    def _other(self, question: Question, key: str) -> Answer | None:
        """What the register says of somebody or something else."""
        people = self._world.society.people
        others = [person.civil_id for person in people] if question.variable == "civil_id" else list(self._world.owners)
        return next((found for other in others if other != key and (found := question.answer(self._world, other))), None)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "([^/]+)", re.escape(path)))


def _base(scope: Scope) -> str:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"localhost").decode("latin-1")
    return f"{scope.get('scheme', 'http')}://{host}"


def description(register: Register, base_url: str) -> dict[str, Any]:
    """The OpenAPI document of a register."""
    names = {
        question.meaning: "".join(part.capitalize() for part in re.split(r"[._]", question.meaning)) for question in register.questions
    }
    paths = {
        q.path: reading(names[q.meaning][0].lower() + names[q.meaning][1:], q.summary, q.variable, names[q.meaning])
        for q in register.questions
    }
    schemas = {names[q.meaning]: q.whole_shape.schema() for q in register.questions}
    return document(register.title, f"{base_url}/{register.code}", paths, schemas)
