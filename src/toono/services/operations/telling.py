"""Telling the rooms above (events) and the applicant (notifications), in the transaction of the change."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from toono.kernel.clock import local
from toono.kernel.outbox import publish
from toono.notifications import api as notifications
from toono.services import events
from toono.services.domain.definition import Definition, Notice
from toono.services.models import Case

_TEMPLATES = {
    Notice.RECEIVED: "case_received",
    Notice.WAITING: "case_waiting_for_register",
    Notice.GRANTED: "case_decided_granted",
    Notice.REFUSED: "case_decided_refused",
    Notice.DOCUMENT: "document_ready",
    Notice.CORRECTION: "case_correction",
    Notice.PAYMENT: "case_payment",
    Notice.MESSAGE: "case_message",
    Notice.LATE: "case_late",
    Notice.LAPSED: "case_lapsed",
}


def applicant(case: Case, definition: Definition, notice: Notice, *, occasion: str = "", **more: str) -> None:
    """Tell the applicant, if the definition wants it. Once: the key makes a repetition harmless.

    :param occasion: tells apart what may happen more than once to a case.
    """
    if notice in definition.notifications:
        _send(case, definition, _TEMPLATES[notice], f"{notice.value}:{occasion}" if occasion else notice.value, more)


def applicant_anyway(case: Case, definition: Definition, template: str, *, occasion: str, **more: str) -> None:
    """Tell the applicant what no definition can silence: that something of theirs is about to be removed, or waits for them."""
    _send(case, definition, template, occasion, more)


def _send(case: Case, definition: Definition, template: str, occasion: str, more: dict[str, str]) -> None:
    context = {"service_mn": definition.name.mn, "service_en": definition.name.en, "case_number": case.number, **more}
    notifications.notify(person_id=case.person_id, template=template, context=context, key=f"case:{case.id}:{occasion}", case_id=case.id)


def due_in_short(case: Case) -> str:
    """``2026.11.23 09:00``; a dash while no term runs."""
    return f"{local(case.due_at):%Y.%m.%d %H:%M}" if case.due_at else "–"


def rooms(kind: type[events.CaseEvent], case: Case, *, document_id: UUID | None = None) -> None:
    """Publish an event about the case as it stands."""
    more: dict[str, Any] = {} if document_id is None else {"document_id": document_id}
    publish(
        kind(
            case_id=case.id,
            case_number=case.number,
            service=case.service,
            organisation=case.organisation,
            channel=case.channel,
            aimag_code=case.aimag_code,
            person_id=case.person_id,
            submitted_at=case.submitted_at,
            due_at=case.due_at,
            decided_at=case.decided_at,
            outcome=case.outcome,
            **more,
        )
    )
