"""The provider's memory for tests of the pure protocol: the same interface over dictionaries, with a key of its own."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from toono.identity.domain.oidc.storage import Client, Code, Provider, Session, Token, digest

ISSUER = "https://toono.example"
NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
SECRET = "s3cret:+ /%" + "x" * 40
NATIVE = "native"
SESSION = Session(id="sid-1", subject="person-1", auth_time=NOW, acr="substantial", amr=("sms",))


class MemoryProvider:
    """Storage and keys in one; ``provider`` is what the protocol functions take."""

    def __init__(self) -> None:
        self.now = NOW
        self.key = ECKey.generate_key("P-256", auto_kid=True)
        common = {"scopes": frozenset({"openid", "register"}), "name_mn": "", "name_en": ""}
        self.clients = {
            "agency": Client(
                client_id="agency", secret_digest=digest(SECRET), redirect_uris=("https://agency.example/back?tenant=1",),
                post_logout_redirect_uris=("https://agency.example/out",), **common,
            ),
            "other": Client(
                client_id="other", secret_digest=digest(SECRET), redirect_uris=("https://agency.example/back?tenant=1",), post_logout_redirect_uris=(), **common
            ),
            NATIVE: Client(
                client_id=NATIVE, secret_digest="", redirect_uris=("http://127.0.0.1/callback", "http://[::1]/callback"), post_logout_redirect_uris=(), **common
            ),
        }  # fmt: skip
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, tuple[Token, str]] = {}
        self.ended_sessions: set[str] = set()

    @property
    def provider(self) -> Provider:
        return Provider(
            issuer=ISSUER,
            storage=self,
            now=self.now,
            keys=lambda: KeySet([self.key]),
            sign=self.sign,
            random=lambda: secrets.token_urlsafe(32),
        )

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key)

    def id_token(self, **claims: Any) -> str:
        return self.sign({"iss": ISSUER, "sub": "person-1", "aud": "agency", "sid": "sid-1", "exp": 4_000_000_000} | claims)

    def client(self, client_id: str) -> Client | None:
        return self.clients.get(client_id)

    def save_code(self, digest: str, code: Code) -> None:
        self.codes[digest] = code

    def locked_code(self, digest: str) -> Code | None:
        return self.codes.get(digest)

    def mark_code_used(self, digest: str) -> None:
        self.codes[digest] = replace(self.codes[digest], used=True)

    def save_token(self, digest: str, token: Token, *, code_digest: str) -> None:
        self.tokens[digest] = (token, code_digest)

    def token(self, digest: str) -> Token | None:
        return self.tokens[digest][0] if digest in self.tokens else None

    def revoke_tokens(self, *, code_digest: str) -> None:
        self.tokens = {d: (replace(t, revoked=True) if c == code_digest else t, c) for d, (t, c) in self.tokens.items()}

    def session_lives(self, session_id: str) -> bool:
        return session_id not in self.ended_sessions

    def register_claims(self, subject: str) -> dict[str, str]:
        return {"clan_name": "Боржигон", "patronymic": "Дорж", "given_name": "Сарнай", "civil_id": "110011001100"}
