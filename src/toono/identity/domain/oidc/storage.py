"""What the protocol must remember, and the one interface behind which it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from joserfc.jwk import KeySet

ES256 = "ES256"
RS256 = "RS256"
"""By which the provider signs (RFC 7518 §3.1): the first everything; the second what it says to a client that reads nothing else, since Core §15.1 asks every provider for it."""
SIGNING = (ES256, RS256)
BY_KEY = "private_key_jwt"
BY_CERTIFICATE = "self_signed_tls_client_auth"
BY_NOTHING = "none"
"""Ways of authentication that name no secret (Core §9, RFC 8705 §2.2)."""
PING = "ping"
"""CIBA Core §5: the client is told when the person has answered."""


class Profile(StrEnum):
    """What a client has bound itself to beyond the common rules."""

    COMMON = ""
    FAPI2 = "fapi2"
    """FAPI 2.0 Security Profile (Final): enforced at every endpoint by :mod:`.fapi`."""


@dataclass(frozen=True, kw_only=True)
class Client:
    """A relying party as registered. Names of fields are those of RFC 7591 §2 wherever it has them."""

    client_id: str
    name_mn: str
    name_en: str
    secret_digest: str = ""
    """SHA-256 of the secret; empty for a client that has none."""
    former_secret_digest: str = ""
    """Of the secret before it, which proves the client as well while it is being changed."""
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()
    token_endpoint_auth_method: str = ""
    """Empty: by secret, in the header or in the form, or ``none`` without one."""
    grant_types: frozenset[str] = frozenset({"authorization_code"})
    jwks: tuple[Mapping[str, Any], ...] = ()
    """The client's public keys by value; nothing is ever fetched from an address that a request names."""
    jwks_uri: str = ""
    """Where the client publishes its keys instead: the registered address, read by :attr:`Provider.published_keys`."""
    certificate_sha256: str = ""
    """Thumbprint (base64url, RFC 8705 §3.1) of the certificate with which the client shows itself."""
    profile: Profile = Profile.COMMON
    trusted: bool = False
    """The platform's own: the person is not asked for consent."""
    subject_type: str = "public"
    sector: str = ""
    """Host of the sector identifier (Core §8.1), for pairwise subjects."""
    resources: frozenset[str] = frozenset()
    """Addresses (RFC 8707) for which it may be given tokens."""
    authorization_details_types: frozenset[str] = frozenset()
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    require_pkce: bool = True
    """False, for a confidential client only: OpenID Connect's ``nonce`` may stand for the challenge (RFC 9700 §2.1.1)."""
    dpop_bound_access_tokens: bool = False
    tls_client_certificate_bound_access_tokens: bool = False
    id_token_signed_response_alg: str = ES256
    """Also of logout tokens (Back-Channel Logout 1.0 §2.6)."""
    userinfo_signed_response_alg: str = ""
    userinfo_encrypted_response_alg: str = ""
    userinfo_encrypted_response_enc: str = ""
    id_token_encrypted_response_alg: str = ""
    id_token_encrypted_response_enc: str = ""
    backchannel_logout_uri: str = ""
    backchannel_token_delivery_mode: str = ""
    """CIBA: empty (not used), ``poll`` or ``ping``."""
    backchannel_client_notification_endpoint: str = ""
    may_act_for: frozenset[str] = frozenset()
    """Clients whose access tokens this one may exchange (RFC 8693)."""
    dan_operations: frozenset[str] = frozenset()
    """Operations that it may ask for in the manner of ДАН; empty: it is no such client."""
    tokens_from: datetime | None = None
    """Tokens that it was given for itself until then are dead: it had been switched off."""
    registration_digest: str = ""
    """Digest of the token by which it manages its own registration (RFC 7592)."""

    @property
    def public(self) -> bool:
        """It cannot prove itself (RFC 6749 §2.1)."""
        return not (self.secret_digest or self.jwks or self.jwks_uri or self.certificate_sha256)


