"""The console: what stands in the registry, what waits, and how it came so. For administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.registry import api
from toono.registry.contracts import Agreement, DraftKind, Entry, Listing, Organisation, Validity
from toono.registry.web import lists, words
from toono.registry.web import picture as pictures
from toono.registry.web.lists import Row, Shown

RELATED = 20
"""How many related entries stand on the page of an entry; a link leads to all."""


@allow(Role.ADMINISTRATOR)
@require_GET
def overview(request: ToonoRequest) -> HttpResponse:
    """What waits for a decision, what ends soon, and how much stands."""
    page = lists.page_number(request)
    drafts = api.waiting_drafts(actor=request.actor, limit=lists.PAGE_LENGTH, offset=(page - 1) * lists.PAGE_LENGTH)
    counts = api.counts(actor=request.actor)
    ending = api.list_agreements(actor=request.actor, validity=Validity.ENDING, limit=RELATED)
    names = words.names_of([*(d.content for d in drafts), *ending.entries])
    context = {
        "waiting": [waiting(request.actor, d, names, "registry:draft") for d in drafts],
        "ending": agreement_rows(ending.entries, "registry:agreement", names),
        "ending_total": ending.total,
        "counts": counts,
        "page": page,
        "more": page * lists.PAGE_LENGTH < counts["drafts"],
        "publication": api.publication(),
        "done": request.GET.get("done", ""),
    }
    return render(request, "registry/overview.html", context)


@allow(Role.ADMINISTRATOR)
@require_GET
def organisations(request: ToonoRequest) -> HttpResponse:
    """All organisations."""
    found = lists.shown(
        request, lambda text, limit, offset: api.list_organisations(actor=request.actor, text=text, limit=limit, offset=offset), _rows
    )
    return _list(request, found, "organisations", _("Байгууллагууд"), _("Нэр, код эсвэл регистр"))


@allow(Role.ADMINISTRATOR)
@require_GET
def systems(request: ToonoRequest) -> HttpResponse:
    """All systems."""
    organisation = request.GET.get("organisation") or None
    found = lists.shown(
        request,
        lambda text, limit, offset: api.list_systems(actor=request.actor, text=text, organisation=organisation, limit=limit, offset=offset),
        _rows,
    )
    return _list(request, found, "systems", _("Мэдээллийн системүүд"), _("Систем эсвэл байгууллагын нэр"))


@allow(Role.ADMINISTRATOR)
@require_GET
def services(request: ToonoRequest) -> HttpResponse:
    """All services."""
    organisation = request.GET.get("organisation") or None
    found = lists.shown(
        request,
        lambda text, limit, offset: api.list_services(
            actor=request.actor, text=text, organisation=organisation, limit=limit, offset=offset
        ),
        _rows,
    )
    return _list(request, found, "services", _("Солилцооны үйлчилгээнүүд"), _("Үйлчилгээ эсвэл байгууллагын нэр"))


@allow(Role.ADMINISTRATOR)
@require_GET
def agreements(request: ToonoRequest) -> HttpResponse:
    """All agreements, narrowed by words, by a side and by their time."""
    narrowed = {name: request.GET.get(name) or None for name in ("organisation", "consumer", "service")}
    validity = _validity(request)
    found = lists.shown(
        request,
        lambda text, limit, offset: api.list_agreements(
            actor=request.actor, text=text, validity=validity, limit=limit, offset=offset, **narrowed
        ),
        _rows,
    )
    more = {"validity": validity, "validities": VALIDITIES, "new": reverse("registry:new_agreement")}
    return _list(request, found, "agreements", _("Мэдээлэл авах эрхүүд"), _("Байгууллага, үйлчилгээ эсвэл зорилго"), **more)


@allow(Role.ADMINISTRATOR)
@require_GET
def organisation(request: ToonoRequest, subject: str) -> HttpResponse:
    """One organisation with its systems."""
    related = api.list_systems(actor=request.actor, organisation=subject, limit=RELATED)
    return _entry(request, DraftKind.ORGANISATION, subject, [(_("Системүүд"), related, "registry:systems", {"organisation": subject})])


@allow(Role.ADMINISTRATOR)
@require_GET
def system(request: ToonoRequest, subject: str) -> HttpResponse:
    """One system with what it may read."""
    reads = api.list_agreements(actor=request.actor, consumer=subject, limit=RELATED)
    return _entry(request, DraftKind.SYSTEM, subject, [(_("Авах эрхүүд"), reads, "registry:agreements", {"consumer": subject})])


@allow(Role.ADMINISTRATOR)
@require_GET
def service(request: ToonoRequest, subject: str) -> HttpResponse:
    """One service with who may read it."""
    readers = api.list_agreements(actor=request.actor, service=subject, limit=RELATED)
    return _entry(request, DraftKind.SERVICE, subject, [(_("Хэн авах эрхтэй"), readers, "registry:agreements", {"service": subject})])


@allow(Role.ADMINISTRATOR)
@require_GET
def agreement(request: ToonoRequest, subject: str) -> HttpResponse:
    """One agreement."""
    return _entry(request, DraftKind.AGREEMENT, subject, [], change=reverse("registry:change_agreement", args=[subject]))


@allow(Role.ADMINISTRATOR)
@require_GET
def exchange(request: ToonoRequest) -> HttpResponse:
    """Gateways, issuers and policy."""
    return _entry(request, DraftKind.EXCHANGE, "exchange", [])


@allow(Role.ADMINISTRATOR)
@require_GET
def history(request: ToonoRequest) -> HttpResponse:
    """Everything that was decided, newest first."""
    page = lists.page_number(request)
    offset = (page - 1) * lists.PAGE_LENGTH
    drafts = api.decided_drafts(actor=request.actor, limit=lists.PAGE_LENGTH + 1, offset=offset)
    names = words.names_of(d.content for d in drafts)
    context = {
        "decided": [waiting(request.actor, d, names, "registry:draft") for d in drafts[: lists.PAGE_LENGTH]],
        "page": page,
        "more": len(drafts) > lists.PAGE_LENGTH,
        "words": words,
    }
    return render(request, "registry/history.html", context)


@allow(Role.ADMINISTRATOR)
@require_GET
def versions(request: ToonoRequest, kind: str, subject: str) -> HttpResponse:
    """Each approved change of one entry."""
    return versions_page(request, request.actor, kind_named(kind), subject, back=reverse("registry:history"), draft="registry:draft")


@allow(Role.ADMINISTRATOR)
@require_GET
def picture(request: ToonoRequest) -> HttpResponse:
    """Who calls whom."""
    organisation = request.GET.get("organisation") or None
    links, total = api.links(actor=request.actor, organisation=organisation, limit=pictures.MOST_LINKS)
    names = words.known_names([side for link in links for side in (link.consumer, link.service)] + ([organisation] if organisation else []))
    edges = pictures.edges(links, api.weights(), names)
    context = {
        "drawing": pictures.drawing(edges, title=_("Хэн хэнээс мэдээлэл авдаг вэ"), description=_described(len(edges))),
        "edges": edges,
        "total": total,
        "organisation": names.get(organisation or "", organisation),
        "counted": any(edge.calls is not None for edge in edges),
    }
    return render(request, "registry/picture.html", context)


# -- shared with the pages of representatives -----------------------------------------------------------------------------


VALIDITIES = {
    Validity.IN_FORCE: lambda: _("Хүчинтэй эрх"),
    Validity.ENDING: lambda: _("30 хоногт дуусах"),
    Validity.LATER: lambda: _("Эхлээгүй"),
    Validity.ENDED: lambda: _("Дууссан"),
}


def kind_named(kind: str) -> DraftKind:
    """:raises Http404: no such kind."""
    try:
        return DraftKind(kind)
    except ValueError:
        raise Http404(kind) from None


def waiting(actor: Actor, draft: Any, names: dict[str, str], address: str) -> dict[str, Any]:
    """What a page shows of a draft."""
    return {
        "draft": draft,
        "kind": words.KINDS[draft.kind],
        "name": words.name(draft.content, names),
        "state": words.state(draft),
        "own": draft.drafted_by == actor.person_id,
        "steps": {step.value for step in api.possible_steps(actor=actor, draft=draft)},
        "href": reverse(address, args=[draft.id]),
        "for_name": names.get(draft.drafted_for or "", draft.drafted_for),
    }


def versions_page(request: ToonoRequest, actor: Actor, kind: DraftKind, subject: str, *, back: str, draft: str) -> HttpResponse:
    """The history of one entry: each version with what it changed, and who let it stand when."""
    found = api.versions(actor=actor, kind=kind, subject=subject)
    names = words.names_of([found[0].content])
    told = []
    for version, earlier in zip(found, [*found[1:], None], strict=True):
        before = earlier.content if earlier is not None and not earlier.remove and not version.remove else None
        told.append(
            {
                "draft": version,
                "changes": words.changes(version.content, before),
                "first": before is None,
                "href": reverse(draft, args=[version.id]),
            }
        )
    context = {"versions": told, "kind": words.KINDS[kind], "name": words.name(found[0].content, names), "subject": subject, "back": back}
    return render(request, "registry/versions.html", context)


def agreement_rows(found: tuple[Entry, ...], address: str, names: dict[str, str] | None = None) -> tuple[Row, ...]:
    """Agreements as lines: the two sides, why, and until when."""
    own = [e for e in found if isinstance(e, Agreement)]
    named, moment = names or words.names_of(own), now()
    return tuple(
        Row(
            words.name(a, named),
            reverse(address, args=[a.id]),
            (a.id, *(words.purpose(p) for p in a.purposes), _until(a)),
            _mark(a, moment),
        )
        for a in own
    )


def _until(agreement: Agreement) -> str:
    return f"{words.day(agreement.valid_from)[:10]} – {words.day(agreement.valid_until)[:10]}"


def _mark(agreement: Agreement, moment: datetime) -> str:
    if agreement.valid_until <= moment:
        return _("дууссан")
    if agreement.valid_from > moment:
        return _("эхлээгүй")
    days = (agreement.valid_until - moment).days
    return ngettext("%(n)s хоногийн дараа дуусна", "%(n)s хоногийн дараа дуусна", days) % {"n": days} if days < 30 else ""


def _rows(listing: Listing) -> tuple[Row, ...]:
    if listing.entries and isinstance(listing.entries[0], Agreement):
        return agreement_rows(listing.entries, "registry:agreement")
    names = words.names_of(listing.entries)
    return tuple(_row(entry, names) for entry in listing.entries)


_PAGES = {DraftKind.ORGANISATION: "registry:organisation", DraftKind.SYSTEM: "registry:system", DraftKind.SERVICE: "registry:service"}


def _row(entry: Entry, names: dict[str, str]) -> Row:
    if isinstance(entry, Organisation):
        return Row(words.name(entry), reverse("registry:organisation", args=[entry.code]), (entry.code, entry.register_number))
    subject = str(getattr(entry, "id", ""))
    organisation = names.get(subject.split("/")[2], "")
    page = "registry:service" if hasattr(entry, "endpoints") else "registry:system"
    return Row(
        words.name(entry), reverse(page, args=[subject]), (organisation, subject), "" if getattr(entry, "enabled", True) else _("зогсоосон")
    )


def _list(request: ToonoRequest, found: Shown, here_list: str, title: str, label: str, **more: Any) -> HttpResponse:
    kept = {name: value for name, value in request.GET.items() if name in ("organisation", "consumer", "service") and value}
    context = {"found": found, "list": here_list, "title": title, "label": label, "kept": kept, **more}
    return render(request, "registry/list.html", context)


def _validity(request: ToonoRequest) -> Validity | None:
    try:
        return Validity(request.GET.get("validity", ""))
    except ValueError:
        return None


def _entry(
    request: ToonoRequest, kind: DraftKind, subject: str, related: list[tuple[str, Listing, str, dict[str, str]]], *, change: str = ""
) -> HttpResponse:
    entry = api.entry(actor=request.actor, kind=kind, subject=subject)
    names = words.names_of([entry])
    context = {
        "kind": words.KINDS[kind],
        "kind_code": kind.value,
        "subject": subject,
        "name": words.name(entry, names),
        "lines": words.lines(entry, None),
        "related": [
            {"title": t, "rows": _rows(found), "total": found.total, "all": reverse(address), "query": query}
            for t, found, address, query in related
        ],
        "change": change,
        "removable": kind is not DraftKind.EXCHANGE,
    }
    return render(request, "registry/entry.html", context)


def _described(count: int) -> str:
    text = ngettext("%(n)s холбоос. Доорх хүснэгтэд мөн адил бичсэн.", "%(n)s холбоос. Доорх хүснэгтэд мөн адил бичсэн.", count)
    return text % {"n": count}
