"""Relying parties for those who look after them: the list, one system, registering, changing, keys, what is waiting."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from toono.identity import api
from toono.identity.contracts import Party, PartyChange, PartyDrafted, PartyKind, PartyStage, TrialFlow
from toono.identity.domain.console.bounds import TEST_SCOPES
from toono.identity.domain.dan.operations import OPERATIONS
from toono.identity.domain.oidc.encryption import ALGORITHMS, ENCODINGS
from toono.identity.errors import ClientMetadataRefused
from toono.identity.web.console import form as forms
from toono.identity.web.console import words
from toono.identity.web.console.places import KEEPERS, places
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.ids import uuid7
from toono.kernel.settings import settings
from toono.kernel.text import clean

PAGE_LENGTH = 50


def address_of(client_id: str) -> str:
    return reverse("identity:party", args=[client_id])


def page_number(request: HttpRequest) -> int:
    number = request.GET.get("page", "")
    return max(1, int(number)) if number.isascii() and number.isdigit() and len(number) <= 5 else 1


def party_name(party: Party) -> str:
    return party.name_en if get_language() == "en" else party.name_mn


@require_GET
@never_cache
@allow(*KEEPERS)
def overview(request: ToonoRequest) -> HttpResponse:
    """All that the actor looks after, and what waits."""
    text, page = clean(request.GET.get("text", ""))[:100], page_number(request)
    offset = (page - 1) * PAGE_LENGTH
    found = api.parties(actor=request.actor, text=text, limit=PAGE_LENGTH, offset=offset)
    waiting = api.waiting_changes(actor=request.actor)
    context = {
        "found": found, "text": text, "waiting": waiting, "names": words.organisation_names([*(p.organisation for p in found.entries), *(c.organisation for c in waiting)]),
        "before": f"?{urlencode({'text': text, 'page': page - 1})}" if page > 1 else "", "done": request.GET.get("done", ""),
        "after": f"?{urlencode({'text': text, 'page': page + 1})}" if offset + PAGE_LENGTH < found.total else "",
        **common(request),
    }  # fmt: skip
    return render(request, "identity/console_parties.html", context)


def common(request: ToonoRequest) -> dict[str, Any]:
    """What every page of the console knows."""
    return {
        "administrator": request.actor.role is Role.ADMINISTRATOR, "places": places(request), "words": words, "party_name": party_name,
    }  # fmt: skip


@require_GET
@never_cache
@allow(*KEEPERS)
def party(request: ToonoRequest, client_id: str) -> HttpResponse:
    """One system: what it is, its keys, its history."""
    return party_page(request, api.party(actor=request.actor, client_id=client_id), secret="")


def party_page(request: ToonoRequest, found: Party, *, secret: str) -> HttpResponse:
    history = api.party_history(actor=request.actor, client_id=found.client_id)
    context = {
        "party": found, "secret": secret, "lines": words.lines(found.metadata), "history": history,
        "waiting": next((change for change in history if change.state == "waiting"), None),
        "names": words.organisation_names([found.organisation]), "own_secret": found.metadata.get("token_endpoint_auth_method", "client_secret_basic") in ("client_secret_basic", "client_secret_post"),
        "issuer": settings().base_url, "done": request.GET.get("done", ""), "flows": _flows(found), **common(request),
    }  # fmt: skip
    return render(request, "identity/console_party.html", context)


def _flows(found: Party) -> list[tuple[str, str]]:
    """What of it can be tried, with the words of the button."""
    grants = found.metadata.get("grant_types")
    more = (
        (TrialFlow.DEVICE, forms.DEVICE, _("Төхөөрөмжийн урсгалыг турших")),
        (TrialFlow.CIBA, forms.CIBA, _("Утсаар батлуулахыг турших (CIBA)")),
    )
    held = grants if isinstance(grants, list) else []
    return [(TrialFlow.CODE.value, _("Туршиж үзэх")), *((flow.value, text) for flow, grant, text in more if grant in held)]


# -- registering and changing --------------------------------------------------------------------------------------


@require_GET
@never_cache
@allow(*KEEPERS)
def choose(request: ToonoRequest) -> HttpResponse:
    """What is to be registered: for whom, what sort, for trials or for work."""
    own = api.party_organisations(actor=request.actor)
    names = words.organisation_names(own) if own is not None else words.all_organisations()
    known = sorted(names.items(), key=lambda one: one[1])
    asked = {name: request.GET.get(name, "") for name in ("organisation", "kind", "stage")}
    errors = []
    if asked["kind"] and asked["stage"]:
        kind, stage = named_kind(asked["kind"]), named_stage(asked["stage"])
        organisation = asked["organisation"] or (known[0][0] if len(known) == 1 else "")
        if kind is PartyKind.DAN and stage is PartyStage.TEST:
            errors.append(
                {
                    "href": "#stage",
                    "text": _(
                        "ДАН-тай нийцтэй систем хүний мэдээлэл авдаг тул зөвшөөрөлтэй л ажиллана. Туршихдаа toono identity mock ашиглаарай"
                    ),
                }
            )
        elif organisation in names:
            return HttpResponseRedirect(
                reverse("identity:new_party") + "?" + urlencode({"organisation": organisation, "kind": kind.value, "stage": stage.value})
            )
        else:
            errors.append({"href": "#organisation", "text": _("Байгууллагаа сонгоно уу")})
    elif "organisation" in request.GET:
        errors.append({"href": "#kind", "text": _("Төрөл, зориулалтаа сонгоно уу")})
    context = {"organisations": known, "asked": asked, "errors": errors, **common(request)}
    return render(request, "identity/console_choose.html", context)


def named_kind(value: str) -> PartyKind:
    """:raises Http404: no such kind."""
    try:
        return PartyKind(value)
    except ValueError:
        raise Http404(value) from None


def named_stage(value: str) -> PartyStage:
    """:raises Http404: no such stage."""
    try:
        return PartyStage(value)
    except ValueError:
        raise Http404(value) from None


@require_http_methods(["GET", "POST"])
@never_cache
@allow(*KEEPERS)
def new(request: ToonoRequest) -> HttpResponse:
    """Register a system; ``from`` fills in what another of theirs has."""
    kind, stage = named_kind(request.GET.get("kind", "")), named_stage(request.GET.get("stage", ""))
    organisation = clean(request.GET.get("organisation", ""))[:40]
    form = forms.empty(kind, stage)
    if request.GET.get("from"):
        known = api.party(actor=request.actor, client_id=request.GET["from"])
        form = forms.prefilled(
            kind, stage, {name: value for name, value in known.metadata.items() if name not in ("jwks", "tls_client_certificate_sha256")}
        )
    form_id = _uuid(request.POST.get("form_id", "")) or uuid7()
    if request.method == "POST":
        form = forms.typed(request.POST, kind, stage, None)
        metadata = forms.metadata_of(form)
        if metadata is not None:
            try:
                made = api.register_party(
                    actor=request.actor, form_id=form_id, organisation=organisation, kind=kind, stage=stage, metadata=metadata
                )
                return _registered(request, made)
            except ClientMetadataRefused as refused:
                form.complain("client_name", _("Бүртгэх боломжгүй: %(reason)s") % {"reason": refused.data.get("reason", "")})
    return _form_page(request, form, organisation=organisation, title=_("Систем бүртгүүлэх"), form_id=form_id)


def _registered(request: ToonoRequest, made: PartyDrafted) -> HttpResponse:
    """A secret is shown in the answer itself, so that no address and no session ever holds it."""
    if made.waits:
        return HttpResponseRedirect(reverse("identity:party_change", args=[made.change_id]) + "?done=asked")
    if made.client_secret is None:
        return HttpResponseRedirect(address_of(made.client_id) + "?done=registered")
    return party_page(request, api.party(actor=request.actor, client_id=made.client_id), secret=made.client_secret)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@require_http_methods(["GET", "POST"])
@never_cache
@allow(*KEEPERS)
def change(request: ToonoRequest, client_id: str) -> HttpResponse:
    """Change a registration: at once where it is narrowed, else when the platform approves."""
    found = api.party(actor=request.actor, client_id=client_id)
    form = forms.prefilled(found.kind, found.stage, found.metadata)
    version = found.version
    if request.method == "POST":
        form = forms.typed(request.POST, found.kind, found.stage, form)
        sent = request.POST.get("version", "")
        version = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 9 else 0
        metadata = forms.metadata_of(form)
        if metadata is not None:
            try:
                made = api.change_party(actor=request.actor, client_id=client_id, version=version, metadata=metadata)
            except ClientMetadataRefused as refused:
                form.complain("client_name", _("Өөрчлөх боломжгүй: %(reason)s") % {"reason": refused.data.get("reason", "")})
            else:
                if made is not None and made.waits:
                    return HttpResponseRedirect(reverse("identity:party_change", args=[made.change_id]) + "?done=asked")
                return HttpResponseRedirect(address_of(client_id) + ("?done=changed" if made else "?done=same"))
    return _form_page(request, form, organisation=found.organisation, title=_("Системийн бүртгэл өөрчлөх"), version=version, party=found)


def _form_page(request: ToonoRequest, form: forms.Typed, *, organisation: str, title: str, **more: Any) -> HttpResponse:
    operations = sorted({*OPERATIONS, *form.lists.get("operations", [])})
    context = {
        "form": form, "wrong": form.wrong, "errors": form.errors, "title": title, "organisation": words.organisation_names([organisation]).get(organisation, organisation),
        "operations": operations, "methods": forms.METHODS[form.kind], "test_scopes": TEST_SCOPES, "device": forms.DEVICE, "ciba": forms.CIBA,
        "exchange": forms.EXCHANGE, "algorithms": [(name, name) for name in ALGORITHMS], "encodings": [(name, name) for name in ENCODINGS],
        "party": None, **common(request), **more,
    }  # fmt: skip
    return render(request, "identity/console_form.html", context, status=400 if form.errors else 200)


# -- what waits ----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@never_cache
@allow(*KEEPERS)
def party_change(request: ToonoRequest, change_id: UUID) -> HttpResponse:
    """One wish: what stands beside what is wished; an administrator decides, its own side takes it back."""
    if request.method == "POST":
        if request.POST.get("do") == "approve":
            api.approve_party_change(actor=request.actor, change_id=change_id)
        else:
            api.reject_party_change(actor=request.actor, change_id=change_id, reason=request.POST.get("reason", ""))
        return HttpResponseRedirect(reverse("identity:party_change", args=[change_id]) + "?done=decided")
    found = api.party_change(actor=request.actor, change_id=change_id)
    context = {
        "change": found, "lines": words.lines(found.after or {}, found.before), "names": words.organisation_names([found.organisation]),
        "own": found.drafted_by == request.actor.person_id, "name": _change_name(found), "done": request.GET.get("done", ""),
        "exists": found.kind != "register" or found.state == "in_force", **common(request),
    }  # fmt: skip
    return render(request, "identity/console_change.html", context)


def _change_name(change: PartyChange) -> str:
    told = change.after or change.before or {}
    return str(told.get("client_name#en" if get_language() == "en" else "client_name", change.client_id))


# -- keys, off and on ----------------------------------------------------------------------------------------------


@require_POST
@never_cache
@allow(*KEEPERS)
def secret(request: ToonoRequest, client_id: str) -> HttpResponse:
    """A new secret, shown in this answer and never again."""
    made = api.make_party_secret(actor=request.actor, client_id=client_id)
    return party_page(request, api.party(actor=request.actor, client_id=client_id), secret=made)


@require_POST
@never_cache
@allow(*KEEPERS)
def end_secret(request: ToonoRequest, client_id: str) -> HttpResponse:
    api.end_former_party_secret(actor=request.actor, client_id=client_id)
    return HttpResponseRedirect(address_of(client_id) + "?done=secret_ended")


@require_POST
@never_cache
@allow(*KEEPERS)
def deactivate(request: ToonoRequest, client_id: str) -> HttpResponse:
    api.deactivate_party(actor=request.actor, client_id=client_id, reason=request.POST.get("reason", ""))
    return HttpResponseRedirect(address_of(client_id) + "?done=deactivated")


@require_POST
@never_cache
@allow(*KEEPERS)
def reactivate(request: ToonoRequest, client_id: str) -> HttpResponse:
    api.reactivate_party(actor=request.actor, client_id=client_id)
    return HttpResponseRedirect(address_of(client_id) + "?done=reactivated")


@require_POST
@never_cache
@allow(Role.ADMINISTRATOR)
def assign(request: ToonoRequest, client_id: str) -> HttpResponse:
    """Say whose system it is that registered itself."""
    api.assign_party(actor=request.actor, client_id=client_id, organisation=clean(request.POST.get("organisation", ""))[:40])
    return HttpResponseRedirect(address_of(client_id) + "?done=assigned")
