"""Who calls whom, as inline SVG made by the server: consumers left, services right, grouped by organisation.

No script, no style attribute. The table on the same page says the same in words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from toono.registry.contracts import Link
from toono.ui.api import COLOURS

MOST_LINKS = 60
"""More lines than these cannot be told apart."""
ROW, HEAD, TOP = 28, 36, 8
SPAN, MARGIN = 260, 10
"""How far lines reach, and how far labels stand from their ends."""
LETTERS, LETTER = 42, 8.4
"""Longest label, and the width that a letter is given."""
THINNEST, THICKEST = 1.5, 12.0


@dataclass(frozen=True)
class Edge:
    """One line of the picture and of the table."""

    consumer: str
    service: str
    consumer_name: str
    service_name: str
    consumer_organisation: str
    service_organisation: str
    agreements: int
    calls: int | None
    """Of the last seven days; None where nobody counts."""


@dataclass(frozen=True)
class _Side:
    """Labels of one column and the height at which each node stands."""

    places: Mapping[str, float]
    heads: tuple[tuple[float, str], ...]
    labels: tuple[tuple[float, str], ...]
    height: float

    @property
    def width(self) -> float:
        """What the longest label needs, so that a phone shows one whole column first."""
        return max((len(_cut(text)) for _, text in (*self.heads, *self.labels)), default=0) * LETTER + MARGIN


def edges(links: Sequence[Link], weights: Mapping[tuple[str, str], int], names: Mapping[str, str]) -> tuple[Edge, ...]:
    """Links with their names and calls, those with most calls first."""
    made = [
        Edge(
            consumer=link.consumer, service=link.service, agreements=link.agreements,
            consumer_name=_own(names.get(link.consumer, link.consumer), names.get(_code(link.consumer), "")),
            service_name=names.get(link.service, link.service),
            consumer_organisation=names.get(_code(link.consumer), _code(link.consumer)),
            service_organisation=names.get(_code(link.service), _code(link.service)),
            calls=weights.get((link.consumer, link.service), 0) if weights else None,
        )
        for link in links
    ]  # fmt: skip
    return tuple(sorted(made, key=lambda e: (-(e.calls or 0), e.consumer_organisation, e.consumer_name, e.service_name)))


def drawing(edges: Sequence[Edge], *, title: str, description: str) -> SafeString:
    """The picture; ``title`` and ``description`` are what a screen reader says in its place."""
    left = _side({e.consumer: (e.consumer_organisation, e.consumer_name) for e in edges})
    right = _side({e.service: (e.service_organisation, e.service_name) for e in edges})
    height, begin, end = max(left.height, right.height) + TOP, left.width, left.width + SPAN
    width = end + right.width
    return format_html(
        '<svg role="img" aria-labelledby="picture-title picture-description" width="{}" height="{}" viewBox="0 0 {} {}" font-size="14">'
        '<title id="picture-title">{}</title><desc id="picture-description">{}</desc>{}{}{}</svg>',
        _px(width), _px(height), _px(width), _px(height), title, description,
        _lines(edges, left, right, begin, end), _column(left, begin, "end"), _column(right, end, "start"),
    )  # fmt: skip


def stroke(calls: int | None, most: int) -> float:
    """Width of a line: by the logarithm of its calls, since some pairs call a thousand times as often as others."""
    if not calls or most <= 1:
        return THINNEST if most > 1 or not calls else THICKEST / 2
    return THINNEST + (THICKEST - THINNEST) * math.log(calls + 1) / math.log(most + 1)


def _side(nodes: Mapping[str, tuple[str, str]]) -> _Side:
    places: dict[str, float] = {}
    heads: list[tuple[float, str]] = []
    labels: list[tuple[float, str]] = []
    y, organisation = float(TOP), None
    for node, (group, label) in sorted(nodes.items(), key=lambda item: (item[1], item[0])):
        if group != organisation:
            heads.append((y + HEAD - 14, group))
            y, organisation = y + HEAD, group
        places[node] = y + ROW / 2 - 4
        labels.append((places[node], label))
        y += ROW
    return _Side(places, tuple(heads), tuple(labels), y)


def _lines(edges: Sequence[Edge], left: _Side, right: _Side, begin: float, end: float) -> SafeString:
    most = max((e.calls or 0 for e in edges), default=0)
    middle = (begin + end) / 2
    drawn = (
        (*map(_px, (begin, y1, middle, y1, middle, y2, end, y2)), COLOURS["sky"], _px(stroke(e.calls, most)), _told(e))
        for e in edges
        for y1, y2 in [(left.places[e.consumer], right.places[e.service])]
    )
    return format_html_join(
        "",
        '<path d="M{} {}C{} {} {} {} {} {}" fill="none" stroke="{}" stroke-opacity="0.55" stroke-width="{}"><title>{}</title></path>',
        drawn,
    )


def _column(side: _Side, node: float, anchor: str) -> SafeString:
    x = _px(node - MARGIN if anchor == "end" else node + MARGIN)
    heads = ((x, _px(y), anchor, COLOURS["ink"], name, _cut(name)) for y, name in side.heads)
    labels = ((x, _px(y), anchor, COLOURS["ash"], name, _cut(name)) for y, name in side.labels)
    dots = ((_px(node), _px(y), COLOURS["sky"]) for y, _ in side.labels)
    return format_html(
        "{}{}{}",
        format_html_join("", '<text x="{}" y="{}" text-anchor="{}" fill="{}" font-weight="700"><title>{}</title>{}</text>', heads),
        format_html_join("", '<text x="{}" y="{}" dy="0.35em" text-anchor="{}" fill="{}"><title>{}</title>{}</text>', labels),
        format_html_join("", '<circle cx="{}" cy="{}" r="4" fill="{}"/>', dots),
    )


def _told(edge: Edge) -> str:
    calls = "" if edge.calls is None else f": {edge.calls:,}"
    return f"{edge.consumer_organisation}, {edge.consumer_name} → {edge.service_name}{calls}"


def _own(name: str, organisation: str) -> str:
    """A system's own name without its organisation's, which stands above it."""
    return name.removeprefix(f"{organisation}, ")


def _code(identifier: str) -> str:
    return identifier.split("/")[2]


def _cut(text: str) -> str:
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"


def _px(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
