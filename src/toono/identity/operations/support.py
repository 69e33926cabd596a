"""The platform's support in people's accounts: found exactly, with a reason, and told to the person.

Nobody browses here: a register number or a telephone number, whole, opens one account for half an hour to the one who wrote why. Every look is in the
audit and in the person's own list, every act as well. Looks are limited, those that find nobody most of all.
"""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max

from toono.identity import contracts, models, queries
from toono.identity.errors import AccountNotFound, ChangeOver, LookOver, PhoneRefused, ReasonMissing, SecondPersonNeeded, TooManyLooks
from toono.identity.events import AccountLooked, PhoneChanged
from toono.identity.limits import LIMITS
from toono.identity.operations import logouts
from toono.identity.operations.secrets import keyed_digest, opened, sealed
from toono.identity.queries import living_sessions
from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.outbox import publish
from toono.kernel.regnum import masked, normalise
from toono.kernel.text import clean

WAITING, DONE, REFUSED, LAPSED = "waiting", "done", "refused", "lapsed"
_MOBILE = re.compile(r"(?:\+?976)?([4-689]\d{7})")
SHORTEST_REASON = 5


def _supporter(actor: Actor) -> UUID:
    """An appointment of its own: who runs the platform needs no account of anybody, and who helps with accounts runs nothing."""
    if actor.role is not Role.SUPPORT or actor.person_id is None:
        raise NotAllowed(f"{actor} is not of the platform's support")
    return actor.person_id


# -- finding -------------------------------------------------------------------------------------------------------


def look(*, actor: Actor, regnum: str, phone: str, reason: str) -> contracts.AccountState:
    """Open the account of the one person with this register number, or with this telephone number.

    :raises ReasonMissing, TooManyLooks:
    :raises AccountNotFound: nobody; or by telephone more than one. Counted and kept as a look as well.
    """
    by, why, moment = _supporter(actor), clean(reason)[:300], now()
    if len(why) < SHORTEST_REASON:
        raise ReasonMissing
    with transaction.atomic():
        # The supporter's own row is held while looks are counted: twenty at once are counted one by one.
        models.Person.objects.select_for_update().get(id=by)
        _refuse_too_many(by)
        person = _found(regnum, phone)
        row = models.SupportLook.objects.create(at=moment, by=by, reason=why, person=person, expires_at=moment + LIMITS.look_lifetime)
        subject = f"person:{person.id}" if person else "person:-"
        audit.record(actor=actor, action="identity.support_look", subject=subject, look=str(row.id), reason=why, found=person is not None)
        if person is not None:
            publish(AccountLooked(person_id=person.id, reason=why))
    if person is None:
        raise AccountNotFound
    return _state(row)


def _refuse_too_many(by: UUID) -> None:
    moment = now()
    own = models.SupportLook.objects.filter(by=by)
    hour = own.filter(at__gt=moment - timedelta(hours=1))
    many = hour.count() >= LIMITS.looks_per_hour or hour.filter(person=None).count() >= LIMITS.misses_per_hour
    if many or own.filter(at__gt=moment - timedelta(days=1)).count() >= LIMITS.looks_per_day:
        raise TooManyLooks


def _found(regnum: str, phone: str) -> models.Person | None:
    number = normalise(regnum) if regnum.strip() else None
    if regnum.strip():
        return models.Person.objects.filter(regnum=number).first() if number else None
    mobile = mobile_number(phone)
    rows = list(models.Person.objects.filter(phone=mobile)[:2]) if mobile else []
    return rows[0] if len(rows) == 1 else None


def mobile_number(typed: str) -> str | None:
    """Eight digits of a Mongolian mobile number, or None."""
    match = _MOBILE.fullmatch(re.sub(r"[\s\-–()]", "", clean(typed)))
    return match[1] if match else None


# -- seeing --------------------------------------------------------------------------------------------------------


def _look(actor: Actor, look_id: UUID) -> models.SupportLook:
    """The look by which this supporter has the account open.

    :raises LookOver: its time is over, or it is another's.
    """
    by = _supporter(actor)
    row = models.SupportLook.objects.select_related("person").filter(id=look_id, by=by, expires_at__gt=now()).exclude(person=None).first()
    if row is None:
        raise LookOver
    return row


