"""Public pages: is this document genuine? For anybody, without signing in; they tell nothing about persons."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from toono.kernel.access import allow
from toono.kernel.actor import Role
from toono.services import api
from toono.services.errors import FileTooLarge
from toono.ui.api import static

LIMIT_BYTES = 5 * 1024 * 1024
READ_BYTES = 25 * 1024 * 1024
"""A larger upload is refused unread; one between the limits is read, so that the browser gets to see the page that says why."""
CODE_LENGTH = 60
"""Longest code that is looked at, spaces and dashes included."""


def _unlisted(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-store"
    return response


@allow(Role.ANYBODY)
@require_safe
def checked_document(request: HttpRequest, code: str) -> HttpResponse:
    """Where the QR leads: the answer in one large word."""
    found = api.verify_document(code=code[:CODE_LENGTH])
    return _unlisted(render(request, "services/checked.html", {"found": found, "by_file": False}))


@allow(Role.ANYBODY)
@require_safe
def verify_json(request: HttpRequest, code: str) -> HttpResponse:
    """The same for programs: :class:`toono.services.contracts.Verification` as JSON, readable from any origin."""
    response = _unlisted(JsonResponse(api.verify_document(code=code[:CODE_LENGTH]).model_dump(mode="json")))
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _refuse_unread(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Look at the announced length before anything reads the body; the form token is checked after that, inside."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > READ_BYTES:
            raise FileTooLarge(f"an upload of {length} bytes was announced")
        return csrf_protect(view)(request)

    return guarded


@allow(Role.ANYBODY)
@csrf_exempt  # _refuse_unread checks the token
@_refuse_unread
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Type the code or give the file. The file is looked at and forgotten."""
    if request.method != "POST":
        return render(request, "services/verify.html")
    file = request.FILES.get("file")
    if file is not None:
        if (file.size or 0) > LIMIT_BYTES:
            return _again(request, "file", _("Файл 5 МБ-аас том байна. Бага хэмжээтэй PDF сонгоно уу, эсвэл кодыг бичнэ үү."), status=413)
        found = api.verify_file(pdf=file.read())
        return _unlisted(render(request, "services/checked.html", {"found": found, "by_file": True}))
    code = request.POST.get("code", "").strip()
    if not code:
        return _again(request, "code", _("Баримтын кодыг бичнэ үү, эсвэл PDF файлаа сонгоно уу."))
    return HttpResponseRedirect(reverse("services:checked_document", args=[code[:CODE_LENGTH].replace("/", "-")]))


def _again(request: HttpRequest, field: str, message: str, status: int = 200) -> HttpResponse:
    errors = [{"text": message, "href": f"#{field}"}]
    return render(request, "services/verify.html", {"errors": errors, "field": field, "message": message}, status=status)


# -- checking without a network --------------------------------------------------------------------------------

_ASSETS = Path(__file__).parent / "assets"


@cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _script(text: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@allow(Role.ANYBODY)
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """Checks the words of a QR on the reader's own device; kept there by the worker, so that it opens without a network."""
    return render(request, "services/offline.html")


@allow(Role.ANYBODY)
@require_safe
def check_script(request: HttpRequest) -> HttpResponse:
    """The check itself."""
    return _script(_asset("check.js"))


@allow(Role.ANYBODY)
@require_safe
def check_worker(request: HttpRequest) -> HttpResponse:
    """The service worker that keeps the means of checking, and nothing else."""
    keep = [reverse("services:offline"), reverse("services:check_script"), reverse("services:document_keys")]
    keep += [static(name) for name in ("toono.css", "toono.js", "noto-400.woff2", "noto-700.woff2", "favicon.svg")]
    version = hashlib.sha256((json.dumps(keep) + _asset("check.js") + _asset("worker.js")).encode()).hexdigest()[:12]
    response = _script(f"const VERSION = {json.dumps(version)};\nconst KEEP = {json.dumps(keep)};\n{_asset('worker.js')}")
    response["Service-Worker-Allowed"] = "/"
    return response


@allow(Role.ANYBODY)
@require_safe
def document_keys(request: HttpRequest) -> HttpResponse:
    """Keys and issuers, for whoever checks documents without asking us."""
    response = JsonResponse(api.document_keys())
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = "public, max-age=3600"
    return response
