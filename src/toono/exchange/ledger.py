"""Reading the access ledger. Every question is about one person and leaves out what a law still keeps back from them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import BooleanField, Count, Max, QuerySet
from django.db.models.expressions import RawSQL

from toono.exchange import limits
from toono.exchange.contracts import NewReading, Reading, ReadingCount, UsagePage
from toono.exchange.domain import ledger as rules
from toono.exchange.domain import partitions
from toono.exchange.domain.commitment import text_of_reading
from toono.exchange.domain.field_words import in_words
from toono.exchange.errors import PlaceMalformed, ReadingNotFound
from toono.exchange.models import Batch, LedgerEntry
from toono.kernel.clock import now

_CLOCKS = timedelta(seconds=limits.LEDGER_ID_SECONDS)


def _visible(civil_id: str) -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.filter(civil_id=civil_id, visible_at__lte=now())


def _since(rows: QuerySet[LedgerEntry], moment: datetime | None) -> QuerySet[LedgerEntry]:
    """From ``moment`` on. The bound of ids lets the database pass over older partitions."""
    return rows if moment is None else rows.filter(at__gte=moment, id__gte=partitions.floor(moment - _CLOCKS))


def _until(rows: QuerySet[LedgerEntry], moment: datetime | None) -> QuerySet[LedgerEntry]:
    return rows if moment is None else rows.filter(at__lt=moment, id__lt=partitions.floor(moment + _CLOCKS))


def readings(
    *, civil_id: str, organisation: str | None, since: datetime | None, until: datetime | None, before: str | None, limit: int
) -> list[Reading]:
    """A person's ledger, newest first."""
    rows = _until(_since(_visible(civil_id), since), until)
    if organisation:
        rows = rows.filter(organisation=organisation)
    if before is not None:
        try:
            place = rules.cursor(before)
        except ValueError:
            raise PlaceMalformed(f"no place in a ledger: {before[:60]!r}", field="before") from None
        # As one comparison of rows, so that the index (person, moment, id) gives the next ones without sorting.
        rows = rows.filter(RawSQL("(at, id) < (%s, %s)", (place.at, place.id), BooleanField()))
    return [reading_of(entry) for entry in rows.order_by("-at", "-id")[: max(1, min(limit, limits.READINGS + 1))]]


def reading(*, civil_id: str, reading_id: UUID) -> LedgerEntry:
    """One entry of the person's.

    :raises ReadingNotFound: there is none that they may know of.
    """
    entry = _visible(civil_id).filter(id=reading_id).first()
    if entry is None:
        raise ReadingNotFound(f"no reading {reading_id} to be seen")
    return entry


def organisations(*, civil_id: str) -> list[ReadingCount]:
    """Who has read the person's data, most often first; under the name of their last reading."""
    rows = _visible(civil_id).values("organisation").annotate(count=Count("id"), last=Max("at"))
    found = sorted(rows, key=lambda row: (-row["count"], row["organisation"]))
    names = {
        entry.organisation: entry
        for entry in _visible(civil_id).filter(at__in={row["last"] for row in found}).order_by("at", "id")
    }  # fmt: skip
    return [
        ReadingCount(
            organisation=row["organisation"], count=row["count"], name_mn=names[row["organisation"]].organisation_name_mn,
            name_en=names[row["organisation"]].organisation_name_en,
        )
        for row in found
    ]  # fmt: skip


def became_visible(*, civil_id: str, since: datetime, until: datetime) -> list[ReadingCount]:
    """How often each organisation read, counting what the person may know of since a moment in this time; most often first."""
    rows = (
        _visible(civil_id).filter(visible_at__gte=since, visible_at__lt=until)
        .values("organisation").annotate(count=Count("id"), mn=Max("organisation_name_mn"), en=Max("organisation_name_en"))
        .order_by("-count", "organisation")
    )  # fmt: skip
    return [ReadingCount(organisation=row["organisation"], name_mn=row["mn"], name_en=row["en"], count=row["count"]) for row in rows]


