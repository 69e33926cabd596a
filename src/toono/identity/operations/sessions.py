"""Sessions at the provider: begun by a right code, kept alive by use, ended by their person or by time."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from toono.identity import contracts, models
from toono.identity.domain.device import device_name
from toono.identity.limits import LIMITS
from toono.identity.operations import logouts
from toono.identity.operations.secrets import digest, random_secret
from toono.identity.queries import appointments, living_sessions
from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.settings import settings


def begin_session(person_id: UUID, *, device: str, moment: datetime, replaces: str | None) -> tuple[models.Session, str]:
    """A session with a fresh token; what the browser held before ends, so that no token outlives a sign-in. Within the caller's transaction."""
    if replaces:
        replaced = models.Session.objects.filter(token_digest=digest(replaces), ended_at=None)
        logouts.note_ended(list(replaced.values_list("id", flat=True)), moment)
        replaced.update(ended_at=moment)
    token = random_secret()
    row = models.Session.objects.create(
        token_digest=digest(token), person_id=person_id, auth_time=moment, acr="substantial", amr=["sms"], last_used_at=moment,
        expires_at=moment + LIMITS.session_total, device=device_name(device),
    )  # fmt: skip
    return row, token


def touch(row: models.Session) -> bool:
    """Note that the session is in use, at most once a minute. Two at once write the same; no lock is needed."""
    moment = now()
    if moment - row.last_used_at < LIMITS.session_touch:
        return False
    models.Session.objects.filter(id=row.id, ended_at=None).update(last_used_at=moment)
    return True


def signed_in(session_id: UUID) -> contracts.SignedIn | None:
    row = living_sessions().filter(id=session_id).first()
    if row is None:
        return None
    return contracts.SignedIn(
        person_id=row.person_id, session_id=row.id, auth_time=row.auth_time, appointments=appointments(row.person_id), touched=touch(row)
    )


AGED_AT_ONCE = 500
"""Sessions ended in one transaction."""


def end_aged() -> int:
    """End what time has ended, and tell the clients as after a sign-out; gives how many. A session counts no more from the moment it is too old,
    whether or not this has run (:func:`.queries.living_sessions`); what follows from its end, follows here."""
    ended = 0
    while found := _end_some_aged():
        ended += found
    return ended


def _end_some_aged() -> int:
    moment = now()
    idle_since = moment - timedelta(minutes=settings().sessions_idle_minutes)
    with transaction.atomic():
        # Rows that a second run, or a person signing out, holds at this moment are theirs.
        aged = models.Session.objects.select_for_update(skip_locked=True).filter(
            Q(expires_at__lte=moment) | Q(last_used_at__lte=idle_since), ended_at=None
        )
        ids = list(aged.order_by("expires_at").values_list("id", flat=True)[:AGED_AT_ONCE])
        models.Session.objects.filter(id__in=ids).update(ended_at=moment)
        logouts.note_ended(ids, moment)
    return len(ids)


def end_session(*, actor: Actor, session_id: UUID) -> None:
    """End it at once, with every token given in it. One's own; an administrator or the system may end any."""
    with transaction.atomic():
        row = models.Session.objects.select_for_update().filter(id=session_id).first()
        if row is None or (
            actor.role not in (Role.SYSTEM, Role.ADMINISTRATOR) and (actor.person_id is None or actor.person_id != row.person_id)
        ):
            raise NotAllowed(f"{actor} may not end this session")
        if row.ended_at is None:
            row.ended_at = now()
            row.save(update_fields=["ended_at"])
            logouts.note_ended([row.id], row.ended_at)
            audit.record(actor=actor, action="identity.end_session", subject=f"session:{row.id}", person=str(row.person_id))
