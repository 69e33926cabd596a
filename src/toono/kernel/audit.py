"""The audit: written in the transaction of the act. An act that cannot be recorded does not happen."""

from __future__ import annotations

from typing import Any

from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.kernel.models import AuditRecord


def record(*, actor: Actor, action: str, subject: str, **details: Any) -> None:
    """Note that ``actor`` did ``action`` (``room.verb_thing``) to ``subject`` (``thing:id``).

    ``details`` must be JSON and free of secrets and of personal data beyond ids.
    """
    AuditRecord.objects.create(
        at=now(), role=actor.role.value, person_id=actor.person_id, organisation=actor.organisation, process=actor.process,
        session_id=actor.session_id, action=action, subject=subject, details=details,
    )  # fmt: skip
