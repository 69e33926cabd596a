"""Withdrawing a document."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.services import events
from toono.services.contracts import DocumentView
from toono.services.errors import DocumentUnknown, ReasonMissing
from toono.services.models import Case, Document
from toono.services.operations import telling
from toono.services.operations.facts import note
from toono.services.queries.access import HEAVY, desk
from toono.services.queries.documents import view

REASON_LIMIT = 500


def revoke_document(*, actor: Actor, document_id: UUID, reason: str) -> DocumentView:
    """Idempotent: what is revoked stays revoked, with its first reason. The row's lock makes two revocations stand in line."""
    reason = reason.strip()
    if not reason or len(reason) > REASON_LIMIT:
        raise ReasonMissing(f"a revocation needs a reason of at most {REASON_LIMIT} characters")
    with transaction.atomic():
        rows = Document.objects.select_for_update().defer(*HEAVY).filter(id=document_id)
        if actor.role is not Role.ADMINISTRATOR:
            rows = rows.filter(organisation=desk(actor))
        row = rows.first()
        if row is None:
            raise DocumentUnknown(f"no document {document_id} for this actor")
        if row.revoked_at is None:
            _revoke(row, actor, reason)
    return view(row)


def _revoke(row: Document, actor: Actor, reason: str) -> None:
    row.revoked_at, row.revocation_reason = now(), reason
    row.save(update_fields=["revoked_at", "revocation_reason"])
    case = Case.objects.get(id=row.case_id)
    note(case, "document_revoked", actor=actor, document=str(row.id), reason=reason)
    audit.record(actor=actor, action="services.revoke_document", subject=f"document:{row.id}", code=row.code)
    telling.rooms(events.DocumentRevoked, case, document_id=row.id)