@dataclass(frozen=True, kw_only=True)
class Session:
    """The person signed in at the provider, in this browser."""

    id: str
    subject: str
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a person has allowed a client, once. All its codes and tokens end with it."""

    id: str
    client_id: str
    session: Session
    """As it was when the grant was given."""
    scope: str
    userinfo_claims: tuple[str, ...] = ()
    """Names of claims that userinfo may tell."""
    id_token_claims: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    authorization_details: tuple[Mapping[str, Any], ...] = ()
    offline: bool = False
    """It outlives the session (scope ``offline_access``)."""
    revoked: bool = False


@dataclass(frozen=True, kw_only=True)
class Code:
    """What an authorization code stands for."""

    grant: Grant
    redirect_uri: str
    code_challenge: str
    """Empty: the client need not send one (:attr:`Client.require_pkce`)."""
    nonce: str
    expires_at: datetime
    dpop_jkt: str = ""
    """Thumbprint of the key to which the code is bound (RFC 9449 §10)."""
    used: bool = False


@dataclass(frozen=True, kw_only=True)
class Binding:
    """The key without which a token is worth nothing (RFC 7800); both empty: a bearer token."""

    jkt: str = ""
    """Thumbprint of a DPoP key (RFC 9449 §6)."""
    x5t: str = ""
    """Thumbprint of a certificate (RFC 8705 §3)."""

    def __bool__(self) -> bool:
        return bool(self.jkt or self.x5t)

    def claims(self) -> dict[str, str]:
        """As in ``cnf``."""
        return {name: value for name, value in (("jkt", self.jkt), ("x5t#S256", self.x5t)) if value}

    @classmethod
    def of_claims(cls, cnf: Mapping[str, str]) -> Binding:
        """The other way round."""
        return cls(jkt=cnf.get("jkt", ""), x5t=cnf.get("x5t#S256", ""))


@dataclass(frozen=True, kw_only=True)
class Token:
    """What an access token stands for."""

    id: str
    client_id: str
    scope: str
    issued_at: datetime
    expires_at: datetime
    audience: tuple[str, ...]
    grant: Grant | None = None
    """None: the client acts for itself."""
    binding: Binding = Binding()
    authorization_details: tuple[Mapping[str, Any], ...] = ()
    actors: tuple[str, ...] = ()
    """Clients that act on it, the present one first (RFC 8693 §4.1)."""
    dead: bool = False
    """Revoked, itself or by the end of its grant or session."""


@dataclass(frozen=True, kw_only=True)
class Refresh:
    """A refresh token of a family. The family is the grant: whatever ends it ends all of them."""

    grant: Grant
    binding: Binding
    expires_at: datetime
    replaced_at: datetime | None = None
    successor: str = ""
    """Digest of the token that came after it."""
    successor_used: bool = False
    sealed_reply: str = ""
    """The reply that replaced it, encrypted by the token itself; empty once it was given again."""


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """A pushed authorization request (RFC 9126), already checked."""

    client_id: str
    parameters: Mapping[str, str]
    expires_at: datetime
    signed: bool = False
    """It came as a signed request object."""
    used: bool = False


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What a person was asked for one client, over all times, and what of it they agreed to."""

    asked: frozenset[str] = frozenset()
    agreed: frozenset[str] = frozenset()


class ApprovalKind(StrEnum):
    DEVICE = "device"
    """RFC 8628."""
    CIBA = "ciba"
    """OpenID Connect CIBA Core 1.0."""


class ApprovalState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    USED = "used"


@dataclass(frozen=True, kw_only=True)
class Approval:
    """A request that its person answers elsewhere, while the client asks again and again."""

    kind: ApprovalKind
    client_id: str
    scope: str
    expires_at: datetime
    interval_seconds: int
    state: ApprovalState = ApprovalState.PENDING
    user_code: str = ""
    """Device flow: what the person types; kept folded."""
    subject: str = ""
    """CIBA: who is asked."""
    binding_message: str = ""
    notification_token: str = ""
    """CIBA ping: what the client wants to be shown (§7.1), in the clear only here."""
    auth_req_id: str = ""
    """CIBA ping: by which the client knows the request; else only its digest is kept."""
    authorization_details: tuple[Mapping[str, Any], ...] = ()
    resources: tuple[str, ...] = ()
    """Named when it began (RFC 8707 §2); empty: the token request may name one."""
    polled_at: datetime | None = None
    grant: Grant | None = None


