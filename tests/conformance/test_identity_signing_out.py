# ruff: noqa: F811 - fixtures of another module, by their names
"""A request to sign out that is not believed: its person signs out all the same, and is sent to no strange address (RP-Initiated Logout 1.0 §2 to §4)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.conformance.test_identity_flows import person  # noqa: F401

EVIL = "https://evil.example/"
NOT_BACK = "буцах хаягт итгэх боломжгүй"
FALSE = [
    ({"post_logout_redirect_uri": EVIL}, True),
    ({"client_id": "demo-rp", "post_logout_redirect_uri": EVIL}, True),
    ({"client_id": "nobody", "post_logout_redirect_uri": "http://127.0.0.1/signed-out"}, True),
    ({"client_id": "demo-rp", "post_logout_redirect_uri": "http://127.0.0.1/signed-out", "id_token_hint": "x"}, True),
    ({"id_token_hint": "a.b.c"}, False),
    ([("client_id", "demo-rp"), ("client_id", "portal")], False),
    ([("state", "x" * 13_000)], False),
]


@pytest.fixture
def signed_in(person: Any) -> Any:
    person.sign_in(person.regnum, path="/sign-in?next=/identity/sessions")
    assert person.path == "/identity/sessions"
    return person


def lives(person: Any) -> bool:
    return bool(person.client.get("/identity/sessions", follow_redirects=False).status_code == 200)


@pytest.mark.parametrize(("asked", "strays"), FALSE)
def test_the_person_is_asked_and_signs_out_without_a_way_to_a_strange_address(signed_in: Any, asked: Any, strays: bool) -> None:
    signed_in.open("/oidc/end-session?" + urlencode(asked))
    assert (signed_in.answer.status_code, signed_in.heading) == (400, "Гарах уу?") and not signed_in.answer.history
    assert (NOT_BACK in signed_in.text) is strays and "Энэ холбоосоор нэвтрэх боломжгүй" not in signed_in.text
    shown = signed_in.answer.text.partition("<main")[2].partition("</main")[0]
    assert "evil" not in shown and "<script" not in shown
    assert lives(signed_in), "nobody is signed out without their own click"
    again = signed_in.form(button="Гарах")
    signed_in.press("Гарах")
    assert (signed_in.answer.status_code, signed_in.heading) == (200, "Та гарлаа")
    assert not signed_in.answer.history and not lives(signed_in)
    signed_in.press("Гарах", form=again)
    assert (signed_in.answer.status_code, signed_in.heading) == (200, "Та гарлаа"), "pressed twice, from another tab"


def test_posted_by_the_client_it_is_the_same(signed_in: Any) -> None:
    signed_in._look(signed_in.client.post("/oidc/end-session", data={"post_logout_redirect_uri": EVIL}))
    assert (signed_in.answer.status_code, signed_in.heading) == (400, "Гарах уу?") and NOT_BACK in signed_in.text
    assert lives(signed_in)


def test_another_site_cannot_press_the_button(signed_in: Any, stack: Any) -> None:
    for data in ({"query": ""}, {"query": "post_logout_redirect_uri=" + EVIL}, {"csrfmiddlewaretoken": "x" * 64}):
        answer = signed_in.client.post("/oidc/end-session/confirm", data=data, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
    assert lives(signed_in)


def test_what_a_bent_form_sends_leads_nowhere(signed_in: Any) -> None:
    signed_in.open("/oidc/end-session")
    signed_in.press("Гарах", query=urlencode({"client_id": "demo-rp", "post_logout_redirect_uri": EVIL}))
    assert (signed_in.answer.status_code, signed_in.heading) == (200, "Та гарлаа"), "what the person asked for was done"
    assert not signed_in.answer.history and not lives(signed_in)


def test_who_is_not_signed_in_stays_here(stack: Any) -> None:
    answer = httpx.get(stack.base_url + "/oidc/end-session", params={"post_logout_redirect_uri": EVIL})
    assert answer.status_code == 400 and "Та гарлаа" in answer.text and NOT_BACK in answer.text and "Location" not in answer.headers


def test_the_client_reads_of_it_in_its_console(stack: Any) -> None:
    from toono.identity.models import Refusal

    before = set(Refusal.objects.filter(client_id="demo-rp").values_list("id", flat=True))
    httpx.get(stack.base_url + "/oidc/end-session", params={"client_id": "demo-rp", "post_logout_redirect_uri": EVIL})
    [row] = Refusal.objects.filter(client_id="demo-rp").exclude(id__in=before)
    assert (row.cause, row.endpoint) == ("logout.unregistered", "/oidc/end-session")
