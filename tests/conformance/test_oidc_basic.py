"""Basic OP: the cases of the conformance suite's plan ``oidcc-basic-certification-test-plan`` that stand at the protocol itself."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from joserfc import jwe, jwt
from joserfc.jwk import ECKey, RSAKey

from tests.conformance.oidc_table import NOT_OFFERED, PLACE, module, rows, table
from toono.identity.domain.oidc import discovery, introspection, registration, revocation, token
from toono.identity.domain.oidc.authorize import Answer, ConsentNeeded, SignInNeeded, Waited
from toono.identity.domain.oidc.id_token import at_hash, read_hint
from toono.identity.domain.oidc.parameters import parse
from toono.identity.domain.oidc.refusals import DirectRefusal, PageRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Consent, Session
from toono.identity.tests.memory import BACK, ISSUER, NOW, REGISTER, RESOURCE, SESSION, MemoryProvider, basic, code_form
from toono.kernel.jose import base64url, from_base64url

PLAN = "Basic OP"


@pytest.fixture
def op() -> MemoryProvider:
    return MemoryProvider()


def test_the_table_is_that_of_the_tests() -> None:
    assert len({name for _, name, _ in rows()}) >= 170 and all(cell.strip() for row in (*rows(), *NOT_OFFERED) for cell in row)
    assert PLACE.read_text("utf-8") == table(), "run: python -m tests.conformance.oidc_table"


@module(PLAN, "oidcc-server", "oidcc-response-type-missing", "oidcc-idtoken-signature", "oidcc-alternate-claims")
def test_a_whole_flow(op: MemoryProvider) -> None:
    given = op.flow()
    claims = op.opened(given["id_token"])
    assert (claims["iss"], claims["aud"], claims["sub"], claims["nonce"]) == (ISSUER, "full", "person-1", "n-1")
    assert op.userinfo(f"Bearer {given['access_token']}") == {"sub": "person-1", **REGISTER}
    assert op.answered(response_type=None)["error"] == "invalid_request"


@module(PLAN, "oidcc-codereuse", "oidcc-codereuse-30seconds")
@pytest.mark.parametrize("seconds", [0, 30])
def test_a_code_used_again_ends_what_it_gave(op: MemoryProvider, seconds: int) -> None:
    code = op.answered()["code"]
    given = op.ask(code_form(code), basic("full"))
    op.later(seconds=seconds)
    with pytest.raises(DirectRefusal, match="invalid_grant"):
        op.ask(code_form(code), basic("full"))
    for end in (lambda: op.userinfo(f"Bearer {given['access_token']}"), lambda: op.refresh(given["refresh_token"])):
        with pytest.raises(DirectRefusal):
            end()


@module(PLAN, "oidcc-prompt-none-logged-in", "oidcc-prompt-none-not-logged-in", "oidcc-prompt-login")
def test_prompt(op: MemoryProvider) -> None:
    assert op.answered(prompt="none")["code"]
    assert op.answered(None, prompt="none")["error"] == "login_required"
    assert isinstance(op.authorize(prompt="login"), SignInNeeded)
    assert op.answered(prompt="login", waited=Waited(just_signed_in=True))["code"]


@module(PLAN, "oidcc-max-age-1", "oidcc-max-age-10000")
def test_max_age(op: MemoryProvider) -> None:
    op.later(seconds=2)
    assert isinstance(op.authorize(max_age="1"), SignInNeeded)
    assert op.opened(op.flow(authorized={"max_age": "10000"})["id_token"])["auth_time"] == int(NOW.timestamp())


@module(
    PLAN, "oidcc-id-token-hint", "oidcc-login-hint", "oidcc-ui-locales", "oidcc-claims-locales", "oidcc-display-page", "oidcc-display-popup"
)
def test_hints(op: MemoryProvider) -> None:
    own = op.flow()["id_token"]
    assert op.answered(id_token_hint=own, prompt="none")["code"]
    assert op.answered(login_hint="УБ95010112", ui_locales="mn en", claims_locales="mn", display="popup")["code"]
    assert isinstance(
        op.authorize(Session(id="2", subject="person-2", auth_time=NOW, acr="substantial", amr=()), id_token_hint=own), SignInNeeded
    )


@module(PLAN, "oidcc-claims-essential")
def test_claims_by_name(op: MemoryProvider) -> None:
    wanted = json.dumps({"userinfo": {"given_name": {"essential": True}, "birthday": None}, "id_token": {"civil_id": None}})
    given = op.flow(authorized={"scope": "openid", "claims": wanted})
    assert op.userinfo(f"Bearer {given['access_token']}") == {"sub": "person-1", "given_name": REGISTER["given_name"]}
    assert op.opened(given["id_token"])["civil_id"] == REGISTER["civil_id"] and "given_name" not in op.opened(given["id_token"])


@module(PLAN, "oidcc-claims-sub")
def test_only_the_person_whom_the_claims_name_will_do(op: MemoryProvider) -> None:
    """Core §5.5.1: whoever else is signed in, or signs in for it, is not told of."""
    wanted = lambda who: json.dumps({"id_token": {"sub": {"value": who}}})  # noqa: E731
    assert op.answered(claims=wanted("person-1"), prompt="none")["code"]
    assert isinstance(op.authorize(claims=wanted("person-2")), SignInNeeded)
    assert op.answered(claims=wanted("person-2"), prompt="none")["error"] == "login_required"
    assert op.answered(claims=wanted("person-2"), waited=Waited(just_signed_in=True))["error"] == "login_required"
    assert op.answered(claims=wanted(1))["error"] == "invalid_request"  # type: ignore[arg-type]
    pairwise = op.opened(op.flow("pairwise")["id_token"])["sub"]
    assert op.answered(client_id="pairwise", claims=wanted(pairwise), prompt="none")["code"]
    assert op.answered(client_id="pairwise", claims=wanted("person-1"), prompt="none")["error"] == "login_required"


@module(PLAN, "oidcc-claims-malformed")
@pytest.mark.parametrize(
    "claims",
    [
        "x",
        "[]",
        '{"userinfo": 1}',
        '{"userinfo": {"given_name": 1}}',
        '{"id_token": {"acr": {"essential": true, "values": 1}}}',
        '{"a":1,"a":2}',
        "[" * 5000,
    ],
)
def test_malformed_claims_are_refused(op: MemoryProvider, claims: str) -> None:
    assert op.answered(claims=claims)["error"] == "invalid_request"


@module(PLAN, "oidcc-ensure-request-with-acr-values-succeeds")
def test_acr_values_are_a_wish_and_an_essential_acr_is_not(op: MemoryProvider) -> None:
    assert op.answered(acr_values="high substantial")["code"]
    essential = {"essential": True, "values": ["high"]}
    assert op.answered(claims=json.dumps({"id_token": {"acr": essential}}))["error"] == "unmet_authentication_requirements"
    assert op.answered(claims=json.dumps({"id_token": {"acr": {"essential": True, "value": "substantial"}}}))["code"]


@module(
    PLAN,
    "oidcc-ensure-request-with-unknown-parameter-succeeds",
    "oidcc-ensure-request-without-nonce-succeeds-for-code-flow",
    "oidcc-ensure-request-with-valid-pkce-succeeds",
    "oidcc-ensure-other-scope-order-succeeds",
)
def test_what_must_succeed(op: MemoryProvider) -> None:
    assert op.answered(extra="foobar")["code"]
    assert op.flow(authorized={"scope": "register openid"})["id_token"]
    assert "nonce" not in op.opened(op.flow(authorized={"nonce": None})["id_token"])


@module(PLAN, "oidcc-ensure-registered-redirect-uri", "oidcc-redirect-uri-query-mismatch", "oidcc-redirect-uri-query-added")
@pytest.mark.parametrize(
    "address", ["https://agency.example/other", "https://agency.example/back?tenant=2", "https://agency.example/back?tenant=1&x=1", None]
)
def test_redirect_addresses_are_exact(op: MemoryProvider, address: str | None) -> None:
    with pytest.raises(PageRefusal):
        op.authorize(redirect_uri=address)


@module(PLAN, "oidcc-userinfo-get", "oidcc-userinfo-post-header", "oidcc-userinfo-post-body")
def test_the_token_is_shown_in_the_header_or_the_body(op: MemoryProvider) -> None:
    token = op.flow()["access_token"]
    assert op.userinfo(f"Bearer {token}")["sub"] == op.userinfo(f"Bearer {token}", method="POST")["sub"]
    assert op.userinfo(None, f"access_token={token}", method="POST")["sub"] == "person-1"


@module(
    PLAN, "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", "oidcc-ensure-request-object-with-redirect-uri"
)
def test_request_objects(op: MemoryProvider) -> None:
    assert op.answered(client_id="by-key", request=op.request_object())["code"]
    assert op.answered(client_id="by-key", request=op.request_object(state="inner"), state="outer")["state"] == "inner"
    unsigned = "eyJhbGciOiJub25lIn0.e30."
    assert op.answered(client_id="by-key", request=unsigned)["error"] == "invalid_request_object"
    with pytest.raises(PageRefusal):
        op.authorize(client_id="by-key", request=op.request_object(redirect_uri="https://evil.example"))


@module(PLAN, "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported")
@pytest.mark.parametrize("uri", ["https://agency.example/request.jwt", "http://169.254.169.254/", "file:///etc/passwd", "urn:other"])
def test_no_address_is_fetched(op: MemoryProvider, uri: str) -> None:
    assert op.answered(request_uri=uri)["error"] == "request_uri_not_supported"


@module(PLAN, "oidcc-refresh-token")
def test_refresh(op: MemoryProvider) -> None:
    first = op.flow()
    second = op.opened(op.refresh(first["refresh_token"])["id_token"])
    before = op.opened(first["id_token"])
    assert {name: second[name] for name in ("iss", "sub", "aud", "auth_time")} == {
        name: before[name] for name in ("iss", "sub", "aud", "auth_time")
    }


@module(PLAN, "oidcc-server-client-secret-post", "oidcc-server-private-key-jwt", "oidcc-server-client-secret-basic")
def test_every_way_to_authenticate(op: MemoryProvider) -> None:
    from urllib.parse import urlencode

    from toono.identity.tests.memory import SECRET

    assert op.ask(code_form(op.answered()["code"], client_id="full", client_secret=SECRET))["id_token"]
    assert op.ask(code_form(op.answered(client_id="by-key")["code"]) + "&" + urlencode(op.assertion()))["id_token"]


@module("Config OP", "oidcc-discovery-endpoint-verification")
def test_discovery_tells_exactly_what_is_on() -> None:
    found = discovery.metadata(ISSUER)
    from toono.identity.domain.oidc.token import GRANTS

    assert found["issuer"] == ISSUER and set(found["grant_types_supported"]) == set(GRANTS)  # type: ignore[call-overload]
    assert found["request_uri_parameter_supported"] is False and "none" not in str(found["id_token_signing_alg_values_supported"])
    assert not {"token", "id_token"} & set(found["response_types_supported"])  # type: ignore[call-overload]


@module("Config OP", "oidcc-discovery-what-is-offered-works")
def test_what_discovery_offers_is_taken(op: MemoryProvider) -> None:
    """Each mode of answer, prompt, assurance, algorithm of encryption and way to prove oneself that the document names."""
    told: Any = discovery.metadata(ISSUER)
    for mode in told["response_modes_supported"]:
        assert isinstance(op.authorize(response_mode=mode), Answer)
    for prompt in told["prompt_values_supported"]:
        assert op.authorize(prompt=prompt, client_id="stranger") is not None
    for level in told["acr_values_supported"]:
        wanted = json.dumps({"id_token": {"acr": {"essential": True, "value": level}}})
        assert op.answered(claims=wanted)["code"]
    for algorithm in told["id_token_encryption_alg_values_supported"]:
        key = (RSAKey.generate_key(2048) if "RSA" in algorithm else ECKey.generate_key("P-256")).as_dict(private=False) | {"use": "enc"}
        for encoding in told["id_token_encryption_enc_values_supported"]:
            members = {"id_token_encrypted_response_alg": algorithm, "id_token_encrypted_response_enc": encoding}
            registration.client("x", {"redirect_uris": [BACK], "jwks": {"keys": [key]}} | members, secret_digest="y")
    for method in told["token_endpoint_auth_methods_supported"]:
        keyed = {"jwks": {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}} if method == "private_key_jwt" else {}
        shown = {"tls_client_certificate_sha256": "a" * 43} if method == "self_signed_tls_client_auth" else {}
        registration.client("x", {"redirect_uris": [BACK], "token_endpoint_auth_method": method} | keyed | shown, secret_digest="y")


# -- consent -------------------------------------------------------------------------------------------------------


@module(PLAN, "oidcc-prompt-consent", "oidcc-user-refuses")
def test_consent_is_asked_remembered_and_may_be_partial(op: MemoryProvider) -> None:
    asked = op.authorize(client_id="stranger")
    assert isinstance(asked, ConsentNeeded)
    codes = {item.code for item in asked.items}
    assert codes == {f"claim:{name}" for name in REGISTER}
    assert op.answered(client_id="stranger", prompt="none")["error"] == "consent_required"
    assert op.answered(client_id="stranger", waited=Waited(refused=True))["error"] == "access_denied"
    code = op.answered(client_id="stranger", waited=Waited(agreed=frozenset({"claim:given_name", "claim:everything", "offline"})))["code"]
    given = op.ask(code_form(code), basic("stranger"))
    assert op.userinfo(f"Bearer {given['access_token']}") == {"sub": "person-1", "given_name": REGISTER["given_name"]}
    op.consents["person-1", "stranger"] = Consent(asked=frozenset(codes), agreed=frozenset({"claim:civil_id"}))
    given = op.flow("stranger")
    assert op.userinfo(f"Bearer {given['access_token']}") == {"sub": "person-1", "civil_id": REGISTER["civil_id"]}
    assert isinstance(op.authorize(client_id="stranger", prompt="consent"), ConsentNeeded)
    assert isinstance(op.authorize(client_id="stranger", scope="openid register offline_access"), ConsentNeeded), "it was not asked yet"


# -- answers in other forms ----------------------------------------------------------------------------------------


@module(PLAN, "oidcc-idtoken-rs256", "oidcc-userinfo-rs256")
def test_who_reads_rs256_alone_is_answered_so(op: MemoryProvider) -> None:
    """And nobody else; what is not for the client to read, and what it answers by JARM, stays ES256."""
    agency = replace(op.clients["full"], id_token_signed_response_alg="RS256", userinfo_signed_response_alg="RS256")
    other = op.flow()["id_token"]
    op.save_client(agency)
    given = op.flow()
    header = json.loads(from_base64url(given["id_token"].partition(".")[0]))
    assert header == {"alg": "RS256", "kid": op.rsa.kid, "typ": "JWT"}
    claims = jwt.decode(given["id_token"], op.rsa, algorithms=["RS256"]).claims
    assert claims["sub"] == "person-1" and claims["at_hash"] == at_hash(given["access_token"])
    assert jwt.decode(op.userinfo(f"Bearer {given['access_token']}"), op.rsa, algorithms=["RS256"]).claims["aud"] == "full"
    assert op.opened(other)["sub"] == "person-1" and op.opened(op.answered(response_mode="jwt")["response"])["code"]
    assert isinstance(op.authorize(client_id="full", id_token_hint=given["id_token"], prompt="none"), Answer), "it comes back as a hint"
    head, body, signature = given["id_token"].split(".")
    confused = f"{base64url(json.dumps(header | {'alg': 'ES256'}).encode())}.{body}.{signature}"
    for forged in (confused, f"{head}.{body}.{base64url(b'x' * 256)}", other.rpartition(".")[0] + "." + signature):
        assert read_hint(op.provider, forged) is None


@module("Dynamic OP", "oidcc-registration-signing-algorithms")
def test_the_algorithms_that_may_be_registered(op: MemoryProvider) -> None:
    good = {"redirect_uris": ["https://bank.example/back"], "scope": "openid"}
    for number, (name, values) in enumerate(
        {
            "id_token_signed_response_alg": ("ES256", "RS256"), "userinfo_signed_response_alg": ("ES256", "RS256"),
            "authorization_signed_response_alg": ("ES256",),
        }.items()
    ):  # fmt: skip
        for value in ("ES256", "RS256", "PS256", "HS256", "none", "", "rs256"):
            sent = {**good, name: value, "software_statement": statement(op, jti=f"{number}-{value}")}
            if value in values:
                assert registration.register(provider=op.provider, metadata=sent)[name] == value
                continue
            with pytest.raises(DirectRefusal, match=name):
                registration.register(provider=op.provider, metadata=sent)


@module(PLAN, "oidcc-userinfo-signed-and-encrypted")
def test_userinfo_signed_and_encrypted(op: MemoryProvider) -> None:
    secret = ECKey.generate_key("P-256", {"use": "enc", "kid": "enc"})
    plain = op.clients["full"]
    op.save_client(replace(plain, userinfo_signed_response_alg="ES256"))
    text = op.userinfo(f"Bearer {op.flow()['access_token']}")
    assert op.opened(text)["sub"] == "person-1" and op.opened(text)["aud"] == "full"
    op.save_client(
        replace(
            plain, userinfo_signed_response_alg="ES256", userinfo_encrypted_response_alg="ECDH-ES", jwks=(secret.as_dict(private=False),)
        )
    )
    sealed = op.userinfo(f"Bearer {op.flow()['access_token']}")
    registry = jwe.JWERegistry(algorithms=["ECDH-ES", "A256GCM"])
    assert op.opened(jwe.decrypt_compact(sealed, secret, registry=registry).plaintext.decode())["civil_id"] == REGISTER["civil_id"]


@module(PLAN, "oidcc-server-pairwise")
def test_pairwise_names_differ_between_sectors_and_stay_within_one(op: MemoryProvider) -> None:
    first, again, other = (op.opened(op.flow(client)["id_token"])["sub"] for client in ("pairwise", "pairwise", "pairwise-2"))
    assert first == again != other and "person-1" not in (first, other)
    given = op.flow("pairwise")
    assert op.userinfo(f"Bearer {given['access_token']}")["sub"] == first
    assert op.answered(client_id="pairwise", id_token_hint=given["id_token"], prompt="none")["code"]


@module("JARM", "fapi2-message-signing-jarm-happy-flow")
@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
def test_a_signed_answer_holds_everything(op: MemoryProvider, mode: str) -> None:
    found = op.answered(response_mode=mode)
    claims = op.opened(found["response"])
    assert found.keys() == {"tenant", "response"} and claims["state"] == "s-1" and claims["iss"] == ISSUER and claims["aud"] == "full"
    assert op.ask(code_form(claims["code"]), basic("full"))["id_token"]
    assert op.opened(op.answered(response_mode=mode, scope="x")["response"])["error"] == "invalid_scope"


@module("Form Post OP", "oidcc-formpost-basic", "oidcc-formpost-error", "oidcc-formpost-jwt")
@pytest.mark.parametrize("mode", ["form_post", "form_post.jwt"])
def test_an_answer_to_be_posted_stands_in_no_address(op: MemoryProvider, mode: str) -> None:
    for changes in ({}, {"scope": "x"}):
        answer = op.authorize(response_mode=mode, **changes)
        assert answer.url == BACK, "nothing is added to the registered address"
        found = dict(answer.posted)
        if mode.endswith("jwt"):
            assert found.keys() == {"response"}
            found = op.opened(found["response"])
        assert (found["state"], found["iss"]) == ("s-1", ISSUER) and found.get("error") == ("invalid_scope" if changes else None)
    assert op.authorize(response_mode="fragment").posted == ()


# -- keys that a client publishes ----------------------------------------------------------------------------------


class Publisher:
    """A client's ``jwks_uri``."""

    def __init__(self, op: MemoryProvider, *keys: ECKey) -> None:
        self.op, self.keys, self.kept, self.read = op, list(keys), None, 0

    def __call__(self, uri: str, anew: bool) -> Any:
        assert uri == "https://agency.example/jwks"
        if self.kept is None or anew:
            self.read += 1
            self.kept = registration.usable_keys({"keys": [key.as_dict(private=False) for key in self.keys]})
        return self.kept

    def ask(self, **assertion: Any) -> Any:
        from dataclasses import replace
        from urllib.parse import urlencode

        op = self.op
        op.clients["by-key"] = replace(op.clients["by-key"], jwks=(), jwks_uri="https://agency.example/jwks")
        encoded = urlencode({"grant_type": "client_credentials", "scope": "api"} | op.assertion(**assertion))
        request = Request(parameters=parse(encoded))
        return token.exchange(provider=replace(op.provider, published_keys=self), request=request)


