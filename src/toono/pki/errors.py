"""What can go wrong with keys, certificates and seals."""

from __future__ import annotations

from collections.abc import Sequence

from toono.kernel.errors import Conflict, NotAllowed, NotFound, ToonoError, Unavailable


class SignerUnavailable(Unavailable):
    """The signer process does not answer; nothing was signed."""

    code = "pki.signer_unavailable"


class SignerRefused(ToonoError):
    """The signer answered no: this process may not do this with this key, or the request is wrong."""

    code = "pki.signer_refused"


class KeyUnknown(SignerRefused):
    """The signer holds no key under this label."""

    code = "pki.key_unknown"


class KeyMismatch(ToonoError):
    """The key store holds another key than the database's certificate names: one of the two was replaced alone."""

    code = "pki.key_mismatch"


class AuthoritiesMissing(Unavailable):
    """The authorities have not been established yet (``establish_authorities`` runs at first start)."""

    code = "pki.authorities_missing"


class CertificateNotFound(NotFound):
    """No certificate with this serial number."""

    code = "pki.certificate_not_found"
    title_mn = "Ийм гэрчилгээ олдсонгүй"
    next_mn = "Серийн дугаараа шалгаад дахин хайна уу."


class CertificateAlreadyRevoked(Conflict):
    """The certificate is revoked already; the first reason and time stand."""

    code = "pki.certificate_already_revoked"
    title_mn = "Энэ гэрчилгээг аль хэдийн хүчингүй болгосон байна"
    next_mn = "Хүчингүй болгосон хугацаа, үндэслэлийг жагсаалтаас харна уу."


class CertificateExpired(Conflict):
    """The certificate has expired; there is nothing left to revoke."""

    code = "pki.certificate_expired"
    title_mn = "Энэ гэрчилгээний хугацаа дууссан байна"
    next_mn = "Хугацаа дууссан гэрчилгээг хүчингүй болгох шаардлагагүй."


class CertificateNotRevocable(Conflict):
    """Authorities and the status responder are replaced by a key ceremony, not revoked from a page."""

    code = "pki.certificate_not_revocable"
    title_mn = "Энэ гэрчилгээг эндээс хүчингүй болгох боломжгүй"
    next_mn = "Гэрчилгээжүүлэх байгууллагын түлхүүрийг ёслолын журмаар солино."


class ReasonNotAllowed(Conflict):
    """This reason does not fit this kind of certificate."""

    code, status = "pki.reason_not_allowed", 400
    title_mn = "Сонгосон үндэслэл энэ гэрчилгээнд тохирохгүй"
    next_mn = "Жагсаалтаас өөр үндэслэл сонгоно уу."


class CertificateWithdrawn(Conflict):
    """The certificate was withdrawn (work ended, right taken away), so no successor is issued by itself."""

    code = "pki.certificate_withdrawn"


class ProfileMismatch(ToonoError):
    """The profile does not go with this key label or subject."""

    code, status = "pki.profile_mismatch", 400


class NoSealCertificate(ToonoError):
    """The organisation has no valid certificate for its seal."""

    code, status = "pki.no_seal_certificate", 409
    title_mn = "Байгууллагын тоон тамга хүчингүй байна"
    next_mn = "Баримтыг тамгалж чадсангүй. Байгууллага тамгаа сэргээсний дараа үргэлжилнэ."


class UnreadablePdf(ToonoError):
    """The bytes are not a PDF that can be sealed."""

    code, status = "pki.unreadable_pdf", 400
    title_mn = "Файлыг уншиж чадсангүй"
    next_mn = "PDF файл мөн эсэхийг шалгаад дахин оролдоно уу."


class DigestNotSupported(ToonoError):
    """A digest must be of SHA-256, SHA-384 or SHA-512: 32, 48 or 64 bytes."""

    code, status = "pki.digest_not_supported", 400


# -- algorithms, requests, life cycle ----------------------------------------------------------------------------


