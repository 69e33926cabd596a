"""Publishing the catalogue's folder into the database."""

from __future__ import annotations

from pathlib import Path

from django.db import connection, transaction

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.services.contracts import LoadedService
from toono.services.domain import files
from toono.services.domain.digests import digest
from toono.services.domain.lint import lint_catalogue
from toono.services.errors import CatalogueError, VersionChanged
from toono.services.models import MeaningsVersion, ServiceVersion

_LOADING = 0x746F6F6E6F01
"""Number of the advisory lock under which one loader works at a time; held until its transaction ends, some milliseconds."""


def load_catalogue(*, actor: Actor, folder: Path) -> list[LoadedService]:
    """All or nothing: one transaction."""
    if actor.role not in {Role.SYSTEM, Role.ADMINISTRATOR}:
        raise NotAllowed(f"{actor} may not publish services")
    findings = lint_catalogue(folder)
    if findings:
        first = findings[0]
        more = f" ({len(findings) - 1} more; run `toono catalogue lint`)" if len(findings) > 1 else ""
        raise CatalogueError(f"{first.file}: {first.where}: {first.message}{more}", findings=[f.model_dump() for f in findings])
    read, _ = files.read_services(folder)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOADING])
        _store_meanings(folder)
        return [_publish(actor, one) for one in read]


def _store_meanings(folder: Path) -> None:
    meanings, _ = files.read_meanings(folder)
    assert meanings is not None  # noqa: S101 - the linter has read it
    content = meanings.model_dump(mode="json", by_alias=True)
    newest = MeaningsVersion.objects.order_by("-id").first()
    if newest is None or newest.digest != digest(content):
        MeaningsVersion.objects.filter(digest=digest(content)).delete()  # an older state that is wanted again
        MeaningsVersion.objects.create(digest=digest(content), content=content, loaded_at=now())


def _publish(actor: Actor, one: files.Read) -> LoadedService:
    code, version = one.definition.code, one.definition.version
    stored = ServiceVersion.objects.filter(code=code, version=version).first()
    if stored is not None and stored.digest != one.digest:
        raise VersionChanged(
            f"{one.file}: version {version} of «{code}» is published and cannot change. Write `version: {version + 1}` and load again.",
            service=code, version=version,
        )  # fmt: skip
    if stored is None:
        ServiceVersion.objects.create(code=code, version=version, level=one.level, digest=one.digest, content=one.content, loaded_at=now())
        audit.record(actor=actor, action="services.publish_version", subject=f"service:{code}", version=version, digest=one.digest)
    return LoadedService(code=code, version=version, digest=one.digest, new=stored is None)
