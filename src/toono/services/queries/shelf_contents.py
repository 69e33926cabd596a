"""What stands in the loaded catalogue beside services: the cast, life events, burdens, and what the state asks twice."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import TextField
from django.db.models.functions import Cast

from toono.kernel.clock import local, now
from toono.services.adapters import organisations
from toono.services.contracts import AskedAgain, Burden, Difference, LifeEvent
from toono.services.domain.definition import Definition
from toono.services.domain.difference import difference as _difference
from toono.services.domain.lint.once_only import exempted
from toono.services.domain.personas import Personas
from toono.services.errors import CatalogueError, LifeEventUnknown
from toono.services.models import CatalogueContent, ServiceVersion
from toono.services.queries import definitions


def cast() -> Personas:
    """For whom services are tried.

    :raises CatalogueError: no catalogue is loaded.
    """
    row = CatalogueContent.objects.filter(kind="personas").first()
    if row is None:
        raise CatalogueError("no catalogue is loaded; run `toono up` once")
    return Personas.model_validate(row.content)


def life_events() -> tuple[LifeEvent, ...]:
    """All, in the order of their codes."""
    return tuple(LifeEvent.model_validate(row.content) for row in CatalogueContent.objects.filter(kind="life_event").order_by("code"))


def life_event(code: str) -> LifeEvent:
    """One of them.

    :raises LifeEventUnknown:
    """
    row = CatalogueContent.objects.filter(kind="life_event", code=code).first()
    if row is None:
        raise LifeEventUnknown(f"no life event {code}")
    return LifeEvent.model_validate(row.content)


def burden(code: str) -> tuple[Burden, ...]:
    """What the newest version costs each of the cast; empty where it was stored before burdens were.

    :raises ServiceUnknown:
    """
    _, row = definitions.newest(code)
    return tuple(Burden.model_validate(one) for one in row.burden.get("personas", ()))


def difference(code: str, old: int, new: int) -> Difference:
    """Between two published versions.

    :raises ServiceUnknown:
    """
    return _difference(definitions.definition(code, old), definitions.definition(code, new), definitions.meanings(), cast())


def asked_again() -> tuple[AskedAgain, ...]:
    """Every question of a service offered now that asks what a register knows, by a law that is still in force; the soonest end first."""
    written = ServiceVersion.objects.annotate(text=Cast("content", TextField())).filter(text__contains='"asks_again": {')
    offered = set(definitions.offered())
    versions = [one for one in written.values_list("code", "version") if one in offered]
    found = [one for code, number in versions for one in exempted_in(definitions.definition(code, number))]
    return tuple(sorted(found, key=lambda one: (one.until, one.service)))


def exempted_in(definition: Definition) -> Iterator[AskedAgain]:
    """The same of one definition, in the order of its questions."""
    today, meanings = local(now()).date(), definitions.meanings()
    for question in (part for one in definition.questions for part in (one, *one.questions)):
        holder = meanings.holder(question.meaning)
        if question.asks_again is None or holder is None or not exempted(question, today):
            continue
        why = question.asks_again
        yield AskedAgain(
            service=definition.code, service_name=definition.name, organisation_name=organisations.name(definition.organisation),
            question=question.label, known_as=holder.title, source=holder.source, law=why.law, article=why.article, until=why.until,
        )  # fmt: skip
