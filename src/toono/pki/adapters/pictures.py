"""Pages of a PDF as pictures, drawn by a process of its own (:mod:`toono.pki.adapters.picture_process`): a phone shows no PDF in a page."""

from __future__ import annotations

import tempfile

from toono.pki.adapters import file_reader

WIDTH_PIXELS = 1000


def page_count(pdf: bytes) -> int:
    """How many pages can be shown; 0 for a file that cannot be drawn.

    :raises ValidationBusy:
    """
    return _drawn(pdf, -1)[0]


def page_picture(pdf: bytes, page: int) -> bytes:
    """A page, counted from 0, as PNG; empty if it cannot be drawn.

    :raises ValidationBusy:
    """
    return _drawn(pdf, page)[1]


def _drawn(pdf: bytes, page: int) -> tuple[int, bytes]:
    with tempfile.TemporaryFile() as file:
        file.write(pdf)
        file.flush()
        count, _, picture = file_reader.run(file_reader.DRAWER, [file], str(page), str(WIDTH_PIXELS)).partition(b"\n")
    return (int(count) if count.isdigit() else 0), picture
