"""Colours: readable, and no other than those with a meaning."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from toono.ui.tokens import COLOURS, TEXT_ON, contrast

STYLES = Path(__file__).resolve().parents[1] / "styles"


@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_every_pair_of_text_and_ground_has_enough_contrast(text: str, ground: str) -> None:
    assert contrast(COLOURS[text], COLOURS[ground]) >= 4.5


def test_contrast_is_computed_as_the_guidelines_say() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert contrast("#777777", "#ffffff") < 4.5


def test_the_focus_ring_stands_out_from_what_lies_beside_it() -> None:
    """WCAG 2.2, 1.4.11: the ring is gold with an edge of ink; the edge is seen on light grounds, the gold on dark ones."""
    for ground in ("white", "felt", "mist"):
        assert contrast(COLOURS["ink"], COLOURS[ground]) >= 3
    for ground in ("sky", "deep", "steppe", "ember"):
        assert contrast(COLOURS["gold"], COLOURS[ground]) >= 3


HIGH_CONTRAST = {"#8c0b05", "#0c4a28"}  # ember and steppe, darker, for those who ask for more contrast


def test_the_stylesheet_names_no_colour_outside_the_tokens() -> None:
    named = {c.lower() for c in re.findall(r"#[0-9a-fA-F]{3,8}\b", (STYLES / "_house.scss").read_text())}
    assert named <= {"#fff", "#000"} | HIGH_CONTRAST
    for colour in HIGH_CONTRAST:
        assert contrast(colour, "#ffffff") >= 7
