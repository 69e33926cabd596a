"""The process in which a page of a person's PDF becomes a picture, bounded as :mod:`toono.pki.adapters.reading_process` is.

``python -m toono.pki.adapters.picture_process <descriptor> <page> <width>``: the number of pages, a line's end, and the page as PNG; no picture for
page -1. Filled fields and stamps are drawn as they stand; the library is built without scripts, so none of the file's is run.
"""

from __future__ import annotations

import io
import sys

from toono.pki.adapters.reading_process import limit, view

LONGEST_PIXELS = 4000
"""A page that is far longer than wide is drawn smaller."""


def main(arguments: list[str]) -> None:
    """Draw the page."""
    limit()
    import pypdfium2  # type: ignore[import-untyped]

    document = pypdfium2.PdfDocument(bytes(view(int(arguments[0]))))
    document.init_forms()
    sys.stdout.buffer.write(b"%d\n" % len(document))
    index, width = int(arguments[1]), int(arguments[2])
    if 0 <= index < len(document):
        page = document[index]
        across, down = page.get_size()
        scale = min(width / max(across, 1), LONGEST_PIXELS / max(down, 1))
        drawn = io.BytesIO()
        page.render(scale=scale).to_pil().convert("RGB").save(drawn, "PNG")
        sys.stdout.buffer.write(drawn.getvalue())
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
