"""Pages of the registry for administrators, and the signed configuration for gateways."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import condition, require_GET, require_http_methods, require_POST

from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.clock import now
from toono.registry import api
from toono.registry.contracts import Draft
from toono.registry.errors import DocumentRefused
from toono.registry.web import words


def _etag(request: HttpRequest) -> str | None:
    newest = api.publication()
    return f'"{newest.digest}"' if newest else None


@allow(Role.ANYBODY)
@require_GET
@condition(etag_func=_etag)
def configuration(request: ToonoRequest) -> HttpResponse:
    """The newest configuration as compact JWS. It is signed and holds no secret; a gateway asks with ``If-None-Match``."""
    response = HttpResponse(api.published_configuration(), content_type="application/jose")
    response["Cache-Control"] = "no-cache"
    return response


@allow(Role.ADMINISTRATOR)
@require_GET
def overview(request: ToonoRequest) -> HttpResponse:
    """All that stands, and what waits for a second person."""
    names = words.sides()
    context = {
        "waiting": [_waiting(request, d, names) for d in api.drafts(actor=request.actor)],
        "names": names,
        "organisations": api.organisations(),
        "systems": api.systems(),
        "services": api.services(),
        "agreements": api.agreements(),
        "publication": api.publication(),
        "moment": now(),
        "words": words,
        "done": request.GET.get("done", ""),
    }
    return render(request, "registry/overview.html", context)


@allow(Role.ADMINISTRATOR)
@require_GET
def draft(request: ToonoRequest, draft_id: UUID) -> HttpResponse:
    """One draft: what stands now beside what is proposed."""
    found = api.draft(actor=request.actor, draft_id=draft_id)
    context = _waiting(request, found, words.sides()) | {"lines": words.lines(found.content, found.before)}
    return render(request, "registry/draft.html", context)


@allow(Role.ADMINISTRATOR)
@require_POST
def approve(request: ToonoRequest, draft_id: UUID) -> HttpResponse:
    """Approve as the second person."""
    api.approve_draft(actor=request.actor, draft_id=draft_id)
    return _back("approved")


@allow(Role.ADMINISTRATOR)
@require_POST
def reject(request: ToonoRequest, draft_id: UUID) -> HttpResponse:
    """Refuse, or take back one's own."""
    api.reject_draft(actor=request.actor, draft_id=draft_id, reason=request.POST.get("reason", ""))
    return _back("rejected")


@allow(Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def propose(request: ToonoRequest) -> HttpResponse:
    """Draft what differs in a configuration file."""
    text = request.POST.get("document", "")
    sentences: tuple[str, ...] = ()
    if request.method == "POST":
        try:
            drafts = api.draft_configuration(actor=request.actor, document=text, name="YAML")
            return _back("drafted" if drafts else "same")
        except DocumentRefused as refused:
            sentences = refused.sentences
    context = {"text": text, "errors": sentences}
    return render(request, "registry/propose.html", context, status=400 if sentences else 200)


def _waiting(request: ToonoRequest, draft: Draft, names: dict[str, str]) -> dict[str, Any]:
    return {
        "draft": draft,
        "kind": words.KINDS[draft.kind],
        "name": words.name(draft.content, names),
        "own": draft.drafted_by == request.actor.person_id,
    }


def _back(done: str) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('registry:overview')}?{urlencode({'done': done})}")
