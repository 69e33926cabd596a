"""The administrator's pages for agencies' servers: which names an organisation may have certificates for, and its ACME keys."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.settings import settings
from toono.kernel.text import clean
from toono.pki import api
from toono.pki.errors import DomainRefused


@allow(Role.ADMINISTRATOR)
@require_safe
def list_page(request: ToonoRequest) -> HttpResponse:
    """Every organisation that may have anything."""
    return render(request, "pki/servers.html", {"organisations": api.acme_organisations(actor=request.actor)})


@allow(Role.ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def organisation_page(request: ToonoRequest, code: str) -> HttpResponse:
    """One organisation: names are entered and removed, keys made and withdrawn. A new key's secret is shown once, in the answer."""
    errors: list[dict[str, str]] = []
    made = None
    act = request.POST.get("act", "") if request.method == "POST" else ""
    name = clean(request.POST.get("name", ""))[:260]
    if act == "add":
        try:
            api.add_server_domain(actor=request.actor, organisation=code, name=name)
        except DomainRefused:
            errors.append(
                {"href": "#name", "text": _("Нэрийг portal.nam.mn эсвэл *.nam.mn хэлбэрээр бичнэ. Өөр байгууллагын нэр байж болохгүй.")}
            )
    elif act == "remove":
        api.remove_server_domain(actor=request.actor, organisation=code, name=name)
    elif act == "key":
        made = api.make_acme_key(actor=request.actor, organisation=code)
    elif act == "withdraw":
        api.withdraw_acme_key(actor=request.actor, key_id=request.POST.get("key", "")[:43])
    if act and not errors and made is None:
        return HttpResponseRedirect(reverse("pki:servers_of", args=[code]))
    return render(
        request,
        "pki/servers_of.html",
        {
            "organisation": api.acme_organisation(actor=request.actor, code=code),
            "errors": errors,
            "typed": name if errors else "",
            "made": made,
            "directory": f"{settings().base_url}{reverse('pki:acme_directory')}",
        },
    )
