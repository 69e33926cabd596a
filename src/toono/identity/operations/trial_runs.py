"""Trials in the console: a flow of one registration, run by the platform in the client's place, each step shown.

The platform has neither the client's secret nor its private key, and the codes must come here, not to the client. So a *twin* acts: the same registration
with keys made for this trial and this console's address. It lives a quarter of an hour and ends with everything given to it. What it learns is the data
of the very person who runs it, and only they see it.

A flow is the code flow, the device flow, or CIBA. In the latter two the person answers on another page, and the twin asks whenever they say that they did;
a client that is pinged is tried by asking too, since the notice would go to the client itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from django.db import transaction
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from toono.identity import contracts, models
from toono.identity.contracts import MachineRequest, ProtocolAnswer, TrialFlow, TrialStep
from toono.identity.contracts import PartyKind as Kind
from toono.identity.domain.console import bounds
from toono.identity.domain.dan.operations import OPERATIONS
from toono.identity.domain.oidc import ciba, credential, device_grant
from toono.identity.domain.oidc.dpop import access_token_hash
from toono.identity.domain.oidc.storage import BY_KEY, BY_NOTHING, SIGNING, Client, Profile
from toono.identity.errors import TrialOver
from toono.identity.limits import LIMITS
from toono.identity.operations import dan, engine, keys, machines, relying_parties
from toono.identity.operations.secrets import digest, opened, random_secret, sealed
from toono.identity.operations.storage import protocol_client
from toono.kernel import audit
from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.ids import public_code, uuid7
from toono.kernel.jose import base64url, from_base64url, json_object
from toono.kernel.settings import settings

CALLBACK = "/identity/systems/trial/callback"
TWIN = "trial-"
_LEFT_OUT = (
    "jwks", "jwks_uri", "post_logout_redirect_uris", "backchannel_logout_uri", "backchannel_client_notification_endpoint",
    "backchannel_token_delivery_mode", "tls_client_certificate_sha256", "tls_client_certificate_bound_access_tokens",
    "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc", "id_token_encrypted_response_alg", "id_token_encrypted_response_enc",
    "sector_identifier_uri",
)  # fmt: skip
"""What hangs on the client's own keys and addresses."""
_HIDDEN = frozenset(
    {
        "code", "code_verifier", "client_secret", "client_assertion", "access_token", "refresh_token", "id_token", "request", "request_uri", "response",
        "device_code", "auth_req_id", "login_hint",
    }
)  # fmt: skip
_FLOWS = {TrialFlow.DEVICE: device_grant.GRANT, TrialFlow.CIBA: ciba.GRANT}
_WAITING = ("authorization_pending", "slow_down")
"""The person has not answered yet (RFC 8628 §3.5)."""


# -- the twin ------------------------------------------------------------------------------------------------------


def _twin_metadata(client: Client, metadata: Mapping[str, Any], public_key: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in metadata.items() if name not in _LEFT_OUT}
    if client.redirect_uris:
        found["redirect_uris"] = [settings().base_url + CALLBACK]
    if client.profile is Profile.FAPI2 or client.tls_client_certificate_bound_access_tokens:
        found["dpop_bound_access_tokens"] = True
    if bounds.kind_of(client) is Kind.DAN:
        found["token_endpoint_auth_method"] = "client_secret_post"  # noqa: S105 - the name of a method
    elif client.token_endpoint_auth_method != BY_NOTHING:
        found |= {"token_endpoint_auth_method": BY_KEY, "jwks": {"keys": [dict(public_key)]}}
    return found


def flows(client: Client) -> tuple[TrialFlow, ...]:
    """What can be tried of a registration; the plain way first."""
    return (TrialFlow.CODE, *(flow for flow, grant in _FLOWS.items() if grant in client.grant_types))


