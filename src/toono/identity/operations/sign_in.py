"""Signing in: register number, code by SMS, session.

Nobody learns from the answers, or from their time, whether a register number belongs to anybody. So the page that takes the
number does the same for every well-formed one: it counts, writes a challenge, and puts one job into the queue.
The register is read, and the SMS is sent, by that job (:func:`prepare`); an unknown number's challenge simply never gets a code.
"""

from __future__ import annotations

import hmac
import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from procrastinate.contrib.django import app

from toono.identity import contracts, models
from toono.identity.domain import sign_in as rules
from toono.identity.errors import (
    ChallengeOver,
    CodeExpired,
    CodeMalformed,
    CodeRefused,
    CodesHeldBack,
    CodeUsedUp,
    FlowOver,
    Locked,
    RegisterUnavailable,
    RegnumMalformed,
    TooManyCodes,
    TooManyFromAddress,
)
from toono.identity.events import SignInCodeRequested
from toono.identity.limits import LIMITS
from toono.identity.operations import registration, sessions
from toono.identity.operations.secrets import digest, keyed_digest, random_digits
from toono.identity.queries import flow_of_browser
from toono.kernel import audit
from toono.kernel.actor import system
from toono.kernel.clock import now
from toono.kernel.ids import uuid7
from toono.kernel.outbox import publish
from toono.kernel.regnum import normalise
from toono.pki import api as pki
from toono.pki.errors import CodeWithheld

ACTOR = system("sign-in")
log = logging.getLogger(__name__)
PREPARE_TASK = "identity.prepare_challenge"
"""Name of the job in ``tasks``, which stands above this layer."""


def open_flow(flow_id: UUID, browser: str | None) -> models.Flow:
    """The sign-in on its way in this browser.

    :raises FlowOver: there is none, or it is another browser's.
    """
    flow = flow_of_browser(flow_id, browser)
    if flow is None:
        raise FlowOver
    return flow


# -- asking for a code ----------------------------------------------------------------------------------------


def ask_code(*, flow_id: UUID, browser: str | None, regnum: str, address: str | None, language: str) -> UUID:
    """Take the register number and have a code sent, if it is somebody's."""
    flow = open_flow(flow_id, browser)
    number = normalise(regnum)
    if number is None:
        raise RegnumMalformed
    _refuse_busy_address(address, "request", LIMITS.address_requests)
    _count_address(address, "request")
    _refuse_busy_platform()
    return _challenge(flow, number, language)


def ask_new_code(*, flow_id: UUID, browser: str | None, address: str | None, language: str) -> UUID:
    """Have a new code sent for the number given before; the earlier one is worth nothing from now on."""
    flow = open_flow(flow_id, browser)
    last = flow.challenge_set.order_by("-created_at").first()
    if last is None:
        raise FlowOver
    _refuse_busy_address(address, "request", LIMITS.address_requests)
    _count_address(address, "request")
    _refuse_busy_platform()
    return _challenge(flow, last.regnum, language)


def _challenge(flow: models.Flow, regnum: str, language: str) -> UUID:
    moment = now()
    with transaction.atomic():
        guard = guard_for_new_code(regnum, moment)
        row = models.Challenge.objects.create(flow=flow, regnum=regnum, guard_key=guard.key, language=language, created_at=moment)
        app.configure_task(PREPARE_TASK, queue="urgent").defer(challenge_id=str(row.id))
    return row.id


def guard_for_new_code(regnum: str, moment: datetime) -> models.Guard:
    """The locked guard of a number that may be sent a code now. In a transaction.

    :raises Locked:
    :raises TooManyCodes:
    """
    guard = locked_guard(keyed_digest("regnum", regnum), moment)
    refuse_if_locked(guard, moment)
    asked = models.Challenge.objects.filter(guard_key=guard.key, used_at=None, created_at__gt=moment - timedelta(days=1))
    wait = rules.wait_before_next_code(list(asked.values_list("created_at", flat=True)), moment)
    if wait is not None:
        raise TooManyCodes(retry_after_seconds=int(wait.total_seconds()) + 1)
    return guard


def locked_guard(key: str, moment: datetime) -> models.Guard:
    """The row of one register number, held until the transaction ends: codes asked for and entered at once are counted one by one."""
    models.Guard.objects.bulk_create([models.Guard(key=key, changed_at=moment)], ignore_conflicts=True)
    return models.Guard.objects.select_for_update().get(key=key)


def refuse_if_locked(guard: models.Guard, moment: datetime) -> None:
    if guard.locked_until is not None and guard.locked_until > moment:
        raise Locked(until=guard.locked_until)


_COUNT = """
    INSERT INTO identity_addresscount (address_digest, kind, window_start, count) VALUES (%s, %s, %s, 1)
    ON CONFLICT (address_digest, kind, window_start) DO UPDATE SET count = identity_addresscount.count + 1
"""


