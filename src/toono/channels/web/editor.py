"""Writing definitions: an analyst's services and drafts, forms and text, preview, tests, and the review by an administrator."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from toono.channels.web.questions import typed
from toono.channels.web.uploads import receives_files
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Actor, Role
from toono.kernel.errors import ToonoError
from toono.services import api as services
from toono.services.contracts import DraftView, QuestionKind, Sheet
from toono.services.errors import CatalogueError, DraftChanged, DraftNotReady, DraftRefused, OwnDraft, RightsMissing

FILES = {"service": "service.yaml", "document": "document.typ", "tests": "tests.yaml"}
"""As addresses name them."""
SHEETS = {
    "names": gettext_noop("Нэр, тайлбар"), "questions": gettext_noop("Асуулт"), "term": gettext_noop("Хугацаа, төлбөр"),
    "grounds": gettext_noop("Татгалзах үндэслэл"),
}  # fmt: skip
SAVING = (DraftChanged, DraftRefused, DraftNotReady)
"""What saving may answer; what was typed stays on the page."""


def _said(error: ToonoError) -> list[dict[str, str]]:
    return [{"text": f"{_(error.title_mn)}. {_(error.next_mn)}", "href": "#draft"}]


def _revision(request: ToonoRequest) -> int:
    number = request.POST.get("revision", "")
    return int(number) if number.isdecimal() and len(number) < 10 else 0


# -- lists -------------------------------------------------------------------------------------------------------


@allow(Role.ANALYST)
@require_safe
def shelf(request: ToonoRequest) -> HttpResponse:
    """The services of the organisation, and what is being written."""
    return _shelf(request)


def _shelf(request: ToonoRequest, **more: object) -> HttpResponse:
    context = {"shelf": services.analyst_shelf(actor=request.actor)}
    return render(request, "channels/editor.html", context | more, status=422 if more.get("errors") else 200)


@allow(Role.ANALYST)
@require_POST
def begin(request: ToonoRequest) -> HttpResponse:
    """A draft of a service's next version, or of a new service."""
    code = request.POST.get("code", "").strip()
    try:
        if request.POST.get("what") == "new":
            draft_id = services.begin_new_draft(actor=request.actor, code=code, level=request.POST.get("level", ""))
        else:
            draft_id = services.begin_draft(actor=request.actor, code=code)
    except DraftRefused as error:
        return _shelf(request, errors=[{"text": f"{_(error.title_mn)}. {_(error.next_mn)}", "href": "#code"}], typed=code)
    return redirect("channels:editor_draft", draft_id=draft_id)


@allow(Role.ADMINISTRATOR)
@require_safe
def reviews(request: ToonoRequest) -> HttpResponse:
    """What waits for an administrator."""
    return render(request, "channels/editor_reviews.html", {"drafts": services.drafts_to_review(actor=request.actor)})


# -- one draft ---------------------------------------------------------------------------------------------------


def _overview(request: ToonoRequest, draft_id: UUID, errors: list[dict[str, str]] | None = None) -> HttpResponse:
    draft = services.draft(actor=request.actor, draft_id=draft_id)
    context = {
        "draft": draft,
        "sheets": SHEETS,
        "files": FILES,
        "reviewing": request.actor.role is Role.ADMINISTRATOR,
        "errors": errors,
        "saved": "saved" in request.GET,
    }
    response = render(request, "channels/editor_draft.html", context | {"rules": services.rules_in_words()}, status=409 if errors else 200)
    if draft.trial == "waiting":
        response["Refresh"] = "2"
    return response


@allow(Role.ANALYST)
@require_safe
def draft(request: ToonoRequest, draft_id: UUID) -> HttpResponse:
    """Where the draft stands: what is wrong, what its tests say, what it changes, and the next step."""
    return _overview(request, draft_id)


@allow(Role.ADMINISTRATOR)
@require_safe
def reviewed(request: ToonoRequest, draft_id: UUID) -> HttpResponse:
    """The same for the administrator who reviews it."""
    return _overview(request, draft_id)


def _step(request: ToonoRequest, draft_id: UUID, work: Callable[[Actor], object]) -> HttpResponse:
    try:
        work(request.actor)
    except (DraftNotReady, DraftChanged, OwnDraft, RightsMissing, CatalogueError) as error:
        return _overview(request, draft_id, _said(error))
    return HttpResponseRedirect(_own(request, draft_id))


def _own(request: ToonoRequest, draft_id: UUID) -> str:
    reviewing = request.actor.role is Role.ADMINISTRATOR
    return reverse("channels:review_draft" if reviewing else "channels:editor_draft", kwargs={"draft_id": draft_id})


