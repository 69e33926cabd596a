"""Drafts for administrators: one draft, approving, refusing; proposing a file, proposing that an entry go."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Actor, Role
from toono.registry import api
from toono.registry.contracts import Draft, DraftKind, DraftState
from toono.registry.errors import DocumentRefused, EntryRefused
from toono.registry.web import console, words

_OPEN = (DraftState.PENDING, DraftState.ACCEPTED)


@allow(Role.ADMINISTRATOR)
@require_GET
def draft(request: ToonoRequest, draft_id: UUID) -> HttpResponse:
    """One draft: what stands now beside what is proposed."""
    found = api.draft(actor=request.actor, draft_id=draft_id)
    addresses = {"approve": reverse("registry:approve", args=[draft_id]), "reject": reverse("registry:reject", args=[draft_id])}
    return draft_page(request, request.actor, found, addresses=addresses, back=reverse("registry:overview"), address="registry:draft")


@allow(Role.ADMINISTRATOR)
@require_POST
def approve(request: ToonoRequest, draft_id: UUID) -> HttpResponse:
    """Approve as the second, or countersign as the third person."""
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


@allow(Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def remove(request: ToonoRequest, kind: str, subject: str) -> HttpResponse:
    """Propose that an entry go; asked first, with what it means."""
    named = console.kind_named(kind)
    return removal_page(request, request.actor, named, subject, after="registry:draft", back=_entry_page(named, subject))


def draft_page(request: ToonoRequest, actor: Actor, found: Draft, *, addresses: dict[str, str], back: str, address: str) -> HttpResponse:
    """One draft, with the buttons that the actor may press."""
    names = words.names_of([found.content])
    if found.drafted_for:
        names |= words.known_names([found.drafted_for])
    before = found.before if found.state in _OPEN and not found.remove else None
    context: dict[str, Any] = console.waiting(actor, found, names, address) | {
        "lines": words.lines(found.content, before),
        "addresses": addresses,
        "back": back,
        "done": request.GET.get("done", ""),
    }
    return render(request, "registry/draft.html", context)


def removal_page(request: ToonoRequest, actor: Actor, kind: DraftKind, subject: str, *, after: str, back: str) -> HttpResponse:
    """Ask, then propose, that an entry go."""
    entry = api.entry(actor=actor, kind=kind, subject=subject)
    sentences: tuple[str, ...] = ()
    if request.method == "POST":
        try:
            made = api.draft_removal(actor=actor, kind=kind, subject=subject)
            return HttpResponseRedirect(f"{reverse(after, args=[made.id])}?{urlencode({'done': 'drafted'})}")
        except EntryRefused as refused:
            sentences = tuple(refused.data["sentences"])
    context = {
        "kind": words.KINDS[kind],
        "kind_code": kind.value,
        "name": words.name(entry, words.names_of([entry])),
        "errors": sentences,
        "back": back,
    }
    return render(request, "registry/remove.html", context, status=400 if sentences else 200)


def _entry_page(kind: DraftKind, subject: str) -> str:
    return reverse(f"registry:{kind.value}", args=[] if kind is DraftKind.EXCHANGE else [subject])


def _back(done: str) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('registry:overview')}?{urlencode({'done': done})}")
