"""What the generated requests of the console would find: the same request passes where its guard is taken away, and is seen to pass."""

from __future__ import annotations

from typing import Any

import pytest

from tests.properties import console, keepers
from tests.properties.cast import Cast, Recipe
from tests.properties.checks import World, changes, faults
from tests.properties.drafts import Draft, Foreign, slots
from tests.properties.pages import PAGE

ANOTHERS = "path[3]"
OF_SYSTEMS = "toono.identity.operations.relying_parties.organisations_of"


def _spoilt(cast: Cast, recipe: Recipe) -> Draft:
    """With the number of somebody else's in the address."""
    draft = recipe(cast)
    for container, key, name in slots(draft.parts()):
        if name.rpartition(".")[2] == ANOTHERS:
            container[key] = Foreign(draft.others[ANOTHERS])
            draft.done.append("foreign")
    return draft


def _told(cast: Cast, recipe: Recipe) -> str:
    draft = _spoilt(cast, recipe)
    kept, theirs = draft.kept(), draft.theirs()
    request, answer = cast.wire(draft)
    world = World(backs=(), base_url=cast.base)
    return " ".join((faults(draft, request, answer, PAGE, world) | changes(draft, request, answer, kept, theirs)).values())


def _everybodys(*_: object) -> None:
    """Of whose systems an actor looks after, as an administrator's are."""


def _any_look(actor: Any, look_id: Any) -> Any:
    from toono.identity import models

    return models.SupportLook.objects.select_related("person").get(id=look_id)


@pytest.mark.parametrize(("recipe", "guard", "without", "seen"), [
    (keepers._read_of("of"), OF_SYSTEMS, _everybodys, ("an attack has passed", "stands in the answer")),
    (keepers._act("secret"), OF_SYSTEMS, _everybodys, ("an attack has passed", "somebody else's was changed")),
    (keepers._wish, OF_SYSTEMS, _everybodys, ("an attack has passed", "stands in the answer")),
    (console._account, "toono.identity.operations.support._look", _any_look, ("an attack has passed", "stands in the answer")),
    (console._helped(do="end_sessions"), "toono.identity.operations.support._look", _any_look, ("an attack has passed", "was changed")),
], ids=["a page", "a secret", "a wish", "an account", "sessions"])  # fmt: skip
def test_what_is_anothers_is_refused_and_without_the_guard_it_is_seen(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, recipe: Recipe, guard: str, without: Any, seen: tuple[str, ...]
) -> None:
    assert _told(cast, recipe) == ""
    monkeypatch.setattr(guard, without)
    told = _told(cast, recipe)
    assert all(one in told for one in seen), told
