"""How a protocol request is refused: on a page, by redirect, or as JSON."""

from __future__ import annotations


class PageRefusal(Exception):
    """Shown to the person here. The browser is never sent to an address that was not proven (RFC 6749 §4.1.2.1)."""


class RedirectRefusal(Exception):
    """Told to the client through the browser: ``error`` of RFC 6749 §4.1.2.1 and OpenID Connect Core §3.1.2.6."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error, self.description = error, description


class DirectRefusal(Exception):
    """Told to the client as JSON: RFC 6749 §5.2, RFC 6750 §3.1."""

    def __init__(self, error: str, description: str, *, status: int = 400, authenticate: str | None = None) -> None:
        super().__init__(f"{error}: {description}")
        self.error, self.description, self.status, self.authenticate = error, description, status, authenticate
