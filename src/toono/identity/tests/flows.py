"""Signing in by the doors, for tests: what the pages do, without pages."""

from __future__ import annotations

import importlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from toono.identity.contracts import Entered, SignInRequired


class Late:
    """A module of the room, imported when first used: only then has the stage told Django which database to use."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


api: Any = Late("toono.identity.api")
models: Any = Late("toono.identity.models")

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def query(**changes: str) -> str:
    """A good request of the developers' trial client."""
    values = {
        "response_type": "code", "client_id": "demo-rp", "redirect_uri": "http://127.0.0.1:5000/callback", "scope": "openid register",
        "state": "s", "nonce": "n", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    return urlencode(values | changes)


@dataclass
class Visitor:
    """One browser that wants to sign in."""

    stack: Any
    person: dict[str, Any]
    browser: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    address: str | None = None
    flow_id: UUID = field(init=False)

    def __post_init__(self) -> None:
        outcome = api.authorization(query=query(), session_token=None, browser=self.browser)
        assert isinstance(outcome, SignInRequired)
        self.flow_id = outcome.flow_id

    def ask(self, regnum: str | None = None) -> None:
        api.ask_code(
            flow_id=self.flow_id,
            browser=self.browser,
            regnum=self.person["regnum"] if regnum is None else regnum,
            address=self.address,
            language="mn",
        )

    def code(self, after: int = 0) -> str:
        """The code on the phone, once more than ``after`` texts have come."""
        texts = self.stack.wait(lambda: found if len(found := self.texts()) > after else None, timeout=20)
        return re.search(r"\b\d{6}\b", texts[-1]).group()

    def texts(self) -> list[str]:
        return [text for text in self.stack.sms(self.person["phone"]) if re.search(r"\b\d{6}\b", text)]

    def enter(self, code: str, replaces: str | None = None) -> Entered:
        return api.enter_code(flow_id=self.flow_id, browser=self.browser, code=code, address=self.address, device="test", replaces=replaces)

    def drawn(self, after: int = 0) -> str:
        """A code drawn by this process's clock, which a test may have moved; the worker's own goes on."""
        self.code(after)
        challenge = models.Challenge.objects.filter(flow_id=self.flow_id).latest("created_at")
        return api.draw_code(challenge_id=challenge.id).code

    def sign_in(self) -> Entered:
        before = len(self.texts())
        self.ask()
        return self.enter(self.drawn(after=before))


def other_than(code: str) -> str:
    """A code that is surely wrong."""
    return f"{(int(code) + 1) % 1_000_000:06d}"