@allow(Role.ANALYST)
@require_POST
def step(request: ToonoRequest, draft_id: UUID) -> HttpResponse:
    """Try out, hand in, publish, or throw away."""
    what = request.POST.get("what", "")
    if what == "drop":
        services.drop_draft(actor=request.actor, draft_id=draft_id)
        return redirect("channels:editor")
    steps: dict[str, Callable[[Actor], object]] = {
        "try": lambda actor: services.try_draft(actor=actor, draft_id=draft_id),
        "submit": lambda actor: services.submit_draft(actor=actor, draft_id=draft_id),
        "publish": lambda actor: services.publish_draft(actor=actor, draft_id=draft_id),
    }
    return _step(request, draft_id, steps[what]) if what in steps else redirect("channels:editor_draft", draft_id=draft_id)


@allow(Role.ADMINISTRATOR)
@require_POST
def review(request: ToonoRequest, draft_id: UUID) -> HttpResponse:
    """Approve, send back, or publish what is approved."""
    what, note = request.POST.get("what", ""), request.POST.get("note", "")
    if what == "publish":
        return _step(request, draft_id, lambda actor: services.publish_draft(actor=actor, draft_id=draft_id))
    if what == "return" and not note.strip():
        return _overview(request, draft_id, [{"text": _("Юуг засахыг бичнэ үү."), "href": "#note"}])
    return _step(
        request, draft_id,
        lambda actor: services.review_draft(actor=actor, draft_id=draft_id, revision=_revision(request), approve=what == "approve", note=note),
    )  # fmt: skip


# -- text --------------------------------------------------------------------------------------------------------


def _text(draft: DraftView, name: str) -> str:
    return dict(draft.files)[FILES[name]]


@allow(Role.ANALYST, Role.ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def text(request: ToonoRequest, draft_id: UUID, file: str) -> HttpResponse:
    """One of the files, as text."""
    request.actor = _who(request, draft_id)
    draft = services.draft(actor=request.actor, draft_id=draft_id)
    if file not in FILES:
        return redirect(_own(request, draft_id))
    if request.method != "POST":
        return _text_page(request, draft, file, _text(draft, file))
    written = request.POST.get("text", "").replace("\r\n", "\n")
    try:
        services.save_draft(actor=request.actor, draft_id=draft_id, revision=_revision(request), files={FILES[file]: written})
    except SAVING as error:
        draft = services.draft(actor=request.actor, draft_id=draft_id)
        return _text_page(request, draft, file, written, error)
    return HttpResponseRedirect(reverse("channels:editor_text", kwargs={"draft_id": draft_id, "file": file}) + "?saved=1")


def _who(request: ToonoRequest, draft_id: UUID) -> Actor:
    """The analyst, unless the address is the reviewer's: somebody may be both."""
    reviewing = request.path.startswith("/admin/")
    return next((one for one in request.actors if (one.role is Role.ADMINISTRATOR) == reviewing and one.role in _BOTH), request.actor)


_BOTH = frozenset({Role.ANALYST, Role.ADMINISTRATOR})


def _text_page(request: ToonoRequest, draft: DraftView, name: str, written: str, error: ToonoError | None = None) -> HttpResponse:
    stored = _text(draft, name)
    changes = ""
    if isinstance(error, DraftChanged):
        names = (_("Одоо хадгалагдсан"), _("Таны бичсэн"))
        changes = "\n".join(difflib.unified_diff(stored.splitlines(), written.splitlines(), *names, lineterm="", n=2))
    context = {
        "draft": draft,
        "files": FILES,
        "name": name,
        "file": FILES[name],
        "text": written,
        "changes": changes,
        "findings": [one for one in draft.findings if one.finding.file == FILES[name]],
        "errors": _said(error) if error else None,
        "saved": "saved" in request.GET,
        "reviewing": request.actor.role is Role.ADMINISTRATOR,
    }
    return render(
        request, "channels/editor_text.html", context | {"rules": services.rules_in_words()}, status=error.status if error else 200
    )


# -- forms -------------------------------------------------------------------------------------------------------


@allow(Role.ANALYST)
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: ToonoRequest, draft_id: UUID, sheet: str, part: str = "") -> HttpResponse:
    """A common part of the definition: the names, one question, the term, one ground."""
    draft = services.draft(actor=request.actor, draft_id=draft_id)
    if request.method != "POST":
        try:
            shown = services.draft_sheet(actor=request.actor, draft_id=draft_id, name=sheet, part=part)
        except DraftRefused:
            return redirect("channels:editor_text", draft_id=draft_id, file="service")
        return _form_page(request, draft, shown, {})
    values = {path: str(value) for path, value in request.POST.items() if "." in path}
    try:
        services.fill_in_draft(actor=request.actor, draft_id=draft_id, revision=_revision(request), name=sheet, part=part, values=values)
    except SAVING as error:
        draft = services.draft(actor=request.actor, draft_id=draft_id)
        shown = services.draft_sheet(actor=request.actor, draft_id=draft_id, name=sheet, part=part)
        return _form_page(request, draft, shown, values, error)
    return HttpResponseRedirect(request.path + "?saved=1")