def account(*, actor: Actor, look_id: UUID) -> contracts.AccountState:
    """What support may see of the account that it has open."""
    return _state(_look(actor, look_id))


def _person(row: models.SupportLook) -> models.Person:
    assert row.person is not None  # noqa: S101 - looks that found nobody are left out
    return row.person


def _state(row: models.SupportLook) -> contracts.AccountState:
    person = _person(row)
    guard = models.Guard.objects.filter(key=keyed_digest("regnum", person.regnum)).first()
    locked = guard.locked_until if guard and guard.locked_until and guard.locked_until > now() else None
    return contracts.AccountState(
        look_id=row.id, person_id=person.id, name=f"{person.patronymic} {person.given_name}".strip(), regnum=masked(person.regnum),
        phone=person.phone[-4:], registered_at=person.registered_at,
        last_signed_in_at=models.Session.objects.filter(person=person).aggregate(last=Max("auth_time"))["last"],
        failures=guard.failures if guard else 0, locked_until=locked, sessions=tuple(queries.sessions(person.id, None)),
        appointments=queries.appointments(person.id), until=row.expires_at,
        phone_change_waits=models.PhoneChange.objects.filter(person=person, state=WAITING, expires_at__gt=now()).exists(),
    )  # fmt: skip


# -- acting --------------------------------------------------------------------------------------------------------


def _done(actor: Actor, row: models.SupportLook, act: str) -> None:
    models.SupportAct.objects.create(look=row, at=now(), act=act)
    audit.record(actor=actor, action=f"identity.support_{act}", subject=f"person:{_person(row).id}", look=str(row.id), reason=row.reason)


def end_sessions(*, actor: Actor, look_id: UUID, session_id: UUID | None) -> None:
    """End one session of the account, or all. Idempotent."""
    row = _look(actor, look_id)
    with transaction.atomic():
        living = living_sessions().select_for_update().filter(person=_person(row))
        ids = list((living.filter(id=session_id) if session_id else living).values_list("id", flat=True))
        if ids:
            _end(ids)
            _done(actor, row, "end_session" if session_id else "end_sessions")


def _end(ids: list[UUID]) -> None:
    moment = now()
    models.Session.objects.filter(id__in=ids, ended_at=None).update(ended_at=moment)
    logouts.note_ended(ids, moment)


def unlock(*, actor: Actor, look_id: UUID) -> None:
    """Forget the wrong codes, so that the person can sign in now. Idempotent."""
    row = _look(actor, look_id)
    with transaction.atomic():
        guard = models.Guard.objects.select_for_update().filter(key=keyed_digest("regnum", _person(row).regnum)).first()
        if guard is not None and (guard.failures or guard.locked_until):
            guard.failures, guard.locked_until, guard.changed_at = 0, None, now()
            guard.save()
            _done(actor, row, "unlock")


# -- another telephone number --------------------------------------------------------------------------------------


def ask_phone(*, actor: Actor, look_id: UUID, phone: str, evidence: str) -> None:
    """Wish for another number; nothing changes until another supporter has looked at it.

    :param evidence: how the person proved who they are.
    :raises ReasonMissing: no evidence was named.
    :raises PhoneRefused: no mobile number, the same one, or a wish waits.
    """
    row, number, proof = _look(actor, look_id), mobile_number(phone), clean(evidence)[:300]
    person, moment = _person(row), now()
    if len(proof) < SHORTEST_REASON:
        raise ReasonMissing
    if number is None or number == person.phone or person.id == actor.person_id:
        raise PhoneRefused
    try:
        with transaction.atomic():
            models.PhoneChange.objects.filter(person=person, state=WAITING, expires_at__lte=moment).update(state=LAPSED, sealed_phone="")
            models.PhoneChange.objects.create(
                look=row, person=person, sealed_phone=sealed("phone", number), evidence=proof, state=WAITING, asked_by=row.by, asked_at=moment,
                expires_at=moment + LIMITS.phone_change_lifetime,
            )  # fmt: skip
            _done(actor, row, "ask_phone")
    except IntegrityError:
        raise PhoneRefused from None


