"""The answer about a signed file in words for somebody who knows nothing of signatures, in the language of the call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from toono.pki.contracts import (
    Coverage,
    Indication,
    SignatureReport,
    SignedFileKind,
    StampReport,
    SubIndication,
    TimeSource,
    ValidationReport,
)

_HERE = timezone(timedelta(hours=8))
_WHY: dict[SubIndication, str] = {
    SubIndication.FORMAT_FAILURE: gettext_noop("Файл эсвэл гарын үсэг нь гэмтсэн тул уншигдахгүй байна. Үүнд бүү найдаарай."),
    SubIndication.HASH_FAILURE: gettext_noop("Гарын үсэг зурсны дараа файлыг өөрчилсөн байна. Үүнд бүү найдаарай."),
    SubIndication.SIG_CRYPTO_FAILURE: gettext_noop("Гарын үсэг нь энэ файлынх биш, эсвэл хуурамч байна. Үүнд бүү найдаарай."),
    SubIndication.REVOKED: gettext_noop(
        "Гарын үсгийн гэрчилгээг хүчингүй болгосны дараа зурсан, эсвэл түлхүүр нь алдагдсан байна. Үүнд бүү найдаарай."
    ),
    SubIndication.EXPIRED: gettext_noop("Гэрчилгээний хугацаа дууссаны дараа гарын үсэг зурсан байна. Үүнд бүү найдаарай."),
    SubIndication.NOT_YET_VALID: gettext_noop("Гэрчилгээ хүчинтэй болохоос өмнө гарын үсэг зурсан байна. Үүнд бүү найдаарай."),
    SubIndication.SIG_CONSTRAINTS_FAILURE: gettext_noop(
        "Гарын үсэг файлын зөвхөн нэг хэсгийг хамарч байна. Үлдсэн хэсгийг хэн бичсэн нь мэдэгдэхгүй."
    ),
    SubIndication.CHAIN_CONSTRAINTS_FAILURE: gettext_noop("Энэ гэрчилгээ гарын үсэг зурахад зориулагдаагүй байна."),
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE: gettext_noop("Хуучирсан, эсвэл үл мэдэгдэх аргаар гарын үсэг зурсан тул нотолгоо болохгүй."),
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: gettext_noop(
        "Хуучирсан аргаар гарын үсэг зурсан байна. Уг арга найдвартай байх үед зурсныг батлах цаг тэмдэг алга."
    ),
    SubIndication.TIMESTAMP_ORDER_FAILURE: gettext_noop("Файл дахь цаг тэмдгүүд хоорондоо зөрж байна."),
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND: gettext_noop("Хэн гарын үсэг зурсныг заасан гэрчилгээ файлд алга."),
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND: gettext_noop(
        "Гарын үсгийн гэрчилгээг бидний мэдэх байгууллага олгоогүй тул хэн зурсныг баталж чадахгүй."
    ),
    SubIndication.REVOKED_NO_POE: gettext_noop(
        "Гэрчилгээг хүчингүй болгосон байна. Түүнээс өмнө гарын үсэг зурсныг батлах цаг тэмдэг алга."
    ),
    SubIndication.REVOKED_CA_NO_POE: gettext_noop("Гэрчилгээ олгосон байгууллагын өөрийнх нь гэрчилгээ хүчингүй болсон байна."),
    SubIndication.OUT_OF_BOUNDS_NO_POE: gettext_noop(
        "Гэрчилгээний хугацаа дууссан байна. Хугацаанд нь гарын үсэг зурсныг батлах цаг тэмдэг алга."
    ),
    SubIndication.NO_POE: gettext_noop("Хэзээ гарын үсэг зурсныг батлах баримт алга."),
    SubIndication.TRY_LATER: gettext_noop("Гэрчилгээг хүчингүй болгосон эсэхийг одоо мэдэх боломжгүй байна. Дараа дахин шалгуулна уу."),
    SubIndication.SIGNED_DATA_NOT_FOUND: gettext_noop("Энэ бол зөвхөн гарын үсэг. Гарын үсэг зурсан файлыг нь хамт оруулна уу."),
    SubIndication.GENERIC: gettext_noop("Файл хэт том, эсвэл хэт төвөгтэй тул шалгаж чадсангүй."),
}
_STAMP_WHY = {
    SubIndication.SIGNED_DATA_NOT_FOUND: gettext_noop("Энэ бол зөвхөн цаг тэмдэг. Цаг тэмдэг тавиулсан файлыг нь хамт оруулна уу."),
    SubIndication.HASH_FAILURE: gettext_noop(
        "Цаг тэмдэг хамт оруулсан файлынх биш, эсвэл цаг тэмдэг тавьсны дараа файлыг өөрчилсөн байна. Үүнд бүү найдаарай."
    ),
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND: gettext_noop("Цаг тэмдгийг бидний мэдэх байгууллага тавиагүй тул цагийг нь баталж чадахгүй."),
}


def explained(report: ValidationReport) -> ValidationReport:
    """The report with its sentences."""
    signatures = tuple(one.model_copy(update={"sentence": signature(one)}) for one in report.signatures)
    return report.model_copy(update={"signatures": signatures, "sentence": whole(report)})


def whole(report: ValidationReport) -> str:
    """One sentence or two about the file."""
    if report.kind is SignedFileKind.EXCHANGE:
        return _("Энэ бол төрийн мэдээлэл солилцооны зурвас. Түүнийг солилцооны шалгагчаар (toono exchange verify) шалгана.")
    if report.stamp is not None:
        return _stamp(report.stamp)
    if report.unread:
        return _("Файлд гарын үсэг байгаа ч ийм төрлийн файл дахь гарын үсгийг бид уншдаггүй. Зурсан программаар нь шалгана уу.")
    if report.kind is SignedFileKind.UNKNOWN and report.sub_indication is None:
        return _(
            "Ийм төрлийн файл дахь гарын үсгийг бид уншдаггүй. "
            "PDF, XML, CMS (.p7m, .p7s), ASiC, OpenDocument, JSON файл дахь гарын үсгийг уншина."
        )
    if not report.signatures and report.sub_indication is None:
        return _("Энэ файлд тоон гарын үсэг алга.")
    if not report.signatures and report.sub_indication:
        return _(_WHY[report.sub_indication])
    if report.uncovered and report.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE:
        return _("Багц дотор хэн ч гарын үсэг зураагүй файл байна: %(names)s.") % {"names": ", ".join(report.uncovered[:5])}
    if report.indication is Indication.TOTAL_PASSED:
        return _("Бүх гарын үсэг хүчинтэй. Файл өөрчлөгдөөгүй.") if len(report.signatures) > 1 else signature(report.signatures[0])
    if len(report.signatures) == 1:
        return signature(report.signatures[0])
    if report.indication is Indication.TOTAL_FAILED:
        return _("Гарын үсгүүдийн дунд хүчингүй нь байна. Тус бүрийг доороос үзнэ үү.")
    return _("Зарим гарын үсгийг бүрэн баталж чадсангүй. Тус бүрийг доороос үзнэ үү.")


def signature(report: SignatureReport) -> str:
    """One sentence or two about a signature."""
    if report.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE and report.coverage is Coverage.FORM_FILLED:
        return _("Гарын үсэг зурсны дараа баримтын талбарыг бөглөсөн байна. Нэмсэн зүйлийг гарын үсэг зурсан хүн хараагүй.")
    if report.sub_indication is SubIndication.FORMAT_FAILURE and report.coverage is Coverage.CHANGED:
        return _("Гарын үсэг зурсны дараа баримтыг өөрчилсөн байна. Таны харж байгаа зүйл гарын үсэг зурсан зүйлээс өөр.")
    if report.unread:
        return _(
            "Бидний уншдаггүй аргаар гарын үсэг зурсан тул шалгаж чадсангүй. Энэ нь хүчингүй гэсэн үг биш. Зурсан программаар нь шалгана уу."
        )
    if report.sub_indication is not None:
        return _(_WHY[report.sub_indication])
    return " ".join(part(report) for part in (_who, _when, _afterwards) if part(report))


def _stamp(report: StampReport) -> str:
    """The sentence about a file that is a time-stamp."""
    if report.sub_indication is not None or report.time is None:
        failure = report.sub_indication or SubIndication.FORMAT_FAILURE
        return _(_STAMP_WHY.get(failure) or _WHY[failure])
    return _("Цаг тэмдэг хүчинтэй: хамт оруулсан файл %(time)s-д байсныг %(authority)s баталж байна.") % {
        "time": moment(report.time),
        "authority": report.authority,
    }


def why(failure: SubIndication) -> str:
    """A sub-indication in words."""
    return _(_WHY[failure])


def moment(at: datetime) -> str:
    """``2026.11.22 14:30``, in Ulaanbaatar."""
    return at.astimezone(_HERE).strftime("%Y.%m.%d %H:%M")


def _who(report: SignatureReport) -> str:
    who = report.signatory
    if who is None:
        return _("Гарын үсэг хүчинтэй.")
    if who.organisation and who.organisation != who.name:
        return _("Гарын үсэг хүчинтэй: %(name)s (%(organisation)s).") % {"name": who.name, "organisation": who.organisation}
    return _("Гарын үсэг хүчинтэй: %(name)s.") % {"name": who.name}


def _when(report: SignatureReport) -> str:
    if report.best_time is not None:
        return _("%(time)s цагаас өмнө зурсныг цаг тэмдэг баталж байна.") % {"time": moment(report.best_time)}
    if report.time_source is TimeSource.CLAIMED and report.claimed_time:
        return _("Өөрийнх нь хэлснээр %(time)s-д зурсан; цагийг нь өөр хэн ч батлаагүй.") % {"time": moment(report.claimed_time)}
    return _("Хэзээ зурсан нь тодорхойгүй.")


_AFTERWARDS: dict[Coverage, Callable[[], str]] = {
    Coverage.WHOLE: lambda: _("Түүнээс хойш файл өөрчлөгдөөгүй."),
    Coverage.LATER_SIGNATURES: lambda: _("Түүнээс хойш зөвхөн гарын үсэг, шалгах мэдээлэл нэмэгдсэн."),
    Coverage.FORM_FILLED: lambda: _("Түүнээс хойш зөвшөөрсөн талбарыг бөглөсөн байна."),
}


def _afterwards(report: SignatureReport) -> str:
    words = _AFTERWARDS.get(report.coverage)
    return words() if words else ""