class AlgorithmNotSupported(ToonoError):
    """The table of algorithms (``domain/algorithms.py``) has no such key, or not for this use."""

    code, status = "pki.algorithm_not_supported", 400
    title_mn = "Энэ төрлийн түлхүүрт гэрчилгээ олгохгүй"
    next_mn = "P-256, P-384 эсвэл 2048 битээс дээш RSA түлхүүр үүсгээд хүсэлтээ дахин илгээнэ үү."


class WeakKey(ToonoError):
    """The key of a request can be broken: too short, a weak exponent, or made by a chip known to be faulty."""

    code, status = "pki.weak_key", 400
    title_mn = "Түлхүүр хангалттай бат бөх биш байна"
    next_mn = "P-256, P-384 эсвэл 2048 битээс дээш RSA түлхүүрийг шинээр үүсгээд хүсэлтээ дахин илгээнэ үү."


class RequestMalformed(ToonoError):
    """The bytes are no certificate request (PKCS#10) signed by its own key, or it asks for what no request may ask."""

    code, status = "pki.request_malformed", 400
    title_mn = "Гэрчилгээний хүсэлтийг (CSR) уншиж чадсангүй"
    next_mn = "PKCS#10 хэлбэрийн хүсэлтээ PEM файлаар дахин үүсгээд илгээнэ үү."


class RequestNamesDiffer(ToonoError):
    """The names in the certificate request are not those for which it was allowed."""

    code, status = "pki.request_names_differ", 400
    title_mn = "Хүсэлт дэх серверийн нэр зөвшөөрсөн нэртэй таарахгүй байна"
    next_mn = "Хүсэлтээ зөвшөөрсөн нэрээр дахин үүсгэнэ үү."


class CertificateSuspended(Conflict):
    """The certificate is suspended; it is revived or revoked before anything else."""

    code = "pki.certificate_suspended"
    title_mn = "Энэ гэрчилгээг түр зогсоосон байна"
    next_mn = "Гэрчилгээгээ сэргээж эсвэл бүрмөсөн хүчингүй болгоно уу."


class CertificateNotSuspended(Conflict):
    """Only a suspended certificate can be revived."""

    code = "pki.certificate_not_suspended"
    title_mn = "Энэ гэрчилгээ түр зогсоосон төлөвт байхгүй"
    next_mn = "Хуудсаа дахин нээж, одоогийн төлөвийг харна уу."


class RevivalReserved(Conflict):
    """An administrator suspended the certificate, so the holder cannot revive it."""

    code = "pki.revival_reserved"
    title_mn = "Энэ гэрчилгээг администратор түр зогсоосон байна"
    next_mn = "Сэргээлгэх бол бүртгэлийн цэгт бичиг баримттайгаа хандана уу."


class CertificateNotSuspendable(Conflict):
    """Certificates of this kind are revoked, never suspended."""

    code = "pki.certificate_not_suspendable"
    title_mn = "Энэ төрлийн гэрчилгээг түр зогсоодоггүй"
    next_mn = "Шаардлагатай бол бүрмөсөн хүчингүй болгоно уу."


class CertificateNotRenewable(Conflict):
    """Nothing to renew yet, or nothing that may be renewed: a person asks for a new certificate."""

    code = "pki.certificate_not_renewable"
    title_mn = "Гэрчилгээг одоогоор сунгах боломжгүй"
    next_mn = "Хугацаа дуусахаас 60 хоногийн өмнөөс сунгана. Хүчингүй болсон гэрчилгээний оронд шинээр хүсэлт гаргана уу."


class IdentityNotProven(Conflict):
    """The officer did not state that the person before them is the one on the register's photo, or there was no photo to compare."""

    code, status = "pki.identity_not_proven", 400
    title_mn = "Хүний биеийн байцаалтыг баталгаажуулаагүй байна"
    next_mn = "Лавлагааны зургийг хүнтэй тулган шалгаж, баталсан тэмдэглэгээ хийнэ үү."


class CertificateRequestNotFound(NotFound):
    """No request for a certificate with this number."""

    code = "pki.request_not_found"


