"""A verdict in sentences for a person: who signed what and when, what is proven, and what is not. In Mongolian and English."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal

from cryptography import x509
from cryptography.x509.oid import NameOID

from toono.exchange.domain.evidence.findings import Finding
from toono.exchange.domain.evidence.message import Direction, Message
from toono.exchange.domain.evidence.verify import Outcome, Verdict
from toono.kernel.clock import local

Language = Literal["mn", "en"]
Sentence = dict[Language, str]


def _s(mn: str, en: str) -> Sentence:
    return {"mn": mn, "en": en}


_HEADLINES: Final = {
    Outcome.VALID: _s(
        "Хүчинтэй. Энэ файл дахь зурвас өөрчлөгдөөгүй, гарын үсэг нь хүчинтэй.",
        "Valid. The message in this file is unchanged and its signature holds.",
    ),
    Outcome.INVALID: _s("Хүчингүй. Энэ файл юу ч нотлохгүй.", "Invalid. This file proves nothing."),
    Outcome.INDETERMINATE: _s(
        "Тодорхойгүй. Эвдэрсэн зүйл олдсонгүй, гэвч бүгдийг нь шалгаж чадсангүй.",
        "Undecided. Nothing in it is broken, but not all of it could be checked.",
    ),
}
_CLAIMED: Final = _s("Файл өөрөө дараахыг хэлж байгаа боловч үүнийг нотлоогүй:", "The file itself says the following, which is not proven:")
_TOLD: Final = {
    Direction.REQUEST: _s(
        "{signer} байгууллага {client} системээс {service} үйлчилгээнд хүсэлт илгээсэн: {what}.",
        "{signer} sent a request from its system {client} to the service {service}: {what}.",
    ),
    Direction.RESPONSE: _s(
        "{signer} байгууллагын {service} үйлчилгээ {client} системд хариу өгсөн: {what}.",
        "The service {service} of {signer} answered the system {client}: {what}.",
    ),
}
_MEMBERS: Final = (
    ("message_id", _s("Зурвасын дугаар: {value}.", "Message id: {value}.")),
    ("purpose", _s("Зорилго: {value}.", "Purpose: {value}.")),
    ("issue", _s("Хэргийн дугаар: {value}.", "Case: {value}.")),
    ("user_id", _s("Хэрэглэгч: {value}.", "User: {value}.")),
)
_CERTIFICATE: Final = _s(
    "Гарын үсэг зурсан гэрчилгээ: {subject}, дугаар {serial}.", "Signed with the certificate of {subject}, serial number {serial}."
)
_SIGNED: Final = _s("Гарын үсэг зурсан цаг, зурсан талын хэлснээр: {at}.", "Time of signing, as the signer says: {at}.")
_STAMPED: Final = _s(
    "Зурвас, гарын үсэг хоёр {at} цагт аль хэдийн байсан: үүнийг {unit} цаг тэмдгээр нотолсон.",
    "Message and signature existed by {at} at the latest: {unit} proves it with a time-stamp.",
)
_STAMP_CLAIMED: Final = _s(
    "Цаг тэмдэг дээрх цаг: {at}. Хэн өгснийг шалгаагүй.", "Time on the time-stamp: {at}. Who gave it was not checked."
)
_STATUS: Final = _s(
    "Гэрчилгээ {at} цагт хүчинтэй байсныг олгосон байгууллага нь баталсан.",
    "Its authority confirmed that the certificate was good at {at}.",
)
_PART_HERE: Final = _s("Өөрчлөгдөөгүй: {name}.", "Unchanged: {name}.")
_PART_ABSENT: Final = _s(
    "Гарын үсэгт орсон боловч файлд алга, тиймээс агуулгыг нь шалгаагүй: {name}.",
    "Signed, but not in this file, so that its content was not checked: {name}.",
)
_UNSIGNED: Final = _s("Гарын үсэгт ороогүй, юу ч нотлохгүй: {name}.", "Not signed, proves nothing: {name}.")
_LIMITS: Final = _s(
    "Гарын үсэг нь зурвасыг хэн илгээснийг нотолно. Зурвас доторх мэдээлэл үнэн эсэхийг нотлохгүй.",
    "The signature proves who sent the message. It does not prove that what the message says is true.",
)
_EXPERT: Final = _s("Мэргэжилтэнд: {code}: {detail}", "For experts: {code}: {detail}")
_NAMING: Final = (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
_NUMBERING: Final = (NameOID.ORGANIZATION_IDENTIFIER, NameOID.SERIAL_NUMBER)
_NAMES: Final = {"message.xml": _s("зурвасын толгой", "head of the message"), "attachment1": _s("зурвасын бие", "body of the message")}

_REASONS: Final[dict[str, Sentence]] = {
    # what does not hold
    "malformed_container": _s("Файл нь гэмтсэн, эсвэл нотлох файл биш.", "The file is damaged, or is no evidence file."),
    "asic_mime_type_not_found": _s("Файл нь нотлох файл биш.", "The file is no evidence file."),
    "asic_invalid_mime_type": _s("Файл нь нотлох файл биш.", "The file is no evidence file."),
    "asic_message_not_found": _s("Файлд зурвас алга.", "There is no message in the file."),
    "asic_signature_not_found": _s("Файлд гарын үсэг алга.", "There is no signature in the file."),
    "malformed_message": _s("Файл дахь зурвасыг унших боломжгүй.", "The message in the file cannot be read."),
    "malformed_signature": _s("Гарын үсэг нь буруу бүтэцтэй, эсвэл өөр зүйлд хамаарна.", "The signature is broken, or belongs to something else."),
    "invalid_signature_value": _s(
        "Зурвас эсвэл гарын үсгийг дараа нь өөрчилсөн.", "The message or its signature was changed afterwards."
    ),
    "invalid_hash_chain_ref": _s("Зурвасыг гарын үсэг зурснаас хойш өөрчилсөн.", "The message was changed after it was signed."),
    "invalid_hash_chain": _s("Зурвас нь гарын үсэг зурсан зүйлд ордоггүй.", "The message is not part of what was signed."),
    "hashchain_unused_inputs": _s("Зурвас нь гарын үсэг зурсан зүйлд ордоггүй.", "The message is not part of what was signed."),
    "unsigned_attachment": _s("Файлд гарын үсэг зураагүй зүйл нэмсэн.", "Something that nobody signed was added to the file."),
    "incorrect_certificate": _s(
        "Зурваст нэрлэсэн байгууллага биш, өөр хүн гарын үсэг зурсан.", "Somebody else signed than the organisation that the message names."
    ),
    "cannot_create_cert_path": _s(
        "Гарын үсэг зурсан гэрчилгээг зөвшөөрөгдсөн байгууллага олгоогүй.", "The signer's certificate is of no approved authority."
    ),
    "invalid_cert_path": _s("Гарын үсэг зурсан гэрчилгээ тухайн үед хүчингүй байсан.", "The signer's certificate was not good at that time."),
    "tsp_certificate_not_found": _s("Цаг тэмдгийг танигдаагүй хүн өгсөн.", "The time-stamp is of somebody unknown."),
    "timestamp_signer_verification_failed": _s("Цаг тэмдэг хүчингүй.", "The time-stamp does not hold."),
    "invalid_archive": _s("Архивыг өөрчилсөн, эсвэл бүрэн биш байна.", "The archive was changed, or is not complete."),
    # what is open
    "not_time_stamped": _s(
        "Цаг тэмдэг алга: гарын үсгийг хэзээ зурсныг нотлох боломжгүй.", "There is no time-stamp: when it was signed is not proven."
    ),
    "no_anchors": _s(
        "Итгэх байгууллагын жагсаалт өгөөгүй тул хэн гарын үсэг зурсныг шалгаагүй.",
        "No list of trusted authorities was given, so who signed was not checked.",
    ),
    "other_instance": _s(
        "Зурвас өөр солилцооны системийнх байна: тэр системийн жагсаалт хэрэгтэй.",
        "The message is of another exchange, whose list of authorities is needed.",
    ),
    "member_not_told": _s(
        "Гэрчилгээ нь зурваст нэрлэсэн байгууллагынх эсэхийг нэрээр нь тогтоох боломжгүй.",
        "Whether the certificate is that of the named organisation cannot be told from its name.",
    ),
    "no_certificate_status": _s(
        "Гэрчилгээ тухайн үед хүчинтэй байсныг олгосон байгууллага нь батлаагүй.",
        "Its authority's word that the certificate was good is missing.",
    ),
    "certificate_status_too_old": _s(
        "Гэрчилгээний тухай мэдээ хэт хуучин.", "The word on the certificate is older than it may be."
    ),
    "ocsp_untrusted": _s(
        "Гэрчилгээний тухай мэдээг хэн өгснийг таних боломжгүй.", "Who gave the word on the certificate is not known."
    ),
}  # fmt: skip
_OTHER: Final = _s("Файл шалгалтад тэнцээгүй.", "The file did not pass a check.")


def explain(verdict: Verdict, language: Language) -> list[str]:
    """The verdict in sentences, the most important first."""
    return list(_lines(verdict, language))


def reason(finding: Finding, language: Language) -> str:
    """One finding in a sentence: by its code, the last part of it, or the first."""
    first, _, last = finding.code.partition(".")
    found = _REASONS.get(finding.code) or _REASONS.get(last.rpartition(".")[2]) or _REASONS.get(first) or _OTHER
    return found[language]


def moment(at: datetime, language: Language) -> str:
    """By the clock of Ulaanbaatar."""
    return f"{local(at):%Y-%m-%d %H:%M:%S} ({'Улаанбаатар' if language == 'mn' else 'Ulaanbaatar'})"


def holder(found: x509.Certificate) -> str:
    """Whom a certificate names, as a person would say it."""
    names = [str(a.value) for oid in _NAMING for a in found.subject.get_attributes_for_oid(oid)]
    numbers = [str(a.value) for oid in _NUMBERING for a in found.subject.get_attributes_for_oid(oid)]
    name = ", ".join(dict.fromkeys(names)) or found.subject.rfc4514_string()
    return f"{name} ({numbers[0]})" if numbers else name


def _lines(verdict: Verdict, language: Language) -> Iterator[str]:
    yield _HEADLINES[verdict.outcome][language]
    findings = [*([verdict.failure] if verdict.failure else []), *verdict.open]
    yield from (reason(finding, language) for finding in findings)
    if verdict.message is not None:
        if verdict.outcome is Outcome.INVALID:
            yield _CLAIMED[language]
        yield from _told(verdict.message, verdict.member_name, language)
    yield from _proven(verdict, language)
    if verdict.outcome is not Outcome.INVALID:
        yield _LIMITS[language]
    yield from (_EXPERT[language].format(code=finding.code, detail=finding.detail) for finding in [*findings, *verdict.notes])


def _told(message: Message, name: str, language: Language) -> Iterator[str]:
    signer = f"{name} ({message.signer})" if name else message.signer
    yield _TOLD[message.direction][language].format(signer=signer, client=message.client, service=message.service, what=message.what)
    for member, sentence in _MEMBERS:
        if value := getattr(message, member):
            yield sentence[language].format(value=value)


def _proven(verdict: Verdict, language: Language) -> Iterator[str]:
    if verdict.certificate is not None:
        subject, serial = holder(verdict.certificate), f"{verdict.certificate.serial_number:x}"
        yield _CERTIFICATE[language].format(subject=subject, serial=serial)
    if verdict.signing_time is not None:
        yield _SIGNED[language].format(at=moment(verdict.signing_time, language))
    if verdict.outcome is Outcome.INVALID:
        return
    if verdict.stamped_at is not None and verdict.stamped_by is not None:
        unit = holder(verdict.stamped_by)
        yield _STAMPED[language].format(at=moment(verdict.stamped_at, language), unit=unit)
    elif verdict.stamped_at is not None:
        yield _STAMP_CLAIMED[language].format(at=moment(verdict.stamped_at, language))
    if verdict.status is not None:
        yield _STATUS[language].format(at=moment(verdict.status.this_update, language))
    for part in verdict.parts:
        yield (_PART_HERE if part.here else _PART_ABSENT)[language].format(name=_NAMES.get(part.name, _s(part.name, part.name))[language])
    yield from (_UNSIGNED[language].format(name=name) for name in verdict.unsigned)
