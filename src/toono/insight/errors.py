"""What can be wrong with a wish for figures."""

from __future__ import annotations

from toono.kernel.errors import ToonoError


class NotADate(ToonoError):
    """A bound of the period is no date of the calendar. ``data["field"]``: ``since`` or ``until``."""

    code, status = "insight.not_a_date", 400
    title_mn = "Огноо буруу байна"
    next_mn = "Огноог 2026.11.22 гэсэн хэлбэрээр бичнэ үү."


class PeriodReversed(ToonoError):
    """The period ends before it begins."""

    code, status = "insight.period_reversed", 400
    title_mn = "Хугацааны төгсгөл эхлэлээсээ өмнө байна"
    next_mn = "Эхлэх огноог дуусах огнооноос өмнө байхаар сонгоно уу."


class PeriodTooLong(ToonoError):
    """The period is longer than a year."""

    code, status = "insight.period_too_long", 400
    title_mn = "Хугацаа нэг жилээс урт байна"
    next_mn = "Нэг жил буюу түүнээс богино хугацаа сонгоно уу."