def _form_page(
    request: ToonoRequest, draft: DraftView, sheet: Sheet, values: dict[str, str], error: ToonoError | None = None
) -> HttpResponse:
    context = {
        "draft": draft,
        "sheet": sheet,
        "title": _(SHEETS[sheet.name]),
        "values": values,
        "kinds": [kind.value for kind in QuestionKind],
        "errors": _said(error) if error else None,
        "saved": "saved" in request.GET,
    }
    return render(
        request, "channels/editor_form.html", context | {"rules": services.rules_in_words()}, status=error.status if error else 200
    )


@allow(Role.ANALYST)
@require_POST
def parts(request: ToonoRequest, draft_id: UUID, sheet: str) -> HttpResponse:
    """The order of questions or grounds; one more, one less."""
    what, _colon, part = request.POST.get("what", "").partition(":")
    part = part or request.POST.get("code", "").strip()
    try:
        services.change_draft_list(
            actor=request.actor, draft_id=draft_id, revision=_revision(request), name=sheet, what=what, part=part,
            kind=request.POST.get("kind", ""),
        )  # fmt: skip
    except SAVING as error:
        draft = services.draft(actor=request.actor, draft_id=draft_id)
        try:
            shown = services.draft_sheet(actor=request.actor, draft_id=draft_id, name=sheet)
        except DraftRefused:
            return redirect("channels:editor_text", draft_id=draft_id, file="service")
        return _form_page(request, draft, shown, {"code": part}, error)
    if what == "add":
        return redirect("channels:editor_part", draft_id=draft_id, sheet=sheet, part=part)
    return HttpResponseRedirect(reverse("channels:editor_form", kwargs={"draft_id": draft_id, "sheet": sheet}) + "?saved=1")


# -- preview -----------------------------------------------------------------------------------------------------


@allow(Role.ANALYST, Role.ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: ToonoRequest, draft_id: UUID) -> HttpResponse:
    """The draft as one of the cast meets it. Nothing is kept: the answers so far travel with the page."""
    request.actor = _who(request, draft_id)
    draft = services.draft(actor=request.actor, draft_id=draft_id)
    asked = request.POST if request.method == "POST" else request.GET
    persona = asked.get("walk.as", "") or (draft.personas[0][0] if draft.personas else "")
    try:
        shown = services.preview_draft(
            actor=request.actor, draft_id=draft_id, persona=persona, applicant=asked.get("walk.applicant", ""),
            said=request.POST.get("walk.said", ""), typed=typed(request) if request.method == "POST" else None,
        )  # fmt: skip
    except DraftRefused:
        return redirect(_own(request, draft_id))
    context = {
        "draft": draft,
        "preview": shown,
        "reviewing": request.actor.role is Role.ADMINISTRATOR,
        "again": urlencode({"walk.as": shown.persona, "walk.applicant": shown.applicant or ""}),
    }
    return render(request, "channels/editor_preview.html", context)


# -- archives ----------------------------------------------------------------------------------------------------


@allow(Role.ANALYST, Role.ADMINISTRATOR)
@require_safe
def archive(request: ToonoRequest, draft_id: UUID) -> HttpResponse:
    """The files as they stand in a repository, as a zip archive."""
    request.actor = _who(request, draft_id)
    name, content = services.export_draft(actor=request.actor, draft_id=draft_id)
    response = HttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


@allow(Role.ANALYST)
@csrf_exempt  # receives_files checks the token
@receives_files
@require_POST
def bring(request: ToonoRequest, draft_id: UUID) -> HttpResponse:
    """An archive from a repository takes the place of the texts."""
    file = request.FILES.get("archive")
    content = file.read() if file is not None and (file.size or 0) <= services.FILE_BYTES else b""
    return _step_saving(request, draft_id, content)


def _step_saving(request: ToonoRequest, draft_id: UUID, content: bytes) -> HttpResponse:
    try:
        services.import_draft(actor=request.actor, draft_id=draft_id, revision=_revision(request), archive=content)
    except SAVING as error:
        return _overview(request, draft_id, [{"text": f"{_(error.title_mn)}. {_(error.next_mn)}", "href": "#archive"}])
    return HttpResponseRedirect(_own(request, draft_id) + "?saved=1")
