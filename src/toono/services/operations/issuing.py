"""Making the document of a granted case: typeset, seal, store, tell."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import IntegrityError, transaction

from toono.kernel import audit
from toono.kernel.actor import Actor
from toono.kernel.clock import local, now
from toono.kernel.ids import public_code
from toono.kernel.settings import settings
from toono.services import events
from toono.services.adapters import organisations, seals, typesetter
from toono.services.contracts import Applicant, DocumentFile, DocumentView
from toono.services.domain import terms
from toono.services.domain.definition import Definition, Notice
from toono.services.domain.digests import facts_fingerprint
from toono.services.domain.rows import Row, rows
from toono.services.errors import NotAllowedNow, ReasonMissing
from toono.services.models import Case, Document, Fact, ServiceVersion
from toono.services.operations import facts, proofs, telling
from toono.services.operations.facts import note
from toono.services.queries import answers as _answers
from toono.services.queries import definitions
from toono.services.queries.access import HEAVY, desk_case, readable_document
from toono.services.queries.documents import check_url, view
from toono.services.queries.facts import IDENTITY, as_of, contents, current

CODE_LENGTH = 20
SUBJECT_LENGTH = 40
REASON_LIMIT = 500


def issue_document(case: Case, *, actor: Actor) -> None:
    """Exactly one document in force for a case.

    Jobs of one case run one after another, and the unique index on the case is the guard of last resort: typesetting and sealing
    happen before the transaction (the signer is asked over a socket), and whoever comes second finds the place taken and drops
    what it made.
    """
    if Document.objects.filter(case=case, superseded_at__isnull=True).exists():
        return
    definition, version = definitions.version(case.service, case.service_version)
    document = _made(case, definition, version, actor=actor)
    try:
        with transaction.atomic():
            document.save(force_insert=True)
            _take_the_place(document, case, definition, actor=actor)
            note(case, "document_issued", actor=actor, document=str(document.id), sha256=document.sha256)
            telling.rooms(events.DocumentIssued, case, document_id=document.id)
            telling.applicant(case, definition, Notice.DOCUMENT)
    except IntegrityError:
        if not Document.objects.filter(case=case, superseded_at__isnull=True).exists():
            raise


def reissue_document(*, actor: Actor, case_id: UUID, reason: str) -> DocumentView:
    """A document made anew from what the registers say now; the one before is superseded. By an officer of the organisation.

    Reading, typesetting and sealing happen outside any transaction. Two officers at once: the second finds another document in force
    than the one it was to replace, and is told so.

    :raises NotAllowedNow: the case has no document in force, or another officer was quicker.
    :raises RegisterSilent: nothing has changed.
    :raises ReasonMissing:
    """
    reason = reason.strip()
    if not reason or len(reason) > REASON_LIMIT:
        raise ReasonMissing(f"making a document anew needs a reason of at most {REASON_LIMIT} characters")
    case = desk_case(actor, case_id)
    old = Document.objects.defer(*HEAVY).filter(case=case, superseded_at__isnull=True, revoked_at__isnull=True).first()
    if old is None or case.emptied_at is not None:
        raise NotAllowedNow(f"case {case.number} has no document in force")
    definition, version = definitions.version(case.service, case.service_version)
    facts.read_anew(case, definition, actor=actor)
    document = _made(case, definition, version, actor=actor)
    with transaction.atomic():
        case = desk_case(actor, case_id, lock=True)
        replaced = Document.objects.filter(id=old.id, superseded_at__isnull=True, revoked_at__isnull=True)
        if not replaced.update(superseded_at=document.issued_at, superseded_by=document.id):
            raise NotAllowedNow(f"the document of case {case.number} was replaced by another officer")
        document.save(force_insert=True)
        case.differs_since = None
        case.save(update_fields=["differs_since"])
        note(case, "document_reissued", actor=actor, document=str(document.id), replaced=str(old.id), reason=reason)
        audit.record(
            actor=actor, action="services.reissue_document", subject=f"document:{document.id}", replaced=str(old.id), reason=reason
        )
        telling.rooms(events.DocumentIssued, case, document_id=document.id)
        telling.applicant(case, definition, Notice.DOCUMENT, occasion=str(document.id))
    return view(document)


def document_picture(*, actor: Actor, document_id: UUID) -> DocumentFile:
    """The page as SVG, typeset anew (milliseconds) from what the document was made of: none of it changes after the decision."""
    row = readable_document(actor, document_id)
    case = Case.objects.get(id=row.case_id)
    definition, version = definitions.version(case.service, case.service_version)
    have = as_of(case, row.issued_at)
    data = _data(case, definition, _rows(case, definition, have), row, have)
    content = typesetter.picture(template=version.content["template"], data=data)
    return DocumentFile(name=f"{row.code[:4]}.svg", media_type="image/svg+xml", content=content)


def _take_the_place(document: Document, case: Case, definition: Definition, *, actor: Actor) -> None:
    """Older documents that prove the same about the same lose their force, where the definition says so. Rows are locked in the order
    of their ids."""
    if not definition.document.supersedes:
        return
    older = Document.objects.select_for_update().defer(*HEAVY).exclude(id=document.id).order_by("id")
    older = older.filter(
        service__in=definitions.producing(definition), subject=document.subject, superseded_at__isnull=True, revoked_at__isnull=True
    )
    older = older.filter(case__subject=case.subject) if case.subject else older.filter(person_id=case.person_id, case__subject="")
    for row in older:
        row.superseded_at, row.superseded_by = document.issued_at, document.id
        row.save(update_fields=["superseded_at", "superseded_by"])
        note(Case.objects.get(id=row.case_id), "document_superseded", actor=actor, document=str(row.id), by=str(document.id))


def _subject(case: Case, definition: Definition) -> str:
    """About which thing the document is: the keys that were chosen, so that two cars have a document each."""
    chosen = [case.answers.get(q.code, "") for q in definition.questions if q.kind.chosen]
    keys = "|".join(key for key in chosen if key)
    return keys if len(keys) <= SUBJECT_LENGTH else hashlib.sha256(keys.encode()).hexdigest()[:SUBJECT_LENGTH]


def _made(case: Case, definition: Definition, version: ServiceVersion, *, actor: Actor) -> Document:
    code, salt, issued_at = public_code(CODE_LENGTH), secrets.token_hex(16), now()
    have, days = current(case), definition.document.validity_days
    lines = _rows(case, definition, have)
    template = version.content["template"]
    document = Document(
        code=code, case=case, person_id=case.person_id, service=case.service, title=definition.document.title.model_dump(),
        organisation=case.organisation, fingerprint_salt=salt, issued_at=issued_at,
        facts_fingerprint=facts_fingerprint(salt=salt, code=code, lines=_said(lines)),
        valid_until=terms.end_of_day(days, issued_at) if days else None, subject=_subject(case, definition),
        template_version=version.version, template_digest=hashlib.sha256(template.encode()).hexdigest(),
    )  # fmt: skip
    document.payload = proofs.sign(document, holder=_holder(case, have))
    plain = typesetter.pdf(template=template, data=_data(case, definition, lines, document, have), at=issued_at)
    title = definition.document.title.mn
    sealed = seals.seal(actor=actor, organisation=case.organisation, pdf=plain, reason=title)
    document.pdf, document.size_bytes, document.sha256 = sealed, len(sealed), hashlib.sha256(sealed).hexdigest()
    return document


def _holder(case: Case, have: dict[str, Fact]) -> str:
    """As much of the holder as a stranger may learn from the QR: initials and the last two digits of the number."""
    if case.applicant == Applicant.LEGAL_ENTITY:
        return f"{case.subject_name[:1]}… {case.subject[-2:]}"
    identity = next((fact for fact in have.values() if fact.meaning == IDENTITY and not fact.absent and not fact.subject), None)
    told = {line["name"]: line["value"] for line in identity.value} if identity else {}
    return f"{told.get('patronymic', '–')[:1]}.{told.get('given_name', '–')[:1]}. {told.get('regnum', '')[-2:]}".strip()


def _rows(case: Case, definition: Definition, have: dict[str, Fact]) -> tuple[Row, ...]:
    return rows(
        definition,
        definitions.meanings(),
        facts=contents(have),
        answers=case.answers,
        filled=case.filled,
        outside=_answers.outside(case, definition),
    )


def _said(lines: Sequence[Row]) -> list[tuple[str, str]]:
    """Everything that the rows say, in order: what the fingerprint is of."""
    said = []
    for row in lines:
        if row.value is not None:
            said.append((row.label.mn, row.value.mn))
        said += [(head.mn, cell.mn) for line in row.lines for head, cell in zip(row.heads, line, strict=True)]
    return said


def _data(case: Case, definition: Definition, lines: Sequence[Row], document: Document, have: dict[str, Fact]) -> dict[str, Any]:
    """What ``letterhead.typ`` reads."""
    here, code = local(document.issued_at), document.code
    told = [fact for fact in have.values() if not fact.absent]
    read_at = max((fact.answered_at for fact in told), default=document.issued_at)
    last_day = local(document.valid_until) if document.valid_until else None
    base = urlsplit(settings().base_url)
    return {
        "organisation": organisations.name(case.organisation).model_dump(),
        "title": definition.document.title.model_dump(),
        "number": case.number,
        "code": code,
        "code_groups": " ".join(code[i : i + 4] for i in range(0, len(code), 4)),
        "salt": document.fingerprint_salt,
        "url": f"{check_url(code)}#{document.payload}" if document.payload else check_url(code),
        "verify_url": f"{base.netloc}{base.path}/verify",
        "fingerprint": document.facts_fingerprint,
        "issued": f"{here:%Y.%m.%d %H:%M}",
        "valid_until": f"{last_day:%Y.%m.%d} хүртэл" if last_day else "Хугацаагүй",
        "date": [here.year, here.month, here.day],
        "facts_day": terms.as_of(read_at),
        "basis": [f"{basis.law.mn}, {basis.article.mn}" for basis in definition.legal_basis],
        "sources": sorted({f"{fact.source['mn']}, {local(fact.answered_at):%Y.%m.%d %H:%M}" for fact in told}),
        "rows": [{"label": row.label.model_dump(), "value": row.value.mn} for row in lines if row.value is not None],
        "tables": [
            {
                "label": row.label.model_dump(),
                "heads": [head.model_dump() for head in row.heads],
                "lines": [[cell.mn for cell in line] for line in row.lines],
            }
            for row in lines
            if row.value is None
        ],
    }
