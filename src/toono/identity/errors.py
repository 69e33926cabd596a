"""What can go wrong in identity."""

from __future__ import annotations

from toono.kernel.errors import NotAllowed, ToonoError, Unavailable


class RequestRefused(ToonoError):
    """A protocol request that may not be answered by a redirect: unknown client, unregistered address, repeated parameter."""

    code, status = "identity.request_refused", 400
    title_mn = "Энэ холбоосоор нэвтрэх боломжгүй"
    next_mn = "Таныг энд илгээсэн систем буруу хүсэлт явууллаа. Тухайн системд хандана уу."


class FlowOver(ToonoError):
    """The sign-in is over, belongs to another browser, or never was."""

    code, status = "identity.flow_over", 400
    title_mn = "Нэвтрэх хуудасны хугацаа дууссан"
    next_mn = "Эхнээс нь дахин нэвтэрнэ үү."


class RegnumMalformed(ToonoError):
    """What was typed has not the form of a register number."""

    code, status = "identity.regnum_malformed", 400
    title_mn = "Регистрийн дугаарын бичиглэл буруу байна"
    next_mn = "Хоёр кирилл үсэг, найман тоо бичнэ үү."


class CodeRefused(ToonoError):
    """The code is wrong, or there is none that could be right."""

    code, status = "identity.code_refused", 400
    title_mn = "Код буруу байна"
    next_mn = "SMS-ээр ирсэн хамгийн сүүлийн кодыг бичнэ үү."


class CodeMalformed(CodeRefused):
    """Not six digits. Counts as no try."""

    code = "identity.code_malformed"
    title_mn = "Код зургаан оронтой тоо байна"


class CodeExpired(CodeRefused):
    """The code's time is over."""

    code = "identity.code_expired"
    title_mn = "Кодын хугацаа дууссан"
    next_mn = "Шинэ код авна уу."


class CodeUsedUp(CodeRefused):
    """Too many wrong entries of this code, or it was used."""

    code = "identity.code_used_up"
    title_mn = "Энэ кодыг цаашид ашиглах боломжгүй"
    next_mn = "Шинэ код авна уу."


class TooManyCodes(ToonoError):
    """A code was asked for too soon or too often. ``retry_after_seconds`` says when it will be given."""

    code, status, transient = "identity.too_many_codes", 429, True
    title_mn = "Код дахин авахад арай эрт байна"
    next_mn = "Түр хүлээгээд дахин оролдоно уу."


class NumberIsNew(TooManyCodes):
    """The person's phone number changed a short while ago, and codes that confirm go to it only after three days. ``usable_from`` says when."""

    code, transient = "identity.number_is_new", False
    title_mn = "Таны утасны дугаар саяхан солигдсон"
    next_mn = "Гарын үсэг зурах, баталгаажуулах код шинэ дугаарт солигдсоноос хойш гурав хоногийн дараа очдог. Та дугаараа солиогүй бол бидэнд яаралтай мэдэгдэнэ үү."


class TooManyFromAddress(ToonoError):
    """Too many requests from one network address."""

    code, status, transient = "identity.too_many_from_address", 429, True
    title_mn = "Таны сүлжээнээс хэт олон хүсэлт ирлээ"
    next_mn = "Арван минутын дараа дахин оролдоно уу."


class CodesHeldBack(TooManyFromAddress):
    """So many codes were sent in the whole country that no more are for the moment. Told to everybody alike."""

    code = "identity.codes_held_back"
    title_mn = "Кодын хүсэлт хэт олон байна"
    next_mn = "Хэдэн минутын дараа дахин оролдоно уу."


class Locked(ToonoError):
    """Signing in with this register number is locked after wrong codes. ``until`` says how long."""

    code, status, transient = "identity.locked", 429, True
    title_mn = "Нэвтрэх эрх түр түгжигдсэн"
    next_mn = "Буруу код олон удаа оруулсан тул түр хүлээх шаардлагатай."


class ChallengeOver(ToonoError):
    """The code is no longer wanted: its time is over, it was used, or a newer one was asked for. Send nothing."""

    code, status = "identity.challenge_over", 409


class UnknownPerson(ToonoError):
    """The population register has no such person. For officers' tools; sign-in pages never tell it."""

    code, status = "identity.unknown_person", 404
    title_mn = "Хүн амын бүртгэлд ийм хүн олдсонгүй"
    next_mn = "Регистрийн дугаараа шалгана уу."


class RegisterUnavailable(Unavailable):
    """The population register does not answer, or its answer cannot be believed."""

    code = "identity.register_unavailable"
    title_mn = "Хүн амын бүртгэл түр хариу өгөхгүй байна"
    next_mn = "Хэдэн минутын дараа дахин оролдоно уу."


class MayNotAppoint(NotAllowed):
    """Only an administrator appoints, and nobody appoints themselves."""

    code = "identity.may_not_appoint"


class UserCodeUnknown(ToonoError):
    """No device shows this code now."""

    code, status = "identity.user_code_unknown", 400
    title_mn = "Ийм код алга эсвэл хугацаа нь дууссан"
    next_mn = "Төхөөрөмж дээрх кодыг шалгаад дахин бичнэ үү."


class TooManyUserCodes(ToonoError):
    """Too many wrong device codes from one person within an hour."""

    code, status, transient = "identity.too_many_user_codes", 429, True
    title_mn = "Хэт олон буруу код оруулсан байна"
    next_mn = "Нэг цагийн дараа дахин оролдоно уу."


