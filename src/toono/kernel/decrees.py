"""Days moved by decree: kept in the database, set by an administrator, known to every process within half a minute.

:mod:`toono.kernel.calendar` knows no database. :func:`load` hands it what stands in the table; :func:`keep_loaded` does so in the
background of a process for as long as it lives.
"""

from __future__ import annotations

import logging
import threading
from datetime import date, datetime

from django.db import DatabaseError, connection, transaction

from toono.kernel import audit, calendar
from toono.kernel.actor import Actor, Role
from toono.kernel.calendar import Decreed
from toono.kernel.clock import now
from toono.kernel.contract import Contract
from toono.kernel.errors import DecreeRefused, NotAllowed
from toono.kernel.events import CalendarChanged
from toono.kernel.models import DecreedDay
from toono.kernel.outbox import publish
from toono.kernel.text import clean

LOAD_SECONDS = 20.0
DECREE_LENGTH = 200
FIRST, LAST = date(2015, 1, 1), date(2100, 1, 1)

log = logging.getLogger(__name__)


class DecreedDayView(Contract):
    """A day moved by decree."""

    day: date
    works: bool
    """A working day; else a day off."""
    decree: str
    """Date and number of the decree."""
    entered_at: datetime | None
    """None: known to the platform from the beginning."""


def days() -> list[DecreedDayView]:
    """Every decreed day, newest first, those known from the beginning too."""
    stored = {row.day: row for row in DecreedDay.objects.all()}
    known = {day: moved for day, moved in calendar.KNOWN.items() if day not in stored}
    found = [DecreedDayView(day=d, works=r.works, decree=r.decree, entered_at=r.entered_at) for d, r in stored.items()]
    found += [DecreedDayView(day=d, works=m.works, decree=m.decree, entered_at=None) for d, m in known.items()]
    return sorted(found, key=lambda one: one.day, reverse=True)


def set_day(*, actor: Actor, day: date, works: bool, decree: str) -> None:
    """Enter, or change, what a decree says of a day. The same again changes nothing.

    :raises NotAllowed: neither administrator nor the platform itself.
    :raises DecreeRefused: no decree is named, or the day lies outside 2015–2100.
    """
    _may(actor)
    said = clean(decree)
    if not said or len(said) > DECREE_LENGTH or not FIRST <= day <= LAST:
        raise DecreeRefused(f"{day}: {len(said)} characters of decree")
    with transaction.atomic():
        row, first = DecreedDay.objects.select_for_update().get_or_create(
            day=day, defaults={"works": works, "decree": said, "entered_at": now()}
        )
        if not first and (row.works, row.decree) == (works, said):
            return
        row.works, row.decree, row.entered_at = works, said, now()
        row.save()
        _changed(actor, day, said, "works" if works else "free")
    load()


def remove_day(*, actor: Actor, day: date) -> None:
    """The decree was repealed, or entered wrongly: the day is again what week and law make it. Nothing to remove changes nothing.

    :raises NotAllowed: neither administrator nor the platform itself.
    """
    _may(actor)
    with transaction.atomic():
        row = DecreedDay.objects.select_for_update().filter(day=day).first()
        if row is None:
            return
        decree = row.decree
        row.delete()
        _changed(actor, day, decree, "removed")
    load()


def _may(actor: Actor) -> None:
    if actor.role not in {Role.ADMINISTRATOR, Role.SYSTEM}:
        raise NotAllowed(f"{actor} may not move days")


def _changed(actor: Actor, day: date, decree: str, what: str) -> None:
    audit.record(actor=actor, action="kernel.decree_day", subject=f"day:{day.isoformat()}", decree=decree, what=what)
    publish(CalendarChanged(day=day, decree=decree))


def load() -> None:
    """Have this process count by the table as it stands."""
    calendar.use({row.day: Decreed(row.works, row.decree) for row in DecreedDay.objects.all()})


def keep_loaded() -> None:
    """Load now, and again every twenty seconds in the background, until the process ends.

    Called once by each process that counts terms. A database that is away leaves the process with what it knows.
    """
    _try()
    threading.Thread(target=_again, name="decrees", daemon=True).start()


def _again() -> None:
    pause = threading.Event()
    while not pause.wait(LOAD_SECONDS):
        _try()


def _try() -> None:
    """The connection is given back each time: the thread sleeps almost always."""
    try:
        load()
    except DatabaseError:
        log.warning("decreed days could not be read; what is known stays")
    finally:
        connection.close()
