"""What leaves identity."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from toono.kernel.actor import Role
from toono.kernel.contract import Contract


class TypedPerson(Contract):
    """A person as whoever holds the machine knows them, while there is no register to ask. Corrected by the register at the first reading."""

    civil_id: str = Field(pattern=r"^[0-9]{12}$")
    clan_name: str = Field(max_length=100)
    patronymic: str = Field(max_length=100)
    given_name: str = Field(min_length=1, max_length=100)
    phone: str = Field(pattern=r"^[0-9]{8}$")
    """Where the codes for signing in go."""


class Person(Contract):
    """A person as the population register knows them."""

    id: UUID
    civil_id: str
    """Twelve digits, given by the register."""
    regnum: str
    """Register number: two Cyrillic letters, eight digits."""
    clan_name: str
    patronymic: str
    given_name: str
    birth_date: date
    phone: str
    """Mobile number in the register, digits only; empty if the register has none."""
    unit_code: str | None = None
    """Bag or khoroo of the registered address, where the person's record gives it."""
    aimag_code: str | None = None


class Appointment(Contract):
    """A right that a person holds beyond their own affairs."""

    role: Role
    organisation: str | None
    """Code of the organisation for which it is held."""


class AppointmentEntry(Contract):
    """An appointment that stands, for whoever gives and takes them."""

    person_id: UUID
    name: str
    """Patronymic and given name."""
    regnum: str
    """Masked."""
    role: Role
    organisation: str | None
    appointed_at: datetime
    own: bool
    """Of the one who reads, who may not end it."""


class AppointmentListing(Contract):
    """A page of appointments."""

    entries: tuple[AppointmentEntry, ...]
    total: int


class DrawnCode(Contract):
    """A sign-in code, known in the clear only here, to be sent at once."""

    phone: str
    code: str
    """Six digits."""
    language: str
    """``mn`` or ``en``: the language of the page on which it was asked for."""
    title: str = ""
    """What the code confirms; empty for a sign-in."""


class Confirmed(Contract):
    """A person has confirmed one thing by a one-time code."""

    challenge_id: UUID
    person_id: UUID
    reference: str
    confirms: str
    at: datetime


class SignedIn(Contract):
    """A session that lives."""

    person_id: UUID
    session_id: UUID
    auth_time: datetime
    appointments: tuple[Appointment, ...]
    touched: bool
    """Its last use was written just now; who keeps a session of their own upon this one may prolong theirs."""


class SessionView(Contract):
    """One of a person's own sessions, for the list."""

    id: UUID
    started_at: datetime
    last_used_at: datetime
    device: str
    """What the browser said of itself, shortened."""
    current: bool


class FlowView(Contract):
    """A sign-in on its way, for the pages."""

    id: UUID
    client_name_mn: str
    client_name_en: str
    code_asked: bool
    """The register number was given."""
    login_hint: str
    """The register number that the client expects, where it is one."""
    language: str
    """The first of ``ui_locales`` that the platform speaks; empty when none is."""
    return_origin: str
    """Scheme, host and port of the client's address, or an app's own scheme: where the forms of signing in may end."""
    register_answers: bool
    """False while the population register does not answer. The same for everybody."""


class Entered(Contract):
    """The code was right: a session began."""

    session_token: str
    """For the browser's cookie; stored hashed only."""
    session_id: UUID


class Redirection(Contract):
    """Send the browser there."""

    url: str
    posted: tuple[tuple[str, str], ...] = ()
    """Fields that the browser posts there (``response_mode=form_post``); empty: it just goes."""


class SignInRequired(Contract):
    """The person must sign in; the request waits under this id."""

    flow_id: UUID


class SigningRequired(Contract):
    """The person must answer a request to sign on its own page; the authorization request waits under this flow."""

    flow_id: UUID
    request_id: UUID


class ConfirmSignOut(Contract):
    """Ask the person whether to sign out: the request itself does not prove that it is their wish."""

    query: str
    """The request, to be sent again with the answer; empty where it is not believed."""
    fault: str = ""
    """Why it is not believed, in the protocol's words for its client; empty: it is in order."""
    strays: bool = False
    """It is not believed, and asked for a way back to another site."""


class SignedOut(Contract):
    """Nothing to send the browser to: say that the person is signed out."""

    fault: str = ""
    strays: bool = False
    """Both as of :class:`ConfirmSignOut`: nobody was signed in, so there was nothing to ask."""


class ConsentRequired(Contract):
    """The person must be asked what the client may have; the request waits under this id."""

    flow_id: UUID


class ConsentItem(Contract):
    """One thing to agree to."""

    code: str
    """``claim:given_name``, ``scope:…``, ``offline``, ``detail:…``, ``operation:…``."""
    essential: bool
    """The client says that it cannot do without."""
    detail: dict[str, object]
    """Of RFC 9396; empty for others."""


