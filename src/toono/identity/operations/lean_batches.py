"""Good requests of machines, many at a time: the same pure protocol and the same tables as :mod:`.machines`, but one reading, one batch of signatures and one
statement for all that came while the last one was on its way. So the price of durable storage is shared.

A request runs against :class:`Memory`, which knows what was read for it. What it lacks is read and the request runs again (it has no effects before the end); what
it would write is collected; what it would sign is signed at the end with all others. Whatever is not a plain success (a refusal, a lost race, a grant that needs
more than this memory) goes the long way, one by one, which alone writes refusals down. So nothing is decided here that is not decided there.

Everything runs on one event loop, which waits for nothing: Django's tables are read in a thread, what was decided is written by connections of this module's own.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

import psycopg
from django.db import Error as DatabaseFault
from django.db import close_old_connections
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool
from pydantic_core import to_json

from toono.identity import contracts, models
from toono.identity.domain.oidc import rollover
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import ES256, Keys, Storage, Token, digest
from toono.identity.operations import engine, keys, machines
from toono.identity.operations.storage import token_details
from toono.kernel.clock import now
from toono.kernel.jose import base64url, raw_signature
from toono.kernel.settings import settings
from toono.kernel.together import Together
from toono.pki.errors import SignerUnavailable
from toono.pki.signing import AsyncSignerClient

CLIENTS_KEPT_SECONDS = 1.0
"""How long a registration serves without being read again; so much later a deactivated client has its last token."""
MOST_ROUNDS = 5
"""Readings until a request has all it needs: caller, token, the token's owner."""
MOST_TOGETHER = 128
PATIENCE_SECONDS = 0.008
"""A writing costs as much for thirty requests as for one, so while many come it waits this long for more."""
CONNECT_SECONDS = 3.0
"""Who has waited that long goes the long way. The next asks anew: the pool's own pauses would grow to minutes, and outlast an outage."""
KEYS_AHEAD_SECONDS = 10.0
"""Longer than a request can take: what it begins with, it ends with."""
Need = tuple[str, str]
"""Kind and key of something that must be read."""
log = logging.getLogger(__name__)


class _Missing(Exception):
    """The request needs something that has not been read yet."""

    def __init__(self, need: Need) -> None:
        super().__init__(need)
        self.need = need


class _LongWay(Exception):
    """The request needs more of the memory than is held here."""


class Unsigned(str):
    """A token to which only the signature is missing (RFC 7515 §5.1, step 5: the signing input)."""

    label: str


@dataclass
class Memory:
    """:class:`.storage.Storage` for one request, as far as good requests need it."""

    known: Mapping[Need, Any]
    """What was read for this request."""
    clients: Mapping[Need, Any]
    """What was read for others a moment ago."""
    used: dict[str, datetime] = field(default_factory=dict)
    saved: dict[str, Token] = field(default_factory=dict)

    def _known(self, kind: str, key: str) -> Any:
        for known in (self.known, self.clients):
            if (kind, key) in known:
                return known[kind, key]
        raise _Missing((kind, key))

    def client(self, client_id: str) -> Any:
        return self._known("client", client_id)

    def token(self, value: str) -> Any:
        return self._known("token", value)

    def locked_refresh(self, value: str) -> None:
        """Refresh tokens are for the long way; here is only known that a text is none."""
        if self._known("refresh", value):
            raise _LongWay

    def use_once(self, kind: str, value: str, until: datetime) -> bool:
        """Taken for the first time until it is written; then the database decides."""
        self.used[f"{kind}:{value}"] = until
        return True

    def save_token(self, value: str, token: Token) -> None:
        self.saved[value] = token

    def __getattr__(self, name: str) -> Any:
        raise _LongWay(name)


@dataclass(frozen=True)
class _Done:
    """A request that the protocol has found good, before anything of it was written."""

    found: Any
    """The answer: JSON object or text, in which tokens may lack their signatures."""
    memory: Memory

    def unsigned(self) -> list[Unsigned]:
        values = self.found.values() if isinstance(self.found, dict) else (self.found,)
        return [value for value in values if isinstance(value, Unsigned)]


Signed = Mapping[str, str]
"""Signing inputs, and what became of them."""


