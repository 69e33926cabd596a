"""A change of the registry counts when a second administrator has approved it, and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from toono.kernel.actor import Actor, Role, system
from toono.registry.contracts import DraftState, Organisation, SystemEntry
from toono.registry.errors import (
    AdministratorRequired,
    DraftDecided,
    DraftNotFound,
    DraftOutdated,
    EntryRefused,
    OrganisationNotFound,
    SamePerson,
)
from toono.registry.tests import invented as new

if TYPE_CHECKING:
    from tests.stage import Stack


@pytest.fixture
def second() -> Actor:
    """Another administrator than Ану."""
    return Actor(role=Role.ADMINISTRATOR, person_id=uuid4())


def invented(**changes: Any) -> Organisation:
    code = new.code()
    given = {"code": code, "member_class": "GOV", "name_mn": "Туршилтын газар", "name_en": "Test Office"}
    return Organisation(**(given | {"register_number": new.register_number()} | changes))


def published() -> Any:
    import toono.pki.api as pki
    import toono.registry.api as registry
    from toono.kernel.clock import now
    from toono.registry.verification import verify_configuration

    return verify_configuration(registry.published_configuration(), anchors_pem=pki.trust_anchors(), now=now())


def audited(subject: str) -> list[tuple[str, Any]]:
    from toono.kernel.models import AuditRecord

    rows = AuditRecord.objects.filter(subject=subject).order_by("at")
    return [(r.action, r.person_id) for r in rows]


def test_a_draft_changes_nothing_until_another_administrator_approves_it(stack: Stack, anu: Actor, second: Actor) -> None:
    import toono.registry.api as registry

    office = invented()
    draft = registry.draft_organisation(actor=anu, organisation=office)
    with pytest.raises(OrganisationNotFound):
        registry.organisation(office.code)
    approved = registry.approve_draft(actor=second, draft_id=draft.id)
    assert registry.organisation(office.code) == office
    assert office in registry.organisations()
    assert (approved.state, approved.drafted_by, approved.decided_by) == (
        DraftState.APPROVED,
        anu.person_id,
        second.person_id,
    )
    assert audited(f"organisation:{office.code}") == [
        ("registry.draft_organisation", anu.person_id),
        ("registry.approve_organisation", second.person_id),
    ]


def test_nobody_approves_what_they_drafted(stack: Stack, anu: Actor) -> None:
    import toono.registry.api as registry

    draft = registry.draft_organisation(actor=anu, organisation=invented())
    with pytest.raises(SamePerson):
        registry.approve_draft(actor=anu, draft_id=draft.id)
    assert registry.draft(actor=anu, draft_id=draft.id).state is DraftState.PENDING


def test_the_database_itself_refuses_one_person_where_the_rule_is_taken_out(
    stack: Stack, anu: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import IntegrityError

    import toono.registry.api as registry

    office = invented()
    draft = registry.draft_organisation(actor=anu, organisation=office)
    monkeypatch.setattr("toono.registry.domain.persons.check_two_persons", lambda **_: None)
    with pytest.raises(IntegrityError, match="registry_two_persons"):
        registry.approve_draft(actor=anu, draft_id=draft.id)
    with pytest.raises(OrganisationNotFound):
        registry.organisation(office.code)


def test_nobody_but_an_administrator_drafts_approves_or_reads_drafts(
    stack: Stack, sarnai: Actor, oyun: Actor, dorj: Actor, anu: Actor
) -> None:
    import toono.registry.api as registry

    draft = registry.draft_organisation(actor=anu, organisation=invented())
    for actor in (sarnai, oyun, dorj, system("worker"), Actor(role=Role.ANYBODY)):
        for act in (
            lambda a=actor: registry.draft_organisation(actor=a, organisation=invented()),
            lambda a=actor: registry.approve_draft(actor=a, draft_id=draft.id),
            lambda a=actor: registry.reject_draft(actor=a, draft_id=draft.id),
            lambda a=actor: registry.drafts(actor=a),
            lambda a=actor: registry.draft(actor=a, draft_id=draft.id),
        ):
            with pytest.raises(AdministratorRequired):
                act()
    assert registry.draft(actor=anu, draft_id=draft.id).state is DraftState.PENDING


def test_a_draft_is_decided_once(stack: Stack, anu: Actor, second: Actor) -> None:
    import toono.registry.api as registry

    draft = registry.draft_organisation(actor=anu, organisation=invented())
    registry.approve_draft(actor=second, draft_id=draft.id)
    with pytest.raises(DraftDecided):
        registry.approve_draft(actor=second, draft_id=draft.id)
    with pytest.raises(DraftDecided):
        registry.reject_draft(actor=second, draft_id=draft.id)


def test_a_rejected_draft_changes_nothing_and_keeps_its_reason(stack: Stack, anu: Actor, second: Actor) -> None:
    import toono.registry.api as registry

    office = invented()
    draft = registry.draft_organisation(actor=anu, organisation=office)
    rejected = registry.reject_draft(actor=second, draft_id=draft.id, reason=" Регистр  буруу ")
    assert (rejected.state, rejected.reason) == (DraftState.REJECTED, "Регистр буруу")
    with pytest.raises(OrganisationNotFound):
        registry.organisation(office.code)
    with pytest.raises(DraftDecided):
        registry.approve_draft(actor=second, draft_id=draft.id)


def test_one_may_take_back_ones_own_draft(stack: Stack, anu: Actor) -> None:
    import toono.registry.api as registry

    draft = registry.draft_organisation(actor=anu, organisation=invented())
    assert registry.reject_draft(actor=anu, draft_id=draft.id).state is DraftState.REJECTED


def test_an_unknown_draft_is_not_found(stack: Stack, anu: Actor) -> None:
    import toono.registry.api as registry

    with pytest.raises(DraftNotFound):
        registry.approve_draft(actor=anu, draft_id=uuid4())


def test_what_is_approved_is_what_was_compared(stack: Stack, anu: Actor, second: Actor) -> None:
    import toono.registry.api as registry

    office = invented()
    first = registry.draft_organisation(actor=anu, organisation=office)
    registry.approve_draft(actor=second, draft_id=first.id)
    renamed = [office.model_copy(update={"name_mn": name}) for name in ("Нэг", "Хоёр")]
    drafts = [registry.draft_organisation(actor=anu, organisation=o) for o in renamed]
    assert drafts[1].before == office
    registry.approve_draft(actor=second, draft_id=drafts[0].id)
    with pytest.raises(DraftOutdated):
        registry.approve_draft(actor=second, draft_id=drafts[1].id)
    assert registry.organisation(office.code) == renamed[0]


def test_the_rules_are_asked_again_at_approval(stack: Stack, anu: Actor, second: Actor) -> None:
    import toono.registry.api as registry

    one = invented()
    other = invented(register_number=one.register_number)
    drafts = [registry.draft_organisation(actor=anu, organisation=o) for o in (one, other)]
    registry.approve_draft(actor=second, draft_id=drafts[0].id)
    with pytest.raises(EntryRefused, match="belongs to"):
        registry.approve_draft(actor=second, draft_id=drafts[1].id)


def test_an_approval_is_published_with_it(stack: Stack, anu: Actor, second: Actor) -> None:
    import toono.registry.api as registry

    office = invented()
    before = published().version
    registry.approve_draft(actor=second, draft_id=registry.draft_organisation(actor=anu, organisation=office).id)
    entry = SystemEntry(id=f"MN/GOV/{office.code}/files", title_mn="Файл", title_en="Files")
    assert f"MN/GOV/{office.code}" not in [m.id for m in published().members]
    registry.approve_draft(actor=second, draft_id=registry.draft_system(actor=anu, system=entry).id)
    after = published()
    assert after.version > before
    assert entry in after.systems
    assert [m.signing_key for m in after.members if m.id == f"MN/GOV/{office.code}"] == [f"exchange/{office.code}"]


def test_an_approval_that_cannot_be_published_does_not_happen(
    stack: Stack, anu: Actor, second: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    import toono.pki.api as pki
    import toono.registry.api as registry
    from toono.pki.errors import SignerUnavailable

    def nobody_answers(**_: object) -> str:
        raise SignerUnavailable

    office = invented()
    draft = registry.draft_organisation(actor=anu, organisation=office)
    before = published().version
    with monkeypatch.context() as broken:
        broken.setattr(pki, "sign_jws", nobody_answers)
        with pytest.raises(SignerUnavailable):
            registry.approve_draft(actor=second, draft_id=draft.id)
    assert registry.draft(actor=anu, draft_id=draft.id).state is DraftState.PENDING
    assert published().version == before
    with pytest.raises(OrganisationNotFound):
        registry.organisation(office.code)
    registry.approve_draft(actor=second, draft_id=draft.id)
    assert registry.organisation(office.code) == office


def test_approvals_at_the_same_time_are_all_published(stack: Stack, anu: Actor, second: Actor) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    import toono.registry.api as registry

    offices = [invented() for _ in range(4)]
    for office in offices:
        draft = registry.draft_organisation(actor=anu, organisation=office)
        registry.approve_draft(actor=second, draft_id=draft.id)
    systems = [SystemEntry(id=f"MN/GOV/{o.code}/files", title_mn="Файл", title_en="Files") for o in offices]
    drafts = [registry.draft_system(actor=anu, system=s) for s in systems]

    def approve(draft_id: Any) -> None:
        try:
            registry.approve_draft(actor=second, draft_id=draft_id)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(approve, [d.id for d in drafts]))
    assert set(systems) <= set(published().systems)
