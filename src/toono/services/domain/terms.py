"""The promised time: when it starts, when it ends, and why, in words."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from toono.kernel.calendar import DAY_STARTS, add_working_time, is_working_day, working_time_between
from toono.kernel.clock import ULAANBAATAR, local
from toono.services.contracts import TermView, Text
from toono.services.domain.definition import Term, TermStart

_WEEKDAYS_MN = ("даваа", "мягмар", "лхагва", "пүрэв", "баасан", "бямба", "ням")
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_EN = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]


def starts_at(term: Term, submitted_at: datetime) -> datetime:
    """From when the term is counted, for a case sent at ``submitted_at``."""
    if term.starts is TermStart.SUBMISSION:
        return submitted_at
    day = local(submitted_at).date() + timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return datetime.combine(day, DAY_STARTS, ULAANBAATAR)


def due_at(term: Term, submitted_at: datetime) -> datetime:
    """By when the case is to be decided."""
    return add_working_time(starts_at(term, submitted_at), timedelta(hours=term.working_hours))


def in_words(moment: datetime) -> Text:
    """``2026 оны 11 сарын 22, ням гараг, 14:30``."""
    here = local(moment)
    return Text(
        mn=f"{here.year} оны {here.month} сарын {here.day}, {_WEEKDAYS_MN[here.weekday()]} гараг, {here:%H:%M}",
        en=f"{_WEEKDAYS_EN[here.weekday()]} {here.day} {_MONTHS_EN[here.month - 1]} {here.year}, {here:%H:%M}",
    )


def as_of(moment: datetime) -> str:
    """``2026 оны 11 сарын 22-ны өдрийн 14:30 цагийн``, for «… байдлаар»."""
    here = local(moment)
    ending = "ний" if here.day % 10 in {1, 4, 9} else "ны"
    return f"{here.year} оны {here.month} сарын {here.day}-{ending} өдрийн {here:%H:%M} цагийн"


def promise(term: Term) -> Text:
    """The promised time without a date, with its way of counting."""
    hours = term.working_hours
    days_mn = f" (ажлын {hours // 8} өдөр)" if hours % 8 == 0 else ""
    days_en = f" ({hours // 8} working day{'s' if hours > 8 else ''})" if hours % 8 == 0 else ""
    start_mn, start_en = {
        TermStart.SUBMISSION: ("илгээсэн цагаас", "the moment you send it"),
        TermStart.NEXT_WORKING_DAY: ("илгээсний дараагийн ажлын өдрийн 08:00 цагаас", "08:00 of the working day after you send it"),
    }[term.starts]
    return Text(
        mn=f"Ажлын {hours} цаг{days_mn}, {start_mn} тоолно.",
        en=f"{hours} working hour{'s' if hours > 1 else ''}{days_en}, counted from {start_en}.",
    )


def left(due: datetime, at: datetime) -> int:
    """Working minutes left at ``at``; below zero when late."""
    minutes = working_time_between(at, due) - working_time_between(due, at)
    if not minutes and at > due:
        return -1  # late, though no office has been open since
    return int(minutes.total_seconds() // 60)


def view(term: Term, submitted_at: datetime, due: datetime, at: datetime) -> TermView:
    """The clock of a case at ``at`` (now, or when it was decided)."""
    begins = starts_at(term, submitted_at)
    deadline, first = in_words(due), in_words(begins)
    hours = term.working_hours
    return TermView(
        working_hours=hours,
        starts_at=begins,
        due_at=due,
        left_minutes=left(due, at),
        overdue=at > due,
        explanation=Text(
            mn=f"{deadline.mn} гэхэд шийднэ. Хугацаа нь {first.mn} цагт эхэлж, ажлын {hours} цаг үргэлжилнэ. "
            "Амралт, баярын өдөр, үдийн цай (12:00–13:00) тоологдохгүй.",
            en=f"To be decided by {deadline.en}. The term starts on {first.en} and lasts {hours} working hour{'s' if hours > 1 else ''}. "
            "Weekends, public holidays and the lunch hour (12:00–13:00) do not count.",
        ),
    )


def end_of_day(days: int, moment: datetime) -> datetime:
    """The last second of the day that lies ``days`` after ``moment``'s day in Ulaanbaatar: so long a document is valid."""
    return datetime.combine(local(moment).date() + timedelta(days=days), time(23, 59, 59), ULAANBAATAR)
