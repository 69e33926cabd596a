"""One case under way: what the client did, how it ended, and what can be said of it. Values only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from toono.identity.mock.journal import BEGINNINGS, Kind, Seen
from toono.identity.mock.words import Said


class Result(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It says nothing about this client, or nobody could look."""
    UNCLEAR = "unclear"
    """Only a person can tell, or the client did not come so far."""
    OPEN = "open"
    """Not tried yet."""


@dataclass(frozen=True)
class Verdict:
    result: Result
    said: Said


@dataclass(frozen=True, kw_only=True)
class End:
    """Where the client's browser came to rest."""

    status: int = 0
    """Of the client's last page; 0: nobody knows."""
    path: str = ""
    signed_in: bool | None = None
    """By a page that only somebody signed in can see, or by the person's word."""

    @property
    def broke(self) -> bool:
        return self.status >= 500


@dataclass(kw_only=True)
class Run:
    """A case from its beginning to its verdict."""

    case: str
    person: str = ""
    """Code of the persona who signs in by themselves, without pages; empty: somebody sits before the browser."""
    seen: list[Seen] = field(default_factory=list)
    end: End | None = None

    def of(self, kind: Kind) -> Iterator[Seen]:
        return (one for one in self.seen if one.kind is kind)

    @property
    def codes(self) -> set[str]:
        """What the browser brought to the client."""
        return {one.data["code"] for one in self.of(Kind.ANSWER) if "code" in one.data}

    @property
    def requests(self) -> set[str]:
        """What the client was given to ask again by: ``device_code``, ``auth_req_id``."""
        return {one.data["request"] for one in self.begun_elsewhere if "request" in one.data}

    @property
    def begun_elsewhere(self) -> list[Seen]:
        """Requests that their person answers elsewhere, as they were begun."""
        return [one for one in self.seen if one.kind in (Kind.DEVICE, Kind.BACKCHANNEL)]

    @property
    def answered(self) -> bool:
        return any(self.of(Kind.ANSWER))

    @property
    def asked(self) -> bool:
        """Whether the client has begun a sign-in at all."""
        return any(self.of(Kind.AUTHORIZE)) or any(one.status == 200 for one in self.begun_elsewhere)

    @property
    def has_begun(self) -> bool:
        """From now on the client goes on by itself."""
        return any(one.kind in BEGINNINGS for one in self.seen)

    @property
    def redeemed(self) -> list[Seen]:
        """Token requests with a code, or for a request, of this run."""
        return [one for one in self.of(Kind.TOKEN) if one.data.get("code") in self.codes or one.data.get("request") in self.requests]

    @property
    def outcome(self) -> Seen | None:
        """What the client was told in the end of a request that was answered elsewhere: tokens, or an error that is final."""
        return next((one for one in self.redeemed if "request" in one.data and not waits(one)), None)

    @property
    def is_open(self) -> bool:
        """A request that is answered elsewhere has no outcome yet."""
        return bool(self.requests) and self.outcome is None

    @property
    def has_tokens(self) -> bool:
        return any(one.status == 200 for one in self.redeemed)

    def after_tokens(self, *kinds: Kind) -> bool:
        """Whether one of these was asked for after the tokens were given."""
        given = next((number for number, one in enumerate(self.seen) if one in self.redeemed and one.status == 200), None)
        return given is not None and any(one.kind in kinds for one in self.seen[given + 1 :])

    def went_on(self, honest: Run | None) -> bool | None:
        """Whether the client took the person for signed in; None: it cannot be seen from here.

        The best witness is a page of the client; then, whether it went on to the data; then, whether it ended as in the honest sign-in.
        """
        if self.end is not None and self.end.signed_in is not None:
            return self.end.signed_in
        data = (Kind.USERINFO, Kind.SERVICE)
        if self.after_tokens(*data):
            return True
        if honest is not None and honest.after_tokens(*data):
            return False
        if self.end is None or not self.end.status:
            return None
        if self.end.status >= 400 or honest is None or honest.end is None:
            return self.end.status < 400
        return (self.end.status, self.end.path) == (honest.end.status, honest.end.path)


def waits(seen: Seen) -> bool:
    """A client that asked again was told to go on asking; or was told nothing, since the reply was lost."""
    return seen.status == 0 or seen.fault.startswith(("authorization_pending", "slow_down"))