def start(*, actor: Actor, client_id: str, flow: TrialFlow = TrialFlow.CODE) -> contracts.Trial:
    """Make the twin and take the first step.

    :raises NotAllowed: the platform's own client, or one that is deactivated or not registered for this flow, or nobody in particular asks.
    """
    row = relying_parties.visible_row(actor, client_id)
    if row.trusted or row.deactivated_at is not None or actor.person_id is None:
        raise NotAllowed("no trial of this client")
    client, key = protocol_client(row), ECKey.generate_key("P-256", auto_kid=True)
    if flow not in flows(client):
        raise NotAllowed(f"{client_id} is not registered for {flow}")
    known: dict[str, Any] = {
        "flow": flow.value,
        "key": key.as_dict(private=True),
        "secret": random_secret(),
        "verifier": random_secret(),
        "nonce": random_secret(),
        "state": random_secret(),
    }
    twin_id, moment = TWIN + secrets.token_hex(16), now()
    is_dan = bounds.kind_of(client) is Kind.DAN
    with transaction.atomic():
        models.Client.objects.create(
            client_id=twin_id, name_mn=row.name_mn, name_en=row.name_en, secret_digest=digest(known["secret"]) if is_dan else "",
            metadata=_twin_metadata(client, row.metadata, key.as_dict(private=False)), registered_at=moment, twin_of=client_id,
            organisation=row.organisation, stage=row.stage,
        )  # fmt: skip
        run = models.TrialRun.objects.create(
            client_id=client_id, twin_id=twin_id, person_id=actor.person_id, created_at=moment, expires_at=moment + LIMITS.trial_lifetime,
            sealed=sealed("trial", json.dumps(known)),
        )  # fmt: skip
        audit.record(actor=actor, action="identity.start_trial", subject=f"client:{client_id}", run=str(run.id), flow=flow.value)
    return _Runner(run).begin()


def _person(actor: Actor) -> UUID:
    if actor.person_id is None:
        raise TrialOver
    return actor.person_id


def trial(*, actor: Actor, run_id: UUID) -> contracts.Trial:
    """:raises TrialOver: none, or another person's."""
    row = models.TrialRun.objects.filter(id=run_id, person_id=_person(actor)).first()
    if row is None:
        raise TrialOver
    return _view(row, "")


def come_back(*, actor: Actor, query: str) -> contracts.Trial:
    """The browser has come back from the authorization endpoint: take the remaining steps. Of two that come at once the first counts.

    :raises TrialOver: no trial of this person waits for this answer.
    """
    received = _received(query)
    claims = _text(_decoded(received["response"])) if "response" in received else received
    try:
        run_id = UUID(str(claims.get("state", "")).partition(".")[0])
    except ValueError:
        raise TrialOver from None
    with transaction.atomic():
        row = models.TrialRun.objects.select_for_update().filter(id=run_id, person_id=_person(actor), finished_at=None).first()
        if row is None or row.expires_at < now():
            raise TrialOver
        row.finished_at = now()
        row.save(update_fields=["finished_at"])
    return _Runner(row).finish(claims, received)


def _received(query: str) -> dict[str, Any]:
    """What came back in the address.

    :raises TrialOver: more than the authorization endpoint ever answers, or no text.
    """
    try:
        found = parse_qs(query, max_num_fields=20)
    except ValueError:
        raise TrialOver from None
    return _text({name: value[0] for name, value in found.items()})


def _text(values: dict[str, Any]) -> dict[str, Any]:
    """As they are, if they can be kept and sent on: no control characters, no halves of letters.

    :raises TrialOver:
    """
    if not all(name.isprintable() and str(value).isprintable() for name, value in values.items()):
        raise TrialOver
    return values


def ask(*, actor: Actor, run_id: UUID) -> contracts.Trial:
    """The person says that they have answered: the twin asks for its tokens. The run is held meanwhile, so of two that ask at once the second finds it over.

    :raises TrialOver: none, another person's, or one that has ended.
    """
    with transaction.atomic():
        row = models.TrialRun.objects.select_for_update().filter(id=run_id, person_id=_person(actor)).first()
        if row is None or row.expires_at < now():
            raise TrialOver
        return _view(row, "") if row.finished_at is not None else _Runner(row).ask_again()


def remove_old() -> None:
    """Twins whose trial was left, and trials of yesterday."""
    for row in models.TrialRun.objects.filter(expires_at__lt=now()).exclude(sealed=""):
        _end(row)
    models.TrialRun.objects.filter(expires_at__lt=now() - LIMITS.trials_kept).delete()


