"""Everything that the mock holds while it runs: who is signed in where, which requests wait, how answers deviate. Gone at the end."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from starlette.responses import Response

from toono.identity.domain.oidc import authorization_details, consent, registration, token
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import ES256, Client, Provider, Session
from toono.identity.domain.oidc.userinfo import PERSONAL_SCOPES
from toono.identity.mock import deviations as d
from toono.identity.mock.check.cases import Dialect
from toono.identity.mock.check.inspection import Inspection
from toono.identity.mock.clients import Door
from toono.identity.mock.deviations import Deviation
from toono.identity.mock.journal import BEGINNINGS, KEPT, Kind, Seen
from toono.identity.mock.keys import Keys, published_keys
from toono.identity.mock.memory import Kept, Memory
from toono.identity.mock.persons import Person
from toono.identity.mock.tls import Tls
from toono.identity.mock.words import gettext_noop
from toono.kernel.clock import now
from toono.kernel.ids import uuid7

ACR, AMR = "substantial", ("sms",)
"""As the platform says of a sign-in by a code on the phone."""


class Answering(StrEnum):
    """Who answers what is asked elsewhere, on a device or by a client."""

    ASK = "ask"
    """Somebody on the pages, or over the control interface."""
    AGREE = "agree"
    REFUSE = "refuse"
    """Nobody: it is answered so at once."""


@dataclass(frozen=True)
class Switch:
    """A deviation that a developer can turn on for the next answer."""

    title: str
    deviation: Deviation
    group: str = ""
    """Heading under which it stands; empty: signing in."""


DEVICES = gettext_noop("Төхөөрөмж, утсаар зөвшөөрөх (CIBA)")
MACHINES = gettext_noop("Систем хоорондын хүсэлт")


SWITCHES: dict[str, Switch] = {
    "refused": Switch(gettext_noop("Дараагийн хүсэлтэд «одоо боломжгүй» (temporarily_unavailable) гэж хариулна"), Deviation(answer=d.refused("temporarily_unavailable"))),
    "denied": Switch(gettext_noop("Дараагийн хүн зөвшөөрөхгүй (access_denied)"), Deviation(answer=d.refused("access_denied"))),
    "token_refused": Switch(gettext_noop("Дараагийн кодыг хүлээж авахгүй (invalid_grant)"), Deviation(reply=d.token_refused)),
    "expired": Switch(gettext_noop("Дараагийн токен ирэхдээ хугацаа нь дууссан байна"), Deviation(expires=True)),
    "rolled": Switch(gettext_noop("Дараагийн id token-ы өмнө түлхүүр солигдоно"), Deviation(rolls_key=True)),
    "lost": Switch(gettext_noop("Токены дараагийн хариу замдаа алдагдана"), Deviation(loses_reply=True)),
    "register_away": Switch(gettext_noop("ДАН-гийн дараагийн хариунд бүртгэлүүд хариу өгөхгүй (801)"), Deviation(service=d.registers_away)),
    "answer_iss": Switch(gettext_noop("Дараагийн хариуд өөр үйлчилгээний нэр (iss) бичнэ"), Deviation(answer=d.changed(iss=d.OTHER_ISSUER))),
    "token_iss": Switch(gettext_noop("Дараагийн id token-д өөр үйлчилгээний нэр (iss) бичнэ"), Deviation(id_token=d.claiming(lambda _: {"iss": d.OTHER_ISSUER}))),
    "slow_down": Switch(gettext_noop("Дараа асуухад «арай удаан» (slow_down) гэнэ"), Deviation(poll=d.too_soon), DEVICES),
    "approval_expired": Switch(gettext_noop("Дараа асуухад хугацаа нь дууссан (expired_token) байна"), Deviation(poll=d.over), DEVICES),
    "approval_denied": Switch(gettext_noop("Дараа асуухад хүн татгалзсан (access_denied) байна"), Deviation(poll=d.said_no), DEVICES),
    "poll_lost": Switch(gettext_noop("Дараа асуухад хариу нь замдаа алдагдана"), Deviation(loses_poll=True), DEVICES),
    "ping_forged": Switch(gettext_noop("Хүн хариулахаас өмнө хуурамч дохио (ping) очно"), Deviation(early_pings=d.by_another), DEVICES),
    "ping_lost": Switch(gettext_noop("Дараагийн дохио (ping) очихгүй"), Deviation(pings=d.none), DEVICES),
    "ping_twice": Switch(gettext_noop("Дараагийн дохио (ping) хоёр удаа очно"), Deviation(pings=d.twice), DEVICES),
    "push_refused": Switch(gettext_noop("Урьдчилан илгээсэн дараагийн хүсэлтийг (PAR) хүлээж авахгүй"), Deviation(refusal=("par", "invalid_request")), MACHINES),
    "push_expired": Switch(gettext_noop("Урьдчилан илгээсэн дараагийн хүсэлтийн (PAR) хугацаа хөтөч ирэхэд дууссан байна"), Deviation(expires_push=True), MACHINES),
    "exchange_refused": Switch(gettext_noop("Дараагийн токен солилцоог зөвшөөрөхгүй (invalid_target)"), Deviation(refusal=("exchange", "invalid_target")), MACHINES),
    "registration_refused": Switch(gettext_noop("Дараагийн бүртгэлийг зөвшөөрөхгүй (unapproved_software_statement)"), Deviation(refusal=("register", "unapproved_software_statement")), MACHINES),
    "tls_stranger": Switch(gettext_noop("Дараагийн хариуны дараа системд TLS-ээр танихгүй гэрчилгээ үзүүлнэ"), Deviation(stranger=True), MACHINES),
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
    tls: Tls | None = None
    """None: plain HTTP."""
    answering: Answering = Answering.ASK
    answering_person: str = ""
    """Code of who answers at a device then; empty: the first."""

    def __post_init__(self) -> None:
        self.memory = Memory(self.people, self.now)
        self.door = Door(self.memory, self.known, is_open=self.is_open, issuer=self.issuer)
        self.begin_inspection()
        self.polls: Kept[int] = Kept()
        """How often each request that waits was asked for."""
        self.tasks: set[asyncio.Task[None]] = set()
        """What goes on by itself: pings, answers at once."""
        self.journal: deque[Seen] = deque(maxlen=KEPT)
        self.browsers: Kept[Session] = Kept()
        self.flows: Kept[Flow] = Kept()
        self._mac_key = secrets.token_bytes(32)
        self._client_is_next = False
        """The last that was seen is what a client goes on from by itself."""

    def begin_inspection(self) -> None:
        """Forget what was found of a client so far."""
        self.inspection = Inspection(tls=self.tls is not None)

    def go_on(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this beside what clients ask for; kept, since the loop itself holds it only weakly."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def now(self) -> datetime:
        return now() + self.shift

    def provider(self) -> Provider:
        """What the protocol functions take."""
        return Provider(
            issuer=self.issuer, storage=self.memory, now=self.now(), keys=self.keys.published, sign=self._sign,
            random=lambda: secrets.token_urlsafe(32), identifier=lambda: str(uuid7()), mac=self._mac, published_keys=published_keys,
        )  # fmt: skip

    def _mac(self, purpose: str, value: str) -> str:
        return hmac.digest(self._mac_key, f"{purpose} {value}".encode(), "sha256").hex()

    # -- how answers deviate ------------------------------------------------------------------------------------

    def deviations(self, hook: str, touches: Callable[[Deviation], bool] = lambda _: True) -> Iterator[Deviation]:
        """Those that touch this place: the check's, and switches, which are off again from now on.

        :param touches: whether it touches this very request, where the hook alone does not say.
        """
        under_way = self.inspection.deviation
        if under_way is not None and getattr(under_way, hook) and touches(under_way):
            yield under_way
        for code in [code for code, switch in SWITCHES.items() if code in self.armed and getattr(switch.deviation, hook)]:
            if touches(SWITCHES[code].deviation):
                self.armed.discard(code)
                yield SWITCHES[code].deviation

    def refuse(self, endpoint: str) -> None:
        """:raises DirectRefusal: this endpoint shall refuse now."""
        for one in self.deviations("refusal", lambda one: one.refusal is not None and one.refusal[0] == endpoint):
            if one.refusal is not None:
                raise DirectRefusal(one.refusal[1], d.BY_THE_MOCK)

    def shows_stranger(self) -> bool:
        """Whether the connection that begins over TLS meets a certificate that nobody trusts: the client shall, and no browser."""
        run, is_next, self._client_is_next = self.inspection.current, self._client_is_next, False
        return any(
            self.deviations("stranger", lambda one: run is not None and run.has_begun if one is self.inspection.deviation else is_next)
        )

    def _sign(self, claims: dict[str, Any], typ: str, algorithm: str = ES256) -> str:
        """Every token of the provider. An answer by JARM (it has a code or an error) and an id token may deviate."""
        keys = self.keys.of(algorithm)
        if typ == "JWT" and {"code", "error"} & claims.keys():
            claims = dict(self.answer(claims))
            forged = next((one.signed_answer for one in self.deviations("signed_answer")), None)
            return forged(keys, claims) if forged else keys.sign(claims, typ)
        if typ == "JWT" and "sub" in claims and "auth_time" not in claims:
            claims = self.userinfo(claims)
        if typ != "JWT" or "auth_time" not in claims:
            return keys.sign(claims, typ)
        for _ in self.deviations("rolls_key"):
            keys.roll()
        made = next((one.id_token for one in self.deviations("id_token")), None)
        return made(keys, claims) if made else keys.sign(claims, typ)

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
        self._client_is_next = kind in BEGINNINGS
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

    def issue_statement(self, *, name: str, redirect_hosts: Sequence[str], resources: Sequence[str] = ()) -> str:
        """A software statement (RFC 7591 §2.3) for a made-up organisation, which may register everything there is, at these hosts."""
        moment, identifier = self.now(), str(uuid7())
        bounds = {
            "grant_types": sorted(token.GRANTS), "scope": " ".join(sorted(PERSONAL_SCOPES)), "redirect_hosts": list(redirect_hosts),
            "resources": list(resources), "authorization_details_types": sorted(authorization_details.TYPES),
        }  # fmt: skip
        claims = registration.statement_claims(
            issuer=self.issuer, issued=int(moment.timestamp()), identifier=identifier, software_id=f"mock-{identifier[-6:]}", client_name=name,
            bounds=bounds,
        )  # fmt: skip
        return self._sign(claims, registration.STATEMENT_TYPE)

    def heal(self) -> None:
        """Answers are right and prompt again, and the clock is that of everybody."""
        self.armed, self.slow_seconds, self.shift = set(), 0, timedelta()

    def sign_everybody_out(self) -> None:
        self.browsers.clear()
        self.memory.sessions.clear()

    def sign_out(self, browser: str) -> Session | None:
        """End the session of this browser, with what hangs on it."""
        ended = self.browsers.pop(browser, None)
        if ended is not None:
            self.memory.sessions.pop(ended.id, None)
        return ended
