"""Making the document of a granted case: typeset, seal, store, tell."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import IntegrityError, transaction

from toono.kernel.actor import Actor
from toono.kernel.clock import local, now
from toono.kernel.ids import public_code
from toono.kernel.settings import settings
from toono.services import events
from toono.services.adapters import organisations, seals, typesetter
from toono.services.contracts import DocumentFile, Text
from toono.services.domain import answers, terms
from toono.services.domain.definition import Definition, DocumentRow, Notice
from toono.services.domain.digests import facts_fingerprint
from toono.services.models import Case, Document, Fact, ServiceVersion
from toono.services.operations import telling
from toono.services.operations.facts import note
from toono.services.queries import definitions
from toono.services.queries.access import readable_document
from toono.services.queries.documents import check_url
from toono.services.queries.facts import current

CODE_LENGTH = 20


def issue_document(case: Case, *, actor: Actor) -> None:
    """Exactly one document for a case.

    Jobs of one case run one after another, and the unique index on the case is the guard of last resort: typesetting and sealing
    happen before the transaction (the signer is asked over a socket), and whoever comes second finds the place taken and drops
    what it made.
    """
    if Document.objects.filter(case=case).exists():
        return
    definition, version = definitions.version(case.service, case.service_version)
    document = _made(case, definition, version, actor=actor)
    try:
        with transaction.atomic():
            document.save(force_insert=True)
            note(case, "document_issued", actor=actor, document=str(document.id), sha256=document.sha256)
            telling.rooms(events.DocumentIssued, case, document_id=document.id)
            telling.applicant(case, definition, Notice.DOCUMENT)
    except IntegrityError:
        if not Document.objects.filter(case=case).exists():
            raise


def document_picture(*, actor: Actor, document_id: UUID) -> DocumentFile:
    """The page as SVG, typeset anew (milliseconds) from what the document was made of: none of it changes after the decision."""
    row = readable_document(actor, document_id)
    case = Case.objects.get(id=row.case_id)
    definition, version = definitions.version(case.service, case.service_version)
    have = current(case)
    data = _data(case, definition, _lines(case, definition, have), row, have)
    content = typesetter.picture(template=version.content["template"], data=data)
    return DocumentFile(name=f"{row.code[:4]}.svg", media_type="image/svg+xml", content=content)


def _made(case: Case, definition: Definition, version: ServiceVersion, *, actor: Actor) -> Document:
    code, salt, issued_at = public_code(CODE_LENGTH), secrets.token_hex(16), now()
    have, days = current(case), definition.document.validity_days
    lines = _lines(case, definition, have)
    template = version.content["template"]
    document = Document(
        code=code, case=case, person_id=case.person_id, service=case.service, title=definition.document.title.model_dump(),
        organisation=case.organisation, fingerprint_salt=salt, issued_at=issued_at,
        facts_fingerprint=facts_fingerprint(salt=salt, code=code, lines=[(label.mn, value) for label, value in lines]),
        valid_until=terms.end_of_day(days, issued_at) if days else None,
        template_version=version.version, template_digest=hashlib.sha256(template.encode()).hexdigest(),
    )  # fmt: skip
    plain = typesetter.pdf(template=template, data=_data(case, definition, lines, document, have), at=issued_at)
    title = definition.document.title.mn
    sealed = seals.seal(actor=actor, organisation=case.organisation, pdf=plain, reason=title)
    document.pdf, document.size_bytes, document.sha256 = sealed, len(sealed), hashlib.sha256(sealed).hexdigest()
    return document


def _lines(case: Case, definition: Definition, have: dict[str, Fact]) -> list[tuple[Text, str]]:
    """The rows of the table; what the register or the applicant left empty has no row."""
    lines = [_line(row, case, definition, have) for row in definition.document.rows]
    return [line for line in lines if line is not None]


def _line(row: DocumentRow, case: Case, definition: Definition, have: dict[str, Fact]) -> tuple[Text, str] | None:
    if row.fact is not None:
        name, _, field = row.fact.partition(".")
        fact = have.get(name)
        found = next((line for line in fact.value if line["name"] == field), None) if fact else None
        return (row.label or Text(**found["label"]), found["value"]) if found else None
    question = definition.question(row.question or "")
    kept = case.answers.get(row.question or "", "")
    if question is None or not kept:
        return None
    return row.label or question.label, answers.shown(question, kept).mn


def _data(case: Case, definition: Definition, lines: list[tuple[Text, str]], document: Document, have: dict[str, Fact]) -> dict[str, Any]:
    """What ``letterhead.typ`` reads."""
    here, code = local(document.issued_at), document.code
    facts = [fact for fact in have.values() if not fact.absent]
    read_at = max((fact.answered_at for fact in facts), default=document.issued_at)
    last_day = local(document.valid_until) if document.valid_until else None
    base = urlsplit(settings().base_url)
    return {
        "organisation": organisations.name(case.organisation).model_dump(),
        "title": definition.document.title.model_dump(),
        "number": case.number,
        "code": code,
        "code_groups": " ".join(code[i : i + 4] for i in range(0, len(code), 4)),
        "salt": document.fingerprint_salt,
        "url": check_url(code),
        "verify_url": f"{base.netloc}{base.path}/verify",
        "fingerprint": document.facts_fingerprint,
        "issued": f"{here:%Y.%m.%d %H:%M}",
        "valid_until": f"{last_day:%Y.%m.%d} хүртэл" if last_day else "Хугацаагүй",
        "date": [here.year, here.month, here.day],
        "facts_day": terms.as_of(read_at),
        "basis": [f"{basis.law.mn}, {basis.article.mn}" for basis in definition.legal_basis],
        "sources": sorted({f"{fact.source['mn']}, {local(fact.answered_at):%Y.%m.%d %H:%M}" for fact in facts}),
        "rows": [{"label": label.model_dump(), "value": value} for label, value in lines],
    }