def _end(row: models.TrialRun) -> None:
    """The twin and everything given to it are gone; what was shown stays for a day."""
    with transaction.atomic():
        engine.storage.remove_client(row.twin_id)
        models.Flow.objects.filter(client_id=row.twin_id).delete()
        models.Consent.objects.filter(client_id=row.twin_id).delete()
        models.Approval.objects.filter(client_id=row.twin_id).delete()
        row.sealed, row.finished_at = "", row.finished_at or now()
        row.save(update_fields=["sealed", "finished_at", "steps"])


def _view(row: models.TrialRun, goes_on_at: str) -> contracts.Trial:
    steps = tuple(TrialStep(**step) for step in row.steps)
    finished = row.finished_at is not None
    asks = not finished and row.expires_at >= now() and bool(steps) and steps[-1].name in _ANSWERED_AT
    return contracts.Trial(
        id=row.id, client_id=row.client_id, steps=steps, finished=finished, goes_on_at=goes_on_at or (_answered_at(steps[-1]) if asks else ""),
        asks=asks,
    )  # fmt: skip


_ANSWERED_AT = {"device": "/identity/device", "ciba": "/identity/requests"}
"""Where the person answers, by the step that has asked for it."""


def _answered_at(step: TrialStep) -> str:
    return str(step.received.get("verification_uri_complete") or settings().base_url + _ANSWERED_AT[step.name])


# -- the steps -----------------------------------------------------------------------------------------------------


