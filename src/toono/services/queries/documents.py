"""Documents as their owners see them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from toono.kernel.actor import Actor
from toono.kernel.clock import local, now
from toono.kernel.settings import settings
from toono.services.adapters import organisations
from toono.services.contracts import DocumentFile, DocumentStatus, DocumentView, Text
from toono.services.models import Document
from toono.services.queries.access import HEAVY, citizen, readable_document


def status(document: Document, at: datetime) -> DocumentStatus:
    """Whether the document holds at ``at``. A revoked one stays revoked when its time is over."""
    if document.revoked_at is not None:
        return DocumentStatus.REVOKED
    if document.superseded_at is not None:
        return DocumentStatus.SUPERSEDED
    if document.valid_until is not None and at > document.valid_until:
        return DocumentStatus.EXPIRED
    return DocumentStatus.VALID


def check_url(code: str) -> str:
    """Where anybody checks the document; stands in its QR."""
    return f"{settings().base_url}/d/{code}"


def view(document: Document) -> DocumentView:
    """The contract of a row; reads no bytes."""
    return DocumentView(
        id=document.id,
        code=document.code,
        case_id=document.case_id,
        service=document.service,
        title=Text(**document.title),
        organisation=document.organisation,
        organisation_name=organisations.name(document.organisation),
        status=status(document, now()),
        issued_at=document.issued_at,
        valid_until=document.valid_until,
        revoked_at=document.revoked_at,
        revocation_reason=document.revocation_reason,
        facts_fingerprint=document.facts_fingerprint,
        sha256=document.sha256,
        size_bytes=document.size_bytes,
        check_url=check_url(document.code),
        superseded_at=document.superseded_at,
        superseded_by=document.superseded_by,
        about=document.case.subject_name,
    )


def of_case(case_id: UUID) -> DocumentView | None:
    """The document of a case that counts now, if one is made: the newest."""
    found = Document.objects.defer(*HEAVY).select_related("case").filter(case_id=case_id).order_by("-issued_at").first()
    return view(found) if found else None


def documents(*, actor: Actor) -> list[DocumentView]:
    return [
        view(row) for row in Document.objects.defer(*HEAVY).select_related("case").filter(person_id=citizen(actor)).order_by("-issued_at")
    ]


def document(*, actor: Actor, document_id: UUID) -> DocumentView:
    return view(readable_document(actor, document_id))


def document_file(*, actor: Actor, document_id: UUID) -> DocumentFile:
    row = readable_document(actor, document_id)
    name = f"{row.service}-{local(row.issued_at):%Y-%m-%d}-{row.code[:4]}.pdf"
    return DocumentFile(name=name, media_type="application/pdf", content=bytes(row.pdf))


def keys(key: dict[str, str]) -> dict[str, object]:
    """The published key set, with the names of the organisations that issue documents."""
    return {"keys": [key], "organisations": {code: name.model_dump() for code, name in sorted(organisations.names().items())}}
