"""What a person reads and what their key signs when they brought a file: both worked out from the file itself.

The pages do it to ask; the worker does it again before it lets the key loose, so a page that shows one file and has another signed gets no signature.
"""

from __future__ import annotations

from base64 import b64encode

from django.utils import translation
from django.utils.translation import gettext as _

from toono.kernel.clock import local
from toono.pki.contracts import FileToSign, SignatureForm, SignatureLevel, SigningOrigin, StampPlace
from toono.pki.errors import NotConfirmed, NotSignable
from toono.pki.models import FileSigning, SigningRequest
from toono.pki.operations import sign_file


def wanted_of(file: FileSigning) -> FileToSign:
    """The file, as it is to be signed."""
    return FileToSign(
        name=file.name, content=bytes(file.content), form=SignatureForm(file.form), level=SignatureLevel(file.level), at=file.at,
        reason=file.reason, stamp=StampPlace.model_validate(file.stamp) if file.stamp else None, beside=file.beside,
    )  # fmt: skip


def digest_of(file: FileSigning) -> str:
    """What the key signs, base64.

    :raises NotSignable:
    """
    return b64encode(sign_file.prepared_by(file.certificate, wanted_of(file)).digest).decode()


def text_of(file: FileSigning) -> str:
    """What the holder reads and confirms: which file, how, as whom, when."""
    with translation.override(file.language):
        who = file.certificate.common_name
        if file.certificate.organisation and file.certificate.organisation != who:
            who += f", {file.certificate.organisation}"
        lines = [
            _("Файл: %(name)s") % {"name": file.name},
            _("Хэмжээ: %(count)s байт") % {"count": f"{file.size_bytes:,}".replace(",", " ")},
            _("Хуудас: %(count)s") % {"count": file.pages} if file.pages else "",
            "SHA-256: " + grouped(file.sha256),
            _("Хэлбэр: %(form)s, %(level)s") % {"form": form_words(file.form), "level": SignatureLevel(file.level).name.replace("_", "-")},
            _("Зорилго: %(reason)s") % {"reason": file.reason} if file.reason else "",
            _("Гарын үсэг зурагч: %(who)s") % {"who": who},
            _("Цаг: %(when)s") % {"when": f"{local(file.at):%Y.%m.%d %H:%M:%S}"},
        ]
    return "\n".join(line for line in lines if line)


def grouped(sha256: str) -> str:
    """In groups of eight, as it is compared by eye."""
    return " ".join(sha256[place : place + 8] for place in range(0, len(sha256), 8))


def form_words(form: str) -> str:
    """A form in a few words, in the language of the call."""
    return {
        SignatureForm.PADES: _("PDF дотор (PAdES)"),
        SignatureForm.XADES: _("XML дотор (XAdES)"),
        SignatureForm.ASICE_XADES: _("файлтай нэг багцад (ASiC-E)"),
        SignatureForm.ASICE_CADES: _("файлтай нэг багцад (ASiC-E)"),
        SignatureForm.CADES: _("CMS дотор (CAdES)"),
        SignatureForm.JADES: _("JSON дотор (JAdES)"),
    }[SignatureForm(form)]


def check(request: SigningRequest) -> None:
    """For the worker: a request about a brought file says and signs what the file is.

    :raises NotConfirmed:
    """
    if request.origin != SigningOrigin.FILE.value:
        return
    file = FileSigning.objects.select_related("certificate").filter(request=request).first()
    if file is None or file.person_id != request.person_id or file.certificate_id != request.certificate_id:
        raise NotConfirmed("the file is gone")
    try:
        same = request.text == text_of(file) and request.digests == [digest_of(file)]
    except NotSignable as error:
        raise NotConfirmed("the file cannot be signed") from error
    if not same:
        raise NotConfirmed("the request says or signs something else than the file")
