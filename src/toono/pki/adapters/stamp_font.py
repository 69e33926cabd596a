"""The face in which visible stamps are written."""

from __future__ import annotations

import logging
from functools import cache

from toono.ui.api import font_folder

logging.getLogger("fontTools").setLevel(logging.WARNING)  # says thirty things for each stamp


@cache
def stamp_font() -> bytes:
    """The whole Noto Sans as TrueType; a stamp takes only the letters that it shows."""
    return (font_folder() / "NotoSans-Regular.ttf").read_bytes()
