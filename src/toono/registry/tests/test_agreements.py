"""The life of an agreement: proposed by the consumer, accepted by the owner, countersigned; in versions; until it ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from toono.kernel.actor import Actor, Role
from toono.registry.contracts import Agreement, Draft, DraftKind, DraftState, Organisation, Purpose, SystemEntry, Validity
from toono.registry.errors import (
    AdministratorRequired,
    DraftNotFound,
    DraftOutdated,
    EntryNotFound,
    EntryRefused,
    OwnerHasNotAccepted,
    SamePerson,
)
from toono.registry.tests import invented as new

if TYPE_CHECKING:
    from tests.stage import Stack

ADDRESS = "MN/GOV/state-registration/population/address"
LAW = "Туршилтын тухай хуулийн 6 дугаар зүйл"


def administrator() -> Actor:
    return Actor(role=Role.ADMINISTRATOR, person_id=uuid4())


def representative(organisation: str) -> Actor:
    return Actor(role=Role.REPRESENTATIVE, person_id=uuid4(), organisation=organisation)


OWNER = representative("state-registration")


@pytest.fixture
def consumer(stack: Stack) -> Iterator[str]:
    """A new organisation with one system; gives the system's id."""
    import toono.registry.api as registry

    code = new.code()
    office = Organisation(code=code, member_class="COM", register_number=new.register_number(), name_mn="Туршилт ХК", name_en="Test JSC")
    stands(registry.draft_organisation(actor=administrator(), organisation=office))
    system = SystemEntry(id=f"MN/COM/{code}/files", title_mn="Файл", title_en="Files")
    stands(registry.draft_system(actor=administrator(), system=system))
    yield system.id


def stands(draft: Draft) -> Draft:
    import toono.registry.api as registry

    return registry.approve_draft(actor=administrator(), draft_id=draft.id)


def agreement(consumer: str, **changes: Any) -> Agreement:
    from toono.kernel.clock import now

    given = {
        "id": f"test-{uuid4().hex[:12]}", "consumer": consumer, "service": ADDRESS,
        "purposes": (Purpose(code="test", title_mn="Турших", title_en="Test", basis_mn=LAW),),
        "valid_from": now() - timedelta(days=1), "valid_until": now() + timedelta(days=365),
    }  # fmt: skip
    return Agreement(**(given | changes))


def code_of(system: str) -> str:
    return system.split("/")[2]


def published_agreements() -> dict[str, Agreement]:
    from toono.registry.tests.test_two_persons import published

    return {a.id: a for a in published().agreements}


def audited(subject: str) -> list[str]:
    from toono.kernel.models import AuditRecord

    return list(AuditRecord.objects.filter(subject=subject).order_by("at", "id").values_list("action", flat=True))


def told(name: str, agreement_id: str) -> list[dict[str, Any]]:
    from toono.kernel.models import OutboxEvent

    return [e.payload for e in OutboxEvent.objects.filter(name=name, payload__agreement=agreement_id).order_by("occurred_at")]


def test_three_persons_let_an_agreement_stand(stack: Stack, consumer: str) -> None:
    import toono.registry.api as registry

    wanted, drafter, countersigner = agreement(consumer), representative(code_of(consumer)), administrator()
    draft = registry.draft_agreement(actor=drafter, agreement=wanted)
    assert draft.state is DraftState.PENDING
    with pytest.raises(OwnerHasNotAccepted):
        registry.approve_draft(actor=countersigner, draft_id=draft.id)
    accepted = registry.accept_draft(actor=OWNER, draft_id=draft.id)
    assert (accepted.state, accepted.accepted_by) == (DraftState.ACCEPTED, OWNER.person_id)
    assert wanted.id not in published_agreements() and registry.agreement(wanted.id) is None
    approved = registry.approve_draft(actor=countersigner, draft_id=draft.id)
    assert (approved.state, approved.version, approved.decided_by) == (DraftState.APPROVED, 1, countersigner.person_id)
    assert published_agreements()[wanted.id] == wanted == registry.agreement(wanted.id)
    subject = f"agreement:{wanted.id}"
    assert audited(subject) == ["registry.draft_agreement", "registry.accept_agreement", "registry.approve_agreement"]
    [proposed] = told("registry.agreement_drafted", wanted.id)
    assert (proposed["consumer_organisation"], proposed["owner_organisation"]) == (code_of(consumer), "state-registration")
    assert [(e["state"], e["version"]) for e in told("registry.agreement_decided", wanted.id)] == [("accepted", None), ("approved", 1)]


