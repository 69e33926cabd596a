"""Reading units."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from django.db.models import Case, QuerySet, Value, When
from django.db.models.functions import Length

from toono.geo.contracts import Box, Kind, Level, Unit
from toono.geo.models import AdministrativeUnit
from toono.kernel import text

_DATA = Path(__file__).resolve().parent / "data"
_POPULATION = _DATA / "aimag_population_2022.csv"
_BOXES = _DATA / "unit_boxes.csv"


def unit(code: str) -> Unit | None:
    row = AdministrativeUnit.objects.filter(code=code).first()
    return _contract(row) if row else None


def units(level: Level | None, parent: str | None) -> tuple[Unit, ...]:
    rows = AdministrativeUnit.objects.order_by("sort_key", "code")
    if level is not None:
        rows = rows.filter(level=level.value)
    if parent is not None:
        rows = rows.filter(parent_code=parent)
    return _contracts(rows)


def path(code: str) -> tuple[Unit, ...]:
    """Codes are prefixes of each other, so the whole way is one query."""
    found = _contracts(AdministrativeUnit.objects.filter(code__in=[code[:2], code[:4], code]).order_by(Length("code")))
    return found if found and found[-1].code == code else ()


def search(words: str, limit: int) -> tuple[Unit, ...]:
    wanted = text.fold(words)
    if not wanted:
        return ()
    rank = Case(
        When(folded__startswith=f"{wanted}|", then=Value(0)),
        When(folded__endswith=f"|{wanted}", then=Value(0)),
        When(folded__startswith=wanted, then=Value(1)),
        When(folded__contains=f"|{wanted}", then=Value(1)),
        default=Value(2),
    )
    rows = AdministrativeUnit.objects.filter(folded__contains=wanted).annotate(rank=rank)
    return _contracts(rows.order_by("rank", Length("code"), "sort_key", "code")[:limit])


@cache
def _populations() -> dict[str, int]:
    with _POPULATION.open(encoding="utf-8", newline="") as lines:
        return {row["code"]: int(row["population"]) for row in csv.DictReader(lines)}


def population(aimag_code: str) -> int | None:
    return _populations().get(aimag_code)


@cache
def _boxes() -> dict[str, Box]:
    with _BOXES.open(encoding="utf-8", newline="") as lines:
        return {row["code"]: Box(**{side: float(row[side]) for side in Box.model_fields}) for row in csv.DictReader(lines)}


def box(code: str) -> Box | None:
    return _boxes().get(code)


def _contracts(rows: QuerySet[AdministrativeUnit]) -> tuple[Unit, ...]:
    return tuple(_contract(row) for row in rows)


def _contract(row: AdministrativeUnit) -> Unit:
    return Unit(
        code=row.code, level=Level(row.level), kind=Kind(row.kind), name_mn=row.name_mn, name_en=row.name_en,
        parent_code=row.parent_code, iso_3166_2=row.iso_3166_2,
    )  # fmt: skip
