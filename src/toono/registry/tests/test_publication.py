"""Publication: signed, fresh, rising, and without those who lost their right."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from toono.kernel.actor import Actor, Role, system
from toono.registry.contracts import (
    Agreement,
    Endpoint,
    ExchangeConfiguration,
    Organisation,
    Purpose,
    ServiceEntry,
    SystemEntry,
)
from toono.registry.errors import AdministratorRequired, NothingPublished, PublicationRefused
from toono.registry.tests import invented as new

if TYPE_CHECKING:
    from tests.stage import Stack

DRAFTER, APPROVER = (Actor(role=Role.ADMINISTRATOR, person_id=uuid4()) for _ in range(2))


def published() -> ExchangeConfiguration:
    import toono.pki.api as pki
    import toono.registry.api as registry
    from toono.kernel.clock import now
    from toono.registry.verification import verify_configuration

    return verify_configuration(registry.published_configuration(), anchors_pem=pki.trust_anchors(), now=now())


def enter(entry: Any) -> None:
    import toono.registry.api as registry
    from toono.registry.domain.rules import kind_of

    kind = kind_of(entry).value
    draft = getattr(registry, f"draft_{kind}")(**{"actor": DRAFTER, kind: entry})
    registry.approve_draft(actor=APPROVER, draft_id=draft.id)


def office_with_service() -> tuple[str, str]:
    """A new organisation with a system and a service; their ids."""
    code = new.code()
    enter(
        Organisation(
            code=code, member_class="GOV", register_number=new.register_number(),
            name_mn="Туршилтын " + "урт " * 20 + "нэртэй газар", name_en="Test Office",
        )
    )  # fmt: skip
    source = f"MN/GOV/{code}/files"
    enter(SystemEntry(id=source, title_mn="Файл", title_en="Files"))
    enter(
        ServiceEntry(
            id=f"{source}/list", base_url="http://127.0.0.1:1/x", timeout_seconds=1, title_mn="Жагсаалт",
            title_en="List", endpoints=(Endpoint(method="GET", path="/list"),),
        )
    )  # fmt: skip
    return code, source


def agreement(source: str, *, begins: timedelta, ends: timedelta) -> Agreement:
    from toono.kernel.clock import now

    purpose = Purpose(code="test", title_mn="Турших", title_en="Test", basis_mn="Туршилтын тухай хуулийн 6 дугаар зүйл")
    return Agreement(
        id=new.code(), consumer=source, service=f"{source}/list", purposes=(purpose,),
        valid_from=now() + begins, valid_until=now() + ends,
    )  # fmt: skip


def test_what_stands_is_published_and_its_references_hold(stack: Stack) -> None:
    _, source = office_with_service()
    entry = agreement(source, begins=timedelta(days=-1), ends=timedelta(days=1))
    enter(entry)
    found = published()
    assert entry in found.agreements
    members, systems = {m.id for m in found.members}, {s.id for s in found.systems}
    services = {s.id for s in found.services}
    assert {s.rpartition("/")[0] for s in systems} == members
    assert {s.rpartition("/")[0] for s in services} <= systems
    assert {a.consumer for a in found.agreements} <= systems
    assert {a.service for a in found.agreements} <= services
    assert "MN/GOV/state-registration/population/address" in services


def test_an_expired_agreement_is_carried_with_its_dates_for_ninety_days(stack: Stack) -> None:
    _, source = office_with_service()
    lately = agreement(source, begins=timedelta(days=-200), ends=timedelta(days=-89))
    long_ago = agreement(source, begins=timedelta(days=-200), ends=timedelta(days=-91))
    for entry in (lately, long_ago):
        enter(entry)
    ids = {a.id for a in published().agreements}
    assert lately.id in ids
    assert long_ago.id not in ids


def test_versions_rise_with_every_publication(stack: Stack) -> None:
    import toono.registry.api as registry

    versions = [registry.publish_configuration(actor=system("tests")) for _ in range(3)]
    assert versions == sorted(set(versions))
    assert published().version >= versions[-1]


def test_citizens_and_officers_publish_nothing(stack: Stack, sarnai: Actor, oyun: Actor) -> None:
    import toono.registry.api as registry

    for actor in (sarnai, oyun):
        with pytest.raises(AdministratorRequired):
            registry.publish_configuration(actor=actor)


def test_the_validity_is_the_setting(stack: Stack) -> None:
    from toono.kernel.settings import settings

    found = published()
    assert found.expires_at - found.issued_at == timedelta(hours=settings().configuration_validity_hours)


def test_the_timer_publishes_at_half_of_the_validity_and_not_before(stack: Stack) -> None:
    from django.db import transaction

    import toono.registry.api as registry
    from toono.kernel.clock import at
    from toono.registry.operations.publish import publish_if_due

    registry.publish_configuration(actor=system("tests"))
    newest = registry.publication()
    assert newest
    assert publish_if_due(actor=system("tests")) is None
    half = newest.issued_at + (newest.expires_at - newest.issued_at) / 2
    # Taken back at the end: the gateway of the stage lives by the real clock.
    with at(half + timedelta(minutes=1)), transaction.atomic():
        version = publish_if_due(actor=system("tests"))
        assert version and version > newest.version
        assert publish_if_due(actor=system("tests")) is None
        transaction.set_rollback(True)


def test_the_timer_stands_in_the_workers_table(stack: Stack) -> None:
    from procrastinate.contrib.django import app

    tasks = {task.task.name: task.cron for task in app.periodic_registry.periodic_tasks.values()}
    assert tasks["registry.republish_configuration"] == "*/5 * * * *"


def test_nothing_is_published_that_a_gateway_would_refuse(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    import toono.pki.api as pki
    import toono.registry.api as registry

    before = published().version
    sign = pki.sign_jws
    monkeypatch.setattr(pki, "sign_jws", lambda **given: sign(**(given | {"chain": given["chain"][:1]})))
    with pytest.raises(PublicationRefused):
        registry.publish_configuration(actor=system("tests"))
    assert published().version == before


def test_an_organisation_whose_certificate_was_withdrawn_leaves_the_exchange(stack: Stack, anu: Actor) -> None:
    import toono.pki.api as pki
    import toono.registry.api as registry
    from toono.pki.contracts import RevocationReason

    code, source = office_with_service()
    enter(agreement(source, begins=timedelta(days=-1), ends=timedelta(days=1)))
    assert source in {s.id for s in published().systems}
    [certificate] = pki.certificates(actor=system("tests"), text=f"exchange/{code}")
    pki.revoke_certificate(actor=anu, serial=certificate.serial, reason=RevocationReason.CESSATION_OF_OPERATION)
    registry.publish_configuration(actor=system("tests"))
    found = published()
    assert f"MN/GOV/{code}" not in {m.id for m in found.members}
    assert not [i for i in (*found.systems, *found.services) if code in i.id]
    assert not [a for a in found.agreements if code in a.consumer]


def test_the_configuration_is_served_to_anybody_and_again_only_when_it_changed(stack: Stack) -> None:
    import toono.registry.api as registry

    address = f"{stack.base_url}/registry/configuration"
    first = stack.http.get(address)
    assert first.status_code == 200
    assert first.headers["content-type"] == "application/jose"
    assert first.text == registry.published_configuration()
    again = stack.http.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    registry.publish_configuration(actor=system("tests"))
    changed = stack.http.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.text == registry.published_configuration()
    assert stack.http.post(address).status_code in {403, 405}


def test_no_secret_stands_in_the_configuration(stack: Stack) -> None:
    from toono.kernel.settings import settings

    text = published().model_dump_json()
    assert "PRIVATE KEY" not in text
    for file in settings().secrets.iterdir():
        assert file.read_text().strip() not in text


def test_before_the_first_publication_there_is_nothing_to_give(stack: Stack) -> None:
    from django.db import transaction

    import toono.registry.api as registry
    from toono.registry.models import PublishedConfiguration

    with transaction.atomic():
        PublishedConfiguration.objects.all().delete()
        with pytest.raises(NothingPublished):
            registry.published_configuration()
        assert registry.publication() is None
        transaction.set_rollback(True)


def test_a_long_name_is_cut_between_words_for_its_certificate(stack: Stack) -> None:
    from toono.registry.operations.publish import subject_name

    def named(name: str) -> str:
        office = Organisation(code="x1", member_class="GOV", register_number="9000000", name_mn=name, name_en="X")
        return subject_name(office).common_name

    assert named("Улсын бүртгэлийн ерөнхий газар") == "Улсын бүртгэлийн ерөнхий газар"
    assert named("Эрүүл мэндийн даатгалын ерөнхий газар") == "Эрүүл мэндийн даатгалын ерөнхий"
    assert named("ү" * 40) == "ү" * 32
