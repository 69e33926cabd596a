"""Scopes and the claims that they give: OpenID Connect Core 1.0 §5.4, §5.5; what a token's ``scope`` says (RFC 6749 §3.3)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.conformance.oidc_table import module
from toono.identity.domain.oidc import access_token, approval, discovery, introspection, registration
from toono.identity.domain.oidc.authorize import ConsentNeeded, Waited
from toono.identity.domain.oidc.parameters import parse
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Approval, ApprovalKind
from toono.identity.domain.oidc.userinfo import CLAIMS, CLAIMS_BY_SCOPE, of_person
from toono.identity.tests.memory import BACK, ISSUER, REGISTER, RESOURCE, SESSION, MemoryProvider, basic, code_form

PLAN = "Basic OP"
NAME = f"{REGISTER['patronymic']} {REGISTER['given_name']}"
PROFILE = {"name": NAME, "given_name": REGISTER["given_name"]}
ALL = "openid profile email address phone register"


@pytest.fixture
def op() -> MemoryProvider:
    """``full`` and ``stranger`` have ``profile`` registered, too; ``other`` has that alone."""
    found = MemoryProvider()
    for name in ("full", "stranger"):
        found.clients[name] = replace(found.clients[name], scopes=found.clients[name].scopes | {"profile"})
    found.clients["other"] = replace(found.clients["other"], scopes=frozenset({"openid", "profile"}))
    return found


def told(op: MemoryProvider, given: dict[str, Any]) -> dict[str, Any]:
    """What userinfo tells of the person, by name."""
    found: dict[str, Any] = op.userinfo(f"Bearer {given['access_token']}")
    assert found.pop("sub") == "person-1"
    return found


def by_name(*names: str, where: tuple[str, ...] = ("userinfo", "id_token")) -> str:
    return json.dumps({place: dict.fromkeys(names) for place in where})


def introspected(op: MemoryProvider, value: str, who: str = "full") -> Any:
    request = Request(parameters=parse(urlencode({"token": value})), authorization=basic(who))
    return introspection.introspect(provider=op.provider, request=request, signed=False)


# -- profile -------------------------------------------------------------------------------------------------------


@module(PLAN, "oidcc-scope-profile")
def test_profile_gives_the_whole_name_and_the_given_name(op: MemoryProvider) -> None:
    given = op.flow(authorized={"scope": "openid profile"})
    assert given["scope"] == introspected(op, given["access_token"])["scope"] == "openid profile"
    assert told(op, given) == PROFILE and "name" not in op.opened(given["id_token"]), "§5.4: beside an access token, at userinfo alone"


@module(PLAN, "oidcc-scope-all")
def test_of_all_scopes_those_that_we_have_are_given_and_said(op: MemoryProvider) -> None:
    given = op.flow(authorized={"scope": ALL})
    assert given["scope"] == "openid profile register" and told(op, given) == REGISTER | PROFILE


@module(PLAN, "oidcc-scope-email", "oidcc-scope-phone", "oidcc-scope-address")
@pytest.mark.parametrize("scope", ["email", "phone", "address"])
def test_a_scope_that_nobody_can_have_is_left_out_and_the_token_says_so(op: MemoryProvider, scope: str) -> None:
    metadata = {"redirect_uris": [BACK], "scope": f"openid profile {scope}"}
    op.clients["full"] = replace(op.clients["full"], scopes=registration.parsed("full", metadata).scopes)
    given = op.flow(authorized={"scope": f"openid profile {scope}"})
    assert given["scope"] == "openid profile" and told(op, given) == PROFILE
    assert scope not in discovery.metadata(ISSUER)["scopes_supported"]  # type: ignore[operator]


def test_who_has_register_alone_notices_nothing(op: MemoryProvider) -> None:
    given = op.flow()
    assert given["scope"] == "openid register" and told(op, given) == REGISTER
    op.clients["full"] = replace(op.clients["full"], scopes=frozenset({"openid", "register"}))
    given = op.flow(authorized={"scope": "openid profile register", "claims": by_name("name")})
    assert given["scope"] == "openid register" and told(op, given) == REGISTER and "name" not in op.opened(given["id_token"])


def test_a_claim_by_name_needs_a_registered_scope_that_holds_it(op: MemoryProvider) -> None:
    for client_id, may in (("other", {"name", "given_name"}), ("full", set(CLAIMS))):
        code = op.answered(client_id=client_id, scope="openid", claims=by_name(*CLAIMS))["code"]
        given = op.ask(code_form(code), basic(client_id))
        assert given["scope"] == "openid" and told(op, given).keys() == may
        assert op.opened(given["id_token"]).keys() & set(CLAIMS) == may, "nor does the id token tell more"


def test_the_metadata_name_what_the_table_holds() -> None:
    told = discovery.metadata(ISSUER)
    assert told["scopes_supported"] == ["openid", *CLAIMS_BY_SCOPE, "offline_access"]
    assert {name for names in CLAIMS_BY_SCOPE.values() for name in names} <= set(told["claims_supported"])  # type: ignore[call-overload]


@pytest.mark.parametrize(("kept", "left"), [
    ("openid register", REGISTER), ("openid profile", PROFILE), ("openid", {}), ("openid profile register", REGISTER | PROFILE),
])  # fmt: skip
def test_a_narrowed_token_tells_what_the_scopes_left_in_it_give(op: MemoryProvider, kept: str, left: dict[str, str]) -> None:
    first = op.flow(authorized={"scope": "openid profile register"})
    narrow = op.refresh(first["refresh_token"], changes={"scope": kept})
    assert narrow["scope"] == kept and told(op, narrow) == left


def test_what_was_asked_for_by_name_stays_in_a_token_without_the_scopes(op: MemoryProvider) -> None:
    first = op.flow(authorized={"scope": "openid profile", "claims": by_name("civil_id", "given_name", where=("userinfo",))})
    assert told(op, first) == PROFILE | {"civil_id": REGISTER["civil_id"]}
    narrow = op.refresh(first["refresh_token"], changes={"scope": "openid"})
    assert told(op, narrow) == {"civil_id": REGISTER["civil_id"]}


@pytest.mark.parametrize(("register", "name"), [
    (REGISTER, NAME), (REGISTER | {"patronymic": ""}, REGISTER["given_name"]), ({"given_name": "Сарнай"}, "Сарнай"), ({}, None),
])  # fmt: skip
def test_the_name_is_made_of_what_the_register_has(
    op: MemoryProvider, monkeypatch: pytest.MonkeyPatch, register: dict[str, str], name: str | None
) -> None:
    monkeypatch.setattr(op, "register_claims", lambda _subject: register)
    assert of_person(op.provider, "person-1", ("name",)) == ({"name": name} if name else {})


# -- asking the person ---------------------------------------------------------------------------------------------


def test_a_person_is_asked_for_each_claim_once_and_may_leave_any_out(op: MemoryProvider) -> None:
    wanted = {"client_id": "stranger", "scope": "openid profile register", "claims": by_name("given_name")}
    asked = op.authorize(**wanted)  # type: ignore[arg-type]
    assert isinstance(asked, ConsentNeeded) and [item.code for item in asked.items] == [f"claim:{name}" for name in CLAIMS]
    code = op.answered(**wanted, waited=Waited(agreed=frozenset({"claim:name"})))["code"]
    given = op.ask(code_form(code), basic("stranger"))
    assert told(op, given) == {"name": NAME} and given["scope"] == "openid profile register"
    narrow = op.refresh(given["refresh_token"], "stranger", changes={"scope": "openid register"})
    assert told(op, narrow) == {}


def test_who_agreed_to_register_is_asked_anew_for_the_name(op: MemoryProvider) -> None:
    known = op.authorize(client_id="stranger")
    assert isinstance(known, ConsentNeeded)
    codes = frozenset(item.code for item in known.items)
    op.consents["person-1", "stranger"] = replace(op.consent("person-1", "stranger"), asked=codes, agreed=codes)
    assert op.answered(client_id="stranger")["code"]
    assert isinstance(op.authorize(client_id="stranger", scope="openid profile register"), ConsentNeeded)


def test_a_request_that_is_answered_on_the_phone_asks_and_gives_the_same(op: MemoryProvider) -> None:
    asked = Approval(
        kind=ApprovalKind.CIBA, client_id="full", scope="openid profile", expires_at=op.now, interval_seconds=5, authorization_details=()
    )  # fmt: skip
    assert [item.code for item in approval.items(asked)] == ["claim:given_name", "claim:name"]
    assert set(approval.grant_of(asked, SESSION, identifier="g").userinfo_claims) == set(PROFILE)


# -- registering ---------------------------------------------------------------------------------------------------


def statement(op: MemoryProvider, **changes: Any) -> str:
    bounds = {"grant_types": ["authorization_code"], "scope": "openid profile", "redirect_hosts": ["bank.example"]} | changes
    claims = registration.statement_claims(
        issuer=ISSUER, issued=int(op.now.timestamp()), identifier=op.provider.identifier(), software_id="bank", client_name="Банк", bounds=bounds
    )  # fmt: skip
    return op.sign(claims, registration.STATEMENT_TYPE)


@pytest.mark.parametrize(("asked", "registered"), [
    ("openid profile email", "openid profile"), ("email phone address openid", "openid"), ("openid profile", "openid profile"),
])  # fmt: skip
def test_a_library_that_registers_all_scopes_is_told_which_it_has(op: MemoryProvider, asked: str, registered: str) -> None:
    metadata = {"redirect_uris": ["https://bank.example/back"], "scope": asked, "software_statement": statement(op)}
    made = registration.register(provider=op.provider, metadata=metadata)
    assert made["scope"] == registered and op.clients[made["client_id"]].scopes == set(registered.split())


def test_who_registers_nothing_else_has_openid(op: MemoryProvider) -> None:
    metadata = {"redirect_uris": ["https://bank.example/back"], "scope": "email", "software_statement": statement(op)}
    made = registration.register(provider=op.provider, metadata=metadata)
    assert made.get("scope", "openid") == "openid" and op.clients[made["client_id"]].scopes == {"openid"}


def test_a_statement_for_register_is_none_for_profile(op: MemoryProvider) -> None:
    metadata = {"redirect_uris": ["https://bank.example/back"], "scope": "openid profile"}
    with pytest.raises(DirectRefusal, match="unapproved_software_statement"):
        registration.register(provider=op.provider, metadata=metadata | {"software_statement": statement(op, scope="openid register")})


@pytest.mark.parametrize("scope", ["email", "phone", "address"])
def test_an_administrator_is_told_that_a_scope_cannot_be_had(scope: str) -> None:
    metadata = {"redirect_uris": [BACK], "scope": f"openid {scope}"}
    with pytest.raises(DirectRefusal, match=f"scope: {scope} cannot be had"):
        registration.client("x", metadata, secret_digest="y")
    assert registration.parsed("x", metadata).scopes == {"openid"}, "and one that stands from before is read without it"


# -- a token without a scope ---------------------------------------------------------------------------------------


def test_profile_is_no_scope_of_a_client_for_itself(op: MemoryProvider) -> None:
    with pytest.raises(DirectRefusal, match="invalid_scope"):
        op.ask("grant_type=client_credentials&scope=profile", basic("full"))
    assert op.ask("grant_type=client_credentials", basic("full"))["scope"] == "api"


@pytest.mark.parametrize("resource", [None, RESOURCE])
def test_a_token_without_a_scope_has_no_such_member(op: MemoryProvider, resource: str | None) -> None:
    op.clients["full"] = replace(op.clients["full"], scopes=frozenset({"openid", "profile"}))
    form = {"grant_type": "client_credentials"} | ({"resource": resource} if resource else {})
    given = op.ask(urlencode(form), basic("full"))
    assert "scope" not in given and given["access_token"]
    found = introspected(op, given["access_token"])
    assert found["active"] is True and "scope" not in found
    if resource:
        assert "scope" not in op.opened(given["access_token"])
    known = access_token.known(op.provider, given["access_token"])
    assert known is not None and known.scope == ""


def test_a_client_for_itself_with_a_scope_is_told_it(op: MemoryProvider) -> None:
    given = op.ask(urlencode({"grant_type": "client_credentials", "resource": RESOURCE}), basic("full"))
    assert given["scope"] == op.opened(given["access_token"])["scope"] == introspected(op, given["access_token"])["scope"] == "api"
