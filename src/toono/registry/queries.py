"""Reading the registry: rows in, contracts out."""

from __future__ import annotations

import hashlib
import json
from uuid import UUID

from django.db.models import QuerySet

from toono.kernel.settings import settings
from toono.registry import models
from toono.registry.contracts import (
    Agreement,
    Draft,
    DraftKind,
    DraftState,
    Entry,
    Organisation,
    Publication,
    ServiceEntry,
    SystemEntry,
)
from toono.registry.domain.rules import Known
from toono.registry.errors import DraftNotFound, NothingPublished, OrganisationNotFound


def organisation(code: str) -> Organisation:
    row = models.Organisation.objects.filter(code=code).first()
    if row is None:
        raise OrganisationNotFound(f"no organisation {code}", organisation=code)
    return _organisation(row)


def organisations() -> tuple[Organisation, ...]:
    return tuple(_organisation(r) for r in models.Organisation.objects.order_by("sort_key", "code"))


def systems() -> tuple[SystemEntry, ...]:
    return tuple(_system(r) for r in models.System.objects.order_by("id"))


def services() -> tuple[ServiceEntry, ...]:
    return tuple(_service(r) for r in models.Service.objects.order_by("id"))


def agreements() -> tuple[Agreement, ...]:
    return tuple(_agreement(r) for r in models.Agreement.objects.order_by("id"))


def standing(kind: DraftKind, subject: str) -> Entry | None:
    """The entry as it is approved now, or None."""
    match kind:
        case DraftKind.ORGANISATION:
            organisation = models.Organisation.objects.filter(code=subject).first()
            return _organisation(organisation) if organisation else None
        case DraftKind.SYSTEM:
            system = models.System.objects.filter(id=subject).first()
            return _system(system) if system else None
        case DraftKind.SERVICE:
            service = models.Service.objects.filter(id=subject).first()
            return _service(service) if service else None
        case DraftKind.AGREEMENT:
            agreement = models.Agreement.objects.filter(id=subject).first()
            return _agreement(agreement) if agreement else None


def known() -> Known:
    """What the checks of a new entry need."""
    holders = {c["key_id"]: r.id for r in models.System.objects.all() for c in r.credentials}
    return Known(
        instance=settings().exchange_instance,
        production=settings().production,
        organisations={o.code: o for o in organisations()},
        systems=frozenset(models.System.objects.values_list("id", flat=True)),
        services=frozenset(models.Service.objects.values_list("id", flat=True)),
        key_holders=holders,
    )


def draft(draft_id: UUID) -> Draft:
    row = models.Draft.objects.filter(id=draft_id).first()
    if row is None:
        raise DraftNotFound(f"no draft {draft_id}", draft=str(draft_id))
    return draft_contract(row)


def drafts(state: DraftState, limit: int) -> tuple[Draft, ...]:
    order = "drafted_at" if state is DraftState.PENDING else "-decided_at"
    rows: QuerySet[models.Draft] = models.Draft.objects.filter(state=state.value).order_by(order, "id")
    return tuple(draft_contract(r) for r in rows[:limit])


def draft_contract(row: models.Draft) -> Draft:
    kind = DraftKind(row.kind)
    return Draft(
        id=row.id,
        kind=kind,
        subject=row.subject,
        content=entry(kind, row.content),
        before=standing(kind, row.subject) if row.state == DraftState.PENDING.value else None,
        drafted_by=row.drafted_by,
        drafted_at=row.drafted_at,
        state=DraftState(row.state),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
    )


def entry(kind: DraftKind, content: dict[str, object]) -> Entry:
    """The entry that stands in a draft's JSON."""
    return _SHAPES[kind].model_validate(content)


def digest(entry: Entry | None) -> str:
    """A fingerprint of an entry; empty for none."""
    if entry is None:
        return ""
    canonical = json.dumps(entry.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def published_configuration() -> str:
    jws = models.PublishedConfiguration.objects.order_by("-version").values_list("jws", flat=True).first()
    if jws is None:
        raise NothingPublished
    return jws


def publication() -> Publication | None:
    newest = models.PublishedConfiguration.objects.defer("jws").order_by("-version").first()
    if newest is None:
        return None
    return Publication(version=newest.version, issued_at=newest.issued_at, expires_at=newest.expires_at, digest=newest.digest)


_SHAPES: dict[DraftKind, type[Organisation] | type[SystemEntry] | type[ServiceEntry] | type[Agreement]] = {
    DraftKind.ORGANISATION: Organisation,
    DraftKind.SYSTEM: SystemEntry,
    DraftKind.SERVICE: ServiceEntry,
    DraftKind.AGREEMENT: Agreement,
}


def _organisation(row: models.Organisation) -> Organisation:
    return Organisation(
        code=row.code,
        member_class=row.member_class,
        register_number=row.register_number,
        name_mn=row.name_mn,
        name_en=row.name_en,
        unit_code=row.unit_code,
    )


def _system(row: models.System) -> SystemEntry:
    return SystemEntry(id=row.id, title_mn=row.title_mn, title_en=row.title_en, credentials=row.credentials)


def _service(row: models.Service) -> ServiceEntry:
    return ServiceEntry(
        id=row.id,
        base_url=row.base_url,
        timeout_seconds=row.timeout_seconds,
        secret_name=row.secret_name,
        endpoints=row.endpoints,
        title_mn=row.title_mn,
        title_en=row.title_en,
        enabled=row.enabled,
    )


def _agreement(row: models.Agreement) -> Agreement:
    return Agreement(
        id=row.id,
        consumer=row.consumer_id,
        service=row.service_id,
        purposes=row.purposes,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )
