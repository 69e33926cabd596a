"""Consents: what is asked, agreed or refused, and taken back."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from toono.channels.web.readings import civil_id
from toono.exchange import api as exchange
from toono.exchange.contracts import ConsentAnswer, ConsentState
from toono.exchange.errors import ConsentOfferChanged, ConsentPurposeMissing
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.ui.api import let_forms_lead_to

_ASKED = (("agreement", 100), ("return_to", 600), ("state", 300))
"""Names and longest values of what leads to the page."""


def _list(done: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(redirect("channels:consents").url + f"?done={done}")


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: ToonoRequest) -> HttpResponse:
    """In plain words who will read what; agree or refuse. What is sent twice, or from a page that is gone back to, gives the same consent.

    A consumer that has registered its page leads the person here with ``return_to`` and ``state``; there they go on when they have decided.
    """
    asked = request.POST if request.method == "POST" else request.GET
    agreement, return_to, state = (asked.get(name, "")[:length] for name, length in _ASKED)
    more: dict[str, object] = {}

    def after(answer: ConsentAnswer) -> HttpResponseRedirect:
        if not return_to:
            return _list(answer.value)
        return HttpResponseRedirect(exchange.consent_return(agreement=agreement, return_to=return_to, state=state, answer=answer))

    refused = after(ConsentAnswer.REFUSED)  # asked first: whoever may not be led back decides nothing here
    if request.method == "POST":
        if request.POST.get("decision") != "agree":
            return refused
        try:
            exchange.give_consent(
                actor=request.actor, civil_id=civil_id(request), regnum=request.person.regnum, agreement=agreement,  # type: ignore[attr-defined]
                purposes=request.POST.getlist("purpose"), token=request.POST.get("token", ""),
            )  # fmt: skip
            return after(ConsentAnswer.GIVEN)
        except (ConsentOfferChanged, ConsentPurposeMissing) as error:
            more = {"errors": [{"text": _(error.title_mn), "href": "#offer"}], "next": _(error.next_mn)}
    offer = exchange.consent_offer(actor=request.actor, civil_id=civil_id(request), agreement=agreement)
    place = urlsplit(return_to)
    page = render(request, "channels/consent.html", {"offer": offer, "return_to": return_to, "state": state, "host": place.netloc} | more)
    return let_forms_lead_to(page, f"{place.scheme}://{place.netloc}") if return_to else page


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
