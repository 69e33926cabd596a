"""What can go wrong in this room, one class per case."""

from __future__ import annotations

from toono.kernel.errors import Conflict, NotAllowed, NotFound, Unavailable


class BillUnknown(NotFound):
    """No such bill."""

    code = "payments.bill_unknown"
    title_mn = "Ийм нэхэмжлэх олдсонгүй"
    next_mn = "«Миний хуудас»-аас хүсэлтээ сонгоно уу."


class BillChanged(Conflict):
    """The key is that of another bill: for something else, or of another amount."""

    code = "payments.bill_changed"
    title_mn = "Энэ түлхүүрээр өөр нэхэмжлэх үүссэн байна"
    next_mn = "Хүсэлтийн хуудсыг дахин нээнэ үү."


class BankUnavailable(Unavailable):
    """The bank does not answer usefully. Nothing is lost: the bill is opened, or asked about, again."""

    code = "payments.bank_unavailable"
    title_mn = "Банк түр хариу өгөхгүй байна"
    next_mn = "Таны хүсэлт хадгалагдсан. Хэдэн минутын дараа дахин нээнэ үү."


class NoticeForged(NotAllowed):
    """A notice that claims to be the bank's is not signed by it."""

    code = "payments.notice_forged"
