"""Typesetting a document: Typst to PDF/A-2b, and the QR by which it is checked."""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst
import zxingcpp

from toono.services.errors import CatalogueError
from toono.ui.api import font_folder

_PAPER = Path(__file__).parent / "paper"
_DARK = re.compile(rb"\x00+")


@cache
def _fonts() -> typst.Fonts:
    """The whole Noto Sans and nothing of the machine, so that a document looks the same wherever it is made."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(font_folder())])


@cache
def _file(name: str) -> bytes:
    return (_PAPER / name).read_bytes()


def qr(url: str) -> str:
    """The QR of an address as SVG, each row's runs of dark squares one stroke; level M, to be read from a creased paper."""
    barcode = zxingcpp.create_barcode(url, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    made: Any = barcode.to_image(scale=1, add_quiet_zones=False)  # a buffer of one byte a square, which its types do not say
    squares, (side, _) = bytes(memoryview(made)), made.shape
    rows = (squares[begin : begin + side] for begin in range(0, side * side, side))
    strokes = "".join(f"M{run.start()} {y}.5h{len(run[0])}" for y, row in enumerate(rows) for run in _DARK.finditer(row))
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}"><path stroke="#14202e" d="{strokes}"/></svg>'


def pdf(*, template: str, data: dict[str, Any], at: datetime) -> bytes:
    """The document as PDF/A-2b. ``data`` is what ``letterhead.typ`` reads, without mark and QR.

    :raises CatalogueError: the template is no Typst.
    """
    return _compiled(template, data, pdf_standards=["a-2b"], timestamp=at.replace(microsecond=0))


def picture(*, template: str, data: dict[str, Any]) -> bytes:
    """The first page as SVG, for screens. Raises as :func:`pdf`."""
    return _compiled(template, data, format="svg")


def _compiled(template: str, data: dict[str, Any], **options: Any) -> bytes:
    inputs = {**data, "mark": _file("mark.svg").decode(), "qr": qr(data["url"])}
    files = {"main.typ": template.encode(), "letterhead.typ": _file("letterhead.typ")}
    try:
        # What the given files do not have Typst looks for on the disk below its root: that is the paper, and nothing of the machine.
        made: Any = typst.compile(
            files, root=str(_PAPER), font_paths=_fonts(), sys_inputs={"data": json.dumps(inputs, ensure_ascii=False)}, **options
        )
    except typst.TypstError as error:
        raise CatalogueError(f"the template cannot be typeset: {error.message}") from error
    return bytes(made[0] if isinstance(made, list) else made)
