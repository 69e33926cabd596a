"""Who asks, and with which key: assertions, certificates, DPoP. Each positive with what an attacker would send in its place."""

from __future__ import annotations

import base64
import datetime
import json
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey, OctKey, RSAKey

from toono.identity.domain.oidc import certificate
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.tests.memory import DEVICE_KEY, ISSUER, KEY, RESOURCE, MemoryProvider, basic, signed, unsigned

OWN = {"grant_type": "client_credentials", "scope": "api"}


@pytest.fixture
def memory() -> MemoryProvider:
    return MemoryProvider()


def ask(memory: MemoryProvider, parameters: dict, **more):
    return memory.ask(urlencode(OWN | parameters), **more)


# -- private_key_jwt -----------------------------------------------------------------------------------------------


def test_a_client_proves_itself_by_a_signed_assertion(memory):
    given = ask(memory, memory.assertion() | {"resource": RESOURCE})
    claims = memory.opened(given["access_token"])
    assert (claims["sub"], claims["client_id"], claims["aud"], claims["scope"], claims["iss"]) == (
        "by-key",
        "by-key",
        RESOURCE,
        "api",
        ISSUER,
    )
    assert "refresh_token" not in given and "id_token" not in given


def test_an_assertion_is_used_once(memory):
    shown = memory.assertion()
    assert ask(memory, shown)
    with pytest.raises(DirectRefusal, match="used"):
        ask(memory, shown)


now = int(MemoryProvider().now.timestamp())


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "full"}, {"sub": "full"}, {"sub": None}, {"aud": "https://evil.example"}, {"aud": [ISSUER, "https://evil.example"]}, {"aud": None},
        {"exp": now - 11}, {"exp": None}, {"exp": "soon"}, {"exp": True}, {"exp": now + 7200}, {"exp": 1e300}, {"iat": now + 60}, {"nbf": now + 60},
        {"jti": None}, {"jti": ""}, {"jti": "x" * 201}, {"jti": 7},
    ],
)  # fmt: skip
def test_a_false_claim_proves_nothing(memory, changes):
    with pytest.raises(DirectRefusal, match="invalid_client"):
        ask(memory, memory.assertion(**changes))


@pytest.mark.parametrize("changes", [{"iat": now + 8, "nbf": now + 8}, {"iat": None}])
def test_clocks_may_differ_a_little(memory, changes):
    assert ask(memory, memory.assertion(**changes))


OWN_ENDPOINTS = ("token", "par", "introspect", "revoke", "device-authorization", "backchannel-authentication")


@pytest.mark.parametrize(
    "audience",
    [[ISSUER], *(f"{ISSUER}/oidc/{name}" for name in OWN_ENDPOINTS), [ISSUER, *(f"{ISSUER}/oidc/{name}" for name in OWN_ENDPOINTS)]],
)
def test_an_assertion_is_for_us_or_for_endpoints_at_which_clients_authenticate(memory, audience):
    assert ask(memory, memory.assertion(aud=audience))


@pytest.mark.parametrize(
    "audience",
    [
        [], "", [""], [None], [[ISSUER]], {ISSUER: 1}, 1, ISSUER + "/", ISSUER + "/oidc", ISSUER + "/oidc/userinfo", ISSUER + "/oidc/authorize", ISSUER + "/oidc/register",
        ISSUER + "/oidc/jwks", ISSUER + "/oidc/token/", ISSUER + "/oidc/token?x", ISSUER.upper(), "https://evil.example/oidc/token", "/oidc/token",
        [ISSUER + "/oidc/token", "https://evil.example/oidc/token"], [ISSUER, ISSUER + "/oidc/userinfo"],
    ],
)  # fmt: skip
def test_and_for_nobody_beside_us(memory, audience):
    with pytest.raises(
        DirectRefusal, match=rf"aud must be {ISSUER} or that with one of /oidc/token, /oidc/par, /oidc/introspect.*nothing else"
    ):
        ask(memory, memory.assertion(aud=audience))


