"""What stands in the registry: rows in, contracts out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import models as django_models
from django.db.models import Q

from toono.kernel.settings import settings
from toono.registry import models
from toono.registry.contracts import (
    Agreement,
    DraftKind,
    Entry,
    ExchangeEntry,
    Organisation,
    ServiceEntry,
    SystemEntry,
)
from toono.registry.domain.book import Book
from toono.registry.domain.identifiers import EXCHANGE
from toono.registry.domain.rules import Known
from toono.registry.errors import EntryNotFound, OrganisationNotFound


def organisation(code: str) -> Organisation:
    row = models.Organisation.objects.filter(code=code).first()
    if row is None:
        raise OrganisationNotFound(f"no organisation {code}", organisation=code)
    return organisation_contract(row)


def organisations() -> tuple[Organisation, ...]:
    return tuple(organisation_contract(r) for r in models.Organisation.objects.order_by("sort_key", "code"))


def systems() -> tuple[SystemEntry, ...]:
    return tuple(system_contract(r) for r in models.System.objects.order_by("id"))


def services() -> tuple[ServiceEntry, ...]:
    return tuple(service_contract(r) for r in models.Service.objects.order_by("id"))


def agreements() -> tuple[Agreement, ...]:
    """All that stand; their dates tell which hold."""
    return tuple(agreement_contract(r) for r in models.Agreement.objects.filter(ended_at=None).order_by("id"))


def published_agreements() -> Iterator[Agreement]:
    """Those that stand, and those that were removed with the moment of their end; one that never began is left out."""
    for row in models.Agreement.objects.order_by("id").iterator(chunk_size=2000):
        if row.ended_at is None:
            yield agreement_contract(row)
        elif row.valid_from < row.ended_at:
            row.valid_until = min(row.valid_until, row.ended_at)
            yield agreement_contract(row)


def exchange() -> ExchangeEntry:
    """What holds for the exchange as a whole; before anything was approved, what holds anyway."""
    row = models.Exchange.objects.filter(id=EXCHANGE).first()
    return exchange_contract(row) if row else ExchangeEntry()


def standing(kind: DraftKind, subject: str) -> Entry | None:
    """The entry as it is approved now, or None."""
    return standing_many([(kind, subject)]).get((kind, subject))


def standing_many(keys: Iterable[tuple[DraftKind, str]]) -> dict[tuple[DraftKind, str], Entry]:
    """Those of many entries that stand, with one question for each kind."""
    wanted: dict[DraftKind, set[str]] = {}
    for kind, subject in keys:
        wanted.setdefault(kind, set()).add(subject)
    found: dict[tuple[DraftKind, str], Entry] = {}
    for kind, subjects in wanted.items():
        table, contract = _TABLES[kind]
        rows = table._default_manager.filter(pk__in=subjects)
        rows = rows.filter(ended_at=None) if kind is DraftKind.AGREEMENT else rows
        found.update({(kind, str(row.pk)): contract(row) for row in rows})
    return found


def found(kind: DraftKind, subject: str) -> Entry:
    """:raises EntryNotFound: nothing stands under this name."""
    entry = standing(kind, subject)
    if entry is None:
        raise EntryNotFound(f"no {kind} {subject}")
    return entry


# -- what the rules ask ------------------------------------------------------------------------------------------------


def book(now: datetime) -> Book:
    """Everything that stands, for a file. For one entry :func:`known` reads much less."""
    exchange = models.Exchange.objects.filter(id=EXCHANGE).first()
    every: tuple[Entry, ...] = (*organisations(), *systems(), *services(), *agreements())
    every += (exchange_contract(exchange),) if exchange else ()
    return Book(every, instance=settings().exchange_instance, production=settings().production, now=now)


def known(entry: Entry) -> Known:
    """What the checks of this entry need, and no more."""
    codes: set[str] = set()
    registers: set[str] = set()
    key_ids: set[str] = set()
    system_ids: set[str] = set()
    service_ids: set[str] = set()
    match entry:
        case Organisation():
            codes, registers = {entry.code}, {entry.register_number}
        case SystemEntry():
            codes, key_ids = _code_in(entry.id), {c.key_id for c in entry.credentials}
        case ServiceEntry():
            codes, system_ids = _code_in(entry.id), {entry.id.rpartition("/")[0]}
        case Agreement():
            system_ids, service_ids = {entry.consumer}, {entry.service}
        case ExchangeEntry():
            codes = set(entry.homes)
    rows = models.Organisation.objects.filter(Q(code__in=codes) | Q(register_number__in=registers)) if codes or registers else ()
    organisations = [organisation_contract(r) for r in rows]
    return Known(
        instance=settings().exchange_instance,
        production=settings().production,
        organisations={o.code: o for o in organisations},
        register_holders={o.register_number: o.code for o in organisations},
        systems=frozenset(models.System.objects.filter(id__in=system_ids).values_list("id", flat=True)) if system_ids else frozenset(),
        services={r.id: service_contract(r) for r in models.Service.objects.filter(id__in=service_ids)} if service_ids else {},
        key_holders=_key_holders(key_ids),
    )


def _code_in(identifier: str) -> set[str]:
    parts = identifier.split("/")
    return {parts[2]} if len(parts) > 2 else set()


def _key_holders(key_ids: set[str]) -> dict[str, str]:
    holders: dict[str, str] = {}
    for key_id in key_ids:
        # Found by the index over the credentials, however many systems there are.
        for system in models.System.objects.filter(credentials__contains=[{"key_id": key_id}]).values_list("id", flat=True):
            holders[key_id] = system
    return holders


def dependants(kind: DraftKind, subject: str, now: datetime, *, most: int = 20) -> tuple[str, ...]:
    """What needs an entry: systems, services, and agreements that have not ended; the first ``most`` of each kind."""
    in_force = models.Agreement.objects.filter(ended_at=None, valid_until__gt=now).order_by("id")
    match kind:
        case DraftKind.ORGANISATION:
            ids = models.System.objects.filter(organisation_id=subject).order_by("id").values_list("id", flat=True)
            homes = models.Exchange.objects.filter(homes__has_key=subject).exists()
            return (*(f"system {i}" for i in ids[:most]), *(["its gateway"] if homes else []))
        case DraftKind.SYSTEM:
            services = models.Service.objects.filter(system_id=subject).order_by("id").values_list("id", flat=True)
            agreements = in_force.filter(consumer_id=subject).values_list("id", flat=True)
            return (*(f"service {i}" for i in services[:most]), *(f"agreement {i}" for i in agreements[:most]))
        case DraftKind.SERVICE:
            return tuple(f"agreement {i}" for i in in_force.filter(service_id=subject).values_list("id", flat=True)[:most])
        case _:
            return ()


# -- rows to contracts ---------------------------------------------------------------------------------------------------


def organisation_contract(row: models.Organisation) -> Organisation:
    return Organisation(
        code=row.code,
        member_class=row.member_class,
        register_number=row.register_number,
        name_mn=row.name_mn,
        name_en=row.name_en,
        unit_code=row.unit_code,
    )


def system_contract(row: models.System) -> SystemEntry:
    return SystemEntry(id=row.id, title_mn=row.title_mn, title_en=row.title_en, credentials=row.credentials, return_urls=row.return_urls)


_SERVICE_FIELDS = tuple(ServiceEntry.model_fields)
_AGREEMENT_FIELDS = tuple(name for name in Agreement.model_fields if name not in {"consumer", "service"})


def service_contract(row: models.Service) -> ServiceEntry:
    return ServiceEntry.model_validate({name: getattr(row, name) for name in _SERVICE_FIELDS})


def agreement_contract(row: models.Agreement) -> Agreement:
    fields = {name: getattr(row, name) for name in _AGREEMENT_FIELDS}
    return Agreement.model_validate(fields | {"consumer": row.consumer_id, "service": row.service_id})


def exchange_contract(row: models.Exchange) -> ExchangeEntry:
    return ExchangeEntry.model_validate({"gateways": row.gateways, "homes": row.homes, "issuers": row.issuers, "policy": row.policy})


_TABLES: dict[DraftKind, tuple[type[django_models.Model], Callable[[Any], Entry]]] = {
    DraftKind.ORGANISATION: (models.Organisation, organisation_contract),
    DraftKind.SYSTEM: (models.System, system_contract),
    DraftKind.SERVICE: (models.Service, service_contract),
    DraftKind.AGREEMENT: (models.Agreement, agreement_contract),
    DraftKind.EXCHANGE: (models.Exchange, exchange_contract),
}
