"""What can go wrong with keys, certificates and seals."""

from __future__ import annotations

from toono.kernel.errors import Conflict, NotFound, ToonoError, Unavailable


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
