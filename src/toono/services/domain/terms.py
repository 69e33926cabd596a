"""The promised time: when it starts, when it ends, and why, in words.

The clock of a case is its events, in order (:class:`ClockEvent`). Everything else – by when, how much is left, the explanation – is
computed from them by the calendar that is in force at the moment of asking, so that a day moved by decree changes every open case alike.
A moment that lies before the event before it (a system clock set back) counts as that event's moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import accumulate

from toono.kernel.calendar import (
    DAY_HOURS,
    add_working_time,
    closing,
    decreed_days,
    holiday,
    is_working_day,
    next_working_day,
    opening,
    working_time_between,
)  # fmt: skip
from toono.kernel.clock import ULAANBAATAR, local
from toono.services.contracts import TermView, Text
from toono.services.domain.conditions import Values, holds
from toono.services.domain.definition import OnCorrection, Term, TermStart

_WEEKDAYS_MN = ("даваа", "мягмар", "лхагва", "пүрэв", "баасан", "бямба", "ням")
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_EN = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]

WARN_AT_MOST = timedelta(hours=DAY_HOURS)


# -- how long ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Length:
    """How long the term of a case is: working hours or calendar days, one of them."""

    working_hours: int | None = None
    calendar_days: int | None = None
    because: Text | None = None
    """Of the branch that holds for the case; None for the ordinary length."""


def length(term: Term, values: Values) -> Length:
    """The first branch that holds for these answers and facts, else the ordinary length."""
    branch = branch_of(term, values)
    if branch is None:
        return Length(term.working_hours, term.calendar_days)
    one = term.branches[branch]
    return Length(one.working_hours, one.calendar_days, one.because)


def branch_of(term: Term, values: Values) -> int | None:
    """Position of the first branch that holds; None for the ordinary length."""
    return next((at for at, branch in enumerate(term.branches) if holds(branch.when, values)), None)


# -- the clock ---------------------------------------------------------------------------------------------------


class ClockKind(StrEnum):
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    RESTARTED = "restarted"
    EXTENDED = "extended"


@dataclass(frozen=True)
class ClockEvent:
    """What happened to the clock."""

    kind: ClockKind
    at: datetime
    hours: int = 0
    """Of an extension: working hours."""
    reason: str = ""
    """Of an extension: the officer's words."""


@dataclass(frozen=True)
class Clock:
    """Where a clock stands after its events."""

    length: Length
    started_at: datetime
    """When it was started: sent, paid."""
    begins_at: datetime
    """From when the term is counted."""
    due_at: datetime
    """By when it is to be decided; of a clock that stands: if it went on at the moment at which it was stopped."""
    last_day: date | None
    """Of calendar days: the last one, whether or not offices are open on it."""
    extension: timedelta
    paused_at: datetime | None

    @property
    def warn_at(self) -> datetime:
        """When officers are warned that the term ends: a quarter of it before its end, at most one working day."""
        whole = working_time_between(self.begins_at, self.due_at)
        return add_working_time(self.begins_at, whole - min(whole / 4, WARN_AT_MOST))


def starts_at(term: Term, at: datetime) -> datetime:
    """From when a term is counted that was started (sent, paid) at ``at``."""
    if term.starts is TermStart.SUBMISSION:
        return at
    return opening(next_working_day(local(at).date() + timedelta(days=1)))


def run(term: Term, length: Length, events: Sequence[ClockEvent]) -> Clock:
    """The clock after ``events``, the first of which starts it.

    :raises ValueError: the first event does not start it.
    """
    if not events or events[0].kind is not ClockKind.STARTED:
        raise ValueError("a clock begins with its start")
    clock = _began(term, length, events[0].at, timedelta())
    for event in _in_order(events)[1:]:
        clock = _after(clock, event, term)
    return clock


def _in_order(events: Sequence[ClockEvent]) -> list[ClockEvent]:
    """None before the one before it: a system clock may have been set back."""
    moments = accumulate((event.at for event in events), max)
    return [replace(event, at=moment) for event, moment in zip(events, moments, strict=True)]


def _began(term: Term, length: Length, at: datetime, extension: timedelta) -> Clock:
    begins = starts_at(term, at)
    last_day = None
    if length.calendar_days is not None:
        # Counted from the opening of a day, that day is the first; counted from a moment, the day after it is.
        first = local(begins).date() + (timedelta(days=1) if term.starts is TermStart.SUBMISSION else timedelta())
        last_day = first + timedelta(days=length.calendar_days - 1)
    clock = Clock(
        length=length, started_at=at, begins_at=begins, due_at=begins, last_day=last_day, extension=extension,
        paused_at=None,
    )  # fmt: skip
    return replace(clock, due_at=_due(clock))


