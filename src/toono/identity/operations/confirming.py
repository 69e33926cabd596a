"""Confirming one thing by a one-time code: the code belongs to this person, this thing, and exactly what they saw of it.

The signer draws the code and checks it, so what is confirmed does not hang on this process and the database alone.
Codes and wrong entries count together with those of signing in: who guesses here cannot go on guessing there.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from toono.identity import contracts, models
from toono.identity.domain import sign_in as rules
from toono.identity.errors import ChallengeOver, CodeMalformed, Locked, NumberIsNew
from toono.identity.events import ConfirmationCodeRequested
from toono.identity.operations import sign_in
from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.outbox import publish
from toono.pki import api as pki


def _person(actor: Actor) -> UUID:
    if actor.role is not Role.CITIZEN or actor.person_id is None:
        raise NotAllowed(f"{actor} confirms nothing by code")
    return actor.person_id


def ask(*, actor: Actor, reference: str, title: str, confirms: str, language: str) -> UUID:
    """Have a code sent; the one sent before for the same thing is worth nothing from now on."""
    moment = now()
    with transaction.atomic():
        person = models.Person.objects.get(id=_person(actor))
        guard = sign_in.guard_for_new_code(person.regnum, moment)
        usable_from = pki.number_usable_from(person_id=person.id, number=person.phone)
        if usable_from is not None:
            raise NumberIsNew(usable_from=usable_from, retry_after_seconds=max(1, int((usable_from - moment).total_seconds())))
        row = models.Challenge.objects.create(
            flow=None, regnum=person.regnum, guard_key=guard.key, person=person, language=language, created_at=moment, prepared_at=moment,
            reference=reference, title=title[:200], confirms=confirms,
        )  # fmt: skip
        publish(ConfirmationCodeRequested(challenge_id=row.id, language=language))
    return row.id


def confirm(*, actor: Actor, reference: str, confirms: str, typed: str) -> contracts.Confirmed:
    """Locks the number's guard, then the challenge, as signing in does.

    :raises ChallengeOver: no code was asked for, or it was for something else than what is confirmed now.
    """
    code = rules.typed_code(typed)
    if code is None:
        raise CodeMalformed
    moment, person_id = now(), _person(actor)
    with transaction.atomic():
        newest = models.Challenge.objects.filter(flow=None, person_id=person_id, reference=reference).order_by("-created_at").first()
        if newest is None:
            raise ChallengeOver
        guard = sign_in.locked_guard(newest.guard_key, moment)
        sign_in.refuse_if_locked(guard, moment)
        row = models.Challenge.objects.select_for_update().get(id=newest.id)
        if row.confirms != confirms:
            raise ChallengeOver
        verdict = sign_in.judged(row, code, moment)
        locked_until = sign_in.failed(row, guard, moment) if verdict is rules.Verdict.WRONG else None
        if verdict is rules.Verdict.RIGHT:
            sign_in.used(row, guard, moment)
            audit.record(actor=actor, action="identity.confirm", subject=reference, challenge=str(row.id), confirms=confirms)
            return contracts.Confirmed(challenge_id=row.id, person_id=person_id, reference=reference, confirms=confirms, at=moment)
    if locked_until is not None:
        raise Locked(until=locked_until)
    raise sign_in.REFUSALS[verdict]
