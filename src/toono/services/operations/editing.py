"""Writing definitions: drafts, their tests, review by another person, publication.

What is published goes the way of the loader: linted, tried out, stored once, never changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from procrastinate.contrib.django import app

from toono.identity import api as identity
from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.notifications import api as notifications
from toono.services.adapters import archives, judging
from toono.services.contracts import DraftState, Judgement, LoadedService, Text, TrialState
from toono.services.domain import admission, sheets
from toono.services.domain.definition import MigrationRule
from toono.services.domain.drafts import NAMES
from toono.services.domain.files import SERVICE, written
from toono.services.errors import CatalogueError, DraftChanged, DraftNotReady, DraftRefused, OwnDraft, RightsMissing, ServiceUnknown
from toono.services.models import DefinitionDraft
from toono.services.operations import catalogue
from toono.services.queries import definitions, editing, shelf_contents

TRY_DRAFT = "services.try_draft"
QUEUE = "timers"
WRITABLE = {DraftState.EDITING, DraftState.RETURNED, DraftState.APPROVED}
_CODE = re.compile(r"[a-z][a-z0-9-]{1,59}")
_LEVEL = re.compile(r"[a-z][a-z-]{1,39}")
LOST_AFTER = timedelta(minutes=3)
"""A run of tests that was not heard of for so long may be asked for again."""
NOTE_LENGTH = 2000


# -- beginning ---------------------------------------------------------------------------------------------------


def begin(*, actor: Actor, code: str) -> UUID:
    """A draft of the next version of a published service; the open one where there is one."""
    own = editing.organisation(actor)
    definition, version = definitions.newest(code)
    if definition.organisation != own:
        raise ServiceUnknown(f"{code} is not of {own}")
    open_one = DefinitionDraft.objects.filter(code=code, state__in=editing.OPEN).first()
    if open_one is not None:
        return editing.row(actor, open_one.id).id
    return _made(actor, code, version.level, definition.version, written(_next(version.content), version.tests))


def _next(content: Mapping[str, Any]) -> dict[str, Any]:
    """The number raised, and what becomes of open cases said: they end as they began, until the author decides otherwise."""
    old = content["definition"]
    rule = {"from_versions": [old["version"]], "rule": MigrationRule.CONTINUE.value}
    return {**content, "definition": {**old, "version": old["version"] + 1, "migrations": [rule]}}


def begin_new(*, actor: Actor, code: str, level: str) -> UUID:
    """A draft of a service that does not exist yet."""
    own = editing.organisation(actor)
    code, level = code.strip(), level.strip()
    if not _CODE.fullmatch(code) or not _LEVEL.fullmatch(level) or editing.published(code):
        raise DraftRefused(f"no new service can be called {code!r} at {level!r}")
    return _made(actor, code, level, None, _blank(code, own))


def _made(actor: Actor, code: str, level: str, base: int | None, files: Mapping[str, str]) -> UUID:
    own, author = editing.organisation(actor), editing.person(actor)
    try:
        with transaction.atomic():
            row = DefinitionDraft.objects.create(
                code=code, level=level, organisation=own, base_version=base, files=dict(files),
                state=DraftState.EDITING.value, author=author, writers=[str(author)], changed_at=now(),
            )  # fmt: skip
            audit.record(actor=actor, action="services.begin_draft", subject=f"draft:{row.id}", service=code)
    except IntegrityError:  # a second click, a colleague at the same moment, or another organisation has one
        open_one = DefinitionDraft.objects.filter(code=code, organisation=own, state__in=editing.OPEN).first()
        if open_one is None:
            raise DraftRefused(f"a draft of {code} is open already") from None
        return open_one.id
    return row.id


def _blank(code: str, organisation: str) -> dict[str, str]:
    """What every definition has, with words to be written."""
    return {
        SERVICE: _BLANK.format(code=code, organisation=organisation),
        "document.typ": '#import "letterhead.typ": letter, data\n\n#letter[\n  …\n]\n',
        "tests.yaml": "tests:\n  - name: A citizen gets it\n    persona: herder\n    steps:\n      - send: {}\n      - expect: {outcome: granted}\n",
    }


_BLANK = """\
language: 1
code: {code}
version: 1
organisation: {organisation}
name: {{mn: …, en: …}}
summary: {{mn: …, en: …}}
gives: {{mn: …, en: …}}
audience: {{mn: …, en: …}}
button: {{mn: …, en: …}}
channels: [web]
assurance: substantial
fee: {{amount_mungu: 0}}
legal_basis:
  - {{law: {{mn: …, en: …}}, article: …}}