@module("Dynamic OP", "oidcc-registration-jwks-uri")
def test_a_client_changes_the_keys_that_it_publishes(op: MemoryProvider) -> None:
    first, second = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("1", "2"))
    site = Publisher(op, first)
    assert site.ask(key=first, header={"kid": "1"})["access_token"] and site.ask(key=first, header={"kid": "1"}) and site.read == 1
    site.keys = [second]
    assert site.ask(key=second, header={"kid": "2"})["access_token"] and site.read == 2, "an unknown kid has the address read anew"
    for key, kid in ((first, "1"), (first, "2")):
        with pytest.raises(DirectRefusal, match="invalid_client"):
            site.ask(key=key, header={"kid": kid})
    good = {
        "client_name": "x",
        "redirect_uris": [BACK],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": "https://agency.example/jwks",
    }
    assert registration.client("x", good).jwks_uri and not registration.client("x", good).public
    for changes in (
        {"jwks_uri": "http://agency.example/jwks"},
        {"jwks": {"keys": [first.as_dict(private=False)]}},
        {"jwks_uri": "https://u@agency.example/"},
    ):
        with pytest.raises(DirectRefusal, match="invalid_client_metadata"):
            registration.client("x", good | changes)


def test_of_a_published_set_only_usable_public_keys_are_taken() -> None:
    good = ECKey.generate_key("P-256", {"kid": "good"}).as_dict(private=False)
    others: list[Any] = [
        ECKey.generate_key("P-521").as_dict(private=False), ECKey.generate_key("P-256").as_dict(private=True), {"kty": "oct", "k": "eA"}, {"kty": "EC"}, "x", None, 1,
        RSAKey.generate_key(1024).as_dict(private=False),
    ]  # fmt: skip
    assert [key["kid"] for key in registration.usable_keys({"keys": [*others, good], "more": 1})] == ["good"]
    assert len(registration.usable_keys({"keys": [good] * 100})) == 10
    for document in (None, [], {}, {"keys": {}}, "x"):
        with pytest.raises(DirectRefusal):
            registration.usable_keys(document)


