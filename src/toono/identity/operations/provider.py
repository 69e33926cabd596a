"""The OpenID Provider: the pure protocol joined with the database, the signer and the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from joserfc.jwk import ECKey, KeySet

from toono.identity import contracts, models
from toono.identity.domain.oidc import authorize, discovery, logout, token, userinfo
from toono.identity.domain.oidc.id_token import ALGORITHM
from toono.identity.domain.oidc.parameters import parse
from toono.identity.domain.oidc.refusals import DirectRefusal, PageRefusal
from toono.identity.domain.oidc.storage import Provider, Session, digest
from toono.identity.errors import FlowOver, RequestRefused
from toono.identity.operations import sessions
from toono.identity.operations.secrets import random_secret
from toono.identity.operations.sign_in import new_flow, open_flow
from toono.identity.operations.storage import DatabaseStorage, protocol_session
from toono.identity.queries import session_of_browser
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.settings import settings
from toono.pki import api as pki

SIGNING_KEY = "token"
"""Label of the provider's key in the signer."""

_storage = DatabaseStorage()
_public_key: dict[str, Any] = {}
_public_key_lock = threading.Lock()


# -- keys -----------------------------------------------------------------------------------------------------


def public_jwk() -> dict[str, Any]:
    """The public key of the id tokens, asked of the signer once per process. ``kid`` is its thumbprint (RFC 7638)."""
    with _public_key_lock:
        if not _public_key:
            key = ECKey.import_key(pki.public_key(key=SIGNING_KEY))
            _public_key.update(key.as_dict(private=False) | {"kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM})
    return dict(_public_key)


def _keys() -> KeySet:
    return KeySet.import_key_set({"keys": [public_jwk()]})


def _sign(claims: dict[str, Any]) -> str:
    return pki.sign_jws(key=SIGNING_KEY, payload=claims, typ="JWT", kid=str(public_jwk()["kid"]))


def _provider() -> Provider:
    return Provider(issuer=settings().base_url, storage=_storage, now=now(), keys=_keys, sign=_sign, random=random_secret)


# -- endpoints ------------------------------------------------------------------------------------------------


def metadata() -> dict[str, object]:
    return discovery.metadata(settings().base_url)


def jwks() -> dict[str, object]:
    return {"keys": [public_jwk()]}


def authorization(*, query: str, session_token: str | None, browser: str) -> contracts.Redirection | contracts.SignInRequired:
    """Answer the request, or keep it while the person signs in."""
    row = session_of_browser(session_token)
    outcome = _authorize(query, row, just_signed_in=False)
    if isinstance(outcome, authorize.Answer):
        return contracts.Redirection(url=outcome.url)
    return contracts.SignInRequired(flow_id=new_flow(browser=browser, client_id=outcome.client.client_id, query=query))


def resume(*, flow_id: UUID, session_token: str | None, browser: str | None) -> contracts.Redirection | contracts.SignInRequired:
    """Answer the request that waited; its flow ends. The checks are run again, for what was true then may not be now."""
    flow = open_flow(flow_id, browser)
    row = session_of_browser(session_token)
    if flow.session is None or row is None or row.id != flow.session.id:
        return contracts.SignInRequired(flow_id=flow.id)
    with transaction.atomic():
        if not models.Flow.objects.filter(id=flow.id, finished_at=None).update(finished_at=now()):
            raise FlowOver
        outcome = _authorize(flow.query, row, just_signed_in=True)
        if not isinstance(outcome, authorize.Answer):
            raise FlowOver
    return contracts.Redirection(url=outcome.url)


def _authorize(query: str, row: models.Session | None, *, just_signed_in: bool) -> authorize.Answer | authorize.SignInNeeded:
    if row is not None:
        sessions.touch(row)
    session: Session | None = protocol_session(row) if row else None
    try:
        return authorize.authorize(provider=_provider(), parameters=parse(query), session=session, just_signed_in=just_signed_in)
    except PageRefusal as refusal:
        raise RequestRefused(str(refusal)) from None


def exchange_code(*, form: str, authorization: str | None) -> contracts.ProtocolAnswer:
    """The token endpoint. One transaction: what a refusal writes (the revocation after a second use) is kept, what a fault interrupts is not."""
    with transaction.atomic():
        return _answer(partial(token.exchange, provider=_provider(), parameters=parse(form), authorization=authorization))


def user_info(*, form: str, authorization: str | None) -> contracts.ProtocolAnswer:
    return _answer(partial(userinfo.userinfo, provider=_provider(), authorization=authorization, form=parse(form)))


def _answer(ask: Callable[[], dict[str, Any]]) -> contracts.ProtocolAnswer:
    try:
        return contracts.ProtocolAnswer(status=200, body=ask())
    except DirectRefusal as refusal:
        body: dict[str, object] = {"error": refusal.error, "error_description": refusal.description}
        return contracts.ProtocolAnswer(status=refusal.status, body=body, authenticate=refusal.authenticate)


def logout_request(
    *, query: str, session_token: str | None, confirmed: bool
) -> contracts.Redirection | contracts.SignedOut | contracts.ConfirmSignOut:
    """End the browser's session if the request proves that it is meant, or the person has confirmed it."""
    row = session_of_browser(session_token)
    try:
        found = logout.logout(provider=_provider(), parameters=parse(query), session=protocol_session(row) if row else None)
    except PageRefusal as refusal:
        raise RequestRefused(str(refusal)) from None
    if not (found.confirmed or confirmed):
        return contracts.ConfirmSignOut(query=query)
    if row is not None:
        actor = Actor(role=Role.CITIZEN, person_id=row.person_id, session_id=str(row.id))
        sessions.end_session(actor=actor, session_id=row.id)
    return contracts.Redirection(url=found.redirect_url) if found.redirect_url else contracts.SignedOut()


# -- set-up ---------------------------------------------------------------------------------------------------


def establish(*, actor: Actor) -> None:
    """Make the signing key and enter the platform's own clients. Done at every start; a second time changes nothing."""
    if actor.role != Role.SYSTEM:
        raise NotAllowed(f"{actor} may not set up the provider")
    pki.establish_key(key=SIGNING_KEY)
    base = settings().base_url
    _client("portal", "Тооно портал", "Toono portal", settings().secret("portal_client_secret"), [f"{base}/callback"], [f"{base}/"])
    loopback = ["http://127.0.0.1/callback", "http://[::1]/callback"]
    if settings().production:
        models.Client.objects.filter(client_id="demo-rp").delete()
    else:
        _client("demo-rp", "Хөгжүүлэгчийн туршилтын систем", "Developers' trial system", "", loopback, ["http://127.0.0.1/signed-out"])


def _client(client_id: str, name_mn: str, name_en: str, secret: str, redirect_uris: list[str], after_logout: list[str]) -> None:
    values = {
        "name_mn": name_mn, "name_en": name_en, "secret_digest": digest(secret) if secret else "", "redirect_uris": redirect_uris,
        "post_logout_redirect_uris": after_logout, "scopes": ["openid", "register"],
    }  # fmt: skip
    models.Client.objects.update_or_create(client_id=client_id, defaults=values)
