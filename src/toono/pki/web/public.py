"""What everybody may ask: status (RFC 6960), lists (RFC 5280), authorities' certificates, time-stamps (RFC 3161).

The protocols' own answers carry every refusal; HTTP says only whether it was understood as HTTP.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from urllib.parse import unquote

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from toono.kernel.access import allow
from toono.kernel.actor import Role
from toono.pki import api
from toono.pki.contracts import Profile

BODY_LIMIT_BYTES = 16 * 1024
AUTHORITIES = {profile.value: profile for profile in (Profile.ROOT, Profile.ISSUING)}


@csrf_exempt
@allow(Role.ANYBODY)
@require_POST
def ocsp_post(request: HttpRequest) -> HttpResponse:
    return _binary(api.answer_status(request=_body(request)), "application/ocsp-response")


@allow(Role.ANYBODY)
@require_GET
def ocsp_get(request: HttpRequest, encoded: str) -> HttpResponse:
    """The request stands in the path, base64 and percent-encoded (RFC 6960 §A.1)."""
    try:
        asked = b64decode(unquote(encoded[:BODY_LIMIT_BYTES]), validate=True)
    except (binascii.Error, ValueError):
        asked = b""
    answer = _binary(api.answer_status(request=asked), "application/ocsp-response")
    answer["Cache-Control"] = "public, max-age=60"
    return answer


@allow(Role.ANYBODY)
@require_GET
def revocation_list(request: HttpRequest, authority: str) -> HttpResponse:
    content = api.revocation_list(authority=_authority(authority))
    if content is None:
        raise Http404
    answer = _binary(content, "application/pkix-crl")
    answer["Cache-Control"] = "public, max-age=60"
    return answer


@allow(Role.ANYBODY)
@require_GET
def authority_certificate(request: HttpRequest, authority: str) -> HttpResponse:
    pem = api.authority_certificate(authority=_authority(authority))
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


def _authority(name: str) -> Profile:
    try:
        return AUTHORITIES[name]
    except KeyError:
        raise Http404 from None


def _binary(content: bytes, kind: str) -> HttpResponse:
    return HttpResponse(content, content_type=kind)