class CertificateRequestDecided(Conflict):
    """The request was decided already; the first decision stands."""

    code = "pki.request_decided"
    title_mn = "Энэ хүсэлтийг аль хэдийн шийдвэрлэсэн байна"
    next_mn = "Хүсэлтийн жагсаалтаас шийдвэрийг харна уу."


class CeremonyRefused(ToonoError):
    """A step of the key ceremony cannot be done as asked; the message says why. Nothing was changed by this step."""

    code, status = "pki.ceremony_refused", 409


class SharesWrong(CeremonyRefused):
    """The shares do not give the secret: too few, of another ceremony, or damaged."""

    code = "pki.shares_wrong"


class NoSigningCertificate(ToonoError):
    """The key has no certificate that is good now."""

    code, status = "pki.no_signing_certificate", 409
    title_mn = "Гарын үсэг зурах гэрчилгээ алга"
    next_mn = "Гэрчилгээгээ шинээр авч эсвэл сэргээж, дахин оролдоно уу."


class DocumentClosed(Conflict):
    """A seal in the document allows no further signature; one more would make the document look altered."""

    code = "pki.document_closed"
    title_mn = "Энэ баримтад дахин гарын үсэг зурах боломжгүй"
    next_mn = "Баримтыг тамгалж хаасан байна. Гарын үсгүүдийг тамгаас өмнө зурна уу."


class NotSignable(ToonoError):
    """The file cannot carry a signature of this form."""

    code, status = "pki.not_signable", 400
    title_mn = "Энэ файлд ийм хэлбэрийн гарын үсэг зурах боломжгүй"
    next_mn = "Файлаа шалгаад, өөр хэлбэр сонгож дахин оролдоно уу."


# -- a file that its holder brings to be signed ----------------------------------------------------------------


class FileToSignNotFound(NotFound):
    """No such file of this person, or the time for which it was kept is over."""

    code = "pki.file_to_sign_not_found"
    title_mn = "Ийм файл олдсонгүй"
    next_mn = "Хадгалах хугацаа нь дууссан бол устгасан. Файлаа дахин оруулна уу."


class FileToSignRefused(NotSignable):
    """The file is empty, too large, or its name and its content say different things."""

    code = "pki.file_to_sign_refused"
    title_mn = "Файл хоосон, гэмтсэн, эсвэл нэр нь агуулгатайгаа таарахгүй байна"
    next_mn = "Файлаа нээж шалгаад дахин оруулна уу."


class PdfEncrypted(NotSignable):
    """The PDF has a password or forbids changes; what stands in it cannot be signed without opening it."""

    code = "pki.pdf_encrypted"
    title_mn = "PDF нь нууц үгтэй, эсвэл өөрчлөхийг хориглосон байна"
    next_mn = "Хамгаалалтгүйгээр хадгалж дахин оруулна уу, эсвэл «Багцад» гэснийг сонговол файл хэвээрээ үлдэнэ."


class PdfUnusual(NotSignable):
    """The PDF is damaged, or built so that a signature inside cannot be prepared before the key signs."""

    code = "pki.pdf_unusual"
    title_mn = "Энэ PDF-ийн дотор гарын үсэг оруулах боломжгүй байна"
    next_mn = "PDF-ээ дахин хадгалж (Save as PDF, эсвэл хэвлэх) оруулна уу, эсвэл «Багцад» гэснийг сонгоно уу."


class NoRoomBeside(NotSignable):
    """The signatures in the file would break by another one, or cannot be told apart from the content."""

    code = "pki.no_room_beside"
    title_mn = "Файл дахь гарын үсэг дахин нэгийг нэмэхэд хүчингүй болно"
    next_mn = "«Багцад» гэснийг сонговол файл хэвээрээ үлдэж, гарын үсэг тань хажууд нь орно."


class TooManyFilesToSign(ToonoError):
    """As many files as may wait for one person at once."""

    code, status = "pki.too_many_files_to_sign", 429
    title_mn = "Хэт олон файл хүлээгдэж байна"
    next_mn = "Хэрэггүй файлаа устгаад дахин оруулна уу."


# -- remote signing --------------------------------------------------------------------------------------------


