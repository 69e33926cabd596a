"""The provider's memory for tests of the pure protocol: the same interface over dictionaries, with a key of its own."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from toono.identity.domain.oidc import authorize as authorization
from toono.identity.domain.oidc import dpop, pushed, token, userinfo
from toono.identity.domain.oidc.parameters import parse
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import (
    ES256,
    Approval,
    Client,
    Code,
    Consent,
    Grant,
    Profile,
    Provider,
    Pushed,
    Refresh,
    Session,
    Token,
    digest,
)

ISSUER = "https://toono.example"
RSA = RSAKey.generate_key(2048, auto_kid=True)
NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
SECRET = "s3cret:+ /%" + "x" * 40
NATIVE = "native"
SESSION = Session(id="sid-1", subject="person-1", auth_time=NOW, acr="substantial", amr=("sms",))
BACK = "https://agency.example/back?tenant=1"
RESOURCE = "https://registers.example/api"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636, appendix B
REGISTER = {"clan_name": "Боржигон", "patronymic": "Дорж", "given_name": "Сарнай", "civil_id": "110011001100"}

EVERYTHING = frozenset(token.GRANTS)
KEY = ECKey.generate_key("P-256", {"kid": "client-key", "use": "sig"})
"""The private key of the clients that sign."""
DEVICE_KEY = ECKey.generate_key("P-256")
"""The key of an application's DPoP proofs."""


def clients() -> list[Client]:
    common: dict[str, Any] = {"scopes": frozenset({"openid", "register"}), "name_mn": "Агентлаг", "name_en": "Agency", "trusted": True}
    public_key = (KEY.as_dict(private=False),)
    full = common | {
        "redirect_uris": (BACK,), "grant_types": EVERYTHING, "scopes": frozenset({"openid", "register", "offline_access", "api"}), "resources": frozenset({RESOURCE}),
        "authorization_details_types": frozenset({"toono_exchange"}),
    }  # fmt: skip
    by_key = full | {"jwks": public_key, "token_endpoint_auth_method": "private_key_jwt"}
    fapi = by_key | {"profile": Profile.FAPI2, "dpop_bound_access_tokens": True, "require_pushed_authorization_requests": True}
    return [
        Client(
            client_id="agency", secret_digest=digest(SECRET), redirect_uris=(BACK,), post_logout_redirect_uris=("https://agency.example/out",), **common
        ),
        Client(client_id="other", secret_digest=digest(SECRET), redirect_uris=(BACK,), **common),
        Client(client_id=NATIVE, redirect_uris=("http://127.0.0.1/callback", "http://[::1]/callback"), **common),
        Client(client_id="full", secret_digest=digest(SECRET), **full),
        Client(client_id="stranger", secret_digest=digest(SECRET), **full | {"trusted": False}),
        Client(client_id="by-key", **by_key),
        Client(client_id="fapi", **fapi),
        Client(client_id="fapi-other", **fapi),
        Client(client_id="mobile", redirect_uris=("http://127.0.0.1/callback",), **common | {"grant_types": frozenset({"authorization_code", "refresh_token"})}),
        Client(client_id="next", secret_digest=digest(SECRET), **full | {"may_act_for": frozenset({"full"}), "resources": frozenset({RESOURCE, "https://next.example"})}),
        Client(client_id="ping", secret_digest=digest(SECRET), **full | {"backchannel_token_delivery_mode": "ping", "backchannel_client_notification_endpoint": "https://agency.example/ping"}),
        Client(client_id="pairwise", secret_digest=digest(SECRET), **full | {"subject_type": "pairwise", "sector": "agency.example"}),
        Client(client_id="pairwise-2", secret_digest=digest(SECRET), **full | {"subject_type": "pairwise", "sector": "another.example"}),
    ]  # fmt: skip


