"""Good requests of machines, many at a time: the same pure protocol and the same tables as :mod:`.machines`, but one reading, one batch of signatures and one
commit for all that came while the last batch was on its way. So the price of durable storage is shared.

A request runs against :class:`Memory`, which knows what was read for its batch. What it lacks is read and the request runs again (it has no effects before the
end); what it would write is collected; what it would sign is signed at the end with all others. Whatever is not a plain success (a refusal, a lost race, a grant
that needs more than this memory) goes the long way, one by one, which alone writes refusals down. So nothing is decided here that is not
decided there.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, cast

from django.db import connection, transaction

from toono.identity import contracts, models
from toono.identity.domain.oidc import rollover
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Provider, Storage, Token, digest
from toono.identity.operations import engine, keys, machines
from toono.kernel.clock import now
from toono.kernel.jose import base64url, raw_signature
from toono.kernel.settings import settings
from toono.pki.signing import SignerClient

CLIENTS_KEPT_SECONDS = 1.0
"""How long a registration serves without being read again; so much later a deactivated client has its last token."""
MOST_ROUNDS = 5
"""Readings until a request has all it needs: caller, token, the token's owner."""
Need = tuple[str, str]
"""Kind and key of something that must be read."""


class _Missing(Exception):
    """The request needs something that has not been read yet."""

    def __init__(self, need: Need) -> None:
        super().__init__(need)
        self.need = need


class _LongWay(Exception):
    """The request needs more of the memory than a batch holds."""


class Unsigned(str):
    """A token to which only the signature is missing (RFC 7515 §5.1, step 5: the signing input)."""

    label: str


@dataclass
class Memory:
    """:class:`.storage.Storage` for one request, as far as good requests need it."""

    known: Mapping[Need, Any]
    used: dict[str, datetime] = field(default_factory=dict)
    saved: dict[str, Token] = field(default_factory=dict)

    def _known(self, kind: str, key: str) -> Any:
        if (kind, key) not in self.known:
            raise _Missing((kind, key))
        return self.known[kind, key]

    def client(self, client_id: str) -> Any:
        return self._known("client", client_id)

    def token(self, value: str) -> Any:
        return self._known("token", value)

    def locked_refresh(self, value: str) -> None:
        """Refresh tokens are for the long way; here is only known that a text is none."""
        if self._known("refresh", value):
            raise _LongWay

    def use_once(self, kind: str, value: str, until: datetime) -> bool:
        """Taken for the first time until the batch is written; then the database decides."""
        self.used[f"{kind}:{value}"] = until
        return True

    def save_token(self, value: str, token: Token) -> None:
        self.saved[value] = token

    def __getattr__(self, name: str) -> Any:
        raise _LongWay(name)


@dataclass
class _Run:
    """A request on its way, and what came of it; without ``found`` it goes the long way."""

    sent: contracts.MachineRequest
    request: Request
    found: Any = None
    memory: Memory | None = None
    need: Need | None = None


def answers(wanted: Sequence[contracts.MachineRequest]) -> list[contracts.ProtocolAnswer | None]:
    """The answers to good requests, written durably; None for each that must go the long way.

    :raises SignerUnavailable: nothing was given or used up.
    """
    runs = [_Run(sent, machines.read(sent)) for sent in wanted]
    provider, known = _provider(), _recent()
    waiting = runs
    for _ in range(MOST_ROUNDS):
        for run in waiting:
            _try(run, provider, known)
        waiting = [run for run in waiting if run.need is not None]
        if not waiting:
            break
        _read({run.need for run in waiting if run.need is not None}, known)
    good = [run for run in runs if run.found is not None]
    signed = _signed([text for run in good for text in _unsigned(run.found)])
    kept = _write(good, signed)
    return [_answer(run, signed) if id(run) in kept else None for run in runs]


_clients: dict[Need, tuple[float, Any]] = {}


def _recent() -> dict[Need, Any]:
    """Registrations read a moment ago, by any thread of the process."""
    moment = time.monotonic()
    for need, (read_at, _) in list(_clients.items()):
        if moment - read_at > CLIENTS_KEPT_SECONDS:
            _clients.pop(need, None)
    return {need: client for need, (_, client) in list(_clients.items())}


def _provider() -> Provider:
    return replace(engine.provider(), sign=_unsigned_token)


def _unsigned_token(claims: dict[str, Any], typ: str) -> str:
    label = rollover.active(keys.signing_keys(), now()).label
    header = {"alg": "ES256", "typ": typ, "kid": str(keys.public_jwk(label)["kid"])}
    text = Unsigned(f"{_part(header)}.{_part(claims)}")
    text.label = label
    return text


