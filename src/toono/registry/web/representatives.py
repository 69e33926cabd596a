"""The pages of an organisation's representatives: their agreements, what they proposed, and what waits for them as owners."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Actor, Role
from toono.kernel.errors import NotAllowed, NotFound
from toono.registry import api
from toono.registry.contracts import Agreement, DraftKind
from toono.registry.errors import EntryNotFound
from toono.registry.web import console, drafts, lists, words

Found = TypeVar("Found")
RECENT = 10


@allow(Role.REPRESENTATIVE)
@require_GET
def overview(request: ToonoRequest) -> HttpResponse:
    """The agreements of one's organisation, what waits and what was decided lately."""
    actors = representing(request)
    actor = next((a for a in actors if a.organisation == request.GET.get("organisation")), actors[0])
    waiting = api.waiting_drafts(actor=actor)
    decided = api.decided_drafts(actor=actor, limit=RECENT)
    names = words.names_of(d.content for d in (*waiting, *decided)) | words.known_names([a.organisation or "" for a in actors])
    found = lists.shown(
        request,
        lambda text, limit, offset: api.list_agreements(actor=actor, text=text, limit=limit, offset=offset),
        lambda listing: console.agreement_rows(listing.entries, "registry:own_agreement"),
    )
    context = {
        "organisation": names.get(actor.organisation or "", actor.organisation),
        "others": [(a.organisation, names.get(a.organisation or "", a.organisation)) for a in actors if a is not actor],
        "code": actor.organisation,
        "waiting": [console.waiting(actor, d, names, "registry:own_draft") for d in waiting],
        "decided": [console.waiting(actor, d, names, "registry:own_draft") for d in decided],
        "found": found,
        "done": request.GET.get("done", ""),
    }
    return render(request, "registry/own.html", context)


@allow(Role.REPRESENTATIVE)
@require_GET
def draft(request: ToonoRequest, draft_id: UUID) -> HttpResponse:
    """One draft of an agreement of one's organisation."""
    actor, found = as_whoever_may(request, lambda a: api.draft(actor=a, draft_id=draft_id))
    addresses = {"accept": reverse("registry:own_accept", args=[draft_id]), "reject": reverse("registry:own_reject", args=[draft_id])}
    return drafts.draft_page(
        request, actor, found, addresses=addresses, back=reverse("registry:own_agreements"), address="registry:own_draft"
    )


@allow(Role.REPRESENTATIVE)
@require_POST
def accept(request: ToonoRequest, draft_id: UUID) -> HttpResponse:
    """As the owner: let them have it."""
    as_whoever_may(request, lambda a: api.accept_draft(actor=a, draft_id=draft_id))
    return _back("accepted")


@allow(Role.REPRESENTATIVE)
@require_POST
def reject(request: ToonoRequest, draft_id: UUID) -> HttpResponse:
    """As the owner: refuse. As the consumer: take back."""
    as_whoever_may(request, lambda a: api.reject_draft(actor=a, draft_id=draft_id, reason=request.POST.get("reason", "")))
    return _back("rejected")


@allow(Role.REPRESENTATIVE)
@require_GET
def agreement(request: ToonoRequest, subject: str) -> HttpResponse:
    """One agreement of one's organisation."""
    _actor, entry = as_whoever_may(request, lambda a: api.entry(actor=a, kind=DraftKind.AGREEMENT, subject=subject))
    context = {
        "name": words.name(entry, words.names_of([entry])),
        "subject": subject,
        "lines": words.lines(entry, None),
        "consumer": isinstance(entry, Agreement) and any(entry.consumer.split("/")[2] == a.organisation for a in representing(request)),
    }
    return render(request, "registry/own_agreement.html", context)


@allow(Role.REPRESENTATIVE)
@require_GET
def versions(request: ToonoRequest, subject: str) -> HttpResponse:
    """How the agreement came to be what it is."""
    actor, _found = as_whoever_may(request, lambda a: api.versions(actor=a, kind=DraftKind.AGREEMENT, subject=subject))
    back = reverse("registry:own_agreements")
    return console.versions_page(request, actor, DraftKind.AGREEMENT, subject, back=back, draft="registry:own_draft")


@allow(Role.REPRESENTATIVE)
@require_http_methods(["GET", "POST"])
def end(request: ToonoRequest, subject: str) -> HttpResponse:
    """As the consumer: propose that the agreement end."""
    actor = consumer_of(request, subject)
    back = reverse("registry:own_agreement", args=[subject])
    return drafts.removal_page(request, actor, DraftKind.AGREEMENT, subject, after="registry:own_draft", back=back)


def representing(request: ToonoRequest) -> list[Actor]:
    """The person once for each organisation that they represent."""
    return [a for a in request.actors if a.role is Role.REPRESENTATIVE and a.organisation is not None]


def as_whoever_may(request: ToonoRequest, act: Callable[[Actor], Found]) -> tuple[Actor, Found]:
    """Act for the one of the person's organisations that may.

    :raises NotFound, NotAllowed: as the door said for the last one, since none may.
    """
    actors = representing(request)
    for actor in actors:
        try:
            return actor, act(actor)
        except (NotFound, NotAllowed):
            if actor is actors[-1]:
                raise
    raise EntryNotFound("nobody is represented")


def consumer_of(request: ToonoRequest, agreement_id: str) -> Actor:
    """The person as representative of the agreement's consumer. :raises EntryNotFound: they represent somebody else."""
    found = api.agreement(agreement_id)
    code = found.consumer.split("/")[2] if found else None
    actor = next((a for a in representing(request) if a.organisation == code), None)
    if actor is None:
        raise EntryNotFound(f"no agreement {agreement_id} of theirs")
    return actor


def _back(done: str) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('registry:own_agreements')}?{urlencode({'done': done})}")
