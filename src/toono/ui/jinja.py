"""Jinja2 for all rooms: where templates are found, what every template knows, how dates and money are written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, gettext, ngettext
from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader

from toono.kernel.access import SIGN_IN_PATH
from toono.kernel.clock import ULAANBAATAR, now
from toono.kernel.money import Money
from toono.kernel.settings import settings
from toono.ui.api import page_additions, static

_WEEKDAYS_MN = ("даваа", "мягмар", "лхагва", "пүрэв", "баасан", "бямба", "ням")
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_EN = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


def _english() -> bool:
    return get_language() == "en"


def _on_the_wall(moment: date) -> date:
    """A moment by the clock in Ulaanbaatar; a day stays as it is."""
    return moment.astimezone(ULAANBAATAR) if isinstance(moment, datetime) else moment


def date_long(moment: date) -> str:
    """``2026 оны 11 сарын 22, ням гараг``; in English ``Sunday 22 November 2026``."""
    day = _on_the_wall(moment)
    if _english():
        return f"{_WEEKDAYS_EN[day.weekday()]} {day.day} {_MONTHS_EN[day.month - 1]} {day.year}"
    return f"{day.year} оны {day.month} сарын {day.day}, {_WEEKDAYS_MN[day.weekday()]} гараг"


def date_short(moment: date) -> str:
    """``2026.11.22``; in English ``22 Nov 2026``."""
    day = _on_the_wall(moment)
    return f"{day.day} {_MONTHS_EN[day.month - 1][:3]} {day.year}" if _english() else f"{day:%Y.%m.%d}"


def clock_time(moment: datetime) -> str:
    """``14:30`` by the clock in Ulaanbaatar."""
    return f"{moment.astimezone(ULAANBAATAR):%H:%M}"


def datetime_long(moment: datetime) -> str:
    """``2026 оны 11 сарын 22, ням гараг, 14:30``."""
    return f"{date_long(moment)}, {clock_time(moment)}"


def datetime_short(moment: datetime) -> str:
    """``2026.11.22 14:30``."""
    return f"{date_short(moment)} {clock_time(moment)}"


def money(amount: Money | int) -> str:
    """``12,000 ₮``; nothing to pay is said in a word. A number is möngö."""
    value = amount if isinstance(amount, Money) else Money(amount_mungu=amount)
    return value.text if value.amount_mungu else gettext("Төлбөргүй")


def counted(one: str, many: str) -> tuple[str, str]:
    """Marks the two forms of a counted unit for the catalogue."""
    return one, many


def _in_words(parts: list[tuple[int, tuple[str, str]]]) -> str:
    """The two largest units that are not nought."""
    said = [ngettext(*forms, count) % {"n": count} for count, forms in parts if count]
    return " ".join(said[:2])


def duration(length: timedelta | float) -> str:
    """Time that passed or is left, in its two largest units: ``3 өдөр 4 цаг``. A number is seconds."""
    seconds = int(length.total_seconds() if isinstance(length, timedelta) else length)
    if seconds < 60:
        return (ngettext("%(n)s секунд", "%(n)s секунд", seconds) % {"n": seconds}) if seconds > 0 else gettext("секунд хүрэхгүй")
    minutes = seconds // 60
    return _in_words(
        [
            (minutes // 1440, counted("%(n)s өдөр", "%(n)s өдөр")),
            (minutes % 1440 // 60, counted("%(n)s цаг", "%(n)s цаг")),
            (minutes % 60, counted("%(n)s минут", "%(n)s минут")),
        ]
    )


def working_time(length: timedelta | float) -> str:
    """Working time, a working day having 8 hours: ``2 ажлын өдөр 3 цаг``. A number is working hours."""
    minutes = int((length.total_seconds() / 60) if isinstance(length, timedelta) else length * 60)
    if minutes < 1:
        return gettext("тэр дор нь")
    return _in_words(
        [
            (minutes // 480, counted("%(n)s ажлын өдөр", "%(n)s ажлын өдөр")),
            (minutes % 480 // 60, counted("%(n)s цаг", "%(n)s цаг") if minutes >= 480 else counted("ажлын %(n)s цаг", "ажлын %(n)s цаг")),
            (minutes % 60, counted("%(n)s минут", "%(n)s минут")),
        ]
    )


def address(name: str, *arguments: Any, **named: Any) -> str:
    """Address of a view by its name: ``url("channels:service", code=…)``."""
    return reverse(name, args=arguments or None, kwargs=named or None)


def environment(**options: Any) -> Environment:
    """The environment of Django's Jinja2 backend."""
    govuk = PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})
    options["loader"] = ChoiceLoader([options["loader"], govuk])
    options.setdefault("trim_blocks", True)
    options.setdefault("lstrip_blocks", True)
    made = Environment(extensions=["jinja2.ext.i18n"], **options)  # noqa: S701 - Django's backend sets autoescape
    made.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(url=address, static=static, now=now)
    filters: dict[str, Callable[..., str]] = {
        "date_long": date_long,
        "date_short": date_short,
        "datetime_long": datetime_long,
        "datetime_short": datetime_short,
        "time": clock_time,
        "money": money,
        "duration": duration,
        "working_time": working_time,
    }
    made.filters.update(filters)
    return made


TEXT_SIZES = ("100", "150", "200")


def display(request: HttpRequest) -> tuple[str, bool]:
    """The reader's own text size (per cent) and whether they asked for high contrast, from the cookie ``display``."""
    size, _, contrast = request.COOKIES.get("display", "").partition(".")
    return (size if size in TEXT_SIZES else "100"), contrast == "high"


def _classes(request: HttpRequest) -> str:
    size, high_contrast = display(request)
    return "".join([f" toono-text-{size}" if size != "100" else "", " toono-contrast" if high_contrast else ""])


def page_context(request: HttpRequest) -> dict[str, Any]:
    """What every template knows. Nothing here asks a database until a template uses it."""
    here = request.get_full_path()
    known: dict[str, Any] = {
        "actor": getattr(request, "actor", None),
        "actors": getattr(request, "actors", ()),
        "person": getattr(request, "person", None),
        "language": get_language() or "mn",
        "here": here,
        "sign_in_path": SIGN_IN_PATH,
        "helpline": settings().helpline,
        "development": not settings().production,
        "display_classes": _classes(request),
    }
    for name, provider in page_additions().items():
        known[name] = SimpleLazyObject(lambda provider=provider: provider(request))  # type: ignore[misc]
    return known