def _due(clock: Clock) -> datetime:
    if clock.last_day is not None:
        return add_working_time(closing(next_working_day(clock.last_day)), clock.extension)
    return add_working_time(clock.begins_at, timedelta(hours=clock.length.working_hours or 0) + clock.extension)


def _after(clock: Clock, event: ClockEvent, term: Term) -> Clock:
    if event.kind is ClockKind.PAUSED and clock.paused_at is None:
        return replace(clock, paused_at=event.at)
    if event.kind is ClockKind.RESUMED and clock.paused_at is not None:
        return _resumed(clock, clock.paused_at, event.at)
    if event.kind is ClockKind.RESTARTED:
        return replace(_began(term, clock.length, event.at, clock.extension), started_at=clock.started_at)
    if event.kind is ClockKind.EXTENDED:
        extended = replace(clock, extension=clock.extension + timedelta(hours=event.hours))
        if clock.last_day is not None:
            return replace(extended, due_at=_due(extended))
        return replace(extended, due_at=add_working_time(clock.due_at, timedelta(hours=event.hours)))
    return clock


def _resumed(clock: Clock, paused_at: datetime, at: datetime) -> Clock:
    """The end moves by what passed while it stood: working time, or days of the calendar. What was late stays as late."""
    if clock.last_day is not None:
        passed = local(at).date() - max(local(paused_at).date(), local(clock.begins_at).date())
        going = replace(clock, last_day=clock.last_day + max(passed, timedelta()), paused_at=None)
        return replace(going, due_at=_due(going))
    stood = working_time_between(max(paused_at, clock.begins_at), at)
    return replace(clock, due_at=add_working_time(clock.due_at, stood), paused_at=None)


def standing(clock: Clock, at: datetime) -> Clock:
    """The clock as if one that stands went on at ``at``: the promise that can be made to who is correcting."""
    return _resumed(clock, clock.paused_at, max(clock.paused_at, at)) if clock.paused_at else clock


def correction(term: Term, *, ends: bool) -> ClockKind | None:
    """What a correction does to the clock when it is asked for and when it ``ends``."""
    if term.on_correction is OnCorrection.CONTINUE:
        return None
    if not ends:
        return ClockKind.PAUSED
    return ClockKind.RESTARTED if term.on_correction is OnCorrection.RESTART else ClockKind.RESUMED


