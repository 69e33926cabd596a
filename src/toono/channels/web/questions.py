"""Questions of an application: pages, members of groups, files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from toono.channels.web.ordering import onward
from toono.channels.web.uploads import receives_files, uploads
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.services import api as services
from toono.services.contracts import Press, PressKind, QuestionField, QuestionKind, QuestionPage, Typed
from toono.services.errors import AlreadySubmitted

_FIELD = re.compile(r"([a-z][a-z0-9_]*)(?:-([a-z_]+))?")
_FIRST_PART = {
    QuestionKind.DATE: "year",
    QuestionKind.ADDRESS: "unit",
    QuestionKind.POINT: "lat",
    QuestionKind.PERSON: "regnum",
}


def typed(request: ToonoRequest) -> dict[str, Typed]:
    """What was typed, by question: the parts of one stand in fields named ``<question>-<part>``."""
    found: dict[str, Typed] = {}
    for name, values in request.POST.lists():
        shape = _FIELD.fullmatch(name)
        if shape is None or name in {"csrfmiddlewaretoken", "from", "press"}:
            continue
        code, part = shape.groups()
        before = found.get(code)
        if part is None:
            found[code] = values[0] if len(values) == 1 else values
        else:
            found[code] = {**before, part: values[0]} if isinstance(before, Mapping) else {part: values[0]}
    return found


def _press(request: ToonoRequest) -> Press | None:
    kind, _colon, of = request.POST.get("press", "").partition(":")
    return Press(kind=PressKind(kind), of=of) if kind in set(PressKind) else None


def _from_check(request: ToonoRequest) -> bool:
    return (request.POST.get("from") or request.GET.get("from")) == "check"


@allow(Role.CITIZEN)
@csrf_exempt  # receives_files checks the token
@receives_files
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: ToonoRequest, case_id: UUID, question: str) -> HttpResponse:
    """A page of questions: show it, or save the answers and go on."""
    from_check = _from_check(request)
    try:
        if request.method != "POST":
            page = services.question(actor=request.actor, case_id=case_id, question=question, from_check=from_check)
            return _moved(page) if page.code != question else drawn(request, page)
        result = services.answer(
            actor=request.actor, case_id=case_id, question=question, values=typed(request), files=uploads(request), press=_press(request),
            from_check=from_check,
        )  # fmt: skip
    except AlreadySubmitted:
        return redirect("channels:case", case_id=case_id)
    if not isinstance(result, QuestionPage):
        return onward(result, from_check=from_check)
    return drawn(request, result)


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
def member(request: ToonoRequest, case_id: UUID, question: str, member: str | None = None) -> HttpResponse:
    """One member of a repeating group: show its questions, or save them and go back to the list."""
    from_check = _from_check(request)
    try:
        if request.method == "POST":
            page = services.answer_member(
                actor=request.actor, case_id=case_id, question=question, member=member, values=typed(request), from_check=from_check
            )
        else:
            page = services.member(actor=request.actor, case_id=case_id, question=question, member=member, from_check=from_check)
    except AlreadySubmitted:
        return redirect("channels:case", case_id=case_id)
    return drawn(request, page) if page.group or page.wrong else _moved(page)


@allow(Role.CITIZEN)
@require_POST
def remove_member(request: ToonoRequest, case_id: UUID, question: str, member: str) -> HttpResponse:
    """Take a member out of its group."""
    try:
        page = services.remove_member(
            actor=request.actor, case_id=case_id, question=question, member=member, from_check=_from_check(request)
        )
    except AlreadySubmitted:
        return redirect("channels:case", case_id=case_id)
    return _moved(page)


def _moved(page: QuestionPage) -> HttpResponseRedirect:
    """To the page's own address."""
    address = reverse("channels:question", kwargs={"case_id": page.case_id, "question": page.code})
    return HttpResponseRedirect(address + ("?from=check" if page.from_check else ""))


def drawn(request: ToonoRequest, page: QuestionPage) -> HttpResponse:
    """The page itself."""
    language = get_language() or "mn"
    errors = [{"text": field.error.to(language), "href": f"#{first_input(field)}"} for field in page.fields if field.error]
    response = render(request, "channels/question.html", {"page": page, "errors": errors, "first_input": first_input})
    if any(field.kind is QuestionKind.POINT for field in page.fields):
        response["Permissions-Policy"] = "camera=(), geolocation=(self), microphone=(), payment=(), usb=(), interest-cohort=()"
    return response


def first_input(field: QuestionField) -> str:
    """Id of the input to which an error leads."""
    part = field.error_part or _FIRST_PART.get(field.kind)
    if field.kind is QuestionKind.ADDRESS and part == "unit" and not field.places:
        part = "aimag"
    return f"{field.code}-{part}" if part else field.code


# -- files -------------------------------------------------------------------------------------------------------


def _file(request: ToonoRequest, case_id: UUID, attachment_id: UUID) -> HttpResponse:
    """The file, to be saved: never shown as a page of ours."""
    found = services.attachment(actor=request.actor, case_id=case_id, attachment_id=attachment_id)
    response = HttpResponse(found.content, content_type=found.media_type)
    plain = re.sub(r"[^\w.\- ]", "_", found.name, flags=re.ASCII)
    response["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(found.name, safe='')}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    response["Cache-Control"] = "no-store"
    return response


@allow(Role.CITIZEN)
@require_safe
def own_file(request: ToonoRequest, case_id: UUID, attachment_id: UUID) -> HttpResponse:
    """A file of one's own application."""
    return _file(request, case_id, attachment_id)


@allow(Role.OFFICER)
@require_safe
def desk_file(request: ToonoRequest, case_id: UUID, attachment_id: UUID) -> HttpResponse:
    """A file of an application on the desk."""
    return _file(request, case_id, attachment_id)
