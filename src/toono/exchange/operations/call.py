"""One call of the platform's own systems through the gateway, like any other client's: signed, by its agreement."""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import quote
from uuid import uuid4

import httpx

import toono.registry.api as registry
from toono.exchange import limits
from toono.exchange.contracts import Answer
from toono.exchange.domain import client_signature
from toono.exchange.domain.faults import Code, old_type
from toono.exchange.errors import ExchangeRefused, ExchangeUnavailable, NotInRegister, ProviderFault, SubjectMismatch
from toono.kernel.clock import now
from toono.kernel.settings import settings
from toono.pki import api as pki
from toono.pki.errors import SignerRefused, SignerUnavailable
from toono.registry.contracts import CredentialKind

_OWN_KEYS: Final = "system/"
_KNOWN_SECONDS: Final = 60.0
_UNAVAILABLE: Final = frozenset(
    {
        Code.GLOBAL_CONF_OUTDATED, Code.CANNOT_SIGN_REQUEST, Code.CANNOT_SIGN_RESPONSE, Code.LOGGING_REQUEST_FAILED,
        Code.LOGGING_RESPONSE_FAILED, Code.CLIENT_INTERNAL_ERROR, Code.SERVER_INTERNAL_ERROR, Code.INVALID_RESPONSE_SIGNATURE,
    }
)  # fmt: skip
_PROVIDER: Final = frozenset(
    {Code.NETWORK_ERROR, Code.HTTP_ERROR, Code.INVALID_RESPONSE, Code.SERVICE_DISABLED, Code.SERVICE_MALFORMED_URL}
)
_CODES: Final = {name: code for code in Code for name in (code.value, old_type(code.value))}


@dataclass(frozen=True, slots=True)
class _OwnSystem:
    id: str
    key: str
    """Label in the signer and key id at the gateway."""


def call(
    *,
    system: str,
    service: str,
    path: str,
    purpose: str,
    case: str | None,
    user: str | None,
    deadline_seconds: float,
    message_id: str | None,
) -> Answer:
    """See :func:`toono.exchange.api.call`."""
    own = _own_system(system)
    identifier = message_id or f"{settings().exchange_instance}-{uuid4()}"
    url = f"{settings().gateway_base_url}/r1/{quote(service)}{path}"
    headers = {"x-road-client": own.id, "x-road-id": identifier, "x-toono-purpose": purpose}
    headers |= {name: value for name, value in (("x-road-issue", case), ("x-road-userid", user)) if value is not None}
    signed = _signature_headers(own, url, headers, identifier)
    try:
        response = _http().get(url, headers={**headers, **signed, "accept": "application/json"}, timeout=_timeout(deadline_seconds))
    except httpx.HTTPError as error:
        raise ExchangeUnavailable(
            f"The gateway does not answer: {type(error).__name__} {error}", message_id=identifier, reason="gateway"
        ) from error
    return _answer(response, service, identifier)


def _own_system(name: str) -> _OwnSystem:
    """The platform's system ``name`` (``portal`` or its whole identifier)."""
    with _known_lock:
        found = _known.get(name)
        if found is not None and found[1] > now().timestamp() - _KNOWN_SECONDS:
            return found[0]
    for entry in registry.systems():
        if entry.id != name and not entry.id.endswith(f"/{name}"):
            continue
        moment = now()
        keys = [
            c
            for c in entry.credentials
            if c.kind is CredentialKind.SIGNATURE and c.key_id.startswith(_OWN_KEYS) and c.not_before <= moment < c.not_after
        ]
        if keys:
            own = _OwnSystem(entry.id, max(keys, key=lambda c: c.not_after).key_id)
            with _known_lock:
                _known[name] = own, moment.timestamp()
            return own
    raise ExchangeRefused(f"The registry has no system «{name}» with a key of the platform's own.", type="", reason="unknown_system")


_known: dict[str, tuple[_OwnSystem, float]] = {}
_known_lock = threading.Lock()


def _signature_headers(own: _OwnSystem, url: str, headers: dict[str, str], message_id: str) -> dict[str, str]:
    unsigned = client_signature.prepare(
        method="GET", target_uri=url, headers=headers, key_id=own.key, created=int(now().timestamp()), nonce=secrets.token_urlsafe(18)
    )
    try:
        [der] = pki.sign(key=own.key, digests=[hashlib.sha256(unsigned.base).digest()])
    except (SignerUnavailable, SignerRefused) as error:
        raise ExchangeUnavailable(f"The call cannot be signed: {error}", message_id=message_id, reason="signer") from error
    return client_signature.signed_headers(unsigned, der)


def _http() -> httpx.Client:
    """One pool of connections for all threads of a process; a forked child makes its own."""
    return _http_of(os.getpid())


@cache
def _http_of(process: int) -> httpx.Client:
    connections = httpx.Limits(max_connections=limits.CALL_CONNECTIONS, max_keepalive_connections=limits.CALL_CONNECTIONS)
    return httpx.Client(limits=connections, trust_env=False)


def _timeout(deadline_seconds: float) -> httpx.Timeout:
    return httpx.Timeout(deadline_seconds, connect=min(deadline_seconds, limits.CALL_CONNECT_SECONDS))


def _answer(response: httpx.Response, service: str, message_id: str) -> Answer:
    """The answer, or the error class that says what it means to the caller."""
    kind = response.headers.get("x-road-error")
    if kind is not None:
        raise _error(kind, response, message_id)
    if response.status_code == 404:
        raise NotInRegister(f"{service} knows nothing there.", message_id=message_id)
    if not response.is_success:
        raise ProviderFault(
            f"{service} answered {response.status_code}.", provider_status=response.status_code, reason="status", message_id=message_id
        )
    try:
        body = response.json()
    except ValueError:
        raise ProviderFault(f"{service} did not answer with JSON.", reason="not_json", message_id=message_id) from None
    titles = _titles(service)
    return Answer(
        status=response.status_code, body=body, message_id=message_id, answered_at=now(), receipt=response.headers["x-road-request-hash"],
        service_title_mn=titles[0], service_title_en=titles[1],
    )  # fmt: skip


def _error(kind: str, response: httpx.Response, message_id: str) -> ExchangeRefused | ProviderFault | ExchangeUnavailable | SubjectMismatch:
    try:
        fields = response.json()
        message, reason = str(fields["message"]), str(fields["detail"]).partition(":")[0]
    except (ValueError, LookupError, TypeError):
        message, reason = response.text[:200], ""
    code = _CODES.get(kind)
    data = {"type": kind, "reason": reason, "message_id": message_id}
    text = f"{kind} ({reason}): {message}"
    if code is Code.INVALID_RESPONSE and reason == "other_person":
        return SubjectMismatch(text, **data)
    if code in _PROVIDER:
        return ProviderFault(text, **data)
    if code in _UNAVAILABLE:
        return ExchangeUnavailable(text, **data)
    with _known_lock:  # perhaps the key was replaced
        _known.clear()
    return ExchangeRefused(text, **data)


def _titles(service: str) -> tuple[str, str]:
    with _known_lock:
        found = _service_titles.get(service)
        if found is not None and found[1] > now().timestamp() - _KNOWN_SECONDS:
            return found[0]
    titles = next(((s.title_mn, s.title_en) for s in registry.services() if s.id == service), (service, service))
    with _known_lock:
        _service_titles[service] = titles, now().timestamp()
    return titles


_service_titles: dict[str, tuple[tuple[str, str], float]] = {}
