"""Drafting an agreement by a form: which service, for which system, on what terms. For administrators and for representatives."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Actor, Role
from toono.registry import api
from toono.registry.contracts import Agreement, Listing, ServiceEntry, SystemEntry
from toono.registry.errors import EntryNotFound, EntryRefused
from toono.registry.web import agreement_form, lists, representatives, words
from toono.registry.web.agreement_form import Typed
from toono.registry.web.lists import Row


@dataclass(frozen=True)
class _Way:
    """Where the form stands: among the administrators' or the representatives' pages."""

    actors: list[Actor]
    new: str
    draft: str
    back: str


@allow(Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def new(request: ToonoRequest) -> HttpResponse:
    """An administrator drafts a new agreement for any two sides."""
    return _new(request, _administrator(request))


@allow(Role.REPRESENTATIVE)
@require_http_methods(["GET", "POST"])
def own_new(request: ToonoRequest) -> HttpResponse:
    """A representative drafts a new agreement for a system of their organisation."""
    return _new(request, _representative(request))


@allow(Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def change(request: ToonoRequest, subject: str) -> HttpResponse:
    """An administrator drafts a change."""
    return _change(request, _administrator(request), subject)


@allow(Role.REPRESENTATIVE)
@require_http_methods(["GET", "POST"])
def own_change(request: ToonoRequest, subject: str) -> HttpResponse:
    """A representative of the consumer drafts a change."""
    representatives.consumer_of(request, subject)
    return _change(request, _representative(request), subject)


def _administrator(request: ToonoRequest) -> _Way:
    return _Way([request.actor], reverse("registry:new_agreement"), "registry:draft", reverse("registry:agreements"))


def _representative(request: ToonoRequest) -> _Way:
    back = reverse("registry:own_agreements")
    return _Way(representatives.representing(request), reverse("registry:own_new_agreement"), "registry:own_draft", back)


def _new(request: ToonoRequest, way: _Way) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    service = api.service(given.get("service", ""))
    if service is None:
        return _choose_service(request, way)
    consumer = api.system(given.get("consumer", ""))
    if consumer is None or _actor(way, consumer.id) is None:
        return _choose_consumer(request, way, service)
    return _form(request, way, service=service, consumer=consumer, standing=None)


def _change(request: ToonoRequest, way: _Way, subject: str) -> HttpResponse:
    standing = api.agreement(subject)
    service = api.service(standing.service) if standing else None
    consumer = api.system(standing.consumer) if standing else None
    if standing is None or service is None or consumer is None:
        raise EntryNotFound(f"no agreement {subject}")
    return _form(request, way, service=service, consumer=consumer, standing=standing)


def _actor(way: _Way, consumer: str) -> Actor | None:
    """Who of the person's roles drafts for this system: the administrator, or the representative of its organisation."""
    code = consumer.split("/")[2]
    return next((a for a in way.actors if a.role is Role.ADMINISTRATOR or a.organisation == code), None)


def _choose_service(request: ToonoRequest, way: _Way) -> HttpResponse:
    def find(text: str, limit: int, offset: int) -> Listing:
        return api.list_services(actor=way.actors[0], text=text, limit=limit, offset=offset)

    kept = {"consumer": request.GET["consumer"]} if request.GET.get("consumer") else {}
    return _choose(request, way, find, "service", kept, _("Ямар мэдээлэл авах вэ?"), _("Үйлчилгээ эсвэл байгууллагын нэр"))


def _choose_consumer(request: ToonoRequest, way: _Way, service: ServiceEntry) -> HttpResponse:
    def find(text: str, limit: int, offset: int) -> Listing:
        found = [api.list_systems(actor=a, text=text, limit=limit, offset=offset) for a in way.actors]
        return Listing(entries=tuple(e for listing in found for e in listing.entries), total=sum(listing.total for listing in found))

    return _choose(request, way, find, "consumer", {"service": service.id}, _("Аль систем авах вэ?"), _("Систем эсвэл байгууллагын нэр"))


def _choose(
    request: ToonoRequest, way: _Way, find: Callable[[str, int, int], Listing], name: str, kept: dict[str, str], title: str, label: str
) -> HttpResponse:
    def rows(listing: Listing) -> tuple[Row, ...]:
        named = words.names_of(listing.entries)
        return tuple(
            Row(words.name(e), f"{way.new}?{urlencode(kept | {name: e.id})}", (named.get(e.id.split("/")[2], ""), e.id))
            for e in listing.entries
            if isinstance(e, ServiceEntry | SystemEntry)
        )

    context = {"found": lists.shown(request, find, rows), "title": title, "label": label, "kept": kept, "back": way.back, "action": way.new}
    return render(request, "registry/choose.html", context)


def _form(request: ToonoRequest, way: _Way, *, service: ServiceEntry, consumer: SystemEntry, standing: Agreement | None) -> HttpResponse:
    form = agreement_form.prefilled(standing, service) if standing else agreement_form.empty()
    if request.method == "POST":
        form = agreement_form.typed(request.POST)
        made = agreement_form.agreement_of(
            form,
            agreement_id=standing.id if standing else _new_id(consumer, service),
            consumer=consumer.id,
            service=service,
            standing=standing,
        )
        actor = _actor(way, consumer.id)
        if made is not None and standing is not None and made == standing:
            form.complain("valid_until", _("Юу ч өөрчлөөгүй байна"))
        elif made is not None and actor is not None:
            try:
                draft = api.draft_agreement(actor=actor, agreement=made)
                return HttpResponseRedirect(f"{reverse(way.draft, args=[draft.id])}?{urlencode({'done': 'drafted'})}")
            except EntryRefused as refused:
                for sentence in refused.data["sentences"]:
                    form.complain("form", sentence)
    return render(
        request, "registry/agreement_form.html", _context(form, way, service, consumer, standing), status=400 if form.errors else 200
    )


def _context(form: Typed, way: _Way, service: ServiceEntry, consumer: SystemEntry, standing: Agreement | None) -> dict[str, object]:
    named = words.known_names([service.id, consumer.id])
    rows = min(len(form.purposes) + 2, agreement_form.MOST_PURPOSES)
    return {
        "form": form,
        "errors": form.errors,
        "wrong": form.wrong,
        "purposes": form.purposes + [{}] * (rows - len(form.purposes)),
        "service": service,
        "consumer": consumer,
        "service_name": named.get(service.id, service.id),
        "owner_name": named.get(service.id.split("/")[2], ""),
        "consumer_name": named.get(consumer.id, consumer.id),
        "standing": standing,
        "weekdays": list(enumerate(words.WEEKDAYS, start=1)),
        "authentications": [(a.value, title) for a, title in words.AUTHENTICATIONS.items() if a.value != "none"],
        "back": way.back,
    }


def _new_id(consumer: SystemEntry, service: ServiceEntry) -> str:
    """A name that tells the two sides and is taken by nobody: its last letters are by chance."""
    sides = f"{words.short(consumer.id)}-{service.id.rpartition('/')[2]}".replace("/", "-")
    return f"{re.sub(r'[^a-z0-9.-]', '', sides)[:48].rstrip('.-')}-{uuid4().hex[:8]}"
