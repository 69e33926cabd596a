"""What leaves identity."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from toono.kernel.actor import Role
from toono.kernel.contract import Contract


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
    """Scheme, host and port of the client's address: where the forms of signing in may end."""
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


class SignInRequired(Contract):
    """The person must sign in; the request waits under this id."""

    flow_id: UUID


class ConfirmSignOut(Contract):
    """Ask the person whether to sign out: the request itself does not prove that it is their wish."""

    query: str
    """The request, to be sent again with the answer."""


class SignedOut(Contract):
    """Nothing to send the browser to: say that the person is signed out."""


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
    """The header ``Client-Cert`` of the trusted TLS terminator; empty from anybody else."""
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