@module("RAR", "fapi2-rar-happy-flow", "fapi2-rar-unknown-type")
def test_rights_in_detail(op: MemoryProvider) -> None:
    detail = {"type": "toono_exchange", "services": ["MN/GOV/a/b/c"], "purpose": "loan"}
    given = op.flow(authorized={"authorization_details": json.dumps([detail]), "resource": RESOURCE})
    assert given["authorization_details"] == [detail] and op.opened(given["access_token"])["authorization_details"] == [detail]
    for bad in (
        "x",
        "{}",
        "[]",
        '[{"type":"other"}]',
        '[{"type":"toono_exchange","x":1}]',
        '[{"type":"toono_exchange","services":"x"}]',
        '[{"type":"toono_signature"}]',
        '[{"a":1,"a":2}]',
        "1}]",
    ):
        assert op.answered(authorization_details=bad)["error"] == "invalid_authorization_details"
    with pytest.raises(DirectRefusal, match="invalid_authorization_details"):
        op.refresh(given["refresh_token"], changes={"authorization_details": json.dumps([detail | {"purpose": "other"}])})


@module("Resource indicators", "rfc8707-exact-audience")
def test_one_token_has_one_audience(op: MemoryProvider) -> None:
    given = op.flow(authorized={"resource": RESOURCE})
    assert op.opened(given["access_token"])["aud"] == RESOURCE
    with pytest.raises(DirectRefusal, match="insufficient_scope"):
        op.userinfo(f"Bearer {given['access_token']}")
    for bad in ("https://other.example", RESOURCE + "/", "x", RESOURCE + "#a", "http://["):
        assert op.answered(resource=bad)["error"] == "invalid_target"


