"""Software statements for organisations: with one their own program registers one client, within what the statement allows (RFC 7591 §2.3). Issued, listed, taken back."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from toono.identity import api
from toono.identity.contracts import SoftwareStatement
from toono.identity.domain.oidc import credential
from toono.identity.domain.oidc.authorization_details import TYPES
from toono.identity.errors import ClientMetadataRefused, ReasonMissing, StatementOver
from toono.identity.web.console import words
from toono.identity.web.console.form import ASKED_SCOPES, CIBA, DEVICE, SIGNING_DETAILS, SIGNING_SCOPES
from toono.identity.web.console.parties import PAGE_LENGTH, common, page_number
from toono.identity.web.console.places import APPOINTERS
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.settings import settings
from toono.kernel.text import clean, paragraphs

GRANTS = ("authorization_code", "refresh_token", "client_credentials", DEVICE, CIBA)
OF_DETAILS = tuple(name for name in TYPES if name != credential.TYPE)
LINES = {"hosts": 20, "resources": 50}
"""Fields with one value a line, and how many lines."""


@require_http_methods(["GET", "POST"])
@never_cache
@allow(*APPOINTERS)
def statements(request: ToonoRequest) -> HttpResponse:
    """The form, and all that were issued; once sent, the statement in the answer itself, so that no address and no session ever holds it."""
    typed = _typed(request)
    errors: list[dict[str, str]] = typed["errors"]
    takes_back = request.POST.get("do") == "take_back"
    if takes_back and _taken_back(request, errors):
        return HttpResponseRedirect(reverse("identity:statements") + "?done=statement_taken_back")
    issued = _issued(request, typed) if request.method == "POST" and not takes_back else None
    page = page_number(request)
    found = api.party_statements(actor=request.actor, limit=PAGE_LENGTH, offset=(page - 1) * PAGE_LENGTH)
    context = {
        "found": found, "names": words.organisation_names([entry.organisation for entry in found.entries]), "done": request.GET.get("done", ""),
        "registered": api.party_names(client_ids=[entry.client_id for entry in found.entries if entry.client_id]),
        "refused": request.POST.get("statement", "") if takes_back else "", "reason": clean(request.POST.get("reason", ""))[:500],
        "before": f"?{urlencode({'page': page - 1})}" if page > 1 else "",
        "after": f"?{urlencode({'page': page + 1})}" if page * PAGE_LENGTH < found.total else "",
        "typed": typed, "issued": issued, "errors": errors, "grants": [(name, words.GRANTS[name]) for name in GRANTS], "scopes": [(name, words.SCOPES[name]) for name in ASKED_SCOPES],
        "details": words.detail_types(), "signing": words.SIGNING.items(), "organisations": sorted(words.all_organisations().items(), key=lambda one: one[1]),
        "example": _example(issued, typed) if issued else "", "issuer": settings().base_url, **common(request),
    }  # fmt: skip
    return render(request, "identity/console_statements.html", context, status=400 if errors else 200)


def _taken_back(request: ToonoRequest, errors: list[dict[str, str]]) -> bool:
    """Whether it was; else what to mend."""
    identifier = request.POST.get("statement", "")[:40]
    try:
        api.take_back_statement(actor=request.actor, identifier=identifier, reason=request.POST.get("reason", ""))
    except ReasonMissing:
        errors.append({"href": f"#reason-{identifier}", "text": _("Шалтгаанаа бичнэ үү")})
    except StatementOver as error:
        errors.append({"href": "#issued", "text": f"{_(error.title_mn)}. {_(error.next_mn)}"})
    return not errors


def _typed(request: ToonoRequest) -> dict[str, Any]:
    post = request.POST
    found: dict[str, Any] = {"organisation": post.get("organisation", "")[:40], "client_name": clean(post.get("client_name", ""))[:150]}
    found |= {name: paragraphs(post.get(name, "")[:5000]) for name in LINES}
    found |= {name: [one for one in known if one in post.getlist(name)] for name, known in (("grants", GRANTS), ("scopes", ASKED_SCOPES), ("details", OF_DETAILS), ("signing", tuple(words.SIGNING)))}  # fmt: skip
    return found | {"fapi": post.get("fapi") == "on", "errors": []}


def _issued(request: ToonoRequest, typed: dict[str, Any]) -> SoftwareStatement | None:
    lists = {name: [line for line in typed[name].lower().splitlines() if line] for name in LINES}
    for name, amiss, text in (
        ("organisation", typed["organisation"] not in words.all_organisations(), _("Байгууллагаа сонгоно уу")),
        ("client_name", len(typed["client_name"]) < 2, _("Нэрээ бичнэ үү. Хүн нэвтрэхдээ үүнийг уншина")),
        ("grants", not typed["grants"], _("Ядаж нэг зам сонгоно уу")),
        ("hosts", "authorization_code" in typed["grants"] and not lists["hosts"], _("Буцах хаягийн серверийн нэрийг бичнэ үү")),
    ):
        if amiss:
            typed["errors"].append({"href": f"#{name}", "text": text})
    if typed["errors"]:
        return None
    signing, service = typed["signing"], settings().base_url + credential.RESOURCE
    bounds: dict[str, object] = {
        "grant_types": typed["grants"], "redirect_hosts": lists["hosts"],
        "scope": " ".join(["openid", *typed["scopes"], *(name for name in SIGNING_SCOPES if name in signing)]),
        "resources": list(dict.fromkeys([line for line in typed["resources"].splitlines() if line] + ([service] if signing else []))),
        "authorization_details_types": typed["details"] + ([credential.TYPE] if SIGNING_DETAILS in signing else []),
    }  # fmt: skip
    bounds |= {"profile": "fapi2"} if typed["fapi"] else {}
    try:
        return api.issue_party_statement(
            actor=request.actor, organisation=typed["organisation"], client_name=typed["client_name"], bounds=bounds
        )
    except ClientMetadataRefused:
        typed["errors"].append(
            {"href": "#hosts", "text": _("Серверийн нэрийг https://, зам, портгүйгээр бичнэ үү. Жишээ нь: example.gov.mn")}
        )
        return None


def _example(issued: SoftwareStatement, typed: dict[str, Any]) -> str:
    """What the organisation's program sends."""
    asked: dict[str, object] = {"software_statement": issued.text[:12] + "…", "grant_types": typed["grants"]}
    host = next(iter(typed["hosts"].splitlines()), "")
    asked |= {"redirect_uris": [f"https://{host}/callback"]} if host else {"response_types": []}
    return json.dumps(asked, ensure_ascii=False, indent=2)