def _window() -> datetime:
    seconds = int(LIMITS.address_window.total_seconds())
    return datetime.fromtimestamp(int(now().timestamp()) // seconds * seconds, tz=UTC)


def _count_address(address: str | None, kind: str) -> None:
    """Count one more; committed by itself, so that refusals count as well. ``None`` is this machine itself and is not counted."""
    if address is not None:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, [keyed_digest("address", address), kind, _window()])


def _refuse_busy_address(address: str | None, kind: str, allowed: int) -> None:
    if address is None:
        return
    found = models.AddressCount.objects.filter(address_digest=keyed_digest("address", address), kind=kind, window_start=_window())
    if any(count >= allowed for count in found.values_list("count", flat=True)):
        raise TooManyFromAddress


# -- the whole platform ---------------------------------------------------------------------------------------

PLATFORM = "platform"
"""In the place of an address's digest; no digest is so short."""


def _of_the_platform(kind: str, start: datetime) -> int:
    found = models.AddressCount.objects.filter(address_digest=PLATFORM, kind=kind, window_start=start).values_list("count", flat=True)
    return found.first() or 0


def _count_of_the_platform(kind: str, start: datetime) -> None:
    """One row for all: held for the end of a short transaction, which tens of texts in a second bear."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [PLATFORM, kind, start])


def _today() -> datetime:
    return now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _held_back() -> bool:
    return (
        _of_the_platform("code", _window()) >= LIMITS.platform_codes or _of_the_platform("codes", _today()) >= LIMITS.platform_codes_per_day
    )


def _refuse_busy_platform() -> None:
    """Asked before the number is looked at, so the answer is the same for every number."""
    if _held_back():
        log.error("codes are held back: the ceiling of texts is reached")
        raise CodesHeldBack


def _tries_allowed() -> int:
    """One while codes are being guessed at all over the country, else as ever."""
    return 1 if _of_the_platform("failure", _window()) >= LIMITS.platform_failures else LIMITS.code_tries


# -- sending it -----------------------------------------------------------------------------------------------


def _wanted(row: models.Challenge, moment: datetime) -> bool:
    """Whether a code for this challenge could still be of use: in time, not used, the newest of its flow or of what it confirms."""
    same = models.Challenge.objects.filter(flow=row.flow)
    if row.flow is None:
        same = models.Challenge.objects.filter(flow=None, person=row.person, reference=row.reference)
    newer = same.filter(created_at__gt=row.created_at).exists()
    return row.used_at is None and moment - row.created_at < LIMITS.challenge_lifetime and not newer


def prepare(challenge_id: UUID) -> None:
    """Find the person in the register and ask for the SMS. Run by the worker, again and again while the register does not answer.

    :raises RegisterUnavailable: try again; the outage is noted, for the pages to tell.
    """
    row = models.Challenge.objects.get(id=challenge_id)
    if row.prepared_at is not None:
        return
    try:
        person = registration.person_for_sign_in(row.regnum) if _wanted(row, now()) else None
    except RegisterUnavailable:
        models.Challenge.objects.filter(id=row.id).update(register_failed_at=now())
        raise
    with transaction.atomic():
        first = models.Challenge.objects.filter(id=row.id, prepared_at=None).update(
            prepared_at=now(), person=person, register_failed_at=None
        )
        if first and person is not None:
            publish(SignInCodeRequested(challenge_id=row.id, language=row.language))


def draw_code(challenge_id: UUID) -> contracts.DrawnCode:
    """Make the code at the moment of sending: the clear text is never stored, and its time begins now. Drawn again, the earlier is worth nothing."""
    with transaction.atomic():
        row = models.Challenge.objects.select_for_update(of=("self",)).select_related("person").filter(id=challenge_id).first()
        if row is None or row.person is None or not _wanted(row, now()) or _held_back():
            raise ChallengeOver
        _count_of_the_platform("code", _window())
        _count_of_the_platform("codes", _today())
        code = random_digits() if row.flow_id is not None else _confirming_code(row, row.person)
        row.code_digest, row.drawn_at = _code_digest(row.id, code) if row.flow_id is not None else "", now()
        row.save(update_fields=["code_digest", "drawn_at"])
    return contracts.DrawnCode(phone=row.person.phone, code=code, language=row.language, title=row.title)


def _confirming_code(row: models.Challenge, person: models.Person) -> str:
    """A code that confirms something is drawn and kept by the signer alone: whoever holds this process and the database cannot confirm in somebody's name."""
    try:
        return pki.draw_code(challenge_id=row.id, person_id=person.id, confirms=row.confirms, number=person.phone)
    except CodeWithheld as withheld:
        raise ChallengeOver from withheld


def _code_digest(challenge_id: UUID, code: str) -> str:
    return keyed_digest("code", f"{challenge_id}:{code}")


# -- entering it ----------------------------------------------------------------------------------------------

