"""The QR of a document is read by a reader, to the last letter."""

from __future__ import annotations

import re

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from toono.services.adapters.typesetter import qr

ADDRESS = "https://toono.gov.mn/d/PTXPR9QF3Q9DX7P5M5JC"
PROOF = "#eyJhbGciOiJFUzI1NiIsInR5cCI6InRkbyIsImtpZCI6Ijhha2RKc2RKIn0." * 7


def drawn(svg: str, scale: int = 4) -> Image.Image:
    """The squares as the SVG has them, with the quiet zone that the paper gives."""
    side = int(re.search(r'viewBox="0 0 (\d+) \1"', svg)[1])  # type: ignore[index]
    picture = Image.new("L", ((side + 8) * scale,) * 2, 255)
    pen = ImageDraw.Draw(picture)
    for x, y, length in re.findall(r"M(\d+) (\d+)\.5h(\d+)", svg):
        left, top = (int(x) + 4) * scale, (int(y) + 4) * scale
        pen.rectangle((left, top, left + int(length) * scale - 1, top + scale - 1), fill=0)
    return picture


@pytest.mark.parametrize("address", [ADDRESS, ADDRESS + PROOF, "http://тооно.мон/d/Ж"])
def test_a_reader_sees_the_address(address: str) -> None:
    [found] = zxingcpp.read_barcodes(drawn(qr(address)))
    assert (found.text, found.ec_level) == (address, "M")


def test_a_stain_does_not_hide_it() -> None:
    picture = drawn(qr(ADDRESS + PROOF))
    side = picture.width
    ImageDraw.Draw(picture).ellipse((side * 0.5, side * 0.5, side * 0.68, side * 0.68), fill=255)
    [found] = zxingcpp.read_barcodes(picture)
    assert found.text == ADDRESS + PROOF
