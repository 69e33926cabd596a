"""The desk itself, for its head: who has which function, who is on leave and who stands in, to whom new cases go."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.services import api as services
from toono.services.contracts import RuleView
from toono.services.errors import DeskRefused, FunctionMissing

SPARE_RULES = 2
"""Empty lines under the rules, to add some without script."""


class _Unreadable(ValueError):
    """A date or a person of the form cannot be read."""


def _page(request: ToonoRequest, **more: object) -> HttpResponse:
    desk = services.desk_settings(actor=request.actor)
    context = {
        "desk": desk,
        "own": request.actor.person_id,
        "names": {member.person_id: member.name for member in desk.members},
        "functions": [(code, services.function_label(code=code)) for code in desk.functions],
        "rules": [*desk.rules, *[RuleView()] * SPARE_RULES],
        "saved": "saved" in request.GET,
    }
    return render(request, "channels/desk_settings.html", context | more)


@allow(Role.OFFICER)
@require_safe
def settings(request: ToonoRequest) -> HttpResponse:
    """Members with their functions and leave; the rules."""
    services.open_desk(actor=request.actor)
    return _page(request)


def _saved() -> HttpResponse:
    return HttpResponseRedirect(redirect("channels:desk_settings").url + "?saved=1")


@allow(Role.OFFICER)
@require_POST
def member(request: ToonoRequest, person_id: UUID) -> HttpResponse:
    """Functions, or leave, of one member."""
    try:
        if request.POST.get("what") == "functions":
            services.set_functions(actor=request.actor, person_id=person_id, functions=request.POST.getlist("function"))
        else:
            services.set_leave(
                actor=request.actor, person_id=person_id, first=_day(request.POST.get("first", "")), last=_day(request.POST.get("last", "")),
                substitute_id=_person(request.POST.get("substitute", "")),
            )  # fmt: skip
    except (DeskRefused, FunctionMissing) as error:
        return _page(request, errors=[{"text": _(error.title_mn), "href": f"#m-{person_id}"}])
    except _Unreadable:
        return _page(request, errors=[{"text": _("Огноогоо он, сар, өдрөөр бичнэ үү, жишээ нь 2026.03.02"), "href": f"#m-{person_id}"}])
    return _saved()


@allow(Role.OFFICER)
@require_POST
def rules(request: ToonoRequest) -> HttpResponse:
    """All rules anew, in the order of their numbers; a line without a number is left out."""
    columns = [request.POST.getlist(name) for name in ("position", "service", "aimag", "function", "person")]
    try:
        lines = [line for line in zip(*columns, strict=True) if line[0].strip()]
        lines.sort(key=lambda line: int(line[0]) if line[0].strip().isdigit() else 999)
        found = [RuleView(service=s, aimag_code=a.strip()[:6], function=f, person_id=_person(p)) for _, s, a, f, p in lines]
        services.set_rules(actor=request.actor, rules=found)
    except (DeskRefused, FunctionMissing) as error:
        return _page(request, errors=[{"text": _(error.title_mn), "href": "#rules"}])
    except ValueError:
        return _page(request, errors=[{"text": _(DeskRefused.title_mn), "href": "#rules"}])
    return _saved()


def _day(typed: str) -> date | None:
    text = typed.strip().replace(".", "-").replace("/", "-")
    if not text:
        return None
    try:
        year, month, day = (int(part) for part in text.split("-"))
        return date(year, month, day)
    except ValueError:
        raise _Unreadable(typed) from None


def _person(typed: str) -> UUID | None:
    try:
        return UUID(typed) if typed else None
    except ValueError:
        raise _Unreadable(typed) from None
