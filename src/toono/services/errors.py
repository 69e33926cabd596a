"""What can go wrong in this room, one class per case."""

from __future__ import annotations

from toono.kernel.errors import Conflict, NotFound, ToonoError, Unavailable


class CatalogueError(ToonoError):
    """The catalogue cannot be loaded; the message says which file and what to change."""

    code, status = "services.catalogue", 500
    title_mn = "Үйлчилгээний тодорхойлолт буруу байна"
    next_mn = "Тодорхойлолтыг засаж, `toono catalogue lint` тушаалаар шалгана уу."


class VersionChanged(CatalogueError):
    """A published version of a service was changed. Published versions never change: raise the version number."""

    code = "services.version_changed"


class ConditionError(ToonoError):
    """A condition of a definition is not a valid expression, or cannot be computed."""

    code, status = "services.condition", 500


class ServiceUnknown(NotFound):
    """The catalogue has no such service."""

    code = "services.service_unknown"
    title_mn = "Ийм үйлчилгээ олдсонгүй"
    next_mn = "Нүүр хуудаснаас үйлчилгээгээ хайна уу."


class CaseUnknown(NotFound):
    """No such case, or another's: both are told alike."""

    code = "services.case_unknown"
    title_mn = "Ийм хүсэлт олдсонгүй"
    next_mn = "«Миний хуудас»-аас хүсэлтээ сонгоно уу."


class DocumentUnknown(NotFound):
    """No such document, or another's: both are told alike."""

    code = "services.document_unknown"
    title_mn = "Ийм баримт олдсонгүй"
    next_mn = "«Миний хуудас»-аас баримтаа сонгоно уу."


class QuestionUnknown(NotFound):
    """The form has no such question, or this person is not asked it."""

    code = "services.question_unknown"
    title_mn = "Ийм асуулт олдсонгүй"
    next_mn = "«Миний хуудас»-аас хүсэлтээ үргэлжлүүлнэ үү."


class ChannelNotOffered(ToonoError):
    """The service is not given on this channel."""

    code, status = "services.channel", 409
    title_mn = "Энэ үйлчилгээг энэ сувгаар авах боломжгүй"
    next_mn = "Үйлчилгээний хуудаснаас ямар сувгаар авч болохыг харна уу."


class AlreadySubmitted(Conflict):
    """The case was sent; its answers can no longer be changed."""

    code = "services.already_submitted"
    title_mn = "Хүсэлт аль хэдийн илгээгдсэн байна"
    next_mn = "Хүсэлтийнхээ явцыг «Миний хуудас»-аас харна уу."


class NotComplete(Conflict):
    """A question has no answer yet."""

    code = "services.not_complete"
    title_mn = "Хариулаагүй асуулт үлдсэн байна"
    next_mn = "Асуултад хариулаад дахин илгээнэ үү. Өмнөх хариултууд тань хадгалагдсан."


class AnswersChanged(Conflict):
    """What would be sent is not what the check page showed."""

    code = "services.answers_changed"
    title_mn = "Таны харсан мэдээлэл өөрчлөгдсөн байна"
    next_mn = "Мэдээллээ дахин шалгаад илгээнэ үү. Юу ч илгээгдээгүй."


class NotAllowedNow(Conflict):
    """The workflow does not allow this action in the present state."""

    code = "services.not_allowed_now"
    title_mn = "Энэ үйлдлийг одоо хийх боломжгүй"
    next_mn = "Хүсэлтийн хуудсыг дахин нээж, одоогийн байдлыг харна уу."


class AlreadyDecided(NotAllowedNow):
    """The case has been decided, by this officer or another."""

    code = "services.already_decided"
    title_mn = "Энэ хүсэлт аль хэдийн шийдэгдсэн байна"
    next_mn = "Хүсэлтийн хуудсыг дахин нээж, шийдвэрийг харна уу."


class FactsMissing(Conflict):
    """A register has not answered yet, so that nothing can be decided."""

    code, transient = "services.facts_missing", True
    title_mn = "Бүртгэлээс мэдээлэл хараахан ирээгүй байна"
    next_mn = "Мэдээлэл ирмэгц шийдвэрлэх боломжтой болно. Хэдэн минутын дараа дахин нээнэ үү."


class GroundMissing(ToonoError):
    """A refusal needs a ground of the closed list."""

    code, status = "services.ground_missing", 422
    title_mn = "Татгалзах үндэслэлийг сонгоно уу"
    next_mn = "Жагсаалтаас хуулийн үндэслэлийг сонгоод дахин илгээнэ үү."


class ReasonMissing(ToonoError):
    """The decision needs a reason in the officer's own words."""

    code, status = "services.reason_missing", 422
    title_mn = "Шийдвэрийн тайлбарыг бичнэ үү"
    next_mn = "Иргэнд ойлгомжтой тайлбар бичээд дахин илгээнэ үү."


class RegisterSilent(Unavailable):
    """A register does not answer usefully at the moment; the work goes on when it does."""

    code = "services.register_silent"
    title_mn = "Бүртгэл түр хариу өгөхгүй байна"
    next_mn = "Таны хүсэлт хадгалагдсан. Бүртгэл хариу өгмөгц бид үргэлжлүүлнэ."


class FileTooLarge(ToonoError):
    """A file to verify is larger than the limit."""

    code, status = "services.file_too_large", 413
    title_mn = "Файл хэт том байна"
    next_mn = "5 МБ-аас бага PDF файл сонгоно уу, эсвэл баримтын кодыг бичнэ үү."