facts:
  - {{name: identity, meaning: person.identity, purpose: {code}}}
declaration: {{mn: …, en: …}}
workflow:
  states:
    - {{name: draft, kind: draft, label: {{mn: Илгээгээгүй, en: Not sent}}}}
    - {{name: review, kind: review, label: {{mn: Хянаж байна, en: Being looked at}}}}
    - {{name: granted, kind: granted, label: {{mn: Олгосон, en: Granted}}}}
    - {{name: refused, kind: refused, label: {{mn: Татгалзсан, en: Refused}}}}
    - {{name: withdrawn, kind: withdrawn, label: {{mn: Та буцаан авсан, en: Withdrawn by you}}}}
  actions:
    - {{code: submit, by: citizen, from: [draft], to: review, label: {{mn: Хүсэлт гаргах, en: Apply}}}}
    - {{code: withdraw, by: citizen, from: [draft, review], to: withdrawn, label: {{mn: Буцаан авах, en: Withdraw}}}}
    - {{code: grant, by: officer, from: [review], to: granted, label: {{mn: Олгох, en: Grant}}}}
    - {{code: refuse, by: officer, from: [review], to: refused, label: {{mn: Татгалзах, en: Refuse}}, needs_reason: true}}
term: {{working_hours: 40, starts: submission}}
grounds:
  - code: not_eligible
    text: {{mn: …, en: …}}
    law: {{mn: …, en: …}}
    article: …
    remedy: {{mn: …, en: …}}
appeal: {{mn: …, en: …}}
document:
  title: {{mn: …, en: …}}
  rows:
    - fact: identity.given_name
retention: {{case_years: 5}}
"""


# -- writing -----------------------------------------------------------------------------------------------------


def save(*, actor: Actor, draft_id: UUID, revision: int, files: Mapping[str, str]) -> int:
    """Keep the texts, however wrong they are; gives the new revision."""
    unknown = set(files) - set(NAMES)
    if unknown or any(len(text.encode()) > admission.FILE_BYTES for text in files.values()):
        raise DraftRefused(f"files {sorted(unknown)}, or too large")
    return _written(actor, draft_id, revision, lambda kept: {**kept, **{name: _plain(text) for name, text in files.items()}})


def _plain(text: str) -> str:
    """As files in a repository are: lines end with a line feed, and the last one too. A null is no letter of a text."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return plain if not plain or plain.endswith("\n") else plain + "\n"


def fill_in(*, actor: Actor, draft_id: UUID, revision: int, name: str, part: str, values: Mapping[str, str]) -> int:
    """What a form says goes into the text."""
    return _changed(actor, draft_id, revision, lambda text: sheets.changed(text, name, part, values))


def change_list(*, actor: Actor, draft_id: UUID, revision: int, name: str, what: str, part: str, kind: str = "") -> int:
    """Move a question or ground (``up``, ``down``), take it away (``remove``), add one (``add``)."""
    if name not in sheets.LISTS:
        raise DraftRefused(f"{name} is no list")
    if what == "add" and not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", part):
        raise DraftRefused(f"{part!r} is no code")
    steps = {
        "up": lambda text: sheets.moved(text, name, part, -1),
        "down": lambda text: sheets.moved(text, name, part, 1),
        "remove": lambda text: sheets.removed(text, name, part),
        "add": lambda text: _added(text, name, part, kind),
    }
    if what not in steps:
        raise DraftRefused(f"{what} is nothing that can be done")
    return _changed(actor, draft_id, revision, steps[what])


