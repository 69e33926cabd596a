"""What identity tells."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from toono.kernel.events import Event


class PersonRegistered(Event):
    """A person of the population register is known to Toono from now on."""

    name: ClassVar[str] = "identity.person_registered"

    person_id: UUID


class SignInCodeRequested(Event):
    """A person waits for a sign-in code. Whoever sends it asks ``draw_code`` for it at the last moment."""

    name: ClassVar[str] = "identity.sign_in_code_requested"

    challenge_id: UUID
    language: str
    """``mn`` or ``en``."""
