"""Refresh tokens: each once, in families; a lost reply is given once more, a stolen token ends all."""

from __future__ import annotations

import pytest

from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import digest
from toono.identity.tests.memory import DEVICE_KEY, RESOURCE, MemoryProvider, basic, code_form


@pytest.fixture
def memory() -> MemoryProvider:
    return MemoryProvider()


def lives(memory: MemoryProvider, given: dict) -> bool:
    try:
        return bool(memory.userinfo(f"Bearer {given['access_token']}"))
    except DirectRefusal:
        return False


def test_a_refresh_token_gives_new_tokens_and_a_successor(memory):
    first = memory.flow()
    second = memory.refresh(first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"] and second["access_token"] != first["access_token"]
    assert (
        lives(memory, second)
        and memory.opened(second["id_token"])["sub"] == "person-1"
        and "nonce" not in memory.opened(second["id_token"])
    )
    assert memory.refresh(second["refresh_token"])["refresh_token"]


def test_a_lost_reply_is_given_once_more_and_the_very_same(memory):
    first = memory.flow()
    lost = memory.refresh(first["refresh_token"])
    memory.later(seconds=50)
    assert memory.refresh(first["refresh_token"]) == lost
    assert lives(memory, lost) and memory.refresh(lost["refresh_token"])


def test_but_not_twice(memory):
    first = memory.flow()
    lost = memory.refresh(first["refresh_token"])
    memory.refresh(first["refresh_token"])
    with pytest.raises(DirectRefusal, match="family"):
        memory.refresh(first["refresh_token"])
    assert not lives(memory, lost)
    with pytest.raises(DirectRefusal, match="ended"):
        memory.refresh(lost["refresh_token"])


def test_nor_after_the_window(memory):
    first = memory.flow()
    lost = memory.refresh(first["refresh_token"])
    memory.later(seconds=61)
    with pytest.raises(DirectRefusal, match="family"):
        memory.refresh(first["refresh_token"])
    assert not lives(memory, lost)


def test_nor_once_its_successor_was_used(memory):
    first = memory.flow()
    second = memory.refresh(first["refresh_token"])
    third = memory.refresh(second["refresh_token"])
    with pytest.raises(DirectRefusal, match="family"):
        memory.refresh(first["refresh_token"])
    assert not lives(memory, third), "the family has ended, the owner's tokens too"


def test_nor_for_another_wish(memory):
    first = memory.flow()
    memory.refresh(first["refresh_token"])
    with pytest.raises(DirectRefusal, match="family"):
        memory.refresh(first["refresh_token"], changes={"scope": "openid"})


def test_what_is_kept_of_a_reply_opens_to_nobody_without_the_old_token(memory):
    from toono.identity.domain.oidc.refresh import opened

    first = memory.flow()
    second = memory.refresh(first["refresh_token"])
    kept = memory.refreshes[digest(first["refresh_token"])].sealed_reply
    assert kept and second["access_token"] not in kept
    assert opened(second["refresh_token"], kept, '[[null, null, null], "", ""]') is None
    assert opened(first["refresh_token"], kept, '[[null, null, null], "", ""]') == second


def test_another_clients_token_is_unknown_and_ends_nothing(memory):
    first = memory.flow()
    with pytest.raises(DirectRefusal, match="unknown"):
        memory.refresh(first["refresh_token"], "stranger")
    assert memory.refresh(first["refresh_token"])


def test_a_public_clients_token_is_bound_to_its_key(memory):
    from joserfc.jwk import ECKey

    code = memory.answered(client_id="mobile", redirect_uri="http://127.0.0.1/callback")["code"]
    form = code_form(code, client_id="mobile", redirect_uri="http://127.0.0.1/callback")
    given = memory.ask(form, dpop=(memory.proof(),))
    assert given["token_type"] == "DPoP"
    again = f"grant_type=refresh_token&client_id=mobile&refresh_token={given['refresh_token']}"
    for dpop in ((), (memory.proof(key=ECKey.generate_key("P-256")),)):
        with pytest.raises(DirectRefusal, match="another key"):
            memory.ask(again, dpop=dpop)
    assert memory.ask(again, dpop=(memory.proof(key=DEVICE_KEY),))["access_token"]


def test_a_narrower_scope_is_given_and_a_wider_is_not(memory):
    first = memory.flow(authorized={"scope": "openid register"})
    narrow = memory.refresh(first["refresh_token"], changes={"scope": "openid"})
    assert narrow["scope"] == "openid" and memory.userinfo(f"Bearer {narrow['access_token']}") == {"sub": "person-1"}
    with pytest.raises(DirectRefusal, match="invalid_scope"):
        memory.refresh(narrow["refresh_token"], changes={"scope": "openid register api"})
    with pytest.raises(DirectRefusal, match="invalid_target"):
        memory.refresh(narrow["refresh_token"], changes={"resource": RESOURCE})


def test_a_family_ends_with_its_session_unless_the_person_wanted_more(memory):
    short, long = memory.flow(), memory.flow(authorized={"scope": "openid offline_access"})
    memory.ended_sessions.add("sid-1")
    with pytest.raises(DirectRefusal, match="ended"):
        memory.refresh(short["refresh_token"])
    assert memory.refresh(long["refresh_token"])["access_token"]


def test_a_token_that_nobody_used_for_a_month_has_ended(memory):
    long = memory.flow(authorized={"scope": "openid offline_access"})
    memory.later(days=30, seconds=1)
    with pytest.raises(DirectRefusal, match="ended"):
        memory.refresh(long["refresh_token"])


def test_a_client_that_is_not_registered_for_it_gets_none(memory):
    code = memory.answered(client_id="agency", scope="openid offline_access")["code"]
    given = memory.ask(code_form(code), basic("agency"))
    assert "refresh_token" not in given and given["scope"] == "openid"


def test_a_code_used_twice_ends_the_refresh_tokens_too(memory):
    code = memory.answered()["code"]
    given = memory.ask(code_form(code), basic("full"))
    with pytest.raises(DirectRefusal, match="used"):
        memory.ask(code_form(code), basic("full"))
    with pytest.raises(DirectRefusal, match="ended"):
        memory.refresh(given["refresh_token"])
