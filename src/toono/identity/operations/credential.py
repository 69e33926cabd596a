"""A client of the signing service sends a person to confirm signatures: the authorization request waits for the request to sign."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.urls import reverse

from toono.identity import models
from toono.identity.domain.oidc import authorize
from toono.identity.domain.oidc.credential import TYPE
from toono.kernel.errors import Unavailable
from toono.pki import api as pki
from toono.pki.contracts import SigningState
from toono.pki.errors import SigningRequestRefused, TooManySigningRequests

_ITEM = "signing:"


def is_wanted(outcome: authorize.ConsentNeeded) -> bool:
    return any(item.detail is not None and item.detail.get("type") == TYPE for item in outcome.items)


def ask(flow_id: UUID, outcome: authorize.ConsentNeeded, session: models.Session) -> UUID | str:
    """The request to sign that now waits for the person; or why there can be none, in the words of the interface."""
    client = models.Client.objects.get(client_id=outcome.client.client_id)
    detail = next(item.detail for item in outcome.items if item.detail is not None and item.detail.get("type") == TYPE)
    try:
        return pki.csc_ask(
            person_id=session.person_id, client_id=client.client_id, client=client.name_mn, detail=detail,
            way_back=reverse("identity:resume", args=[flow_id]),
        ).id  # fmt: skip
    except SigningRequestRefused as refused:
        return str(refused)
    except TooManySigningRequests:
        return "Too many authorizations of this client wait for the holder"


def noted(request_id: UUID) -> list[dict[str, Any]]:
    """How the flow remembers it."""
    return [{"code": f"{_ITEM}{request_id}", "essential": True, "detail": {}}]


def asked_in(flow: models.Flow) -> UUID | None:
    """The request to sign for which this flow waits."""
    codes = [str(item["code"]) for item in flow.items or ()]
    return next((UUID(code.removeprefix(_ITEM)) for code in codes if code.startswith(_ITEM)), None)


def answered(request_id: UUID, waited: authorize.Waited) -> authorize.Waited | None:
    """With the person's answer; None while there is none. Nothing that stands in the flow itself counts as one."""
    try:
        state = pki.signing_outcome(request_id=request_id).state
    except Unavailable:
        return None
    if state is SigningState.WAITING:
        return None
    if state is SigningState.SIGNED:
        return replace(waited, agreed=None, refused=False, transaction=str(request_id))
    return replace(waited, agreed=None, refused=True)
