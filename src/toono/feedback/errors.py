"""What can go wrong when somebody rates or complains."""

from __future__ import annotations

from toono.kernel.errors import Conflict, NotFound, ToonoError


class AlreadyRated(Conflict):
    """The case carries a rating with other stars or another comment; a rating is given once."""

    code = "feedback.already_rated"
    title_mn = "Та энэ үйлчилгээг аль хэдийн үнэлсэн байна"
    next_mn = "Таны анхны үнэлгээ хэвээр хадгалагдсан. Нэмж хэлэх зүйл байвал тусламжийн утсанд хандана уу."


class NotDecidedYet(Conflict):
    """The case is still open or was withdrawn; only what an office decided can be rated."""

    code = "feedback.not_decided_yet"
    title_mn = "Хүсэлтийг тань хараахан шийдээгүй байна"
    next_mn = "Шийдвэр гарсны дараа үнэлээрэй. Гармагц бид танд мэдэгдэнэ."


class RatingRefused(ToonoError):
    """The stars do not lie between one and five, or the comment is too long."""

    code, status = "feedback.rating_refused", 422
    title_mn = "Үнэлгээг хадгалж чадсангүй"
    next_mn = "Нэгээс таван одны аль нэгийг сонгоно уу. Тайлбар 1,000 тэмдэгтээс хэтрэхгүй байх ёстой."


class ComplaintTooLong(ToonoError):
    """The person's words are longer than a complaint may be; nothing was kept."""

    code, status = "feedback.complaint_too_long", 422
    title_mn = "Тайлбар хэт урт байна"
    next_mn = "Тайлбарыг 1,000 тэмдэгтээс хэтрүүлэлгүй бичээд дахин илгээнэ үү."


class NotLate(Conflict):
    """The case is within its promised time, was decided within it, or ended without a decision: nobody is late."""

    code = "feedback.not_late"
    title_mn = "Энэ хүсэлтийн хугацаа хэтрээгүй байна"
    next_mn = "Шийдвэрлэх хугацаа өнгөрвөл хүсэлтийн хуудсанд «Гомдол гаргах» холбоос гарна. Одоо мэргэжилтэнд зурвас бичиж болно."


class HeadAnswers(ToonoError):
    """Complaints about late cases are answered by the head of the desk, where one is named; this officer is not."""

    code, status = "feedback.head_answers", 403
    title_mn = "Энэ гомдолд ширээний ахлагч хариулна"
    next_mn = "Ширээний ахлагчдаа мэдэгдэнэ үү. Та гомдлыг уншиж болно."


class ComplaintNotFound(NotFound):
    """No such complaint, or not one of this organisation's. The two are told alike."""

    code = "feedback.complaint_not_found"
    title_mn = "Ийм гомдол олдсонгүй"
    next_mn = "Гомдлын жагсаалтаас хайна уу."


class ContradictionNotFound(NotFound):
    """No such contradiction, or not one of this organisation's. The two are told alike."""

    code = "feedback.contradiction_not_found"
    title_mn = "Ийм дугаартай мэдэгдэл олдсонгүй"
    next_mn = "Жагсаалтаас хайна уу."


class OutcomeMissing(ToonoError):
    """The keeper has not said whether the fact was corrected or stands."""

    code, status = "feedback.outcome_missing", 422
    title_mn = "Зассан эсэхээ сонгоно уу"
    next_mn = "Хоёр хариултын аль нэгийг сонгоно уу."


class FindingMissing(ToonoError):
    """The organisation has not said what it found, or something that does not fit what is complained of."""

    code, status = "feedback.finding_missing", 422
    title_mn = "Юу тогтоосноо сонгоно уу"
    next_mn = "Хоёр хариултын аль нэгийг сонгоно уу."


class AnswerMissing(ToonoError):
    """The answer is empty or longer than an answer may be."""

    code, status = "feedback.answer_missing", 422
    title_mn = "Иргэнд өгөх хариугаа бичнэ үү"
    next_mn = "Юу болсныг, одоо юу болохыг 4,000 тэмдэгтэд багтаан бичнэ үү."


class AlreadyAnswered(Conflict):
    """The complaint was answered with other words; the first answer stands."""

    code = "feedback.already_answered"
    title_mn = "Энэ гомдолд аль хэдийн хариулсан байна"
    next_mn = "Хуудсаа дахин нээж, өгсөн хариуг харна уу."
