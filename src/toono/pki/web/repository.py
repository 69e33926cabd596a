"""The public repository: authorities, revocation lists, trusted list, and certificates of organisations by words or number."""

from __future__ import annotations

import hashlib
import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from toono.kernel.access import allow
from toono.kernel.actor import Role
from toono.kernel.text import clean
from toono.pki import api
from toono.pki.contracts import CertificateState, Profile
from toono.pki.errors import CertificateNotFound
from toono.pki.web import public

SHORTEST = 3
MOST = 50


@allow(Role.ANYBODY)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """What everybody may have, in words; a search of three letters or more."""
    text = clean(request.GET.get("text", ""))[:100]
    long_enough = len(text) >= SHORTEST
    found = api.public_certificates(text=text, limit=MOST + 1) if long_enough else []
    return render(
        request,
        "pki/repository.html",
        {
            "text": text,
            "too_short": bool(text) and not long_enough,
            "found": found[:MOST],
            "more": len(found) > MOST,
            "searched": long_enough,
            "authorities": api.public_authorities(),
            "titles": titles(),
            "states": states(),
        },
    )


@allow(Role.ANYBODY)
@require_safe
def certificate(request: HttpRequest, serial: str) -> HttpResponse:
    """One certificate, DER."""
    if not re.fullmatch(r"[0-9a-f]{1,40}", serial):
        raise CertificateNotFound(serial[:40])
    answer = public.certificate(request, api.public_certificate(serial=serial))
    answer["Content-Disposition"] = f'attachment; filename="{serial}.cer"'
    return answer


@allow(Role.ANYBODY)
@require_safe
def trusted_list(request: HttpRequest) -> HttpResponse:
    """Our trusted list (TS 119 612 §6.1)."""
    answer = HttpResponse(api.trusted_list(), content_type="application/vnd.etsi.tsl+xml")
    answer["Cache-Control"] = "public, max-age=300"
    return answer


@allow(Role.ANYBODY)
@require_safe
def trusted_list_digest(request: HttpRequest) -> HttpResponse:
    """SHA-256 of our trusted list, as hexadecimal digits: whether there is a newer one (TS 119 612 §6.1). It authenticates nothing."""
    answer = HttpResponse(hashlib.sha256(api.trusted_list()).hexdigest(), content_type="text/plain")
    answer["Cache-Control"] = "public, max-age=300"
    return answer


def titles() -> dict[Profile, str]:
    """What each kind of certificate is for."""
    return {
        Profile.ROOT: _("Язгуур гэрчилгээжүүлэгч"),
        Profile.ISSUING: _("Байгууллагын гэрчилгээ олгогч"),
        Profile.ISSUING_PERSONS: _("Хүний гэрчилгээ олгогч"),
        Profile.ISSUING_SERVERS: _("Серверийн гэрчилгээ олгогч"),
        Profile.OCSP: _("Төлөв хариулагч"),
        Profile.TIMESTAMP: _("Цаг тэмдэг тавигч"),
        Profile.TRUSTED_LIST: _("Итгэмжлэлийн жагсаалтын гарын үсэг"),
        Profile.SEAL: _("Байгууллагын тоон тамга"),
        Profile.EXCHANGE: _("Мэдээлэл солилцооны гарын үсэг"),
        Profile.SERVER: _("Серверийн гэрчилгээ"),
    }


def states() -> dict[CertificateState, str]:
    """Where a certificate stands."""
    return {
        CertificateState.VALID: _("Хүчинтэй"),
        CertificateState.EXPIRED: _("Хугацаа дууссан"),
        CertificateState.REVOKED: _("Хүчингүй болгосон"),
        CertificateState.SUSPENDED: _("Түдгэлзүүлсэн"),
    }
