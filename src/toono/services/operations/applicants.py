"""For whom a person may order a service: themselves, a child, a legal entity – as the registers name them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from toono.identity import api as identity
from toono.identity.contracts import Person
from toono.kernel.actor import Actor
from toono.services.adapters import representation as registers
from toono.services.contracts import Applicant, ApplicantChoice, Applicants, Text
from toono.services.domain import representation
from toono.services.domain.definition import Definition
from toono.services.domain.needs import purpose_for
from toono.services.domain.representation import ENTITIES, FAMILY, OWN_CITIZENSHIP, PARTICULARS
from toono.services.errors import ApplicantNotChosen, CatalogueError, NotForThisPerson, RegisterSilent
from toono.services.queries import definitions
from toono.services.queries.access import citizen

_THEMSELVES = frozenset({Applicant.CITIZEN, Applicant.FOREIGNER})
_OTHERS: tuple[tuple[Applicant, str, Callable[[Iterable[representation.Item]], list[ApplicantChoice]]], ...] = (
    (Applicant.CHILD, FAMILY, representation.children),
    (Applicant.LEGAL_ENTITY, ENTITIES, representation.entities),
)


@dataclass(frozen=True)
class Representation:
    """For whom a case is, as it is kept on it."""

    kind: Applicant
    subject: str = ""
    name: str = ""
    basis: str = ""


def applicants(*, actor: Actor, service: str) -> Applicants:
    """For whom the person may order the service."""
    definition, _ = definitions.newest(service)
    return _possible(definition, identity.person(actor=actor, person_id=citizen(actor)))


def _possible(definition: Definition, person: Person) -> Applicants:
    choices: list[ApplicantChoice] = []
    silent: list[Text] = []
    try:
        choices += _oneself(definition, person)
    except RegisterSilent:
        silent.append(_source(PARTICULARS))
    for kind, meaning, read in _OTHERS:
        if kind not in definition.applicants:
            continue
        try:
            choices += read(_told(definition, person, meaning).content.items)
        except RegisterSilent:
            silent.append(_source(meaning))
    return Applicants(
        service=definition.code, service_name=definition.name, audience=definition.audience, accepted=definition.applicants,
        choices=tuple(choices), silent=tuple(silent),
    )  # fmt: skip


def needs_choice(definition: Definition) -> bool:
    """Whether the person has to say for whom: a service for oneself alone asks nothing."""
    return not set(definition.applicants) <= _THEMSELVES


def representation_of(definition: Definition, person: Person, subject: str | None) -> Representation:
    """The proof, from the registers and now, that the person may apply for ``subject`` (empty: themselves). Who did not say (None), and
    for whom there is nobody but themselves, is not asked.

    :raises ApplicantNotChosen:
    :raises NotForThisPerson: the service is not for them, or no register names them so.
    :raises RegisterSilent: it cannot be said now.
    """
    if subject is None and needs_choice(definition):
        possible = _possible(definition, person)
        if [choice.subject for choice in possible.choices] != [""] or possible.silent:
            raise ApplicantNotChosen(f"{definition.code} may be ordered for several")
    if not subject:
        found = _oneself(definition, person)
        if not found:
            raise NotForThisPerson(f"{definition.code} is not for the person themselves")
        return Representation(found[0].kind)
    for kind, meaning, read in _OTHERS:
        if kind not in definition.applicants:
            continue
        told = _told(definition, person, meaning)
        choice = representation.chosen(read(told.content.items), subject)
        if choice is not None:
            return Representation(kind, choice.subject, choice.name, _basis(choice, told.message_id))
    raise NotForThisPerson(f"no register names {subject[:20]!r} as one for whom this person may order {definition.code}")


def _basis(choice: ApplicantChoice, message_id: str) -> str:
    """What the register said of the relation, and the message in which it did."""
    return f"{choice.detail.mn if choice.detail else ''}; {message_id}"[:200]


def _oneself(definition: Definition, person: Person) -> list[ApplicantChoice]:
    """The person as citizen or foreigner. Which of the two a person is, is asked of the register only by a service that tells them apart."""
    accepted = _THEMSELVES & set(definition.applicants)
    if not accepted:
        return []
    kind = Applicant.CITIZEN
    if Applicant.FOREIGNER in accepted:
        citizenship = _told(definition, person, PARTICULARS).content.fields.get("citizenship", OWN_CITIZENSHIP)
        kind = Applicant.CITIZEN if citizenship == OWN_CITIZENSHIP else Applicant.FOREIGNER
    name = f"{person.patronymic[:1]}.{person.given_name}" if person.patronymic else person.given_name
    return [ApplicantChoice(kind=kind, subject="", name=name, detail=None)] if kind in accepted else []


def _told(definition: Definition, person: Person, code: str) -> registers.Told:
    meaning = definitions.meanings().find(code)
    if meaning is None:
        raise CatalogueError(f"{definition.code}: no register gives {code} any more")
    return registers.read(meaning=meaning, person=person, purpose=purpose_for(definition, code))


def _source(code: str) -> Text:
    meaning = definitions.meanings().find(code)
    return meaning.source if meaning else Text(mn=code, en=code)
