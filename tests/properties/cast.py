"""Who asks: clients, persons, browsers, tokens. Everything is made by the room's own doors and storage on the stage's database, so it is as real as in production."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from tests.properties.checks import Manners
from tests.properties.drafts import Draft, Signed, basic, signed
from tests.properties.wire import Answered, Wire
from toono.kernel.jose import base64url

BACK, OUT = "https://agency.example/back?tenant=1", "https://agency.example/out"
RESOURCE, NEXT = "https://registers.example/api", "https://next.example"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636, appendix B
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EVERYTHING = [
    "authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba",
    "urn:ietf:params:oauth:grant-type:token-exchange",
]  # fmt: skip
OPERATION = "WS100101_getCitizenIDCardInfo"
WSDL = "https://xyp.gov.mn/citizen-1.3.0/ws?WSDL"
STAYS_SECONDS = 100.0


def jwk(key: EllipticCurvePrivateKey, **more: str) -> dict[str, str]:
    """The public half."""
    point = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": base64url(point.x.to_bytes(32, "big")), "y": base64url(point.y.to_bytes(32, "big"))} | more


def thumbprint(key: EllipticCurvePrivateKey) -> str:
    """RFC 7638."""
    known = jwk(key)
    text = f'{{"crv":"P-256","kty":"EC","x":"{known["x"]}","y":"{known["y"]}"}}'
    return base64url(hashlib.sha256(text.encode()).digest())


@dataclass
class Client:
    """A relying party, with what it proves itself by."""

    id: str
    secret: str = ""
    key: EllipticCurvePrivateKey | None = None

    def basic(self) -> Any:
        return basic(self.id, self.secret)


@dataclass
class Browser:
    """A person signed in: at the provider (``session``) and at the portal."""

    person: Any
    row: Any
    token: str
    portal: str
    actor: Any

    def cookies(self) -> list[list[Any]]:
        return [["identity_session", self.token], ["toono_session", self.portal]]


@dataclass
class Cast:
    """Made once for a run."""

    wire: Wire
    plane: Wire
    """The endpoints for machines as a process of their own answers them."""
    stack: Any
    persons: list[dict[str, Any]]
    full: Client = field(init=False)
    other: Client = field(init=False)
    keyed: Client = field(init=False)
    fapi: Client = field(init=False)
    next: Client = field(init=False)
    stranger: Client = field(init=False)
    dan: Client = field(init=False)
    dan_other: Client = field(init=False)
    sarnai: Browser = field(init=False)
    bat: Browser = field(init=False)
    device_key: EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    _kept: dict[str, tuple[float, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from toono.identity import models

        mark = uuid4().hex[:10]
        common = {
            "client_name": "Шинжилгээ", "redirect_uris": [BACK], "post_logout_redirect_uris": [OUT], "grant_types": EVERYTHING,
            "scope": "openid register offline_access api service", "resources": [RESOURCE, f"{self.base}/csc/v2"], "authorization_details_types": ["toono_exchange"],
            "backchannel_token_delivery_mode": "poll",
        }  # fmt: skip
        key = ec.generate_private_key(ec.SECP256R1())
        keyed = {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [jwk(key, kid="k", use="sig")]}}
        bound = {"profile": "fapi2", "dpop_bound_access_tokens": True, "require_pushed_authorization_requests": True}
        self.full = self._client(f"full-{mark}", common)
        self.other = self._client(f"other-{mark}", common)
        self.stranger = self._client(f"stranger-{mark}", common)
        self.keyed = replace(self._client(f"keyed-{mark}", common | keyed), key=key)
        self.fapi = replace(
            self._client(f"fapi-{mark}", {k: v for k, v in common.items() if k != "backchannel_token_delivery_mode"} | keyed | bound),
            key=key,
        )
        self.next = self._client(f"next-{mark}", common | {"resources": [RESOURCE, NEXT], "may_act_for": [self.full.id]})
        of_dan = {"client_name": "Хуучин систем", "redirect_uris": [BACK], "dan_operations": [OPERATION]}
        self.dan, self.dan_other = self._client(f"dan-{mark}", of_dan), self._client(f"dan-other-{mark}", of_dan)
        models.Client.objects.filter(client_id__endswith=mark).exclude(client_id=self.stranger.id).update(trusted=True)
        self.sarnai, self.bat = (self.browser(self.person(known["regnum"])) for known in self.persons[:2])

    @property
    def base(self) -> str:
        return self.wire.base_url

    @property
    def everybody(self) -> tuple[Client, ...]:
        return self.full, self.other, self.keyed, self.fapi, self.next, self.stranger, self.dan, self.dan_other

    def _client(self, client_id: str, metadata: dict[str, Any]) -> Client:
        import toono.identity.api as identity
        from toono.kernel.actor import system

        made = identity.register_client(actor=system("tests"), client_id=client_id, metadata=metadata)
        return Client(client_id, made.client_secret or "")

    def person(self, regnum: str) -> Any:
        import toono.identity.api as identity
        from toono.kernel.actor import system

        return identity.register_person(actor=system("tests"), regnum=regnum)

    def browser(self, person: Any) -> Browser:
        """Signed in anew."""
        from django.contrib.sessions.backends.db import SessionStore

        from toono.identity.operations.sessions import begin_session
        from toono.kernel.actor import Actor, Role
        from toono.kernel.clock import now

        row, token = begin_session(person.id, device="properties", moment=now(), replaces=None)
        portal = SessionStore()
        portal["session_id"] = str(row.id)
        portal.create()
        actor = Actor(role=Role.CITIZEN, person_id=person.id, session_id=str(row.id))
        return Browser(person, row, token, str(portal.session_key), actor)

    def kept(self, name: str, make: Callable[[], Any], *, seconds: float = STAYS_SECONDS) -> Any:
        """What many examples may share, made anew before it grows old."""
        made, found = self._kept.get(name, (None, None))
        if made is None or time.monotonic() - made > seconds:
            made, found = time.monotonic(), make()
            self._kept[name] = made, found
        return found

    # -- what the protocol keeps ----------------------------------------------------------------------------------

    def grant(self, client: Client, browser: Browser | None = None, **changes: Any) -> Any:
        from toono.identity.domain.oidc.storage import Grant
        from toono.identity.operations.storage import protocol_session

        values: dict[str, Any] = {
            "id": str(uuid4()), "client_id": client.id, "session": protocol_session((browser or self.sarnai).row), "scope": "openid register offline_access api service",
            "userinfo_claims": ("given_name", "civil_id"), "resources": (), "offline": True,
        }  # fmt: skip
        return Grant(**(values | changes))

    def code(self, client: Client, *, jkt: str = "", challenge: str = CHALLENGE, **changes: Any) -> str:
        """A fresh authorization code."""
        from toono.identity.domain.oidc.storage import Code, digest
        from toono.identity.operations.engine import storage
        from toono.kernel.clock import now

        value = secrets.token_urlsafe(32)
        kept = Code(
            grant=self.grant(client, **changes),
            redirect_uri=BACK,
            code_challenge=challenge,
            nonce="n",
            expires_at=now() + timedelta(seconds=60),
            dpop_jkt=jkt,
        )
        storage.save_code(digest(value), kept)
        return value

    def refresh(self, client: Client) -> str:
        from toono.identity.domain.oidc.storage import Binding, Refresh, digest
        from toono.identity.operations.engine import storage
        from toono.kernel.clock import now

        value, grant = secrets.token_urlsafe(32), self.grant(client)
        storage.save_grant(grant)
        storage.save_refresh(digest(value), Refresh(grant=grant, binding=Binding(), expires_at=now() + timedelta(days=1)))
        return value

    def token(self, client: Client, *, audience: str = "", jkt: str = "", **changes: Any) -> str:
        """A fresh access token of the client, by the person's grant; for the platform itself unless ``audience`` says else."""
        from toono.identity.domain.oidc.storage import Binding, Token, digest
        from toono.identity.operations.engine import storage
        from toono.kernel.clock import now

        value, grant = secrets.token_urlsafe(32), self.grant(client, **changes)
        storage.save_grant(grant)
        kept = Token(
            id=str(uuid4()), client_id=client.id, scope=grant.scope, issued_at=now(), expires_at=now() + timedelta(minutes=10), audience=(audience or self.base,),
            grant=grant, binding=Binding(jkt=jkt),
        )  # fmt: skip
        storage.save_token(digest(value), kept)
        return value

    def pushed(self, client: Client, parameters: dict[str, str]) -> str:
        from toono.identity.domain.oidc.authorize import PUSHED
        from toono.identity.domain.oidc.storage import Pushed, digest
        from toono.identity.operations.engine import storage
        from toono.kernel.clock import now

        uri = PUSHED + secrets.token_urlsafe(32)
        storage.save_pushed(digest(uri), Pushed(client_id=client.id, parameters=parameters, expires_at=now() + timedelta(seconds=90)))
        return uri

    def approved(self, client: Client, kind: str) -> str:
        """A device code, or the number of a backchannel request, that the person has approved."""
        from toono.identity.domain.oidc.storage import Approval, ApprovalKind, digest
        from toono.identity.models import Approval as Row
        from toono.identity.operations.engine import storage
        from toono.kernel.clock import now

        value, grant = secrets.token_urlsafe(32), self.grant(client)
        storage.save_grant(grant)
        kept = Approval(
            kind=ApprovalKind(kind), client_id=client.id, scope="openid register", expires_at=now() + timedelta(minutes=5), interval_seconds=5,
            user_code="" if kind == "ciba" else secrets.token_hex(4).upper(), subject=str(self.sarnai.person.id) if kind == "ciba" else "",
        )  # fmt: skip
        storage.save_approval(digest(value), kept)
        Row.objects.filter(digest=digest(value)).update(state="approved", grant_id=UUID(grant.id), user_code="")
        return value

    def id_token(self, client: Client, browser: Browser | None = None) -> str:
        """Signed by the platform itself."""

        def make() -> str:
            from toono.identity.operations import keys

            who = browser or self.sarnai
            claims = {
                "iss": self.base,
                "sub": str(who.person.id),
                "aud": client.id,
                "sid": str(who.row.id),
                "exp": int(time.time()) + 3600,
                "iat": int(time.time()),
            }
            return keys.sign(claims, "JWT")

        return str(make() if browser else self.kept(f"id_token {client.id}", make))

    # -- what clients sign ----------------------------------------------------------------------------------------

    def assertion(self, client: Client) -> Signed:
        """RFC 7523."""
        moment = int(time.time())
        claims = {"iss": client.id, "sub": client.id, "aud": self.base, "jti": secrets.token_urlsafe(12), "iat": moment, "exp": moment + 60}
        return signed({"alg": "ES256", "kid": "k"}, claims, self._key(client))

    def _key(self, client: Client) -> EllipticCurvePrivateKey:
        assert client.key is not None
        return client.key

    def proof(self, path: str, method: str = "POST", token: str = "") -> Signed:
        """RFC 9449."""
        from toono.identity.domain.oidc import dpop
        from toono.identity.operations.engine import provider

        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(12), "htm": method, "htu": self.base + path, "iat": int(time.time()), "nonce": self.kept("nonce", lambda: dpop.nonce(provider()))
        }  # fmt: skip
        if token:
            claims["ath"] = base64url(hashlib.sha256(token.encode()).digest())
        return signed({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk(self.device_key)}, claims, self.device_key)

    def request_object(self, client: Client, parameters: dict[str, Any]) -> Signed:
        """RFC 9101."""
        moment = int(time.time())
        claims = {
            "iss": client.id,
            "client_id": client.id,
            "aud": self.base,
            "iat": moment,
            "nbf": moment,
            "exp": moment + 300,
        } | parameters
        return signed({"alg": "ES256", "typ": "oauth-authz-req+jwt", "kid": "k"}, claims, self._key(client))


def asked(**changes: Any) -> dict[str, Any]:
    """A good authorization request's parameters."""
    values = {
        "response_type": "code", "redirect_uri": BACK, "scope": "openid register", "state": "s-1", "nonce": "n-1", "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }  # fmt: skip
    return values | changes


def form(**values: Any) -> list[list[Any]]:
    return [[name, value] for name, value in values.items()]


def has(answer: Answered, *members: str) -> bool:
    """A success whose JSON has these members."""
    return 200 <= answer.status < 300 and all(f'"{one}"'.encode() in answer.body for one in members)


Recipe = Callable[[Cast], Draft]


@dataclass(frozen=True)
class Endpoint:
    """One address, how it speaks, and the kinds of valid requests at it."""

    name: str
    manners: Manners
    recipes: tuple[Recipe, ...]
    twin: str = ""
    """Another way to the same endpoint, an attribute of :class:`Cast`: a request of the same kind, spoilt alike, is answered there alike."""
    wire: str = "wire"
    """By which way it is asked."""
