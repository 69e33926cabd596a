"""Administrative units as the form names them."""

from __future__ import annotations

from functools import lru_cache

from toono.geo import api as geo
from toono.geo.contracts import Level, Unit
from toono.services.contracts import Option, OptionGroup, Text


@lru_cache(maxsize=4096)
def words(code: str) -> Text | None:
    """The way down to a unit: «Дундговь, Сайнцагаан, 1-р баг, Наран»; None where there is no such unit."""
    way = geo.path(code)
    return Text(mn=", ".join(unit.name_mn for unit in way), en=", ".join(unit.name_en for unit in way)) if way else None


def box(code: str) -> tuple[float, float, float, float] | None:
    """Rectangle around an aimag or soum: west, south, east, north."""
    found = geo.box(code)
    return (found.west, found.south, found.east, found.north) if found else None


@lru_cache(maxsize=1)
def aimags() -> tuple[Option, ...]:
    """Aimags and the capital, to choose from."""
    return tuple(_option(unit) for unit in geo.units(level=Level.AIMAG))


@lru_cache(maxsize=64)
def of_folder(name: str) -> Text | None:
    """The aimag whose English name is written so in the catalogue's folders: ``dundgovi``, ``govi-altai``; None: there is none."""
    return next((one.label for one in aimags() if one.label.en.lower().replace(" ", "-") == name), None)


@lru_cache(maxsize=512)
def below(code: str) -> tuple[OptionGroup, ...]:
    """Bags and khoroos below an aimag or soum, grouped by soum or district."""
    soums = geo.units(level=Level.SOUM, parent=code) if len(code) == 2 else tuple(filter(None, [geo.unit(code)]))
    groups = ((soum, geo.units(level=Level.BAG, parent=soum.code)) for soum in soums)
    return tuple(OptionGroup(label=_name(soum), options=tuple(_option(bag) for bag in bags)) for soum, bags in groups if bags)


def _name(unit: Unit) -> Text:
    return Text(mn=unit.name_mn, en=unit.name_en)


def _option(unit: Unit) -> Option:
    return Option(value=unit.code, label=_name(unit))
