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


class ConsentMissing(RegisterSilent):
    """The person has not consented to this reading; the register was not asked. Data: ``cause``."""

    code = "services.consent_missing"
    title_mn = "Таны зөвшөөрөл хэрэгтэй"
    next_mn = "Хүсэлтийнхээ хуудаснаас зөвшөөрлөө өгөөд үргэлжлүүлнэ үү."


class ConsentNeeded(ToonoError):
    """The case cannot be sent: a rule needs a fact for which the person has not given consent. Data: ``agreement``."""

    code, status = "services.consent_needed", 409
    title_mn = "Зөвшөөрөл өгөөгүй мэдээлэл байна"
    next_mn = "Хүсэлтийнхээ хуудаснаас зөвшөөрлөө өгөөд дахин илгээнэ үү."


class FileTooLarge(ToonoError):
    """A file to verify is larger than the limit."""

    code, status = "services.file_too_large", 413
    title_mn = "Файл хэт том байна"
    next_mn = "5 МБ-аас бага PDF файл сонгоно уу, эсвэл баримтын кодыг бичнэ үү."


class NotForThisPerson(ToonoError):
    """The service is not for whom it was asked: the register names no such child or legal entity, or the service excludes them."""

    code, status = "services.not_for_this_person", 409
    title_mn = "Энэ үйлчилгээг ийм байдлаар авах боломжгүй"
    next_mn = "Хэний өмнөөс хүсэлт гаргахаа дахин сонгоно уу."


class ApplicantNotChosen(Conflict):
    """The service may be ordered for several; the person has not said for whom."""

    code = "services.applicant_not_chosen"
    title_mn = "Хэний өмнөөс хүсэлт гаргахаа сонгоно уу"
    next_mn = "Жагсаалтаас нэгийг сонгоод үргэлжлүүлнэ үү."


class Stopped(Conflict):
    """The definition says that this person cannot get the service; nothing can be sent."""

    code = "services.stopped"
    title_mn = "Энэ үйлчилгээг одоо авах боломжгүй"
    next_mn = "Хүсэлтийн хуудаснаас шалтгаан, цаашид хийж болох зүйлийг уншина уу."


class SignatureMissing(Conflict):
    """Somebody who must sign has not signed what would be sent."""

    code = "services.signature_missing"
    title_mn = "Гарын үсэг дутуу байна"
    next_mn = "Гарын үсэг зурах бүх хүн зурсны дараа илгээнэ үү."


class CorrectionRefused(ToonoError):
    """A correction names a field that was not asked, or does not say what is wrong with it."""

    code, status = "services.correction_refused", 422
    title_mn = "Засуулах зүйлээ тодорхой заана уу"
    next_mn = "Засуулах хариултаа сонгож, юу буруу байгааг иргэнд ойлгомжтой бичнэ үү."


class NothingToCorrect(Conflict):
    """No correction of this case is open: it was sent, recalled, or the case has ended."""

    code = "services.nothing_to_correct"
    title_mn = "Засах зүйл алга"
    next_mn = "Хүсэлтийн хуудсыг дахин нээж, одоогийн байдлыг харна уу."


class MessageRefused(ToonoError):
    """A message is empty or longer than it may be; nothing was kept."""

    code, status = "services.message_refused", 422
    title_mn = "Зурвасаа бичнэ үү"
    next_mn = "4,000 тэмдэгтэд багтаан бичээд дахин илгээнэ үү."


class DisputeRefused(ToonoError):
    """What is said against a fact is empty or too long, or names a field that the register did not give."""

    code, status = "services.dispute_refused", 422
    title_mn = "Юу буруу байгааг бичнэ үү"
    next_mn = "Зөв нь юу болохыг 1,000 тэмдэгтэд багтаан бичээд дахин илгээнэ үү."


class TrackingUnknown(NotFound):
    """No case has this tracking code."""

    code = "services.tracking_unknown"
    title_mn = "Ийм кодтой хүсэлт олдсонгүй"
    next_mn = "Кодоо шалгаад дахин оруулна уу. Код 12 тэмдэгттэй."


class TooManyTracked(ToonoError):
    """From one network address codes were tried too often."""

    code, status, transient = "services.too_many_tracked", 429, True
    title_mn = "Хэт олон удаа оролдлоо"
    next_mn = "Түр хүлээгээд дахин оролдоно уу."


class ExtensionRefused(NotAllowedNow):
    """The term cannot be extended: the definition does not allow it, it was extended before, or it has passed."""

    code = "services.extension_refused"
    title_mn = "Хугацааг сунгах боломжгүй"
    next_mn = "Хугацааг зөвхөн нэг удаа, дуусахаас нь өмнө, хуульд заасан үйлчилгээнд сунгана."


class AssignedToAnother(Conflict):
    """Another officer has this case."""

    code = "services.assigned_to_another"
    title_mn = "Энэ хүсэлт өөр мэргэжилтний ширээн дээр байна"
    next_mn = "Түүнээс эсвэл ширээний ахлагчаас танд шилжүүлэхийг хүснэ үү."


