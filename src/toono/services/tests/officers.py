"""Officers whom a test appoints, and a service that asks more of a desk than the simplest."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from toono.kernel.actor import Actor, Role
from toono.services.tests.published import GARDEN, definition, publish, sent

ENVIRONMENT, HEALTH = "dundgovi-environment", "dundgovi-health"
LAW = {"law": {"mn": "Зөвшөөрлийн тухай хууль", "en": "Law on Permits"}, "article": "5.2"}


def appointed(administrator: Actor, regnum: str, organisation: str) -> Actor:
    """A person of the register, appointed an officer and at the desk."""
    import toono.identity.api as identity
    from toono.kernel.actor import system
    from toono.services import api

    identity.appoint(actor=administrator, regnum=regnum, role=Role.OFFICER, organisation=organisation)
    person = identity.register_person(actor=system("tests"), regnum=regnum)
    officer = Actor(role=Role.OFFICER, person_id=person.id, organisation=organisation)
    api.open_desk(actor=officer)
    return officer


def _words(words: str) -> dict[str, str]:
    return {"mn": words, "en": "Trial"}


def service(function: str | None = None, **changes: Any) -> str:
    """A permit that reads no register, whose granting asks for an amount and a second officer, with the opinion of the health office; gives its code."""
    amount = {
        "code": "permitted", "meaning": "trial.permitted", "kind": "number", "label": _words("Зөвшөөрсөн"), "minimum": 1, "maximum": 90,
    }  # fmt: skip
    verdict = {"code": "harmless", "meaning": "trial.harmless", "kind": "yes_no", "label": _words("Хоргүй")}
    opinion = {"organisation": HEALTH, "asks": _words("Хортой юу?"), "working_hours": 16}
    states = [
        {"name": "draft", "kind": "draft", "label": _words("Илгээгээгүй")},
        {"name": "review", "kind": "review", "label": _words("Хянаж байна")} | ({"function": function} if function else {}),
        {"name": "asked", "kind": "opinion", "label": _words("Дүгнэлт"), "opinion": opinion},
        {"name": "granted", "kind": "granted", "label": _words("Олгосон")},
        {"name": "refused", "kind": "refused", "label": _words("Татгалзсан")},
    ]
    actions = [
        {"code": "submit", "by": "citizen", "from": ["draft"], "to": "review", "label": _words("Илгээх")},
        {"code": "ask", "by": "officer", "from": ["review"], "to": "asked", "label": _words("Асуух")},
        {"code": "answer", "by": "expert", "from": ["asked"], "to": "review", "label": _words("Хариулах"), "asks": [verdict]},
        {"code": "proceed", "by": "officer", "from": ["asked"], "to": "review", "label": _words("Хүлээхгүй"), "needs_reason": True},
        {
            "code": "grant",
            "by": "officer",
            "from": ["review"],
            "to": "granted",
            "label": _words("Олгох"),
            "asks": [amount],
            "confirm": True,
        },
        {"code": "refuse", "by": "officer", "from": ["review"], "to": "refused", "label": _words("Татгалзах")},
    ]
    term = {"working_hours": 40, "starts": "submission", "extension": {"working_hours": 24, **LAW}}
    parts = {
        "facts": [], "document": {"title": _words("Зөвшөөрөл"), "rows": [{"question": "note"}]},
        "workflow": {"states": states, "actions": actions}, "term": term,
    }  # fmt: skip
    return publish(definition(**(parts | changes)))


def arrived(citizen: Actor, code: str) -> UUID:
    """A case of the service, sent."""
    case_id: UUID = sent(citizen, code, GARDEN).id
    return case_id
