"""Receiving files: measured while they arrive, on disk and not in memory, refused unread where too much is announced."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_protect

from toono.services.api import FILE_BYTES, REQUEST_BYTES
from toono.services.contracts import Upload
from toono.services.errors import AttachmentTooLarge, FormIncomplete

View = Callable[..., HttpResponse]


class Measured(TemporaryFileUploadHandler):
    """Writes a file to disk up to its limit, and only counts what comes after: the size tells that it is too large."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.arrived = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.arrived += len(raw_data)
        if self.arrived <= FILE_BYTES:
            super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> Any:
        return super().file_complete(self.arrived)


def receives_files(view: View) -> View:
    """For a view marked ``csrf_exempt``: look at the announced length before anything reads the body, measure files while they
    arrive; the form's token is checked after that, inside.

    :raises AttachmentTooLarge: more than may be sent at once.
    :raises FormIncomplete: it broke off, or has no sense.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > REQUEST_BYTES:
            raise AttachmentTooLarge(f"a form of {length} bytes was announced")
        if request.method == "POST":
            _receive(request)
        return csrf_protect(view)(request, *args, **kwargs)

    return guarded


def _receive(request: HttpRequest) -> None:
    request.upload_handlers = [Measured(request)]
    try:
        request.POST  # noqa: B018 - the form is read when it is first asked for
    except (MultiPartParserError, SuspiciousOperation, UnreadablePostError) as error:
        raise FormIncomplete(str(error)) from error


def uploads(request: HttpRequest) -> dict[str, list[Upload]]:
    """The files that arrived, by field; an empty file field is none."""
    return {
        field: [Upload(name=file.name or "", path=Path(file.temporary_file_path()), size_bytes=file.size or 0) for file in files]  # type: ignore[attr-defined]
        for field, files in request.FILES.lists()
    }
