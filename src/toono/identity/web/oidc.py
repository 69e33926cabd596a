"""The endpoints of the OpenID Provider: each reads the request, asks the door, and writes the answer."""

from __future__ import annotations

import secrets
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods

from toono.identity import api
from toono.identity.contracts import ConfirmSignOut, ProtocolAnswer, Redirection, SignInRequired
from toono.identity.errors import FlowOver
from toono.identity.web import cookies
from toono.identity.web.answers import body, redirect, start_again
from toono.kernel.access import allow
from toono.kernel.actor import Role


@require_GET
@allow(Role.ANYBODY)
def openid_configuration(request: HttpRequest) -> HttpResponse:
    return JsonResponse(api.openid_configuration(), headers={"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"})


@require_GET
@allow(Role.ANYBODY)
def jwks(request: HttpRequest) -> HttpResponse:
    headers = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
    return JsonResponse(api.jwks(), headers=headers, content_type="application/jwk-set+json")


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
    response = _next(outcome)
    if isinstance(outcome, SignInRequired):
        cookies.set_browser(response, browser)
    return response


@require_GET
@never_cache
@allow(Role.ANYBODY)
def resume(request: HttpRequest, flow_id: UUID) -> HttpResponse:
    try:
        outcome = api.resume_authorization(flow_id=flow_id, session_token=cookies.session_token(request), browser=cookies.browser(request))
    except FlowOver:
        return start_again(request)
    return _next(outcome)


def _next(outcome: Redirection | SignInRequired) -> HttpResponseRedirect:
    if isinstance(outcome, Redirection):
        return redirect(outcome.url)
    return redirect(f"{reverse('identity:sign_in')}?flow={outcome.flow_id}")


@csrf_exempt
@require_http_methods(["POST"])
@allow(Role.ANYBODY)
def token(request: HttpRequest) -> HttpResponse:
    """For machines: no cookie is read, the client proves itself."""
    if request.content_type != "application/x-www-form-urlencoded" or request.META["QUERY_STRING"]:
        return _json(ProtocolAnswer(status=400, body={"error": "invalid_request", "error_description": "send a form in the body"}))
    return _json(api.exchange_code(form=body(request), authorization=request.headers.get("Authorization")))


@csrf_exempt
@require_http_methods(["GET", "POST"])
@allow(Role.ANYBODY)
def userinfo(request: HttpRequest) -> HttpResponse:
    form = body(request) if request.content_type == "application/x-www-form-urlencoded" else ""
    return _json(api.user_info(form=form, authorization=request.headers.get("Authorization")))


def _json(answer: ProtocolAnswer) -> HttpResponse:
    response = JsonResponse(answer.body, status=answer.status, headers={"Cache-Control": "no-store"})
    if answer.authenticate:
        response["WWW-Authenticate"] = answer.authenticate
    return response


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
    outcome = api.logout_request(query=query, session_token=cookies.session_token(request), confirmed=confirmed)
    if isinstance(outcome, ConfirmSignOut):
        return render(request, "identity/confirm_sign_out.html", {"query": outcome.query})
    response: HttpResponse = redirect(outcome.url) if isinstance(outcome, Redirection) else render(request, "identity/signed_out.html")
    cookies.forget_session(response)
    return response
