"""ACME over HTTP (RFC 8555 §6): bodies in, answers out, a fresh nonce with each. What they say is ``operations/acme``'s."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from toono.kernel.access import allow
from toono.kernel.actor import Role
from toono.kernel.settings import settings
from toono.pki import api
from toono.pki.contracts import AcmeAnswer

BODY_LIMIT_BYTES = 64 * 1024


@allow(Role.ANYBODY)
@require_safe
def directory(request: HttpRequest) -> HttpResponse:
    return _http(api.acme_directory())


@allow(Role.ANYBODY)
@require_http_methods(["GET", "HEAD"])
def new_nonce(request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(status=204 if request.method == "GET" else 200)
    return _with_nonce(answer)


@csrf_exempt
@allow(Role.ANYBODY)
def ask(request: HttpRequest, place: str, named: str = "", part: str = "") -> HttpResponse:
    """Every signed request; what is none is a problem too (§6.2, §6.3)."""
    if request.method != "POST":
        answer = _malformed(405, "Everything but the directory and nonces is asked by a signed POST (RFC 8555 section 6.3).")
        answer["Allow"] = "POST"
        return answer
    if request.content_type != "application/jose+json":
        return _malformed(415, "The body must be application/jose+json (RFC 8555 section 6.2).")
    body = request.read(BODY_LIMIT_BYTES + 1)
    return _with_nonce(_http(api.answer_acme(place=place, named=named, part=part, body=body)))


def _malformed(status: int, detail: str) -> HttpResponse:
    content = {"type": "urn:ietf:params:acme:error:malformed", "detail": detail, "status": status}
    return _with_nonce(JsonResponse(content, status=status, content_type="application/problem+json"))


def _http(answer: AcmeAnswer) -> HttpResponse:
    found = HttpResponse(answer.content, status=answer.status, content_type=answer.media_type)
    if answer.location:
        found["Location"] = answer.location
    if answer.retry_after is not None:
        found["Retry-After"] = str(answer.retry_after)
    links = [f'<{settings().base_url}{reverse("pki:acme_directory")}>;rel="index"']
    if answer.up:
        links.append(f'<{answer.up}>;rel="up"')
    found["Link"] = ", ".join(links)
    return found


def _with_nonce(answer: HttpResponse) -> HttpResponse:
    answer["Replay-Nonce"] = api.acme_nonce()
    answer["Cache-Control"] = "no-store"
    return answer
