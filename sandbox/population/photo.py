"""Photos of invented persons: a drawn head and shoulders whose colours and shape come from the civil id, always the same. No real face.

PNG (ISO/IEC 15948) with a palette, drawn when asked for: some hundred bytes and a millisecond.
"""

from __future__ import annotations

import hashlib
import struct
import zlib

WIDTH, HEIGHT = 120, 160
_SKINS = ((0xF2, 0xD3, 0xB1), (0xE6, 0xBC, 0x98), (0xD4, 0xA3, 0x7A), (0xC6, 0x8E, 0x65))
_HAIRS = ((0x1B, 0x1B, 0x1F), (0x2D, 0x22, 0x1C), (0x4A, 0x36, 0x2A), (0x8A, 0x8A, 0x8A))
_BACK, _EYE = (0xDF, 0xE7, 0xEE), (0x22, 0x22, 0x22)


def photo(civil_id: str) -> bytes:
    """The photo of the person with this civil id: PNG of 120 × 160 points."""
    dice = hashlib.sha256(f"photo:{civil_id}".encode()).digest()
    coat = (60 + dice[2] % 140, 60 + dice[3] % 140, 60 + dice[4] % 140)
    palette = (_BACK, coat, _SKINS[dice[0] % 4], _HAIRS[dice[1] % 4], _EYE)
    head = (22 + dice[5] % 8, 30 + dice[6] % 8)
    fringe, gap = 48 + dice[7] % 12, 9 + dice[8] % 4
    rows = bytearray()
    for y in range(HEIGHT):
        rows.append(0)
        rows += bytes(_colour(x - WIDTH // 2, y, head, fringe, gap) for x in range(WIDTH))
    return _png(bytes(rows), palette)


def _colour(x: int, y: int, head: tuple[int, int], fringe: int, gap: int) -> int:
    """Number in the palette of the point ``x`` from the middle, ``y`` from above."""
    width, height = head
    if abs(abs(x) - gap) <= 2 and abs(y - 70) <= 2:
        return 4
    if _inside(x, y - 74, width, height):
        return 3 if y < fringe else 2
    if _inside(x, y - 68, width + 6, height + 6) and y < 90:
        return 3
    if abs(x) < 10 and 90 <= y < 122:
        return 2
    return 1 if _inside(x, y - 170, 54, 58) else 0


def _inside(x: int, y: int, width: int, height: int) -> bool:
    return (x * height) ** 2 + (y * width) ** 2 <= (width * height) ** 2


def _png(rows: bytes, palette: tuple[tuple[int, int, int], ...]) -> bytes:
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    parts = (b"IHDR", head), (b"PLTE", b"".join(map(bytes, palette))), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
