"""Lists of entries for pages: searched, narrowed, a page at a time, each with one query for the page and one for the count."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from toono.kernel.text import fold
from toono.registry import models
from toono.registry.contracts import Link, Listing, Validity
from toono.registry.queries import entries

ENDING_SOON = timedelta(days=30)


def organisations(text: str, *, limit: int, offset: int) -> Listing:
    rows = _searched(models.Organisation.objects.all(), text, ("search",)).order_by("sort_key", "code")
    return _listing(rows, entries.organisation_contract, limit, offset)


def systems(text: str, *, organisations: Iterable[str] | None, limit: int, offset: int) -> Listing:
    rows = _searched(models.System.objects.all(), text, ("search", "organisation__search")).order_by("id")
    if organisations is not None:
        rows = rows.filter(organisation_id__in=list(organisations))
    return _listing(rows, entries.system_contract, limit, offset)


def services(text: str, *, organisation: str | None, limit: int, offset: int) -> Listing:
    rows = _searched(models.Service.objects.all(), text, ("search", "system__search", "system__organisation__search")).order_by("id")
    if organisation is not None:
        rows = rows.filter(system__organisation_id=organisation)
    return _listing(rows, entries.service_contract, limit, offset)


def agreements(
    text: str,
    *,
    organisations: Iterable[str] | None,
    consumer: str | None = None,
    service: str | None = None,
    validity: Validity | None,
    now: datetime,
    limit: int,
    offset: int,
) -> Listing:
    """Those that stand; ``organisations`` narrows to those on either side."""
    rows = models.Agreement.objects.filter(ended_at=None).order_by("id")
    for word in fold(text).split():
        # The sides are found first, in tables of hundreds of rows; a join would look into their texts again for each agreement.
        consumers = _searched(models.System.objects.all(), word, ("search", "organisation__search")).values("id")
        services_found = _searched(models.Service.objects.all(), word, ("search", "system__organisation__search")).values("id")
        rows = rows.filter(Q(search__contains=word) | Q(consumer__in=consumers) | Q(service__in=services_found))
    if organisations is not None:
        codes = list(organisations)
        rows = rows.filter(Q(consumer__organisation_id__in=codes) | Q(service__system__organisation_id__in=codes))
    for field, value in (("consumer_id", consumer), ("service_id", service)):
        if value is not None:
            rows = rows.filter(**{field: value})
    if validity is not None:
        rows = rows.filter(_within(validity, now))
    return _listing(rows.order_by("valid_until", "id") if validity is Validity.ENDING else rows, entries.agreement_contract, limit, offset)


def _within(validity: Validity, now: datetime) -> Q:
    match validity:
        case Validity.IN_FORCE:
            return Q(valid_from__lte=now, valid_until__gt=now)
        case Validity.ENDING:
            return Q(valid_from__lte=now, valid_until__gt=now, valid_until__lte=now + ENDING_SOON)
        case Validity.LATER:
            return Q(valid_from__gt=now)
        case Validity.ENDED:
            return Q(valid_until__lte=now)


def links(*, organisation: str | None, now: datetime, limit: int) -> tuple[tuple[Link, ...], int]:
    """Who calls whom by agreements in force, those with most agreements first; and how many pairs there are."""
    rows = models.Agreement.objects.filter(_within(Validity.IN_FORCE, now), ended_at=None)
    if organisation is not None:
        rows = rows.filter(Q(consumer__organisation_id=organisation) | Q(service__system__organisation_id=organisation))
    pairs = rows.values("consumer_id", "service_id").annotate(agreements=Count("id")).order_by("-agreements", "consumer_id", "service_id")
    shown = tuple(Link(consumer=p["consumer_id"], service=p["service_id"], agreements=p["agreements"]) for p in pairs[:limit])
    return shown, pairs.count()


def names(identifiers: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Mongolian and English name of the systems, services and organisations with these ids or codes."""
    wanted = set(identifiers)
    found: dict[str, tuple[str, str]] = {}
    for table, key, columns in (
        (models.Organisation, "code", ("name_mn", "name_en")),
        (models.System, "id", ("title_mn", "title_en")),
        (models.Service, "id", ("title_mn", "title_en")),
    ):
        rows = table._default_manager.filter(pk__in=wanted).values_list(key, *columns)
        found.update({identifier: (mn, en) for identifier, mn, en in rows})
    return found


def counts() -> dict[str, int]:
    """How many entries of each kind stand."""
    return {
        "organisations": models.Organisation.objects.count(),
        "systems": models.System.objects.count(),
        "services": models.Service.objects.count(),
        "agreements": models.Agreement.objects.filter(ended_at=None).count(),
    }


def _searched(rows: QuerySet[Any], text: str, columns: tuple[str, ...]) -> QuerySet[Any]:
    """Rows in which every word of ``text`` stands in some column; look-alike letters are equal."""
    for word in fold(text).split():
        found = Q()
        for column in columns:
            found |= Q(**{f"{column}__contains": word})
        rows = rows.filter(found)
    return rows


def _listing(rows: QuerySet[Any], contract: Any, limit: int, offset: int) -> Listing:
    return Listing(entries=tuple(contract(r) for r in rows[offset : offset + limit]), total=rows.count())