def _added(text: str, name: str, code: str, kind: str) -> str:
    if any(code == known for known, _ in sheets.sheet(text, name).parts):
        raise DraftRefused(f"{code} stands there already")
    return sheets.added(text, name, code, kind)


def _changed(actor: Actor, draft_id: UUID, revision: int, change: Any) -> int:
    def changed(kept: Mapping[str, str]) -> dict[str, str]:
        if admission.unfit({SERVICE: kept[SERVICE]}, template=""):
            raise DraftRefused("the text cannot be read; put it right as text")
        try:
            return {**kept, SERVICE: change(kept[SERVICE])}
        except (sheets.NotReadable, sheets.NoSuchPart) as error:
            raise DraftRefused(str(error)) from error

    return _written(actor, draft_id, revision, changed)


def _written(actor: Actor, draft_id: UUID, revision: int, change: Any) -> int:
    """Under the row's lock: two who save at once are told apart by the revision that they had before them."""
    editing.organisation(actor)
    with transaction.atomic():
        row = editing.row(actor, draft_id, lock=True)
        if DraftState(row.state) not in WRITABLE:
            raise DraftNotReady(f"a draft that is {row.state} is not written at")
        if row.revision != revision:
            raise DraftChanged(f"revision {row.revision}, not {revision}", revision=row.revision)
        files = change(row.files)
        if files == row.files:
            return row.revision
        row.files, row.revision, row.changed_at = files, row.revision + 1, now()
        row.state = DraftState.EDITING.value  # what was approved was another text
        row.writers = sorted({*row.writers, str(actor.person_id)})
        row.save(update_fields=["files", "revision", "changed_at", "state", "writers"])
        audit.record(actor=actor, action="services.write_draft", subject=f"draft:{row.id}", service=row.code, revision=row.revision)
        return row.revision


def drop(*, actor: Actor, draft_id: UUID) -> None:
    """Throw the draft away. Twice it is once."""
    editing.organisation(actor)
    with transaction.atomic():
        row = editing.row(actor, draft_id, lock=True)
        if DraftState(row.state).open:
            _enter(actor, row, DraftState.DROPPED, "services.drop_draft")


def _enter(actor: Actor, row: DefinitionDraft, state: DraftState, action: str, **details: Any) -> None:
    row.state, row.changed_at = state.value, now()
    row.save()
    audit.record(actor=actor, action=action, subject=f"draft:{row.id}", service=row.code, revision=row.revision, **details)


# -- archives ----------------------------------------------------------------------------------------------------


def exported(*, actor: Actor, draft_id: UUID) -> tuple[str, bytes]:
    """Name and bytes of an archive with the folder of the draft."""
    row = editing.row(actor, draft_id)
    return f"{row.code}.zip", archives.packed(f"{row.level}/{row.code}", {name: row.files.get(name, "") for name in NAMES})


def imported(*, actor: Actor, draft_id: UUID, revision: int, archive: bytes) -> int:
    """The files of an archive take the place of the draft's."""
    try:
        files = archives.unpacked(archive, NAMES)
    except archives.Unreadable as error:
        raise DraftRefused(str(error)) from error
    return save(actor=actor, draft_id=draft_id, revision=revision, files=files)


# -- trying out --------------------------------------------------------------------------------------------------


def ask_trial(*, actor: Actor, draft_id: UUID) -> None:
    """Have the worker run the tests; asked again while they run, it is one run."""
    with transaction.atomic():
        row = editing.row(actor, draft_id, lock=True)
        found = editing.read(row)
        if found.read is None:
            raise DraftNotReady("the texts cannot be read")
        running = editing.trial_state(row) is TrialState.WAITING and row.trial["asked_at"] > (now() - LOST_AFTER).isoformat()
        if running:
            return
        row.trial = {"revision": row.revision, "shared": editing.shared(), "asked_at": now().isoformat(), "state": TrialState.WAITING.value}
        row.save(update_fields=["trial"])
        app.configure_task(TRY_DRAFT, queue=QUEUE, lock=f"draft:{row.id}").defer(draft_id=str(row.id))