class ConsentView(Contract):
    """What a person is asked, for the page."""

    flow_id: UUID
    client_name_mn: str
    client_name_en: str
    person_name: str
    items: tuple[ConsentItem, ...]
    resources: tuple[str, ...]
    """Addresses (RFC 8707) at which the client will act for the person."""
    return_origin: str
    """Where the form may end."""


class Connection(Contract):
    """A client that a person has let in."""

    client_id: str
    client_name_mn: str
    client_name_en: str
    items: tuple[str, ...]
    """Codes of what they agreed to."""
    changed_at: datetime


class ApprovalView(Contract):
    """A request that waits for a person's word."""

    id: UUID
    client_name_mn: str
    client_name_en: str
    binding_message: str
    user_code: str
    """What the device shows; empty for a request that is addressed to the person."""
    items: tuple[str, ...]
    details: tuple[dict[str, object], ...]
    resources: tuple[str, ...]
    """Addresses (RFC 8707) at which the client will act for the person; empty: none but the provider's own."""
    resources_open: bool
    """The client has not said which of them yet; it may choose one later."""
    asked_at: datetime


class LogoutNotice(Contract):
    """A client that was to be told that a session has ended."""

    client_name_mn: str
    client_name_en: str
    at: datetime
    confirmed_at: datetime | None
    gave_up: bool


class RegisteredClient(Contract):
    """A new relying party."""

    client_id: str
    client_secret: str | None
    """In the clear only here."""


class MachineRequest(Contract):
    """What came to a machine endpoint."""

    path: str
    """``/oidc/token``."""
    method: str = "POST"
    form: str
    authorization: str | None = None
    dpop: tuple[str, ...] = ()
    certificate: str = ""
    """The header ``Client-Cert``, which counts only beside the right ``terminator``."""
    terminator: str = ""
    """The header ``X-Toono-Terminator``: by which the TLS terminator before us shows that it is ours."""
    accept: str = ""


class ProtocolAnswer(Contract):
    """An answer of a machine endpoint: JSON, or a signed text."""

    status: int
    body: dict[str, object]
    text: str | None = None
    """Instead of the body."""
    listed: tuple[dict[str, object], ...] | None = None
    """Instead of the body: a JSON array."""
    media_type: str = "application/json"
    authenticate: str | None = None
    """The ``WWW-Authenticate`` header."""
    dpop_nonce: str | None = None
    """The ``DPoP-Nonce`` header."""
    request_id: str = ""
    """The ``X-Request-Id`` header of a refusal: by it the console finds what was wrong."""


# -- the console ----------------------------------------------------------------------------------------------


class PartyKind(StrEnum):
    """What sort of system it is: decides what its form asks."""

    WEB = "web"
    """Runs on a server, keeps a secret or a key."""
    NATIVE = "native"
    """An application in people's hands, which can keep no secret (RFC 8252)."""
    MACHINE = "machine"
    """Acts for itself; nobody signs in."""
    DAN = "dan"
    """Speaks as the clients of ДАН do."""


class PartyStage(StrEnum):
    """How much it may have."""

    TEST = "test"
    """Learns of a person nothing but a random name; needs nobody's approval."""
    PRODUCTION = "production"


class Party(Contract):
    """A relying party, as its organisation and the platform see it. No secret and no digest of one."""

    client_id: str
    name_mn: str
    name_en: str
    organisation: str
    """Code; empty for the platform's own, and for one that registered itself and was given to nobody yet."""
    kind: PartyKind
    stage: PartyStage
    metadata: dict[str, object]
    """As registered: RFC 7591 §2."""
    version: int
    registered_at: datetime | None
    by_itself: bool
    """By dynamic registration."""
    trusted: bool
    has_secret: bool
    """It was given one that somebody knows."""
    secret_made_at: datetime | None
    former_secret: bool
    """The secret before is still good."""
    deactivated_at: datetime | None
    deactivated_by_platform: bool


class SoftwareStatement(Contract):
    """A statement of the platform with which an organisation registers one client by itself (RFC 7591 §2.3), told only here."""

    text: str
    """A signed token; whoever has it may register once."""
    software_id: str
    """Begins the ``client_id``."""
    expires_at: datetime


class StatementState(StrEnum):
    """What has become of a software statement."""

    UNUSED = "unused"
    USED = "used"
    EXPIRED = "expired"
    TAKEN_BACK = "taken_back"


class StatementEntry(Contract):
    """A software statement that was issued; never its text."""

    identifier: str
    software_id: str
    """Begins the ``client_id`` of the client that is registered with it."""
    client_name: str
    organisation: str
    """Code; empty for one that names none."""
    issued_at: datetime
    expires_at: datetime
    issued_by: str
    """Name of the administrator; empty: the platform itself."""
    state: StatementState
    used_at: datetime | None
    client_id: str
    """Registered with it; empty: none."""
    taken_back_at: datetime | None
    taken_back_by: str
    reason: str
    """Why it was taken back."""