REFUSALS: dict[rules.Verdict, type[CodeRefused]] = {
    rules.Verdict.WRONG: CodeRefused,
    rules.Verdict.EXPIRED: CodeExpired,
    rules.Verdict.USED_UP: CodeUsedUp,
}


def enter_code(
    *, flow_id: UUID, browser: str | None, typed: str, address: str | None, device: str, replaces: str | None
) -> contracts.Entered:
    """Begin a session, if the code is right.

    :raises CodeRefused: (or a class below it) it is not; the try is counted, whatever follows.
    :raises Locked: too many wrong codes for this register number.
    """
    flow = open_flow(flow_id, browser)
    code = rules.typed_code(typed)
    if code is None:
        raise CodeMalformed
    _refuse_busy_address(address, "failure", LIMITS.address_failures)
    with transaction.atomic():
        verdict, locked_until, entered = _try(flow, code, device, replaces)
    if entered is not None:
        return entered
    if verdict == rules.Verdict.WRONG:
        _count_address(address, "failure")
        _count_of_the_platform("failure", _window())
    if locked_until is not None:
        raise Locked(until=locked_until)
    raise REFUSALS[verdict]


def _try(
    flow: models.Flow, code: str, device: str, replaces: str | None
) -> tuple[rules.Verdict, datetime | None, contracts.Entered | None]:
    """One entry, counted. Locks the number's guard, then the challenge: the same sequence everywhere, so no two wait for each other."""
    moment = now()
    newest = flow.challenge_set.order_by("-created_at").first()
    if newest is None:
        raise FlowOver
    guard = locked_guard(newest.guard_key, moment)
    refuse_if_locked(guard, moment)
    row = models.Challenge.objects.select_for_update().get(id=newest.id)
    verdict = judged(row, code, moment)
    if verdict == rules.Verdict.RIGHT and row.person_id is not None:
        return verdict, None, _succeed(flow, row, guard, moment, device, replaces)
    return verdict, failed(row, guard, moment) if verdict == rules.Verdict.WRONG else None, None


def judged(row: models.Challenge, code: str, moment: datetime) -> rules.Verdict:
    """What a typed code is worth for this challenge."""
    matches = (
        _is_confirming_code(row, code)
        if row.flow_id is None
        else hmac.compare_digest(_code_digest(row.id, code), row.code_digest or "-" * 64)
    )
    entry = rules.Entry(
        created_at=row.created_at, drawn_at=row.drawn_at, tries=row.tries, used=row.used_at is not None, matches=matches, tries_allowed=_tries_allowed()
    )  # fmt: skip
    return rules.judge(entry, moment)


def _is_confirming_code(row: models.Challenge, code: str) -> bool:
    if row.person_id is None or row.drawn_at is None or row.used_at is not None:
        return False
    return pki.enter_code(challenge_id=row.id, person_id=row.person_id, typed=code)


def failed(row: models.Challenge, guard: models.Guard, moment: datetime) -> datetime | None:
    """Count a wrong code; gives until when the number is locked, if it is now."""
    row.tries += 1
    row.save(update_fields=["tries"])
    guard.failures, guard.changed_at = guard.failures + 1, moment
    lock = rules.lock_after(guard.failures)
    guard.locked_until = moment + lock if lock else None
    guard.save()
    subject = f"person:{row.person_id}" if row.person_id else f"challenge:{row.id}"
    audit.record(actor=ACTOR, action="identity.wrong_code", subject=subject, failures=guard.failures, locked=lock is not None)
    return guard.locked_until


def used(row: models.Challenge, guard: models.Guard, moment: datetime) -> None:
    """The code was right: it is worth nothing any more, and the number's failures are forgotten."""
    row.used_at, row.code_digest = moment, ""
    row.save(update_fields=["used_at", "code_digest"])
    guard.failures, guard.locked_until, guard.changed_at = 0, None, moment
    guard.save()


def _succeed(
    flow: models.Flow, row: models.Challenge, guard: models.Guard, moment: datetime, device: str, replaces: str | None
) -> contracts.Entered:
    assert row.person_id is not None  # noqa: S101 - narrowed by the caller
    used(row, guard, moment)
    session, token = sessions.begin_session(row.person_id, device=device, moment=moment, replaces=replaces)
    flow.session = session
    flow.save(update_fields=["session"])
    audit.record(actor=ACTOR, action="identity.sign_in", subject=f"person:{row.person_id}", session=str(session.id), client=flow.client_id)
    return contracts.Entered(session_token=token, session_id=session.id)


def new_flow(*, browser: str, client_id: str, query: str, pushed: str = "", signed: bool = False, kind: str = "oidc") -> UUID:
    """Keep an authorization request while its person signs in."""
    moment = now()
    return models.Flow.objects.create(
        id=uuid7(),
        browser_digest=digest(browser),
        client_id=client_id,
        query=query,
        pushed=pushed,
        signed=signed,
        kind=kind,
        created_at=moment,
        expires_at=moment + LIMITS.flow_lifetime,
    ).id
