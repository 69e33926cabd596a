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


class ProtocolAnswer(Contract):
    """A JSON answer of a machine endpoint."""

    status: int
    body: dict[str, object]
    authenticate: str | None = None
    """The ``WWW-Authenticate`` header."""