class MemoryProvider:
    """Storage and keys in one; ``provider`` is what the protocol functions take."""

    def __init__(self) -> None:
        self.now = NOW
        self.key = ECKey.generate_key("P-256", auto_kid=True)
        self.rsa = RSA
        self.clients = {client.client_id: client for client in clients()}
        self.codes: dict[str, Code] = {}
        self.grants: dict[str, Grant] = {}
        self.tokens: dict[str, Token] = {}
        self.refreshes: dict[str, Refresh] = {}
        self.pushes: dict[str, Pushed] = {}
        self.used: set[tuple[str, str]] = set()
        self.consents: dict[tuple[str, str], Consent] = {}
        self.names: dict[tuple[str, str], str] = {}
        self.approvals: dict[str, Approval] = {}
        self.ended_sessions: set[str] = set()

    @property
    def provider(self) -> Provider:
        return Provider(
            issuer=ISSUER, storage=self, now=self.now, keys=lambda: KeySet([self.key, self.rsa]), sign=self.sign, random=lambda: secrets.token_urlsafe(32),
            identifier=lambda: str(uuid.uuid4()), mac=lambda purpose, value: hmac.digest(b"key" + purpose.encode(), value.encode(), "sha256").hex(),
        )  # fmt: skip

    def sign(self, claims: dict[str, Any], typ: str = "JWT", algorithm: str = ES256) -> str:
        key = self.key if algorithm == ES256 else self.rsa
        return jwt.encode({"alg": algorithm, "kid": key.kid, "typ": typ}, claims, key)

    def opened(self, text: str) -> dict[str, Any]:
        """The claims of something that the provider signed."""
        return dict(jwt.decode(text, self.key, algorithms=["ES256"]).claims)

    def id_token(self, **claims: Any) -> str:
        return self.sign({"iss": ISSUER, "sub": "person-1", "aud": "agency", "sid": "sid-1", "exp": 4_000_000_000} | claims)

    # -- storage ----------------------------------------------------------------------------------------------

    def client(self, client_id: str) -> Client | None:
        return self.clients.get(client_id)

    def save_client(self, client: Client, metadata: Any = None) -> None:
        self.clients[client.client_id] = client

    def remove_client(self, client_id: str) -> None:
        self.clients.pop(client_id, None)

    def save_grant(self, grant: Grant) -> None:
        self.grants[grant.id] = grant

    def bound_grant(self, grant: Grant, resources: tuple[str, ...]) -> Grant:
        self.grants[grant.id] = replace(self.grants[grant.id], resources=resources)
        return self.grants[grant.id]

    def save_code(self, digest: str, code: Code) -> None:
        self.save_grant(code.grant)
        self.codes[digest] = code

    def locked_code(self, digest: str) -> Code | None:
        return self.codes.get(digest)

    def mark_code_used(self, digest: str) -> None:
        self.codes[digest] = replace(self.codes[digest], used=True)

    def revoke_grant(self, grant_id: str) -> None:
        self.grants[grant_id] = replace(self.grants[grant_id], revoked=True)

    def save_token(self, digest: str, token: Token) -> None:
        self.tokens[digest] = token

    def token(self, digest: str) -> Token | None:
        found = self.tokens.get(digest)
        if found is None or found.grant is None:
            return found
        grant = self.grants[found.grant.id]
        return replace(found, dead=found.dead or grant.revoked or not (grant.offline or self.session_lives(grant.session.id)))

    def revoke_token(self, digest: str, token: Token) -> None:
        self.tokens[digest] = replace(token, dead=True)

    def save_refresh(self, digest: str, refresh: Refresh) -> None:
        self.refreshes[digest] = refresh

    def locked_refresh(self, digest: str) -> Refresh | None:
        found = self.refreshes.get(digest)
        if found is None:
            return None
        after = self.refreshes.get(found.successor)
        return replace(found, grant=self.grants[found.grant.id], successor_used=after is not None and after.replaced_at is not None)

    def replace_refresh(self, digest: str, *, successor: str, sealed_reply: str) -> None:
        self.refreshes[digest] = replace(self.refreshes[digest], replaced_at=self.now, successor=successor, sealed_reply=sealed_reply)

    def forget_reply(self, digest: str) -> None:
        self.refreshes[digest] = replace(self.refreshes[digest], sealed_reply="")

    def use_once(self, kind: str, value: str, until: datetime) -> bool:
        if (kind, value) in self.used:
            return False
        self.used.add((kind, value))
        return True

    def save_pushed(self, digest: str, pushed: Pushed) -> None:
        self.pushes[digest] = pushed

    def pushed(self, digest: str) -> Pushed | None:
        return self.pushes.get(digest)

    def use_pushed(self, digest: str) -> bool:
        first = not self.pushes[digest].used
        self.pushes[digest] = replace(self.pushes[digest], used=True)
        return first

    def consent(self, subject: str, client_id: str) -> Consent:
        return self.consents.get((subject, client_id), Consent())

    def pairwise(self, sector: str, subject: str) -> str:
        return self.names.setdefault((sector, subject), secrets.token_urlsafe(16))

    def subject_of(self, sector: str, name: str) -> str | None:
        return next((subject for (s, subject), n in self.names.items() if (s, n) == (sector, name)), None)

    def save_approval(self, digest: str, approval: Approval) -> None:
        self.approvals[digest] = approval

    def locked_approval(self, digest: str) -> Approval | None:
        return self.approvals.get(digest)

    def change_approval(self, digest: str, **changes: Any) -> None:
        self.approvals[digest] = replace(self.approvals[digest], **{k: v for k, v in changes.items() if v is not None})

    def session_lives(self, session_id: str) -> bool:
        return session_id not in self.ended_sessions

    def person_by_regnum(self, regnum: str) -> str | None:
        return "person-1" if regnum == "УБ95010112" else None

    def register_claims(self, subject: str) -> dict[str, str]:
        return REGISTER

    # -- requests ---------------------------------------------------------------------------------------------

    def ask(self, encoded: str = "", authorization: str | None = None, **more: Any) -> Any:
        """The token endpoint's answer."""
        return token.exchange(provider=self.provider, request=Request(parameters=parse(encoded), authorization=authorization, **more))

    def userinfo(self, authorization: str | None, encoded: str = "", **more: Any) -> Any:
        more = {"path": "/oidc/userinfo", "method": "GET"} | more
        return userinfo.userinfo(provider=self.provider, request=Request(parameters=parse(encoded), authorization=authorization, **more))

    def authorize(self, session: Session | None = SESSION, *, waited: Any = None, **changes: str | None) -> Any:
        """The authorization endpoint's outcome for a good request of ``full``, changed so."""
        values = {
            "response_type": "code", "client_id": "full", "redirect_uri": BACK, "scope": "openid register", "state": "s-1", "nonce": "n-1",
            "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        } | changes  # fmt: skip
        encoded = urlencode({k: v for k, v in values.items() if v is not None})
        return authorization.authorize(provider=self.provider, parameters=parse(encoded), session=session, waited=waited)

    def answered(self, *arguments: Any, **changes: Any) -> dict[str, str]:
        """The parameters with which the browser is sent back."""
        outcome = self.authorize(*arguments, **changes)
        assert isinstance(outcome, authorization.Answer), outcome
        return {name: values[0] for name, values in parse_qs(urlsplit(outcome.url).query).items()}

    def push(self, authorization: str | None = None, *, dpop: tuple[str, ...] = (), **changes: str | None) -> Any:
        values = {
            "response_type": "code", "redirect_uri": BACK, "scope": "openid register", "state": "s-1", "nonce": "n-1",
            "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        } | changes  # fmt: skip
        encoded = urlencode({k: v for k, v in values.items() if v is not None})
        request = Request(parameters=parse(encoded), authorization=authorization, dpop=dpop, path="/oidc/par")
        return pushed.push(provider=self.provider, request=request)

    def flow(self, client_id: str = "full", code: str | None = None, *, authorized: dict[str, Any] | None = None, **more: Any) -> Any:
        """Tokens of a whole flow by secret."""
        code = code or self.answered(client_id=client_id, **(authorized or {}))["code"]
        return self.ask(code_form(code), basic(client_id), **more)

    def refresh(self, value: str, client_id: str = "full", *, changes: dict[str, str] | None = None, **more: Any) -> Any:
        encoded = urlencode({"grant_type": "refresh_token", "refresh_token": value} | (changes or {}))
        return self.ask(encoded, basic(client_id), **more)

    def proof(
        self, *, method: str = "POST", path: str = "/oidc/token", key: ECKey = DEVICE_KEY, token: str | None = None, **changes: Any
    ) -> str:
        """A good DPoP proof for now, changed so; a claim of None is left out."""
        claims = {
            "jti": secrets.token_urlsafe(12), "htm": method, "htu": ISSUER + path, "iat": int(self.now.timestamp()), "nonce": dpop.nonce(self.provider),
            "ath": dpop.access_token_hash(token) if token else None,
        } | changes  # fmt: skip
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
        return signed(header, {k: v for k, v in claims.items() if v is not None}, key)

    def assertion(
        self, client_id: str = "by-key", *, key: ECKey = KEY, header: dict[str, Any] | None = None, **changes: Any
    ) -> dict[str, str]:
        """The parameters of ``private_key_jwt``."""
        now = int(self.now.timestamp())
        claims = {
            "iss": client_id, "sub": client_id, "aud": ISSUER, "jti": secrets.token_urlsafe(12), "iat": now, "exp": now + 60,
        } | changes  # fmt: skip
        text = signed({"alg": "ES256", "kid": "client-key"} | (header or {}), {k: v for k, v in claims.items() if v is not None}, key)
        return {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion": text}

    def request_object(self, client_id: str = "by-key", *, key: ECKey = KEY, header: dict[str, Any] | None = None, **changes: Any) -> str:
        now = int(self.now.timestamp())
        claims = {
            "iss": client_id, "client_id": client_id, "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 300, "response_type": "code",
            "redirect_uri": BACK, "scope": "openid register", "state": "s-1", "nonce": "n-1", "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | changes  # fmt: skip
        return signed(
            {"alg": "ES256", "typ": "oauth-authz-req+jwt"} | (header or {}), {k: v for k, v in claims.items() if v is not None}, key
        )

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)


def signed(header: dict[str, Any], claims: dict[str, Any], key: Any) -> str:
    return jws.serialize_compact(header, json.dumps(claims).encode(), key)


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A JWS with the algorithm of the header in name only, and no signature."""
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)), ""])


def code_form(code: str, **changes: str | None) -> str:
    values = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER} | changes
    return urlencode({k: v for k, v in values.items() if v is not None})


def basic(client_id: str = "agency", secret: str = SECRET) -> str:
    return "Basic " + base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()
