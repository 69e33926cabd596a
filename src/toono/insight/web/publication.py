"""The figures as everybody may read them: with names, and with details withheld that rest on too few."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import get_language, gettext

from toono.geo import api as geo
from toono.geo.contracts import Level
from toono.insight.contracts import Figures, Line, SignOn
from toono.insight.domain.disclosure import decisions, ratings, withheld
from toono.insight.domain.period import Period
from toono.kernel.actor import Channel
from toono.registry import api as registry
from toono.services import api as services


@dataclass(frozen=True)
class Row:
    """A line with its name. ``None`` is what is withheld or not there."""

    key: str
    name: str
    submitted: int
    decided: int
    documents: int
    on_time: int
    granted: int | None
    refused: int | None
    median_seconds: int | None
    ninetieth_seconds: int | None
    ratings: int
    average_stars: float | None

    @property
    def on_time_percent(self) -> int | None:
        """Rounded down, so that a hundred means all."""
        return 100 * self.on_time // self.decided if self.decided else None


@dataclass(frozen=True)
class Publication:
    """The tables. Of channels and aimags, which say something of people and not of offices, only ``submitted`` is published."""

    total: Row
    services: tuple[Row, ...]
    organisations: tuple[Row, ...]
    channels: tuple[Row, ...]
    aimags: tuple[Row, ...]
    days: tuple[Row, ...]


def publication(figures: Figures) -> Publication:
    """The figures, ready to be shown or exported in the reader's language."""
    return Publication(
        total=_rows([figures.total], _named({"": gettext("Бүгд")}))[0],
        services=_rows(figures.by_service, _named(_services())),
        organisations=_rows(figures.by_organisation, _named(_organisations())),
        channels=_rows(figures.by_channel, _named(_channels())),
        aimags=_rows(figures.by_aimag, _named(_aimags())),
        days=_rows(figures.by_day, _named({})),
    )


def _rows(lines: Sequence[Line], name: Callable[[str], str]) -> tuple[Row, ...]:
    few_decisions, few_ratings = withheld(lines, decisions), withheld(lines, ratings)
    return tuple(
        Row(
            key=line.key,
            name=name(line.key),
            submitted=line.submitted,
            decided=line.decided,
            documents=line.documents,
            on_time=line.on_time,
            granted=None if line.key in few_decisions else line.granted,
            refused=None if line.key in few_decisions else line.refused,
            median_seconds=line.median_seconds,
            ninetieth_seconds=line.ninetieth_seconds,
            ratings=line.ratings,
            average_stars=None if line.key in few_ratings else line.average_stars,
        )
        for line in lines
    )


def _named(names: Mapping[str, str]) -> Callable[[str], str]:
    """What has lost its name (a service taken out of the catalogue) is shown by its code."""
    return lambda key: names.get(key) or key or gettext("Тодорхойгүй")


def _english() -> bool:
    return get_language() == "en"


def _services() -> dict[str, str]:
    return {service.code: service.name.to(get_language() or "mn") for service in services.services()}


def _organisations() -> dict[str, str]:
    return {body.code: body.name_en if _english() else body.name_mn for body in registry.organisations()}


def _aimags() -> dict[str, str]:
    return {unit.code: unit.name_en if _english() else unit.name_mn for unit in geo.units(level=Level.AIMAG)}


def _channels() -> dict[str, str]:
    return {
        Channel.WEB: gettext("Портал"),
        Channel.MOBILE: gettext("Гар утас"),
        Channel.OPERATOR: gettext("Оператор"),
        Channel.KIOSK: gettext("ТҮЦ машин"),
        Channel.API: gettext("Бусад систем"),
    }


@dataclass(frozen=True)
class Connected:
    """The single sign-on with names: figures of the whole, and sign-ins by organisation."""

    sums: tuple[tuple[str, str, int], ...]
    """Code, name, number."""
    organisations: tuple[tuple[str, str, int], ...]


def connected(found: SignOn) -> Connected:
    """What is published of the single sign-on: of people that they came, and to which organisation; of systems and days nothing."""
    sums = (
        ("organisations", gettext("Холбогдсон байгууллага"), found.organisations), ("systems", gettext("Холбогдсон систем"), found.systems),
        ("users", gettext("Бүртгэлтэй хүн"), found.users), ("sign_ins", gettext("Нэвтэрсэн удаа"), found.sign_ins),
    )  # fmt: skip
    name = _named(_organisations())
    return Connected(sums, tuple((code, name(code), count) for code, count in found.by_organisation))


@dataclass(frozen=True)
class Step:
    """A day, or a month of a long period, with what was handed in, decided and issued in it."""

    first: date
    whole_month: bool
    submitted: int = 0
    decided: int = 0
    documents: int = 0


LONGEST_BY_DAY = 92


def steps(figures: Figures, last: date) -> tuple[Step, ...]:
    """Every day of the period up to ``last``, empty ones too; by month when the period is longer than a quarter."""
    by_month = (figures.until - figures.since).days >= LONGEST_BY_DAY
    sums: dict[date, list[int]] = {}
    lines = {line.key: line for line in figures.by_day}
    for day in Period(figures.since, min(figures.until, max(last, figures.since))).days():
        line = lines.get(day.isoformat()) or Line(key="")
        numbers = sums.setdefault(day.replace(day=1) if by_month else day, [0, 0, 0])
        for position, number in enumerate((line.submitted, line.decided, line.documents)):
            numbers[position] += number
    return tuple(Step(first, by_month, *numbers) for first, numbers in sums.items())
