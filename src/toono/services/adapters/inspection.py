"""Looking into a file, in a process of its own with bounds of memory and time: ``python -m toono.services.adapters.inspection FILE``.

The type is told by the bytes. A PDF is walked through; what would act by itself in a reader is refused. A picture is decoded and drawn
anew from its pixels, upright: where it was taken, by which camera, and whatever was hidden behind it does not travel on.
A file that breaks the decoder breaks a process that holds nothing.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from toono.services import limits

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"


class Fault(StrEnum):
    """Why a file is not taken."""

    UNKNOWN_TYPE = "unknown_type"  # neither PDF nor JPEG nor PNG
    BROKEN = "broken"  # cannot be opened
    LOCKED = "locked"  # a PDF behind a password
    ACTIVE = "active"  # a PDF with programs or files in it
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_PAGES = "too_many_pages"


@dataclass(frozen=True)
class Inspected:
    """A sound file: its true type and what is kept of it."""

    media_type: str
    pages: int | None
    content: bytes


class Refused(Exception):
    """The file is not taken."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def media_type(head: bytes) -> str | None:
    """What the first bytes say: PDF (within the first 1,024 bytes, as readers allow), JPEG or PNG."""
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    return PDF if b"%PDF-" in head[:1024] else None


# -- from the portal ---------------------------------------------------------------------------------------------

_places = threading.BoundedSemaphore(limits.INSPECTIONS_AT_ONCE)


def inspect(path: Path) -> Inspected:
    """The file as it will be kept.

    :raises Refused:
    """
    with path.open("rb") as file:
        kind = media_type(file.read(1024))
    if kind is None:
        raise Refused(Fault.UNKNOWN_TYPE)
    with tempfile.NamedTemporaryFile(prefix="toono-drawn-") as drawn:
        found = _in_a_process(path, Path(drawn.name))
        content = Path(drawn.name).read_bytes() if kind != PDF else path.read_bytes()
    return Inspected(media_type=kind, pages=found.get("pages"), content=content)


def _in_a_process(path: Path, drawn: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "toono.services.adapters.inspection", str(path), str(drawn)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TOONO_", "DJANGO_"))}
    with _places:
        try:
            done = subprocess.run(command, capture_output=True, timeout=limits.INSPECTION_SECONDS, env=environment, check=False)
        except subprocess.TimeoutExpired:
            raise Refused(Fault.BROKEN) from None
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise Refused(Fault.BROKEN) from None  # it died of the file: memory, time, a signal
    if "fault" in found:
        raise Refused(Fault(found["fault"]))
    return found


# -- inside the process ------------------------------------------------------------------------------------------


def main(path: str, drawn: str) -> None:
    """Say what was found as JSON; a picture's new drawing goes to ``drawn``."""
    _bound()
    content = Path(path).read_bytes()
    try:
        found = _pdf(content) if media_type(content[:1024]) == PDF else _picture(content, drawn)
    except Refused as refused:
        found = {"fault": refused.fault.value}
    sys.stdout.write(json.dumps(found))


def _bound() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (limits.INSPECTION_MEMORY_BYTES, limits.INSPECTION_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.INSPECTION_SECONDS, limits.INSPECTION_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (8 * limits.FILE_BYTES, 8 * limits.FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _picture(content: bytes, drawn: str) -> dict[str, Any]:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = limits.PICTURE_PIXELS
    try:
        picture = Image.open(io.BytesIO(content), formats=["JPEG", "PNG"])
        if picture.width * picture.height > limits.PICTURE_PIXELS:
            raise Refused(Fault.TOO_MANY_PIXELS)
        picture.load()
        kind = "PNG" if content.startswith(b"\x89PNG") else "JPEG"
        _draw(ImageOps.exif_transpose(picture), kind, drawn)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(Fault.TOO_MANY_PIXELS) from None
    except (OSError, ValueError, SyntaxError, MemoryError, KeyError, IndexError, OverflowError, EOFError):
        raise Refused(Fault.BROKEN) from None
    return {"pages": None}


def _draw(picture: Any, kind: str, drawn: str) -> None:
    """A new picture of the same pixels: nothing but them is written."""
    from PIL import Image

    if kind == "JPEG":
        mode = picture.mode if picture.mode in {"L", "RGB", "CMYK"} else "RGB"
    else:
        picture = picture.convert("RGBA") if picture.mode in {"P", "PA", "LA", "La", "RGBa"} else picture
        mode = picture.mode if picture.mode in {"1", "L", "RGB", "RGBA", "I;16"} else "RGB"
    fresh = Image.new(mode, picture.size)
    fresh.paste(picture if picture.mode == mode else picture.convert(mode))
    options: dict[str, Any] = {"quality": 88} if kind == "JPEG" else {"compress_level": 6}
    fresh.save(drawn, kind, **options)


_ACTIVE_NAMES = ("/JavaScript", "/EmbeddedFiles")
_ACTIVE_ACTIONS = frozenset({"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/GoToE", "/Rendition", "/RichMediaExecute"})

_ACTIVE_ANNOTATIONS = frozenset({"/FileAttachment", "/RichMedia", "/Movie", "/Screen", "/3D"})


def _pdf(content: bytes) -> dict[str, Any]:
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader

    if b"%%EOF" not in content[-2048:]:
        raise Refused(Fault.BROKEN)
    try:
        reader = PdfFileReader(io.BytesIO(content), strict=False)
        if reader.encrypted:
            raise Refused(Fault.LOCKED)
        pages = int(reader.root["/Pages"]["/Count"])
        if not 0 < pages <= limits.PDF_PAGES:
            raise Refused(Fault.TOO_MANY_PAGES if pages > 0 else Fault.BROKEN)
        if _acts(reader.root) or any(_acts(page) for page in _pages(reader.root["/Pages"], [limits.PDF_PAGES])):
            raise Refused(Fault.ACTIVE)
    except Refused:
        raise
    except (PdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, MemoryError, OSError, ZeroDivisionError):
        raise Refused(Fault.BROKEN) from None
    return {"pages": pages}


def _pages(node: Any, left: list[int]) -> Iterator[Any]:
    """Leaves of the tree of pages; ``left`` counts nodes down, so that a tree that bites its tail ends."""
    left[0] -= 1
    if left[0] < -limits.PDF_PAGES:
        raise Refused(Fault.TOO_MANY_PAGES)
    if "/Kids" not in node:
        yield node
        return
    for kid in node["/Kids"]:
        yield from _pages(kid.get_object() if hasattr(kid, "get_object") else kid, left)


def _acts(part: Any) -> bool:
    """Whether a reader would do something by itself: programs, files inside, forms with programs."""
    names = part.get("/Names")
    if names is not None and any(name in names for name in _ACTIVE_NAMES):
        return True
    if "/AA" in part or "/XFA" in (part.get("/AcroForm") or {}) or _acts_by(part.get("/OpenAction")):
        return True
    return any(_annotation_acts(one) for one in part.get("/Annots") or ())


def _acts_by(action: Any) -> bool:
    return isinstance(action, dict) and action.get("/S") in _ACTIVE_ACTIONS


def _annotation_acts(annotation: Any) -> bool:
    found = annotation.get_object() if hasattr(annotation, "get_object") else annotation
    return isinstance(found, dict) and (_acts_by(found.get("/A")) or found.get("/Subtype") in _ACTIVE_ANNOTATIONS)


if __name__ == "__main__":
    main(*sys.argv[1:3])