class Lean:
    """The hot path of one process."""

    def __init__(self) -> None:
        self._clients: dict[Need, Any] = {}
        self._clients_since = 0.0
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="reading")
        self._read = Together(self._read_all, most=MOST_TOGETHER)
        self._write = Together(self._write_all, most=MOST_TOGETHER, patience_seconds=PATIENCE_SECONDS)
        self._signer = AsyncSignerClient(settings().signer_socket, settings().secret("signer_token_web"), connections=1)
        self._connections: AsyncConnectionPool[Any] | None = None
        self._provider = replace(engine.provider(), sign=_unsigned_token, published_keys=_not_here)

    async def answer(self, sent: contracts.MachineRequest) -> contracts.ProtocolAnswer | None:
        """The answer to a good request, written durably; None for each that must go the long way."""
        try:
            done = await self._run(sent)
            if done is None:
                return None
            signed = await self._write(done) if done.memory.used or done.unsigned() or done.memory.saved else {}
            return _answer(sent, done, signed) if signed is not None else None
        except (SignerUnavailable, DatabaseFault, psycopg.Error) as error:
            log.error("a request failed on the lean way: %s", error)
        except Exception:  # one that no test foresaw: the long way says what is to be said
            log.exception("a request failed on the lean way")
        return None

    async def _run(self, sent: contracts.MachineRequest) -> _Done | None:
        if keys.stale(ahead_seconds=KEYS_AHEAD_SECONDS):
            await self._in_thread(_read_keys)
        request, known, clients = machines.read(sent), dict[Need, Any](), self._recent()
        for _ in range(MOST_ROUNDS):
            memory = Memory(known, clients)
            try:
                provider = self._provider.at(now(), cast(Storage, memory))
                return _Done(machines.asked(provider, sent, request), memory)
            except _Missing as missing:
                known[missing.need] = await self._read(missing.need)
            except (DirectRefusal, _LongWay):
                return None
        return None

    # -- reading ---------------------------------------------------------------------------------------------------

    def _recent(self) -> dict[Need, Any]:
        """Registrations read a moment ago; all are forgotten together."""
        moment = time.monotonic()
        if moment - self._clients_since > CLIENTS_KEPT_SECONDS:
            self._clients, self._clients_since = {}, moment
        return self._clients

    async def _read_all(self, needs: Sequence[Need]) -> list[Any]:
        found = await self._in_thread(_reading, frozenset(needs))
        self._recent().update({need: value for need, value in found.items() if need[0] == "client" and value is not None})
        return [found[need] for need in needs]

    async def _in_thread(self, work: Any, *given: Any) -> Any:
        """Django's tables are read outside the event loop."""

        def run() -> Any:
            try:
                return work(*given)
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    # -- writing ---------------------------------------------------------------------------------------------------

    async def _write_all(self, wanted: Sequence[_Done]) -> list[Signed | None]:
        """Sign and keep what the requests write, in one statement; None for those whose proofs were not new, which are refused on the long way.

        :raises SignerUnavailable: nothing was given or used up.
        """
        first: dict[str, _Done] = {}
        for done in wanted:
            for value in done.memory.used:
                first.setdefault(value, done)
        new = [done for done in wanted if all(first[value] is done for value in done.memory.used)]
        signed = await self._signed([text for done in new for text in done.unsigned()])
        taken = await self._keep(new, signed)
        kept = {id(done) for done in new if all(value in taken for value in done.memory.used)}
        return [signed if id(done) in kept else None for done in wanted]

    async def _signed(self, texts: Sequence[Unsigned]) -> Signed:
        """Each text with its signature; one request to the signer for each key."""
        signed: dict[str, str] = {}
        for label in {text.label for text in texts}:
            own = [text for text in texts if text.label == label]
            ders = await self._signer.sign(key=label, digests=[hashlib.sha256(text.encode()).digest() for text in own])
            signed |= {str(text): f"{text}.{base64url(raw_signature(der))}" for text, der in zip(own, ders, strict=True)}
        return signed

    async def _keep(self, new: Sequence[_Done], signed: Signed) -> set[str]:
        """Write the proofs, and the tokens of those whose proofs nobody has used before; gives the proofs taken."""
        used = [
            {"value": value, "expires_at": until.isoformat(), "beside": [other for other in done.memory.used if other != value]}
            for done in new
            for value, until in done.memory.used.items()
        ]
        tokens = [row for done in new for row in _token_rows(done, signed)]
        if not used and not tokens:
            return set()
        async with (await self._pool()).connection() as connection:
            found = await connection.execute(_KEEP, [to_json(used).decode(), to_json(tokens).decode()], prepare=True)
            return {value for (value,) in await found.fetchall()}

    async def _pool(self) -> AsyncConnectionPool[Any]:
        if self._connections is None:
            options = "-c synchronous_commit=on -c statement_timeout=5000 -c timezone=UTC"
            self._connections = AsyncConnectionPool(
                settings().database_dsn, min_size=1, max_size=1, timeout=CONNECT_SECONDS, reconnect_timeout=CONNECT_SECONDS / 2, open=False,
                kwargs={"autocommit": True, "options": options, "row_factory": tuple_row},
            )  # fmt: skip
            await self._connections.open()
        return self._connections


