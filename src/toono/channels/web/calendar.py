"""Days moved by decree, for the administrator."""

from __future__ import annotations

from datetime import date

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toono.kernel import decrees
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.errors import DecreeRefused


@allow(Role.ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def calendar(request: ToonoRequest) -> HttpResponse:
    """The decreed days; enter one, or take one back."""
    typed = {name: request.POST.get(name, "") for name in ("day", "works", "decree")}
    errors: list[dict[str, str]] = []
    if request.method == "POST":
        day = _day(request.POST.get("remove") or typed["day"])
        try:
            if day is None:
                errors = [{"text": _("Өдрөө он, сар, өдрөөр бичнэ үү, жишээ нь 2026.02.28"), "href": "#day"}]
            elif request.POST.get("remove"):
                decrees.remove_day(actor=request.actor, day=day)
            elif typed["works"] not in {"yes", "no"}:
                errors = [{"text": _("Ажлын өдөр эсэхийг сонгоно уу"), "href": "#works"}]
            else:
                decrees.set_day(actor=request.actor, day=day, works=typed["works"] == "yes", decree=typed["decree"])
        except DecreeRefused as error:
            errors = [{"text": _(error.title_mn), "href": "#decree"}]
        if not errors:
            return HttpResponseRedirect(redirect("channels:calendar").url + "?saved=1")
    context = {"days": decrees.days(), "errors": errors, "saved": "saved" in request.GET, **typed}
    return render(request, "channels/calendar.html", context)


def _day(typed: str) -> date | None:
    try:
        year, month, day = (int(part) for part in typed.strip().rstrip(".").replace(".", "-").replace("/", "-").split("-"))
        return date(year, month, day)
    except ValueError:
        return None
