"""Is this signature good? For anybody, without signing in: a page, and an address for programs. What is handed in is looked at and forgotten."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, BinaryIO, cast

from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from toono.kernel.access import allow
from toono.kernel.actor import Role
from toono.pki import api
from toono.pki.contracts import Indication, SignatureReport, ValidationReport
from toono.pki.errors import SignedFileEmpty, SignedFileMissing, SignedFileTooLarge, UploadWithoutLength
from toono.pki.web.validation_description import DESCRIPTION

PAGE_BYTES = 25 * 1024 * 1024
FILE_BYTES = 105 * 1024 * 1024
"""By a program; a hundred megabytes, whichever are meant."""
API_BYTES = 222 * 1024 * 1024
"""Two files and what stands around them. What announces more is refused unread; of a file above its limit, nothing more is kept while the rest of
the upload is read, so that the browser gets to see the page that says why."""
REPORT_SECONDS = 3600
_SALT = "toono.pki.validation-report"
TONES = {Indication.TOTAL_PASSED: " toono-verdict--good", Indication.TOTAL_FAILED: " toono-verdict--bad", Indication.INDETERMINATE: ""}


class _Bounded(TemporaryFileUploadHandler):
    """Writes a file to the disk as it comes, never to memory, and no more of it than may be looked at; its size is told whole."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__()
        self._most_bytes = most_bytes

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) <= self._most_bytes:
            super().receive_data_chunk(raw_data, start)


def _measured(most_bytes: int) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Look at the announced length before anything reads the body, and have a file of more than ``most_bytes`` not kept."""

    def around(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest) -> HttpResponse:
            if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
                raise UploadWithoutLength
            length = request.META.get("CONTENT_LENGTH") or "0"
            if not length.isdecimal() or int(length) > API_BYTES:
                raise SignedFileTooLarge(f"an upload of {length} bytes was announced")
            request.upload_handlers = [_Bounded(most_bytes)]
            return view(request)

        return guarded

    return around


@allow(Role.ANYBODY)
@csrf_exempt  # csrf_protect checks the token after the length
@_measured(PAGE_BYTES)
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Choose a file; see in one large word whether its signatures are good."""
    if request.method != "POST":
        return render(request, "pki/validate.html", {"most_bytes": PAGE_BYTES})
    file, signed = _file(request, "file"), _file(request, "signed")
    if file is None:
        return _again(request, "file", _("Шалгах файлаа сонгоно уу."))
    for name, one in (("file", file), ("signed", signed)):
        if one is not None and not one.size:
            return _again(request, name, _("Файл хоосон байна. Бүрэн татагдсан эсэхийг шалгаад дахин сонгоно уу."))
        if one is not None and (one.size or 0) > PAGE_BYTES:
            return _again(request, name, _("Файл 25 МБ-аас том байна. Том файлыг программын хаягаар (API) шалгуулна."), status=413)
    report = api.validate(name=file.name or "", content=_opened(file), signed_content=_opened(signed) if signed else None)
    return _answer(request, report)


@allow(Role.ANYBODY)
@require_POST
def report(request: HttpRequest) -> HttpResponse:
    """The report of a validation to keep: sealed PDF, or JSON. It comes back from the browser under our signature; we keep none."""
    try:
        found = ValidationReport.model_validate(
            signing.loads(request.POST.get("report", ""), salt=_SALT, max_age=REPORT_SECONDS)  # as we signed it, or not at all
        )
    except signing.BadSignature:
        return _again(request, "file", _("Тайлангийн хугацаа дууссан байна. Файлаа дахин шалгуулна уу."), status=410)
    if request.POST.get("form") == "json":
        answer: HttpResponse = JsonResponse(api.validation_as_data(report=found), json_dumps_params={"ensure_ascii": False, "indent": 1})
        answer["Content-Disposition"] = 'attachment; filename="validation-report.json"'
        return _unkept(answer)
    return _unkept(_paper(found))


@csrf_exempt
@allow(Role.ANYBODY)
@_measured(FILE_BYTES)
@require_http_methods(["GET", "HEAD", "POST"])
def for_programs(request: HttpRequest) -> HttpResponse:
    """``multipart/form-data`` with ``file`` and, for a detached signature, ``signed``; the answer is JSON, or the sealed PDF if that is accepted.

    A GET gives the description (OpenAPI 3.1).
    """
    if request.method != "POST":
        return JsonResponse(DESCRIPTION)
    file, signed = _file(request, "file"), _file(request, "signed")
    if file is None:
        raise SignedFileMissing
    for name, one in (("file", file), ("signed", signed)):
        if one is not None and not one.size:
            raise SignedFileEmpty(name)
    if any((one.size or 0) > FILE_BYTES for one in (file, signed) if one is not None):
        raise SignedFileTooLarge(f"{file.size} bytes")
    found = api.validate(name=file.name or "", content=_opened(file), signed_content=_opened(signed) if signed else None)
    if "application/pdf" in request.headers.get("Accept", ""):
        return _unkept(_paper(found))
    answer = JsonResponse(api.validation_as_data(report=found), json_dumps_params={"ensure_ascii": False})
    answer["Access-Control-Allow-Origin"] = "*"
    return _unkept(answer)


def _answer(request: HttpRequest, found: ValidationReport) -> HttpResponse:
    return _unkept(
        render(
            request,
            "pki/validated.html",
            {
                "report": found,
                "kind": api.validation_kind(kind=found.kind),
                "verdict": api.validation_verdict(indication=found.indication),
                "tone": TONES[found.indication],
                "stamp_rows": api.validation_stamp_rows(report=found),
                "signatures": [_shown(one) for one in found.signatures],
                "signed_report": signing.dumps(found.model_dump(mode="json"), salt=_SALT, compress=True),
            },
        )
    )


def _shown(one: SignatureReport) -> dict[str, Any]:
    return {
        "report": one,
        "verdict": api.validation_verdict(indication=one.indication),
        "tone": TONES[one.indication],
        "rows": api.validation_rows(signature=one),
    }


def _again(request: HttpRequest, field: str, message: str, status: int = 400) -> HttpResponse:
    errors = [{"href": f"#{field}", "text": message}]
    context = {"errors": errors, "field": field, "message": message, "most_bytes": PAGE_BYTES}
    return _unkept(render(request, "pki/validate.html", context, status=status))


def _paper(found: ValidationReport) -> HttpResponse:
    answer = HttpResponse(api.sealed_report(report=found), content_type="application/pdf")
    answer["Content-Disposition"] = 'attachment; filename="validation-report.pdf"'
    return answer


def _unkept(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "no-store"
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _file(request: HttpRequest, name: str) -> UploadedFile[bytes] | None:
    return request.FILES.get(name)


def _opened(file: UploadedFile[bytes]) -> BinaryIO:
    return cast(BinaryIO, file.file)
