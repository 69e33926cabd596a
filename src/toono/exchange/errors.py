"""What can become of a call through the exchange, for the rooms that make one."""

from __future__ import annotations

from toono.kernel.errors import NotFound, ToonoError, Unavailable


class ExchangeRefused(ToonoError):
    """The exchange does not let this call through: no agreement, another purpose, an unknown service, a wrong credential.

    Data: ``type`` and ``reason`` as the gateway gave them, ``message_id``. Repeating does not help; an administrator has to look at the agreement.
    """

    code, status = "exchange.refused", 502
    title_mn = "Мэдээллийг авах эрх нээгдээгүй байна"
    next_mn = "Таны хүсэлт хадгалагдсан. Бид алдааг засаж байна, дараа дахин оролдоно уу."


class ProviderFault(Unavailable):
    """The register did not answer, answered with an error, or answered nonsense. Data: ``type``, ``reason``, ``provider_status``, ``message_id``."""

    code, status = "exchange.provider_fault", 502
    title_mn = "Төрийн бүртгэл одоогоор хариу өгөхгүй байна"
    next_mn = "Таны оруулсан мэдээлэл хадгалагдсан. Хэдэн минутын дараа дахин оролдоно уу."


class ExchangeUnavailable(Unavailable):
    """The exchange itself cannot serve: gateway, signer, message log or configuration. Data: ``type``, ``reason``, ``message_id``.

    Whether the register was asked is unknown where the gateway's answer was lost; the message log tells, by ``message_id``.
    """

    code = "exchange.unavailable"
    title_mn = "Мэдээлэл солилцооны систем түр ажиллахгүй байна"


class SubjectMismatch(ToonoError):
    """The register answered about another person than the one asked for; nothing of its answer came through. Data: ``reason``, ``message_id``."""

    code, status, transient = "exchange.subject_mismatch", 502, True
    title_mn = "Бүртгэлийн мэдээлэл таных биш байна"
    next_mn = "Таны мэдээлэл хэнд ч очоогүй. Бид алдааг бүртгэлийн байгууллагад мэдэгдсэн, дараа дахин оролдоно уу."


class NotInRegister(NotFound):
    """The register knows nothing under what was asked for. Data: ``message_id``."""

    code = "exchange.not_in_register"
    title_mn = "Бүртгэлд ийм мэдээлэл алга"
    next_mn = "Оруулсан мэдээллээ шалгана уу. Зөв бол бүртгэлийн байгууллагад хандаж засуулна уу."


class MessageNotFound(NotFound):
    """The message log knows no message under this id."""

    code = "exchange.message_not_found"
    title_mn = "Ийм дугаартай солилцоо алга"
    next_mn = "Бүртгэлийн дугаараа шалгаад дахин хайна уу."
