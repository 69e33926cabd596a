"""A bar chart as inline SVG, made by the server: no script, no style attribute, sharp at every width.

The drawing has no view box: places across are per cent of the page's column and heights are pixels, so bars follow the
width while letters keep the reader's size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from toono.ui.api import COLOURS

HEIGHT, TOP, BOTTOM = 248, 12, 36
LEFT_PERCENT = 14.0
LABELS = 5
_FLOOR = HEIGHT - BOTTOM


@dataclass(frozen=True)
class Bar:
    """One bar."""

    label: str
    """Short, for the axis."""
    name: str
    """Whole, for whoever points at the bar."""
    value: int


def scale(largest: int) -> tuple[int, ...]:
    """Round values for the lines of the chart, from nothing to at or above the largest; at most five."""
    step = 10 ** max(0, len(str(max(largest, 1))) - 1)
    for part in (step // 5, step // 2, step, step * 2, step * 5):
        if part and largest <= part * 4:
            return tuple(range(0, math.ceil(max(largest, 1) / part) * part + 1, part))
    return (0, step * 10)


def bar_chart(bars: Sequence[Bar], *, title: str, description: str) -> SafeString:
    """The chart; ``title`` and ``description`` are what a screen reader says in place of the picture."""
    lines = scale(max((bar.value for bar in bars), default=0))
    slot = (100 - LEFT_PERCENT) / max(len(bars), 1)
    return format_html(
        '<svg role="img" aria-labelledby="chart-title chart-description" width="100%" height="{}" font-size="0.75em">'
        '<title id="chart-title">{}</title><desc id="chart-description">{}</desc>{}{}{}</svg>',
        HEIGHT,
        title,
        description,
        _lines(lines),
        _bars(bars, slot, lines[-1]),
        _labels(bars, slot),
    )


def _lines(values: Sequence[int]) -> SafeString:
    row = (
        '<line x1="{}%" x2="100%" y1="{}" y2="{}" stroke="{}"/>'
        '<text x="{}%" y="{}" dx="-6" dy="0.35em" text-anchor="end" fill="{}">{}</text>'
    )
    heights = [_FLOOR - (_FLOOR - TOP) * value / values[-1] for value in values]
    return format_html_join(
        "",
        row,
        (
            (LEFT_PERCENT, _px(y), _px(y), COLOURS["line" if value else "ash"], LEFT_PERCENT, _px(y), COLOURS["ash"], f"{value:,}")
            for value, y in zip(values, heights, strict=True)
        ),
    )


def _bars(bars: Sequence[Bar], slot: float, top: int) -> SafeString:
    drawn = []
    for position, bar in enumerate(bars):
        if bar.value:
            height = max((_FLOOR - TOP) * bar.value / top, 2)
            x = LEFT_PERCENT + slot * (position + 0.1)
            drawn.append((_px(x), _px(_FLOOR - height), _px(slot * 0.8), _px(height), COLOURS["sky"], bar.name, f"{bar.value:,}"))
    return format_html_join("", '<rect x="{}%" y="{}" width="{}%" height="{}" fill="{}"><title>{}: {}</title></rect>', drawn)


def _labels(bars: Sequence[Bar], slot: float) -> SafeString:
    step = math.ceil(len(bars) / LABELS) or 1
    placed = (
        (_px(LEFT_PERCENT + slot * (position + 0.5)), _FLOOR, COLOURS["ash"], bars[position].label)
        for position in range(0, len(bars), step)
    )
    return format_html_join("", '<text x="{}%" y="{}" dy="1.5em" text-anchor="middle" fill="{}">{}</text>', placed)


def _px(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
