"""The log of refusals: in words, by cause, of the client's own, without a person or a secret; and no flood fills it."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from toono.identity.contracts import MachineRequest, PartyKind, PartyStage, Redirection
from toono.identity.errors import RequestRefused
from toono.identity.tests.flows import CHALLENGE, Late, api, models
from toono.identity.tests.test_console_parties import appointed, codes, keeper, platform, register, tokens  # noqa: F401 - fixtures
from toono.kernel import clock

failures = Late("toono.identity.operations.failures")


@pytest.fixture(autouse=True)
def calm(stack, monkeypatch):
    """Each test begins with a meter that has passed nothing on yet."""
    import toono.identity.operations.failures as module
    from toono.identity.domain.console.flood import Meter

    monkeypatch.setattr(module, "_meter", Meter())


@pytest.fixture
def client(keeper, codes):  # noqa: F811
    return register(keeper, codes[0], kind=PartyKind.MACHINE)


def causes(actor, client_id):
    return {(g.cause, g.endpoint): g.count for g in api.refusals(actor=actor, client_id=client_id).groups}


def test_a_wrong_secret_is_told_with_the_number_of_the_answer(keeper, client):  # noqa: F811
    answer = tokens(client.client_id, "wrong-secret-value")
    assert answer.status == 401 and len(answer.request_id) == 10
    log = api.refusals(actor=keeper, client_id=client.client_id, number=answer.request_id.lower())
    assert [(e.cause, e.endpoint) for e in log.entries] == [("client.unproven", "/oidc/token")]
    assert log.groups[0].count == 1
    kept = str(list(models.Refusal.objects.filter(client_id=client.client_id).values()))
    assert "wrong-secret-value" not in kept


def test_the_answer_bears_the_number_over_http(stack, keeper, client):  # noqa: F811
    found = stack.http.post(
        f"{stack.base_url}/oidc/token", data={"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": "no"}
    )
    number = found.headers["X-Request-Id"]
    assert api.refusals(actor=keeper, client_id=client.client_id, number=number).entries[0].cause == "client.unproven"


def test_a_refused_page_and_a_refused_redirect_are_told(keeper, codes):  # noqa: F811
    made = register(keeper, codes[0])
    asked = {"response_type": "code", "client_id": made.client_id, "redirect_uri": "https://hospital.gov.mn/cb", "scope": "openid"}
    with pytest.raises(RequestRefused):
        api.authorization(query=urlencode(asked | {"redirect_uri": "https://evil.mn/"}), session_token=None, browser="b")
    assert isinstance(api.authorization(query=urlencode(asked), session_token=None, browser="b"), Redirection)
    assert isinstance(api.authorization(query=urlencode(asked | {"response_mode": "jwt", "code_challenge": CHALLENGE, "code_challenge_method": "S256", "prompt": "none"}), session_token=None, browser="b"), Redirection)  # fmt: skip
    assert isinstance(api.authorization(query=urlencode(asked | {"response_mode": "form_post", "scope": "email", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}), session_token=None, browser="b"), Redirection)  # fmt: skip
    assert causes(keeper, made.client_id) == {
        ("redirect.unregistered", "/oidc/authorize"): 1, ("pkce.challenge", "/oidc/authorize"): 1, ("person.not_signed_in", "/oidc/authorize"): 1, ("scope.openid", "/oidc/authorize"): 1,
    }  # fmt: skip


def test_a_client_of_dan_is_told_too(keeper, platform, codes):  # noqa: F811
    made = register(keeper, codes[0], kind=PartyKind.DAN, stage=PartyStage.PRODUCTION, dan_operations=["WS100101_getCitizenIDCardInfo"], subject_type="public", grant_types=["authorization_code"])  # fmt: skip
    api.approve_party_change(actor=platform, change_id=made.change_id)
    assert "-" in made.client_id and len(made.client_id) == 49
    query = urlencode({"response_type": "code", "client_id": made.client_id, "redirect_uri": "https://hospital.gov.mn/cb", "scope": "!!"})
    assert isinstance(api.dan_authorization(query=query, browser="b"), Redirection)
    api.dan_token(
        parameters={"grant_type": "authorization_code", "client_id": made.client_id, "client_secret": "x", "code": "y"},
        repeated=(),
        authorization=None,
    )
    assert causes(keeper, made.client_id) == {("dan.scope", "/oauth2/authorize"): 1, ("client.unproven", "/oauth2/token"): 1}


def test_a_deactivated_client_is_told_that_it_is(keeper, client):  # noqa: F811
    api.deactivate_party(actor=keeper, client_id=client.client_id, reason="")
    tokens(client.client_id, client.client_secret)
    assert causes(keeper, client.client_id) == {("client.deactivated", "/oidc/token"): 1}


def test_names_that_nobody_registered_are_counted_and_not_kept(anu, keeper):  # noqa: F811
    name = f"made-up-{uuid4()}"
    tokens(name, "x")
    assert not models.RefusalCount.objects.filter(client_id=name).exists()
    everything = api.refusals(actor=anu, client_id=None)
    assert any(g.client_id == "" and g.cause == "client.unknown" for g in everything.groups)
    assert all(g.client_id for g in api.refusals(actor=keeper, client_id=None).groups)


def test_of_a_thousand_alike_few_are_kept_and_all_are_counted(keeper, client, monkeypatch):  # noqa: F811
    import toono.identity.operations.failures as module

    class Open:
        def pass_on(self, key, *, second):
            return [(key, 1)]

    monkeypatch.setattr(module, "_meter", Open())
    for _ in range(module.LIMITS.refusals_kept_each + 15):
        module.note(client.client_id, "/oidc/token", "invalid_client", "unknown client or wrong secret")
    assert causes(keeper, client.client_id) == {("client.unproven", "/oidc/token"): module.LIMITS.refusals_kept_each + 15}
    assert models.Refusal.objects.filter(client_id=client.client_id).count() == module.LIMITS.refusals_kept_each


def test_a_log_that_cannot_be_written_refuses_nobody_the_answer(keeper, client, monkeypatch):  # noqa: F811
    import toono.identity.operations.failures as module

    monkeypatch.setattr(module, "_WRITE", "SELECT * FROM no_such_table")
    assert tokens(client.client_id, "wrong").status == 401
    assert tokens(client.client_id, client.client_secret).status == 200


def test_what_is_normal_is_not_written_down(stack, client):
    failures.note(client.client_id, "/oidc/token", "authorization_pending", "")
    failures.note(client.client_id, "/oidc/token", "use_dpop_nonce", "use the nonce of this answer")
    assert not models.RefusalCount.objects.filter(client_id=client.client_id).exists()


def test_after_thirty_days_it_is_forgotten(client):
    tokens(client.client_id, "wrong")
    with clock.at(clock.now() + timedelta(days=32)):
        failures.remove_old()
    assert not models.Refusal.objects.filter(client_id=client.client_id).exists()
    assert not models.RefusalCount.objects.filter(client_id=client.client_id).exists()


def test_nonsense_in_place_of_a_client_is_no_fault(stack):
    for form, header in (
        ("client_assertion=a.b.c", None),
        ("client_id=%00", None),
        ("", "Basic ////"),
        ("", "Bearer x"),
        ("client_assertion=" + "e30." * 3, None),
    ):
        assert api.machine_answer(sent=MachineRequest(path="/oidc/token", form=form, authorization=header)).status >= 400
