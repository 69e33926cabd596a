"""Tokens for a code: who asks, whose code, once, in time, for the same address, by the one who has the verifier."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from urllib.parse import quote_plus, urlencode

import pytest
from joserfc import jwt

from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import Code, Grant, digest
from toono.identity.limits import LIMITS
from toono.identity.tests.memory import ISSUER, NATIVE, REGISTER, SECRET, SESSION, MemoryProvider

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636, appendix B
BACK = "https://agency.example/back?tenant=1"


@pytest.fixture
def memory() -> MemoryProvider:
    found = MemoryProvider()
    give_code(found, "the-code", "agency", BACK)
    return found


def give_code(memory: MemoryProvider, code: str, client_id: str, address: str, scope: str = "openid register", nonce: str = "n-1") -> None:
    grant = Grant(
        id=code, client_id=client_id, session=SESSION, scope=scope, userinfo_claims=tuple(REGISTER) if "register" in scope else ()
    )
    memory.save_code(
        digest(code),
        Code(
            grant=grant,
            redirect_uri=address,
            code_challenge=CHALLENGE,
            nonce=nonce,
            expires_at=memory.now + LIMITS.authorization_code_lifetime,
        ),
    )


def basic(client_id: str = "agency", secret: str = SECRET) -> str:
    return "Basic " + base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()


def form(**changes: str | None) -> str:
    values = {"grant_type": "authorization_code", "code": "the-code", "redirect_uri": BACK, "code_verifier": VERIFIER}
    return urlencode({k: v for k, v in {**values, **changes}.items() if v is not None})


def ask(memory: MemoryProvider, encoded: str, authorization: str | None):
    return memory.ask(encoded, authorization)


def test_a_code_gives_an_access_token_and_an_id_token_that_belong_together(memory):
    given = ask(memory, form(), basic())
    claims = jwt.decode(given["id_token"], memory.key, algorithms=["ES256"]).claims
    half = hashlib.sha256(given["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert (claims["iss"], claims["aud"], claims["sub"], claims["nonce"], claims["sid"]) == (ISSUER, "agency", "person-1", "n-1", "sid-1")
    assert (claims["acr"], claims["amr"], claims["auth_time"]) == ("substantial", ["sms"], int(SESSION.auth_time.timestamp()))
    assert claims["exp"] - claims["iat"] == 300 and given["token_type"] == "Bearer" and given["expires_in"] == 600
    assert given["access_token"] not in str(memory.tokens), "only its digest is kept"


def test_the_secret_may_come_in_the_form(memory):
    assert ask(memory, form(client_id="agency", client_secret=SECRET), None)["id_token"]


def test_a_public_client_needs_no_secret_but_the_verifier(memory):
    give_code(memory, "native-code", NATIVE, "http://127.0.0.1:5000/callback")
    wanted = {"client_id": NATIVE, "code": "native-code", "redirect_uri": "http://127.0.0.1:5000/callback"}
    with pytest.raises(DirectRefusal):
        ask(memory, form(**wanted, code_verifier=None), None)
    assert ask(memory, form(**wanted), None)["id_token"]


@pytest.mark.parametrize(
    ("authorization", "changes", "error", "status"),
    [
        (basic(secret="wrong"), {}, "invalid_client", 401),
        (basic(secret=""), {}, "invalid_client", 401),
        (basic("nobody"), {}, "invalid_client", 401),
        (None, {}, "invalid_client", 401),
        (None, {"client_id": "agency"}, "invalid_client", 401),
        (None, {"client_id": "agency", "client_secret": "wrong"}, "invalid_client", 401),
        (None, {"client_id": NATIVE, "client_secret": "any"}, "invalid_client", 401),
        ("Basic !!!", {}, "invalid_client", 401),
        ("Basic " + base64.b64encode(b"agency").decode(), {}, "invalid_client", 401),
        ("Bearer abc", {}, "invalid_client", 401),
        ("Basic " + base64.b64encode(b"\xff\xfe:x").decode(), {}, "invalid_client", 401),
        (basic(), {"client_secret": SECRET}, "invalid_request", 400),
        (basic(), {"client_id": "other"}, "invalid_request", 400),
        (basic(), {"grant_type": None}, "invalid_request", 400),
        (basic(), {"grant_type": "password"}, "unsupported_grant_type", 400),
        (basic(), {"grant_type": "client_credentials"}, "unauthorized_client", 400),
        (basic(), {"code": None}, "invalid_request", 400),
        (basic(), {"code": "unknown"}, "invalid_grant", 400),
        (basic("other"), {}, "invalid_grant", 400),
        (basic(), {"redirect_uri": None}, "invalid_grant", 400),
        (basic(), {"redirect_uri": BACK + "&x"}, "invalid_grant", 400),
        (basic(), {"code_verifier": None}, "invalid_grant", 400),
        (basic(), {"code_verifier": CHALLENGE}, "invalid_grant", 400),
        (basic(), {"code_verifier": "short"}, "invalid_grant", 400),
        (basic(), {"code_verifier": VERIFIER + "=" * 100}, "invalid_grant", 400),
        (basic(), {"code_verifier": VERIFIER[:-1] + "ө"}, "invalid_grant", 400),
    ],
)
def test_what_is_amiss_gets_no_token_and_burns_no_code(memory, authorization, changes, error, status):
    with pytest.raises(DirectRefusal) as refused:
        ask(memory, form(**changes), authorization)
    assert (refused.value.error, refused.value.status) == (error, status)
    assert (refused.value.authenticate is not None) == (status == 401)
    assert not memory.tokens
    assert ask(memory, form(), basic())["id_token"]


def test_a_repeated_parameter_is_refused(memory):
    with pytest.raises(DirectRefusal, match="invalid_request"):
        ask(memory, form() + "&code=the-code", basic())


def test_a_second_use_is_refused_and_kills_what_the_first_gave(memory):
    given = ask(memory, form(), basic())
    header = f"Bearer {given['access_token']}"
    assert memory.userinfo(header)["sub"] == "person-1"
    with pytest.raises(DirectRefusal, match="invalid_grant"):
        ask(memory, form(), basic())
    with pytest.raises(DirectRefusal, match="invalid_token"):
        memory.userinfo(header)


def test_a_second_use_by_another_client_kills_nothing(memory):
    given = ask(memory, form(), basic())
    with pytest.raises(DirectRefusal, match="invalid_grant"):
        ask(memory, form(), basic("other"))
    assert memory.userinfo(f"Bearer {given['access_token']}")


def test_a_code_lives_a_minute_and_not_longer_than_its_session(memory):
    memory.now += timedelta(seconds=61)
    with pytest.raises(DirectRefusal, match="expired"):
        ask(memory, form(), basic())
    memory.now -= timedelta(seconds=2)
    memory.ended_sessions.add("sid-1")
    with pytest.raises(DirectRefusal, match="expired"):
        ask(memory, form(), basic())


def test_userinfo_gives_names_as_mongolians_have_them(memory):
    given = ask(memory, form(), basic())
    found = memory.userinfo(None, urlencode({"access_token": given["access_token"]}))
    assert found == {"sub": "person-1", "clan_name": "Боржигон", "patronymic": "Дорж", "given_name": "Сарнай", "civil_id": "110011001100"}


def test_userinfo_gives_no_more_than_the_scope(memory):
    give_code(memory, "the-code", "agency", BACK, scope="openid", nonce="")
    given = ask(memory, form(), basic())
    assert memory.userinfo(f"bearer {given['access_token']}") == {"sub": "person-1"}
    assert "nonce" not in jwt.decode(given["id_token"], memory.key, algorithms=["ES256"]).claims


@pytest.mark.parametrize("shown", ["none", "both", "twice", "unknown", "id_token", "expired", "basic"])
def test_userinfo_without_one_living_token_is_refused(memory, shown):
    given = ask(memory, form(), basic())
    token = given["access_token"]
    header: str | None = {
        "both": f"Bearer {token}",
        "unknown": "Bearer xyz",
        "id_token": f"Bearer {given['id_token']}",
        "basic": basic(),
    }.get(shown)
    if shown == "expired":
        header, memory.now = f"Bearer {token}", memory.now + timedelta(minutes=11)
    encoded = {"both": f"access_token={token}", "twice": f"access_token={token}&access_token={token}"}.get(shown, "")
    with pytest.raises(DirectRefusal) as refused:
        memory.userinfo(header, encoded)
    assert refused.value.authenticate and refused.value.authenticate.startswith("Bearer")