@pytest.mark.parametrize(
    "typ",
    [
        None, "JWT", "jwt", "application/jwt", "client-authentication+jwt", "Client-Authentication+JWT", "application/client-authentication+jwt", "APPLICATION/JWT",
    ],
)  # fmt: skip
def test_an_assertion_says_of_which_kind_it_is_or_nothing(memory, typ):
    """RFC 7523bis §4."""
    assert ask(memory, memory.assertion(header={} if typ is None else {"typ": typ}))


@pytest.mark.parametrize(
    "typ",
    [
        "dpop+jwt", "logout+jwt", "at+jwt", "oauth-authz-req+jwt", "software-statement+jwt", "secevent+jwt", "authorization-grant+jwt", "x+jwt", "", "application/", "text/jwt",
        "application/application/jwt",
    ],
)  # fmt: skip
def test_what_a_client_signed_for_another_purpose_is_no_proof_of_it(memory, typ):
    with pytest.raises(DirectRefusal, match=r"typ must be jwt or client-authentication\+jwt"):
        ask(memory, memory.assertion(header={"typ": typ}))


def test_who_is_bound_by_fapi_names_the_issuer_and_nothing_else(memory):
    for audience in ([ISSUER], ISSUER + "/oidc/token", ISSUER + "/oidc/par", ISSUER + "/", [ISSUER, ISSUER + "/oidc/token"]):
        with pytest.raises(DirectRefusal, match="aud"):
            ask(memory, memory.assertion("fapi", aud=audience), dpop=(memory.proof(),))
    assert ask(memory, memory.assertion("fapi"), dpop=(memory.proof(),))


def forged() -> dict[str, str]:
    stranger = ECKey.generate_key("P-256")
    claims = {"iss": "by-key", "sub": "by-key", "aud": ISSUER, "jti": "1", "exp": now + 60}
    pem = KEY.as_pem(private=False)
    good = signed({"alg": "ES256", "kid": "client-key"}, claims, KEY)
    head, body, signature = good.split(".")
    return {
        "alg none": unsigned({"alg": "none"}, claims),
        "alg None": unsigned({"alg": "None", "kid": "client-key"}, claims),
        "key confusion": signed({"alg": "HS256", "kid": "client-key"}, claims, OctKey.import_key(base64.b64encode(pem))),
        "another key": signed({"alg": "ES256", "kid": "client-key"}, claims, stranger),
        "own jwk": signed({"alg": "ES256", "jwk": stranger.as_dict(private=False)}, claims, stranger),
        "jku": signed({"alg": "ES256", "jku": "https://evil.example/jwks"}, claims, stranger),
        "kid traversal": signed({"alg": "ES256", "kid": "../../../dev/null"}, claims, stranger),
        "kid of nobody": signed({"alg": "ES256", "kid": "' OR 1=1"}, claims, KEY),
        "RS256": signed({"alg": "RS256"}, claims, RSAKey.generate_key(2048)),
        "crit": signed({"alg": "ES256", "kid": "client-key"}, claims, KEY).replace(head, base64.urlsafe_b64encode(b'{"alg":"ES256","crit":["b64"],"b64":false}').rstrip(b"=").decode()),
        "cut": f"{head}.{body}.", "no signature": f"{head}.{body}", "empty": "", "dots": "..", "long": "a." * 20_000, "ө": "ө.ө.ө",
        "changed": f"{head}.{body[:-2]}AA.{signature}", "array": signed({"alg": "ES256"}, [1], KEY),  # type: ignore[arg-type]
    }  # fmt: skip


@pytest.mark.parametrize("name", forged())
def test_what_the_clients_key_did_not_sign_proves_nothing(memory, name):
    shown = memory.assertion() | {"client_assertion": forged()[name]}
    with pytest.raises(DirectRefusal, match=r"invalid_client|invalid_request"):
        ask(memory, shown)
    assert not memory.tokens


