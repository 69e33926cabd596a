"""Where archives of the message log are kept: a folder, or a storage that speaks S3. Chosen by the setting ``archive_url``."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit

from toono.exchange.adapters.storage.folder import FolderStorage
from toono.kernel.settings import Settings


class Storage(Protocol):
    """Files by name. What was written is safe when ``write`` returns; the same file written again changes nothing."""

    def write(self, name: str, content: bytes) -> None:
        """:raises ArchiveUnavailable: it is not known to be safe; write it again."""

    def read(self, name: str) -> bytes:
        """:raises ArchiveUnavailable: there is no such file, or it cannot be had whole."""


def storage(settings: Settings) -> Storage:
    """The storage of this copy."""
    address = urlsplit(settings.archive_url)
    if address.scheme == "s3":
        from toono.exchange.adapters.storage.s3 import S3Storage  # its library takes as long to load as all the rest of a worker

        return S3Storage(
            bucket=address.netloc,
            prefix=address.path.strip("/"),
            endpoint=settings.archive_s3_endpoint,
            key_id=settings.archive_s3_key_id,
            secret=settings.archive_s3_secret,
        )
    return FolderStorage(settings.home / (settings.archive_url or "archive"))
