"""Published definitions as objects. They never change, so a process reads each once."""

from __future__ import annotations

from functools import lru_cache

from django.db.models import Max

from toono.services.domain.definition import Definition, Meanings
from toono.services.errors import CatalogueError, ServiceUnknown
from toono.services.models import MeaningsVersion, ServiceVersion


@lru_cache(maxsize=4096)
def version(code: str, number: int) -> tuple[Definition, ServiceVersion]:
    """A version, and its row.

    :raises ServiceUnknown:
    """
    try:
        row = ServiceVersion.objects.get(code=code, version=number)
    except ServiceVersion.DoesNotExist:
        raise ServiceUnknown(f"no service {code} version {number}") from None
    return Definition.model_validate(row.content["definition"]), row


def definition(code: str, number: int) -> Definition:
    """The definition to which a case is pinned."""
    return version(code, number)[0]


def newest(code: str) -> tuple[Definition, ServiceVersion]:
    """The version that is offered now.

    :raises ServiceUnknown:
    """
    number = ServiceVersion.objects.filter(code=code).aggregate(newest=Max("version"))["newest"]
    if number is None:
        raise ServiceUnknown(f"no service {code}")
    return version(code, number)


def offered() -> tuple[tuple[str, int], ...]:
    """Code and version of everything that is offered now."""
    rows = ServiceVersion.objects.values("code").annotate(newest=Max("version")).order_by("code")
    return tuple((row["code"], row["newest"]) for row in rows)


@lru_cache(maxsize=8)
def _meanings(row_id: int) -> Meanings:
    return Meanings.model_validate(MeaningsVersion.objects.get(id=row_id).content)


def meanings() -> Meanings:
    """What registers know, by the newest catalogue.

    :raises CatalogueError: none was loaded.
    """
    newest_id = MeaningsVersion.objects.aggregate(newest=Max("id"))["newest"]
    if newest_id is None:
        raise CatalogueError("no catalogue is loaded; run `toono up` once")
    return _meanings(newest_id)


def producing(definition: Definition) -> tuple[str, ...]:
    """Codes of the services whose documents prove the same; at least its own."""
    produces = definition.document.produces
    if produces is None:
        return (definition.code,)
    return _producing(produces, ServiceVersion.objects.aggregate(newest=Max("id"))["newest"]) or (definition.code,)


@lru_cache(maxsize=512)
def _producing(produces: str, newest: int) -> tuple[str, ...]:
    """``newest`` tells one state of the shelf from another."""
    found = ServiceVersion.objects.filter(content__definition__document__produces=produces).order_by("code")
    return tuple(found.values_list("code", flat=True).distinct())
