"""The picture of a visible signature: lines of text in a frame, with its own letters embedded, so that every reader shows it alike and PDF/A
stays PDF/A (ISO 19005-2 §6.2.11: fonts embedded; §6.2.4: grey only, which fits any output intent). Pure."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from fontTools import subset
from fontTools.ttLib import TTFont

from toono.pki.domain.signatures.pdf_update import Update

LINES_LIMIT = 6
_PADDING = 5.0
_LEADING = 1.25
_LARGEST, _SMALLEST = 13.0, 4.0
_FIRST_LINE = 1.25
"""How much larger the first line is."""
_MISSING = "?"


@dataclass(frozen=True)
class Letters:
    """A part of a font: only the letters of one stamp."""

    file: bytes
    """TrueType."""
    glyphs: dict[str, int]
    widths: dict[int, int]
    """Of a glyph, in thousandths of the size."""
    box: tuple[int, int, int, int]
    ascent: int
    descent: int

    def width(self, line: str) -> float:
        """Of a line at size 1."""
        return sum(self.widths[self.glyphs[letter]] for letter in line) / 1000


def drawing(lines: Sequence[str], *, width: float, height: float, font: bytes) -> Callable[[Update], bytes]:
    """What adds the picture to an update and gives its reference. The first line is the largest; what is too long is set smaller, then cut.

    :param width, height: of the field, in points.
    :param font: TrueType.
    """
    shown = [line for line in (_plain(line) for line in lines) if line][:LINES_LIMIT]
    letters = _letters(font, "".join(sorted({*"".join(shown), _MISSING, "…"})))
    shown = ["".join(letter if letter in letters.glyphs else _MISSING for letter in line) for line in shown]
    content = _content(shown, letters, width, height)
    return lambda update: _added(update, content, letters, width, height)


def _plain(line: str) -> str:
    """Without control characters."""
    return "".join(letter for letter in " ".join(line.split()) if letter.isprintable())


@lru_cache(maxsize=64)
def _letters(font: bytes, text: str) -> Letters:
    whole = TTFont(io.BytesIO(font), recalcTimestamp=False, lazy=True)
    cmap = whole.getBestCmap()
    names = {letter: cmap[ord(letter)] for letter in text if ord(letter) in cmap}
    options = subset.Options(
        layout_features=[], hinting=False, notdef_outline=True, glyph_names=False, legacy_kern=False, recalc_timestamp=False, drop_tables=[
            "GSUB", "GPOS", "GDEF", "name", "OS/2", "post", "STAT", "DSIG", "meta", "MATH", "BASE", "gasp",
        ]
    )  # fmt: skip
    made = subset.Subsetter(options)
    made.populate(unicodes=[ord(letter) for letter in names])
    made.subset(whole)
    out = io.BytesIO()
    whole.save(out)
    scale = 1000 / whole["head"].unitsPerEm
    glyphs = {letter: whole.getGlyphID(name) for letter, name in names.items()}
    widths = {glyphs[letter]: round(whole["hmtx"][name][0] * scale) for letter, name in names.items()}
    head, line = whole["head"], whole["hhea"]
    box = tuple(round(side * scale) for side in (head.xMin, head.yMin, head.xMax, head.yMax))
    return Letters(
        out.getvalue(), glyphs, widths, (box[0], box[1], box[2], box[3]), round(line.ascent * scale), round(line.descent * scale)
    )


def _content(lines: Sequence[str], letters: Letters, width: float, height: float) -> bytes:
    room, tall = width - 2 * _PADDING, height - 2 * _PADDING
    rows = len(lines) + _FIRST_LINE - 1
    size = max(_SMALLEST, min(_LARGEST, tall / (rows * _LEADING)))
    parts = [f"q 0.6 w 0.35 G 0.5 0.5 {width - 1:.2f} {height - 1:.2f} re S Q BT 0 g".encode()]
    below = height - _PADDING
    for number, line in enumerate(lines):
        wanted = size * (_FIRST_LINE if number == 0 else 1)
        own = max(_SMALLEST, min(wanted, room / max(letters.width(line), 0.001)))
        below -= wanted * _LEADING
        text = _fitting(line, letters, room / own)
        glyphs = b"".join(b"%04X" % letters.glyphs[letter] for letter in text)
        parts.append(f"/F1 {own:.2f} Tf 1 0 0 1 {_PADDING:.2f} {below + wanted * 0.3:.2f} Tm <".encode() + glyphs + b"> Tj")
    return b"\n".join((*parts, b"ET"))


def _fitting(line: str, letters: Letters, room: float) -> str:
    if letters.width(line) <= room + 0.01:
        return line
    while line and letters.width(line + "…") > room:
        line = line[:-1]
    return line + "…"


def _added(update: Update, content: bytes, letters: Letters, width: float, height: float) -> bytes:
    name = b"/" + _tag(letters.file) + b"+NotoSans"
    file = update.add_stream(letters.file, b"/Length1 %d" % len(letters.file))
    descriptor = update.add(
        b"<</Type/FontDescriptor/FontName%s/Flags 4/FontBBox[%d %d %d %d]/ItalicAngle 0/Ascent %d/Descent %d/CapHeight 714/StemV 80/FontFile2 %s>>"
        % (name, *letters.box, letters.ascent, letters.descent, file)
    )
    widths = b"".join(b"%d[%d]" % pair for pair in sorted(letters.widths.items()))
    descendant = update.add(
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        b"/FontDescriptor %s/DW 1000/W[%s]/CIDToGIDMap/Identity>>" % (name, descriptor, widths)
    )
    unicode_map = update.add_stream(_unicode_map(letters))
    font = update.add(
        b"<</Type/Font/Subtype/Type0/BaseFont%s/Encoding/Identity-H/DescendantFonts[%s]/ToUnicode %s>>" % (name, descendant, unicode_map)
    )
    box = f"{width:.2f} {height:.2f}".encode()
    return update.add_stream(content, b"/Type/XObject/Subtype/Form/BBox[0 0 %s]/Resources<</Font<</F1 %s>>>>" % (box, font))


def _tag(file: bytes) -> bytes:
    """Six capitals that tell subsets apart (ISO 32000-1 §9.6.4)."""
    return bytes(65 + byte % 26 for byte in hashlib.sha256(file).digest()[:6])


def _unicode_map(letters: Letters) -> bytes:
    """So that the stamp's text can be found and read aloud (§9.10.3)."""
    pairs = sorted((glyph, letter) for letter, glyph in letters.glyphs.items())
    rows = [b"<%04X> <%s>" % (glyph, letter.encode("utf-16-be").hex().upper().encode()) for glyph, letter in pairs]
    blocks = [
        b"%d beginbfchar\n%s\nendbfchar" % (len(part), b"\n".join(part)) for part in (rows[i : i + 100] for i in range(0, len(rows), 100))
    ]
    return (
        b"/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        b"/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        b"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        + b"\n".join(blocks)
        + b"\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
    )
