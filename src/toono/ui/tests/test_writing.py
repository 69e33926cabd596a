"""How dates, money and time are written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

MOMENT = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)  # 14:30 in Ulaanbaatar, a Sunday


@pytest.fixture(autouse=True)
def _django(stack: Any) -> None:
    """Translations need the settings of the stage."""


@pytest.mark.parametrize(
    ("language", "name", "value", "written"),
    [
        ("mn", "date_long", MOMENT, "2026 оны 11 сарын 22, ням гараг"),
        ("mn", "datetime_long", MOMENT, "2026 оны 11 сарын 22, ням гараг, 14:30"),
        ("mn", "date_short", MOMENT, "2026.11.22"),
        ("mn", "time", MOMENT, "14:30"),
        ("mn", "date_long", date(2026, 2, 3), "2026 оны 2 сарын 3, мягмар гараг"),
        ("mn", "date_short", datetime(2026, 11, 21, 17, 0, tzinfo=UTC), "2026.11.22"),
        ("mn", "money", 1_200_000, "12,000 ₮"),
        ("mn", "money", 0, "Төлбөргүй"),
        ("mn", "duration", timedelta(days=3, hours=4, minutes=5), "3 өдөр 4 цаг"),
        ("mn", "duration", 42, "42 секунд"),
        ("mn", "working_time", 11, "1 ажлын өдөр 3 цаг"),
        ("mn", "working_time", 1, "ажлын 1 цаг"),
        ("en", "datetime_long", MOMENT, "Sunday 22 November 2026, 14:30"),
        ("en", "date_short", MOMENT, "22 Nov 2026"),
        ("en", "money", 0, "Free"),
        ("en", "duration", timedelta(hours=1, minutes=2), "1 hour 2 minutes"),
        ("en", "working_time", 40, "5 working days"),
    ],
)
def test_written(language: str, name: str, value: Any, written: str) -> None:
    from django.template import engines
    from django.utils import translation

    with translation.override(language):
        assert engines["jinja2"].env.filters[name](value) == written  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", ["mn", "en"])
def test_every_template_of_every_room_compiles(language: str) -> None:
    from pathlib import Path

    from django.template import engines

    import toono

    root = Path(toono.__file__).parent
    for path in sorted(root.glob("*/jinja2/**/*.html")):
        engines["jinja2"].get_template(str(path.relative_to(path.parents[len(path.relative_to(root).parts) - 3])))