class SigningRequestNotFound(NotFound):
    """No request to sign of this name for this person."""

    code = "pki.signing_request_not_found"
    title_mn = "Ийм гарын үсгийн хүсэлт олдсонгүй"
    next_mn = "Хаяг буруу, эсвэл хүсэлт танд зориулагдаагүй байна. «Гарын үсгийн хүсэлт» хуудсаа нээнэ үү."


class SigningRequestOver(Conflict):
    """The request was answered on another device, or its time is over."""

    code = "pki.signing_request_over"
    title_mn = "Энэ хүсэлтийн хугацаа дууссан эсвэл хариулагдсан байна"
    next_mn = "Шинээр юу ч зурагдаагүй. Хэрэгтэй бол тухайн систем дээр дахин эхлүүлнэ үү."


class SigningContentChanged(Conflict):
    """What was confirmed is not what would be signed."""

    code = "pki.signing_content_changed"
    title_mn = "Баталгаажуулсан зүйл өөрчлөгдсөн байна"
    next_mn = "Юу ч зурагдаагүй. Хуудсаа дахин нээж уншаад шинэ код авна уу."


class NotConfirmed(NotAllowed):
    """The audit holds no fresh confirmation by the key's own holder of exactly this; the key stays closed."""

    code = "pki.not_confirmed"


class CodeWithheld(ToonoError):
    """The signer draws no code now: the phone number is new (``number_new``), too many codes or wrong tries, or the challenge is over."""

    code = "pki.code_withheld"


class SigningNotReady(Unavailable):
    """The holder confirmed, but the key was not let loose in time; the request is made to its end when it is asked for again."""

    code = "pki.signing_not_ready"
    title_mn = "Гарын үсэг хараахан бэлэн болоогүй байна"
    next_mn = "Баталгаажуулалтыг хүлээн авсан. Удалгүй хуудсаа дахин нээнэ үү; хоёр удаа зурагдахгүй."


class NoPersonCertificate(NotFound):
    """The person has no valid certificate for this purpose, or none of the level that was asked for."""

    code = "pki.no_person_certificate"
    title_mn = "Танд хүчинтэй гарын үсгийн гэрчилгээ алга"
    next_mn = "«Миний гэрчилгээ» хуудаснаас гэрчилгээ аваад дахин оролдоно уу."


class TooManySigningRequests(ToonoError):
    """As many requests of this relying party wait for this person as may."""

    code, status, transient = "pki.too_many_signing_requests", 429, True
    title_mn = "Хариулаагүй хүсэлт хэт олон байна"
    next_mn = "Өмнөх хүсэлтүүддээ хариулна уу."


class SigningRequestRefused(ToonoError):
    """A request to sign with digests or a text that cannot be signed."""

    code, status = "pki.signing_request_refused", 400


class RelyingPartyUnknown(NotAllowed):
    """No relying party with this number and secret, or it was ended."""

    code, status = "pki.relying_party_unknown", 401


class RelyingPartyNotAllowed(NotAllowed):
    """The relying party appears under a name, or sends people back to a place, that it has not registered."""

    code, status = "pki.relying_party_not_allowed", 403


# -- clock, ACME -------------------------------------------------------------------------------------------------


class ClockNotTrusted(Unavailable):
    """The machine's clock is not synchronised, too uncertain, or was set a moment ago; no time-stamp was given."""

    code = "pki.clock_not_trusted"


class CertificateLevelMissing(NotFound):
    """The person has a certificate, but not of the level that was asked for. Status 471 of the interface of Smart-ID."""

    code, status = "pki.certificate_level_missing", 471
    title_mn = "Таны гэрчилгээ энэ үйлдэлд хүрэлцэхгүй"
    next_mn = "Өндөр түвшний гэрчилгээг бүртгэлийн цэгээс аваад дахин оролдоно уу."


# -- validation ------------------------------------------------------------------------------------------------


class ValidationBusy(Unavailable):
    """Too many signed files are being read at this moment; try again."""

    code = "pki.validation_busy"
    title_mn = "Одоо олон файл шалгаж байна"
    next_mn = "Минутын дараа дахин оролдоно уу. Таны файлыг хадгалаагүй."


