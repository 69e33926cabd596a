"""The OpenID Provider's endpoints for machines. Each runs in one transaction: what a refusal writes (a revocation, a used proof) is kept, what a fault interrupts is not."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from typing import Any

from django.db import transaction

from toono.identity import contracts
from toono.identity.domain.oidc import (
    access_token,
    certificate,
    ciba,
    device_grant,
    introspection,
    pushed,
    registration,
    revocation,
    token,
    userinfo,
)
from toono.identity.domain.oidc.parameters import parse
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Provider
from toono.identity.operations import approvals, clients, engine
from toono.kernel.settings import settings

Ask = Callable[[Provider, Request], Any]

ENDPOINTS: dict[str, Ask] = {
    "/oidc/token": lambda provider, request: token.exchange(provider=provider, request=request),
    "/oidc/userinfo": lambda provider, request: userinfo.userinfo(provider=provider, request=request),
    "/oidc/par": lambda provider, request: pushed.push(provider=provider, request=request),
    "/oidc/revoke": lambda provider, request: revocation.revoke(provider=provider, request=request),
    "/oidc/device-authorization": lambda provider, request: device_grant.start(
        provider=provider, request=request, letters=approvals.new_user_code()
    ),
    "/oidc/backchannel-authentication": lambda provider, request: approvals.announced(ciba.start(provider=provider, request=request)),
}
STATUS = {"/oidc/par": 201}


def answer(sent: contracts.MachineRequest) -> contracts.ProtocolAnswer:
    """What an endpoint answers, refusals included."""
    provider, request = engine.provider(), read(sent)
    return _answered(lambda: asked(provider, sent, request), status=STATUS.get(sent.path, 200), media=media_type(sent.path))


def asked(provider: Provider, sent: contracts.MachineRequest, request: Request) -> Any:
    """The protocol's own answer: JSON object or signed text.

    :param request: what was sent, :func:`read`.
    :raises DirectRefusal:
    """
    if sent.path == "/oidc/introspect":
        return introspection.introspect(provider=provider, request=request, signed=wants_signed(sent.accept))
    return ENDPOINTS[sent.path](provider, request)


def wants_signed(accept: str) -> bool:
    """Whether ``Accept`` names the signed answer (RFC 9701 §4), in any case, and does not rule it out by ``q=0`` (RFC 9110 §12.4.2, §12.5.1)."""
    for one in accept.lower().split(","):
        name, *parameters = (part.strip() for part in one.split(";"))
        if name == introspection.SIGNED:
            return not any(re.fullmatch(r"q=0(\.0{0,3})?", parameter) for parameter in parameters)
    return False


def token_claims(value: str) -> dict[str, Any] | None:
    """What a living access token says; None for every other text."""
    provider = engine.provider()
    token = access_token.known(provider, value) if value.isascii() else None
    return access_token.told(provider, token) if token is not None else None


def media_type(path: str) -> str:
    """Of a signed text from this endpoint."""
    return introspection.SIGNED if path == "/oidc/introspect" else "application/jwt"


def read(sent: contracts.MachineRequest) -> Request:
    """The request as the protocol takes it; nothing of it has been believed but the terminator's word."""
    return Request(
        parameters=parse(sent.form), authorization=sent.authorization, dpop=sent.dpop, method=sent.method, path=sent.path,
        certificate=_certificate(sent),
    )  # fmt: skip


def _certificate(sent: contracts.MachineRequest) -> certificate.Certificate | None:
    """``Client-Cert`` (RFC 9440), if it is the word of the TLS terminator, which knows the secret ``terminator_key``; anybody can write a header."""
    if not sent.certificate or not settings().gateway_tls:
        return None
    known = settings().secret("terminator_key")
    return certificate.read(sent.certificate) if hmac.compare_digest(sent.terminator.encode(), known.encode()) else None


def _answered(ask: Callable[[], Any], *, status: int = 200, media: str = "application/jwt") -> contracts.ProtocolAnswer:
    with transaction.atomic():
        try:
            found = ask()
        except DirectRefusal as refusal:
            return _refused(refusal)
    if isinstance(found, str):
        return contracts.ProtocolAnswer(status=status, body={}, text=found, media_type=media)
    return contracts.ProtocolAnswer(status=status, body=found)


def _refused(refusal: DirectRefusal) -> contracts.ProtocolAnswer:
    return contracts.ProtocolAnswer(
        status=refusal.status, body=refusal.body, authenticate=refusal.authenticate, dpop_nonce=refusal.dpop_nonce
    )


# -- registration --------------------------------------------------------------------------------------------------


def register(*, document: bytes) -> contracts.ProtocolAnswer:
    """RFC 7591 §3: a new client under a software statement."""
    provider = engine.provider()

    def ask() -> dict[str, Any]:
        found = clients.read_document(document)
        made = registration.register(provider=provider, metadata=found, loopback=not settings().production)
        clients.enter_registration(str(made["client_id"]), found)
        return made

    return _answered(ask, status=201)


def managed_client(*, client_id: str, authorization: str | None, remove: bool) -> contracts.ProtocolAnswer:
    """RFC 7592 §2.1, §2.3: a client reads its own registration, or ends it with all its tokens."""
    return _answered(lambda: clients.managed(client_id, authorization, remove=remove), status=204 if remove else 200)