class StatementListing(Contract):
    """A page of software statements."""

    entries: tuple[StatementEntry, ...]
    total: int


class PartyListing(Contract):
    """A page of relying parties."""

    entries: tuple[Party, ...]
    total: int


class PartyChange(Contract):
    """A wish for a relying party, waiting or decided."""

    id: UUID
    client_id: str
    organisation: str
    kind: str
    """``register``, ``change``, ``secret``, ``secret_end``, ``deactivate``, ``reactivate``, ``assign``."""
    stage: str
    before: dict[str, object] | None
    after: dict[str, object] | None
    state: str
    """``waiting``, ``in_force``, ``rejected`` or ``taken_back``."""
    drafted_by: UUID | None
    drafted_role: str
    drafted_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    reason: str


class PartyDrafted(Contract):
    """What became of a wish at once."""

    client_id: str
    change_id: UUID
    waits: bool
    """The platform must approve it."""
    client_secret: str | None = None
    """In the clear only here."""


class RefusalGroup(Contract):
    """How often a client was refused for one cause."""

    client_id: str
    """Empty: somebody whom nobody has registered."""
    cause: str
    """Stable code, of ``domain/console/causes.py``."""
    endpoint: str
    count: int
    last_at: datetime


class RefusalEntry(Contract):
    """One refusal."""

    client_id: str
    cause: str
    endpoint: str
    at: datetime
    request_id: str
    """The answer's ``X-Request-Id``; empty where the answer bore none."""


class RefusalLog(Contract):
    """What went wrong lately."""

    groups: tuple[RefusalGroup, ...]
    entries: tuple[RefusalEntry, ...]


class TrialFlow(StrEnum):
    """The way by which a person is let in, in a trial."""

    CODE = "code"
    """The person's browser goes there and comes back; a machine's own token where there is no person."""
    DEVICE = "device"
    CIBA = "ciba"


class TrialStep(Contract):
    """One step of a trial: what was sent, what came back. Secrets and signatures are left out."""

    name: str
    """``pushed``, ``authorize``, ``device``, ``ciba``, ``callback``, ``token``, ``id_token``, ``access_token``, ``userinfo``, ``service``."""
    good: bool
    sent: dict[str, object]
    received: dict[str, object]


class Trial(Contract):
    """A trial of one registration."""

    id: UUID
    client_id: str
    steps: tuple[TrialStep, ...]
    finished: bool
    goes_on_at: str
    """Where the person goes next; empty when it is over."""
    asks: bool = False
    """The person answers on another page, and says here that they have."""
    unanswered: bool = False
    """They said so, but have not."""


class SignInDay(Contract):
    """Sign-ins of one day of Ulaanbaatar."""

    day: date
    count: int


class SignInsOf(Contract):
    """Sign-ins to the systems of one organisation, or to one system, in a span of days."""

    organisation: str
    client_id: str
    """Empty: all systems of the organisation."""
    count: int


class SignOnFigures(Contract):
    """Figures of the single sign-on, by the names under which ДАН published its own (2018: 8 organisations, 8,041 users)."""

    organisations: int
    """Connected: with a system in use beyond trials."""
    systems: int
    """In use beyond trials, the platform's own left out."""
    users: int
    """Persons who are known to the platform."""
    sign_ins: int
    """In the span."""
    days: tuple[SignInDay, ...]
    """Each day of the span, zero where nothing was."""
    by_organisation: tuple[SignInsOf, ...]
    by_system: tuple[SignInsOf, ...]


class AccountState(Contract):
    """What support sees of an account, and nothing beyond."""

    look_id: UUID
    person_id: UUID
    name: str
    """Patronymic and given name."""
    regnum: str
    """Masked."""
    phone: str
    """Its last four digits; empty: there is none."""
    registered_at: datetime
    last_signed_in_at: datetime | None
    failures: int
    locked_until: datetime | None
    sessions: tuple[SessionView, ...]
    appointments: tuple[Appointment, ...]
    phone_change_waits: bool
    until: datetime
    """The account stays open to the supporter so long."""


class SupportVisit(Contract):
    """For the person: support opened their account."""

    at: datetime
    reason: str
    acts: tuple[str, ...]
    """``end_session``, ``end_sessions``, ``unlock``, ``ask_phone``, ``phone_changed``, ``phone_refused``."""


class PhoneChangeView(Contract):
    """A wished telephone number, for the one who decides."""

    id: UUID
    name: str
    regnum: str
    """Masked."""
    old_phone: str
    """Its last four digits."""
    new_phone: str
    evidence: str
    reason: str
    asked_at: datetime
    own: bool
    """The one who reads asked for it, so another must decide."""
