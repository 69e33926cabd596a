"""Asking again until the person has answered: RFC 8628 §3.5, CIBA Core §11. The same for both, so it stands once."""

from __future__ import annotations

from typing import Any

from toono.identity.domain.oidc import access_token, consent, credential, id_token, refresh
from toono.identity.domain.oidc.binding import binding
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import Approval, ApprovalKind, ApprovalState, Client, Grant, Session, digest
from toono.identity.domain.oidc.token_request import TokenRequest
from toono.identity.domain.oidc.userinfo import OFFLINE_SCOPE, claims_of
from toono.identity.limits import LIMITS


def personal_scope(t: TokenRequest) -> str:
    """Signatures are confirmed at the authorization endpoint only, so their scope is left out here.

    :raises DirectRefusal: ``invalid_scope``: without ``openid``; unknown scopes are left out (Core §3.1.2.1).
    """
    asked = (t.get("scope") or "").split()
    if "openid" not in asked:
        raise DirectRefusal("invalid_scope", "scope must contain openid")
    return " ".join(sorted(t.client.scopes.intersection(asked) - {credential.SCOPE}))


def items(asked: Approval) -> tuple[consent.Item, ...]:
    """What the person is told that the client would get."""
    return consent.items(
        scope=asked.scope, userinfo=_userinfo(asked), id_token=(), essential=frozenset(), details=tuple(asked.authorization_details)
    )


def targets(asked: Approval, client: Client) -> tuple[str, ...]:
    """Where the client would act for the person: the resource that it named; else all of which it may still name one (:func:`tokens`)."""
    return asked.resources or tuple(sorted(client.resources))


def _userinfo(asked: Approval) -> tuple[str, ...]:
    return claims_of(asked.scope.split())


def grant_of(asked: Approval, session: Session, *, identifier: str) -> Grant:
    """What the person gives by agreeing: all of the request, or nothing."""
    return Grant(
        id=identifier, client_id=asked.client_id, session=session, scope=asked.scope, userinfo_claims=_userinfo(asked),
        resources=asked.resources, authorization_details=tuple(asked.authorization_details), offline=OFFLINE_SCOPE in asked.scope.split(),
    )  # fmt: skip


def tokens(t: TokenRequest, kind: ApprovalKind, value: str) -> dict[str, Any]:
    """Tokens, once the person has agreed; else what to do. A resource named only now (RFC 8707 §2.2) bounds what is refreshed later, too.

    :raises DirectRefusal: ``authorization_pending``, ``slow_down``, ``access_denied``, ``expired_token``, ``invalid_grant``, ``invalid_target``
        (after which the right request is still good).
    """
    key = digest(value)
    found = t.provider.storage.locked_approval(key)
    if found is None or found.kind is not kind or found.client_id != t.client.client_id:
        raise DirectRefusal("invalid_grant", "unknown")
    shown = binding(t.provider, t.client, t.request)
    _ready(t, key, found)
    grant = found.grant
    if grant is None or grant.revoked or not (grant.offline or t.provider.storage.session_lives(grant.session.id)):
        raise DirectRefusal("invalid_grant", "what was allowed has ended")
    wanted = t.resources(found.resources or None)
    t.provider.storage.change_approval(key, state=ApprovalState.USED)
    if wanted and not grant.resources:
        grant = t.provider.storage.bound_grant(grant, wanted)
    wish = access_token.Wish(
        client=t.client, scope=grant.scope, resources=wanted, binding=shown, grant=grant,
        authorization_details=grant.authorization_details,
    )  # fmt: skip
    token, reply = access_token.issue(t.provider, wish)
    if refresh.GRANT in t.client.grant_types:
        reply["refresh_token"] = refresh.first(t.provider, t.client, grant, shown)
    return reply | {"id_token": id_token.id_token(t.provider, t.client, grant, access_token=token)}


def _ready(t: TokenRequest, key: str, found: Approval) -> None:
    """The state decides, then the time, then the patience of who asks."""
    if found.state is ApprovalState.USED:
        raise DirectRefusal("invalid_grant", "it was used")
    if t.provider.now > found.expires_at:
        raise DirectRefusal("expired_token", "the time is over")
    if found.state is ApprovalState.REFUSED:
        raise DirectRefusal("access_denied", "the person has refused")
    if found.state is ApprovalState.PENDING:
        raise _wait(t, key, found)


def _wait(t: TokenRequest, key: str, found: Approval) -> DirectRefusal:
    """Who asks too soon waits five seconds longer from now on (RFC 8628 §3.5)."""
    too_soon = found.polled_at is not None and (t.provider.now - found.polled_at).total_seconds() < found.interval_seconds
    interval = found.interval_seconds + (LIMITS.poll_seconds if too_soon else 0)
    t.provider.storage.change_approval(key, polled_at=t.provider.now, interval_seconds=min(interval, LIMITS.longest_poll_seconds))
    return DirectRefusal("slow_down" if too_soon else "authorization_pending", "the person has not answered yet")