def test_an_administrator_who_represents_a_side_is_no_third_person(stack: Stack, consumer: str) -> None:
    import toono.registry.api as registry

    drafter = representative(code_of(consumer))
    draft = registry.draft_agreement(actor=drafter, agreement=agreement(consumer))
    with pytest.raises(SamePerson):
        registry.accept_draft(actor=OWNER.model_copy(update={"person_id": drafter.person_id}), draft_id=draft.id)
    registry.accept_draft(actor=OWNER, draft_id=draft.id)
    for person in (drafter.person_id, OWNER.person_id):
        with pytest.raises(SamePerson):
            registry.approve_draft(actor=Actor(role=Role.ADMINISTRATOR, person_id=person), draft_id=draft.id)


@pytest.mark.parametrize(
    ("guard", "who", "constraint"),
    [
        ("check_may_accept", "drafter", "registry_owner_accepts"),
        ("check_may_approve", "drafter", "registry_two_persons"),
        ("check_may_approve", "owner", "registry_three_persons"),
    ],
)
def test_the_database_itself_asks_for_three_persons_where_the_rule_is_taken_out(
    stack: Stack, consumer: str, monkeypatch: pytest.MonkeyPatch, guard: str, who: str, constraint: str
) -> None:
    from django.db import IntegrityError

    import toono.registry.api as registry

    drafter = representative(code_of(consumer))
    person = {"drafter": drafter.person_id, "owner": OWNER.person_id}[who]
    draft = registry.draft_agreement(actor=drafter, agreement=agreement(consumer))
    if guard == "check_may_approve":
        registry.accept_draft(actor=OWNER, draft_id=draft.id)
    monkeypatch.setattr(f"toono.registry.domain.persons.{guard}", lambda actor, _proposal: actor.person_id)
    act = registry.accept_draft if guard == "check_may_accept" else registry.approve_draft
    with pytest.raises(IntegrityError, match=constraint):
        act(actor=Actor(role=Role.ADMINISTRATOR, person_id=person), draft_id=draft.id)


