"""The pages of the OpenID Provider for browsers: each reads the request, asks the door, and writes the answer."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from toono.identity import api
from toono.identity.contracts import ConfirmSignOut, ConsentRequired, Redirection, SigningRequired, SignInRequired
from toono.identity.domain.oidc import redirection
from toono.identity.errors import FlowOver
from toono.identity.web import cookies
from toono.identity.web.answers import body, open_to_scripts, redirect, signing_service, start_again
from toono.kernel.access import allow
from toono.kernel.actor import Role
from toono.ui.api import let_forms_lead_to


@open_to_scripts
@require_safe
@allow(Role.ANYBODY)
def openid_configuration(request: HttpRequest) -> HttpResponse:
    return JsonResponse(api.openid_configuration(), headers={"Cache-Control": "public, max-age=3600"})


@open_to_scripts
@require_safe
@allow(Role.ANYBODY)
def jwks(request: HttpRequest) -> HttpResponse:
    return JsonResponse(api.jwks(), headers={"Cache-Control": "public, max-age=300"}, content_type="application/jwk-set+json")


@csrf_exempt
@require_http_methods(["GET", "POST"])
@never_cache
@allow(Role.ANYBODY)
def authorize(request: HttpRequest) -> HttpResponse:
    """A form posted from another site brings no ``SameSite=Lax`` cookie, so it becomes a GET of the same request first."""
    if request.method == "POST":
        return redirect(f"{reverse('identity:authorize')}?{body(request)}")
    browser = cookies.browser(request) or secrets.token_urlsafe(32)
    outcome = api.authorization(query=request.META["QUERY_STRING"], session_token=cookies.session_token(request), browser=browser)
    response = next_page(request, outcome)
    if not isinstance(outcome, Redirection):
        cookies.set_browser(response, browser)
        speak_as_asked(request, response, outcome.flow_id, browser)
    return response


def speak_as_asked(request: HttpRequest, response: HttpResponse, flow_id: UUID, browser: str) -> None:
    """``ui_locales`` counts for somebody who has not chosen a language."""
    language = api.flow(flow_id=flow_id, browser=browser).language
    if language and "language" not in request.COOKIES:
        response.set_cookie("language", language, samesite="Lax", path="/")


@require_GET
@never_cache
@allow(Role.ANYBODY)
def resume(request: HttpRequest, flow_id: UUID) -> HttpResponse:
    try:
        outcome = api.resume_authorization(flow_id=flow_id, session_token=cookies.session_token(request), browser=cookies.browser(request))
    except FlowOver:
        return start_again(request)
    return next_page(request, outcome)


def next_page(request: HttpRequest, outcome: Redirection | SignInRequired | ConsentRequired | SigningRequired) -> HttpResponse:
    """Onward: by redirect, or by a form that the browser posts to the client (form_post; its script presses the button itself)."""
    if isinstance(outcome, Redirection) and outcome.posted:
        shown = render(request, "identity/form_post.html", {"url": outcome.url, "posted": outcome.posted})
        return let_forms_lead_to(shown, redirection.source(outcome.url))
    if isinstance(outcome, Redirection):
        return redirect(outcome.url)
    if isinstance(outcome, SigningRequired):
        return redirect(reverse("channels:signature", args=[outcome.request_id]))
    page = "identity:consent" if isinstance(outcome, ConsentRequired) else "identity:sign_in"
    return redirect(f"{reverse(page)}?flow={outcome.flow_id}")


@csrf_protect
@require_http_methods(["GET", "POST"])
@never_cache
@allow(Role.ANYBODY)
def consent(request: HttpRequest) -> HttpResponse:
    """What a client of another organisation would get; each item may be left out."""
    try:
        flow_id = UUID(request.GET.get("flow", ""))
        view = api.consent_view(flow_id=flow_id, browser=cookies.browser(request))
        if request.method == "GET":
            context = {"view": view, "signing_service": signing_service()}
            return let_forms_lead_to(render(request, "identity/consent.html", context), view.return_origin)
        agreed = request.POST.getlist("item") if request.POST.get("do") == "agree" else None
        api.answer_consent(flow_id=flow_id, browser=cookies.browser(request), session_token=cookies.session_token(request), agreed=agreed)
    except (FlowOver, ValueError):
        return start_again(request)
    return redirect(reverse("identity:resume", args=[flow_id]))


@csrf_exempt
@require_http_methods(["GET", "POST"])
@never_cache
@allow(Role.ANYBODY)
def end_session(request: HttpRequest) -> HttpResponse:
    """As at the authorization endpoint, a posted request becomes a GET first, so that the session's cookie comes with it."""
    if request.method == "POST":
        return redirect(f"{reverse('identity:end_session')}?{body(request)}")
    return _logout(request, request.META["QUERY_STRING"], confirmed=False)


@csrf_protect
@require_http_methods(["POST"])
@never_cache
@allow(Role.ANYBODY)
def confirm_end_session(request: HttpRequest) -> HttpResponse:
    """The person pressed the button on our own page."""
    return _logout(request, request.POST.get("query", ""), confirmed=True)


def _logout(request: HttpRequest, query: str, *, confirmed: bool) -> HttpResponse:
    """A request that is not believed has the status 400, with a page by which its person signs out all the same, and is sent nowhere. Their own word is no fault."""
    outcome = api.logout_request(query=query, session_token=cookies.session_token(request), confirmed=confirmed)
    if isinstance(outcome, Redirection):
        response: HttpResponse = redirect(outcome.url)
    else:
        name = "confirm_sign_out" if isinstance(outcome, ConfirmSignOut) else "signed_out"
        response = render(request, f"identity/{name}.html", {"outcome": outcome}, status=400 if outcome.fault and not confirmed else 200)
    if isinstance(outcome, ConfirmSignOut):
        ways_back = parse_qs(outcome.query).get("post_logout_redirect_uri", ())  # registered to the letter, or the query would be empty
        let_forms_lead_to(response, *map(redirection.source, ways_back))
    else:
        cookies.forget_session(response)
    return response