def test_one_way_at_a_time_and_only_the_registered_one(memory):
    with pytest.raises(DirectRefusal, match="two methods"):
        ask(memory, memory.assertion(), authorization=basic("full"))
    with pytest.raises(DirectRefusal, match="invalid_client"):
        ask(memory, {"client_id": "by-key"})
    with pytest.raises(DirectRefusal, match="invalid_client"):
        ask(memory, {"client_id": "by-key", "client_secret": "x"})
    with pytest.raises(DirectRefusal, match="invalid_client"):
        ask(memory, memory.assertion("full"))


# -- certificates --------------------------------------------------------------------------------------------------


def made(valid_days: int = 30) -> tuple[str, certificate.Certificate]:
    """A self-signed certificate in the header of RFC 9440, and what is read of it."""
    key, begin = ec.generate_private_key(ec.SECP256R1()), MemoryProvider().now - datetime.timedelta(days=10)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "agency")])
    built = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), begin, begin + datetime.timedelta(days=valid_days)
    )
    der = built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    header = f":{base64.b64encode(der).decode()}:"
    found = certificate.read(header)
    assert found is not None
    return header, found


def test_a_certificate_proves_its_client_and_binds_its_tokens(memory):
    _, shown = made()
    client = replace(
        memory.clients["by-key"], client_id="tls", token_endpoint_auth_method="self_signed_tls_client_auth", certificate_sha256=shown.sha256,
        tls_client_certificate_bound_access_tokens=True,
    )  # fmt: skip
    memory.save_client(client)
    given = ask(memory, {"client_id": "tls", "resource": RESOURCE}, certificate=shown)
    assert memory.opened(given["access_token"])["cnf"] == {"x5t#S256": shown.sha256}
    for wrong in (None, made()[1]):
        with pytest.raises(DirectRefusal, match="invalid_client"):
            ask(memory, {"client_id": "tls"}, certificate=wrong)
    memory.later(days=21)
    with pytest.raises(DirectRefusal, match="invalid_client"):
        ask(memory, {"client_id": "tls"}, certificate=shown)


def test_a_token_bound_to_a_certificate_is_worth_nothing_without_it(memory):
    _, shown = made()
    memory.save_client(replace(memory.clients["full"], tls_client_certificate_bound_access_tokens=True))
    with pytest.raises(DirectRefusal, match="bound to its certificate"):
        memory.flow()
    given = memory.flow(certificate=shown)
    header = f"Bearer {given['access_token']}"
    assert memory.userinfo(header, certificate=shown)["sub"] == "person-1"
    for wrong in (None, made()[1]):
        with pytest.raises(DirectRefusal, match="another certificate"):
            memory.userinfo(header, certificate=wrong)


@pytest.mark.parametrize(
    "value", ["", ":", "::", ":AAAA:", "x" * 20_000, "-----BEGIN%20CERTIFICATE-----%0AAAAA%0A-----END%20CERTIFICATE-----", "%ff"]
)
def test_what_is_no_certificate_is_none(value):
    assert certificate.read(value) is None


# -- DPoP ----------------------------------------------------------------------------------------------------------


def test_a_proof_binds_the_token_and_must_come_with_every_use(memory):
    given = memory.flow(dpop=(memory.proof(),))
    token = given["access_token"]
    assert given["token_type"] == "DPoP"

    def use(header: str, *proofs: str):
        return memory.userinfo(header, dpop=proofs)

    proof = memory.proof(method="GET", path="/oidc/userinfo", token=token)
    assert use(f"dpop {token}", proof)["sub"] == "person-1"
    wrong = {
        "replayed": (f"DPoP {token}", proof),
        "as bearer": (f"Bearer {token}", memory.proof(method="GET", path="/oidc/userinfo", token=token)),
        "as bearer without a proof": (f"Bearer {token}",),
        "without a proof": (f"DPoP {token}",),
        "of another key": (f"DPoP {token}", memory.proof(method="GET", path="/oidc/userinfo", token=token, key=ECKey.generate_key("P-256"))),
        "of another token": (f"DPoP {token}", memory.proof(method="GET", path="/oidc/userinfo", token="x")),
        "without ath": (f"DPoP {token}", memory.proof(method="GET", path="/oidc/userinfo")),
        "two": (f"DPoP {token}", memory.proof(method="GET", path="/oidc/userinfo", token=token), memory.proof(method="GET", path="/oidc/userinfo", token=token)),
    }  # fmt: skip
    for name, shown in wrong.items():
        with pytest.raises(DirectRefusal) as refused:
            use(*shown)
        assert refused.value.status == 401, name


