"""Typesetting the report of a validation: Typst to PDF/A-2b."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst

from toono.ui.api import font_folder

_PAPER = Path(__file__).parent / "paper"


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(font_folder())])


def pdf(*, data: dict[str, Any], at: datetime) -> bytes:
    """The report as PDF/A-2b; ``data`` is what ``report.typ`` reads. Strings of strangers are data there, never markup."""
    files: Any = {"main.typ": (_PAPER / "report.typ").read_bytes()}
    inputs = {"data": json.dumps(data, ensure_ascii=False)}
    made: Any = typst.compile(
        files, root=str(_PAPER), font_paths=_fonts(), sys_inputs=inputs, pdf_standards=["a-2b"], timestamp=at.replace(microsecond=0)
    )
    return bytes(made)
