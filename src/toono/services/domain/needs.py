"""What the catalogue needs from the exchange: which register is read for which purpose, and exactly which fields of its answer.

An agreement of the portal that says more than this says too much. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from toono.services.contracts import Applicant, ExchangeNeed, LegalBasis, QuestionKind, ReadingPurpose, Text
from toono.services.domain.definition import Definition, Meaning, Meanings, MeaningSubject
from toono.services.domain.representation import ENTITIES, FAMILY, PARTICULARS

IDENTITY = "person.identity"
IDENTIFICATION = "identification"
"""Purpose for which a person whom an applicant names is confirmed, where the definition reads no names itself."""
VARIABLES = {
    MeaningSubject.PERSON: "civil_id",
    MeaningSubject.LEGAL_ENTITY: "entity",
    MeaningSubject.VEHICLE: "plate",
    MeaningSubject.PROPERTY: "property",
    MeaningSubject.PARCEL: "parcel",
}
"""Name under which an answer repeats what it is about."""
_GENERAL = Text(mn="Хүний хувийн мэдээлэл хамгаалах тухай хууль, 6 дугаар зүйл", en="Law on Protection of Personal Data, article 6")
"""Where the law of a service names no article: by this one a state organisation reads what it needs for its duty."""


def needs(definitions: Iterable[Definition], meanings: Meanings) -> tuple[ExchangeNeed, ...]:
    """One need for each meaning that any definition reads, in the order of the meanings."""
    purposes: dict[str, dict[str, ReadingPurpose]] = {}
    for definition in definitions:
        for meaning, purpose in _readings(definition):
            purposes.setdefault(meaning, {}).setdefault(purpose, _purpose(purpose, definition))
    return tuple(
        ExchangeNeed(
            service=meaning.service, fields=_fields(meaning), consent=meaning.consent, purposes=tuple(purposes[meaning.code].values())
        )
        for meaning in meanings.meanings
        if meaning.code in purposes
    )


def purpose_for(definition: Definition, meaning: str) -> str:
    """The purpose for which a definition reads a meaning: that of its fact, else that of its first fact, else its own code."""
    named = {use.meaning: use.purpose for use in reversed(definition.facts)}
    return named.get(meaning) or next((use.purpose for use in definition.facts), definition.code)


def _readings(definition: Definition) -> Iterator[tuple[str, str]]:
    """Meaning and purpose of everything that the definition, and the platform for it, reads."""
    for use in definition.facts:
        yield use.meaning, use.purpose
    beside = {Applicant.CHILD: FAMILY, Applicant.LEGAL_ENTITY: ENTITIES, Applicant.FOREIGNER: PARTICULARS}
    for applicant in definition.applicants:
        if applicant in beside:
            yield beside[applicant], purpose_for(definition, beside[applicant])
    asked = (*definition.questions, *(q for action in definition.workflow.actions for q in action.asks))
    if any(question.kind is QuestionKind.PERSON for question in asked):
        yield IDENTITY, next((use.purpose for use in definition.facts if use.meaning == IDENTITY), IDENTIFICATION)


def _purpose(code: str, definition: Definition) -> ReadingPurpose:
    name = definition.name
    return ReadingPurpose(
        code=code,
        title=Text(mn=f"«{name.mn}» үйлчилгээг үзүүлэх", en=f"To provide the service “{name.en}”"),
        basis=_basis(definition.legal_basis),
    )


def _basis(laws: Iterable[LegalBasis]) -> Text:
    """The first law that names an article by number; a purpose needs one that a person can look up."""
    for law in laws:
        if re.search(r"\d", law.article.mn):
            article = f"{law.article.mn}-р зүйл" if re.fullmatch(r"[\d.]+", law.article.mn) else law.article.mn
            return Text(mn=f"{law.law.mn}, {article}", en=f"{law.law.en}, article {law.article.en}")
    return _GENERAL


def _fields(meaning: Meaning) -> tuple[str, ...]:
    """JSON pointers: what the answer is about, the declared fields, and those of each item."""
    found = [f"/{VARIABLES[meaning.subject]}", *(field.pointer for field in meaning.fields)]
    if meaning.aimag_pointer:
        found.append(meaning.aimag_pointer)
    if meaning.items is not None:
        found += [f"{meaning.items.pointer}/*{field.pointer}" for field in meaning.items.fields]
    return tuple(dict.fromkeys(found))