def left(due: datetime, at: datetime) -> int:
    """Working minutes left at ``at``; below zero when late."""
    minutes = working_time_between(at, due) - working_time_between(due, at)
    if not minutes and at > due:
        return -1  # late, though no office has been open since
    return int(minutes.total_seconds() // 60)


def left_of(clock: Clock, at: datetime) -> int:
    """Working minutes left; of a clock that stands, what was left when it was stopped."""
    return left(clock.due_at, max(clock.paused_at or at, clock.begins_at))


def pauses(events: Sequence[ClockEvent]) -> tuple[tuple[datetime, datetime | None], ...]:
    """From when to when the clock stood, oldest first; no end: it stands."""
    found: list[tuple[datetime, datetime | None]] = []
    stopped: datetime | None = None
    for event in _in_order(events):
        if event.kind is ClockKind.PAUSED:
            stopped = stopped or event.at
        elif event.kind in {ClockKind.RESUMED, ClockKind.RESTARTED} and stopped is not None:
            found.append((stopped, event.at))
            stopped = None
    return (*found, (stopped, None)) if stopped else tuple(found)


def taken(term: Term, events: Sequence[ClockEvent], until: datetime) -> timedelta:
    """Working time that counted until ``until``: from the (last) beginning of the term, without what the clock stood."""
    begun = _begun(events)
    begins = starts_at(term, begun)
    stood = (working_time_between(max(since, begins), end) for since, end in _stood(events, begun, until))
    return max(timedelta(), working_time_between(begins, until) - sum(stood, timedelta()))


def waited(events: Sequence[ClockEvent], until: datetime) -> timedelta:
    """The same by the clock on the wall: plain time since the term was (last) started, without what it stood."""
    begun = _begun(events)
    stood = (end - since for since, end in _stood(events, begun, until))
    return max(timedelta(), until - begun - sum(stood, timedelta()))


def _begun(events: Sequence[ClockEvent]) -> datetime:
    return max(event.at for event in _in_order(events) if event.kind in {ClockKind.STARTED, ClockKind.RESTARTED})


def _stood(events: Sequence[ClockEvent], begun: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    for since, end in pauses(events):
        if begun <= since < until:
            yield since, min(end or until, until)


# -- one sending, without a history ------------------------------------------------------------------------------


def start_of(at: datetime) -> tuple[ClockEvent, ...]:
    """The events of a clock that was only started."""
    return (ClockEvent(ClockKind.STARTED, at),)


def due_at(term: Term, submitted_at: datetime, values: Values | None = None) -> datetime:
    """By when a case is to be decided whose term starts at ``submitted_at``."""
    chosen = length(term, values) if values is not None else Length(term.working_hours, term.calendar_days)
    return run(term, chosen, start_of(submitted_at)).due_at


# -- in words ----------------------------------------------------------------------------------------------------


def in_words(moment: datetime) -> Text:
    """``2026 оны 11 сарын 22, ням гараг, 14:30``."""
    here = local(moment)
    return Text(
        mn=f"{here.year} оны {here.month} сарын {here.day}, {_WEEKDAYS_MN[here.weekday()]} гараг, {here:%H:%M}",
        en=f"{_WEEKDAYS_EN[here.weekday()]} {here.day} {_MONTHS_EN[here.month - 1]} {here.year}, {here:%H:%M}",
    )


def in_short(moment: datetime) -> str:
    """``2026.11.22 14:30``"""
    return f"{local(moment):%Y.%m.%d %H:%M}"


def as_of(moment: datetime) -> str:
    """``2026 оны 11 сарын 22-ны өдрийн 14:30 цагийн``, for «… байдлаар»."""
    here = local(moment)
    ending = "ний" if here.day % 10 in {1, 4, 9} else "ны"
    return f"{here.year} оны {here.month} сарын {here.day}-{ending} өдрийн {here:%H:%M} цагийн"


def measure(length: Length) -> Text:
    """``ажлын 40 цаг (ажлын 5 өдөр)``, ``хуанлийн 30 хоног``."""
    if length.calendar_days is not None:
        days = length.calendar_days
        return Text(mn=f"хуанлийн {days} хоног", en=f"{days} calendar day{'' if days == 1 else 's'}")
    hours = length.working_hours or 0
    days, rest = divmod(hours, DAY_HOURS)
    in_days = days and not rest
    return Text(
        mn=f"ажлын {hours} цаг" + (f" (ажлын {days} өдөр)" if in_days else ""),
        en=f"{hours} working hour{'' if hours == 1 else 's'}" + (f" ({days} working day{'' if days == 1 else 's'})" if in_days else ""),
    )


_COUNTED_FROM = {
    TermStart.SUBMISSION: Text(mn="илгээсэн цагаас", en="the moment you send it"),
    TermStart.NEXT_WORKING_DAY: Text(
        mn="илгээсний дараагийн ажлын өдрийн 08:00 цагаас", en="08:00 of the working day after you send it"
    ),
}  # fmt: skip


def promise(term: Term) -> Text:
    """The promised time without a date, with its way of counting."""
    how_long, start = measure(Length(term.working_hours, term.calendar_days)), _COUNTED_FROM[term.starts]
    branches = [(measure(Length(b.working_hours, b.calendar_days)), b.because) for b in term.branches]
    return Text(
        mn=" ".join([f"{_capital(how_long.mn)}, {start.mn} тоолно.", *(f"{_capital(m.mn)}: {why.mn}" for m, why in branches)]),
        en=" ".join([f"{_capital(how_long.en)}, counted from {start.en}.", *(f"{_capital(m.en)}: {why.en}" for m, why in branches)]),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _by_when(deadline: Text, *, stands: bool, overdue: bool) -> Text:
    if stands:
        return Text(
            mn=f"Одоо засвараа илгээвэл {deadline.mn} гэхэд шийднэ.", en=f"If the correction is sent now, to be decided by {deadline.en}."
        )
    if overdue:
        return Text(mn=f"{deadline.mn} гэхэд шийдэх ёстой байсан.", en=f"Was to be decided by {deadline.en}.")
    return Text(mn=f"{deadline.mn} гэхэд шийднэ.", en=f"To be decided by {deadline.en}.")


def view(term: Term, length: Length, events: Sequence[ClockEvent], at: datetime) -> TermView:
    """The clock of a case at ``at`` (now, or when it was decided)."""
    clock = run(term, length, events)
    shown = standing(clock, at)
    reasons = tuple(_reasons(term, shown, events, paused=clock.paused_at))
    stands = clock.paused_at is not None
    overdue = not stands and at > shown.due_at
    first = _by_when(in_words(shown.due_at), stands=stands, overdue=overdue)
    return TermView(
        working_hours=length.working_hours,
        calendar_days=length.calendar_days,
        starts_at=shown.begins_at,
        due_at=shown.due_at,
        left_minutes=left_of(clock, at),
        overdue=overdue,
        paused_at=clock.paused_at,
        pauses=pauses(events),
        extended_hours=int(clock.extension / timedelta(hours=1)),
        deadline=first,
        reasons=reasons,
        explanation=Text(mn=" ".join([first.mn, *(r.mn for r in reasons)]), en=" ".join([first.en, *(r.en for r in reasons)])),
    )


def _reasons(term: Term, clock: Clock, events: Sequence[ClockEvent], *, paused: datetime | None) -> Iterator[Text]:
    begins, how_long = in_words(clock.begins_at), measure(clock.length)
    if clock.started_at != clock.begins_at:
        sent = in_words(clock.started_at)
        yield Text(mn=f"Хүсэлт бүрэн ирсэн нь: {sent.mn}.", en=f"The application was complete on {sent.en}.")
    yield Text(
        mn=f"Хугацаа {begins.mn} цагт эхэлж, {how_long.mn} үргэлжилнэ.", en=f"The term starts on {begins.en} and lasts {how_long.en}."
    )
    if clock.length.because is not None:
        yield clock.length.because
    yield from _interruptions(term, events)
    if paused is not None:
        since = in_words(paused)
        yield Text(mn=f"Та засах хүртэл хугацаа зогссон ({since.mn}).", en=f"It stands since {since.en}, until you correct.")
    yield from _not_counted(clock)


def _interruptions(term: Term, events: Sequence[ClockEvent]) -> Iterator[Text]:
    stopped: datetime | None = None
    for event in events:
        here = in_short(event.at)
        if event.kind is ClockKind.PAUSED:
            stopped = stopped or event.at
        elif event.kind in {ClockKind.RESUMED, ClockKind.RESTARTED}:
            again = event.kind is ClockKind.RESTARTED
            since = in_short(stopped) if stopped else here
            yield Text(
                mn=f"{since}–{here} хооронд та засаж байсан тул тоологдоогүй{', дараа нь шинээр эхэлсэн' if again else ''}.",
                en=f"It stood from {since} to {here} while you corrected{', and then began anew' if again else ''}.",
            )
            stopped = None
        elif event.kind is ClockKind.EXTENDED:
            law = f" ({term.extension.law.mn}, {term.extension.article.mn})" if term.extension else ""
            law_en = f" ({term.extension.law.en}, {term.extension.article.en})" if term.extension else ""
            yield Text(
                mn=f"{here}: ажлын {event.hours} цагаар сунгасан{law}: {event.reason}",
                en=f"{here}: extended by {event.hours} working hours{law_en}: {event.reason}",
            )


def _not_counted(clock: Clock) -> Iterator[Text]:
    """Which days do not count, by name; for days of the calendar only those that moved the end."""
    if clock.last_day is not None:
        moved = local(clock.due_at).date()
        if not is_working_day(clock.last_day) and not clock.extension:
            yield Text(
                mn=f"Сүүлийн өдөр ({clock.last_day:%Y.%m.%d}) ажлын өдөр биш тул дараагийн ажлын өдөр ({moved:%Y.%m.%d}) дуусна.",
                en=f"The last day ({clock.last_day:%Y.%m.%d}) is no working day; it ends on the next one ({moved:%Y.%m.%d}).",
            )
        return
    days = list(_days(local(clock.begins_at).date(), local(clock.due_at).date()))
    named = [(day, name) for day in days if not is_working_day(day) and (name := _why_free(day))]
    for (mn, en), span in _spans(named):
        yield Text(mn=f"{mn} ({span}) тоологдохгүй.", en=f"{en} ({span}) does not count.")
    for day in (d for d in days if d.weekday() >= 5 and is_working_day(d)):
        moved_by = decreed_days()[day].decree
        yield Text(mn=f"{day:%Y.%m.%d} ажлын өдөр ({moved_by}).", en=f"{day:%Y.%m.%d} is a working day ({moved_by}).")
    yield Text(mn="Амралтын өдөр, үдийн цай (12:00–13:00) тоологдохгүй.", en="Weekends and the lunch hour (12:00–13:00) do not count.")


def _why_free(day: date) -> tuple[str, str] | None:
    """Name of what makes a day other than an ordinary weekend free."""
    moved = decreed_days().get(day)
    if moved is not None:
        return f"Амралтын өдөр болгосон ({moved.decree})", f"A day off by decree ({moved.decree})"
    return holiday(day) if day.weekday() < 5 else None


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def _spans(named: Iterable[tuple[date, tuple[str, str]]]) -> Iterator[tuple[tuple[str, str], str]]:
    """Neighbouring days of one name as one span: ``2026.02.18–02.20``."""
    spans: list[tuple[tuple[str, str], date, date]] = []
    for day, name in named:
        if spans and spans[-1][0] == name and (day - spans[-1][2]).days == 1:
            spans[-1] = (name, spans[-1][1], day)
        else:
            spans.append((name, day, day))
    for name, first, last in spans:
        yield name, f"{first:%Y.%m.%d}" if first == last else f"{first:%Y.%m.%d}–{last:%m.%d}"


def end_of_day(days: int, moment: datetime) -> datetime:
    """The last second of the day that lies ``days`` after ``moment``'s day in Ulaanbaatar: so long a document is valid."""
    return datetime.combine(local(moment).date() + timedelta(days=days), time(23, 59, 59), ULAANBAATAR)
