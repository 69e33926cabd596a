"""The chart is a drawing that a strict content policy lets through and a screen reader can tell."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.insight.web.chart import Bar, bar_chart, scale


def drawn(*values: int) -> ElementTree.Element:
    bars = [Bar(str(n), f"day {n}", value) for n, value in enumerate(values)]
    return ElementTree.fromstring(bar_chart(bars, title="Тоо", description="Бүх тоо <доор> & энд"))


def test_it_names_itself_for_a_screen_reader() -> None:
    chart = drawn(1, 2)
    assert chart.get("role") == "img"
    named = {element.get("id"): element.text for element in chart if element.get("id")}
    assert [named[i] for i in (chart.get("aria-labelledby") or "").split()] == ["Тоо", "Бүх тоо <доор> & энд"]


def test_it_has_no_style_script_or_handler() -> None:
    for element in drawn(3, 0, 8).iter():
        assert element.tag in {"svg", "title", "desc", "line", "text", "rect"}
        assert not [name for name in element.attrib if name == "style" or name.startswith("on")]


def test_bars_are_as_high_as_their_numbers_and_nothing_has_no_bar() -> None:
    heights = [float(bar.get("height", 0)) for bar in drawn(10, 0, 5, 20).iter("rect")]
    assert heights == pytest.approx([heights[2] / 2, heights[2] / 4, heights[2]])


def test_a_single_one_beside_thousands_is_still_seen() -> None:
    assert min(float(bar.get("height", 0)) for bar in drawn(1, 100_000).iter("rect")) >= 2


def test_at_most_five_labels_stand_on_the_axis() -> None:
    texts = [text for text in drawn(*range(1, 32)).iter("text") if text.get("text-anchor") == "middle"]
    assert len(texts) == 5


@given(st.integers(0, 10**9))
def test_the_scale_reaches_the_largest_with_at_most_five_lines(largest: int) -> None:
    lines = scale(largest)
    assert lines[0] == 0
    assert lines[-1] >= max(largest, 1)
    assert 2 <= len(lines) <= 5
    assert len({b - a for a, b in pairwise(lines)}) == 1