def test_a_countersignature_without_the_owner_is_refused_by_the_database_too(
    stack: Stack, consumer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import IntegrityError

    import toono.registry.api as registry

    draft = registry.draft_agreement(actor=representative(code_of(consumer)), agreement=agreement(consumer))
    monkeypatch.setattr("toono.registry.domain.persons.check_may_approve", lambda *_: None)
    with pytest.raises(IntegrityError, match="registry_owner_accepts"):
        registry.approve_draft(actor=administrator(), draft_id=draft.id)


def test_a_decided_draft_is_changed_by_nobody_and_none_is_removed(stack: Stack, consumer: str) -> None:
    from django.db import InternalError, ProgrammingError, transaction

    import toono.registry.api as registry
    from toono.registry.models import Draft as Row

    draft = stands(registry.draft_agreement(actor=administrator(), agreement=agreement(consumer)))
    for act in (lambda: Row.objects.filter(id=draft.id).update(reason="x"), lambda: Row.objects.filter(id=draft.id).delete()):
        with pytest.raises((InternalError, ProgrammingError), match="drafts are never removed"), transaction.atomic():
            act()


def test_a_representative_sees_and_decides_what_concerns_their_organisation_only(stack: Stack, consumer: str) -> None:
    import toono.registry.api as registry

    stranger, drafter = representative("khasar-bank"), representative(code_of(consumer))
    wanted = agreement(consumer)
    draft = registry.draft_agreement(actor=drafter, agreement=wanted)
    for act in (registry.draft, registry.reject_draft):
        with pytest.raises(DraftNotFound):
            act(actor=stranger, draft_id=draft.id)
    assert draft.id not in {d.id for d in registry.waiting_drafts(actor=stranger, limit=1000)}
    assert draft.id in {d.id for d in registry.waiting_drafts(actor=OWNER, limit=1000)}
    registry.accept_draft(actor=OWNER, draft_id=draft.id)
    stands(draft)
    with pytest.raises(EntryNotFound):
        registry.entry(actor=stranger, kind=DraftKind.AGREEMENT, subject=wanted.id)
    with pytest.raises(EntryNotFound):
        registry.versions(actor=stranger, kind=DraftKind.AGREEMENT, subject=wanted.id)
    assert registry.list_agreements(actor=stranger, text=wanted.id).total == 0
    assert registry.list_agreements(actor=drafter, text=wanted.id).total == 1
    assert registry.list_agreements(actor=OWNER, text=wanted.id).total == 1
    for act in (registry.list_organisations, registry.counts, registry.links, registry.drafts):
        with pytest.raises(AdministratorRequired):
            act(actor=drafter)


def test_nobody_takes_anothers_agreement_over_by_its_name(stack: Stack, consumer: str) -> None:
    import toono.registry.api as registry

    wanted = agreement(consumer)
    stands(registry.draft_agreement(actor=administrator(), agreement=wanted))
    stolen = wanted.model_copy(update={"consumer": "MN/COM/khasar-bank/loans"})
    with pytest.raises(AdministratorRequired):
        registry.draft_agreement(actor=representative("khasar-bank"), agreement=stolen)


def test_each_approved_change_is_a_version_and_all_stay_readable(stack: Stack, consumer: str) -> None:
    import toono.registry.api as registry

    first, drafter = agreement(consumer), representative(code_of(consumer))
    stands(registry.draft_agreement(actor=administrator(), agreement=first))
    second = first.model_copy(update={"fields": ("/text",), "quota_per_day": 5})
    draft = registry.draft_agreement(actor=drafter, agreement=second)
    registry.accept_draft(actor=OWNER, draft_id=draft.id)
    stands(draft)
    standing = registry.agreement(first.id)
    assert standing == second.model_copy(update={"version": 2}) == published_agreements()[first.id]
    newest, oldest = registry.versions(actor=drafter, kind=DraftKind.AGREEMENT, subject=first.id)
    assert (newest.version, newest.content) == (2, standing)
    assert (newest.drafted_for, newest.accepted_by) == (code_of(consumer), OWNER.person_id)
    assert (oldest.version, oldest.content, oldest.drafted_for) == (1, first, None)


def test_what_changed_since_it_was_drafted_is_not_accepted_by_the_owner(stack: Stack, consumer: str) -> None:
    import toono.registry.api as registry

    wanted, drafter = agreement(consumer), representative(code_of(consumer))
    stands(registry.draft_agreement(actor=administrator(), agreement=wanted))
    late = registry.draft_agreement(actor=drafter, agreement=wanted.model_copy(update={"consent": True}))
    stands(registry.draft_agreement(actor=administrator(), agreement=wanted.model_copy(update={"quota_per_day": 1})))
    with pytest.raises(DraftOutdated):
        registry.accept_draft(actor=OWNER, draft_id=late.id)


def test_a_removed_agreement_ends_at_once_and_its_history_stays(stack: Stack, consumer: str) -> None:
    import toono.registry.api as registry
    from toono.kernel.clock import now

    wanted, drafter = agreement(consumer), representative(code_of(consumer))
    stands(registry.draft_agreement(actor=administrator(), agreement=wanted))
    draft = registry.draft_removal(actor=drafter, kind=DraftKind.AGREEMENT, subject=wanted.id)
    registry.accept_draft(actor=OWNER, draft_id=draft.id)
    stands(draft)
    assert registry.agreement(wanted.id) is None
    assert published_agreements()[wanted.id].valid_until <= now(), "a gateway says «expired» and not «none»"
    versions = registry.versions(actor=drafter, kind=DraftKind.AGREEMENT, subject=wanted.id)
    assert [(v.version, v.remove) for v in versions] == [(2, True), (1, False)]
    again = stands(registry.draft_agreement(actor=administrator(), agreement=wanted))
    assert again.version == 3 and registry.agreement(wanted.id) == wanted.model_copy(update={"version": 3})


def test_what_is_needed_is_not_removed_and_what_is_not_goes(stack: Stack, consumer: str) -> None:
    import toono.registry.api as registry

    wanted, admin = agreement(consumer), administrator()
    stands(registry.draft_agreement(actor=admin, agreement=wanted))

    def remove(kind: DraftKind, subject: str) -> Draft:
        return stands(registry.draft_removal(actor=admin, kind=kind, subject=subject))

    for kind, subject, what in (
        (DraftKind.SYSTEM, consumer, f"agreement {wanted.id} needs it"),
        (DraftKind.ORGANISATION, code_of(consumer), f"system {consumer} needs it"),
        (DraftKind.SERVICE, ADDRESS, "needs it"),
    ):
        with pytest.raises(EntryRefused, match=what):
            registry.draft_removal(actor=admin, kind=kind, subject=subject)
    remove(DraftKind.AGREEMENT, wanted.id)
    remove(DraftKind.SYSTEM, consumer)
    remove(DraftKind.ORGANISATION, code_of(consumer))
    assert registry.system(consumer) is None
    assert wanted.id not in published_agreements()
    with pytest.raises(EntryNotFound):
        registry.draft_removal(actor=admin, kind=DraftKind.SYSTEM, subject=consumer)


def test_a_removal_is_checked_again_when_it_is_approved(stack: Stack, consumer: str) -> None:
    import toono.registry.api as registry

    draft = registry.draft_removal(actor=administrator(), kind=DraftKind.SYSTEM, subject=consumer)
    stands(registry.draft_agreement(actor=administrator(), agreement=agreement(consumer)))
    with pytest.raises(EntryRefused, match="needs it"):
        stands(draft)
    assert registry.system(consumer) is not None


def test_an_end_is_told_thirty_seven_and_one_day_ahead_once_each(stack: Stack, consumer: str) -> None:
    import toono.registry.api as registry
    from toono.kernel.clock import at, now
    from toono.registry.operations.expiry import warn_of_expiry

    moment = now()
    ending = agreement(consumer, valid_until=moment + timedelta(days=40))
    stands(registry.draft_agreement(actor=administrator(), agreement=ending))

    def days() -> list[int]:
        return [e["days"] for e in told("registry.agreement_expiring", ending.id)]

    for passed, expected in ((5, []), (11, [30]), (12, [30]), (33.5, [30, 7]), (39.5, [30, 7, 1]), (39.6, [30, 7, 1]), (41, [30, 7, 1])):
        with at(moment + timedelta(days=passed)):
            warn_of_expiry()
        assert days() == expected, passed
    [first, *_] = told("registry.agreement_expiring", ending.id)
    assert (first["version"], first["consumer_organisation"], first["owner_organisation"]) == (1, code_of(consumer), "state-registration")
    longer = ending.model_copy(update={"valid_until": moment + timedelta(days=60)})
    stands(registry.draft_agreement(actor=administrator(), agreement=longer))
    with at(moment + timedelta(days=55)):
        warn_of_expiry()
    assert days() == [30, 7, 1, 7], "another version is told anew"


def test_two_workers_tell_of_an_end_once(stack: Stack, consumer: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    import toono.registry.api as registry
    from toono.kernel.clock import now
    from toono.registry.operations.expiry import warn_of_expiry

    ending = agreement(consumer, valid_until=now() + timedelta(days=5))
    stands(registry.draft_agreement(actor=administrator(), agreement=ending))

    def warn(_: int) -> None:
        try:
            warn_of_expiry()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(warn, range(4)))
    assert len(told("registry.agreement_expiring", ending.id)) == 1


def test_what_ends_soon_is_listed_first_to_end(stack: Stack, consumer: str) -> None:
    import toono.registry.api as registry
    from toono.kernel.clock import now

    late, soon, far = (agreement(consumer, valid_until=now() + timedelta(days=d)) for d in (20, 3, 90))
    for wanted in (late, soon, far):
        stands(registry.draft_agreement(actor=administrator(), agreement=wanted))
    found = registry.list_agreements(actor=administrator(), organisation=code_of(consumer), validity=Validity.ENDING)
    assert [e.id for e in found.entries if isinstance(e, Agreement)] == [soon.id, late.id]
