"""To the page of consent and back: where a case needs a fact that only the person can let be read."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from toono.exchange.contracts import ConsentAnswer
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.errors import NotFound
from toono.kernel.settings import settings
from toono.services import api as services


@allow(Role.CITIZEN)
@require_safe
def give(request: ToonoRequest, case_id: UUID, fact: str) -> HttpResponse:
    """Lead the person to the page of consent for a fact of their case; from there they come back to :func:`consented`."""
    case = services.case(actor=request.actor, case_id=case_id)
    agreement = next((one.consent for one in case.facts if one.name == fact), None)
    if agreement is None:
        return redirect("channels:case", case_id=case_id)
    back = settings().base_url.rstrip("/") + reverse("channels:consented")
    return HttpResponseRedirect(
        f"{reverse('channels:consent')}?{urlencode({'agreement': agreement, 'return_to': back, 'state': str(case_id)})}"
    )


@allow(Role.CITIZEN)
@require_safe
def consented(request: ToonoRequest) -> HttpResponse:
    """Back from the page of consent: the register is read now, and the case goes on where it stood. Whether consent was given is asked of the
    gateway, not of this address."""
    try:
        case_id = UUID(request.GET.get("state", ""))
    except ValueError:
        raise NotFound("no case is named") from None
    if request.GET.get("consent") == ConsentAnswer.GIVEN.value:
        services.read_facts(actor=request.actor, case_id=case_id)
    return redirect("channels:case", case_id=case_id)
