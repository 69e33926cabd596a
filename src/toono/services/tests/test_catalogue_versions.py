"""Publishing: idempotent, immutable, all or nothing; a case stays with its version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from toono.kernel.actor import Actor, system
from toono.kernel.errors import NotAllowed
from toono.services.errors import CatalogueError, VersionChanged
from toono.services.tests.catalogue import CATALOGUE, copied

if TYPE_CHECKING:
    from tests.stage import Stack

ACTOR = system("tests")


def _renamed(folder: Path, code: str, change: Callable[[Any], object] = dict) -> Path:
    """A catalogue whose only service is a copy of the permit under another code, so that no other test is touched."""
    copy = copied(folder)
    import shutil

    shutil.rmtree(copy / "national")
    target = copy / "dundgovi" / code
    (copy / "dundgovi/water-use-permit").rename(target)
    content = yaml.safe_load((target / "service.yaml").read_text())
    quiet = {"mn": "Туршилтын бүртгэл", "en": "Trial entry"}
    content |= {"code": code, "name": quiet, "summary": quiet, "keywords": {}}  # no search of another test finds it
    change(content)
    (target / "service.yaml").write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    return copy


def _edit(folder: Path, code: str, **fields: Any) -> None:
    file = folder / "dundgovi" / code / "service.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **fields}, allow_unicode=True, sort_keys=False))


def test_loading_the_same_folder_again_changes_nothing(stack: Stack) -> None:
    from toono.services import api

    assert [one.new for one in api.load_catalogue(actor=ACTOR, folder=CATALOGUE)] == [False, False]


def test_a_published_version_with_other_content_is_refused_with_a_sentence(stack: Stack, tmp_path: Path) -> None:
    from toono.services import api

    folder = _renamed(tmp_path, "versions-refused")
    assert [one.new for one in api.load_catalogue(actor=ACTOR, folder=folder)] == [True]
    _edit(folder, "versions-refused", term={"working_hours": 80, "starts": "submission"})
    with pytest.raises(VersionChanged, match="Write `version: 2`"):
        api.load_catalogue(actor=ACTOR, folder=folder)
    _edit(folder, "versions-refused", version=2)
    assert [(one.version, one.new) for one in api.load_catalogue(actor=ACTOR, folder=folder)] == [(2, True)]
    assert api.service(code="versions-refused").summary.term_working_hours == 80


def test_a_changed_template_is_a_changed_version(stack: Stack, tmp_path: Path) -> None:
    from toono.services import api

    folder = _renamed(tmp_path, "versions-template")
    api.load_catalogue(actor=ACTOR, folder=folder)
    (folder / "dundgovi/versions-template/document.typ").write_text('#import "letterhead.typ": letter\n#letter[Өөр үг.]')
    with pytest.raises(VersionChanged):
        api.load_catalogue(actor=ACTOR, folder=folder)


def test_a_case_stays_with_its_version(stack: Stack, tmp_path: Path, fresh_citizen: Callable[[], Actor]) -> None:
    from toono.services import api

    folder = _renamed(tmp_path, "versions-pinned")
    api.load_catalogue(actor=ACTOR, folder=folder)
    actor = fresh_citizen()
    old = api.start_case(actor=actor, service="versions-pinned")
    content = yaml.safe_load((folder / "dundgovi/versions-pinned/service.yaml").read_text())
    _edit(
        folder,
        "versions-pinned",
        version=2,
        questions=content["questions"][1:],
        document={**content["document"], "rows": [{"fact": "identity.regnum"}]},
    )
    for question in (questions := yaml.safe_load((folder / "dundgovi/versions-pinned/service.yaml").read_text())["questions"]):
        question.pop("when", None)
    _edit(folder, "versions-pinned", questions=questions)
    api.load_catalogue(actor=ACTOR, folder=folder)
    assert api.start_case(actor=actor, service="versions-pinned").id == old.id
    assert api.case(actor=actor, case_id=old.id).next.question == "purpose"
    newcomer = api.start_case(actor=fresh_citizen(), service="versions-pinned")
    assert (newcomer.service_version, newcomer.next.question) == (2, "irrigated_hectares")


def test_a_catalogue_with_a_finding_is_not_loaded_at_all(stack: Stack, tmp_path: Path) -> None:
    from toono.services import api
    from toono.services.models import ServiceVersion

    folder = _renamed(tmp_path, "versions-broken", lambda content: content["workflow"]["actions"].pop())
    with pytest.raises(CatalogueError, match="workflow"):
        api.load_catalogue(actor=ACTOR, folder=folder)
    assert not ServiceVersion.objects.filter(code="versions-broken").exists()


def test_only_a_system_or_an_administrator_publishes(stack: Stack, sarnai: Actor, oyun: Actor) -> None:
    from toono.services import api

    for actor in (sarnai, oyun):
        with pytest.raises(NotAllowed):
            api.load_catalogue(actor=actor, folder=CATALOGUE)
