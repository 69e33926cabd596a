"""Requests as the portal's process takes them."""

from __future__ import annotations

from django.core.handlers.wsgi import WSGIRequest


class PortalRequest(WSGIRequest):
    """Reads the address's parameters only when somebody asks for them.

    Django's own reads them already when the content type names a charset; where they are too many it then fails before anything that could
    answer (``WSGIHandler.__call__`` makes the request outside of its handling of errors).
    """

    @property
    def encoding(self) -> str | None:
        return self._encoding

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        self._encoding = value
        for read in ("GET", "_post"):
            self.__dict__.pop(read, None)