class FunctionMissing(Conflict):
    """The step belongs to a function of the desk that this officer does not have."""

    code = "services.function_missing"
    title_mn = "Энэ алхмыг танаас өөр үүрэгтэй албан хаагч хийнэ"
    next_mn = "Ширээний ахлагч үүргийг хуваарилна."


class SecondOfficerNeeded(Conflict):
    """The officer who proposed a decision cannot confirm it."""

    code = "services.second_officer_needed"
    title_mn = "Шийдвэрийг өөр албан хаагч баталгаажуулна"
    next_mn = "Саналаа өөрөө баталгаажуулах боломжгүй. Хамтран ажиллагчаасаа хүснэ үү."


class FilledWrong(ToonoError):
    """What the officer filled in is missing or unacceptable; ``data["fields"]`` says by question what to type."""

    code, status = "services.filled_wrong", 422
    title_mn = "Бөглөсөн мэдээллээ засна уу"
    next_mn = "Тэмдэглэсэн талбаруудыг засаад дахин илгээнэ үү."


class DeskRefused(ToonoError):
    """A change of the desk names somebody who is no officer here, a leave that ends before it begins, or a rule that fits nothing."""

    code, status = "services.desk_refused", 422
    title_mn = "Ширээний тохиргоо буруу байна"
    next_mn = "Албан хаагч, огноо, дүрмээ шалгаад дахин хадгална уу."


class AttachmentTooLarge(ToonoError):
    """A form with files announces more than may be sent at once; nothing of it was read."""

    code, status = "services.attachment_too_large", 413
    title_mn = "Файл хэт том байна"
    next_mn = "Нэг файл 10 МБ-аас бага байх ёстой. Буцаж, цөөн файлаар хавсаргана уу. Өмнөх хариултууд тань хадгалагдсан."


class AttachmentUnknown(NotFound):
    """No such file, or one of another's case: both are told alike."""

    code = "services.attachment_unknown"
    title_mn = "Ийм файл олдсонгүй"
    next_mn = "Хүсэлтийнхээ хуудаснаас файлаа сонгоно уу."


class LifeEventUnknown(NotFound):
    """The catalogue has no such life event."""

    code = "services.life_event_unknown"
    title_mn = "Ийм хуудас олдсонгүй"
    next_mn = "Нүүр хуудаснаас хэрэгтэй зүйлээ сонгоно уу."


class DraftUnknown(NotFound):
    """No such draft of a definition, or another organisation's: both are told alike."""

    code = "services.draft_unknown"
    title_mn = "Ийм ноорог олдсонгүй"
    next_mn = "«Үйлчилгээ бичих» хуудаснаас нооргоо сонгоно уу."


class DraftChanged(Conflict):
    """Somebody else saved the draft in the meantime; nothing was overwritten."""

    code = "services.draft_changed"
    title_mn = "Энэ нооргийг өөр хүн энэ хооронд хадгалсан байна"
    next_mn = "Доор хоёр хувилбарын ялгааг харж, өөрийнхөө бичсэнийг нэгтгээд дахин хадгална уу. Таны бичсэн зүйл алга болоогүй."


class DraftRefused(ToonoError):
    """What was sent is no draft: a code that is taken or misspelt, an archive with other files in it, a form of another part."""

    code, status = "services.draft_refused", 422
    title_mn = "Нооргийг хүлээн авах боломжгүй"
    next_mn = "Кодыг жижиг латин үсэг, тоо, зураасаар бичнэ үү. Архивт нэг үйлчилгээний service.yaml, document.typ, tests.yaml байна."


class DraftNotReady(Conflict):
    """The draft has findings, its tests were not run on this text, or it is not in a state for this step."""

    code = "services.draft_not_ready"
    title_mn = "Ноорог энэ алхамд бэлэн биш байна"
    next_mn = "Олдсон зүйлсийг засаж, туршилтыг дахин ажиллуулна уу."


class OwnDraft(Conflict):
    """Whoever wrote at a draft does not approve it."""

    code = "services.own_draft"
    title_mn = "Өөрийн бичсэн нооргийг өөрөө батлах боломжгүй"
    next_mn = "Өөр администратор хянаж батална."


class RightsMissing(Conflict):
    """The exchange does not yet allow what the definition reads; ``data["services"]`` says which registers."""

    code = "services.rights_missing"
    title_mn = "Бүртгэлээс унших эрх дутуу байна"
    next_mn = "Мэдээлэл солилцооны бүртгэлд зорилго, талбаруудыг нэмүүлээд нийтэлнэ үү."


class FormIncomplete(ToonoError):
    """A form with files broke off on its way, or is not one."""

    code, status = "services.form_incomplete", 400
    title_mn = "Маягт бүрэн ирсэнгүй"
    next_mn = "Сүлжээ тасарсан байж болно. Буцаж, дахин илгээнэ үү. Өмнөх хариултууд тань хадгалагдсан."
