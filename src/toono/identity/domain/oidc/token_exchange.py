"""Acting on: RFC 8693. A service that was called with a token gets one of its own for the next service: for the same person, for no more, and naming who acts (``act``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toono.identity.domain.oidc import access_token
from toono.identity.domain.oidc.binding import binding
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import Token
from toono.identity.domain.oidc.token_request import TokenRequest

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name
LONGEST_CHAIN = 4


@dataclass(kw_only=True)
class Exchange:
    """A token on its way through the checks."""

    asked: TokenRequest
    subject: Token


def client_may_act_for_the_other(e: Exchange) -> None:
    """Registered for it, and one of those to whom the token was sent: its own address is the audience (RFC 8693 §5, RFC 9700 §4.10)."""
    client = e.asked.client
    if e.subject.client_id not in client.may_act_for or not client.resources.intersection(e.subject.audience):
        raise DirectRefusal("invalid_request", "the client may not act on this token")


def chain_is_short(e: Exchange) -> None:
    if len(e.subject.actors) >= LONGEST_CHAIN:
        raise DirectRefusal("invalid_request", "too many already act on this token")


CHECKS: tuple[Callable[[Exchange], None], ...] = (client_may_act_for_the_other, chain_is_short)


def tokens(t: TokenRequest) -> dict[str, Any]:
    """A token for one further resource, living no longer than its kind, ending with the grant of the one that was shown.

    :raises DirectRefusal: ``invalid_request`` for a token that may not be exchanged (§2.2.2), ``invalid_target``, ``invalid_scope``.
    """
    e = Exchange(asked=t, subject=_subject(t))
    for check in CHECKS:
        check(e)
    wanted = t.resources()
    if not wanted:
        raise DirectRefusal("invalid_target", "resource is missing")
    scope = t.scope(frozenset(e.subject.scope.split()))
    wish = access_token.Wish(
        client=t.client, scope=scope, resources=wanted, binding=binding(t.provider, t.client, t.request), grant=e.subject.grant,
        authorization_details=t.details(tuple(e.subject.authorization_details)), actors=(t.client.client_id, *e.subject.actors),
    )  # fmt: skip
    return access_token.issue(t.provider, wish)[1] | {"issued_token_type": ACCESS_TOKEN}


def _subject(t: TokenRequest) -> Token:
    if t.client.public:
        raise DirectRefusal("unauthorized_client", "only a client that proves itself may act on")
    if t.needed("subject_token_type") != ACCESS_TOKEN or t.get("requested_token_type") not in (None, ACCESS_TOKEN):
        raise DirectRefusal("invalid_request", "only access tokens are exchanged")
    if t.get("actor_token") is not None:
        raise DirectRefusal("invalid_request", "the actor is the client itself; actor_token is not supported")
    found = access_token.known(t.provider, t.needed("subject_token"))
    if found is None or found.dead or t.provider.now > found.expires_at:
        raise DirectRefusal("invalid_request", "subject_token is unknown or has ended")
    return found
