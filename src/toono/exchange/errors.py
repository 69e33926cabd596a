"""What can become of a call through the exchange, for the rooms that make one."""

from __future__ import annotations

from toono.kernel.errors import Conflict, NotFound, ToonoError, Unavailable


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


class ReadingNotFound(NotFound):
    """No such reading, another person's, or one that a law still keeps back. The three are told alike."""

    code = "exchange.reading_not_found"
    title_mn = "Ийм уншилт олдсонгүй"
    next_mn = "«Миний мэдээллийг хэн харсан» хуудаснаас хайна уу."


class PlaceMalformed(NotFound):
    """The place at which a list is to go on is none that the list has given. Data: ``field``."""

    code = "exchange.place_malformed"


class ConsentNotOffered(NotFound):
    """There is no agreement under this id that asks persons for their consent now."""

    code = "exchange.consent_not_offered"
    title_mn = "Ийм зөвшөөрөл хүссэн байгууллага алга"
    next_mn = "Хүсэлт хуучирсан байж болно. Таныг энд илгээсэн байгууллагаас лавлана уу."


class ConsentReturnUnknown(ToonoError):
    """The page of consent was opened with an address to return to that the consumer's system has not registered, or with a state of another form."""

    code, status = "exchange.consent_return_unknown", 400
    title_mn = "Буцах хаяг бүртгэлгүй байна"
    next_mn = "Таныг энд илгээсэн хуудас бүртгэлгүй тул бид нээхгүй. Тухайн байгууллагаас лавлана уу."


class ConsentOfferChanged(Conflict):
    """What was shown is no longer what the agreement says; nothing was consented to."""

    code = "exchange.consent_offer_changed"
    title_mn = "Зөвшөөрлийн нөхцөл сая өөрчлөгдлөө"
    next_mn = "Таны зөвшөөрлийг хадгалаагүй. Шинэ нөхцөлийг уншаад дахин шийднэ үү."


class ConsentPurposeMissing(ToonoError):
    """No purpose was chosen, or one that the agreement does not have."""

    code, status = "exchange.consent_purpose_missing", 422
    title_mn = "Юунд зөвшөөрөхөө сонгоно уу"
    next_mn = "Дор хаяж нэг зорилгыг сонгоод зөвшөөрнө үү."


class ConsentNotFound(NotFound):
    """No such consent, or another person's. The two are told alike."""

    code = "exchange.consent_not_found"
    title_mn = "Ийм зөвшөөрөл олдсонгүй"
    next_mn = "«Миний зөвшөөрлүүд» хуудаснаас хайна уу."


class RootSignerMissing(Unavailable):
    """No certificate speaks for the exchange yet: the registry has never published its configuration."""

    code = "exchange.root_signer_missing"


class RootNotFound(NotFound):
    """No root of this hour has been published: the hour is not over, or lies before the first."""

    code = "exchange.root_not_found"
    title_mn = "Энэ цагийн баталгаа хараахан гараагүй байна"
    next_mn = "Цаг бүрийн баталгаа тухайн цаг дууссаны дараа нийтлэгдэнэ. Жагсаалтаас сонгоно уу."


class ReceiptNotFound(NotFound):
    """The log holds no signed message with this id and this receipt."""

    code = "exchange.receipt_not_found"
    title_mn = "Ийм баримттай солилцоо олдсонгүй"
    next_mn = "Солилцооны дугаар, баримтаа бүтнээр нь хуулж дахин хайна уу."


class NotStampedYet(Conflict):
    """The message's signature has no time-stamp yet; it gets one within minutes."""

    code, transient = "exchange.not_stamped_yet", True
    title_mn = "Цаг тэмдэг хараахан тавигдаагүй байна"
    next_mn = "Цаг тэмдгийг минут тутам тавьдаг. Хэдэн минутын дараа дахин оролдоно уу."


class NotSigned(NotFound):
    """The record is an outcome without an answer: nothing was signed, so there is no container."""

    code = "exchange.not_signed"
    title_mn = "Энэ дуудлага хариугүй дууссан"
    next_mn = "Хариу ирээгүй тул гарын үсэгтэй баримт байхгүй."


class EvidenceIncomplete(ToonoError):
    """What stands beside a message in the log cannot be put together with it: a row is missing, or does not fit. Data: ``part``."""

    code = "exchange.evidence_incomplete"
    title_mn = "Нотлох баримтыг бүрэн гаргаж чадсангүй"
    next_mn = "Бүртгэлийг шалгаж байна. Дараа дахин оролдоно уу."


class ArchiveUnavailable(Unavailable):
    """The archive's storage does not take or give a file; the messages stay in the database until it does."""

    code = "exchange.archive_unavailable"


class AsicParameterMissing(ToonoError):
    """A parameter that ``/asic`` needs is missing. Data: ``parameter``."""

    code, status = "exchange.asic_parameter_missing", 400


class AsicParametersContradict(ToonoError):
    """Parameters of ``/asic`` that do not go together."""

    code, status = "exchange.asic_parameters_contradict", 400


class AsicClientUnknown(ToonoError):
    """Whoever asks for containers has not proved to be the client that the question names."""

    code, status = "exchange.asic_client_unknown", 401


class AsicNotFound(NotFound):
    """The log holds no signed messages of this client under this message id."""

    code = "exchange.asic_not_found"


class AsicNotStamped(ToonoError):
    """A message has no time-stamp yet; with ``force`` it gets one at once. X-Road answers 500."""

    code, status, transient = "exchange.asic_not_stamped", 500, True


class AsicStampFailed(ToonoError):
    """The time-stamp that was asked for could not be had."""

    code, status, transient = "exchange.asic_stamp_failed", 500, True
