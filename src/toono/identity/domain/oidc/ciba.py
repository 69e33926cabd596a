"""Sign-in that starts at the client and is approved on the person's own device: OpenID Connect CIBA Core 1.0, poll and ping.

The person is named by their register number (``login_hint``) or by an earlier id token. Whether the platform knows them is not told: an unknown one's request
simply stays pending until its time is over.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from toono.identity.domain.oidc import approval, subjects
from toono.identity.domain.oidc.client_authentication import authenticated_client
from toono.identity.domain.oidc.id_token import read_hint
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import PING, Approval, ApprovalKind, Provider, digest
from toono.identity.domain.oidc.token_request import TokenRequest
from toono.identity.limits import LIMITS
from toono.kernel.regnum import normalise

GRANT = "urn:openid:params:grant-type:ciba"
HINTS = ("login_hint", "id_token_hint", "login_hint_token")
_MESSAGE = re.compile(r"[\w .,:№#/+–-]{1,100}")
_NOTIFICATION_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{16,1024}=*")


def start(*, provider: Provider, request: Request) -> dict[str, Any]:
    """The backchannel authentication endpoint (§7.1 to §7.3). A resource named here (RFC 8707 §2) bounds all tokens that come of it.

    :raises DirectRefusal:
    """
    t = TokenRequest(provider=provider, request=request, parameters=request.form(), proven=authenticated_client(provider, request))
    if GRANT not in t.client.grant_types or t.client.public:
        raise DirectRefusal("unauthorized_client", "the client is not registered for this grant")
    lifetime, value = _lifetime(t), provider.random()
    pinged = t.client.backchannel_token_delivery_mode == PING
    kept = Approval(
        kind=ApprovalKind.CIBA, client_id=t.client.client_id, scope=approval.personal_scope(t), subject=_person(t), binding_message=_message(t),
        notification_token=_notification_token(t), authorization_details=t.details(), interval_seconds=LIMITS.poll_seconds, auth_req_id=value if pinged else "",
        expires_at=provider.now + timedelta(seconds=lifetime), resources=t.resources(),
    )  # fmt: skip
    provider.storage.save_approval(digest(value), kept)
    return {"auth_req_id": value, "expires_in": lifetime, "interval": LIMITS.poll_seconds}


def _person(t: TokenRequest) -> str:
    """§7.1: exactly one hint. Empty for somebody whom the platform does not know."""
    shown = [name for name in HINTS if t.get(name) is not None]
    if len(shown) != 1:
        raise DirectRefusal("invalid_request", "exactly one hint must say who is asked")
    if shown[0] == "login_hint_token":
        raise DirectRefusal("invalid_request", "login_hint_token is not supported")
    if shown[0] == "id_token_hint":
        claims = read_hint(t.provider, t.needed("id_token_hint"))
        if claims is None or claims["aud"] != t.client.client_id:
            raise DirectRefusal("invalid_request", "id_token_hint is no id token for this client")
        return subjects.person(t.provider, t.client, claims["sub"]) or ""
    regnum = normalise(t.needed("login_hint"))
    if regnum is None:
        raise DirectRefusal("unknown_user_id", "login_hint is no register number")
    return t.provider.storage.person_by_regnum(regnum) or ""


def _message(t: TokenRequest) -> str:
    """§7.1: shown to the person, so that they can tell whether this is the request they wait for."""
    found = t.get("binding_message") or ""
    if found and not _MESSAGE.fullmatch(found):
        raise DirectRefusal("invalid_binding_message", "at most 100 letters, digits and simple signs")
    return found


def _notification_token(t: TokenRequest) -> str:
    found = t.get("client_notification_token")
    if t.client.backchannel_token_delivery_mode != PING:
        return ""
    if found is None or not _NOTIFICATION_TOKEN.fullmatch(found):
        raise DirectRefusal("invalid_request", "client_notification_token is missing or malformed")
    return found


def _lifetime(t: TokenRequest) -> int:
    """``requested_expiry``, a positive number of seconds (§7.1); a text in JSON comes here as text all the same."""
    longest = int(LIMITS.ciba_lifetime.total_seconds())
    asked = t.get("requested_expiry")
    if asked is None:
        return longest
    if not re.fullmatch(r"[1-9][0-9]{0,5}", asked):
        raise DirectRefusal("invalid_request", "requested_expiry must be a positive number of seconds")
    return min(int(asked), longest)


def tokens(t: TokenRequest) -> dict[str, Any]:
    """The token endpoint's part (§10.1, §11)."""
    return approval.tokens(t, ApprovalKind.CIBA, t.needed("auth_req_id"))
