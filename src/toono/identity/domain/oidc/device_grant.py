"""The device flow: RFC 8628, for kiosks and screens without a keyboard. The person types a short code elsewhere, signed in, and sees who asks."""

from __future__ import annotations

from typing import Any

from toono.identity.domain.oidc import approval
from toono.identity.domain.oidc.client_authentication import authenticated_client
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Approval, ApprovalKind, Provider, digest
from toono.identity.domain.oidc.token_request import TokenRequest
from toono.identity.limits import LIMITS

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""§6.1: twenty letters that form no words and are not mistaken for digits."""
LETTERS = 8


def start(*, provider: Provider, request: Request, letters: str) -> dict[str, Any]:
    """The device authorization endpoint (§3.1, §3.2). A resource named here (RFC 8707 §2) bounds all tokens that come of it.

    :param letters: eight random ones of :data:`ALPHABET`.
    :raises DirectRefusal:
    """
    t = TokenRequest(provider=provider, request=request, parameters=request.form(), proven=authenticated_client(provider, request))
    if GRANT not in t.client.grant_types:
        raise DirectRefusal("unauthorized_client", "the client is not registered for this grant")
    asked = approval.personal_scope(t)
    value = provider.random()
    kept = Approval(
        kind=ApprovalKind.DEVICE, client_id=t.client.client_id, scope=asked, expires_at=provider.now + LIMITS.device_lifetime,
        interval_seconds=LIMITS.poll_seconds, user_code=letters, authorization_details=t.details(),
        resources=t.resources(),
    )  # fmt: skip
    provider.storage.save_approval(digest(value), kept)
    page, shown = provider.issuer + "/identity/device", f"{letters[:4]}-{letters[4:]}"
    return {
        "device_code": value, "user_code": shown, "verification_uri": page, "verification_uri_complete": f"{page}?user_code={shown}",
        "expires_in": int(LIMITS.device_lifetime.total_seconds()), "interval": LIMITS.poll_seconds,
    }  # fmt: skip


def typed_code(value: str) -> str | None:
    """The letters that a person meant, or None (§6.1: case and dashes are forgiven)."""
    letters = "".join(c for c in value.upper() if c not in " -\u2013")
    return letters if len(letters) == LETTERS and set(letters) <= set(ALPHABET) else None


def tokens(t: TokenRequest) -> dict[str, Any]:
    """The token endpoint's part (§3.4, §3.5)."""
    return approval.tokens(t, ApprovalKind.DEVICE, t.needed("device_code"))