@pytest.mark.parametrize(
    "changes",
    [
        {"jti": None}, {"jti": ""}, {"jti": 1}, {"jti": "x" * 201}, {"htm": "GET"}, {"htm": None}, {"htu": ISSUER + "/oidc/par"}, {"htu": "https://evil.example/oidc/token"},
        {"htu": None}, {"iat": None}, {"iat": now - 61}, {"iat": now + 61}, {"iat": "now"}, {"iat": True}, {"iat": 1.5},
    ],
)  # fmt: skip
def test_a_false_proof_is_refused(memory, changes):
    with pytest.raises(DirectRefusal, match="invalid_dpop_proof"):
        ask(memory, {}, authorization=basic("full"), dpop=(memory.proof(**changes),))
    assert not memory.tokens


@pytest.mark.parametrize("seconds", [-10, 10])
def test_a_proof_ten_seconds_off_is_taken(memory, seconds):
    assert ask(memory, {}, authorization=basic("full"), dpop=(memory.proof(iat=now + seconds),))


@pytest.mark.parametrize("shown", [None, "", "x", 7])
def test_without_the_servers_nonce_the_client_is_told_it(memory, shown):
    with pytest.raises(DirectRefusal, match="use_dpop_nonce") as refused:
        ask(memory, {}, authorization=basic("full"), dpop=(memory.proof(nonce=shown),))
    assert refused.value.dpop_nonce
    assert ask(memory, {}, authorization=basic("full"), dpop=(memory.proof(nonce=refused.value.dpop_nonce),))


def test_a_nonce_serves_its_turn_and_the_next(memory):
    ahead = memory.proof()
    memory.later(minutes=5)
    iat = int(memory.now.timestamp())
    from toono.identity.domain.oidc import dpop

    memory.later(minutes=-5)
    old = dpop.nonce(memory.provider)
    memory.later(minutes=5)
    assert ask(memory, {}, authorization=basic("full"), dpop=(memory.proof(nonce=old, iat=iat),))
    memory.later(minutes=5)
    with pytest.raises(DirectRefusal, match="use_dpop_nonce"):
        ask(memory, {}, authorization=basic("full"), dpop=(memory.proof(nonce=old),))
    assert ahead


def test_a_proof_is_used_once(memory):
    proof = memory.proof()
    assert ask(memory, {}, authorization=basic("full"), dpop=(proof,))
    with pytest.raises(DirectRefusal, match="used"):
        ask(memory, {}, authorization=basic("full"), dpop=(proof,))


