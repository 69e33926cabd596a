"""Signing out on a client's request: nobody is signed out by a link that proves nothing, nobody is sent to a strange address."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from toono.identity.domain.oidc.logout import Logout, logout
from toono.identity.domain.oidc.parameters import parse
from toono.identity.tests.memory import SESSION, MemoryProvider

OUT = "https://agency.example/out"


@pytest.fixture
def memory() -> MemoryProvider:
    return MemoryProvider()


def ask(memory: MemoryProvider, session=SESSION, **parameters: str) -> Logout:
    return logout(provider=memory.provider, parameters=parse(urlencode(parameters)), session=session)


def test_a_hint_of_this_session_signs_out_and_goes_back_with_state(memory):
    assert ask(memory, id_token_hint=memory.id_token(), post_logout_redirect_uri=OUT, state="x y") == Logout(True, OUT + "?state=x+y")


def test_an_expired_hint_is_good_enough(memory):
    assert ask(memory, id_token_hint=memory.id_token(exp=1)).confirmed


def test_without_a_session_there_is_nothing_to_confirm(memory):
    assert ask(memory, session=None, client_id="agency", post_logout_redirect_uri=OUT) == Logout(True, OUT)


@pytest.mark.parametrize(
    "parameters", [{}, {"state": "x"}, {"client_id": "agency"}, {"client_id": "agency", "post_logout_redirect_uri": OUT}]
)
def test_without_a_hint_the_person_is_asked(memory, parameters):
    assert not ask(memory, **parameters).confirmed


def test_a_hint_of_another_session_does_not_sign_this_one_out(memory):
    assert not ask(memory, id_token_hint=memory.id_token(sid="sid-2")).confirmed


def not_believed(found: Logout, *, strays: bool) -> bool:
    """The person is asked, and will be sent nowhere (§3, §4)."""
    return bool(found.fault) and found == Logout(False, None, found.fault, strays)


def test_a_modified_or_foreign_hint_proves_nothing_and_leads_nowhere(memory):
    head, body, signature = memory.id_token().split(".")
    wrong_letter = signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]
    for hint in (
        "rubbish",
        f"{head}.{body}.{wrong_letter}",
        f"{head}.{body}.",
        MemoryProvider().id_token(),
        memory.id_token(iss="https://evil.example"),
    ):
        assert not_believed(ask(memory, id_token_hint=hint), strays=False)
        back = {"client_id": "agency", "post_logout_redirect_uri": OUT}
        assert not_believed(ask(memory, id_token_hint=hint, **back), strays=True), "the address alone would be good"


@pytest.mark.parametrize("uri", [OUT + "?a=b", OUT + "/", "https://evil.example/", "/", OUT + "#f"])
def test_an_unregistered_return_address_is_never_gone_to(memory, uri):
    assert not_believed(ask(memory, id_token_hint=memory.id_token(), post_logout_redirect_uri=uri), strays=True)


def test_a_return_address_without_a_known_client_is_never_gone_to(memory):
    for parameters in ({}, {"client_id": "nobody"}, {"client_id": "other"}):
        assert not_believed(ask(memory, post_logout_redirect_uri=OUT, **parameters), strays=True)


def test_a_hint_given_to_another_client_proves_nothing(memory):
    assert not_believed(ask(memory, id_token_hint=memory.id_token(), client_id="other"), strays=False)


@pytest.mark.parametrize(
    ("encoded", "strays"),
    [
        ("state=1&state=2", False),
        (urlencode({"client_id": "agency", "post_logout_redirect_uri": OUT}) + "&state=1&state=2", True),
        ("a=%ff%fe", False),
        ("x" * 40_000, False),
    ],
)
def test_a_repeated_parameter_and_what_is_no_form_are_asked_about_without_a_way_back(memory, encoded, strays):
    assert not_believed(logout(provider=memory.provider, parameters=parse(encoded), session=SESSION), strays=strays)


def test_a_false_request_without_a_session_leads_nowhere_either(memory):
    assert ask(memory, session=None, post_logout_redirect_uri=OUT) == Logout(True, None, "post_logout_redirect_uri is not registered", True)
