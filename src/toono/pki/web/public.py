"""What everybody may ask: revocation lists (RFC 5280), authorities' certificates, time-stamps (RFC 3161). Status is answered before Django.

The protocols' own answers carry every refusal; HTTP says only whether it was understood as HTTP.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from toono.kernel.access import allow
from toono.kernel.actor import Role
from toono.pki import api

BODY_LIMIT_BYTES = 16 * 1024


@allow(Role.ANYBODY)
@require_safe
def revocation_list(request: HttpRequest, authority: str) -> HttpResponse:
    return _list(api.revocation_list(authority=authority))


@allow(Role.ANYBODY)
@require_safe
def revocation_changes(request: HttpRequest, authority: str) -> HttpResponse:
    """A list of changes (delta)."""
    return _list(api.revocation_list(authority=authority, changes=True))


@allow(Role.ANYBODY)
@require_safe
def authority_certificate(request: HttpRequest, authority: str) -> HttpResponse:
    pem = api.authority_by_name(name=authority)
    return _binary(load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER), "application/pkix-cert")


@csrf_exempt
@allow(Role.ANYBODY)
@require_POST
def time_stamp(request: HttpRequest) -> HttpResponse:
    if request.content_type != "application/timestamp-query":
        return HttpResponse("The body must be application/timestamp-query (RFC 3161 section 3.4).", status=415, content_type="text/plain")
    return _binary(api.answer_time_stamp(request=_body(request)), "application/timestamp-reply")


def _body(request: HttpRequest) -> bytes:
    """At most one byte more than the limit: enough for the parser to see that it is too large, without reading it all."""
    return request.read(BODY_LIMIT_BYTES + 1)


def _list(content: bytes | None) -> HttpResponse:
    if content is None:
        raise Http404
    answer = _binary(content, "application/pkix-crl")
    answer["Cache-Control"] = "public, max-age=60"
    return answer


def _binary(content: bytes, kind: str) -> HttpResponse:
    return HttpResponse(content, content_type=kind)
