"""For a client that speaks as those of ДАН do: what it would gain by OpenID Connect, and how to move, with its own values filled in."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from toono.identity import api
from toono.identity.contracts import PartyKind
from toono.identity.web.console.parties import common
from toono.identity.web.console.places import KEEPERS
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.settings import settings

NAMES_OF_THE_REGISTER = frozenset({"WS100101_getCitizenIDCardInfo", "WS100106_authorizeCitizen", "WS100125_checkCitizenRegnum"})
"""Operations whose answer, for a sign-in, the scope ``register`` gives as well."""


@require_GET
@never_cache
@allow(*KEEPERS)
def gains(request: ToonoRequest, client_id: str) -> HttpResponse:
    found = api.party(actor=request.actor, client_id=client_id)
    if found.kind is not PartyKind.DAN:
        raise Http404(client_id)
    operations = [str(one) for one in _listed(found.metadata.get("dan_operations"))]
    addresses = [str(one) for one in _listed(found.metadata.get("redirect_uris"))]
    base = settings().base_url
    asked = {
        "response_type": "code", "client_id": found.client_id, "redirect_uri": addresses[0] if addresses else "", "scope": "openid register",
        "state": "…", "nonce": "…", "code_challenge": "…", "code_challenge_method": "S256",
    }  # fmt: skip
    context = {
        "party": found, "base": base, "covered": [name for name in operations if name in NAMES_OF_THE_REGISTER],
        "rest": [name for name in operations if name not in NAMES_OF_THE_REGISTER], "addresses": addresses,
        "authorize": f"{base}/oidc/authorize?{urlencode(asked, safe='…:/')}", **common(request),
    }  # fmt: skip
    return render(request, "identity/console_gains.html", context)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []
