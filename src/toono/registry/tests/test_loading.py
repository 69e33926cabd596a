"""A file is entered whole or not at all, twice without a difference, and only in the name of two administrators."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from toono.kernel.actor import Actor, Role, system
from toono.registry.errors import AdministratorRequired, DocumentRefused, OrganisationNotFound, SamePerson
from toono.registry.tests import invented as new

if TYPE_CHECKING:
    from tests.stage import Stack

CONNECTION = Path(__file__).resolve().parents[4] / "sandbox" / "connection.yaml"
DRAFTER, APPROVER = (Actor(role=Role.ADMINISTRATOR, person_id=uuid4()) for _ in range(2))


def invented() -> tuple[str, str]:
    """Code of a new organisation, and a document that enters it with one client."""
    code = new.code()
    text = f"""
organisations:
  - {{code: {code}, member_class: COM, register_number: "{new.register_number()}", name_mn: Туршилт ХК, name_en: Test}}
systems:
  - organisation: {code}
    code: loans
    title_mn: Зээл
    title_en: Loans
    credentials:
      - key_id: {code}
        key_sha256: ${{key}}
        not_before: 2022-01-01T00:00:00+08:00
        not_after: 2046-01-01T00:00:00+08:00
purposes:
  - {{code: loan-application, title_mn: Зээл, title_en: Loan, basis_mn: Туршилтын тухай хуулийн 6 дугаар зүйл}}
agreements:
  - id: {code}-address
    consumer: {code}/loans
    service: state-registration/population/address
    purposes: [loan-application]
    valid_from: -P1D
    valid_until: P365D
"""
    return code, text


def load(text: Any, **changes: Any) -> int:
    import toono.registry.api as registry

    given = {"drafted_by": DRAFTER, "approved_by": APPROVER, "credentials": {"key": "cd" * 32}}
    return registry.load_configuration(document=text, **(given | changes))


def test_a_file_is_entered_and_published_at_once(stack: Stack) -> None:
    import toono.registry.api as registry

    code, text = invented()
    before = registry.publication()
    assert load(text) == 3
    after = registry.publication()
    assert registry.organisation(code).name_mn == "Туршилт ХК"
    assert {s.id: s.credentials[0].key_sha256 for s in registry.systems() if code in s.id} == {f"MN/COM/{code}/loans": "cd" * 32}
    assert f"{code}-address" in {a.id for a in registry.agreements()}
    assert before and after and after.version > before.version


def test_the_same_file_twice_changes_and_publishes_nothing(stack: Stack) -> None:
    import toono.registry.api as registry

    _, text = invented()
    load(text)
    before = registry.publication()
    assert load(text) == 0
    assert registry.publication() == before


def test_text_and_data_say_the_same(stack: Stack) -> None:
    import yaml

    _, text = invented()
    assert load(yaml.safe_load(text)) == 3
    assert load(text) == 0


def test_one_difference_is_one_change(stack: Stack) -> None:
    import toono.registry.api as registry

    code, text = invented()
    load(text)
    assert load(text.replace("Туршилт ХК", "Шинэ нэр ХК")) == 1
    assert registry.organisation(code).name_mn == "Шинэ нэр ХК"


def test_a_file_with_one_mistake_enters_nothing(stack: Stack) -> None:
    import toono.registry.api as registry

    code, text = invented()
    before = registry.publication()
    with pytest.raises(DocumentRefused) as refused:
        load(text.replace("population/address", "population/unknown"), name="file.yaml")
    assert refused.value.sentences == (
        "file.yaml, line 17, agreements.0: service MN/GOV/state-registration/population/unknown is not in the registry.",
    )
    with pytest.raises(OrganisationNotFound):
        registry.organisation(code)
    assert registry.publication() == before


def test_an_unknown_field_enters_nothing(stack: Stack) -> None:
    import toono.registry.api as registry

    code, text = invented()
    with pytest.raises(DocumentRefused, match=r"line 6, systems\.0\.colour: this field is not known"):
        load(text.replace("    code: loans", "    colour: red\n    code: loans"))
    with pytest.raises(OrganisationNotFound):
        registry.organisation(code)


def test_two_administrators_stand_for_a_file(stack: Stack, sarnai: Actor) -> None:
    _, text = invented()
    with pytest.raises(SamePerson):
        load(text, approved_by=DRAFTER)
    for actor in (sarnai, system("first-start"), Actor(role=Role.ADMINISTRATOR)):
        with pytest.raises(AdministratorRequired):
            load(text, approved_by=actor)
        with pytest.raises(AdministratorRequired):
            load(text, drafted_by=actor)


def test_a_proposed_file_becomes_one_draft_for_each_difference(stack: Stack, anu: Actor) -> None:
    import toono.registry.api as registry
    from toono.registry.contracts import DraftState, Organisation

    code, text = invented()
    load(text)
    drafts = registry.draft_configuration(actor=anu, document=text.replace("Туршилт ХК", "Өөр нэр ХК"), values={"key": "cd" * 32})
    [draft] = drafts
    assert draft.state is DraftState.PENDING
    assert isinstance(draft.content, Organisation) and draft.content.name_mn == "Өөр нэр ХК"
    assert registry.organisation(code).name_mn == "Туршилт ХК"
    with pytest.raises(SamePerson):
        registry.approve_draft(actor=anu, draft_id=draft.id)


def test_the_sandboxs_file_stands_as_it_was_loaded(stack: Stack) -> None:
    import yaml

    import toono.registry.api as registry

    written = yaml.safe_load(CONNECTION.read_text())
    standing = {o.code: o for o in registry.organisations()}
    for organisation in written["organisations"]:
        assert standing[organisation["code"]].name_mn == organisation["name_mn"]
    assert sum(o["code"].startswith(("dundgovi-", "mandalgovi-")) for o in written["organisations"]) == 9
    assert {a["id"] for a in written["agreements"]} <= {a.id for a in registry.agreements()}
