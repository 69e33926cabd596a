"""Registering relying parties: by an administrator, by the client itself under a statement, and the platform's own at every start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from toono.identity import contracts, models
from toono.identity.domain.oidc import device_grant, refresh, registration
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.errors import ClientMetadataRefused, ClientTaken
from toono.identity.operations import engine, keys, statements
from toono.identity.operations.secrets import digest, random_secret
from toono.kernel import audit
from toono.kernel.actor import Actor, Role, system
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.jose import json_object, unverified_payload
from toono.kernel.settings import settings

LONGEST_DOCUMENT = 65536


def _administrator(actor: Actor) -> None:
    if actor.role not in (Role.ADMINISTRATOR, Role.SYSTEM):
        raise NotAllowed(f"{actor} may not register relying parties")


def register_client(*, actor: Actor, client_id: str, metadata: Mapping[str, Any]) -> contracts.RegisteredClient:
    """Register, and give the secret, once, if the client has one.

    :raises ClientMetadataRefused: a member is amiss; ``reason`` says which.
    :raises ClientTaken: there is such a client.
    """
    _administrator(actor)
    metadata, secret = registration.named(metadata), random_secret()
    by_secret = registration.has_secret(metadata)
    try:
        found = registration.client(
            client_id, metadata, secret_digest=digest(secret) if by_secret else "", loopback=not settings().production
        )
        with transaction.atomic():
            engine.storage.save_client(found, metadata)
            audit.record(actor=actor, action="identity.register_client", subject=f"client:{client_id}")
    except DirectRefusal as refusal:
        raise ClientMetadataRefused(refusal.description, reason=refusal.description) from None
    except IntegrityError:
        raise ClientTaken(client_id) from None
    return contracts.RegisteredClient(client_id=client_id, client_secret=secret if by_secret else None)


def remove_client(*, actor: Actor, client_id: str) -> None:
    """End a registration with everything given under it; audited. Idempotent."""
    _administrator(actor)
    with transaction.atomic():
        engine.storage.remove_client(client_id)
        audit.record(actor=actor, action="identity.remove_client", subject=f"client:{client_id}")


# -- under a statement ---------------------------------------------------------------------------------------------


def software_statement(*, actor: Actor, software_id: str, client_name: str, bounds: Mapping[str, Any]) -> str:
    """A signed statement with which an organisation registers one client itself."""
    _administrator(actor)
    return statements.issue(actor=actor, software_id=software_id, client_name=client_name, bounds=bounds)


def read_document(document: bytes) -> dict[str, Any]:
    """:raises DirectRefusal: no JSON object, or too long."""
    try:
        if len(document) > LONGEST_DOCUMENT:
            raise ValueError
        return json_object(document)
    except ValueError:
        raise registration.invalid("the request is no JSON object, or too long") from None


def enter_registration(client_id: str, document: Mapping[str, Any]) -> None:
    """Say whose a client is that has registered itself: the organisation's for which its statement, checked by now, was issued; nobody's, if for none."""
    statement = json_object(unverified_payload(str(document["software_statement"])))
    organisation = str(statement.get("organisation", ""))
    statements.note_use(str(statement["jti"]), client_id)
    if organisation:
        models.Client.objects.filter(client_id=client_id).update(organisation=organisation)
        models.Client.objects.filter(client_id=client_id).exclude(secret_digest="").update(secret_made_at=now())
    audit.record(actor=system("registration"), action="identity.register_client", subject=f"client:{client_id}", organisation=organisation)


def managed(client_id: str, authorization: str | None, *, remove: bool) -> dict[str, Any]:
    """:raises DirectRefusal: the token is not that of this registration (RFC 7592 §2.1)."""
    row = models.Client.objects.filter(client_id=client_id).first() if client_id.isprintable() else None
    shown = registration.check_manager(row.registration_digest if row else "", authorization)
    assert row is not None  # noqa: S101 - nobody manages a registration that is not there
    if remove:
        engine.storage.remove_client(client_id)
        audit.record(actor=system("registration"), action="identity.remove_client", subject=f"client:{client_id}")
        return {}
    return registration.information(issuer=settings().base_url, client_id=client_id, metadata=row.metadata, manages=shown)


# -- the platform's own --------------------------------------------------------------------------------------------


def establish(*, actor: Actor) -> None:
    """Make the signing key and enter the platform's own clients. Done at every start; a second time changes nothing."""
    if actor.role != Role.SYSTEM:
        raise NotAllowed(f"{actor} may not set up the provider")
    keys.establish()
    base = settings().base_url
    own = {"redirect_uris": [f"{base}/callback"], "post_logout_redirect_uris": [f"{base}/"], "scope": "openid register"}
    _enter("portal", "Тооно портал", "Toono portal", own, settings().secret("portal_client_secret"))
    signing = SIGNING | {"resources": [f"{base}/csc/v2"]}
    _enter("toono-esign", "Тооно гарын үсэг (таны компьютер)", "Toono signing (your computer)", signing, "", trusted=False)
    if settings().production:
        models.Client.objects.filter(client_id="demo-rp").delete()
    else:
        _enter("demo-rp", "Хөгжүүлэгчийн туршилтын систем", "Developers' trial system", TRIAL, "")


SIGNING: dict[str, Any] = {
    "redirect_uris": ["http://127.0.0.1/callback"], "scope": "openid service", "token_endpoint_auth_method": "none",
}  # fmt: skip
"""The helper on a person's own computer (``toono esign``): public, since everybody may read what lies there, and not trusted."""
TRIAL: dict[str, Any] = {
    "redirect_uris": ["http://127.0.0.1/callback", "http://[::1]/callback"], "post_logout_redirect_uris": ["http://127.0.0.1/signed-out"],
    "scope": "openid register offline_access", "token_endpoint_auth_method": "none",
    "grant_types": ["authorization_code", refresh.GRANT, device_grant.GRANT],
}  # fmt: skip


def _enter(client_id: str, name_mn: str, name_en: str, metadata: dict[str, Any], secret: str, *, trusted: bool = True) -> None:
    """:param trusted: the person is not asked whether it may know them."""
    values = {
        "name_mn": name_mn, "name_en": name_en, "secret_digest": digest(secret) if secret else "", "metadata": metadata, "trusted": trusted,
    }  # fmt: skip
    models.Client.objects.update_or_create(client_id=client_id, defaults=values)