# -- machines ------------------------------------------------------------------------------------------------------


def introspected(op: MemoryProvider, token: str, who: str = "full", *, signed: bool = False) -> Any:
    request = Request(parameters=parse(f"token={token}"), authorization=basic(who), path="/oidc/introspect")
    return introspection.introspect(provider=op.provider, request=request, signed=signed)


def revoked(op: MemoryProvider, token: str, who: str = "full") -> Any:
    return revocation.revoke(provider=op.provider, request=Request(parameters=parse(f"token={token}"), authorization=basic(who)))


@module("Introspection", "rfc7662-active", "rfc7662-inactive", "rfc9701-signed")
def test_introspection(op: MemoryProvider) -> None:
    given = op.flow(authorized={"resource": RESOURCE})
    found = introspected(op, given["access_token"])
    assert found["active"] and found["sub"] == "person-1" and found["aud"] == RESOURCE and found["scope"] == "openid register"
    assert introspected(op, given["access_token"], "stranger")["active"], "the resource for which the token is"
    assert introspected(op, given["access_token"], "agency") == {"active": False}
    assert introspected(op, given["refresh_token"])["token_type"] == "refresh_token"
    assert introspected(op, given["refresh_token"], "stranger") == introspected(op, "rubbish") == {"active": False}
    assert op.opened(introspected(op, given["access_token"], signed=True))["token_introspection"]["active"] is True
    op.later(minutes=11)
    assert introspected(op, given["access_token"]) == {"active": False}
    with pytest.raises(DirectRefusal, match="invalid_client"):
        introspected(op, "x", "nobody")


