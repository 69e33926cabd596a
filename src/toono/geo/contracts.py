"""What leaves geo: administrative units."""

from __future__ import annotations

from enum import StrEnum

from toono.kernel.contract import Contract


class Level(StrEnum):
    """The three levels of the administrative division."""

    AIMAG = "aimag"  # аймаг, нийслэл: code of 2 digits
    SOUM = "soum"  # сум, дүүрэг: 4 digits
    BAG = "bag"  # баг, хороо: 6 digits


class Kind(StrEnum):
    """What a unit is called at its level."""

    AIMAG = "aimag"
    CAPITAL = "capital"
    SOUM = "soum"
    DISTRICT = "district"
    BAG = "bag"
    KHOROO = "khoroo"


class Unit(Contract):
    """An administrative unit of Mongolia."""

    code: str
    """Code of the National Statistics Office: 2, 4 or 6 digits; a unit's code begins with its parent's."""
    level: Level
    kind: Kind
    name_mn: str
    """As the source writes it, without the word for its kind: ``Дундговь``, ``Сайнцагаан``, ``1-р баг, Наран``."""
    name_en: str
    parent_code: str | None = None
    iso_3166_2: str | None = None
    """Aimags only: ``MN-059``."""


class Box(Contract):
    """A rectangle around a unit, in degrees (WGS 84), to about 100 m."""

    west: float
    south: float
    east: float
    north: float
