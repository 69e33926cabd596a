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
from toono.identity.domain.oidc import registration
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Client, digest
from toono.identity.domain.oidc.userinfo import OFFLINE_SCOPE, REGISTER_SCOPE
from toono.identity.mock.memory import Memory

_ADDRESS = re.compile(r"(?!javascript:|data:|vbscript:|file:|about:|blob:)[a-z][a-z0-9+.-]*:[\x21-\x7e]{1,2000}", re.IGNORECASE)
"""Any address to which a browser can be sent without running what stands in it."""
_LONGEST = 200


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

    def __init__(self, memory: Memory, known: tuple[Client, ...], *, is_open: bool) -> None:
        self._memory, self.is_open = memory, is_open
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
        self._memory.save_client(replace(client, dan_operations=client.dan_operations | _operations(parameters)) if dan else client, {})

    def meet_machine(self, request: Request) -> str:
        """A client's own request: the secret that it shows is its secret from now on, as long as the mock runs. Gives the name that it shows."""
        client_id, secret = _shown(request)
        client = self._guest(client_id)
        if client is not None and request.parameters is not None:
            uris = _with(client.redirect_uris, request.parameters.get("redirect_uri"))
            self._memory.save_client(replace(client, secret_digest=digest(secret) if secret else "", redirect_uris=uris), {})
        return client_id

    def _guest(self, client_id: str | None) -> Client | None:
        if not self.is_open or not client_id or client_id in self._fixed or len(client_id) > _LONGEST or not client_id.isprintable():
            return None
        return self._memory.client(client_id) or Client(
            client_id=client_id, name_mn=client_id, name_en=client_id, scopes=frozenset({"openid", REGISTER_SCOPE, OFFLINE_SCOPE}),
            grant_types=frozenset({"authorization_code", "refresh_token"}),
        )  # fmt: skip


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


def _with(known: tuple[str, ...], uri: str | None) -> tuple[str, ...]:
    return (*known[-20:], uri) if uri and uri not in known and _ADDRESS.fullmatch(uri) else known


def _operations(parameters: Parameters) -> frozenset[str]:
    try:
        return dan_scope.operations(dan_scope.parse(parameters.get("scope")))
    except dan_scope.InvalidScope:
        return frozenset()
