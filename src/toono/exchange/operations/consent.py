"""Consents: what a person is asked, what they let happen, and how they take it back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection, transaction

import toono.registry.api as registry
from toono.exchange import contracts, ledger, limits
from toono.exchange.contracts import ConsentAnswer, ConsentOffer, ConsentState
from toono.exchange.domain import consents as rules
from toono.exchange.domain.field_words import in_words
from toono.exchange.errors import ConsentNotFound, ConsentNotOffered, ConsentOfferChanged, ConsentPurposeMissing, ConsentReturnUnknown
from toono.exchange.events import ConsentGiven, ConsentWithdrawn
from toono.exchange.models import Consent
from toono.kernel import audit, outbox
from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.registry.contracts import Agreement, Purpose

_LONGEST: Final = timedelta(days=limits.CONSENT_DAYS)


@dataclass(frozen=True, slots=True)
class _Name:
    mn: str
    en: str


class _Names:
    """Names of systems, services and their organisations as the registry has them now; what it has no longer keeps its identifier."""

    def __init__(self, identifiers: Iterable[str]) -> None:
        wanted = set(identifiers)
        self._found = registry.names(wanted | {_code(identifier) for identifier in wanted})

    def title(self, identifier: str) -> _Name:
        return _Name(*self._found.get(identifier, (identifier, identifier)))

    def organisation(self, identifier: str) -> _Name:
        """Of a system or a service."""
        return self.title(_code(identifier))


def _code(identifier: str) -> str:
    """Of the organisation: ``INSTANCE/CLASS/MEMBER/…``."""
    return identifier.split("/")[2]


def _agreement(identifier: str, moment: datetime) -> Agreement:
    """The agreement, if it asks for consent and is in force.

    :raises ConsentNotOffered: there is none such.
    """
    found = registry.agreement(identifier)
    if found is None or not found.consent or not found.valid_from <= moment < found.valid_until:
        raise ConsentNotOffered(f"agreement {identifier!r} asks nobody for consent now")
    return found


def offer(*, civil_id: str, agreement: str) -> ConsentOffer:
    """What the agreement asks this person to let happen. See :func:`toono.exchange.api.consent_offer`."""
    moment = now()
    found = _agreement(agreement, moment)
    names = _Names((found.consumer, found.service))
    consumer, service = names.title(found.consumer), names.title(found.service)
    reader, owner = names.organisation(found.consumer), names.organisation(found.service)
    standing = _standing(civil_id, found, moment)
    return ConsentOffer(
        agreement=found.id, consumer=found.consumer, consumer_title_mn=consumer.mn, consumer_title_en=consumer.en,
        organisation_name_mn=reader.mn, organisation_name_en=reader.en, provider_name_mn=owner.mn, provider_name_en=owner.en,
        service=found.service, service_title_mn=service.mn, service_title_en=service.en, purposes=found.purposes, fields=in_words(found.fields),
        valid_until=rules.ends_at(found, given_at=moment, longest=_LONGEST), quota_per_day=found.quota_per_day,
        given={purpose.code for purpose in found.purposes} <= {row.purpose for row in standing if rules.covers(row.fields, found.fields)},
        token=rules.token(found),
    )  # fmt: skip


def way_back(*, agreement: str, return_to: str, state: str, answer: ConsentAnswer) -> str:
    """Where the person is led back to. See :func:`toono.exchange.api.consent_return`."""
    found = registry.agreement(agreement)
    system = registry.system(found.consumer) if found is not None and found.consent else None
    address = rules.way_back(system.return_urls, return_to, state=state, answer=answer) if system is not None else None
    if address is None:
        raise ConsentReturnUnknown(f"agreement {agreement!r}: {return_to[:200]!r}")
    return address


def _standing(civil_id: str, agreement: Agreement, moment: datetime) -> list[Consent]:
    rows = Consent.objects.filter(civil_id=civil_id, consumer=agreement.consumer, service=agreement.service, agreement=agreement.id)
    return list(rows.filter(withdrawn_at=None, given_at__lte=moment, valid_until__gt=moment))


def give(*, actor: Actor, civil_id: str, regnum: str, agreement: str, purposes: Sequence[str], token: str) -> tuple[UUID, ...]:
    """Let the agreement's consumer read for these purposes. See :func:`toono.exchange.api.give_consent`."""
    with transaction.atomic():
        # A double click, or two windows: the second waits here and then finds the consent of the first.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"consent:{civil_id}:{agreement}"])
        moment = now()
        found = _agreement(agreement, moment)
        if token != rules.token(found):
            raise ConsentOfferChanged(f"agreement {agreement} shows something else now")
        wanted = [purpose for purpose in found.purposes if purpose.code in purposes]
        if not wanted or len(wanted) != len(set(purposes)):
            raise ConsentPurposeMissing(f"purposes {sorted(purposes)} of agreement {agreement}")
        return tuple(_give_one(actor, civil_id, regnum, found, purpose, moment) for purpose in wanted)


