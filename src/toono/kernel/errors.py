"""The base of all errors. Each room adds its own in its ``errors.py``, one class per case."""

from __future__ import annotations

from typing import Any, ClassVar


class ToonoError(Exception):
    """Something that a caller must tell apart.

    ``code`` is stable and published. ``status`` is the HTTP status of the problem document. ``transient`` says whether
    the same call may succeed later. ``title_mn`` and ``next_mn`` are what a citizen reads: what happened, what to do next.
    The technical message (``str(error)``) goes to the log, never to a page.
    """

    code: ClassVar[str] = "toono.error"
    status: ClassVar[int] = 500
    transient: ClassVar[bool] = False
    title_mn: ClassVar[str] = "Алдаа гарлаа"
    next_mn: ClassVar[str] = "Дахин оролдоно уу. Давтагдвал тусламжийн утсанд хандана уу."

    def __init__(self, message: str = "", **data: Any) -> None:
        super().__init__(message or self.__class__.__doc__ or self.code)
        self.data = data


class NotAllowed(ToonoError):
    """The actor has no right to do this. Answered like an unknown thing, so that existence is not told."""

    code, status = "toono.not_allowed", 404
    title_mn = "Ийм хуудас олдсонгүй"
    next_mn = "Хаяг буруу байж болно. Нүүр хуудаснаас хайна уу."


class NotFound(ToonoError):
    """No such thing."""

    code, status = "toono.not_found", 404
    title_mn = "Ийм хуудас олдсонгүй"
    next_mn = "Хаяг буруу байж болно. Нүүр хуудаснаас хайна уу."


class Conflict(ToonoError):
    """The thing is no longer in a state that allows this."""

    code, status = "toono.conflict", 409
    title_mn = "Энэ үйлдэл аль хэдийн хийгдсэн байна"
    next_mn = "Хуудсаа дахин нээж, одоогийн байдлыг харна уу."


class Unavailable(ToonoError):
    """A part of the platform does not answer at the moment."""

    code, status, transient = "toono.unavailable", 503, True
    title_mn = "Систем түр ажиллахгүй байна"
    next_mn = "Таны оруулсан мэдээлэл хадгалагдсан. Хэдэн минутын дараа дахин оролдоно уу."


class DecreeRefused(ToonoError):
    """A decreed day names no decree, or lies outside the years that can be entered."""

    code, status = "toono.decree_refused", 422
    title_mn = "Өдөр, тогтоолын дугаараа шалгана уу"
    next_mn = "2015–2100 оны өдөр болон тогтоолын огноо, дугаарыг бичээд дахин хадгална уу."
