"""Writing entries into their tables, and taking them out. Callers hold the registry's lock and an open transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import models as django_models

from toono.kernel import text
from toono.registry import models
from toono.registry.contracts import Agreement, Change, DraftKind, Entry, ExchangeEntry, Organisation, ServiceEntry, SystemEntry
from toono.registry.domain.identifiers import EXCHANGE, organisation_of

_BATCH = 500
Row = django_models.Model


def write(changes: Sequence[Change], moment: datetime) -> None:
    """Carry out changes in their order; those of one table that follow each other go in one statement."""
    for (_kind, removal), group in groupby(changes, key=lambda c: (c.kind, c.after is None)):
        if removal:
            for change in group:
                _remove(change.kind, change.subject, moment)
        else:
            _upsert([_row(change.after) for change in group if change.after is not None])


def _upsert(rows: Sequence[Row]) -> None:
    table = type(rows[0])
    fields = [f.name for f in table._meta.concrete_fields if not f.primary_key]
    table._default_manager.bulk_create(
        rows, batch_size=_BATCH, update_conflicts=True, unique_fields=[table._meta.pk.name], update_fields=fields
    )


def _remove(kind: DraftKind, subject: str, moment: datetime) -> None:
    """An agreement ends now and is kept to be told as ended; what goes for good takes the agreements along that had ended before."""
    match kind:
        case DraftKind.AGREEMENT:
            models.Agreement.objects.filter(id=subject, ended_at=None).update(ended_at=moment)
        case DraftKind.SERVICE:
            models.Agreement.objects.filter(service_id=subject).delete()
            models.Service.objects.filter(id=subject).delete()
        case DraftKind.SYSTEM:
            models.Agreement.objects.filter(consumer_id=subject).delete()
            models.System.objects.filter(id=subject).delete()
        case DraftKind.ORGANISATION:
            models.Organisation.objects.filter(code=subject).delete()
        case DraftKind.EXCHANGE:
            raise ValueError("the exchange itself is never removed")


def _row(entry: Entry) -> Row:
    values: dict[str, Any] = entry.model_dump(mode="json")
    match entry:
        case Organisation():
            search = _search(entry.code, entry.register_number, entry.name_mn, entry.name_en)
            return models.Organisation(**values, sort_key=text.sort_key(entry.name_mn), search=search)
        case SystemEntry():
            search = _search(entry.id, entry.title_mn, entry.title_en)
            return models.System(**values, organisation_id=organisation_of(entry.id), search=search)
        case ServiceEntry():
            search = _search(entry.id, entry.title_mn, entry.title_en)
            return models.Service(**values, system_id=entry.id.rpartition("/")[0], search=search)
        case Agreement():
            sides = {"consumer_id": values.pop("consumer"), "service_id": values.pop("service")}
            times = {"valid_from": entry.valid_from, "valid_until": entry.valid_until}
            words = [word for p in entry.purposes for word in (p.code, p.title_mn, p.title_en)]
            return models.Agreement(**(values | sides | times), search=_search(entry.id, *words))
        case ExchangeEntry():
            return models.Exchange(id=EXCHANGE, **values)


def _search(*words: str) -> str:
    return " ".join(text.fold(word) for word in words)
