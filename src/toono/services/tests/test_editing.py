"""Drafts of definitions: two authors at once, tests on request, review by another, publication by the way of the loader."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock
from uuid import UUID, uuid4

import pytest

from toono.kernel.actor import Actor, Role
from toono.kernel.errors import NotAllowed
from toono.kernel.ids import public_code
from toono.services.tests.catalogue import CATALOGUE

if TYPE_CHECKING:
    from tests.stage import Stack

ORGANISATION = "dundgovi-environment"
NAMES = ("service.yaml", "document.typ", "tests.yaml")


@pytest.fixture(scope="session")
def enkhjin(stack: Stack) -> Actor:
    """Энхжин, analyst of Dundgovi's environment office."""
    from toono.identity import api as identity
    from toono.kernel.actor import system

    person = identity.register_person(actor=system("tests"), regnum=stack.addresses["persons"]["enkhjin"]["regnum"])
    assert [a.organisation for a in identity.appointments(person_id=person.id) if a.role is Role.ANALYST] == [ORGANISATION]
    return Actor(role=Role.ANALYST, person_id=person.id, organisation=ORGANISATION)


def permit(code: str) -> dict[str, str]:
    """The files of the water permit under another code, found by no search of another test."""
    files = {name: (CATALOGUE / "dundgovi/water-use-permit" / name).read_text() for name in NAMES}
    text = re.sub(r"(?m)^code: .*$", f"code: {code}", files["service.yaml"])
    text = re.sub(r"(?m)^version: \d+$", "version: 1", text)
    text = re.sub(r"(?ms)^migrations:\n.*\Z", "", text)
    text = re.sub(r"(?ms)^name:\n.*?(?=^gives:)", "name: {mn: Туршилт, en: Trial}\nsummary: {mn: Туршилт., en: Trial.}\n", text)
    text = re.sub(r"(?ms)^keywords:\n.*?(?=^channels:)", "", text)
    return {**files, "service.yaml": re.sub(r"(?m)^  produces: .*\n", "", text)}


@pytest.fixture
def begun(enkhjin: Actor) -> UUID:
    """A new draft with a whole service in it."""
    from toono.services import api

    code = f"drafted-{public_code(8).lower()}"
    draft_id = api.begin_new_draft(actor=enkhjin, code=code, level="dundgovi")
    api.save_draft(actor=enkhjin, draft_id=draft_id, revision=1, files=permit(code))
    return draft_id


def tried(stack: Stack, actor: Actor, draft_id: UUID) -> Any:
    """The draft after the worker has run its tests."""
    from toono.services import api

    api.try_draft(actor=actor, draft_id=draft_id)
    stack.wait(lambda: api.draft(actor=actor, draft_id=draft_id).trial != "waiting", timeout=60)
    return api.draft(actor=actor, draft_id=draft_id)


def told(person: Actor, template: str, draft_id: UUID) -> int:
    """How often the person was told this about the draft."""
    from toono.notifications.models import Message

    return Message.objects.filter(person_id=person.person_id, template=template, key__startswith=f"draft:{draft_id}:").count()


def test_a_draft_goes_from_the_first_word_to_the_published_version(stack: Stack, enkhjin: Actor, anu: Actor, begun: UUID) -> None:
    from toono.services import api
    from toono.services.errors import DraftNotReady, DraftUnknown

    with pytest.raises(DraftUnknown):
        api.draft(actor=anu, draft_id=begun)  # nothing was submitted yet
    with pytest.raises(DraftNotReady):
        api.submit_draft(actor=enkhjin, draft_id=begun)  # the tests were not run
    draft = tried(stack, enkhjin, begun)
    assert (draft.findings, draft.trial, draft.judgement.findings, draft.missing_rights) == ((), "done", (), ())
    assert draft.may_submit and not draft.may_publish and draft.judgement.burden
    api.submit_draft(actor=enkhjin, draft_id=begun)
    assert told(anu, "draft_submitted", begun) == 1
    with pytest.raises(DraftNotReady):
        api.save_draft(actor=enkhjin, draft_id=begun, revision=draft.summary.revision, files={"document.typ": "x"})
    with pytest.raises(DraftNotReady):
        api.publish_draft(actor=enkhjin, draft_id=begun)  # nobody has approved it
    assert begun in [one.id for one in api.drafts_to_review(actor=anu)]
    api.review_draft(actor=anu, draft_id=begun, revision=draft.summary.revision, approve=True)
    assert told(enkhjin, "draft_approved", begun) == 1
    loaded = api.publish_draft(actor=enkhjin, draft_id=begun)
    assert (loaded.version, loaded.new) == (1, True)
    assert api.publish_draft(actor=enkhjin, draft_id=begun).new is False
    assert api.service(code=loaded.code).summary.version == 1
    # the next version begins where this one ended, and is a draft like the first
    again = api.begin_draft(actor=enkhjin, code=loaded.code)
    assert again == api.begin_draft(actor=enkhjin, code=loaded.code)
    following = tried(stack, enkhjin, again)
    assert (following.findings, following.judgement.findings, following.summary.published) == ((), (), 1)
    assert (following.difference.changes, following.difference.rule) == ((), "continue")


