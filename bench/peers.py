"""nginx as the peer of the pages: serving a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.nginx import nginx


@contextmanager
def files(folder: Path, *, port: int, page: bytes) -> Iterator[str]:
    """nginx serves ``page`` as ``/page.html``; gives its address."""
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "page.html").write_bytes(page)
    address = f"http://127.0.0.1:{port}"
    with nginx(folder, f"server {{ listen 127.0.0.1:{port}; location / {{ root {folder}/files; }} }}", answers=address):
        yield address
