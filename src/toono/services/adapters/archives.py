"""A definition as a zip archive of its folder: what one carries between the editor and a repository."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping

MOST_BYTES = 200_000
"""Of one file, unpacked."""
MOST_FILES = 20
_MOMENT = (1980, 1, 1, 0, 0, 0)
"""The same content gives the same bytes."""


class Unreadable(ValueError):
    """No archive, or one that is too large."""


def packed(folder: str, files: Mapping[str, str]) -> bytes:
    """The files in ``folder`` (``dundgovi/water-use-permit``)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(f"{folder}/{name}", _MOMENT), text)
    return out.getvalue()


def unpacked(content: bytes, names: Iterable[str]) -> dict[str, str]:
    """The wanted files by name, in whatever one folder they stand. Nothing is written to a disk.

    :raises Unreadable:
    """
    wanted, found, folders = frozenset(names), {}, set()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            if len(entries) > MOST_FILES:
                raise Unreadable("too many files")
            for entry in entries:
                folder, _, name = entry.filename.rpartition("/")
                if name in wanted:
                    folders.add(folder)
                    found[name] = _text(archive, entry)
    except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise Unreadable(str(error)) from error
    if len(folders) != 1:
        raise Unreadable("the files of one service stand in one folder")
    return found


def _text(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    """Read with a bound of what comes out, whatever the archive says about it."""
    with archive.open(entry) as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise Unreadable(f"{entry.filename} is too large")
    return content.decode("utf-8")
