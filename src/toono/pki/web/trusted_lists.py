"""The administrator's page of other people's trusted lists."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.pki import api
from toono.pki.errors import TrustedListRefused, TrustedListUnreachable

LIST_BYTES = 20 * 1024 * 1024
PIN_BYTES = 64 * 1024


@allow(Role.ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: ToonoRequest) -> HttpResponse:
    """Which lists are loaded; loading one from a file or an address, under the certificate that signs it."""
    errors: list[dict[str, str]] = []
    if request.method == "POST":
        errors = _load(request)
        if not errors:
            return HttpResponseRedirect(reverse("pki:trusted_lists"))
    context = {
        "lists": api.loaded_trusted_lists(actor=request.actor),
        "errors": errors,
        "chosen": {name: request.POST.get(name, "") for name in ("title", "address")},
    }
    return render(request, "pki/trusted_lists.html", context, status=400 if errors else 200)


@allow(Role.ADMINISTRATOR)
@require_POST
def remove(request: ToonoRequest, list_id: int) -> HttpResponse:
    """Believe nobody by this list any more."""
    api.remove_trusted_list(actor=request.actor, list_id=list_id)
    return HttpResponseRedirect(reverse("pki:trusted_lists"))


def _load(request: ToonoRequest) -> list[dict[str, str]]:
    """What is missing or wrong, said beside its field."""
    title, address = request.POST.get("title", "").strip(), request.POST.get("address", "").strip()
    pin, xml = request.FILES.get("pin"), request.FILES.get("xml")
    wrong = []
    if not title:
        wrong.append({"href": "#title", "text": _("Жагсаалтыг юу гэж нэрлэхээ бичнэ үү")})
    if pin is None or (pin.size or 0) > PIN_BYTES:
        wrong.append({"href": "#pin", "text": _("Жагсаалтад гарын үсэг зурдаг гэрчилгээг сонгоно уу")})
    if bool(address) == (xml is not None) or (xml is not None and (xml.size or 0) > LIST_BYTES):
        wrong.append({"href": "#address", "text": _("Хаягаа бичих, эсвэл файлаа сонгох: хоёрын нэгийг хийнэ үү")})
    if wrong or pin is None:
        return wrong
    try:
        api.load_trusted_list(actor=request.actor, title=title, pin=pin.read(), xml=xml.read() if xml else None, address=address)
    except (TrustedListRefused, TrustedListUnreachable) as error:
        # The administrator is the one person whom the technical reason helps.
        return [{"href": "#address", "text": f"{error.title_mn}: {error}"}]
    return []
