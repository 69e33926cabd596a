"""For whom a person may apply, by what the registers say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toono.services.contracts import Applicant, ApplicantChoice, Text

FAMILY, ENTITIES, PARTICULARS = "person.family", "person.legal_entities", "person.particulars"
CHILD_RELATIONS = frozenset(
    {"хүү", "охин", "хүүхэд", "үрчилсэн хүү", "үрчилсэн охин", "дагавар хүү", "дагавар охин", "асран хамгаалуулагч"}
)
"""As the population register writes the relation of a child to its parent or guardian."""
OWN_CITIZENSHIP = "MNG"
"""As the population register writes Mongolia's (ISO 3166-1 alpha-3)."""

Item = Mapping[str, Any]


def children(members: Iterable[Item]) -> list[ApplicantChoice]:
    """The living minors among a person's family for whom they answer."""
    found = [m for m in members if str(m.get("relation", "")).casefold() in CHILD_RELATIONS and m.get("minor") and m.get("alive")]
    return [
        ApplicantChoice(kind=Applicant.CHILD, subject=str(m["civil_id"]), name=str(m["given_name"]), detail=_born(str(m["birth_date"])))
        for m in found
    ]


def _born(day: str) -> Text:
    dotted = day.replace("-", ".")
    return Text(mn=f"{dotted} төрсөн", en=f"born {dotted}")


def entities(represented: Iterable[Item]) -> list[ApplicantChoice]:
    """The legal entities for which a person may act."""
    return [
        ApplicantChoice(
            kind=Applicant.LEGAL_ENTITY, subject=str(e["register"]), name=str(e["name"]),
            detail=Text(mn=str(e["position"]), en=str(e["position"])),
        )
        for e in represented
    ]  # fmt: skip


def chosen(choices: Iterable[ApplicantChoice], subject: str) -> ApplicantChoice | None:
    """The choice that names ``subject``; the person where it is empty."""
    return next((choice for choice in choices if choice.subject == subject), None)
