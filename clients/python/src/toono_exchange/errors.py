"""What a call may end in besides an answer."""

from __future__ import annotations

from typing import Any, Literal

Outcome = Literal["not_done", "unknown"]


class ExchangeError(Exception):
    """A call has no answer. ``code`` is stable; ``outcome`` says whether the register may have acted."""

    def __init__(
        self, code: str, message: str, *, outcome: Outcome = "not_done", status: int | None = None, document: dict[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.outcome, self.status = code, outcome, status
        self.document = document or {}
        """The problem document (RFC 9457), where there is one."""

    @property
    def message_id(self) -> str | None:
        """By which the exchange knows the call."""
        found = self.document.get("message_id")
        return str(found) if found is not None else None


class Refused(ExchangeError):
    """The exchange does not do this call; the same call will be refused again."""


class Unavailable(ExchangeError):
    """No gateway has answered, or each asked to come later, until the deadline."""


class Untrusted(ExchangeError):
    """What answered is not a gateway: another authority stands behind its certificate."""
