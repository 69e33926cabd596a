"""Calls over time as inline SVG: answered ones and failed ones on top, made by the server, without script or style attribute.

No view box: places across are per cent of the column and heights are pixels, so the bars follow the width and letters keep the reader's size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from toono.ui.api import COLOURS

HEIGHT: Final = 216
_TOP, _FLOOR = 12, 184
_LEFT: Final = 14.0
_LABELS: Final = 6


@dataclass(frozen=True)
class Bar:
    """One part of the time."""

    label: str
    calls: int
    failed: int


def ceiling(largest: int) -> int:
    """A round number at or above the largest: one, two or five, and noughts."""
    power: int = 10 ** (len(str(max(largest, 1))) - 1)
    return next(power * step for step in (1, 2, 5, 10) if power * step >= largest)


def calls_chart(bars: Sequence[Bar], *, title: str, description: str) -> SafeString:
    """The chart; ``title`` and ``description`` are what a screen reader says in place of the picture."""
    top = ceiling(max((bar.calls for bar in bars), default=1))
    slot = (100 - _LEFT) / max(len(bars), 1)
    return format_html(
        '<svg role="img" aria-labelledby="chart-title chart-description" width="100%" height="{}" font-size="0.75em">'
        '<title id="chart-title">{}</title><desc id="chart-description">{}</desc>{}{}{}</svg>',
        HEIGHT, title, description, _lines(top), _bars(bars, slot, top), _labels(bars, slot),
    )  # fmt: skip


def _lines(top: int) -> SafeString:
    values = sorted({0, top // 2, top})
    return format_html_join(
        "",
        '<line x1="{}%" x2="100%" y1="{}" y2="{}" stroke="{}"/><text x="{}%" y="{}" dx="-6" dy="0.35em" text-anchor="end" fill="{}">{}</text>',
        (
            (_LEFT, _y(value, top), _y(value, top), COLOURS["line"], _LEFT, _y(value, top), COLOURS["ash"], f"{value:,}")
            for value in values
        ),
    )  # fmt: skip


def _bars(bars: Sequence[Bar], slot: float, top: int) -> SafeString:
    drawn = []
    for place, bar in enumerate(bars):
        x, width = _number(_LEFT + slot * (place + 0.1)), _number(slot * 0.8)
        for above, below, colour in ((bar.calls - bar.failed, 0, "sky"), (bar.calls, bar.calls - bar.failed, "ember")):
            if above > below:
                high = min(_y(above, top), _y(below, top) - 1)
                drawn.append(
                    (x, high, width, _number(_y(below, top) - high), COLOURS[colour], bar.label, f"{bar.calls:,}", f"{bar.failed:,}")
                )
    return format_html_join("", '<rect x="{}%" y="{}" width="{}%" height="{}" fill="{}"><title>{}: {} / {}</title></rect>', drawn)


def _labels(bars: Sequence[Bar], slot: float) -> SafeString:
    step = math.ceil(len(bars) / _LABELS) or 1
    placed = ((_number(_LEFT + slot * (place + 0.5)), _FLOOR, COLOURS["ash"], bars[place].label) for place in range(0, len(bars), step))
    return format_html_join("", '<text x="{}%" y="{}" dy="1.6em" text-anchor="middle" fill="{}">{}</text>', placed)


def _y(value: int, top: int) -> float:
    return round(_FLOOR - (_FLOOR - _TOP) * value / top, 2)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