def test_a_draft_survives_bad_yaml_and_says_where(enkhjin: Actor, begun: UUID) -> None:
    from toono.services import api
    from toono.services.errors import DraftNotReady, DraftRefused

    before = api.draft(actor=enkhjin, draft_id=begun)
    bad = "language: 1\ncode: [\n"
    api.save_draft(actor=enkhjin, draft_id=begun, revision=before.summary.revision, files={"service.yaml": bad})
    draft = api.draft(actor=enkhjin, draft_id=begun)
    assert dict(draft.files)["service.yaml"] == bad and dict(draft.files)["tests.yaml"] == dict(before.files)["tests.yaml"]
    assert not draft.readable and draft.findings[0].finding.rule == "yaml" and draft.findings[0].line in (2, 3)
    with pytest.raises(DraftRefused):
        api.draft_sheet(actor=enkhjin, draft_id=begun, name="names")
    with pytest.raises(DraftNotReady):
        api.try_draft(actor=enkhjin, draft_id=begun)


def test_of_two_who_save_at_once_one_is_told_and_nothing_is_lost(enkhjin: Actor, begun: UUID) -> None:
    from toono.services import api
    from toono.services.errors import DraftChanged

    draft = api.draft(actor=enkhjin, draft_id=begun)

    def save(n: int) -> int | str:
        from django.db import connection

        try:
            text = dict(draft.files)["document.typ"] + f"// {n}\n"
            return api.save_draft(actor=enkhjin, draft_id=begun, revision=draft.summary.revision, files={"document.typ": text})
        except DraftChanged as error:
            return str(error.code)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(save, range(6)))
    assert sorted(said, key=str) == [draft.summary.revision + 1] + ["services.draft_changed"] * 5
    kept = dict(api.draft(actor=enkhjin, draft_id=begun).files)["document.typ"]
    assert kept.endswith(f"// {said.index(draft.summary.revision + 1)}\n")


def test_a_form_and_the_text_say_the_same(enkhjin: Actor, begun: UUID) -> None:
    from toono.services import api

    draft = api.draft(actor=enkhjin, draft_id=begun)
    revision = api.fill_in_draft(
        actor=enkhjin, draft_id=begun, revision=draft.summary.revision, name="names", part="", values={"name.en": "Another trial"}
    )
    assert "en: Another trial" in dict(api.draft(actor=enkhjin, draft_id=begun).files)["service.yaml"]
    revision = api.change_draft_list(actor=enkhjin, draft_id=begun, revision=revision, name="questions", what="up", part="source")
    sheet = api.draft_sheet(actor=enkhjin, draft_id=begun, name="questions")
    assert [code for code, _ in sheet.parts][:3] == ["purpose", "source", "irrigated_hectares"]
    api.change_draft_list(actor=enkhjin, draft_id=begun, revision=revision, name="questions", what="up", part="purpose")
    assert api.draft(actor=enkhjin, draft_id=begun).summary.revision == revision  # it stands at the top already


def test_findings_stand_beside_their_fields(enkhjin: Actor, begun: UUID) -> None:
    from toono.services import api

    draft = api.draft(actor=enkhjin, draft_id=begun)
    api.fill_in_draft(
        actor=enkhjin, draft_id=begun, revision=draft.summary.revision, name="questions", part="meter",
        values={"questions.meter.when": "answers.nobody > 75"},
    )  # fmt: skip
    sheet = api.draft_sheet(actor=enkhjin, draft_id=begun, name="questions", part="meter")
    field = next(f for s in sheet.sections for f in s.fields if f.path == "questions.meter.when")
    assert any("nobody" in finding.message for finding in field.findings)


