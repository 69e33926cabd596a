"""The officer's desk: what is to be decided, by the time left; a case with facts beside answers; the decision."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from toono.feedback import api as feedback
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.services import api as services
from toono.services.errors import AlreadyDecided, FactsMissing, GroundMissing, NotAllowedNow, ReasonMissing

_FIELDS: tuple[tuple[type[Exception], str], ...] = (
    (GroundMissing, "ground"),
    (ReasonMissing, "reason"),
    (AlreadyDecided, "case"),
    (FactsMissing, "case"),
    (NotAllowedNow, "action"),
)


@allow(Role.OFFICER)
@require_safe
def worklist(request: ToonoRequest) -> HttpResponse:
    """The officer's list."""
    context = {"items": services.worklist(actor=request.actor), "complaints": feedback.open_complaints(actor=request.actor)}
    return render(request, "channels/desk.html", context)


def _page(request: ToonoRequest, case_id: UUID, **more: object) -> HttpResponse:
    context = {
        "items": services.worklist(actor=request.actor),
        "desk": services.officer_case(actor=request.actor, case_id=case_id),
        "complaints": feedback.open_complaints(actor=request.actor),
    }
    return render(request, "channels/desk.html", context | more)


@allow(Role.OFFICER)
@require_safe
def case(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """A case beside the list."""
    return _page(request, case_id, decided_now="decided" in request.GET)


@allow(Role.OFFICER)
@require_POST
def decide(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """Decide; what is missing is said beside its field, and nothing typed is lost."""
    action, ground, reason = (request.POST.get(name, "") for name in ("action", "ground", "reason"))
    typed: dict[str, object] = {"action": action, "ground": ground, "reason": reason}
    if not action:
        return _page(request, case_id, errors=[{"text": _("Шийдвэрээ сонгоно уу"), "href": "#action"}], wrong="action", **typed)
    try:
        services.decide_case(actor=request.actor, case_id=case_id, action=action, ground=ground or None, reason=reason)
    except (GroundMissing, ReasonMissing, AlreadyDecided, FactsMissing, NotAllowedNow) as error:
        field = next(name for kind, name in _FIELDS if isinstance(error, kind))
        return _page(request, case_id, errors=[{"text": _(error.title_mn), "href": f"#{field}"}], wrong=field, **typed)
    return HttpResponseRedirect(redirect("channels:desk_case", case_id=case_id).url + "?decided=1")