class ApprovalOver(ToonoError):
    """The request was answered, has expired, or is another's."""

    code, status = "identity.approval_over", 409
    title_mn = "Энэ хүсэлтийн хугацаа дууссан эсвэл хариулагдсан байна"
    next_mn = "Хэрэгтэй бол тухайн систем дээр дахин эхлүүлнэ үү."


class ClientMetadataRefused(ToonoError):
    """A registration of a relying party that may not be. ``reason`` says what is amiss."""

    code, status = "identity.client_metadata_refused", 422
    title_mn = "Системийн бүртгэлийн мэдээлэл буруу байна"
    next_mn = "Заасан талбарыг засаад дахин илгээнэ үү."


class ClientTaken(ToonoError):
    """There is a relying party of this name."""

    code, status = "identity.client_taken", 409
    title_mn = "Ийм нэртэй систем бүртгэлтэй байна"
    next_mn = "Өөр нэр сонгоно уу."


class NoSuchNotice(NotAllowed):
    """No logout is under way by this id, the caller is not the worker, or the client publishes no key for its notice."""

    code = "identity.no_such_notice"


# -- the console ----------------------------------------------------------------------------------------------


class ChangeWaiting(ToonoError):
    """A wish for this relying party waits already; it must be decided or taken back first."""

    code, status = "identity.change_waiting", 409
    title_mn = "Энэ системд батлах хүлээж байгаа өөрчлөлт бий"
    next_mn = "Эхлээд түүнийг шийдүүлэх эсвэл буцааж авна уу."


class ChangedMeanwhile(ToonoError):
    """The registration is another by now than the one that was seen."""

    code, status = "identity.changed_meanwhile", 409
    title_mn = "Энэ хооронд өөр хүн өөрчилсөн байна"
    next_mn = "Хуудсаа дахин нээж, одоогийн байдлыг хараад дахин оролдоно уу."


class ChangeOver(ToonoError):
    """The wish was decided or taken back."""

    code, status = "identity.change_over", 409
    title_mn = "Энэ саналыг аль хэдийн шийдсэн байна"
    next_mn = "Хуудсаа дахин нээж, одоогийн байдлыг харна уу."


class SecondPersonNeeded(ToonoError):
    """Who wished for it may not decide it."""

    code, status = "identity.second_person_needed", 403
    title_mn = "Өөрийн саналыг өөрөө батлах боломжгүй"
    next_mn = "Өөр хүнээр шийдүүлнэ үү."


class StatementOver(ToonoError):
    """The software statement was used, or its time is over; there is nothing to take back."""

    code, status = "identity.statement_over", 409
    title_mn = "Энэ мэдүүлгийг ашигласан, эсвэл хугацаа нь дууссан байна"
    next_mn = "Бүртгүүлсэн систем хэвээр ажиллана. Хэрэгтэй бол системийг өөрийнх нь хуудаснаас зогсооно уу."


class SecretsInUse(ToonoError):
    """Two secrets are good at the moment; the former must be ended before a new one is made."""

    code, status = "identity.secrets_in_use", 409
    title_mn = "Хоёр нууц түлхүүр зэрэг хүчинтэй байна"
    next_mn = "Системээ шинэ түлхүүрт шилжүүлээд, өмнөхийг нь хүчингүй болгосны дараа дахин үүсгэнэ үү."


class TrialOver(ToonoError):
    """The trial is over, or is another person's."""

    code, status = "identity.trial_over", 409
    title_mn = "Энэ туршилт дууссан"
    next_mn = "Шинээр эхлүүлнэ үү."


class ReasonMissing(ToonoError):
    """Support must say why it opens an account."""

    code, status = "identity.reason_missing", 422
    title_mn = "Шалтгаанаа бичнэ үү"
    next_mn = "Хүсэлтийн дугаар эсвэл товч тайлбар бичнэ. Иргэн үүнийг уншина."


class AccountNotFound(ToonoError):
    """Nobody is known by exactly this register number or telephone number, or more than one by the telephone number."""

    code, status = "identity.account_not_found", 404
    title_mn = "Ийм бүртгэл олдсонгүй"
    next_mn = "Регистрийн дугаар эсвэл утасны дугаарыг бүтнээр нь шалгаж бичнэ үү."


class TooManyLooks(ToonoError):
    """One supporter has looked for too many accounts within an hour or a day."""

    code, status, transient = "identity.too_many_looks", 429, True
    title_mn = "Та хэт олон бүртгэл хайсан байна"
    next_mn = "Түр хүлээнэ үү. Ажлын шаардлагатай бол платформын аюулгүй байдлын ажилтанд хандана уу."


class LookOver(ToonoError):
    """The account is no longer open to this supporter; they must look for it again, with a reason."""

    code, status = "identity.look_over", 409
    title_mn = "Энэ бүртгэлийг харах хугацаа дууссан"
    next_mn = "Шалтгаанаа бичээд дахин хайна уу."


class PhoneRefused(ToonoError):
    """No Mongolian mobile number, the one that stands already, or a wish for another waits."""

    code, status = "identity.phone_refused", 422
    title_mn = "Энэ дугаарыг бүртгэх боломжгүй"
    next_mn = "Найман оронтой гар утасны шинэ дугаар бичнэ үү. Өмнөх хүсэлт хүлээгдэж байвал эхлээд түүнийг шийднэ."
