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
