"""The administrator's page: who may ask persons for authentications and signatures through the interface of Smart-ID."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.text import clean
from toono.pki import api
from toono.pki.contracts import RegisteredParty
from toono.pki.errors import SigningRequestRefused


@allow(Role.ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def relying_parties(request: ToonoRequest) -> HttpResponse:
    """All of them; a new one. Its secret stands on the page that answers the registration, and nowhere afterwards."""
    if request.method != "POST":
        return _page(request)
    names, callbacks = (_lines(request.POST.get(field, "")) for field in ("names", "callbacks"))
    try:
        made = api.register_relying_party(actor=request.actor, names=names, callbacks=callbacks)
    except SigningRequestRefused:
        error = _("Нэр 1–120 тэмдэгт, буцах хаяг https://… хэлбэртэй байна")
        return _page(request, errors=[{"text": error, "href": "#names"}])
    return _page(request, made=made)


@allow(Role.ADMINISTRATOR)
@require_POST
def end(request: ToonoRequest, party_id: UUID) -> HttpResponse:
    """It asks nothing any more."""
    api.end_relying_party(actor=request.actor, party_id=party_id)
    return HttpResponseRedirect(reverse("pki:relying_parties"))


def _lines(text: str) -> list[str]:
    return [tidy for line in text.splitlines() if (tidy := clean(line))]


def _page(request: ToonoRequest, *, made: RegisteredParty | None = None, errors: list[dict[str, str]] | None = None) -> HttpResponse:
    context = {
        "parties": api.relying_parties(actor=request.actor), "made": made, "errors": errors or [],
        "typed": {name: request.POST.get(name, "") for name in ("names", "callbacks")} if errors else {},
    }  # fmt: skip
    return render(request, "pki/relying_parties.html", context)
