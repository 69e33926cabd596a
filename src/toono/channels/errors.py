"""What can go wrong in the portal itself."""

from __future__ import annotations

from toono.kernel.errors import ToonoError, Unavailable


class SignInFailed(ToonoError):
    """The provider's answer is not one to our question, or is not genuine. Nobody is signed in."""

    code, status = "channels.sign_in_failed", 400
    title_mn = "Нэвтрэлт амжилтгүй боллоо"
    next_mn = "Эхнээс нь дахин нэвтэрнэ үү."


class SignInBusy(Unavailable):
    """The provider does not answer in time, or too many sign in at once."""

    code = "channels.sign_in_busy"
    title_mn = "Нэвтрэх систем түр завгүй байна"
    next_mn = "Нэг минутын дараа дахин нэвтэрнэ үү."