def phone_changes(*, actor: Actor) -> list[contracts.PhoneChangeView]:
    """Wishes that wait, the oldest first. That they were read is in the audit."""
    by = _supporter(actor)
    rows = models.PhoneChange.objects.select_related("person", "look").filter(state=WAITING, expires_at__gt=now()).order_by("asked_at")[:50]
    for row in rows:
        audit.record(actor=actor, action="identity.support_read_phone", subject=f"person:{row.person_id}", change=str(row.id))
    return [
        contracts.PhoneChangeView(
            id=row.id, name=f"{row.person.patronymic} {row.person.given_name}".strip(), regnum=masked(row.person.regnum),
            old_phone=row.person.phone[-4:], new_phone=opened("phone", row.sealed_phone), evidence=row.evidence, reason=row.look.reason,
            asked_at=row.asked_at, own=row.asked_by == by,
        )
        for row in rows
    ]  # fmt: skip


def decide_phone(*, actor: Actor, change_id: UUID, approved: bool) -> None:
    """The second pair of eyes. Approved, the number changes at once, all sessions end, and who had the number is told.

    :raises SecondPersonNeeded: the one who asked, or the person themself, would approve.
    :raises ChangeOver: decided or lapsed.
    """
    by, moment = _supporter(actor), now()
    with transaction.atomic():
        row = models.PhoneChange.objects.select_for_update(of=("self",)).select_related("look").filter(id=change_id).first()
        if row is None or row.state != WAITING or row.expires_at <= moment:
            raise ChangeOver
        if approved and by in (row.asked_by, row.person_id):
            raise SecondPersonNeeded
        if approved:
            row.sealed_former_phone = _change_phone(row, opened("phone", row.sealed_phone))
        row.state, row.decided_by, row.decided_at, row.sealed_phone = DONE if approved else REFUSED, by, moment, ""
        row.save(update_fields=["state", "decided_by", "decided_at", "sealed_phone", "sealed_former_phone"])
        _done(actor, row.look, "phone_changed" if approved else "phone_refused")


def _change_phone(row: models.PhoneChange, number: str) -> str:
    """Given for as long as the register says what it says now; a number that the register learns later counts again. Gives the former one, encrypted."""
    person = models.Person.objects.select_for_update().get(id=row.person_id)
    former = person.phone
    if not person.given_phone:
        person.register_phone = former
    person.given_phone = person.phone = number
    person.save(update_fields=["given_phone", "register_phone", "phone"])
    _end(list(living_sessions().filter(person=person).values_list("id", flat=True)))
    publish(PhoneChanged(person_id=person.id, change_id=row.id))
    return sealed("phone", former) if former else ""


def former_phone(change_id: UUID) -> str:
    """The number before a change, for the one who tells its holder; empty when there was none, or its time is over."""
    kept = models.PhoneChange.objects.filter(id=change_id, state=DONE).values_list("sealed_former_phone", flat=True).first()
    return opened("phone", kept) if kept else ""


def lapse_phone_changes() -> None:
    """Wishes that nobody decided upon, and changes that were told, keep no number."""
    models.PhoneChange.objects.filter(state=WAITING, expires_at__lte=now()).update(state=LAPSED, sealed_phone="")
    told = models.PhoneChange.objects.filter(state=DONE, decided_at__lte=now() - LIMITS.phone_change_lifetime)
    told.exclude(sealed_former_phone="").update(sealed_former_phone="")


# -- the person's own list -----------------------------------------------------------------------------------------


def visits(*, actor: Actor) -> list[contracts.SupportVisit]:
    """When support opened this person's account, why, and what it did; newest first."""
    if actor.role is not Role.CITIZEN or actor.person_id is None:
        raise NotAllowed(f"{actor} has no list of their own")
    rows = models.SupportLook.objects.filter(person_id=actor.person_id).order_by("-at")[:100].prefetch_related("supportact_set")
    return [
        contracts.SupportVisit(
            at=row.at, reason=row.reason, acts=tuple(one.act for one in sorted(row.supportact_set.all(), key=lambda a: a.at))
        )
        for row in rows
    ]