def _give_one(actor: Actor, civil_id: str, regnum: str, agreement: Agreement, purpose: Purpose, moment: datetime) -> UUID:
    ends = rules.ends_at(agreement, given_at=moment, longest=_LONGEST)
    earlier = [row for row in _standing(civil_id, agreement, moment) if row.purpose == purpose.code]
    for row in earlier:
        # A day's difference is no reason for another one: the same page sent twice gives one consent.
        if rules.covers(row.fields, agreement.fields) and row.valid_until >= ends - timedelta(days=1):
            return row.id
    # One consent at a time: what is withdrawn later must not leave an older one standing.
    Consent.objects.filter(id__in=[row.id for row in earlier]).update(withdrawn_at=moment)
    made = Consent.objects.create(
        civil_id=civil_id, regnum=regnum.upper(), consumer=agreement.consumer, service=agreement.service, purpose=purpose.code,
        agreement=agreement.id, fields=list(agreement.fields), given_at=moment, valid_until=ends,
    )  # fmt: skip
    outbox.publish(
        ConsentGiven(
            consent_id=made.id, person_id=_person(actor), agreement=made.agreement, consumer=made.consumer, service=made.service,
            purpose=made.purpose, valid_until=ends,
        )
    )  # fmt: skip
    audit.record(
        actor=actor, action="exchange.give_consent", subject=f"consent:{made.id}", agreement=agreement.id, version=agreement.version, purpose=purpose.code
    )  # fmt: skip
    return made.id


def withdraw(*, actor: Actor, civil_id: str, consent_id: UUID) -> None:
    """Take a consent back. See :func:`toono.exchange.api.withdraw_consent`."""
    with transaction.atomic():
        row = Consent.objects.select_for_update().filter(id=consent_id, civil_id=civil_id).first()
        if row is None:
            raise ConsentNotFound(f"no consent {consent_id} of this person")
        moment = now()
        if row.withdrawn_at is not None or row.valid_until <= moment:
            return
        row.withdrawn_at = moment
        row.save(update_fields=["withdrawn_at"])
        outbox.publish(
            ConsentWithdrawn(
                consent_id=row.id, person_id=_person(actor), agreement=row.agreement, consumer=row.consumer, service=row.service, purpose=row.purpose
            )
        )  # fmt: skip
        audit.record(actor=actor, action="exchange.withdraw_consent", subject=f"consent:{row.id}", agreement=row.agreement)


def _person(actor: Actor) -> UUID:
    assert actor.person_id is not None  # noqa: S101 - the door has made sure
    return actor.person_id


def consents(*, civil_id: str) -> list[contracts.Consent]:
    """All that the person ever gave, those that stand first, then newest first."""
    rows = list(Consent.objects.filter(civil_id=civil_id).order_by("-given_at", "-id")[: limits.CONSENTS])
    if not rows:
        return []
    agreements = {identifier: registry.agreement(identifier) for identifier in {row.agreement for row in rows}}
    names, moment = _Names(identifier for row in rows for identifier in (row.consumer, row.service)), now()
    read = ledger.by_consent(civil_id=civil_id, consents=[row.id for row in rows])
    replaced = {(row.consumer, row.service, row.purpose, row.given_at) for row in rows}
    found = [
        _contract(row, _state(row, agreements.get(row.agreement), replaced, moment), agreements.get(row.agreement), names, read.get(row.id))
        for row in rows
    ]
    return sorted(found, key=lambda one: one.state is not ConsentState.STANDING)


def _state(
    row: Consent, agreement: Agreement | None, replaced: set[tuple[str, str, str, datetime]], moment: datetime
) -> ConsentState:  # fmt: skip
    if row.withdrawn_at is not None:
        later = (row.consumer, row.service, row.purpose, row.withdrawn_at) in replaced
        return ConsentState.REPLACED if later else ConsentState.WITHDRAWN
    if row.valid_until <= moment or agreement is None or agreement.valid_until <= moment:
        return ConsentState.EXPIRED
    return ConsentState.STANDING if rules.covers(row.fields, agreement.fields) else ConsentState.OUTGROWN


def _contract(
    row: Consent, state: ConsentState, agreement: Agreement | None, names: _Names, read: tuple[int, datetime] | None
) -> contracts.Consent:  # fmt: skip
    purpose = next((p for p in agreement.purposes if p.code == row.purpose), None) if agreement else None
    consumer, service = names.title(row.consumer), names.title(row.service)
    reader, owner = names.organisation(row.consumer), names.organisation(row.service)
    return contracts.Consent(
        id=row.id, state=state, agreement=row.agreement, consumer=row.consumer, consumer_title_mn=consumer.mn, consumer_title_en=consumer.en,
        organisation_name_mn=reader.mn, organisation_name_en=reader.en, provider_name_mn=owner.mn, provider_name_en=owner.en,
        service=row.service, service_title_mn=service.mn, service_title_en=service.en, purpose=row.purpose,
        purpose_title_mn=purpose.title_mn if purpose else row.purpose, purpose_title_en=purpose.title_en if purpose else row.purpose,
        fields=in_words(row.fields), given_at=row.given_at, valid_until=row.valid_until, withdrawn_at=row.withdrawn_at,
        readings=read[0] if read else 0, last_read_at=read[1] if read else None,
    )  # fmt: skip
