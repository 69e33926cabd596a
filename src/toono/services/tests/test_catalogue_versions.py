"""Publishing: judged before, idempotent, immutable, all or nothing; a case stays with its version."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from toono.kernel.actor import Actor, system
from toono.kernel.errors import NotAllowed
from toono.services.errors import CatalogueError, LifeEventUnknown, VersionChanged
from toono.services.tests.catalogue import CATALOGUE, copied

if TYPE_CHECKING:
    from tests.stage import Stack

ACTOR = system("tests")
ORIGINAL = "dundgovi/water-use-permit"


def _renamed(folder: Path, code: str, **fields: Any) -> Path:
    """A catalogue whose only service is a copy of the permit under another code, so that no other test is touched."""
    copy = copied(folder)
    target = copy / "dundgovi" / code
    kept = shutil.move(copy / ORIGINAL, folder / code)
    for part in ("national", "dundgovi", "life-events"):
        shutil.rmtree(copy / part)
    shutil.copytree(kept, target)
    for name in ("service.yaml", "tests.yaml"):
        file = target / name
        file.write_text(file.read_text().replace("water-use-permit", code))
    quiet = {"mn": "Туршилтын бүртгэл", "en": "Trial entry"}
    _edit(copy, code, name=quiet, summary=quiet, keywords={}, **fields)  # no search of another test finds it
    return copy


def _edit(folder: Path, code: str, **fields: Any) -> None:
    file = folder / "dundgovi" / code / "service.yaml"
    content = yaml.load(file.read_text(), Loader=yaml.CSafeLoader)
    file.write_text(yaml.safe_dump({**content, **fields}, allow_unicode=True, sort_keys=False))


def _version(folder: Path, code: str) -> int:
    found: int = yaml.load((folder / "dundgovi" / code / "service.yaml").read_text(), Loader=yaml.CSafeLoader)["version"]
    return found


def test_loading_the_same_folder_again_changes_nothing(stack: Stack) -> None:
    from toono.services import api

    assert not any(one.new for one in api.load_catalogue(actor=ACTOR, folder=CATALOGUE))


def test_a_published_version_with_other_content_is_refused_with_a_sentence(stack: Stack, tmp_path: Path) -> None:
    from toono.services import api

    code = "versions-refused"
    folder = _renamed(tmp_path, code)
    number = _version(folder, code)
    assert [one.new for one in api.load_catalogue(actor=ACTOR, folder=folder)] == [True]
    words = {"mn": "Өөр үг.", "en": "Other words."}
    _edit(folder, code, summary=words)
    with pytest.raises(VersionChanged, match=f"Write `version: {number + 1}`"):
        api.load_catalogue(actor=ACTOR, folder=folder)
    _edit(folder, code, version=number + 1, migrations=[{"from_versions": [number], "rule": "continue"}])
    assert [(one.version, one.new) for one in api.load_catalogue(actor=ACTOR, folder=folder)] == [(number + 1, True)]
    assert api.service(code=code).summary.summary.mn == "Өөр үг."
    changes = api.difference(code=code, old=number, new=number + 1).changes
    assert [change.where for change in changes] == ["summary"]


def test_a_changed_template_is_a_changed_version(stack: Stack, tmp_path: Path) -> None:
    from toono.services import api

    folder = _renamed(tmp_path, "versions-template")
    api.load_catalogue(actor=ACTOR, folder=folder)
    (folder / "dundgovi/versions-template/document.typ").write_text('#import "letterhead.typ": letter\n#letter[Өөр үг.]')
    with pytest.raises(VersionChanged):
        api.load_catalogue(actor=ACTOR, folder=folder)


def test_a_case_stays_with_its_version(stack: Stack, tmp_path: Path, fresh_citizen: Callable[[], Actor]) -> None:
    from toono.services import api

    code = "versions-pinned"
    folder = _renamed(tmp_path, code)
    number = _version(folder, code)
    api.load_catalogue(actor=ACTOR, folder=folder)
    actor = fresh_citizen()
    old = api.start_case(actor=actor, service=code, on_behalf="")
    _edit(folder, code, version=number + 1, migrations=[{"from_versions": [number], "rule": "continue"}])
    api.load_catalogue(actor=ACTOR, folder=folder)
    again = api.start_case(actor=actor, service=code, on_behalf="")
    assert (again.id, again.service_version) == (old.id, number)
    assert api.start_case(actor=fresh_citizen(), service=code, on_behalf="").service_version == number + 1


def test_a_migration_that_forgets_a_state_of_a_published_version_is_not_loaded(stack: Stack, tmp_path: Path) -> None:
    from toono.services import api

    code = "versions-forgetful"
    folder = _renamed(tmp_path, code)
    number = _version(folder, code)
    api.load_catalogue(actor=ACTOR, folder=folder)
    _edit(folder, code, version=number + 1, migrations=[{"from_versions": [number], "rule": "migrate", "states": {"review": "granted"}}])
    with pytest.raises(CatalogueError, match="where cases in the state “review” go"):
        api.load_catalogue(actor=ACTOR, folder=folder)


def test_a_catalogue_with_a_finding_is_not_loaded_at_all(stack: Stack, tmp_path: Path) -> None:
    from toono.services import api
    from toono.services.models import ServiceVersion

    folder = _renamed(tmp_path, "versions-broken", grounds=[])
    with pytest.raises(CatalogueError, match="grounds"):
        api.load_catalogue(actor=ACTOR, folder=folder)
    assert not ServiceVersion.objects.filter(code="versions-broken").exists()


def test_a_catalogue_whose_tests_fail_is_not_loaded_at_all(stack: Stack, tmp_path: Path) -> None:
    from toono.services import api
    from toono.services.models import ServiceVersion

    folder = _renamed(tmp_path, "versions-untrue")
    file = folder / "dundgovi/versions-untrue/tests.yaml"
    stories = yaml.load(file.read_text(), Loader=yaml.CSafeLoader)
    stories["tests"][0]["steps"].append({"expect": {"fee": 123}})
    file.write_text(yaml.safe_dump(stories, allow_unicode=True, sort_keys=False))
    with pytest.raises(CatalogueError, match=r"tests\.yaml: tests\.0.*expected fee «123»"):
        api.load_catalogue(actor=ACTOR, folder=folder)
    assert not ServiceVersion.objects.filter(code="versions-untrue").exists()


def test_a_version_is_stored_with_its_tests_and_its_burden(stack: Stack) -> None:
    from toono.services import api
    from toono.services.queries import definitions

    _, row = definitions.newest("water-use-permit")
    assert json.loads(row.tests["text"])["tests"][0]["steps"]
    herder = next(one for one in api.burden(code="water-use-permit") if one.persona == "herder")
    assert herder.questions >= 1 and herder.pages >= 2 and herder.visits == 0


def test_life_events_are_loaded_in_their_order_of_steps(stack: Stack) -> None:
    from toono.services import api

    assert {event.code for event in api.life_events()} >= {"child-born", "moved", "opening-a-shop"}
    assert api.life_event(code="moved").steps[0].service == "address-reference"
    with pytest.raises(LifeEventUnknown):
        api.life_event(code="flying")


def test_a_published_version_is_written_out_as_the_files_that_are_loaded(stack: Stack, tmp_path: Path) -> None:
    from toono.services import api

    written = api.export_catalogue(folder=tmp_path, codes=["address-reference"])
    assert written == [f"national/address-reference/{name}" for name in ("service.yaml", "document.typ", "tests.yaml")]
    for name in ("meanings.yaml", "personas.yaml"):
        shutil.copy(CATALOGUE / name, tmp_path)
    assert [one.new for one in api.load_catalogue(actor=ACTOR, folder=tmp_path)] == [False]


def test_only_a_system_or_an_administrator_publishes(stack: Stack, sarnai: Actor, oyun: Actor) -> None:
    from toono.services import api

    for actor in (sarnai, oyun):
        with pytest.raises(NotAllowed):
            api.load_catalogue(actor=actor, folder=CATALOGUE)
