"""All registers by their codes, and every question by the meaning that reads it."""

from __future__ import annotations

from sandbox.population.persons import address_answer, person_answer
from sandbox.registers import business, civil, estate, insurance, money, records, road
from sandbox.registers.answers import Answer, Question, Register
from sandbox.registers.world import World

REGISTERS: dict[str, Register] = {
    register.code: register
    for register in (
        civil.CIVIL, insurance.SOCIAL, insurance.HEALTH, insurance.VACCINATION, money.TAX, road.VEHICLES, road.DRIVERS, estate.PROPERTIES,
        estate.CADASTRE, business.ENTITIES, records.EDUCATION, records.ARCHIVES, business.LIVESTOCK, business.PERMITS, money.DEBTS, money.CREDIT,
        estate.WATER,
    )
}  # fmt: skip
QUESTIONS: dict[str, Question] = {question.meaning: question for register in REGISTERS.values() for question in register.questions}
IDENTITY, ADDRESS = "person.identity", "person.registered_address"
MEANINGS = (IDENTITY, ADDRESS, *QUESTIONS)


def answer(world: World, meaning: str, key: str) -> Answer | None:
    """What the register of a meaning holds under a key."""
    if meaning in QUESTIONS:
        return QUESTIONS[meaning].answer(world, key)
    person = world.person(key)
    if person is None:
        return None
    return person_answer(person) if meaning == IDENTITY else address_answer(person)
