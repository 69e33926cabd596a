"""ZIP files that a stranger made, and ours, which are the same bytes each time.

Two readers must see the same: X-Road's reads the entries as they follow each other, Python's by the directory at the end. A file in which the two could differ is refused.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from typing import Final, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from toono.exchange.domain.evidence.findings import Refused

_BROKEN: Final = (
    BadZipFile,
    zlib.error,
    ValueError,
    RuntimeError,
    NotImplementedError,
    EOFError,
    OverflowError,
    KeyError,
    IndexError,
    OSError,
)
_LOCAL_HEADER_BYTES: Final = 30
_END_RECORD_BYTES: Final = 22
_DESCRIPTOR_BYTES: Final = (0, 12, 16, 20, 24)
_HAS_DESCRIPTOR, _ENCRYPTED = 0x08, 0x01
_OWNER_READS: Final = 0o644 << 16
_READ_BYTES: Final = 1 << 16


class Entry(NamedTuple):
    """A file to be written."""

    name: str
    content: bytes
    packed: bool = True


def write(entries: Iterable[Entry], *, at: datetime, comment: bytes = b"") -> bytes:
    """A ZIP file of these entries in their order; all carry the moment ``at`` (UTC, to two seconds, from 1980 on)."""
    moment, target = max(at.astimezone(UTC), datetime(1980, 1, 1, tzinfo=UTC)), BytesIO()
    with ZipFile(target, "w") as file:
        file.comment = comment
        for entry in entries:
            info = ZipInfo(entry.name, moment.timetuple()[:6])
            info.compress_type = ZIP_DEFLATED if entry.packed else ZIP_STORED
            info.create_system, info.external_attr = 3, _OWNER_READS
            file.writestr(info, entry.content)
    return target.getvalue()


def read(content: bytes, *, most_bytes: int, most_entries: int, code: str) -> dict[str, bytes]:
    """Content of the entries by name, in the order of the file.

    :param most_bytes: of the file, and of all that is in it.
    :raises Refused: with ``code``; too large, ambiguous, encrypted, damaged, or with names that lead elsewhere.
    """
    if len(content) > most_bytes:
        raise Refused(code, f"The file is larger than {most_bytes} bytes.")
    try:
        with ZipFile(BytesIO(content)) as file:
            infos = sorted(file.infolist(), key=lambda info: info.header_offset)
            if len(infos) > most_entries:
                raise Refused(code, f"The file has more than {most_entries} entries.")
            _check_names(infos, code)
            _check_places(content, infos, file.start_dir, code)
            _check_end(content, file.start_dir, len(file.comment), code)
            return _contents(file, infos, most_bytes, code)
    except _BROKEN as error:
        raise Refused(code, f"The file is no sound ZIP file: {error}.") from None


def names(content: bytes) -> list[str]:
    """Names of the entries; none where it is no ZIP file."""
    try:
        with ZipFile(BytesIO(content)) as file:
            return file.namelist()
    except _BROKEN:
        return []


def _check_names(infos: list[ZipInfo], code: str) -> None:
    given = [info.orig_filename for info in infos]
    if len({name.lower() for name in given}) != len(given):
        raise Refused(code, "Two entries have the same name.")
    for name in given:
        if not name or name.startswith("/") or "\\" in name or not name.isprintable() or {"", ".", ".."} & set(name.split("/")):
            raise Refused(code, f"The name of the entry {name!r} is not accepted.")


def _check_places(content: bytes, infos: list[ZipInfo], directory: int, code: str) -> None:
    """The entries fill the file without a gap, so that nothing hides between them."""
    place = 0
    gaps: tuple[int, ...] = (0,)
    for info in infos:
        if info.header_offset - place not in gaps:
            raise Refused(code, "Something stands between the entries.")
        header = content[info.header_offset : info.header_offset + _LOCAL_HEADER_BYTES]
        texts = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        place = info.header_offset + _LOCAL_HEADER_BYTES + texts + info.compress_size
        described = bool(info.flag_bits & _HAS_DESCRIPTOR)
        gaps = _DESCRIPTOR_BYTES[1:] if described else (0,)
        if info.flag_bits & _ENCRYPTED or info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise Refused(code, f"The entry {info.filename} is encrypted, or packed in an unknown way.")
        if described and info.compress_type == ZIP_STORED:
            raise Refused(code, f"The end of the entry {info.filename} cannot be told.")
    if not infos or directory - place not in gaps:
        raise Refused(code, "Something stands behind the entries.")


def _check_end(content: bytes, directory: int, comment: int, code: str) -> None:
    """Behind the entries stand the directory, its end record and the comment, and nothing else."""
    record = len(content) - _END_RECORD_BYTES - comment
    size = int.from_bytes(content[record + 12 : record + 16], "little")
    said = int.from_bytes(content[record + 20 : record + 22], "little")
    if content[record : record + 4] != b"PK\x05\x06" or directory + size != record or said != comment:
        raise Refused(code, "Something stands behind the directory.")


def _contents(file: ZipFile, infos: list[ZipInfo], most_bytes: int, code: str) -> dict[str, bytes]:
    left, contents = most_bytes, {}
    for info in infos:
        parts = []
        with file.open(info) as source:
            while part := source.read(_READ_BYTES):
                left -= len(part)
                if left < 0:
                    raise Refused(code, f"The file holds more than {most_bytes} bytes.")
                parts.append(part)
        contents[info.filename] = b"".join(parts)
    return contents