def newly_visible(*, since: datetime, until: datetime, after: UUID | None, limit: int) -> list[NewReading]:
    """Readings of everybody that may be known of since a moment in this time, in the order of their ids.

    What was never kept back lies in a narrow range of ids; what was has an index of its own.
    """
    # Two questions, not one with "or": each goes by its own index, and neither walks the ledger in the order of ids.
    window = LedgerEntry.objects.filter(visible_at__gte=since, visible_at__lt=until)
    at_once = window.filter(
        secrecy_basis_mn=None, id__gte=partitions.floor(since - _CLOCKS), id__lt=partitions.floor(until + _CLOCKS)
    )  # fmt: skip
    found = [
        NewReading(id=id_, civil_id=civil_id, visible_at=visible_at)
        for rows in (at_once, window.filter(secrecy_basis_mn__isnull=False))
        for id_, civil_id, visible_at in (rows if after is None else rows.filter(id__gt=after))
        .order_by("id").values_list("id", "civil_id", "visible_at")[:limit]
    ]  # fmt: skip
    return sorted(found, key=lambda new: new.id)[:limit]


def readings_of(ids: Collection[UUID]) -> list[Reading]:
    """These entries, as far as their persons may know of them, in the order of their ids."""
    return [reading_of(entry) for entry in LedgerEntry.objects.filter(id__in=ids, visible_at__lte=now()).order_by("id")]


def usage(
    *, civil_id: str, since: datetime | None, until: datetime | None, register: str | None, offset: int, limit: int
) -> UsagePage:  # fmt: skip
    """A part of a person's ledger, newest first, with the number of all that fit.

    :param register: code of the system whose services were read (``population``); None: of any.
    """
    rows = _until(_since(_visible(civil_id), since), until)
    if register is not None:
        rows = rows.filter(service__regex=r"^[^/]+/[^/]+/[^/]+/" + _literal(register) + "/")
    found = rows.order_by("-at", "-id")[offset : offset + limit]
    return UsagePage(total=rows.count(), readings=tuple(reading_of(entry) for entry in found))


def _literal(text: str) -> str:
    """As a part of PostgreSQL's regular expressions that stands for itself."""
    return "".join(c if c.isalnum() else f"\\{c}" for c in text)


def first_at() -> datetime | None:
    """The moment of the oldest reading in the ledger, of whomever; None while it is empty."""
    return LedgerEntry.objects.filter(visible_at__lte=now()).order_by("id").values_list("at", flat=True).first()


def by_consent(*, civil_id: str, consents: Collection[UUID]) -> dict[UUID, tuple[int, datetime]]:
    """How often and when last the person's data were read by each of these consents."""
    rows = _visible(civil_id).filter(consent__in=consents).values("consent").annotate(count=Count("id"), last=Max("at"))
    return {row["consent"]: (row["count"], row["last"]) for row in rows if row["consent"] is not None}


def proof(entry: LedgerEntry) -> dict[str, object]:
    """An entry with all that shows that the ledger has committed to it: its text, its batch's content, that batch's link."""
    values = {field.name: getattr(entry, field.name) for field in LedgerEntry._meta.fields}
    batch = Batch.objects.filter(id=entry.batch).first()
    return {
        "reading": text_of_reading(values),
        "leaf": entry.leaf,
        "batch": None if batch is None else _batch(batch),
    }  # fmt: skip


def _batch(batch: Batch) -> dict[str, object]:
    previous = Batch.objects.filter(chain=batch.chain, number=batch.number - 1).first()
    return {
        "id": str(batch.id), "gateway": batch.gateway, "chain": str(batch.chain), "number": batch.number, "at": batch.at.isoformat(),
        "content": bytes(batch.content).hex(), "link": bytes(batch.link).hex(),
        "previous_link": bytes(previous.link).hex() if previous else bytes(64).hex() if batch.number == 1 else None,
    }  # fmt: skip


def reading_of(entry: LedgerEntry) -> Reading:
    """The contract of a row."""
    kept_back = entry.secrecy_basis_mn is not None
    return Reading(
        id=entry.id, organisation=entry.organisation, organisation_name_mn=entry.organisation_name_mn, organisation_name_en=entry.organisation_name_en,
        system=entry.consumer, system_title_mn=entry.consumer_title_mn, system_title_en=entry.consumer_title_en,
        provider=entry.provider, provider_name_mn=entry.provider_name_mn, provider_name_en=entry.provider_name_en,
        service=entry.service, service_title_mn=entry.service_title_mn, service_title_en=entry.service_title_en, purpose=entry.purpose,
        purpose_title_mn=entry.purpose_title_mn, purpose_title_en=entry.purpose_title_en, basis_mn=entry.basis_mn, basis_en=entry.basis_en,
        agreement=entry.agreement, case=entry.issue, fields=in_words(entry.fields), consent=entry.consent, at=entry.at,
        kept_back_until=entry.visible_at if kept_back else None, kept_back_basis=entry.secrecy_basis_mn,
        message_id=entry.message_id, receipt=entry.receipt,
    )  # fmt: skip
