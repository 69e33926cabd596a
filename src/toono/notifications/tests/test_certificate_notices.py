"""A person hears of every step in the life of their certificate, once; nobody hears of an organisation's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from toono.kernel.actor import Actor
from toono.kernel.ids import uuid7
from toono.pki.contracts import Profile, RevocationReason
from toono.pki.domain.life_cycle import HELD
from toono.pki.events import CertificateIssued, CertificateRevived, CertificateRevoked, CertificateSuspended

SERIAL = "1234567890abcdef"


def _told(person: Actor) -> list[Any]:
    from toono.notifications.models import Message

    return list(Message.objects.filter(person_id=person.person_id, template__startswith="certificate_").order_by("created_at"))


@pytest.mark.parametrize("profile", sorted(HELD))
def test_the_holder_hears_of_each_step_once(fresh_citizen: Callable[[], Actor], profile: Profile) -> None:
    from toono.notifications import api

    holder = fresh_citizen()
    kinds = (CertificateIssued, CertificateSuspended, CertificateRevived)
    events = [kind(serial=SERIAL, key="person/x", profile=profile, holder_id=holder.person_id) for kind in kinds]
    for event in [*events, *events]:
        api.on_certificate_changed(event)
    assert [message.template for message in _told(holder)] == ["certificate_issued", "certificate_suspended", "certificate_revived"]
    assert all("…90abcdef" in message.texts[language]["body"] for message in _told(holder) for language in ("mn", "en"))


@pytest.mark.parametrize("reason", sorted(set(RevocationReason) - {RevocationReason.CERTIFICATE_HOLD}))
def test_of_a_revocation_the_holder_reads_why(fresh_citizen: Callable[[], Actor], reason: RevocationReason) -> None:
    from toono.notifications import api

    holder = fresh_citizen()
    api.on_certificate_changed(
        CertificateRevoked(serial=SERIAL, key="person/x", profile=Profile.PERSON, reason=reason, holder_id=holder.person_id)
    )
    [message] = _told(holder)
    assert "Үндэслэл: " in message.texts["mn"]["body"]


def test_a_text_message_goes_to_the_holders_phone(
    fresh_person: Callable[[], dict[str, Any]], actor_of: Callable[[str], Actor], stack: Any
) -> None:
    from toono.notifications import api

    person = fresh_person()
    holder = actor_of(person["regnum"])
    api.on_certificate_changed(CertificateSuspended(serial=SERIAL, key="person/x", profile=Profile.PERSON, holder_id=holder.person_id))
    stack.wait(lambda: any("түр зогсоолоо" in text for text in stack.sms(person["phone"])), timeout=20)


def test_nobody_is_told_of_an_organisations_certificate(stack: Any) -> None:
    from toono.notifications import api
    from toono.notifications.models import Message

    event = CertificateRevoked(serial=uuid7().hex, key="seal/x", profile=Profile.SEAL, reason=RevocationReason.SUPERSEDED)
    api.on_certificate_changed(event)
    assert not Message.objects.filter(key__contains=str(event.id)).exists()
