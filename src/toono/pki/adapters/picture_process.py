"""A page of a person's PDF as a picture, in a process of its own that :mod:`toono.pki.adapters.fork_server` makes for it.

Filled fields and stamps are drawn as they stand; the library is built without scripts, so none of the file's is run.
"""

from __future__ import annotations

import io

import pypdfium2  # type: ignore[import-untyped]
from PIL import Image

LONGEST_PIXELS = 4000
"""A page that is far longer than wide is drawn smaller."""

Image.preinit()


def answer(files: list[memoryview], arguments: list[str]) -> bytes:
    """The number of pages, a line's end, and the page as PNG; ``arguments``: the page, its width in pixels. No picture for page -1."""
    document = pypdfium2.PdfDocument(bytes(files[0]))
    document.init_forms()
    index, width = map(int, arguments)
    picture = _drawn(document[index], width) if 0 <= index < len(document) else b""
    return b"%d\n" % len(document) + picture


def _drawn(page: pypdfium2.PdfPage, width: int) -> bytes:
    across, down = page.get_size()
    scale = min(width / max(across, 1), LONGEST_PIXELS / max(down, 1))
    drawn = io.BytesIO()
    page.render(scale=scale).to_pil().convert("RGB").save(drawn, "PNG")
    return drawn.getvalue()