def _token_rows(done: _Done, signed: Signed) -> list[dict[str, Any]]:
    """A token is known by the digest of its whole text, which the protocol could not yet see."""
    if not done.memory.saved:
        return []
    whole = {digest(text): digest(signed[text]) for text in done.unsigned()}
    uses = list(done.memory.used)
    return [
        {
            "digest": whole.get(name, name), "client_id": token.client_id, "grant_id": token.grant and token.grant.id, "details": token_details(token),
            "issued_at": token.issued_at.isoformat(), "expires_at": token.expires_at.isoformat(), "uses": uses,
        }
        for name, token in done.memory.saved.items()
    ]  # fmt: skip


# Proofs are taken in one sequence, so that two writings with the same ones wait for each other and never in a ring. One beside which another is used already stays good.
_KEEP = """
    WITH taken AS (
        INSERT INTO identity_usedvalue (value, expires_at)
        SELECT value, expires_at FROM jsonb_to_recordset(%s::jsonb) AS wanted (value text, expires_at timestamptz, beside text[])
        WHERE beside = '{}' OR NOT EXISTS (SELECT FROM identity_usedvalue AS known WHERE known.value = ANY (beside)) ORDER BY value
        ON CONFLICT (value) DO NOTHING RETURNING value
    ), saved AS (
        INSERT INTO identity_accesstoken (digest, client_id, grant_id, details, issued_at, expires_at)
        SELECT digest, client_id, grant_id, details, issued_at, expires_at
        FROM jsonb_to_recordset(%s::jsonb) AS wanted
            (digest text, client_id text, grant_id uuid, details jsonb, issued_at timestamptz, expires_at timestamptz, uses text[])
        WHERE uses <@ ARRAY(SELECT value::text FROM taken)
    )
    SELECT value FROM taken
"""


def _reading(needs: frozenset[Need]) -> dict[Need, Any]:
    """Everything that some requests lack: one reading of each kind."""
    asked = {kind: [key for own, key in needs if own == kind] for kind, _ in needs}
    found: dict[str, Mapping[str, Any]] = {
        "client": engine.storage.clients(asked.get("client", ())) if "client" in asked else {},
        "token": engine.storage.tokens(asked.get("token", ())) if "token" in asked else {},
        "refresh": _refreshes(asked.get("refresh", [])) if "refresh" in asked else {},
    }
    return {(kind, key): found[kind].get(key) for kind, key in needs}


def _read_keys() -> None:
    """The provider's keys, public ones included, so that nobody has to wait for them on the event loop."""
    keys.signing_keys(ahead_seconds=KEYS_AHEAD_SECONDS)
    keys.jwks()


def _refreshes(digests: list[str]) -> dict[str, bool]:
    return dict.fromkeys(models.RefreshToken.objects.filter(digest__in=digests).values_list("digest", flat=True), True)


def _not_here(uri: str, anew: bool) -> Keys:
    """Another's address is not read on the event loop."""
    raise _LongWay(uri)


# -- tokens --------------------------------------------------------------------------------------------------------


def _unsigned_token(claims: dict[str, Any], typ: str, algorithm: str = ES256) -> str:
    if algorithm != ES256:
        raise _LongWay(algorithm)
    label = rollover.active(keys.signing_keys(), now()).label
    text = Unsigned(f"{_head(label, typ)}.{base64url(to_json(claims))}")
    text.label = label
    return text


@lru_cache(maxsize=64)
def _head(label: str, typ: str) -> str:
    return base64url(to_json({"alg": ES256, "typ": typ, "kid": str(keys.public_jwk(label)["kid"])}))


def _answer(sent: contracts.MachineRequest, done: _Done, signed: Signed) -> contracts.ProtocolAnswer:
    status = machines.STATUS.get(sent.path, 200)
    if isinstance(done.found, str):
        text = signed.get(done.found, done.found)
        return contracts.ProtocolAnswer(status=status, body={}, text=text, media_type=machines.media_type(sent.path))
    body = {name: signed[value] if isinstance(value, Unsigned) else value for name, value in done.found.items()}
    return contracts.ProtocolAnswer(status=status, body=body)
