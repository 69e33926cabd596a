"""Publishing the catalogue's folder into the database, and writing it out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from django.db import connection, transaction
from pydantic import BaseModel

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.services.contracts import Finding, Judgement, LoadedService
from toono.services.domain import files
from toono.services.domain.definition import Definition, Meanings
from toono.services.domain.difference import missing
from toono.services.domain.digests import digest
from toono.services.domain.judge import judge
from toono.services.domain.lint import lint_read
from toono.services.errors import CatalogueError, VersionChanged
from toono.services.models import CatalogueContent, MeaningsVersion, ServiceVersion
from toono.services.queries import definitions

PERSONAS, LIFE_EVENT = "personas", "life_event"
"""Kinds of :class:`CatalogueContent`."""

_LOADING = 0x746F6F6E6F01
"""Number of the advisory lock under which one loader works at a time; held until its transaction ends, some milliseconds."""


def load_catalogue(*, actor: Actor, folder: Path) -> list[LoadedService]:
    """All or nothing: one transaction. What is judged (seconds) is judged before it."""
    if actor.role not in {Role.SYSTEM, Role.ADMINISTRATOR}:
        raise NotAllowed(f"{actor} may not publish services")
    found = files.read_catalogue(folder)
    _refuse(lint_read(found), "lint")
    meanings, cast = found.meanings, found.cast
    assert meanings is not None and cast is not None  # noqa: S101 - the linter has found nothing
    judged = {one.definition.code: judge(one, meanings, cast) for one in found.services if not _stored_alike(one)}
    _refuse([finding for one in judged.values() for finding in one.findings], "test")
    with transaction.atomic():
        one_at_a_time()
        _store_meanings(meanings)
        _store_contents(PERSONAS, {"": cast})
        if (folder / files.LIFE_EVENTS).is_dir():  # a part of a catalogue says nothing of life events
            _store_contents(LIFE_EVENT, {event.code: event for event in found.life_events})
        return [publish(actor, one, judged.get(one.definition.code)) for one in found.services]


def one_at_a_time() -> None:
    """Wait until nobody else loads or publishes; held until the caller's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOADING])


def _refuse(findings: Sequence[Finding], command: str) -> None:
    if findings:
        first = findings[0]
        more = f" ({len(findings) - 1} more; run `toono catalogue {command}`)" if len(findings) > 1 else ""
        raise CatalogueError(f"{first.file}: {first.where}: {first.message}{more}", findings=[f.model_dump() for f in findings])


def _stored_alike(one: files.Read) -> bool:
    """Whether this version was judged and stored before, with these tests."""
    stored = ServiceVersion.objects.filter(code=one.definition.code, version=one.definition.version).values_list("digest", "tests").first()
    return stored == (one.digest, one.tests)


def _store_meanings(meanings: Meanings) -> None:
    content = meanings.model_dump(mode="json", by_alias=True)
    newest = MeaningsVersion.objects.order_by("-id").first()
    if newest is None or newest.digest != digest(content):
        MeaningsVersion.objects.filter(digest=digest(content)).delete()  # an older state that is wanted again
        MeaningsVersion.objects.create(digest=digest(content), content=content, loaded_at=now())


def _store_contents(kind: str, parts: Mapping[str, BaseModel]) -> None:
    """Exactly these of a kind; what the folder has no more is removed."""
    CatalogueContent.objects.filter(kind=kind).exclude(code__in=list(parts)).delete()
    for code, part in parts.items():
        content = part.model_dump(mode="json", by_alias=True)
        if not CatalogueContent.objects.filter(kind=kind, code=code, digest=digest(content)).exists():
            CatalogueContent.objects.update_or_create(
                kind=kind, code=code, defaults={"digest": digest(content), "content": content, "loaded_at": now()}
            )


def publish(actor: Actor, one: files.Read, judgement: Judgement | None) -> LoadedService:
    """Store a version that was linted and judged; the caller holds the transaction.

    :param judgement: what its tests said; None where the same version is stored.
    :raises VersionChanged: it is stored with other content.
    :raises CatalogueError: it forgets what becomes of cases of the version before.
    """
    code, version = one.definition.code, one.definition.version
    stored = ServiceVersion.objects.filter(code=code, version=version).first()
    if stored is not None and stored.digest != one.digest:
        raise VersionChanged(
            f"{one.file}: version {version} of «{code}» is published and cannot change. Write `version: {version + 1}` and load again.",
            service=code, version=version,
        )  # fmt: skip
    if stored is None:
        _leads_on(one)
        burden = [part.model_dump(mode="json") for part in judgement.burden] if judgement else []
        ServiceVersion.objects.create(
            code=code, version=version, level=one.level, digest=one.digest, content=one.content, tests=one.tests,
            burden={"personas": burden}, loaded_at=now(),
        )  # fmt: skip
        audit.record(actor=actor, action="services.publish_version", subject=f"service:{code}", version=version, digest=one.digest)
    return LoadedService(code=code, version=version, digest=one.digest, new=stored is None)


def _leads_on(one: files.Read) -> None:
    """A declared migration must reach from every stored version that it names."""
    new = one.definition
    for number in (version for rule in new.migrations for version in rule.from_versions):
        older = ServiceVersion.objects.filter(code=new.code, version=number).exists()
        old: Definition | None = definitions.definition(new.code, number) if older else None
        for problem in missing(old, new) if old else ():
            raise CatalogueError(f"{one.file}: migrations, version {number}: {problem.en}")


def export_catalogue(*, folder: Path, codes: Sequence[str] = ()) -> list[str]:
    """Write the newest version of each service (or of ``codes``) as the files that would be loaded; gives their paths."""
    written = []
    for code, number in definitions.offered():
        if codes and code not in codes:
            continue
        _, row = definitions.version(code, number)
        for name, text in files.written(row.content, row.tests).items():
            path = folder / row.level / code / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path.relative_to(folder).as_posix())
    return written
