"""What identity tells."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from toono.kernel.events import Event


class PersonRegistered(Event):
    """A person of the population register is known to Toono from now on."""

    name: ClassVar[str] = "identity.person_registered"

    person_id: UUID


class ConfirmationCodeRequested(Event):
    """A person waits for a code with which to confirm one thing. Whoever sends it asks ``draw_code`` for it at the last moment."""

    name: ClassVar[str] = "identity.confirmation_code_requested"

    challenge_id: UUID
    language: str


class SignInCodeRequested(Event):
    """A person waits for a sign-in code. Whoever sends it asks ``draw_code`` for it at the last moment."""

    name: ClassVar[str] = "identity.sign_in_code_requested"

    challenge_id: UUID
    language: str
    """``mn`` or ``en``."""


class ApprovalRequested(Event):
    """A client waits for a person's word (CIBA). The person answers on ``/identity/requests``."""

    name: ClassVar[str] = "identity.approval_requested"

    person_id: UUID
    client_name_mn: str
    client_name_en: str
    message: str
    """What the client shows as well, so that the person can tell the request; may be empty."""


class AccountLooked(Event):
    """The platform's support opened a person's account. The person reads it on ``/identity/looks``, with the reason."""

    name: ClassVar[str] = "identity.account_looked"

    person_id: UUID
    reason: str


class PhoneChanged(Event):
    """A person's telephone number was changed by the platform, after two people had looked at it; all their sessions have ended."""

    name: ClassVar[str] = "identity.phone_changed"

    person_id: UUID
    change_id: UUID
    """By it the door ``former_phone`` tells, for some days, whom else to tell: who had the number until now."""


class PartyDecided(Event):
    """The platform approved or refused what an organisation wished for one of its systems."""

    name: ClassVar[str] = "identity.party_decided"

    organisation: str
    client_id: str
    drafted_by: UUID
    approved: bool
    reason: str