def test_another_organisation_and_a_citizen_see_no_draft(enkhjin: Actor, sarnai: Actor, oyun: Actor, begun: UUID) -> None:
    from toono.services import api
    from toono.services.errors import DraftUnknown, ServiceUnknown

    stranger = Actor(role=Role.ANALYST, person_id=uuid4(), organisation="dundgovi-water")
    for work in (
        lambda: api.draft(actor=stranger, draft_id=begun),
        lambda: api.save_draft(actor=stranger, draft_id=begun, revision=2, files={}),
        lambda: api.export_draft(actor=stranger, draft_id=begun),
        lambda: api.preview_draft(actor=stranger, draft_id=begun, persona="herder"),
        lambda: api.publish_draft(actor=stranger, draft_id=begun),
        lambda: api.drop_draft(actor=stranger, draft_id=begun),
    ):
        with pytest.raises(DraftUnknown):
            work()
    with pytest.raises(ServiceUnknown):
        api.begin_draft(actor=stranger, code="water-use-permit")
    for actor in (sarnai, oyun):
        with pytest.raises(NotAllowed):
            api.draft(actor=actor, draft_id=begun)
        with pytest.raises(NotAllowed):
            api.analyst_shelf(actor=actor)


def test_who_wrote_at_it_does_not_approve_it(stack: Stack, enkhjin: Actor, anu: Actor, begun: UUID) -> None:
    from toono.services import api
    from toono.services.errors import DraftChanged, OwnDraft

    both = Actor(role=Role.ANALYST, person_id=anu.person_id, organisation=ORGANISATION)
    draft = api.draft(actor=enkhjin, draft_id=begun)
    text = dict(draft.files)["document.typ"].replace("хориглоно.", "хориглоно. ")
    api.save_draft(actor=both, draft_id=begun, revision=draft.summary.revision, files={"document.typ": text})
    revision = tried(stack, enkhjin, begun).summary.revision
    api.submit_draft(actor=enkhjin, draft_id=begun)
    with pytest.raises(OwnDraft):
        api.review_draft(actor=anu, draft_id=begun, revision=revision, approve=True)
    other = Actor(role=Role.ADMINISTRATOR, person_id=uuid4())
    with pytest.raises(DraftChanged):
        api.review_draft(actor=other, draft_id=begun, revision=revision - 1, approve=True)
    api.review_draft(actor=other, draft_id=begun, revision=revision, approve=False, note="Хугацааг богиносго.")
    assert told(enkhjin, "draft_returned", begun) == 1 and told(anu, "draft_returned", begun) == 1  # both wrote at it
    assert api.draft(actor=enkhjin, draft_id=begun).note == "Хугацааг богиносго."
    assert api.draft(actor=enkhjin, draft_id=begun).may_submit


def test_what_was_approved_is_another_text_after_a_change(stack: Stack, enkhjin: Actor, anu: Actor, begun: UUID) -> None:
    from toono.services import api
    from toono.services.errors import DraftNotReady

    revision = tried(stack, enkhjin, begun).summary.revision
    api.submit_draft(actor=enkhjin, draft_id=begun)
    api.review_draft(actor=anu, draft_id=begun, revision=revision, approve=True)
    api.fill_in_draft(actor=enkhjin, draft_id=begun, revision=revision, name="names", part="", values={"name.en": "Changed after approval"})
    with pytest.raises(DraftNotReady):
        api.publish_draft(actor=enkhjin, draft_id=begun)
    assert api.draft(actor=enkhjin, draft_id=begun).trial == "stale"


