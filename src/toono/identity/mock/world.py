"""Everything that the mock holds while it runs: who is signed in where, which requests wait, how answers deviate. Gone at the end."""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from toono.identity.domain.oidc import consent
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.storage import Client, Provider, Session
from toono.identity.mock import deviations as d
from toono.identity.mock.check.cases import Dialect
from toono.identity.mock.check.inspection import Inspection
from toono.identity.mock.clients import Door
from toono.identity.mock.deviations import Deviation
from toono.identity.mock.journal import KEPT, Kind, Seen
from toono.identity.mock.keys import Keys
from toono.identity.mock.memory import Kept, Memory
from toono.identity.mock.persons import Person
from toono.identity.mock.words import gettext_noop
from toono.kernel.clock import now
from toono.kernel.ids import uuid7

ACR, AMR = "substantial", ("sms",)
"""As the platform says of a sign-in by a code on the phone."""


@dataclass(frozen=True)
class Switch:
    """A deviation that a developer can turn on for the next answer."""

    title: str
    deviation: Deviation


SWITCHES: dict[str, Switch] = {
    "refused": Switch(gettext_noop("Дараагийн хүсэлтэд «одоо боломжгүй» (temporarily_unavailable) гэж хариулна"), Deviation(answer=d.refused("temporarily_unavailable"))),
    "denied": Switch(gettext_noop("Дараагийн хүн зөвшөөрөхгүй (access_denied)"), Deviation(answer=d.refused("access_denied"))),
    "token_refused": Switch(gettext_noop("Дараагийн кодыг хүлээж авахгүй (invalid_grant)"), Deviation(reply=d.token_refused)),
    "expired": Switch(gettext_noop("Дараагийн токен ирэхдээ хугацаа нь дууссан байна"), Deviation(expires=True)),
    "rolled": Switch(gettext_noop("Дараагийн id token-ы өмнө түлхүүр солигдоно"), Deviation(rolls_key=True)),
    "lost": Switch(gettext_noop("Токены дараагийн хариу замдаа алдагдана"), Deviation(loses_reply=True)),
    "register_away": Switch(gettext_noop("ДАН-гийн дараагийн хариунд бүртгэлүүд хариу өгөхгүй (801)"), Deviation(service=d.registers_away)),
}  # fmt: skip
"""What can be turned on for once."""


@dataclass(kw_only=True)
class Flow:
    """A request that waits for its person."""

    browser: str
    dialect: Dialect
    parameters: Parameters
    client: Client
    pushed: str = ""
    signed: bool = False
    items: tuple[consent.Item, ...] = ()
    session: Session | None = None
    """Who signed in for this very request."""
    response: Response | None = None
    """What the browser was given in the end."""
    answered_at: float = 0.0
    """When; by a clock that only runs."""


@dataclass(kw_only=True)
class World:
    """The mock at one moment."""

    issuer: str
    people: Sequence[Person]
    known: tuple[Client, ...] = ()
    is_open: bool = True
    keys: Keys = field(default_factory=Keys)
    shift: timedelta = timedelta()
    """How far the mock's clock is ahead."""
    slow_seconds: float = 0.0
    """How long every reply to a client's own request waits."""
    armed: set[str] = field(default_factory=set)
    """Switches that are on."""

    def __post_init__(self) -> None:
        self.memory = Memory(self.people, self.now)
        self.door = Door(self.memory, self.known, is_open=self.is_open)
        self.inspection = Inspection()
        self.journal: deque[Seen] = deque(maxlen=KEPT)
        self.browsers: Kept[Session] = Kept()
        self.flows: Kept[Flow] = Kept()
        self._mac_key = secrets.token_bytes(32)

    def now(self) -> datetime:
        return now() + self.shift

    def provider(self) -> Provider:
        """What the protocol functions take."""
        return Provider(
            issuer=self.issuer, storage=self.memory, now=self.now(), keys=self.keys.published, sign=self._sign,
            random=lambda: secrets.token_urlsafe(32), identifier=lambda: str(uuid7()), mac=self._mac,
        )  # fmt: skip

    def _mac(self, purpose: str, value: str) -> str:
        return hmac.digest(self._mac_key, f"{purpose} {value}".encode(), "sha256").hex()

    # -- how answers deviate ------------------------------------------------------------------------------------

    def deviations(self, hook: str) -> Iterator[Deviation]:
        """Those that touch this place: the check's, and switches, which are off again from now on."""
        under_way = self.inspection.deviation
        if under_way is not None and getattr(under_way, hook):
            yield under_way
        for code in [code for code in SWITCHES if code in self.armed and getattr(SWITCHES[code].deviation, hook)]:
            self.armed.discard(code)
            yield SWITCHES[code].deviation

    def _sign(self, claims: dict[str, Any], typ: str) -> str:
        """Every token of the provider. An answer by JARM (it has a code or an error) and an id token may deviate."""
        if typ == "JWT" and {"code", "error"} & claims.keys():
            claims = dict(self.answer(claims))
        if typ == "JWT" and "sub" in claims and "auth_time" not in claims:
            claims = self.userinfo(claims)
        if typ != "JWT" or "auth_time" not in claims:
            return self.keys.sign(claims, typ)
        for _ in self.deviations("rolls_key"):
            self.keys.roll()
        made = next((one.id_token for one in self.deviations("id_token")), None)
        return made(self.keys, claims) if made else self.keys.sign(claims, typ)

    def answer(self, found: dict[str, str]) -> dict[str, str]:
        """What the browser brings back."""
        for one in self.deviations("answer"):
            found = one.answer(found) if one.answer else found
        return found

    def userinfo(self, found: dict[str, Any]) -> dict[str, Any]:
        """What userinfo says, plain or signed."""
        for one in self.deviations("userinfo"):
            found = one.userinfo(found) if one.userinfo else found
        return found

    # -- what was seen ------------------------------------------------------------------------------------------

    def see(
        self, kind: Kind, data: Mapping[str, str] | None = None, *, client_id: str = "", status: int = 200, fault: str = "",
        dialect: Dialect | None = None,
    ) -> None:  # fmt: skip
        """Write a request into the journal, and tell the check of it."""
        seen = Seen(kind=kind, at=self.now(), client_id=client_id, status=status, fault=fault, data=data or {})
        self.journal.append(seen)
        self.inspection.see(seen, dialect=dialect)

    # -- persons ------------------------------------------------------------------------------------------------

    def person(self, code: str) -> Person | None:
        return next((person for person in self.people if person.code == code), None)

    def session(self, browser: str) -> Session | None:
        """Who is signed in here in this browser."""
        found = self.browsers.get(browser)
        return found if found is not None and self.memory.session_lives(found.id) else None

    def sign_in(self, person: Person, browser: str = "") -> Session:
        """Begin a session; in this browser, if one is named."""
        made = Session(id=str(uuid7()), subject=person.subject, auth_time=self.now(), acr=ACR, amr=AMR)
        self.memory.sessions[made.id] = made
        if browser:
            self.browsers[browser] = made
        return made

    def sign_out(self, browser: str) -> Session | None:
        """End the session of this browser, with what hangs on it."""
        ended = self.browsers.pop(browser, None)
        if ended is not None:
            self.memory.sessions.pop(ended.id, None)
        return ended
