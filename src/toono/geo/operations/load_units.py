"""Bring the table of units to the state of the file."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from django.db import transaction

from toono.geo.contracts import Kind, Level, Unit
from toono.geo.domain.romanisation import english_name
from toono.geo.errors import UnitDataWrong
from toono.geo.models import AdministrativeUnit
from toono.kernel import text

FILE = Path(__file__).resolve().parents[1] / "data" / "admin_units.csv"
_LENGTH = {Level.AIMAG: 2, Level.SOUM: 4, Level.BAG: 6}
_FIELDS = ["level", "kind", "name_mn", "name_en", "parent_code", "iso_3166_2", "sort_key", "folded"]


def load_units() -> int:
    """Load every unit in one statement per thousand; the same file twice changes nothing. Returns how many there are.

    :raises UnitDataWrong: a code, level or parent in the file is impossible.
    """
    units = read_units(FILE)
    rows = [AdministrativeUnit(**u.model_dump(), sort_key=_sort_key(u), folded=_folded(u)) for u in units]
    with transaction.atomic():
        AdministrativeUnit.objects.bulk_create(rows, batch_size=1000, update_conflicts=True, unique_fields=["code"], update_fields=_FIELDS)
    return len(rows)


def read_units(file: Path) -> list[Unit]:
    """The units of ``file``, checked."""
    with file.open(encoding="utf-8", newline="") as lines:
        units = [_unit(row) for row in csv.DictReader(lines)]
    levels = {u.code: u.level for u in units}
    if len(levels) != len(units):
        raise UnitDataWrong("a code stands twice in the file of units")
    above = {Level.AIMAG: None, Level.SOUM: Level.AIMAG, Level.BAG: Level.SOUM}
    for unit in units:
        parent = levels.get(unit.parent_code or "")
        if len(unit.code) != _LENGTH[unit.level] or parent != above[unit.level] or not unit.code.startswith(unit.parent_code or ""):
            raise UnitDataWrong(f"unit {unit.code} ({unit.level}) under {unit.parent_code} is impossible", unit=unit.code)
    return units


def _unit(row: dict[str, str]) -> Unit:
    try:
        return Unit(
            code=row["code"], level=Level(row["level"]), kind=Kind(row["type"]), name_mn=text.clean(row["name_mn"]),
            name_en=row["name_en"] or english_name(text.clean(row["name_mn"])),
            parent_code=row["parent_code"] or None, iso_3166_2=row["iso_3166_2"] or None,
        )  # fmt: skip
    except (KeyError, ValueError) as error:
        raise UnitDataWrong(f"row {row} of the file of units is no unit: {error}") from None


def _sort_key(unit: Unit) -> str:
    """Mongolian order, but «2-р баг» before «10-р баг»."""
    return re.sub(r"\d+", lambda n: n[0].zfill(4), text.sort_key(unit.name_mn))


def _folded(unit: Unit) -> str:
    return f"{text.fold(unit.name_mn)}|{text.fold(unit.name_en)}"