def test_a_purpose_that_no_agreement_names_is_not_published(stack: Stack, enkhjin: Actor, anu: Actor, begun: UUID) -> None:
    from toono.services import api
    from toono.services.errors import RightsMissing

    draft = api.draft(actor=enkhjin, draft_id=begun)
    text = dict(draft.files)["service.yaml"].replace(
        "meaning: person.identity, purpose: water-use-permit", f"meaning: person.identity, purpose: {draft.summary.code}"
    )
    api.save_draft(actor=enkhjin, draft_id=begun, revision=draft.summary.revision, files={"service.yaml": text})
    draft = tried(stack, enkhjin, begun)
    assert {code for one in draft.missing_rights for code in one.purposes} == {draft.summary.code}
    api.submit_draft(actor=enkhjin, draft_id=begun)
    api.review_draft(actor=anu, draft_id=begun, revision=draft.summary.revision, approve=True)
    with pytest.raises(RightsMissing):
        api.publish_draft(actor=anu, draft_id=begun)


def test_tests_that_never_end_end_their_own_process_only(enkhjin: Actor, begun: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    from toono.services.adapters import judging
    from toono.services.contracts import TrialState
    from toono.services.models import DefinitionDraft
    from toono.services.operations import editing

    monkeypatch.setattr(judging, "SECONDS", 0.05)
    monkeypatch.setattr(editing, "app", MagicMock())  # no worker hears of it; this process does the job
    editing.ask_trial(actor=enkhjin, draft_id=begun)
    editing.run_trial(draft_id=begun)
    assert DefinitionDraft.objects.get(id=begun).trial["state"] == TrialState.BROKEN


@pytest.mark.parametrize("code", ["Water", "ус", "a", "x" * 61, "../etc", "water-use-permit", ""])
def test_a_code_that_is_taken_or_none_is_refused(enkhjin: Actor, code: str) -> None:
    from toono.services import api
    from toono.services.errors import DraftRefused

    with pytest.raises(DraftRefused):
        api.begin_new_draft(actor=enkhjin, code=code, level="dundgovi")


def test_an_archive_goes_out_and_comes_back_the_same(enkhjin: Actor, begun: UUID) -> None:
    from toono.services import api
    from toono.services.errors import DraftRefused

    draft = api.draft(actor=enkhjin, draft_id=begun)
    name, content = api.export_draft(actor=enkhjin, draft_id=begun)
    assert name == f"{draft.summary.code}.zip"
    revision = api.import_draft(actor=enkhjin, draft_id=begun, revision=draft.summary.revision, archive=content)
    assert revision == draft.summary.revision  # nothing differs
    with pytest.raises(DraftRefused):
        api.import_draft(actor=enkhjin, draft_id=begun, revision=revision, archive=b"no archive")


def test_a_preview_walks_the_pages_without_a_case(enkhjin: Actor, begun: UUID) -> None:
    from toono.services import api
    from toono.services.models import Case

    before = Case.objects.count()
    seen = api.preview_draft(actor=enkhjin, draft_id=begun, persona="herder")
    assert seen.page is not None and seen.page.code == "purpose" and seen.facts
    wrong = api.preview_draft(actor=enkhjin, draft_id=begun, persona="herder", said=seen.said, typed={"purpose": "nothing"})
    assert wrong.errors and wrong.page is not None and wrong.page.fields[0].error is not None
    on = api.preview_draft(actor=enkhjin, draft_id=begun, persona="herder", said=seen.said, typed={"purpose": "livestock"})
    assert on.page is not None and on.page.code == "source" and len(on.answers) == 1
    assert api.preview_draft(actor=enkhjin, draft_id=begun, persona="foreigner").cannot is not None
    assert Case.objects.count() == before


def test_the_next_version_of_every_published_service_begins_without_findings(stack: Stack) -> None:
    """Whatever its last version says: older migrations, fees, branches; and a form that is only looked at changes no letter of it."""
    from toono.services.domain import sheets
    from toono.services.domain.drafts import draft
    from toono.services.domain.files import written
    from toono.services.models import DefinitionDraft
    from toono.services.operations.editing import _next
    from toono.services.queries import definitions, editing

    for code, number in definitions.offered():
        definition, version = definitions.version(code, number)
        if code.startswith("trial-") or not version.tests:
            continue
        files = written(_next(version.content), version.tests)
        row = DefinitionDraft(code=code, level=version.level, organisation=definition.organisation, files=files)
        assert editing.read(row).findings == (), code
        values = {field.path: field.value for section in sheets.sheet(files["service.yaml"], "names").sections for field in section.fields}
        assert sheets.changed(files["service.yaml"], "names", "", values) == files["service.yaml"], code
        assert draft(editing.place(row), files).read is not None
