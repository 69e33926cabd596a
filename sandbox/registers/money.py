"""Taxes, debts by court decisions, loans."""

from __future__ import annotations

from datetime import date, timedelta

from sandbox.dice import dice
from sandbox.population.persons import Citizen
from sandbox.registers.answers import Answer, Question, Register
from sandbox.registers.shapes import DATE, FLAG, MONEY, TEXT, WHOLE, Shape, maybe
from sandbox.registers.world import EMPLOYEE, FOREIGN, MINOR, OFFICIAL, PENSIONER, TRADER, World

LENDERS = ("Хасар банк ХК", "Говь банк ХК", "Их Тал ББСБ ХХК")
LOANS = (
    ("хэрэглээний зээл", 8, 3),
    ("цалингийн зээл", 12, 4),
    ("ипотекийн зээл", 90, 20),
    ("малчны зээл", 10, 2),
    ("бизнесийн зээл", 60, 5),
)
"""Kind, about how many million tugrug, for how many years."""
WORST = ((0, "хэвийн"), (1, "анхаарал хандуулах"), (91, "хэвийн бус"), (181, "эргэлзээтэй"), (361, "муу"))
"""From so many days overdue on."""


def person_tax(world: World, person: Citizen, key: str) -> Answer | None:
    occupation, chance = world.occupation(person), dice("tax", person.civil_id)
    if occupation == MINOR:
        return None
    reports = occupation in (EMPLOYEE, OFFICIAL, TRADER, FOREIGN)
    debt = 1_000 * chance.randrange(12, 900) if chance.random() < (0.14 if occupation == TRADER else 0.04) else 0
    return {"debt": debt, "last_return": 2025 if reports and chance.random() < 0.85 else 2024 if reports else None}


def entity_tax(world: World, director: Citizen, key: str) -> Answer:
    chance = dice("entity tax", key)
    debt = 10_000 * chance.randrange(5, 4_000) if chance.random() < 0.15 else 0
    return {"debt": debt, "last_return": chance.choices((2025, 2024), (85, 15))[0], "vat": chance.random() < 0.4}


def court_debts(world: World, person: Citizen, key: str) -> Answer | None:
    if world.occupation(person) == MINOR:
        return None
    chance = dice("court debts", person.civil_id)
    debts = [
        {
            "number": f"{chance.randrange(100, 4_000)}/ШШ2025/{chance.randrange(10_000):05d}", "court": f"{person.aimag} дахь анхан шатны шүүх",
            "decided_on": (date(2023, 1, 1) + timedelta(days=chance.randrange(1_100))).isoformat(), "amount": 1_000 * chance.randrange(200, 25_000),
        }
        for _ in range(chance.choices((0, 1, 2), (95, 4, 1))[0])
    ]  # fmt: skip
    return {"total": sum(debt["amount"] for debt in debts), "debts": debts}


def credit(world: World, person: Citizen, key: str) -> Answer | None:
    occupation, chance = world.occupation(person), dice("credit", person.civil_id)
    if occupation == MINOR:
        return None
    loans = [
        _loan(person, n) for n in range(chance.choices((0, 1, 2, 3), (40, 35, 18, 7) if occupation != PENSIONER else (55, 40, 4, 1))[0])
    ]
    late = max((loan["overdue_days"] for loan in loans), default=0)
    return {
        "active_loans": len(loans), "balance_total": sum(loan["balance"] for loan in loans),
        "worst": next(name for days, name in reversed(WORST) if late >= days), "loans": loans,
    }  # fmt: skip


def _loan(person: Citizen, nth: int) -> Answer:
    chance = dice("loan", person.civil_id, str(nth))
    kind, millions, years = chance.choice(LOANS)
    amount = 100_000 * chance.randrange(millions * 5, millions * 15)
    since = date(2026, 2, 1) - timedelta(days=chance.randrange(30, 365 * min(years, 4)))
    late = chance.choices((0, 20, 120, 400), (88, 8, 3, 1))[0]
    return {
        "number": f"L{person.civil_id[-6:]}{nth + 1}", "lender": chance.choice(LENDERS), "kind": kind, "amount": amount,
        "balance": round(amount * chance.uniform(0.2, 0.95), -3), "since": since.isoformat(),
        "until": since.replace(year=since.year + years, day=min(since.day, 28)).isoformat(), "overdue_days": late,
    }  # fmt: skip


TAX = Register("tax", "Tax register", (
    Question("person.tax", "/tax/{civil_id}/debts", "civil_id", "Tax owed by a person.", Shape({"debt": MONEY, "last_return": maybe(WHOLE)}), person_tax),
    Question("entity.tax", "/tax/entities/{entity}/debts", "entity", "Tax owed by a legal entity.", Shape(
        {"debt": MONEY, "last_return": maybe(WHOLE), "vat": FLAG},
    ), entity_tax),
))  # fmt: skip
DEBTS = Register("debts", "Register of enforcement of decisions", (
    Question("person.court_debts", "/debts/{civil_id}", "civil_id", "What a person has to pay by decisions of courts.", Shape(
        {"total": MONEY}, "debts", {"number": TEXT, "court": TEXT, "decided_on": DATE, "amount": MONEY},
    ), court_debts),
))  # fmt: skip
CREDIT = Register("credit", "Credit information database", (
    Question("person.credit", "/credit/{civil_id}/loans", "civil_id", "Loans that a person has.", Shape(
        {"active_loans": WHOLE, "balance_total": MONEY, "worst": TEXT}, "loans",
        {"number": TEXT, "lender": TEXT, "kind": TEXT, "amount": MONEY, "balance": MONEY, "since": DATE, "until": DATE, "overdue_days": WHOLE},
    ), credit),
))  # fmt: skip
