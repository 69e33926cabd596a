"""Documents for decades: each gets further time-stamps before what proves it grows weak (``pki`` decides when).

A file that got one is longer: the bytes before stay its beginning, and their digest stays known, since people have saved that copy.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from toono.kernel import audit
from toono.kernel.actor import system
from toono.kernel.clock import now
from toono.pki.contracts import FileToCareFor
from toono.services.models import Document, DocumentEdition

ACTOR = system("services")


class KeptDocuments:
    """The documents, as the daily job of care sees them (:class:`toono.pki.contracts.KeptFiles`)."""

    name = "services.documents"

    def due(self, *, at: datetime, limit: int) -> list[FileToCareFor]:
        """Those whose moment has come, before those that nobody has looked at yet. A revoked document needs no care."""
        rows = Document.objects.filter(Q(care_at__lte=at) | Q(care_at=None), revoked_at=None)
        rows = rows.order_by(F("care_at").asc(nulls_last=True), "id").only("id", "code", "pdf")[:limit]
        return [FileToCareFor(id=str(row.id), name=f"{row.code}.pdf", content=bytes(row.pdf)) for row in rows]

    def cared(self, *, file_id: str, content: bytes | None, next_at: datetime) -> None:
        """Keep the longer file in place of the shorter. Of two workers at once the second finds another file and only notes the moment."""
        with transaction.atomic():
            row = Document.objects.select_for_update().get(id=UUID(file_id))
            row.care_at = next_at
            if content is not None and content != bytes(row.pdf) and content.startswith(bytes(row.pdf)):
                DocumentEdition.objects.create(sha256=row.sha256, document=row, size_bytes=row.size_bytes, until=now())
                row.pdf, row.size_bytes, row.sha256 = content, len(content), hashlib.sha256(content).hexdigest()
                audit.record(actor=ACTOR, action="services.care_for_document", subject=f"document:{row.id}", sha256=row.sha256)
            row.save(update_fields=["care_at", "pdf", "size_bytes", "sha256"])