def run_trial(*, draft_id: UUID) -> None:
    """Run the tests of a draft and keep what they say, if nobody has written at it meanwhile. Outside a transaction: it takes seconds."""
    row = DefinitionDraft.objects.filter(id=draft_id).first()
    if row is None or editing.trial_state(row) is not TrialState.WAITING:
        return
    trial = dict(row.trial)
    try:
        judgement, difference = judging.judged(_material(row))
        trial |= {
            "state": TrialState.DONE.value, "judgement": judgement.model_dump(mode="json"),
            "difference": difference.model_dump(mode="json") if difference else None,
        }  # fmt: skip
    except judging.Broken:
        trial["state"] = TrialState.BROKEN.value
    DefinitionDraft.objects.filter(id=draft_id, revision=row.revision).update(trial=trial)


def _material(row: DefinitionDraft) -> dict[str, Any]:
    place = editing.place(row)
    old = definitions.definition(row.code, place.published) if place.published else None
    return {
        "place": {"level": place.level, "code": place.code, "organisation": place.organisation, "published": place.published},
        "files": row.files,
        "meanings": definitions.meanings().model_dump(mode="json", by_alias=True),
        "personas": shelf_contents.cast().model_dump(mode="json", by_alias=True),
        "old": old.model_dump(mode="json", by_alias=True) if old else None,
    }


# -- review and publication --------------------------------------------------------------------------------------


def submit(*, actor: Actor, draft_id: UUID) -> None:
    """Hand a sound draft in for review."""
    editing.organisation(actor)
    with transaction.atomic():
        row = editing.row(actor, draft_id, lock=True)
        if row.state == DraftState.SUBMITTED:
            return
        if DraftState(row.state) not in {DraftState.EDITING, DraftState.RETURNED}:
            raise DraftNotReady(f"a draft that is {row.state} is not submitted")
        _sound(row)
        _enter(actor, row, DraftState.SUBMITTED, "services.submit_draft")
        _tell(row, "draft_submitted", (one for one in identity.administrators() if str(one) not in row.writers))


def _sound(row: DefinitionDraft) -> Judgement:
    """Nothing is found in it, and its tests were run on exactly this and passed.

    :raises DraftNotReady:
    """
    found = editing.read(row)
    if found.findings or editing.trial_state(row) is not TrialState.DONE:
        raise DraftNotReady("it has findings, or its tests were not run on this text")
    judgement = Judgement.model_validate(row.trial["judgement"])
    if judgement.findings:
        raise DraftNotReady("its tests fail")
    return judgement


def review(*, actor: Actor, draft_id: UUID, revision: int, approve: bool, note: str = "") -> None:
    """Approve what was submitted, or send it back with a note. By an administrator who has not written at it.

    :param revision: that the reviewer has read; another text is not approved by mistake.
    """
    if actor.role is not Role.ADMINISTRATOR or actor.person_id is None:
        raise NotAllowed(f"{actor} reviews no drafts")
    with transaction.atomic():
        row = editing.row(actor, draft_id, lock=True)
        if str(actor.person_id) in row.writers:
            raise OwnDraft(f"{actor} wrote at {row.code}")
        if row.revision != revision:
            raise DraftChanged(f"revision {row.revision}, not {revision}", revision=row.revision)
        if row.state != DraftState.SUBMITTED:
            raise DraftNotReady(f"a draft that is {row.state} is not reviewed")
        if not approve and not note.strip():
            raise DraftNotReady("a draft is not sent back without a word")
        if approve:
            _sound(row)
        row.reviewer, row.note = actor.person_id, note.strip()[:NOTE_LENGTH]
        action = "services.approve_draft" if approve else "services.return_draft"
        _enter(actor, row, DraftState.APPROVED if approve else DraftState.RETURNED, action)
        _tell(row, "draft_approved" if approve else "draft_returned", map(UUID, row.writers))


