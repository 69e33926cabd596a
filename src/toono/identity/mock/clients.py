"""Who may ask: the clients of a file, and, while the mock is open, anybody, as they come."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import yaml

from toono.identity.domain.dan import scope as dan_scope
from toono.identity.domain.oidc import ciba, registration, resources, token, token_exchange
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import BY_CERTIFICATE, Client, digest
from toono.identity.domain.oidc.userinfo import PERSONAL_SCOPES
from toono.identity.mock.memory import Memory

_ADDRESS = re.compile(r"(?!javascript:|data:|vbscript:|file:|about:|blob:)[a-z][a-z0-9+.-]*:[\x21-\x7e]{1,2000}", re.IGNORECASE)
"""Any address to which a browser can be sent without running what stands in it."""
_LONGEST = 200
_ANYBODY = frozenset(token.GRANTS) - {ciba.GRANT, token_exchange.GRANT}
_PROVEN = frozenset(token.GRANTS)
"""Grants of whoever comes, and of whoever shows a secret or a certificate: the others are for clients that prove themselves."""


class ClientsUnreadable(Exception):
    """The file of clients; the text says what is amiss."""


def read(path: Path) -> tuple[Client, ...]:
    """Clients of a file: a list of registrations (JSON or YAML) with the members of RFC 7591, ``client_id`` and, where it has one, ``client_secret``.

    :raises ClientsUnreadable:
    """
    try:
        listed = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ClientsUnreadable(f"{path}: {error}") from None
    listed = [listed] if isinstance(listed, dict) else listed
    if not isinstance(listed, list) or not listed:
        raise ClientsUnreadable(f"{path}: holds no list of clients")
    return tuple(_client(path, number, one) for number, one in enumerate(listed, 1))


def _client(path: Path, number: int, one: Any) -> Client:
    if not isinstance(one, dict) or not isinstance(one.get("client_id"), str):
        raise ClientsUnreadable(f"{path}: client {number} has no client_id")
    metadata = {name: value for name, value in one.items() if name not in ("client_id", "client_secret")}
    secret = one.get("client_secret", "")
    by_secret = str(metadata.get("token_endpoint_auth_method", "client_secret_basic")).startswith("client_secret")
    if not isinstance(secret, str) or by_secret != bool(secret):
        raise ClientsUnreadable(f"{path}: {one['client_id']}: client_secret is missing, or token_endpoint_auth_method needs none")
    try:
        return registration.client(one["client_id"], metadata, secret_digest=digest(secret) if secret else "", loopback=True)
    except DirectRefusal as refusal:
        raise ClientsUnreadable(f"{path}: {one['client_id']}: {refusal.description}") from None


class Door:
    """Lets clients in. An open one registers whoever comes, by what they send."""

    def __init__(self, memory: Memory, known: tuple[Client, ...], *, is_open: bool, issuer: str) -> None:
        self._memory, self.is_open, self._issuer = memory, is_open, issuer
        self._fixed = {client.client_id for client in known}
        for client in known:
            memory.save_client(client, {})

    def meet(self, parameters: Parameters | None, *, dan: bool = False) -> None:
        """A client's request by the browser: its address and, for ДАН, its operations become known."""
        client = self._guest(parameters.get("client_id") if parameters else None)
        if parameters is None or client is None:
            return
        client = replace(
            client,
            redirect_uris=_with(client.redirect_uris, parameters.get("redirect_uri")),
            post_logout_redirect_uris=_with(client.post_logout_redirect_uris, parameters.get("post_logout_redirect_uri")),
        )
        client = replace(client, resources=_resources(client, parameters))
        self._memory.save_client(replace(client, dan_operations=client.dan_operations | _operations(parameters)) if dan else client, {})

    def meet_machine(self, request: Request) -> str:
        """A client's own request: the secret or certificate that it shows is its own from now on, as long as the mock runs. Gives the name that it shows."""
        client_id, secret = _shown(request)
        client = self._guest(client_id)
        if client is not None and request.parameters is not None:
            uris = _with(client.redirect_uris, request.parameters.get("redirect_uri"))
            known = replace(client, redirect_uris=uris, resources=_resources(client, request.parameters))
            self._memory.save_client(self._acting(_proving(known, secret, request), request.parameters), {})
        return client_id

    def _acting(self, client: Client, parameters: Parameters) -> Client:
        """Who exchanges a token (RFC 8693) is believed to be the one for whom it was."""
        shown = self._memory.token(digest(parameters.get("subject_token") or ""))
        if shown is None or parameters.get("grant_type") != token_exchange.GRANT:
            return client
        own = frozenset(one for one in shown.audience if one != self._issuer)
        return replace(client, may_act_for=client.may_act_for | {shown.client_id}, resources=client.resources | own)

    def _guest(self, client_id: str | None) -> Client | None:
        if not self.is_open or not client_id or client_id in self._fixed or len(client_id) > _LONGEST or not client_id.isprintable():
            return None
        found = self._memory.client(client_id) or Client(
            client_id=client_id, name_mn=client_id, name_en=client_id, scopes=PERSONAL_SCOPES, grant_types=_ANYBODY,
        )  # fmt: skip
        return None if found.registration_digest else found


def _shown(request: Request) -> tuple[str, str]:
    """Name and secret in the header (RFC 6749 §2.3.1), else in the form; empty where there is none."""
    scheme, _, value = (request.authorization or "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return "", ""
        return unquote_plus(client_id), unquote_plus(secret)
    found = request.parameters.values if request.parameters else {}
    return found.get("client_id", ""), found.get("client_secret", "")


def _proving(client: Client, secret: str, request: Request) -> Client:
    """By what it shows; over a certificate its tokens are bound to it (RFC 8705 §3)."""
    shown = "" if request.certificate is None else request.certificate.sha256
    return replace(
        client, secret_digest=digest(secret) if secret else "", certificate_sha256=shown, tls_client_certificate_bound_access_tokens=bool(shown),
        token_endpoint_auth_method=BY_CERTIFICATE if shown and not secret else "", grant_types=_PROVEN if secret or shown else _ANYBODY,
    )  # fmt: skip


def _resources(client: Client, parameters: Parameters) -> frozenset[str]:
    """With the one that is asked for (RFC 8707)."""
    asked = parameters.get("resource") or ""
    return client.resources | {asked} if resources.is_address(asked) and len(client.resources) < 50 else client.resources


def _with(known: tuple[str, ...], uri: str | None) -> tuple[str, ...]:
    return (*known[-20:], uri) if uri and uri not in known and _ADDRESS.fullmatch(uri) else known


def _operations(parameters: Parameters) -> frozenset[str]:
    try:
        return dan_scope.operations(dan_scope.parse(parameters.get("scope")))
    except dan_scope.InvalidScope:
        return frozenset()
