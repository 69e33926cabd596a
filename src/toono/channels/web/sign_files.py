"""One's own signature on any file: bring it, see what will be signed, confirm by a one-time code, take the signed file along.

Officers come here too: the certificate that names their organisation is one of theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from toono.identity import api as identity
from toono.identity.errors import ChallengeOver, CodeRefused, Locked, TooManyCodes
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.pki import api as pki
from toono.pki.contracts import Confirmation, FileSigningView, SignatureLevel, SigningPurpose, SigningState
from toono.pki.errors import (
    DocumentClosed,
    NoSigningCertificate,
    NotSignable,
    SignedFileTooLarge,
    SigningContentChanged,
    SigningNotReady,
    SigningRequestOver,
    TooManyFilesToSign,
    TooManySigningRequests,
    ValidationBusy,
)

READ_BYTES = 60 * 1024 * 1024
"""More is refused unread; between the limit and this it is read, so that the browser gets to see the page that says why."""
LEVELS = (SignatureLevel.B_LT, SignatureLevel.B_LTA, SignatureLevel.B_T, SignatureLevel.B_B)
_REFUSED = (NotSignable, DocumentClosed, NoSigningCertificate, TooManyFilesToSign, SignedFileTooLarge, ValidationBusy)
_CODE_ERRORS = (CodeRefused, ChallengeOver, Locked, TooManyCodes, SigningContentChanged, TooManySigningRequests, NoSigningCertificate)


def _measured(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Look at the announced length before anything reads the body."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > READ_BYTES:
            raise SignedFileTooLarge(f"an upload of {length} bytes was announced")
        return view(request)

    return guarded


# -- bringing ----------------------------------------------------------------------------------------------------------


@allow(Role.CITIZEN)
@csrf_exempt  # csrf_protect checks the token after the length
@_measured
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def files(request: ToonoRequest) -> HttpResponse:
    """The files that are here, and one more."""
    if request.method != "POST":
        return _files_page(request, once=uuid4())
    once, brought = _uuid(request.POST.get("once", "")), request.FILES.get("file")
    if brought is None:
        return _files_page(request, once=once, error=_("Гарын үсэг зурах файлаа сонгоно уу."))
    if (brought.size or 0) > pki.FILE_LIMIT_BYTES:
        error = SignedFileTooLarge("an upload over the limit")
        return _files_page(request, once=once, error=f"{_(error.title_mn)}. {_('25 МБ-аас бага файл оруулна уу.')}", status=413)
    try:
        file = pki.bring_file(
            actor=request.actor, once=once, name=brought.name or "", content=brought.read(), certificate=request.POST.get("certificate", ""),
            inside=request.POST.get("place") != "container", level=_level(request.POST.get("level", "")), stamped="stamp" in request.POST,
            reason=request.POST.get("reason", ""), language=get_language() or "mn",
        )  # fmt: skip
    except _REFUSED as error:
        return _files_page(request, once=once, error=f"{_(error.title_mn)}. {_(error.next_mn)}", status=400)
    return redirect("channels:sign_file", file_id=file.id)


def _files_page(request: ToonoRequest, *, once: UUID, error: str = "", status: int = 200) -> HttpResponse:
    assert request.actor.person_id is not None  # noqa: S101 - a citizen is a person
    mine = pki.signing_certificates(person_id=request.actor.person_id, purpose=SigningPurpose.SIGNATURE, only_valid=True)
    chosen = request.POST if request.method == "POST" else {"stamp": "1"}
    context = {
        "files": pki.brought_files(actor=request.actor), "certificates": mine, "once": once, "levels": LEVELS, "chosen": chosen,
        "errors": [{"text": error, "href": "#file"}] if error else [], "limit_megabytes": pki.FILE_LIMIT_BYTES // 1024**2,
    }  # fmt: skip
    return render(request, "channels/sign_files.html", context | _kept(), status=status)


def _kept() -> dict[str, Any]:
    """How long files stay, for the words of a page."""
    return {
        "kept_minutes": int(pki.FILE_KEPT_WAITING.total_seconds()) // 60, "kept_hours": int(pki.FILE_KEPT_SIGNED.total_seconds()) // 3600
    }  # fmt: skip


def _uuid(text: str) -> UUID:
    """Of the form; a form without one is a new one."""
    try:
        return UUID(text)
    except ValueError:
        return uuid4()


def _level(text: str) -> SignatureLevel:
    return SignatureLevel(text) if text in {level.value for level in LEVELS} else SignatureLevel.B_LT


# -- signing -----------------------------------------------------------------------------------------------------------


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def file(request: ToonoRequest, file_id: UUID) -> HttpResponse:
    """One file. Each step may be pressed twice, in two windows: the page always shows how the file stands."""
    if request.method != "POST":
        return _file_page(request, file_id)
    try:
        return _step(request, file_id)
    except _CODE_ERRORS as error:
        return _file_page(request, file_id, error=f"{_(error.title_mn)}. {_(error.next_mn)}")
    except (SigningRequestOver, SigningNotReady):
        return _again(file_id)


def _step(request: ToonoRequest, file_id: UUID) -> HttpResponse:
    step = request.POST.get("step")
    if step == "remove":
        pki.remove_brought_file(actor=request.actor, file_id=file_id)
        return redirect("channels:sign_files")
    if step == "ask":
        return _ask(request, file_id)
    found = pki.brought_file(actor=request.actor, file_id=file_id)
    if found.request is None or found.request.confirmed or found.request.state is not SigningState.WAITING:
        return _again(file_id)
    if request.POST.get("token") != found.request.confirms:
        raise SigningContentChanged("the page is of another request")
    code = request.POST.get("code", "")
    if not code.strip():
        return _file_page(request, file_id, error=_("SMS-ээр ирсэн зургаан оронтой кодыг бичнэ үү"))
    proof = identity.confirm(actor=request.actor, reference=_reference(found), confirms=found.request.confirms, typed=code)
    confirmation = Confirmation(
        challenge_id=proof.challenge_id, person_id=proof.person_id, reference=proof.reference, confirms=proof.confirms
    )  # fmt: skip
    pki.sign_brought_file(actor=request.actor, file_id=file_id, confirmation=confirmation)
    return _again(file_id)


def _ask(request: ToonoRequest, file_id: UUID) -> HttpResponse:
    """The request first, then the code for exactly that; a request that is confirmed needs no other."""
    found = pki.ask_file_signature(actor=request.actor, file_id=file_id)
    assert found.request is not None  # noqa: S101 - asked for above
    if found.request.confirmed or found.signed:
        return _again(file_id)
    title = f"{found.name[:40]} · {found.request.verification_code}"
    identity.ask_confirmation(
        actor=request.actor, reference=_reference(found), title=title, confirms=found.request.confirms, language=get_language() or "mn"
    )
    return HttpResponseRedirect(reverse("channels:sign_file", args=[file_id]) + "?asked=1#code")


def _file_page(request: ToonoRequest, file_id: UUID, *, error: str = "") -> HttpResponse:
    found = pki.brought_file(actor=request.actor, file_id=file_id)
    waits = found.request is not None and found.request.state is SigningState.WAITING
    context = {
        "file": found, "groups": [found.sha256[place : place + 8] for place in range(0, 64, 8)], "waits": waits,
        "asked": waits and (bool(error) or "asked" in request.GET or request.method == "POST"),
        "over": found.request is not None and found.request.state is SigningState.EXPIRED, "page": _page_number(request, found.pages),
        "form": pki.signature_form_words(form=found.form), "errors": [{"text": error, "href": "#code" if waits else None}] if error else [],
    }  # fmt: skip
    return render(request, "channels/sign_file.html", context | _kept(), status=409 if error and not waits else 200)


def _page_number(request: ToonoRequest, pages: int) -> int:
    """Counted from 1, as people do; 0 where nothing can be shown."""
    text = request.GET.get("page", "1")
    return min(max(int(text), 1), pages) if text.isdecimal() and len(text) < 7 else min(1, pages)


def _again(file_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("channels:sign_file", args=[file_id]))


def _reference(found: FileSigningView) -> str:
    assert found.request is not None  # noqa: S101 - whoever calls has looked
    return f"signing:{found.request.id}"


# -- the file itself ---------------------------------------------------------------------------------------------------


@allow(Role.CITIZEN)
@require_safe
@never_cache
def content(request: ToonoRequest, file_id: UUID) -> HttpResponse:
    """The signed file, or the brought one, to save; never shown in the browser, whatever it is."""
    name, found = pki.brought_content(actor=request.actor, file_id=file_id)
    answer = HttpResponse(found, content_type="application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@allow(Role.CITIZEN)
@require_safe
@never_cache
def picture(request: ToonoRequest, file_id: UUID, page: int) -> HttpResponse:
    """A page of a PDF, counted from 1."""
    return HttpResponse(pki.brought_picture(actor=request.actor, file_id=file_id, page=page - 1), content_type="image/png")
