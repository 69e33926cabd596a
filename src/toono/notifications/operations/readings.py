"""Telling persons that their data were read, as they wish: of each reading, of the week together, or not.

Up to which moment all readings were looked at stands in one row (:class:`ReadingsTold`), which moves in the transaction that writes the messages: a cut-off round is done
again from where it began, and nothing is told twice. The exchange gives only what can no longer be joined by a late commit, and never what a law keeps back.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

import toono.exchange.api as exchange
import toono.identity.api as identity
from toono.exchange.contracts import Reading, ReadingCount
from toono.kernel.actor import system
from toono.kernel.clock import ULAANBAATAR, local, now
from toono.notifications import contracts
from toono.notifications.contracts import ReadingNotice
from toono.notifications.domain import week
from toono.notifications.errors import ContextMismatch
from toono.notifications.models import ReadingPreference, ReadingsTold
from toono.notifications.operations.notify import notify

log = logging.getLogger(__name__)

ACTOR: Final = system("notifications")
WINDOW: Final = timedelta(minutes=10)
"""So much is told of in one transaction; after a rest of the worker there are several."""
WINDOWS: Final = 200
"""Most of them in one round."""
PAGE: Final = 1_000
DIGESTS: Final = 200
"""Persons in one transaction."""
ORGANISATIONS: Final = 20
"""Named in one digest; further ones are counted together."""


# -- the choice ---------------------------------------------------------------------------------------------------


def preference(*, person_id: UUID, civil_id: str) -> contracts.ReadingPreference:
    """The person's wish; what everybody has, where they never chose."""
    row = ReadingPreference.objects.filter(person_id=person_id).first() or begin(person_id=person_id, civil_id=civil_id)
    return contracts.ReadingPreference(notice=ReadingNotice(row.notice), sms=row.sms)


def begin(*, person_id: UUID, civil_id: str) -> ReadingPreference:
    """From now on the person is told of readings as everybody is who never chose."""
    return ReadingPreference.objects.get_or_create(person_id=person_id, defaults={"civil_id": civil_id, "told_until": now()})[0]


def choose(*, person_id: UUID, civil_id: str, notice: ReadingNotice, sms: bool) -> None:
    """Keep the wish. It holds for what may be known from now on; what a digest had gathered is not told any more."""
    with transaction.atomic():
        row = ReadingPreference.objects.select_for_update().filter(person_id=person_id).first() or begin(
            person_id=person_id, civil_id=civil_id
        )
        if row.notice != notice:
            row.notice, row.told_until = notice.value, now()
        row.sms = sms and notice is not ReadingNotice.NONE
        row.save()


def begin_registered(person_id: UUID) -> None:
    """A person is known to Toono from now on."""
    person = identity.person(actor=ACTOR, person_id=person_id)
    begin(person_id=person_id, civil_id=person.civil_id)


# -- of each ------------------------------------------------------------------------------------------------------


def tell_of_each() -> int:
    """Tell those who wish to hear of each reading of what may be known since the last round; the number of messages."""
    told = 0
    for _ in range(WINDOWS):
        with transaction.atomic():
            # One round at a time: a second one waits for this row and then finds nothing left.
            ReadingsTold.objects.get_or_create(id=1, defaults={"until": exchange.settled_until()})
            done = ReadingsTold.objects.select_for_update().get(id=1)
            until = min(done.until + WINDOW, exchange.settled_until())
            if until <= done.until:
                return told
            told += _tell_window(done.until, until)
            done.until = until
            done.save()
    return told


def _tell_window(since: datetime, until: datetime) -> int:
    told, after = 0, None
    if not ReadingPreference.objects.filter(notice=ReadingNotice.EACH).exists():
        return told
    while True:
        found = exchange.newly_visible(actor=ACTOR, since=since, until=until, after=after, limit=PAGE)
        if not found:
            return told
        after = found[-1].id
        persons = {
            row.civil_id: row
            for row in ReadingPreference.objects.filter(notice=ReadingNotice.EACH, civil_id__in={new.civil_id for new in found})
        }
        wished = {
            new.id: persons[new.civil_id] for new in found if new.civil_id in persons and new.visible_at >= persons[new.civil_id].told_until
        }
        for reading in exchange.readings_to_tell(actor=ACTOR, ids=wished) if wished else ():
            told += _tell(wished[reading.id], "data_read", f"reading:{reading.id}", _of_one(reading))


def _of_one(reading: Reading) -> dict[str, str]:
    return {
        "organisation_mn": reading.organisation_name_mn, "organisation_en": reading.organisation_name_en or reading.organisation_name_mn,
        "provider_mn": reading.provider_name_mn, "provider_en": reading.provider_name_en or reading.provider_name_mn,
        "service_mn": reading.service_title_mn, "service_en": reading.service_title_en or reading.service_title_mn,
        "purpose_mn": reading.purpose_title_mn, "purpose_en": reading.purpose_title_en or reading.purpose_title_mn,
        "when": f"{local(reading.at):%Y.%m.%d %H:%M}",
    }  # fmt: skip


def _tell(person: ReadingPreference, code: str, key: str, context: dict[str, str]) -> bool:
    """Write one message. A name that cannot be printed costs this message, which the log tells, and not those of all who come after."""
    try:
        notify(person_id=person.person_id, code=code, context=context, key=key, case_id=None, sms=person.sms)
    except ContextMismatch as error:
        log.error("message %s cannot be written: %s", key, error)
        return False
    return True


# -- of the week --------------------------------------------------------------------------------------------------


def tell_of_weeks() -> int:
    """Tell those who have the digest of what may be known since their last one, up to the end of the last week; the number of messages."""
    until, told = week.told_up_to(now(), ULAANBAATAR), 0
    while True:
        with transaction.atomic():
            # Rows that another worker holds are being told of there.
            due = ReadingPreference.objects.select_for_update(skip_locked=True).filter(notice=ReadingNotice.WEEKLY, told_until__lt=until)
            rows = list(due.order_by("told_until")[:DIGESTS])
            for row in rows:
                told += _digest(row, until)
                row.told_until = until
            ReadingPreference.objects.bulk_update(rows, ["told_until"])
        if not rows:
            return told


def _digest(person: ReadingPreference, until: datetime) -> bool:
    counts = exchange.became_visible(actor=ACTOR, civil_id=person.civil_id, since=person.told_until, until=until)
    if not counts:
        return False
    context = {
        "count": str(sum(one.count for one in counts)),
        "since": f"{local(person.told_until):%Y.%m.%d}",
        "until": f"{local(until - timedelta(microseconds=1)):%Y.%m.%d}",
        "lines_mn": _lines(counts, [one.name_mn for one in counts], "бусад"),
        "lines_en": _lines(counts, [one.name_en or one.name_mn for one in counts], "others"),
    }
    return _tell(person, "readings_of_week", f"readings:{person.person_id}:{local(until):%Y-%m-%d}", context)


def _lines(counts: Sequence[ReadingCount], names: Sequence[str], others: str) -> str:
    lines = [f"{name} – {one.count}" for one, name in zip(counts[:ORGANISATIONS], names, strict=False)]
    rest = sum(one.count for one in counts[ORGANISATIONS:])
    return "\n".join([*lines, f"{others} – {rest}"] if rest else lines)
