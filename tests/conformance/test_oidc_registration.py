"""What a registration says and takes: RFC 7591, RFC 7592, RFC 8252; and how a registered client proves itself by its key: RFC 7523."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode
from uuid import uuid4

import httpx
import pytest
from joserfc.jwk import ECKey

from tests.conformance.oidc_table import module
from tests.conformance.test_identity_flows import CHALLENGE, VERIFIER, Register, metadata, party, person, register  # noqa: F401 - fixtures
from tests.conformance.test_oidc_live import KEY_TYPE, plane, signed  # noqa: F401 - a fixture
from toono.identity.domain.oidc import discovery, redirection, registration
from toono.identity.domain.oidc.authorize import Answer
from toono.identity.domain.oidc.refusals import DirectRefusal, PageRefusal
from toono.identity.tests.memory import CHALLENGE as PURE_CHALLENGE
from toono.identity.tests.memory import ISSUER, MemoryProvider
from toono.identity.tests.memory import VERIFIER as PURE_VERIFIER

BACK = "https://bank.example/back"
APP = "com.example.app:/callback"
PUBLIC = {"token_endpoint_auth_method": "none"}


@pytest.fixture
def op() -> MemoryProvider:
    return MemoryProvider()


def statement(op: MemoryProvider, **bounds: Any) -> str:
    whole: dict[str, Any] = {
        "grant_types": ["authorization_code", "client_credentials"],
        "scope": "openid register",
        "redirect_hosts": ["bank.example"],
    }
    claims = registration.statement_claims(
        issuer=ISSUER, issued=int(op.now.timestamp()), identifier=uuid4().hex, software_id="bank", client_name="Банк", bounds=whole | bounds
    )
    return op.sign(claims, registration.STATEMENT_TYPE)


def registered(op: MemoryProvider, bounds: dict[str, Any] | None = None, **asked: Any) -> dict[str, Any]:
    sent = {"redirect_uris": [BACK], "software_statement": statement(op, **(bounds or {}))} | asked
    return registration.register(provider=op.provider, metadata=sent)


# -- the answer ----------------------------------------------------------------------------------------------------


@module("Dynamic OP", "rfc7591-3.2.1-answer-has-what-the-server-chose")
def test_the_answer_tells_what_was_not_asked_for(op: MemoryProvider) -> None:
    """And the client is what it tells: whoever changes a default changes both."""
    made = registered(op)
    found = op.clients[made["client_id"]]
    assert made["scope"].split() == sorted(found.scopes) == ["openid"]
    assert made["grant_types"] == sorted(found.grant_types) == ["authorization_code"] and made["response_types"] == ["code"]
    assert made["token_endpoint_auth_method"] == found.token_endpoint_auth_method == "client_secret_basic"
    assert made["subject_type"] == found.subject_type == "public"
    assert made["id_token_signed_response_alg"] == found.id_token_signed_response_alg == "ES256"
    assert made["authorization_signed_response_alg"] == "ES256"
    assert not {"userinfo_signed_response_alg", "id_token_encrypted_response_enc", "userinfo_encrypted_response_enc"} & made.keys()
    asked: dict[str, Any] = {
        "scope": "openid register", "subject_type": "pairwise", "token_endpoint_auth_method": "client_secret_post", "id_token_signed_response_alg": "RS256",
    }  # fmt: skip
    again = registered(op, **asked)
    assert asked.items() <= again.items(), "what was asked for is told as it was asked for"


def test_there_is_one_list_of_defaults(op: MemoryProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = {
        **registration.DEFAULTS,
        "scope": "openid register",
        "subject_type": "pairwise",
        "token_endpoint_auth_method": "client_secret_post",
    }
    monkeypatch.setattr(registration, "DEFAULTS", changed)
    made = registered(op)
    found = op.clients[made["client_id"]]
    assert found.scopes == {"openid", "register"} and found.subject_type == made["subject_type"] == "pairwise"
    assert found.token_endpoint_auth_method == made["token_endpoint_auth_method"] == "client_secret_post"


def test_the_content_encryption_that_stands_for_none_is_told(op: MemoryProvider) -> None:
    key = ECKey.generate_key("P-256", {"use": "enc", "kid": "enc"}).as_dict(private=False)
    made = registered(op, jwks={"keys": [key]}, id_token_encrypted_response_alg="ECDH-ES")
    assert made["id_token_encrypted_response_enc"] == "A256GCM" and "userinfo_encrypted_response_enc" not in made


@pytest.mark.parametrize("asked", [{"response_types": []}, {"response_types": ["code"]}, {}])
def test_response_types_follow_from_the_grants(op: MemoryProvider, asked: dict[str, Any]) -> None:
    service = registered(op, redirect_uris=[], grant_types=["client_credentials"], **asked)
    assert service["response_types"] == [] and registered(op, **asked)["response_types"] == ["code"]


@module("Dynamic OP", "rfc7592-2.2-null-is-as-absent")
def test_a_member_that_is_null_is_not_there(op: MemoryProvider) -> None:
    made = registered(
        op, scope=None, jwks=None, profile=None, grant_types=None, require_signed_request_object=None, may_act_for=None, contacts=None
    )
    assert made["scope"] == "openid" and made["grant_types"] == ["authorization_code"] and None not in made.values()
    assert op.clients[made["client_id"]].jwks == ()
    with pytest.raises(DirectRefusal, match="redirect_uris is missing"):
        registered(op, redirect_uris=None)
    with pytest.raises(DirectRefusal, match="software_statement is missing"):
        registered(op, software_statement=None)


@module("Back-Channel Logout", "2.2-backchannel-logout-session-required")
def test_who_needs_the_session_in_notices_is_told_that_it_is_so(op: MemoryProvider) -> None:
    for wish in (True, False):
        made = registered(op, backchannel_logout_uri="https://bank.example/out", backchannel_logout_session_required=wish)
        assert made["backchannel_logout_session_required"] is wish
    assert discovery.metadata(ISSUER)["backchannel_logout_session_supported"] is True
    with pytest.raises(DirectRefusal, match="must be true or false"):
        registered(op, backchannel_logout_session_required="yes")


@pytest.mark.parametrize("name", ["x", "x" * 80, "!~", "a:b%/?#"])
def test_a_client_may_be_called(name: str) -> None:
    assert registration.client(name, {"redirect_uris": [BACK]}, secret_digest="y").client_id == name


@pytest.mark.parametrize("name", ["", "x" * 81, "a b", "ө", "x\n", "\x7f", "a\0", "a\tb"])
def test_and_may_not(name: str) -> None:
    with pytest.raises(DirectRefusal, match="client_id is 1 to 80"):
        registration.client(name, {"redirect_uris": [BACK]}, secret_digest="y")


# -- applications on phones ----------------------------------------------------------------------------------------


@module("RFC 8252", "7.1-private-use-scheme")
@pytest.mark.parametrize(
    "uri", [APP, "com.example.app:/", "mn.bank:/a/b?c=d&e", "xn--l1acc.app-1:/x", "com.googleusercontent.apps.1-a:/oauth2redirect"]
)
def test_an_app_on_a_phone_registers_a_scheme_of_its_own(op: MemoryProvider, uri: str) -> None:
    found = registration.client("app", PUBLIC | {"redirect_uris": [uri], "post_logout_redirect_uris": [uri]})
    op.save_client(found)
    answer = op.authorize(client_id="app", redirect_uri=uri, scope="openid")
    assert isinstance(answer, Answer) and answer.url.startswith(uri + ("&" if "?" in uri else "?"))
    code = parse_qs(answer.url.partition("?")[2])["code"][0]
    form = {"grant_type": "authorization_code", "client_id": "app", "code": code, "redirect_uri": uri, "code_verifier": PURE_VERIFIER}
    assert PURE_CHALLENGE and op.ask(urlencode(form))["id_token"]


@module("RFC 8252", "8.4-exact-comparison-of-private-use-schemes")
@pytest.mark.parametrize(
    "uri", [APP + "/", APP.upper(), "Com.example.app:/callback", APP + "?a=1", "com.example.app://callback", "com.example.app:callback"]
)
def test_and_it_is_compared_to_the_letter(op: MemoryProvider, uri: str) -> None:
    op.save_client(registration.client("app", PUBLIC | {"redirect_uris": [APP]}))
    with pytest.raises(PageRefusal, match="redirect_uri"):
        op.authorize(client_id="app", redirect_uri=uri, scope="openid")


@module("RFC 9700", "2.1-no-scheme-of-everybodys")
@pytest.mark.parametrize(
    "uri",
    [
        "myapp:/cb", "myapp://cb", "javascript:/alert(1)", "javascript:alert(1)", "javascript.x:/alert(1)", "data:/text", "data.x:/text", "file:/etc/passwd", "file:///etc/passwd",
        "intent:/x", "intent.x:/y", "intent://x#Intent;scheme=a;end", "http:/a.example/cb", "http.evil:/cb", "https.evil:/cb", "http://a.example/cb", "http://localhost/cb",
        "https://localhost:1/cb#x", "blob.x:/y", "about.x:/y", "mailto:a@b.example", "com.example.app://host/cb", "com.example.app:///cb", "com.example.app:cb", "com.example.app:",
        "com.example.app:/cb#x", "com.example.app:/c b", "com.example.app:/\\evil.example", "com.example.app:/*", 'com.example.app:/"', "com.example.app:/<a>", "com.example.app:/\n",
        "com.example.app:/cb\n", "com.example.app:/ө", "Com.Example.App:/cb", "com..app:/cb", ".com.app:/cb", "com.:/cb", "1com.app:/cb", "c.app:/cb", "com_x.app:/cb", "com.a;b:/cb",
        " com.example.app:/cb", "z39.50:/x",
    ],
)  # fmt: skip
def test_no_other_scheme_is_an_apps_own(uri: str) -> None:
    assert redirection.own_scheme(uri) == ""
    for name in ("redirect_uris", "post_logout_redirect_uris"):
        with pytest.raises(DirectRefusal, match=r"invalid_(redirect_uri|client_metadata)"):
            registration.client("app", PUBLIC | {"redirect_uris": ["http://127.0.0.1/cb"]} | {name: [uri]})


def test_the_refusal_says_what_is_allowed() -> None:
    with pytest.raises(DirectRefusal) as refused:
        registration.client("app", PUBLIC | {"redirect_uris": ["http://localhost/cb"]})
    said = refused.value.description
    assert (
        all(
            word in said
            for word in ("https", "http://127.0.0.1", "http://[::1]", "own scheme with a dot", "public client", "never localhost")
        )
        and said.isascii()
    )


def test_only_a_public_client_has_a_scheme_of_its_own(op: MemoryProvider) -> None:
    key = {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}
    held = {"profile": "fapi2", "dpop_bound_access_tokens": True, "require_pushed_authorization_requests": True}
    by_key = {"token_endpoint_auth_method": "private_key_jwt", "jwks": key}
    for asked, secret in (({}, "digest"), (by_key, ""), (by_key | held, ""), (PUBLIC | held, "")):
        with pytest.raises(DirectRefusal, match=r"invalid_redirect_uri|redirect addresses are https"):
            registration.client("app", asked | {"redirect_uris": [APP]}, secret_digest=secret)
        if asked.get("token_endpoint_auth_method") != "none":
            assert registration.client("app", asked | {"redirect_uris": [BACK]}, secret_digest=secret)
    for name in ("backchannel_logout_uri", "jwks_uri", "backchannel_client_notification_endpoint"):
        with pytest.raises(DirectRefusal, match="must be https"):
            registration.client("app", PUBLIC | {"redirect_uris": [BACK], name: APP})


@module("Dynamic OP", "rfc8252-private-use-scheme-within-the-statement")
def test_a_statement_names_the_scheme_itself(op: MemoryProvider) -> None:
    for hosts, uri in (
        (["a.example"], "com.evil:/cb"), (["a.example"], "example.a:/cb"), (["example.app", "com.example"], APP), (["com.example.app"], "com.example.app.evil:/cb"), ([""], APP), ([], APP),
    ):  # fmt: skip
        for name in ("redirect_uris", "post_logout_redirect_uris"):
            with pytest.raises(DirectRefusal, match=r"unapproved_software_statement.*redirect_uris"):
                registered(
                    op, {"redirect_hosts": [*hosts, "127.0.0.1"]}, **PUBLIC | {"redirect_uris": ["http://127.0.0.1/cb"], name: [uri]}
                )
    made = registered(op, {"redirect_hosts": ["com.example.app"]}, **PUBLIC, redirect_uris=[APP], post_logout_redirect_uris=[APP])
    assert made["redirect_uris"] == [APP] and "client_secret" not in made and op.clients[made["client_id"]].public


def test_a_sector_needs_a_host(op: MemoryProvider) -> None:
    for uris in ([APP], [APP, BACK], [APP, "com.example.app:/other"], [BACK, "https://other.example/"]):
        with pytest.raises(DirectRefusal, match="exactly one host, and an app's own scheme has none"):
            registration.client("app", PUBLIC | {"redirect_uris": uris, "subject_type": "pairwise"})
    assert registration.client("app", PUBLIC | {"redirect_uris": [BACK], "subject_type": "pairwise"}).sector == "bank.example"


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        (APP, "com.example.app:"),
        ("https://a.example:8/b?c", "https://a.example:8"),
        ("http://127.0.0.1:1/", "http://127.0.0.1:1"),
        ("http://[::1]/x", "http://[::1]"),
    ],
)
def test_where_a_form_may_end(uri: str, source: str) -> None:
    assert redirection.source(uri) == source


# -- on the running platform ---------------------------------------------------------------------------------------


@pytest.fixture
def app(register: Register) -> Any:  # noqa: F811
    return register(redirect_uris=[APP], post_logout_redirect_uris=[APP], token_endpoint_auth_method="none")


def asked(metadata: Any, client_id: str, **more: str) -> str:  # noqa: F811
    values = {
        "response_type": "code", "client_id": client_id, "redirect_uri": APP, "scope": "openid register", "state": "s", "nonce": "n", "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | more  # fmt: skip
    return f"{metadata['authorization_endpoint']}?{urlencode(values)}"


@module("RFC 8252", "7.1-private-use-scheme-live")
def test_a_person_signs_in_to_an_app_on_their_phone(stack: Any, metadata: Any, person: Any, app: Any) -> None:  # noqa: F811
    """The pages let their forms end at the scheme, and the last redirect goes there."""
    refused = httpx.get(asked(metadata, app.client_id, prompt="none"))
    assert refused.status_code == 303 and refused.headers["Location"].startswith(f"{APP}?error=login_required")
    person.open(asked(metadata, app.client_id))
    assert person.path == "/identity/sign-in" and sources(person.answer) == {"'self'", "com.example.app:"}
    person.sign_in(person.regnum, path="/sign-in")
    person.open(asked(metadata, app.client_id))
    assert person.path == "/identity/consent" and sources(person.answer) == {"'self'", "com.example.app:"}
    [token], place = (
        person.page.xpath("//button[@value='agree']/ancestor::form//input[@name='csrfmiddlewaretoken']/@value"),
        person.answer.url,
    )
    answer = person.client.post(
        place, data={"csrfmiddlewaretoken": token, "do": "agree"}, headers={"Referer": str(place)}, follow_redirects=False
    )
    answer = person.client.get(place.join(answer.headers["Location"]), follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["Location"].startswith(APP + "?code="), answer.text
    code = parse_qs(answer.headers["Location"].partition("?")[2])["code"][0]
    redeemed = {
        "grant_type": "authorization_code",
        "client_id": app.client_id,
        "code": code,
        "redirect_uri": APP,
        "code_verifier": VERIFIER,
    }
    tokens = stack.http.post(metadata["token_endpoint"], data=redeemed).raise_for_status().json()
    out = {"client_id": app.client_id, "post_logout_redirect_uri": APP, "state": "x"}
    asks = person.client.get(f"{metadata['end_session_endpoint']}?{urlencode(out)}", follow_redirects=False)
    assert asks.status_code == 200 and sources(asks) == {"'self'", "com.example.app:"}, "the button there leads back too"
    strange = out | {"post_logout_redirect_uri": "com.evil:/"}
    assert sources(person.client.get(f"{metadata['end_session_endpoint']}?{urlencode(strange)}", follow_redirects=False)) == {"'self'"}
    out |= {"id_token_hint": tokens["id_token"]}
    left = person.client.get(f"{metadata['end_session_endpoint']}?{urlencode(out)}", follow_redirects=False)
    assert (left.status_code, left.headers["Location"]) == (303, APP + "?state=x")


def sources(answer: httpx.Response) -> set[str]:
    rules = (rule.split() for rule in answer.headers["Content-Security-Policy"].split(";"))
    return next(set(sources) for name, *sources in rules if name == "form-action")


@module("Dynamic OP", "rfc7592-3-answer-has-the-token-that-manages")
def test_who_reads_its_registration_is_told_all_of_it(stack: Any, metadata: Any) -> None:  # noqa: F811
    import toono.identity.api as identity
    from toono.kernel.actor import system

    bounds: dict[str, Any] = {"grant_types": ["authorization_code"], "scope": "openid", "redirect_hosts": ["com.example.app"]}
    text = identity.software_statement(actor=system("tests"), software_id="app", client_name="Апп", bounds=bounds)
    asked_for = {
        "redirect_uris": [APP],
        "software_statement": text,
        "token_endpoint_auth_method": "none",
        "scope": None,
        "backchannel_logout_session_required": True,
    }
    made = stack.http.post(metadata["registration_endpoint"], json=asked_for)
    assert made.status_code == 201, made.text
    header = {"Authorization": f"Bearer {made.json()['registration_access_token']}"}
    read = stack.http.get(made.json()["registration_client_uri"], headers=header).json()
    assert read == {name: value for name, value in made.json().items() if name != "client_id_issued_at"}
    assert (read["scope"], read["response_types"], read["registration_access_token"]) == ("openid", ["code"], header["Authorization"][7:])


@pytest.mark.parametrize("name", ["", "x" * 81, "a b", "ө", "a\0b"])
def test_a_client_that_the_platform_enters_has_a_name_that_fits(stack: Any, name: str) -> None:
    import toono.identity.api as identity
    from toono.identity.errors import ClientMetadataRefused
    from toono.kernel.actor import system

    with pytest.raises(ClientMetadataRefused, match="client_id"):
        identity.register_client(actor=system("tests"), client_id=name, metadata={"redirect_uris": [BACK]})


def test_and_its_null_members_are_not_there(stack: Any, register: Register) -> None:  # noqa: F811
    from toono.identity.models import Client

    made = register(jwks=None, token_endpoint_auth_method=None)
    assert made.client_secret and not {"jwks", "token_endpoint_auth_method"} & Client.objects.get(client_id=made.client_id).metadata.keys()


Proof = Callable[..., dict[str, str]]


@pytest.fixture
def prove(metadata: Any, register: Register) -> Proof:  # noqa: F811
    """Proofs of one client by its key: for an audience, of a kind."""
    key = ECKey.generate_key("P-256", {"kid": "1"})
    own = register(
        grant_types=["authorization_code", "client_credentials", "urn:openid:params:grant-type:ciba", "urn:ietf:params:oauth:grant-type:device_code"], redirect_uris=[BACK],
        scope="openid", token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key.as_dict(private=False)]},
    )  # fmt: skip

    def proof(audience: Any, typ: str = "JWT") -> dict[str, str]:
        now = int(time.time())
        claims = {"iss": own.client_id, "sub": own.client_id, "aud": audience, "jti": uuid4().hex, "iat": now, "exp": now + 60}
        return {"client_assertion_type": KEY_TYPE, "client_assertion": signed(key, claims, typ)}

    return proof


PUSHED = {
    "response_type": "code",
    "redirect_uri": BACK,
    "scope": "openid",
    "code_challenge": PURE_CHALLENGE,
    "code_challenge_method": "S256",
}
FORMS: dict[str, dict[str, str]] = {
    "token_endpoint": {"grant_type": "client_credentials"},
    "pushed_authorization_request_endpoint": PUSHED,
    "introspection_endpoint": {"token": "x"},
    "revocation_endpoint": {"token": "x"},
    "device_authorization_endpoint": {"scope": "openid"},
    "backchannel_authentication_endpoint": {"scope": "openid", "login_hint": "УБ95010112"},
}


@module("RFC 9126", "2-audience-is-issuer-token-or-par-endpoint")
@module("FAPI-CIBA", "ciba-7.1-audience-is-issuer-token-or-backchannel-endpoint")
@pytest.mark.parametrize("name", FORMS)
def test_a_proof_names_the_endpoint_to_which_it_is_sent(stack: Any, metadata: Any, prove: Proof, name: str) -> None:  # noqa: F811
    endpoint = metadata[name]
    for audience in (metadata["issuer"], endpoint, [endpoint], [metadata["issuer"], endpoint], metadata["token_endpoint"]):
        answer = stack.http.post(endpoint, data=FORMS[name] | prove(audience))
        assert answer.status_code in (200, 201), (audience, answer.text)
    for audience in (
        [endpoint, "https://other.example"],
        "https://other.example",
        [],
        "",
        None,
        metadata["userinfo_endpoint"],
        metadata["registration_endpoint"],
        endpoint + "/",
    ):
        answer = stack.http.post(endpoint, data=FORMS[name] | prove(audience))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), audience
    assert (
        f"aud must be {metadata['issuer']} or" in answer.json()["error_description"] and "/oidc/par" in answer.json()["error_description"]
    )


def test_both_processes_take_the_same_proofs(stack: Any, metadata: Any, prove: Proof, plane: str) -> None:  # noqa: F811
    wrong = [metadata["issuer"], "https://other.example"]
    for path, form in (("/oidc/token", FORMS["token_endpoint"]), ("/oidc/introspect", FORMS["introspection_endpoint"])):
        own = metadata["issuer"] + path
        for audience, typ in (
            (own, "JWT"),
            ([own, metadata["token_endpoint"]], "client-authentication+jwt"),
            (wrong, "JWT"),
            (own, "dpop+jwt"),
        ):
            answers = [httpx.post(base + path, data=form | prove(audience, typ)) for base in (stack.base_url, plane)]
            expected = 401 if audience == wrong or typ == "dpop+jwt" else 200
            assert [answer.status_code for answer in answers] == [expected] * 2, (audience, typ)
            assert expected == 200 or answers[0].json() == answers[1].json()