def false_headers() -> dict[str, str]:
    stranger, rsa = ECKey.generate_key("P-256"), RSAKey.generate_key(2048)
    own = DEVICE_KEY.as_dict(private=False)
    claims = {"jti": "1", "htm": "POST", "htu": ISSUER + "/oidc/token", "iat": now}
    return {
        "typ": signed({"typ": "JWT", "alg": "ES256", "jwk": own}, claims, DEVICE_KEY),
        "none": unsigned({"typ": "dpop+jwt", "alg": "none", "jwk": own}, claims),
        "private": signed({"typ": "dpop+jwt", "alg": "ES256", "jwk": DEVICE_KEY.as_dict(private=True)}, claims, DEVICE_KEY),
        "symmetric": signed({"typ": "dpop+jwt", "alg": "HS256", "jwk": {"kty": "oct", "k": "c2VjcmV0"}}, claims, OctKey.import_key("c2VjcmV0" * 4)),
        "another": signed({"typ": "dpop+jwt", "alg": "ES256", "jwk": own}, claims, stranger),
        "kid": signed({"typ": "dpop+jwt", "alg": "ES256", "kid": "client-key"}, claims, KEY),
        "jku": signed({"typ": "dpop+jwt", "alg": "ES256", "jwk": own, "jku": "https://evil.example"}, claims, DEVICE_KEY),
        "curve": signed({"typ": "dpop+jwt", "alg": "ES256", "jwk": own | {"crv": "P-384"}}, claims, DEVICE_KEY),
        "RS256": signed({"typ": "dpop+jwt", "alg": "RS256", "jwk": rsa.as_dict(private=False)}, claims, rsa),
        "point": signed({"typ": "dpop+jwt", "alg": "ES256", "jwk": own | {"x": own["y"]}}, claims, DEVICE_KEY),
        "nothing": "", "text": "abc", "dots": "a.b.c",
    }  # fmt: skip


@pytest.mark.parametrize("name", false_headers())
def test_a_proof_by_no_sound_key_is_refused(memory, name):
    with pytest.raises(DirectRefusal, match="invalid_dpop_proof"):
        ask(memory, {}, authorization=basic("full"), dpop=(false_headers()[name],))


def stranger_headers() -> dict[str, dict[str, object]]:
    """What other libraries write beside the members that §4.2 asks for."""
    own = DEVICE_KEY.as_dict(private=False)
    return {
        "kid": {"kid": "device"}, "x5t": {"x5t": "AAAA"}, "as browsers export it": {"jwk": own | {"ext": True, "key_ops": ["verify"]}},
        "numbers": {"jwk": own | {"exp": 1, "n": 5}},
    }  # fmt: skip


@pytest.mark.parametrize("name", stranger_headers())
def test_other_members_of_the_header_and_the_key_are_ignored(memory, name):
    from toono.identity.domain.oidc import dpop

    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": DEVICE_KEY.as_dict(private=False)} | stranger_headers()[name]
    claims = {"jti": name, "htm": "POST", "htu": ISSUER + "/oidc/token", "iat": now, "nonce": dpop.nonce(memory.provider)}
    assert ask(memory, {}, authorization=basic("full"), dpop=(signed(header, claims, DEVICE_KEY),))["token_type"] == "DPoP"


@pytest.mark.parametrize("more", [{"crit": ["exp"], "exp": 1}, {"x5u": "https://evil.example"}, {"b64": False}])
def test_but_not_those_that_change_how_it_is_read(memory, more):
    proof = memory.proof()
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": DEVICE_KEY.as_dict(private=False)} | more
    text = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    with pytest.raises(DirectRefusal, match="no key elsewhere"):
        ask(memory, {}, authorization=basic("full"), dpop=(text + proof[proof.index(".") :],))


@pytest.mark.parametrize("more", ["?a=1", "#a", "?a=1#b"])
def test_query_and_fragment_of_the_address_are_ignored(memory, more):
    assert ask(memory, {}, authorization=basic("full"), dpop=(memory.proof(htu=ISSUER + "/oidc/token" + more),))


def test_a_code_that_names_a_key_is_worth_nothing_to_another(memory):
    from toono.identity.tests.memory import code_form

    thumbprint = DEVICE_KEY.thumbprint()
    code = memory.answered(dpop_jkt=thumbprint)["code"]
    for dpop in ((), (memory.proof(key=ECKey.generate_key("P-256")),)):
        with pytest.raises(DirectRefusal, match="another key"):
            memory.ask(code_form(code), basic("full"), dpop=dpop)
    assert memory.ask(code_form(code), basic("full"), dpop=(memory.proof(),))["token_type"] == "DPoP"
