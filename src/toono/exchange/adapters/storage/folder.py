"""Archives in a folder of a file system."""

from __future__ import annotations

from pathlib import Path

from toono.exchange.errors import ArchiveUnavailable
from toono.kernel.files import write_durably


class FolderStorage:
    """One file for each archive; a crash leaves a file whole or not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, content: bytes) -> None:
        """:raises ArchiveUnavailable: the disk is full, not there, or not ours."""
        try:
            write_durably(self.folder / name, content, mode=0o640)
        except OSError as error:
            raise ArchiveUnavailable(f"{self.folder / name}: {error}") from error

    def read(self, name: str) -> bytes:
        """:raises ArchiveUnavailable: there is no such file."""
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise ArchiveUnavailable(f"{self.folder / name}: {error}") from error