def _part(value: dict[str, Any]) -> str:
    return base64url(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _try(run: _Run, provider: Provider, known: Mapping[Need, Any]) -> None:
    """Run the request, from its beginning."""
    run.need, memory = None, Memory(known)
    try:
        run.found = machines.asked(replace(provider, storage=cast(Storage, memory)), run.sent, run.request)
        run.memory = memory
    except _Missing as missing:
        run.need = missing.need
    except (DirectRefusal, _LongWay):
        run.found = None


def _read(needs: Iterable[Need], known: dict[Need, Any]) -> None:
    """Everything that a batch lacks: one reading of each kind."""
    asked: dict[str, list[str]] = {}
    for kind, key in needs:
        asked.setdefault(kind, []).append(key)
    found: dict[str, Mapping[str, Any]] = {
        "client": engine.storage.clients(asked.get("client", ())) if "client" in asked else {},
        "token": engine.storage.tokens(asked.get("token", ())) if "token" in asked else {},
        "refresh": _refreshes(asked.get("refresh", [])) if "refresh" in asked else {},
    }
    known.update({(kind, key): found[kind].get(key) for kind, listed in asked.items() for key in listed})
    _clients.update({("client", name): (time.monotonic(), client) for name, client in found["client"].items()})


def _refreshes(digests: list[str]) -> dict[str, bool]:
    return dict.fromkeys(models.RefreshToken.objects.filter(digest__in=digests).values_list("digest", flat=True), True)


# -- signing -------------------------------------------------------------------------------------------------------


@cache
def _signer() -> SignerClient:
    return SignerClient(settings().signer_socket, settings().secret("signer_token_web"))


def _unsigned(found: Any) -> list[Unsigned]:
    values = found.values() if isinstance(found, dict) else [found]
    return [value for value in values if isinstance(value, Unsigned)]


def _signed(texts: list[Unsigned]) -> dict[str, str]:
    """Each text with its signature; one request to the signer for each key."""
    signed: dict[str, str] = {}
    for label in {text.label for text in texts}:
        own = [text for text in texts if text.label == label]
        ders = _signer().sign(key=label, digests=[hashlib.sha256(text.encode()).digest() for text in own])
        signed |= {str(text): f"{text}.{base64url(raw_signature(der))}" for text, der in zip(own, ders, strict=True)}
    return signed


# -- writing -------------------------------------------------------------------------------------------------------

_USE = """
    INSERT INTO identity_usedvalue (value, expires_at) SELECT * FROM unnest(%s::text[], %s::timestamptz[]) ON CONFLICT (value) DO NOTHING RETURNING value
"""


def _write(runs: list[_Run], signed: Mapping[str, str]) -> set[int]:
    """Keep what the requests write, in one transaction; gives those (by ``id``) whose proofs were new. The others are refused on the long way."""
    first: dict[str, _Run] = {}
    for run in runs:
        for value in _used(run):
            first.setdefault(value, run)
    placed = {digest(text): digest(whole) for text, whole in signed.items()}
    with transaction.atomic():
        taken = _use({value: _used(run)[value] for value, run in first.items()})
        kept = [run for run in runs if all(value in taken and first[value] is run for value in _used(run))]
        tokens = {placed.get(name, name): token for run in kept if run.memory for name, token in run.memory.saved.items()}
        if tokens:
            engine.storage.save_tokens(tokens)
    return {id(run) for run in kept}


def _used(run: _Run) -> dict[str, datetime]:
    return run.memory.used if run.memory else {}


def _use(values: Mapping[str, datetime]) -> set[str]:
    """Those that nobody has used before. Sorted, so that two batches with the same values wait for each other in one sequence."""
    if not values:
        return set()
    ordered = sorted(values)
    with connection.cursor() as cursor:
        cursor.execute(_USE, [ordered, [values[value] for value in ordered]])
        return {str(row[0]) for row in cursor.fetchall()}


def _answer(run: _Run, signed: Mapping[str, str]) -> contracts.ProtocolAnswer:
    status = machines.STATUS.get(run.sent.path, 200)
    if isinstance(run.found, str):
        text = signed.get(run.found, run.found)
        return contracts.ProtocolAnswer(status=status, body={}, text=text, media_type=machines.media_type(run.sent.path))
    body = {name: signed[value] if isinstance(value, Unsigned) else value for name, value in run.found.items()}
    return contracts.ProtocolAnswer(status=status, body=body)
