"""The pages of signing in: one question each."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from toono.identity import api
from toono.identity.errors import CodeRefused, FlowOver, Locked, RegnumMalformed, TooManyCodes, TooManyFromAddress
from toono.identity.web import cookies
from toono.identity.web.answers import redirect, start_again
from toono.kernel.access import ToonoRequest, allow, network_address
from toono.kernel.actor import Role
from toono.ui.api import let_forms_lead_to


def _flow_id(request: HttpRequest) -> UUID:
    try:
        return UUID(request.GET.get("flow", ""))
    except ValueError:
        raise FlowOver from None


def _address(name: str, flow_id: UUID) -> str:
    return f"{reverse(name)}?flow={flow_id}"


def _language() -> str:
    return "en" if get_language() == "en" else "mn"


def _page(request: HttpRequest, name: str, error: str | None = None, **context: object) -> HttpResponse:
    flow_id = _flow_id(request)
    flow = api.flow(flow_id=flow_id, browser=cookies.browser(request))
    client = flow.client_name_en if _language() == "en" else flow.client_name_mn
    query = f"?flow={flow_id}"
    response = render(request, f"identity/{name}.html", {"flow": flow, "client": client, "query": query, "error": error, **context})
    return let_forms_lead_to(response, flow.return_origin)


def _refused(request: HttpRequest, error: Locked | TooManyCodes | TooManyFromAddress) -> HttpResponse:
    """A limit is reached: a page of its own, which says when to come back. Nothing that was typed is lost."""
    context: dict[str, object] = {"title": error.title_mn, "next": error.next_mn, "until": None, "back": f"?flow={_flow_id(request)}"}
    until: datetime | None = error.data.get("until")
    response = render(
        request, "identity/wait.html", context | {"until": until, "seconds": error.data.get("retry_after_seconds")}, status=429
    )
    if "retry_after_seconds" in error.data:
        response["Retry-After"] = str(error.data["retry_after_seconds"])
    return response


@require_http_methods(["GET", "POST"])
@never_cache
@allow(Role.ANYBODY)
def sign_in(request: HttpRequest) -> HttpResponse:
    """Who are you: the register number."""
    try:
        flow_id = _flow_id(request)
        if request.method == "GET":
            return _page(request, "sign_in")
        typed = request.POST.get("regnum", "")[:100]
        try:
            api.ask_code(
                flow_id=flow_id, browser=cookies.browser(request), regnum=typed, address=network_address(request), language=_language()
            )
        except RegnumMalformed:
            return _page(
                request,
                "sign_in",
                gettext("Регистрийн дугаараа хоёр кирилл үсэг, найман тоогоор бичнэ үү, жишээ нь УБ05010112"),
                typed=typed,
            )
        except (Locked, TooManyCodes, TooManyFromAddress) as error:
            return _refused(request, error)
        return redirect(_address("identity:code", flow_id))
    except FlowOver:
        return start_again(request)


_CODE_ERRORS = {
    "identity.code_refused": gettext_lazy("Код буруу байна. SMS-ээр ирсэн хамгийн сүүлийн кодыг бичнэ үү"),
    "identity.code_malformed": gettext_lazy("Зургаан оронтой кодоо бичнэ үү"),
    "identity.code_expired": gettext_lazy("Кодын хугацаа дууссан. Шинэ код авна уу"),
    "identity.code_used_up": gettext_lazy("Энэ кодыг цаашид ашиглах боломжгүй. Шинэ код авна уу"),
}


@require_http_methods(["GET", "POST"])
@never_cache
@allow(Role.ANYBODY)
def code(request: HttpRequest) -> HttpResponse:
    """The code from the SMS."""
    try:
        flow_id = _flow_id(request)
        if request.method == "GET":
            return _code_page(request, flow_id)
        try:
            entered = api.enter_code(
                flow_id=flow_id, browser=cookies.browser(request), code=request.POST.get("code", "")[:40], address=network_address(request),
                device=request.headers.get("User-Agent", ""), replaces=cookies.session_token(request),
            )  # fmt: skip
        except CodeRefused as error:
            return _page(request, "code", str(_CODE_ERRORS[error.code]))
        except (Locked, TooManyFromAddress) as error:
            return _refused(request, error)
        response = redirect(reverse("identity:resume", args=[flow_id]))
        cookies.set_session_token(response, entered.session_token)
        return response
    except FlowOver:
        return start_again(request)


def _code_page(request: HttpRequest, flow_id: UUID) -> HttpResponse:
    if not api.flow(flow_id=flow_id, browser=cookies.browser(request)).code_asked:
        return redirect(_address("identity:sign_in", flow_id))
    return _page(request, "code")


@require_http_methods(["GET", "POST"])
@never_cache
@allow(Role.ANYBODY)
def new_code(request: HttpRequest) -> HttpResponse:
    """No SMS came: why that can be, and another code."""
    try:
        flow_id = _flow_id(request)
        if request.method == "GET":
            return _page(request, "new_code")
        try:
            api.ask_new_code(flow_id=flow_id, browser=cookies.browser(request), address=network_address(request), language=_language())
        except (Locked, TooManyCodes, TooManyFromAddress) as error:
            return _refused(request, error)
        return redirect(_address("identity:code", flow_id))
    except FlowOver:
        return start_again(request)


@require_http_methods(["GET", "POST"])
@never_cache
@allow(Role.CITIZEN)
def sessions(request: ToonoRequest) -> HttpResponse:
    """Where am I signed in; end what I do not know."""
    if request.method == "POST":
        try:
            session_id = UUID(request.POST.get("session", ""))
        except ValueError:
            return redirect(reverse("identity:sessions"))
        api.end_session(actor=request.actor, session_id=session_id)
        return redirect(reverse("identity:sessions"))
    return render(request, "identity/sessions.html", {"sessions": api.sessions(actor=request.actor)})
