"""What the state still asks twice: the public list of exemptions from «once only»."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toono.kernel.access import allow
from toono.kernel.actor import Role
from toono.services import api as catalogue


@allow(Role.ANYBODY)
@require_safe
def asked_again(request: HttpRequest) -> HttpResponse:
    """Question, register that knows the answer, law, and the day until which it may be asked."""
    return render(request, "channels/asked_again.html", {"exemptions": catalogue.exemptions()})