class SignedFileTooLarge(ToonoError):
    """The file is larger than is validated here: 25 MB on the page, 100 MB by a program."""

    code, status = "pki.signed_file_too_large", 413
    title_mn = "Файл хэт том байна"
    next_mn = "Хуудсаар 25 МБ, программаар 100 МБ хүртэл файл шалгуулна."


class UploadWithoutLength(ToonoError):
    """The upload does not say how long it is (Content-Length), so it is not read."""

    code, status = "pki.upload_without_length", 411
    title_mn = "Файлын хэмжээг хэлээгүй байна"
    next_mn = "Content-Length толгойтойгоор дахин илгээнэ үү."


class SignedFileMissing(ToonoError):
    """The request carries no file in the field ``file``."""

    code, status = "pki.signed_file_missing", 400
    title_mn = "Файл сонгоогүй байна"
    next_mn = "Шалгах файлаа сонгоод дахин илгээнэ үү."


class SignedFileEmpty(ToonoError):
    """A file of the request has no bytes."""

    code, status = "pki.signed_file_empty", 400
    title_mn = "Файл хоосон байна"
    next_mn = "Файл бүрэн татагдсан эсэхийг шалгаад дахин илгээнэ үү."


class TrustedListRefused(ToonoError):
    """The trusted list cannot be believed: not one, not signed by the pinned certificate, older than the one that is loaded, or past its time."""

    code, status = "pki.trusted_list_refused", 422
    title_mn = "Итгэмжлэлийн жагсаалтыг хүлээж авсангүй"
    next_mn = "Жагсаалт, түүний гарын үсгийн гэрчилгээ хоёрыг тулгаж шалгаад дахин оролдоно уу."


class TrustedListUnreachable(Unavailable):
    """The address of the trusted list does not answer, or may not be asked."""

    code = "pki.trusted_list_unreachable"
    title_mn = "Жагсаалтын хаягаас хариу ирсэнгүй"
    next_mn = "Хаягаа шалгаж дахин оролдох, эсвэл файлаар оруулна уу."


class AcmeRefused(ToonoError):
    """A request of an ACME client is answered by a problem (RFC 8555 §6.7): ``kind`` is the type's last part, the message its detail."""

    code, status = "pki.acme_refused", 400

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        http_status: int | None = None,
        algorithms: Sequence[str] = (),
        of_names: dict[str, str] | None = None,
        seconds: int | None = None,
        location: str = "",
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail = kind, detail
        self.http_status = http_status
        """Where the standard wants another than the usual one of its kind."""
        self.algorithms = tuple(algorithms)
        """Which there are instead; only of ``badSignatureAlgorithm``."""
        self.of_names = of_names or {}
        """Why each name is refused (§6.7.1)."""
        self.seconds = seconds
        """After how long to try again; only of ``rateLimited``."""
        self.location = location


class DomainRefused(ToonoError):
    """What was entered is no name of a server, or stands already."""

    code, status = "pki.domain_refused", 400
    title_mn = "Серверийн нэр буруу байна"
    next_mn = "Нэрийг portal.nam.mn эсвэл *.nam.mn хэлбэрээр латин үсгээр бичнэ үү."


class OrganisationWithoutSeal(Conflict):
    """The organisation holds no valid certificate of its seal, so who it is, is not proven."""

    code = "pki.organisation_without_seal"
    title_mn = "Байгууллага хүчинтэй тоон тамгагүй байна"
    next_mn = "Эхлээд байгууллагын тоон тамгын гэрчилгээг олгоно уу."


class SignatureDoesNotFit(Conflict):
    """The value is no signature by the key's certificate over this file's digest: another file, another moment, or a certificate renewed since."""

    code = "pki.signature_does_not_fit"
    title_mn = "Гарын үсэг энэ файлд тохирохгүй байна"
    next_mn = "Файл эсвэл гэрчилгээ энэ хооронд өөрчлөгдсөн байна. Дахин гарын үсэг зурна уу."
