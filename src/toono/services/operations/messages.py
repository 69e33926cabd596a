"""Messages between the applicant and the desk."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.text import paragraphs
from toono.services.contracts import MessageView
from toono.services.domain.definition import Notice
from toono.services.errors import MessageRefused, NotAllowedNow
from toono.services.models import Case, CaseMessage
from toono.services.operations import telling
from toono.services.queries import definitions
from toono.services.queries.access import desk_case, own_case

LENGTH = 4000
A_DAY = 30
"""So many one side may write about a case within a day."""
_KEY = re.compile(r"[A-Za-z0-9-]{8,60}")


def send(*, actor: Actor, case_id: UUID, text: str, key: str) -> MessageView:
    """Keep a message and tell the other side. The same key again gives the message that it already made."""
    said = paragraphs(text)
    if not said or len(said) > LENGTH or not _KEY.fullmatch(key):
        raise MessageRefused(f"{len(said)} characters, key {key[:20]!r}")
    with transaction.atomic():
        # Under the row's lock two posts of one form come one after the other, so that the second finds the message of the first.
        case = _case(actor, case_id, lock=True)
        mine = f"{actor.role.value[:3]}:{key}"
        row = CaseMessage.objects.filter(case=case, key=mine).first() or _write(case, actor, said, mine)
    return _view(row, actor)


def _write(case: Case, actor: Actor, said: str, key: str) -> CaseMessage:
    if case.submitted_at is None or case.emptied_at is not None:
        raise NotAllowedNow(f"nobody reads messages about case {case.number}")
    today = CaseMessage.objects.filter(case=case, role=actor.role.value, at__gt=now() - timedelta(days=1))
    if today.count() >= A_DAY:
        raise NotAllowedNow(f"{A_DAY} messages about case {case.number} in a day")
    assert actor.person_id is not None  # noqa: S101 - neither a citizen nor an officer is without
    row = CaseMessage.objects.create(case=case, at=now(), role=actor.role.value, person_id=actor.person_id, text=said, key=key)
    if actor.role is Role.OFFICER:
        audit.record(actor=actor, action="services.write_message", subject=f"case:{case.id}", message=str(row.id))
        definition = definitions.definition(case.service, case.service_version)
        telling.applicant(case, definition, Notice.MESSAGE, occasion=str(row.id))
    return row


def read(*, actor: Actor, case_id: UUID) -> list[MessageView]:
    """The messages of a case, oldest first. What the other side wrote counts as read from now on."""
    case = _case(actor, case_id)
    views = [_view(row, actor) for row in CaseMessage.objects.filter(case=case)]
    CaseMessage.objects.filter(case=case, role=_other(actor).value, read_at__isnull=True).update(read_at=now())
    return views


def _case(actor: Actor, case_id: UUID, *, lock: bool = False) -> Case:
    return desk_case(actor, case_id, lock=lock) if actor.role is Role.OFFICER else own_case(actor, case_id, lock=lock)


def _other(actor: Actor) -> Role:
    return Role.CITIZEN if actor.role is Role.OFFICER else Role.OFFICER


def _view(row: CaseMessage, actor: Actor) -> MessageView:
    return MessageView(
        id=row.id,
        at=row.at,
        mine=row.role == actor.role.value,
        from_desk=row.role == Role.OFFICER.value,
        text=row.text,
        read_at=row.read_at,
    )
