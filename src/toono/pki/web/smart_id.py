"""The relying-party interface of Smart-ID, version 3, and its device links. Relying parties prove themselves by their secret; a person only opens a link."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from toono.kernel.access import allow
from toono.kernel.actor import Role
from toono.kernel.errors import ToonoError
from toono.kernel.jose import json_object
from toono.kernel.settings import settings
from toono.pki import api
from toono.pki.contracts import RelyingPartyInfo, SigningPurpose
from toono.pki.errors import SigningRequestRefused

BODY_LIMIT_BYTES = 16 * 1024
LINKS = "signing_links"
"""Key in the portal's session: requests whose links this browser has opened, each with its way."""
KEPT_LINKS = 5
PURPOSES = {"authentication": SigningPurpose.AUTHENTICATION, "signature": SigningPurpose.SIGNATURE}
View = Callable[..., HttpResponse]


def _answers(view: View) -> View:
    """The interface's own way to refuse: a status, and a problem in JSON that a developer can read."""

    @wraps(view)
    def answered(request: HttpRequest, *arguments: str, **named: str) -> HttpResponse:
        try:
            return view(request, *arguments, **named)
        except ToonoError as error:
            if error.status >= 500 and not error.transient:
                raise
            problem = {"type": "about:blank", "title": error.code, "status": error.status, "code": error.code, "detail": str(error)}
            return JsonResponse(problem, status=error.status, content_type="application/problem+json")

    return answered


@csrf_exempt
@never_cache
@allow(Role.ANYBODY)
@require_POST
@_answers
def begin(request: HttpRequest, purpose: str, way: str, addressed: str, to: str = "") -> HttpResponse:
    """``/<authentication|signature>/<notification|device-link>/<etsi|document|anonymous>[/<identifier>]``."""
    party = _party(request)
    if request.content_type != "application/json":
        raise SigningRequestRefused("send application/json")
    try:
        body = json_object(request.read(BODY_LIMIT_BYTES + 1)[:BODY_LIMIT_BYTES])
    except ValueError as error:
        raise SigningRequestRefused(f"the body is no JSON object of at most {BODY_LIMIT_BYTES} bytes: {error}") from None
    return JsonResponse(
        api.smart_id_begin(party=party, purpose=PURPOSES[purpose], addressed=addressed, to=to, link=way == "device-link", body=body)
    )


@never_cache
@allow(Role.ANYBODY)
@require_GET
@_answers
def session(request: HttpRequest, session_id: str) -> HttpResponse:
    """How a session stands; ``timeoutMs`` says how long to wait for a change."""
    wait = request.GET.get("timeoutMs", "0")
    if not re.fullmatch(r"[0-9]{1,6}", wait):
        raise SigningRequestRefused("timeoutMs must be a whole number of milliseconds")
    return JsonResponse(api.smart_id_session(party=_party(request), session_id=session_id, timeout_milliseconds=int(wait)))


@never_cache
@allow(Role.ANYBODY)
@require_GET
def link(request: HttpRequest) -> HttpResponse:
    """A device link. It is checked at once, while it is fresh; the person may have to sign in afterwards."""
    request_id, flow = api.smart_id_open_link(address=f"{settings().base_url}/dl?{request.META['QUERY_STRING']}")
    kept = dict(list(request.session.get(LINKS, {}).items())[-KEPT_LINKS + 1 :])
    request.session[LINKS] = kept | {str(request_id): flow}
    return HttpResponseRedirect(f"/my/signatures/{request_id}")


def _party(request: HttpRequest) -> RelyingPartyInfo:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return api.relying_party(secret=secret.strip() if scheme.lower() == "bearer" else "")