class Storage(Protocol):
    """Kept by digest: whoever reads the store cannot use what it holds."""

    def client(self, client_id: str) -> Client | None: ...

    def save_client(self, client: Client, metadata: Mapping[str, Any]) -> None:
        """Keep a registration; the metadata are what it was made of."""

    def remove_client(self, client_id: str) -> None: ...

    def save_code(self, digest: str, code: Code) -> None:
        """Also keeps its grant."""

    def locked_code(self, digest: str) -> Code | None:
        """The code, held against others until the transaction ends, so that of many at once one wins."""

    def mark_code_used(self, digest: str) -> None: ...

    def save_grant(self, grant: Grant) -> None: ...

    def revoke_grant(self, grant_id: str) -> None:
        """End it, with all its tokens."""

    def bound_grant(self, grant: Grant, resources: tuple[str, ...]) -> Grant:
        """The grant, whose tokens are for these resources only from now on; kept so."""

    def save_token(self, digest: str, token: Token) -> None: ...

    def token(self, digest: str) -> Token | None: ...

    def revoke_token(self, digest: str, token: Token) -> None:
        """End it, whether it is remembered or not."""

    def save_refresh(self, digest: str, refresh: Refresh) -> None: ...

    def locked_refresh(self, digest: str) -> Refresh | None:
        """As :meth:`locked_code`."""

    def replace_refresh(self, digest: str, *, successor: str, sealed_reply: str) -> None: ...

    def forget_reply(self, digest: str) -> None:
        """The sealed reply was given again; it is not given a third time."""

    def use_once(self, kind: str, value: str, until: datetime) -> bool:
        """Whether ``value`` is used for the first time; atomic between processes. It is remembered until then."""

    def save_pushed(self, digest: str, pushed: Pushed) -> None: ...

    def pushed(self, digest: str) -> Pushed | None: ...

    def use_pushed(self, digest: str) -> bool:
        """Whether this is its first use; atomic."""

    def consent(self, subject: str, client_id: str) -> Consent: ...

    def pairwise(self, sector: str, subject: str) -> str:
        """The name of a person for one sector: random, made at first need, the same for ever."""

    def subject_of(self, sector: str, name: str) -> str | None:
        """Whose pairwise name it is."""

    def save_approval(self, digest: str, approval: Approval) -> None: ...

    def locked_approval(self, digest: str) -> Approval | None: ...

    def change_approval(
        self, digest: str, *, state: ApprovalState | None = None, polled_at: datetime | None = None, interval_seconds: int | None = None
    ) -> None: ...

    def session_lives(self, session_id: str) -> bool: ...

    def person_by_regnum(self, regnum: str) -> str | None:
        """The person whom the platform knows under this register number."""

    def register_claims(self, subject: str) -> Mapping[str, str]:
        """Names and civil id of the person, for the scope ``register``."""


class Sign(Protocol):
    """The provider's signature."""

    def __call__(self, claims: dict[str, Any], typ: str, algorithm: str = ES256) -> str:
        """Compact JWS over the claims, of this ``typ``, by one of :data:`SIGNING`."""


Keys = tuple[Mapping[str, Any], ...]
"""Public keys as JWK (RFC 7517)."""


def nothing_published(uri: str, anew: bool) -> Keys:
    """For a provider that reads no addresses: no keys."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Provider:
    """The provider at one moment: who it is, what it remembers, how it signs."""

    issuer: str
    storage: Storage
    now: datetime
    keys: Callable[[], KeySet]
    """Public keys by which the provider's own tokens are checked."""
    sign: Sign
    random: Callable[[], str]
    """A fresh secret of 256 bits, URL-safe."""
    identifier: Callable[[], str]
    """A fresh identifier, no secret."""
    mac: Callable[[str, str], str] = field(repr=False)
    """Keyed digest of a value for a purpose (hexadecimal); the key never leaves the platform."""
    published_keys: Callable[[str, bool], Keys] = nothing_published
    """Usable keys at a client's ``jwks_uri``; true: those known do not fit, read the address anew. Empty when it cannot be read."""

    def at(self, now: datetime, storage: Storage) -> Provider:
        """The same at another moment, with another memory; ``dataclasses.replace`` costs four times as much, and every token needs one."""
        found = object.__new__(Provider)
        found.__dict__.update(self.__dict__, now=now, storage=storage)
        return found


def digest(secret: str) -> str:
    """The form in which a random secret is kept. It has 256 bits, so a fast hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()