class _Runner:
    """One trial on its way: what it knows, and the steps so far."""

    def __init__(self, row: models.TrialRun) -> None:
        self.row = row
        self.known: dict[str, Any] = json.loads(opened("trial", row.sealed))
        self.key = ECKey.import_key(self.known["key"])
        client_row = models.Client.objects.get(client_id=row.twin_id)
        self.client, self.metadata = protocol_client(client_row), client_row.metadata
        self.kind = bounds.kind_of(self.client)
        self.flow = TrialFlow(self.known["flow"])

    def step(self, name: str, *, good: bool, sent: Mapping[str, Any], received: Mapping[str, Any]) -> bool:
        self.row.steps.append({"name": name, "good": good, "sent": _shown(sent), "received": _shown(received)})
        return good

    # -- before the browser goes

    def begin(self) -> contracts.Trial:
        if self.flow is not TrialFlow.CODE:
            return self._begin_elsewhere()
        if self.kind is Kind.MACHINE:
            self._token({"grant_type": "client_credentials"} | self._machine_scope())
            return self._over()
        asked = self._dan_request() if self.kind is Kind.DAN else self._request()
        if self.kind is not Kind.DAN and self.client.require_pushed_authorization_requests:
            answer = self._ask("/oidc/par", asked)
            if not self.step("pushed", good=answer.status == 201, sent=asked, received=dict(answer.body)):
                return self._over()
            asked = {"client_id": self.row.twin_id, "request_uri": str(answer.body["request_uri"])}
        endpoint = settings().base_url + ("/oauth2/authorize" if self.kind is Kind.DAN else "/oidc/authorize")
        self.step("authorize", good=True, sent=asked, received={})
        self.row.save(update_fields=["steps"])
        return _view(self.row, f"{endpoint}?{urlencode(asked)}")

    def _begin_elsewhere(self) -> contracts.Trial:
        """The person is asked on another page: RFC 8628 §3.1, CIBA Core §7.1, for whoever runs the trial themselves."""
        asked = {"scope": self._scope()}
        if self.flow is TrialFlow.CIBA:
            asked |= {"login_hint": self.row.person.regnum, "binding_message": public_code(4)}
        path, value = (
            ("/oidc/backchannel-authentication", "auth_req_id")
            if self.flow is TrialFlow.CIBA
            else ("/oidc/device-authorization", "device_code")
        )
        answer = self._ask(path, asked)
        if not self.step(self.flow.value, good=answer.status == 200, sent=asked, received=dict(answer.body)):
            return self._over()
        self.known["value"] = str(answer.body[value])
        self.row.sealed = sealed("trial", json.dumps(self.known))
        self.row.save(update_fields=["steps", "sealed"])
        return _view(self.row, "")

    def ask_again(self) -> contracts.Trial:
        """Nothing is noted while the person has not answered, but that they were asked for it."""
        name = "auth_req_id" if self.flow is TrialFlow.CIBA else "device_code"
        if "value" not in self.known:
            raise TrialOver
        form = {"grant_type": _FLOWS[self.flow], name: str(self.known["value"])}
        answer = self._ask("/oidc/token", form)
        if answer.body.get("error") in _WAITING:
            return _view(self.row, "").model_copy(update={"unanswered": True})
        self._rest(self._note_token(answer, form))
        return self._over()

    def _request(self) -> dict[str, str]:
        challenge = base64url(hashlib.sha256(self.known["verifier"].encode()).digest())
        asked = {
            "response_type": "code", "client_id": self.row.twin_id, "redirect_uri": self.client.redirect_uris[0], "prompt": "consent",
            "scope": self._scope(), "state": self._state(), "nonce": self.known["nonce"],
            "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        if not self.client.require_signed_request_object:
            return asked
        moment = int(now().timestamp())
        claims = asked | {"iss": self.row.twin_id, "aud": settings().base_url, "iat": moment, "nbf": moment, "exp": moment + 300}
        signed = jwt.encode({"alg": "ES256", "kid": self.key.kid, "typ": "oauth-authz-req+jwt"}, claims, self.key)
        return {"client_id": self.row.twin_id, "request": signed}

    def _dan_request(self) -> dict[str, str]:
        operations = sorted(self.client.dan_operations)
        entries = [{"services": [name], "wsdl": _wsdl(name)} for name in operations]
        scope = base64.b64encode(json.dumps(entries).encode()).decode()
        state = self._state()
        return {"response_type": "code", "client_id": self.row.twin_id, "redirect_uri": self.client.redirect_uris[0], "scope": scope, "state": state}  # fmt: skip

    def _scope(self) -> str:
        """All that it may ask for but signatures, which need a document and are confirmed on a page of their own."""
        return " ".join(sorted(self.client.scopes - {credential.SCOPE}))

    def _state(self) -> str:
        """Names the run, by which it is found again, and holds what nobody else knows."""
        return f"{self.row.id}.{self.known['state']}"

    # -- after it came back

    def finish(self, claims: Mapping[str, Any], received: Mapping[str, Any]) -> contracts.Trial:
        ours = claims.get("state") == self._state() and (self.kind is Kind.DAN or claims.get("iss") == settings().base_url)
        if not self.step("callback", good="code" in claims and ours, sent={}, received=received):
            return self._over()
        if self.kind is Kind.DAN:
            self._dan_rest(str(claims["code"]))
        else:
            grant = {"grant_type": "authorization_code", "code": str(claims["code"]), "redirect_uri": self.client.redirect_uris[0], "code_verifier": self.known["verifier"]}  # fmt: skip
            self._rest(self._token(grant))
        return self._over()

    def _token(self, form: Mapping[str, str]) -> ProtocolAnswer:
        return self._note_token(self._ask("/oidc/token", form), form)

    def _note_token(self, answer: ProtocolAnswer, form: Mapping[str, str]) -> ProtocolAnswer:
        self.step("token", good=answer.status == 200, sent=form, received=answer.body)
        if answer.status == 200 and "." in str(answer.body["access_token"]):
            self.step("access_token", good=True, sent={}, received=_decoded(str(answer.body["access_token"])))
        return answer

    def _rest(self, tokens: ProtocolAnswer) -> None:
        if tokens.status != 200:
            return
        if "id_token" in tokens.body:
            self.step(
                "id_token", good=self._is_sound(str(tokens.body["id_token"])), sent={}, received=_decoded(str(tokens.body["id_token"]))
            )
        answer = self._ask("/oidc/userinfo", {}, token=str(tokens.body["access_token"]))
        self.step("userinfo", good=answer.status == 200, sent={}, received=_decoded(answer.text) if answer.text else answer.body)

    def _is_sound(self, token: str) -> bool:
        """As the client must check it: OpenID Connect Core §3.1.3.7."""
        try:
            claims = jwt.decode(token, keys.key_set(), algorithms=list(SIGNING)).claims
        except (JoseError, ValueError):
            return False
        expected = {"iss": settings().base_url, "aud": self.row.twin_id}
        expected |= {"nonce": self.known["nonce"]} if self.flow is TrialFlow.CODE else {}
        return all(claims.get(name) == value for name, value in expected.items()) and claims["exp"] > now().timestamp()

    def _dan_rest(self, code: str) -> None:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.client.redirect_uris[0], "client_id": self.row.twin_id, "client_secret": self.known["secret"]}  # fmt: skip
        answer = dan.token(parameters=form, repeated=(), authorization=None)
        if self.step("token", good=answer.status == 200, sent=form, received=answer.body):
            data = dan.service(authorization=f"Bearer {answer.body['access_token']}")
            listed: dict[str, Any] = {"": list(data.listed)} if data.listed is not None else dict(data.body)
            self.step("service", good=data.listed is not None, sent={}, received=listed)

    def _over(self) -> contracts.Trial:
        _end(self.row)
        return _view(self.row, "")

    # -- asking as the client would

    def _ask(self, path: str, form: Mapping[str, str], *, token: str = "") -> ProtocolAnswer:
        bound = self.client.dpop_bound_access_tokens
        answer = self._sent(path, form, token, self._proof(path, token, "") if bound else "")
        if bound and answer.dpop_nonce and answer.status in (400, 401):
            answer = self._sent(path, form, token, self._proof(path, token, answer.dpop_nonce))
        return answer

    def _sent(self, path: str, form: Mapping[str, str], token: str, proof: str) -> ProtocolAnswer:
        fields = dict(form) if token else dict(form) | self._authentication()
        return machines.answer(
            MachineRequest(
                path=path, method="GET" if token else "POST", form=urlencode(fields), dpop=(proof,) if proof else (),
                authorization=f"{'DPoP' if proof else 'Bearer'} {token}" if token else None,
            )
        )  # fmt: skip

    def _authentication(self) -> dict[str, str]:
        if self.client.token_endpoint_auth_method == BY_NOTHING:
            return {"client_id": self.row.twin_id}
        moment = int(now().timestamp())
        claims = {
            "iss": self.row.twin_id,
            "sub": self.row.twin_id,
            "aud": settings().base_url,
            "iat": moment,
            "exp": moment + 60,
            "jti": str(uuid7()),
        }
        return {
            "client_id": self.row.twin_id, "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key),
        }  # fmt: skip

    def _proof(self, path: str, token: str, nonce: str) -> str:
        """RFC 9449 §4.2."""
        jwk = {name: value for name, value in self.key.as_dict(private=False).items() if name in ("kty", "crv", "x", "y")}
        claims: dict[str, Any] = {
            "jti": str(uuid7()),
            "htm": "GET" if token else "POST",
            "htu": settings().base_url + path,
            "iat": int(now().timestamp()),
        }
        claims |= {"nonce": nonce} if nonce else {}
        claims |= {"ath": access_token_hash(token)} if token else {}
        return jwt.encode({"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk}, claims, self.key)

    def _machine_scope(self) -> dict[str, str]:
        resource = next(iter(sorted(self.client.resources)), "")
        return {"resource": resource} if resource else {}


def _wsdl(operation: str) -> str:
    endpoint = OPERATIONS[operation].endpoint if operation in OPERATIONS else "citizen"
    return f"https://xyp.gov.mn/{endpoint}-1.3.0/ws?WSDL"


def _decoded(token: str) -> dict[str, Any]:
    """Header and claims; the signature stays away, so what is shown is no token."""
    try:
        header, payload, _ = token.split(".")
        return json_object(from_base64url(payload)) | {"": json_object(from_base64url(header))}
    except ValueError:
        return {}


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without anything that could be used: codes, tokens and proofs are named by their length."""
    return {name: f"({len(str(value))})" if name in _HIDDEN else value for name, value in values.items()}