@module("Revocation", "rfc7009-access-token", "rfc7009-refresh-token", "rfc7009-other-client")
def test_revocation(op: MemoryProvider) -> None:
    given = op.flow()
    assert revoked(op, given["access_token"], "stranger") == revoked(op, "rubbish") == {}
    assert introspected(op, given["access_token"])["active"]
    revoked(op, given["access_token"])
    assert not introspected(op, given["access_token"])["active"] and introspected(op, given["refresh_token"])["active"]
    other = op.refresh(given["refresh_token"])
    revoked(op, other["refresh_token"])
    assert not introspected(op, other["access_token"])["active"] and not introspected(op, other["refresh_token"])["active"]


@module("Token exchange", "rfc8693-acting-on")
def test_a_service_acts_on_and_says_so(op: MemoryProvider) -> None:
    from urllib.parse import urlencode

    first = op.flow(authorized={"resource": RESOURCE, "scope": "openid register api"})
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": first["access_token"], "scope": "api",
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token", "resource": "https://next.example",
    }  # fmt: skip
    given = op.ask(urlencode(form), basic("next"))
    claims = op.opened(given["access_token"])
    assert (claims["sub"], claims["aud"], claims["act"], claims["scope"]) == ("person-1", "https://next.example", {"sub": "next"}, "api")
    assert "refresh_token" not in given
    for who, changes in (
        ("stranger", {}), ("next", {"scope": "api more"}), ("next", {"resource": "https://other.example"}), ("next", {"subject_token": "x"}),
        ("next", {"subject_token": op.flow()["access_token"]}), ("next", {"subject_token": given["access_token"]}), ("next", {"actor_token": "x"}),
        ("next", {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"}),
    ):  # fmt: skip
        with pytest.raises(DirectRefusal):
            op.ask(urlencode(form | changes), basic(who))
    revoked(op, first["refresh_token"])
    assert introspected(op, given["access_token"], "next") == {"active": False}, "what was derived ends with what it came from"


def statement(op: MemoryProvider, **changes: Any) -> str:
    bounds = {"grant_types": ["authorization_code"], "scope": "openid register", "redirect_hosts": ["bank.example"]}
    claims = registration.statement_claims(
        issuer=ISSUER, issued=int(op.now.timestamp()), identifier="1", software_id="bank", client_name="Банк", bounds=bounds
    )
    return op.sign(claims | changes, registration.STATEMENT_TYPE)


@module("Dynamic OP", "oidcc-registration-software-statement", "oidcc-registration-invalid-redirect", "oidcc-registration-jwks")
def test_registration_under_a_statement(op: MemoryProvider) -> None:
    good = {"redirect_uris": ["https://bank.example/back"], "scope": "openid"}
    made = registration.register(provider=op.provider, metadata=good | {"software_statement": statement(op)})
    assert made["id_token_signed_response_alg"] == "ES256", "Registration §2 would have it RS256"
    code = op.authorize(client_id=made["client_id"], redirect_uri="https://bank.example/back", scope="openid")
    assert isinstance(code, Answer) and made["client_secret"] and op.clients[made["client_id"]].name_mn == "Банк"
    with pytest.raises(DirectRefusal, match="was used"):
        registration.register(provider=op.provider, metadata=good | {"software_statement": statement(op)})
    fresh = statement(op, jti="2")
    for changes in (
        {"redirect_uris": ["https://evil.example/back"]}, {"redirect_uris": ["http://bank.example/back"]}, {"redirect_uris": ["https://*.bank.example/"]},
        {"redirect_uris": ["https://bank.example/back#x"]}, {"redirect_uris": "x"}, {"redirect_uris": []}, {"scope": "openid offline_access"},
        {"grant_types": ["client_credentials"]}, {"grant_types": ["password"]}, {"jwks": {"keys": []}}, {"jwks_uri": "https://evil.example/jwks"}, {"jwks_uri": "file:///etc/passwd"},
        {"jwks": {"keys": [ECKey.generate_key("P-256").as_dict(private=True)]}}, {"may_act_for": ["full"]}, {"dan_operations": ["WS100101_x"]},
        {"software_statement": None}, {"software_statement": "x"}, {"software_statement": op.id_token()}, {"software_statement": statement(MemoryProvider())},
        {"software_statement": statement(op, jti="3", exp=int(NOW.timestamp()) - 1)}, {"profile": "fapi2"}, {"token_endpoint_auth_method": "private_key_jwt"},
        {"redirect_uris": ["https://user@bank.example/"]}, {"redirect_uris": ["https://[bank.example/"]}, {"backchannel_logout_uri": "https://evil.example"},
    ):  # fmt: skip
        with pytest.raises(DirectRefusal):
            registration.register(provider=op.provider, metadata={**good, "software_statement": fresh, **changes})
    assert SESSION.subject and len(op.clients) == len(MemoryProvider().clients) + 1


def test_members_that_nobody_knows_are_left_out_of_a_registration_and_of_its_keys(op: MemoryProvider) -> None:
    key = ECKey.generate_key("P-256").as_dict(private=False) | {"exp": 1, "ext": True, "n": 5}
    metadata = {
        "redirect_uris": ["https://bank.example/back"], "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key], "more": 1},
        "contacts": ["it@bank.example"], "default_max_age": 1,
    }  # fmt: skip
    made = registration.register(provider=op.provider, metadata=metadata | {"software_statement": statement(op)})
    assert made.keys().isdisjoint({"contacts", "default_max_age", "software_statement"})
    kept = op.clients[made["client_id"]].jwks
    assert len(kept) == 1 and kept[0].keys() == {"kty", "crv", "x", "y", "kid"}
