"""Rights beyond one's own affairs: who holds which, given and taken by an administrator, never by the one who gets it."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from toono.identity import api
from toono.identity.errors import MayNotAppoint, RegnumMalformed, UnknownPerson
from toono.identity.web.console import words
from toono.identity.web.console.parties import PAGE_LENGTH, common, page_number
from toono.identity.web.console.places import APPOINTERS
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.text import clean

ROLES = {
    Role.SUPPORT: gettext_lazy("Иргэнд туслах ажилтан"),
    Role.OFFICER: gettext_lazy("Албан хаагч"),
    Role.OPERATOR: gettext_lazy("Оператор"),
    Role.REPRESENTATIVE: gettext_lazy("Төлөөлөгч"),
    Role.ANALYST: gettext_lazy("Шинжээч"),
    Role.LEADER: gettext_lazy("Удирдах ажилтан"),
    Role.ADMINISTRATOR: gettext_lazy("Администратор"),
}
ABOUT = {
    Role.SUPPORT: gettext_lazy("Нэвтэрч чадахгүй байгаа хүнд тусална. Систем, байгууллагын бүртгэлд хүрэхгүй."),
    Role.OFFICER: gettext_lazy("Байгууллагынхаа хүсэлтийг шийднэ."),
    Role.OPERATOR: gettext_lazy("Үйлчилгээний цэгт иргэнд үйлчилнэ."),
    Role.REPRESENTATIVE: gettext_lazy("Байгууллагынхаа систем, мэдээлэл авах эрхийг хөтөлнө."),
    Role.ANALYST: gettext_lazy("Байгууллагынхаа үйлчилгээг бичнэ."),
    Role.LEADER: gettext_lazy("Байгууллагынхаа тоо баримтыг үзнэ."),
    Role.ADMINISTRATOR: gettext_lazy("Платформыг ажиллуулна. Хүний бүртгэлийг нээхгүй."),
}


@require_http_methods(["GET", "POST"])
@never_cache
@allow(*APPOINTERS)
def appointments(request: ToonoRequest) -> HttpResponse:
    """All that stand, and a form for one more. By POST, so that no register number stands in an address."""
    typed = {name: clean(request.POST.get(name, ""))[:40] for name in ("regnum", "role", "organisation")}
    errors: list[dict[str, str]] = []
    if request.method == "POST":
        try:
            done = _end(request) if request.POST.get("do") == "end" else _appoint(request, typed, errors)
            if done:
                return HttpResponseRedirect(reverse("identity:appointments") + f"?done={done}")
        except (RegnumMalformed, UnknownPerson) as error:
            errors.append({"href": "#regnum", "text": _(error.title_mn)})
        except MayNotAppoint:
            errors.append({"href": "#regnum", "text": _("Өөрийнхөө эрхийг өөрөө өгч, авч болохгүй. Өөр администратор хийнэ")})
    return _page(request, typed, errors)


def _appoint(request: ToonoRequest, typed: dict[str, str], errors: list[dict[str, str]]) -> str:
    """What was done; empty where the form is to be mended."""
    role = next((role for role in ROLES if role.value == typed["role"]), None)
    organisation = typed["organisation"] if typed["organisation"] in words.all_organisations() else ""
    if not typed["regnum"]:
        errors.append({"href": "#regnum", "text": _("Регистрийн дугаарыг бичнэ үү")})
    if role is None:
        errors.append({"href": "#role", "text": _("Үүргийг сонгоно уу")})
    elif not organisation and role not in (Role.ADMINISTRATOR, Role.SUPPORT):
        errors.append({"href": "#organisation", "text": _("Энэ үүрэгт байгууллага сонгоно уу")})
    if errors or role is None:
        return ""
    api.appoint(actor=request.actor, regnum=typed["regnum"], role=role, organisation=organisation or None)
    return "appointed"


def _end(request: ToonoRequest) -> str:
    try:
        person_id, role = UUID(request.POST.get("person", "")), Role(request.POST.get("role", ""))
    except ValueError:
        return "same"
    organisation = clean(request.POST.get("organisation", ""))[:40]
    api.end_appointment(actor=request.actor, person_id=person_id, role=role, organisation=organisation or None)
    return "ended"


def _page(request: ToonoRequest, typed: dict[str, str], errors: list[dict[str, str]]) -> HttpResponse:
    text, page = clean(request.GET.get("text", ""))[:100], page_number(request)
    offset = (page - 1) * PAGE_LENGTH
    role = next((role.value for role, title in ROLES.items() if str(title).casefold() == text.casefold()), text)
    found = api.appointment_listing(actor=request.actor, text=role, limit=PAGE_LENGTH, offset=offset)
    names = words.all_organisations()
    context = {
        "found": found, "text": text, "typed": typed, "errors": errors, "titles": ROLES, "about": ABOUT, "names": names,
        "organisations": sorted(names.items(), key=lambda one: one[1]), "done": request.GET.get("done", ""),
        "before": f"?{urlencode({'text': text, 'page': page - 1})}" if page > 1 else "",
        "after": f"?{urlencode({'text': text, 'page': page + 1})}" if offset + PAGE_LENGTH < found.total else "",
        **common(request),
    }  # fmt: skip
    return render(request, "identity/console_appointments.html", context, status=400 if errors else 200)
