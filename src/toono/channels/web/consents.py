"""Consents: what is asked, agreed or refused, and taken back."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from toono.channels.web.readings import civil_id
from toono.exchange import api as exchange
from toono.exchange.contracts import ConsentState
from toono.exchange.errors import ConsentOfferChanged, ConsentPurposeMissing
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role

AGREEMENT_LENGTH = 100


def _list(done: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(redirect("channels:consents").url + f"?done={done}")


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: ToonoRequest) -> HttpResponse:
    """In plain words who will read what; agree or refuse. What is sent twice, or from a page that is gone back to, gives the same consent."""
    agreement = (request.POST.get("agreement") or request.GET.get("agreement", ""))[:AGREEMENT_LENGTH]
    more: dict[str, object] = {}
    if request.method == "POST":
        if request.POST.get("decision") != "agree":
            return _list("refused")
        try:
            exchange.give_consent(
                actor=request.actor, civil_id=civil_id(request), regnum=request.person.regnum, agreement=agreement,  # type: ignore[attr-defined]
                purposes=request.POST.getlist("purpose"), token=request.POST.get("token", ""),
            )  # fmt: skip
            return _list("given")
        except (ConsentOfferChanged, ConsentPurposeMissing) as error:
            more = {"errors": [{"text": _(error.title_mn), "href": "#offer"}], "next": _(error.next_mn)}
    offer = exchange.consent_offer(actor=request.actor, civil_id=civil_id(request), agreement=agreement)
    return render(request, "channels/consent.html", {"offer": offer} | more)


@allow(Role.CITIZEN)
@require_safe
def consents(request: ToonoRequest) -> HttpResponse:
    """All that the person ever gave; those that stand can be withdrawn."""
    found = exchange.consents(actor=request.actor, civil_id=civil_id(request))
    standing = (ConsentState.STANDING, ConsentState.OUTGROWN)
    context = {
        "standing": [c for c in found if c.state in standing],
        "over": [c for c in found if c.state not in standing],
        "done": request.GET.get("done", ""),
    }
    return render(request, "channels/consents.html", context)


@allow(Role.CITIZEN)
@require_POST
def withdraw(request: ToonoRequest, consent_id: UUID) -> HttpResponse:
    """Take a consent back, at once."""
    exchange.withdraw_consent(actor=request.actor, civil_id=civil_id(request), consent_id=consent_id)
    return _list("withdrawn")
