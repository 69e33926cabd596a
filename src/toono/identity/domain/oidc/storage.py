"""What the protocol must remember, and the one interface behind which it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from joserfc.jwk import KeySet


@dataclass(frozen=True, kw_only=True)
class Client:
    """A relying party as registered."""

    client_id: str
    name_mn: str
    name_en: str
    secret_digest: str
    """SHA-256 of the secret; empty for a public client, which proves itself by PKCE alone."""
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    scopes: frozenset[str]

    @property
    def public(self) -> bool:
        return not self.secret_digest


@dataclass(frozen=True, kw_only=True)
class Session:
    """The person signed in at the provider, in this browser."""

    id: str
    subject: str
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Code:
    """What an authorization code stands for."""

    client_id: str
    redirect_uri: str
    code_challenge: str
    nonce: str
    scope: str
    session: Session
    expires_at: datetime
    used: bool = False


@dataclass(frozen=True, kw_only=True)
class Token:
    """What an access token stands for."""

    client_id: str
    scope: str
    subject: str
    expires_at: datetime
    revoked: bool = False
    """Also when its session is over."""


class Storage(Protocol):
    """Kept by digest: whoever reads the store cannot use what it holds."""

    def client(self, client_id: str) -> Client | None: ...

    def save_code(self, digest: str, code: Code) -> None: ...

    def locked_code(self, digest: str) -> Code | None:
        """The code, held against others until the transaction ends, so that of many at once one wins."""

    def mark_code_used(self, digest: str) -> None: ...

    def save_token(self, digest: str, token: Token, *, code_digest: str) -> None: ...

    def token(self, digest: str) -> Token | None: ...

    def revoke_tokens(self, *, code_digest: str) -> None: ...

    def session_lives(self, session_id: str) -> bool: ...

    def register_claims(self, subject: str) -> Mapping[str, str]:
        """Names and civil id of the person, for the scope ``register``."""


@dataclass(frozen=True, kw_only=True)
class Provider:
    """The provider at one moment: who it is, what it remembers, how it signs."""

    issuer: str
    storage: Storage
    now: datetime
    keys: Callable[[], KeySet]
    """Public keys by which the provider's own tokens are checked."""
    sign: Callable[[dict[str, Any]], str]
    """Compact JWS (ES256) over the claims."""
    random: Callable[[], str]
    """A fresh secret of 256 bits, URL-safe."""


def digest(secret: str) -> str:
    """The form in which a random secret is kept. It has 256 bits, so a fast hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()
