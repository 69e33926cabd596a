"""How a protocol request is refused: on a page, by redirect, or as JSON."""

from __future__ import annotations

from typing import Any


class PageRefusal(Exception):
    """Shown to the person here. The browser is never sent to an address that was not proven (RFC 6749 §4.1.2.1)."""

    def __init__(self, description: str, *, error: str = "invalid_request") -> None:
        super().__init__(description)
        self.error = error
        """For the client itself, when it asked without a browser (RFC 9126)."""


class RedirectRefusal(Exception):
    """Told to the client through the browser: ``error`` of RFC 6749 §4.1.2.1 and OpenID Connect Core §3.1.2.6."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error, self.description = error, printable(description)


class DirectRefusal(Exception):
    """Told to the client as JSON: RFC 6749 §5.2, RFC 6750 §3.1."""

    def __init__(
        self, error: str, description: str, *, status: int = 400, authenticate: str | None = None, dpop_nonce: str | None = None
    ) -> None:
        super().__init__(f"{error}: {description}")
        self.error, self.description, self.status, self.authenticate = error, printable(description), status, authenticate
        self.dpop_nonce = dpop_nonce

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object that is answered."""
        return {"error": self.error, "error_description": self.description}


class NothingShown(DirectRefusal):
    """Nobody tried to prove anything, so the answer says how, and no word of an error (RFC 6750 §3.1)."""

    def __init__(self, authenticate: str) -> None:
        super().__init__("invalid_token", "no token", status=401, authenticate=authenticate)

    @property
    def body(self) -> dict[str, Any]:
        return {}


def printable(description: str) -> str:
    """What RFC 6749 §5.2 lets stand in a description: printable ASCII without quotation mark and backslash."""
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in description)[:300]
