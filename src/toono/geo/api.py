"""The door of geo. Everything here is public knowledge, so no actor is asked."""

from __future__ import annotations

from toono.geo import queries
from toono.geo.contracts import Box, Level, Unit
from toono.geo.operations import load_units as _load_units

SEARCH_LIMIT = 50


def load_units() -> int:
    """Load the units of the room's own file; idempotent. Returns their number.

    :raises UnitDataWrong: the file contradicts itself; the table is as before.
    """
    return _load_units.load_units()


def unit(code: str) -> Unit | None:
    """The unit with this code, or None."""
    return queries.unit(code)


def units(*, level: Level | None = None, parent: str | None = None) -> tuple[Unit, ...]:
    """Units of a level, below a parent, or both, in Mongolian order (numbers inside names by value)."""
    return queries.units(level, parent)


def path(code: str) -> tuple[Unit, ...]:
    """The way down to a unit: aimag, soum, bag, as far as its level goes; empty if there is no such unit."""
    return queries.path(code)


def search(text: str, *, limit: int = 20) -> tuple[Unit, ...]:
    """Units whose Mongolian or English name holds ``text``: whole names first, then beginnings; larger units first.

    Forgives case, Latin twins and Russian neighbours of Mongolian letters (о for ө, у for ү). At most ``limit``, never
    over 50.
    """
    return queries.search(text, min(limit, SEARCH_LIMIT))


def box(code: str) -> Box | None:
    """The rectangle around an aimag, soum or district; None for a bag and for anything else. A point outside of it is not in the unit."""
    return queries.box(code)


def population(aimag_code: str) -> int | None:
    """People living in an aimag, November 2022; None for the capital and for anything that is no aimag."""
    return queries.population(aimag_code)
