"""What can go wrong when somebody rates."""

from __future__ import annotations

from toono.kernel.errors import Conflict, ToonoError


class AlreadyRated(Conflict):
    """The case carries a rating with other stars or another comment; a rating is given once."""

    code = "feedback.already_rated"
    title_mn = "Та энэ үйлчилгээг аль хэдийн үнэлсэн байна"
    next_mn = "Таны анхны үнэлгээ хэвээр хадгалагдсан. Нэмж хэлэх зүйл байвал тусламжийн утсанд хандана уу."


class NotDecidedYet(Conflict):
    """The case is still open or was withdrawn; only what an office decided can be rated."""

    code = "feedback.not_decided_yet"
    title_mn = "Өргөдлийг тань хараахан шийдээгүй байна"
    next_mn = "Шийдвэр гарсны дараа үнэлээрэй. Гармагц бид танд мэдэгдэнэ."


class RatingRefused(ToonoError):
    """The stars do not lie between one and five, or the comment is too long."""

    code, status = "feedback.rating_refused", 422
    title_mn = "Үнэлгээг хадгалж чадсангүй"
    next_mn = "Нэгээс таван одны аль нэгийг сонгоно уу. Тайлбар 1,000 тэмдэгтээс хэтрэхгүй байх ёстой."
