"""What everybody may ask: revocation lists (RFC 5280), authorities' certificates, time-stamps (RFC 3161). Status is answered before Django.

The protocols' own answers carry every refusal; HTTP says only whether it was understood as HTTP.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_crl, load_pem_x509_certificate
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from toono.kernel.access import allow
from toono.kernel.actor import Role
from toono.pki import api

BODY_LIMIT_BYTES = 16 * 1024
CERTIFICATE_SECONDS = 30 * 24 * 3600
"""How long others may keep a certificate: under one address it never changes."""


@allow(Role.ANYBODY)
@require_safe
def revocation_list(request: HttpRequest, authority: str) -> HttpResponse:
    return _list(request, api.revocation_list(authority=authority))


@allow(Role.ANYBODY)
@require_safe
def revocation_changes(request: HttpRequest, authority: str) -> HttpResponse:
    """A list of changes (delta)."""
    return _list(request, api.revocation_list(authority=authority, changes=True))


@allow(Role.ANYBODY)
@require_safe
def authority_certificate(request: HttpRequest, authority: str) -> HttpResponse:
    pem = api.authority_by_name(name=authority)
    return certificate(request, load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER))


def certificate(request: HttpRequest, der: bytes) -> HttpResponse:
    """A certificate as a file that others may keep."""
    answer = _binary(der, "application/pkix-cert")
    answer["Cache-Control"] = f"public, max-age={CERTIFICATE_SECONDS}, immutable"
    return _unless_known(request, answer)


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


def _list(request: HttpRequest, content: bytes | None) -> HttpResponse:
    """A revocation list. ``Expires`` is its ``nextUpdate``; who knows ``max-age`` (RFC 9111 §5.3) asks sooner, since a revocation makes a new one."""
    if content is None:
        raise Http404
    answer, read = _binary(content, "application/pkix-crl"), load_der_x509_crl(content)
    answer["Cache-Control"] = "public, max-age=60"
    if read.next_update_utc is not None:
        answer["Expires"] = http_date(read.next_update_utc.timestamp())
    return _unless_known(request, answer, read.last_update_utc)


def _unless_known(request: HttpRequest, answer: HttpResponse, changed: datetime | None = None) -> HttpResponse:
    """The answer, or 304 to whoever has this very one (RFC 9110 §13)."""
    etag = quote_etag(hashlib.sha256(answer.content).hexdigest())
    answer["ETag"] = etag
    if changed is not None:
        answer["Last-Modified"] = http_date(changed.timestamp())
    return get_conditional_response(request, etag, int(changed.timestamp()) if changed else None, answer) or answer


def _binary(content: bytes, kind: str) -> HttpResponse:
    return HttpResponse(content, content_type=kind)