def _tell(row: DefinitionDraft, template: str, persons: Iterable[UUID]) -> None:
    found = editing.read(row).read
    name = found.definition.name if found else Text(mn=row.code, en=row.code)
    for person_id in persons:
        key = f"draft:{row.id}:{row.revision}:{template}:{person_id}:{row.changed_at:%Y%m%d%H%M%S}"
        notifications.notify(person_id=person_id, template=template, context={"service_mn": name.mn, "service_en": name.en}, key=key)


def publish(*, actor: Actor, draft_id: UUID) -> LoadedService:
    """Make an approved draft the newest version, by the way of the loader. Twice it is once."""
    if actor.role is not Role.ADMINISTRATOR:
        editing.organisation(actor)
    with transaction.atomic():
        catalogue.one_at_a_time()
        row = editing.row(actor, draft_id, lock=True)
        if row.state not in {DraftState.APPROVED, DraftState.PUBLISHED}:
            raise DraftNotReady(f"a draft that is {row.state} is not published")
        if row.state == DraftState.PUBLISHED:
            definition, version = definitions.version(row.code, (row.base_version or 0) + 1)
            return LoadedService(code=row.code, version=definition.version, digest=version.digest, new=False)
        judgement, found = _sound(row), editing.read(row)
        assert found.read is not None  # noqa: S101 - a sound draft was read
        missing = editing.missing_rights(found.read.definition)
        if missing:
            raise RightsMissing(f"{row.code} may not read everything yet", services=[one.service for one in missing])
        loaded = catalogue.publish(actor, found.read, judgement)
        _enter(actor, row, DraftState.PUBLISHED, "services.publish_draft", version=loaded.version)
        return loaded


def publish_folder(*, written_by: Actor, approved_by: Actor, folder: Path) -> LoadedService:
    """Each step is the one that a page does; where one refuses, the draft stays as it stands."""
    try:
        files = {name: _plain((folder / name).read_text(encoding="utf-8")) for name in NAMES}
    except (OSError, UnicodeDecodeError) as error:
        raise DraftRefused(str(error)) from error
    code, level = folder.resolve().name, folder.resolve().parent.name
    draft_id = begin(actor=written_by, code=code) if editing.published(code) else begin_new(actor=written_by, code=code, level=level)
    row = editing.row(written_by, draft_id)
    if row.writers != [str(written_by.person_id)]:
        raise DraftRefused(f"others are writing at {code}")
    if row.files != files:
        save(actor=written_by, draft_id=draft_id, revision=row.revision, files=files)
    if editing.row(written_by, draft_id).state in {DraftState.EDITING, DraftState.RETURNED}:
        _pass(written_by, draft_id)
        submit(actor=written_by, draft_id=draft_id)
    row = editing.row(written_by, draft_id)
    if row.state == DraftState.SUBMITTED:
        review(actor=approved_by, draft_id=draft_id, revision=row.revision, approve=True)
    return publish(actor=written_by, draft_id=draft_id)


def _pass(actor: Actor, draft_id: UUID) -> None:
    """Lint it, and run its tests here and now.

    :raises CatalogueError:
    """
    found = list(editing.read(editing.row(actor, draft_id)).findings)
    if not found:
        ask_trial(actor=actor, draft_id=draft_id)
        run_trial(draft_id=draft_id)
        row = editing.row(actor, draft_id)
        if editing.trial_state(row) is not TrialState.DONE:
            raise CatalogueError("the tests took too long")
        found = list(Judgement.model_validate(row.trial["judgement"]).findings)
    if found:
        first = found[0]
        raise CatalogueError(f"{first.file}: {first.where}: {first.message}", findings=[one.model_dump() for one in found])
