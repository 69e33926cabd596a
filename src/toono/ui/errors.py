"""What may go wrong before any room is asked, and what a person reads then."""

from __future__ import annotations

from toono.kernel.errors import ToonoError, Unavailable


class FormExpired(ToonoError):
    """The form's token is missing or of another session: the page stood open too long, or cookies are off."""

    code, status = "ui.form_expired", 403
    title_mn = "Энэ хуудас удаан нээлттэй байсан тул хуучирчээ"
    next_mn = (
        "Илгээсэн зүйл тань хадгалагдаагүй. Өмнөх хуудас руу буцаж, дахин ачаалаад илгээнэ үү. Давтагдвал хөтчийнхөө күүкиг зөвшөөрнө үү."
    )


class RequestTooLarge(ToonoError):
    """The request has more bytes or fields than a form of ours can have."""

    code, status = "ui.request_too_large", 413
    title_mn = "Илгээсэн зүйл хэт том байна"
    next_mn = "Юу ч хадгалагдаагүй. Богино текст эсвэл 5 МБ-аас бага файл сонгоод дахин илгээнэ үү."


class RequestNotUnderstood(ToonoError):
    """The request is malformed; our own pages do not send such ones."""

    code, status = "ui.request_not_understood", 400
    title_mn = "Хүсэлтийг ойлгосонгүй"
    next_mn = "Юу ч хадгалагдаагүй. Нүүр хуудаснаас дахин эхэлнэ үү."


class MethodNotAllowed(ToonoError):
    """The address exists, but not for this method."""

    code, status = "ui.method_not_allowed", 405
    title_mn = "Энэ хаягийг ингэж нээх боломжгүй"
    next_mn = "Нүүр хуудаснаас дахин эхэлнэ үү."


class DatabaseAway(Unavailable):
    """The database does not answer at the moment; nothing of this request was acknowledged."""

    code = "ui.database_away"
    title_mn = "Систем түр ажиллахгүй байна"
    next_mn = "Өмнө нь хадгалсан зүйл тань хэвээр байгаа. Хэдэн минутын дараа дахин оролдоно уу; хоёр удаа илгээсэн ч давхардахгүй."


class Unexpected(ToonoError):
    """Something that was not foreseen. The number on the page leads to the log."""

    code, status, transient = "ui.unexpected", 500, True
    title_mn = "Манай талд алдаа гарлаа"
    next_mn = "Өмнө нь хадгалсан зүйл тань хэвээр байгаа. Хэдэн минутын дараа дахин оролдоно уу; хоёр удаа илгээсэн ч давхардахгүй."
