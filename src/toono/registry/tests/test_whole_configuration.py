"""plan, apply and export: the whole configuration as one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import yaml

from toono.kernel.actor import Actor, Role
from toono.registry.contracts import DraftKind, Plan
from toono.registry.tests.test_loading import DRAFTER, invented, load
from toono.registry.tests.test_two_persons import published

if TYPE_CHECKING:
    from tests.stage import Stack

KEY = {"key": "cd" * 32}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "configuration.yaml"


def plan(text: str, **more: Any) -> Plan:
    import toono.registry.api as registry

    return registry.plan_configuration(document=text, values=KEY, name="file.yaml", **more)


def subjects(found: Plan) -> list[str]:
    return [f"{'+' if c.before is None else '-' if c.after is None else '~'} {c.kind} {c.subject}" for c in found.changes]


def test_what_was_exported_makes_no_difference(stack: Stack, file: Path) -> None:
    from toono.registry import commands

    load(invented()[1])
    file.write_text(commands.export().text)
    assert commands.plan(file, values={}, prune=True) == commands.Outcome(0, "No difference.")


def test_a_plan_is_what_is_applied_and_changes_nothing_itself(stack: Stack) -> None:
    import toono.registry.api as registry

    code, text = invented()
    before = registry.publication()
    found = plan(text)
    assert subjects(found) == [f"+ organisation {code}", f"+ system MN/COM/{code}/loans", f"+ agreement {code}-address"]
    assert registry.publication() == before and registry.system(f"MN/COM/{code}/loans") is None
    load(text)
    assert plan(text).changes == ()
    assert subjects(plan(text.replace("Туршилт ХК", "Өөр ХК"))) == [f"~ organisation {code}"]


def test_pruning_removes_what_the_file_does_not_name_and_nothing_without_it(stack: Stack) -> None:
    import toono.registry.api as registry

    code, text = invented()
    load(text)
    mine = {code, f"MN/COM/{code}/loans", f"{code}-address"}
    data = yaml.safe_load(registry.exported_configuration())
    data["organisations"] = [o for o in data["organisations"] if o["code"] != code]
    data["systems"] = [s for s in data["systems"] if s["organisation"] != code]
    data["agreements"] = [a for a in data["agreements"] if a["id"] != f"{code}-address"]
    without = registry.plan_configuration(document=data, prune=False)
    assert (without.changes, without.unnamed) == ((), 3)
    pruned = registry.plan_configuration(document=data, prune=True)
    assert subjects(pruned) == [f"- agreement {code}-address", f"- system MN/COM/{code}/loans", f"- organisation {code}"]
    assert load(data, prune=True) == 3
    assert mine.isdisjoint(
        {*(o.code for o in registry.organisations()), *(s.id for s in registry.systems()), *(a.id for a in registry.agreements())}
    )
    assert f"MN/COM/{code}" not in {m.id for m in published().members}
    [removed, _] = registry.versions(actor=DRAFTER, kind=DraftKind.ORGANISATION, subject=code)
    assert removed.remove and removed.version == 2


def test_an_agreement_moves_to_another_service_while_the_old_one_goes(stack: Stack) -> None:
    import toono.registry.api as registry

    code, text = invented()
    service = """
services:
  - system: {code}/loans
    code: {name}
    title_mn: Зээл
    title_en: Loans
    base_url: http://127.0.0.1:1
    endpoints: [{{method: GET, path: /x}}]
"""
    reading = text.replace("state-registration/population/address", f"{code}/loans/old")
    load(reading + service.format(code=code, name="old"))
    data = yaml.safe_load(registry.exported_configuration())
    for entry in data["services"]:
        if entry["system"] == f"{code}/loans":
            entry["code"] = "new"
    for entry in data["agreements"]:
        if entry["id"] == f"{code}-address":
            entry["service"] = f"{code}/loans/new"
    assert load(data, prune=True) == 3
    assert {s.id for s in registry.services() if code in s.id} == {f"MN/COM/{code}/loans/new"}


def test_the_command_tells_by_its_exit_code(stack: Stack, file: Path) -> None:
    from toono.registry import commands

    code, text = invented()
    file.write_text(text)
    planned = commands.plan(file, values=KEY)
    assert planned.exit_code == 2 and f"+ organisation {code}" in planned.text
    refused = commands.plan(file, values={})
    assert refused.exit_code == 1 and "no value was given for ${key}" in refused.complaint
    assert commands.plan(file.with_name("none.yaml"), values={}).exit_code == 1
    approver = Actor(role=Role.ADMINISTRATOR, person_id=uuid4())
    alone = commands.apply(file, drafted_by=DRAFTER, approved_by=DRAFTER, values=KEY)
    assert alone.exit_code == 1 and "SamePerson" in alone.complaint
    done = commands.apply(file, drafted_by=DRAFTER, approved_by=approver, values=KEY)
    assert done.exit_code == 0 and "3 entries changed" in done.text
    assert commands.apply(file, drafted_by=DRAFTER, approved_by=approver, values=KEY) == commands.Outcome(0, "No difference.")
    assert commands.plan(file, values=KEY).exit_code == 0


def test_values_of_the_command_may_stand_in_files(file: Path) -> None:
    from toono.registry.commands import pairs

    file.write_text("PEM\n")
    assert pairs(["a=b=c", f"key=@{file}"]) == {"a": "b=c", "key": "PEM\n"}
    with pytest.raises(ValueError, match="name=value"):
        pairs(["a"])


def test_an_entry_that_stands_twice_in_a_file_is_refused(stack: Stack) -> None:
    from toono.registry.errors import DocumentRefused

    code, text = invented()
    again = f'  - {{code: {code}, member_class: COM, register_number: "9000000", name_mn: Өөр, name_en: Other}}\nsystems:'
    with pytest.raises(DocumentRefused, match=f"organisations.1: organisation {code} stands twice"):
        plan(text.replace("systems:", again, 1))


def test_the_exchanges_own_settings_are_published(stack: Stack) -> None:
    """Put back at the end: other tests live by them."""
    import toono.pki.api as pki
    import toono.registry.api as registry

    before = registry.exported_configuration()
    [anchor, *_] = pki.trust_anchors()
    code, text = invented()
    load(text)
    settings: dict[str, Any] = {
        "gateways": [{"name": "east", "addresses": ["https://127.0.0.1:5500"], "authority": anchor, "organisations": [code]}],
        "issuers": [{"issuer": "https://id.example", "signer_key": "system/authentication"}],
        "policy": {"ocsp_fresh_seconds": 60},
    }
    try:
        assert load(settings) == 1
        found = published()
        assert (found.gateways[0].name, found.policy.ocsp_fresh_seconds) == ("east", 60)
        assert {m.gateway for m in found.members if m.id == f"MN/COM/{code}"} == {"east"}
        assert {m.gateway for m in found.members if m.id != f"MN/COM/{code}"} == {None}
        [issuer] = found.issuers
        assert issuer.public_keys_pem[0].startswith("-----BEGIN PUBLIC KEY-----")
        assert load(settings) == 0
        assert registry.plan_configuration(document=registry.exported_configuration(), prune=True).changes == ()
    finally:
        standing = yaml.safe_load(before)
        load({name: standing.get(name, {} if name == "policy" else []) for name in ("gateways", "issuers", "policy")})
    assert published().gateways == () and published().issuers == ()
