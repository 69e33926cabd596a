"""The colours of the house, each with its meaning; the stylesheet, the charts and the documents take them from here."""

from __future__ import annotations

COLOURS: dict[str, str] = {
    "sky": "#0f4c9a",  # what one can press; the header
    "deep": "#0a2f63",  # pressed
    "mist": "#eaf1fa",  # panels
    "felt": "#faf8f4",  # the page behind white content
    "white": "#ffffff",  # content
    "ink": "#14202e",  # text
    "ash": "#51606f",  # secondary text
    "line": "#b9c4cf",  # rules between things; never the only sign of anything
    "steppe": "#1f6f43",  # done
    "ember": "#b3261e",  # error
    "gold": "#ffc83d",  # focus ring, with an edge of ink
}

TEXT_ON: tuple[tuple[str, str], ...] = (
    *((text, ground) for text in ("ink", "ash", "sky", "deep", "steppe", "ember") for ground in ("white", "felt", "mist")),
    *(("white", ground) for ground in ("sky", "deep", "steppe", "ember")),
    ("ink", "gold"),
    ("mist", "sky"),
    ("mist", "deep"),
)
"""Every pair of text and ground that the stylesheet may use; a test holds each to 4.5:1 (WCAG 2.2, 1.4.3)."""


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, from 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
