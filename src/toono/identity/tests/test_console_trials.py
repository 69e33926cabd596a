"""The built-in test client, and the figures: a whole flow of a registration through real pages, with a twin that leaves nothing behind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey

from toono.identity.contracts import PartyKind, PartyStage, TrialFlow
from toono.identity.errors import TrialOver
from toono.identity.tests.flows import Late, api, models
from toono.identity.tests.test_console_parties import appointed, codes, keeper, platform, register, working  # noqa: F401 - fixtures
from toono.kernel import clock
from toono.kernel.actor import Actor, Role
from toono.kernel.errors import NotAllowed

trial_runs = Late("toono.identity.operations.trial_runs")
sign_on = Late("toono.identity.operations.sign_on")
DEVICE, CIBA = "urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba"


@pytest.fixture
def signed(stack, keeper):  # noqa: F811
    """The representative at a browser, signed in."""
    from toono.entry.person import Person

    row = models.Person.objects.get(id=keeper.person_id)
    person = Person(stack.base_url, sms=lambda: stack.sms(row.phone))
    person.sign_in(row.regnum)
    return person


def run(signed, client_id, *items):
    """Start it on the client's page, agree to ``items`` where asked, and come back to the steps."""
    signed.open(f"/identity/systems/of/{client_id}")
    signed.press("Туршиж үзэх")
    return go_on(signed, *items)


def go_on(signed, *items):
    signed.follow("Нэвтрэх хуудас руу")
    if signed.page.xpath("//input[@name='item']"):
        form = signed.form(field="item")
        data = dict(form.form_values()) | {"do": "agree", "item": list(items)}
        signed._look(signed.client.post(str(signed.answer.url), data=data, headers={"Referer": str(signed.answer.url)}))
    return signed.text


def test_a_whole_flow_with_names_is_shown_step_by_step(keeper, platform, codes, signed):  # noqa: F811
    found = working(keeper, platform, codes[0], scope="openid register")
    text = run(signed, found.client_id, "claim:given_name")
    assert "Бүх алхам амжилттай" in text and "given_name" in text
    row = models.TrialRun.objects.get(client_id=found.client_id)
    assert [step["name"] for step in row.steps] == ["authorize", "callback", "token", "id_token", "userinfo"]
    assert row.sealed == "" and not models.Client.objects.filter(twin_of=found.client_id).exists()
    assert all(grant.revoked_at for grant in models.Grant.objects.filter(client_id=row.twin_id))
    told = str(row.steps)
    assert "eyJ" not in told, "no token, and no part of one, is kept or shown"


def test_a_flow_with_the_name_that_ready_made_software_shows(keeper, platform, codes, signed):  # noqa: F811
    found = working(keeper, platform, codes[0], scope="openid profile")
    text = run(signed, found.client_id, "claim:name")
    row = models.TrialRun.objects.get(client_id=found.client_id)
    assert "Бүх алхам амжилттай" in text, row.steps
    assert row.steps[-1]["name"] == "userinfo" and set(row.steps[-1]["received"]) == {"sub", "name"}


def test_a_client_of_fapi_is_pushed_and_bound(keeper, platform, codes, signed):  # noqa: F811
    key = {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}
    found = working(
        keeper, platform, codes[0], token_endpoint_auth_method="private_key_jwt", jwks=key, profile="fapi2", dpop_bound_access_tokens=True,
        require_pushed_authorization_requests=True,
    )  # fmt: skip
    text = run(signed, found.client_id)
    row = models.TrialRun.objects.get(client_id=found.client_id)
    assert "Бүх алхам амжилттай" in text, row.steps
    assert row.steps[0]["name"] == "pushed" and row.steps[3]["received"]["token_type"] == "DPoP"


@pytest.mark.parametrize("changes", [
    {"token_endpoint_auth_method": "none", "scope": "openid offline_access", "grant_types": ["authorization_code", "refresh_token"]},
    {"token_endpoint_auth_method": "private_key_jwt", "require_signed_request_object": True, "userinfo_signed_response_alg": "ES256", "jwks": {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}},
    {"scope": "openid offline_access credential", "grant_types": ["authorization_code", "refresh_token"], "authorization_details_types": ["credential"], "id_token_encrypted_response_alg": "ECDH-ES", "jwks": {"keys": [ECKey.generate_key("P-256").as_dict(private=False) | {"use": "enc"}]}},
])  # fmt: skip
def test_an_application_and_a_client_that_signs_its_requests_are_tried_as_they_are(keeper, platform, codes, signed, changes):  # noqa: F811
    found = working(keeper, platform, codes[0], **changes)
    text = run(signed, found.client_id, "offline")
    assert "Бүх алхам амжилттай" in text, models.TrialRun.objects.get(client_id=found.client_id).steps


def test_a_client_of_dan_is_shown_its_array(keeper, platform, codes, signed):  # noqa: F811
    made = register(keeper, codes[0], kind=PartyKind.DAN, stage=PartyStage.PRODUCTION, dan_operations=["WS100125_checkCitizenRegnum"], subject_type="public")  # fmt: skip
    api.approve_party_change(actor=platform, change_id=made.change_id)
    signed.open(f"/identity/systems/of/{made.client_id}")
    signed.press("Туршиж үзэх")
    signed.follow("Нэвтрэх хуудас руу")
    regnum = models.Person.objects.get(id=keeper.person_id).regnum
    if "/sign-in" in signed.path:  # ДАН asks everybody anew
        before = len(signed.sms())
        signed.press(regnum=regnum)
        import re
        import time

        for _ in range(200):
            fresh = [m.group() for text in signed.sms()[before:] if (m := re.search(r"\b\d{6}\b", text))]
            if fresh:
                break
            time.sleep(0.1)
        signed.answer_only_field(fresh[-1])
    form = signed.form(field="item")
    signed._look(signed.client.post(str(signed.answer.url), data=dict(form.form_values()) | {"do": "agree", "item": ["operation:WS100125_checkCitizenRegnum"]}, headers={"Referer": str(signed.answer.url)}))  # fmt: skip
    row = models.TrialRun.objects.get(client_id=made.client_id)
    assert [step["name"] for step in row.steps] == ["authorize", "callback", "token", "service"], row.steps
    assert "citizen_loginType" in signed.text and "Бүх алхам амжилттай" in signed.text
    signed.open(f"/identity/systems/gains/{made.client_id}")
    assert made.client_id in signed.text and "https://hospital.gov.mn/cb" in signed.text


def test_a_machine_needs_no_person(keeper, codes):  # noqa: F811
    made = register(keeper, codes[0], kind=PartyKind.MACHINE)
    done = api.start_trial(actor=keeper, client_id=made.client_id)
    assert done.finished and next((s.name, s.good) for s in done.steps) == ("token", True)


@pytest.mark.parametrize("changes", [{}, {"backchannel_token_delivery_mode": "ping", "backchannel_client_notification_endpoint": "https://hospital.gov.mn/ping"}])  # fmt: skip
def test_an_approval_by_phone_is_tried_by_whoever_runs_the_trial(keeper, platform, codes, signed, changes):  # noqa: F811
    found = working(keeper, platform, codes[0], scope="openid register", grant_types=["authorization_code", CIBA], **changes)
    signed.open(f"/identity/systems/of/{found.client_id}")
    signed.press("Утсаар батлуулахыг турших")
    run = models.TrialRun.objects.get(client_id=found.client_id)
    signed.press("Хариулсан, үргэлжлүүлэх")
    assert "Та хараахан хариулаагүй байна" in signed.text
    signed.open("/identity/requests")
    signed.press("Зөвшөөрөх")
    signed.open(f"/identity/systems/trial/{run.id}")
    signed.press("Хариулсан, үргэлжлүүлэх")
    assert "Бүх алхам амжилттай" in signed.text and "given_name" in signed.text, models.TrialRun.objects.get(id=run.id).steps
    run.refresh_from_db()
    assert [step["name"] for step in run.steps] == ["ciba", "token", "id_token", "userinfo"]
    assert models.Person.objects.get(id=keeper.person_id).regnum not in str(run.steps) + signed.answer.text and "eyJ" not in str(run.steps)
    assert not models.Client.objects.filter(twin_of=found.client_id).exists()
    assert not models.Approval.objects.filter(client_id=run.twin_id).exists()
    signed.open("/identity/requests")
    assert signed.answer.status_code == 200


def test_a_device_is_tried_with_its_code(keeper, platform, codes, signed):  # noqa: F811
    found = working(keeper, platform, codes[0], grant_types=["authorization_code", DEVICE], token_endpoint_auth_method="none")
    signed.open(f"/identity/systems/of/{found.client_id}")
    signed.press("Төхөөрөмжийн урсгалыг турших")
    run = models.TrialRun.objects.get(client_id=found.client_id)
    code = run.steps[0]["received"]["user_code"]
    assert code in signed.text and run.steps[0]["received"]["device_code"].startswith("(")
    signed.open(f"/identity/device?user_code={code}")
    while "Зөвшөөрөх" not in signed.text:
        signed.press()
    signed.press("Зөвшөөрөх")
    signed.open(f"/identity/systems/trial/{run.id}")
    signed.press("Хариулсан, үргэлжлүүлэх")
    assert "Бүх алхам амжилттай" in signed.text, models.TrialRun.objects.get(id=run.id).steps


def test_a_refusal_on_the_other_page_ends_the_trial(keeper, platform, codes, signed):  # noqa: F811
    found = working(keeper, platform, codes[0], grant_types=["authorization_code", CIBA])
    begun = api.start_trial(actor=keeper, client_id=found.client_id, flow=TrialFlow.CIBA)
    signed.open("/identity/requests")
    signed.press("Татгалзах")
    done = api.ask_in_trial(actor=keeper, run_id=begun.id)
    assert done.finished and not done.steps[-1].good and done.steps[-1].received["error"] == "access_denied"
    assert api.ask_in_trial(actor=keeper, run_id=begun.id).steps == done.steps, "who presses twice reads the same"


def test_two_that_ask_at_once_take_the_tokens_once(keeper, platform, codes, signed):  # noqa: F811
    found = working(keeper, platform, codes[0], grant_types=["authorization_code", CIBA])
    begun = api.start_trial(actor=keeper, client_id=found.client_id, flow=TrialFlow.CIBA)
    signed.open("/identity/requests")
    signed.press("Зөвшөөрөх")

    def ask(_):
        from django.db import close_old_connections

        try:
            return api.ask_in_trial(actor=keeper, run_id=begun.id)
        finally:
            close_old_connections()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    assert all(one.finished and all(step.good for step in one.steps) for one in answers)
    assert [step["name"] for step in models.TrialRun.objects.get(id=begun.id).steps].count("token") == 1


def test_a_flow_that_is_not_registered_is_not_tried_and_a_trial_is_asked_by_its_person_in_its_time(keeper, platform, codes, sarnai):  # noqa: F811
    found = working(keeper, platform, codes[0], grant_types=["authorization_code", CIBA])
    with pytest.raises(NotAllowed):
        api.start_trial(actor=keeper, client_id=found.client_id, flow=TrialFlow.DEVICE)
    begun = api.start_trial(actor=keeper, client_id=found.client_id, flow=TrialFlow.CIBA)
    stranger = Actor(role=Role.REPRESENTATIVE, person_id=sarnai.person_id, organisation=codes[0])
    with pytest.raises(TrialOver):
        api.ask_in_trial(actor=stranger, run_id=begun.id)
    plain = api.start_trial(actor=keeper, client_id=found.client_id)
    with pytest.raises(TrialOver):
        api.ask_in_trial(actor=keeper, run_id=plain.id)
    with clock.at(clock.now() + timedelta(minutes=16)):
        with pytest.raises(TrialOver):
            api.ask_in_trial(actor=keeper, run_id=begun.id)
        trial_runs.remove_old()
    assert not models.Approval.objects.filter(client_id__startswith="trial-", person_id=keeper.person_id).exists()


def test_a_refusal_is_a_step_that_says_so(keeper, platform, codes, signed):  # noqa: F811
    found = working(keeper, platform, codes[0], scope="openid register")
    signed.open(f"/identity/systems/of/{found.client_id}")
    signed.press("Туршиж үзэх")
    signed.follow("Нэвтрэх хуудас руу")
    signed._look(signed.client.post(str(signed.answer.url), data=dict(signed.form(field="item").form_values()) | {"do": "refuse"}, headers={"Referer": str(signed.answer.url)}))  # fmt: skip
    assert "Дуустал явсангүй" in signed.text and "access_denied" in signed.text


def test_a_trial_is_its_persons_and_ends_once(keeper, codes, sarnai):  # noqa: F811
    made = register(keeper, codes[0])
    begun = api.start_trial(actor=keeper, client_id=made.client_id)
    row = models.TrialRun.objects.get(id=begun.id)
    stranger = Actor(role=Role.REPRESENTATIVE, person_id=sarnai.person_id, organisation=codes[0])
    with pytest.raises(TrialOver):
        api.trial(actor=stranger, run_id=begun.id)
    with pytest.raises(TrialOver):
        api.continue_trial(actor=stranger, query=f"code=x&state={row.id}.x")
    assert not api.continue_trial(actor=keeper, query=f"error=access_denied&state={row.id}.x").steps[-1].good
    with pytest.raises(TrialOver):
        api.continue_trial(actor=keeper, query=f"code=x&state={row.id}.x")
    for query in ("", "state=nonsense", "code=1", "response=a.b.c"):
        with pytest.raises(TrialOver):
            api.continue_trial(actor=keeper, query=query)


def test_an_answer_that_was_put_into_the_browser_is_not_taken(keeper, codes, stack):  # noqa: F811
    made = register(keeper, codes[0])
    begun = api.start_trial(actor=keeper, client_id=made.client_id)
    done = api.continue_trial(actor=keeper, query=f"code=stolen&iss={stack.base_url}&state={begun.id}.guessed")
    assert [(step.name, step.good) for step in done.steps] == [("authorize", True), ("callback", False)]


def test_a_twin_that_was_left_is_removed(keeper, codes):  # noqa: F811
    made = register(keeper, codes[0])
    api.start_trial(actor=keeper, client_id=made.client_id)
    assert models.Client.objects.filter(twin_of=made.client_id).count() == 1
    assert [p.client_id for p in api.parties(actor=keeper, limit=500).entries].count(made.client_id) == 1
    with clock.at(clock.now() + timedelta(minutes=16)):
        trial_runs.remove_old()
    assert not models.Client.objects.filter(twin_of=made.client_id).exists()


def test_nobody_tries_the_platforms_own_client(anu):
    with pytest.raises(NotAllowed):
        api.start_trial(actor=anu, client_id="portal")


# -- figures ---------------------------------------------------------------------------------------------------


def test_a_sign_in_is_counted_once_for_its_system_and_organisation(keeper, platform, codes):  # noqa: F811
    found = working(keeper, platform, codes[0])
    moment = clock.now()
    sign_on.count_sign_ins()
    for _ in range(3):
        models.Grant.objects.create(client_id=found.client_id, person_id=keeper.person_id, details={}, created_at=clock.now())
    sign_on.count_sign_ins()  # too fresh to be counted
    with clock.at(moment + timedelta(minutes=3)):
        sign_on.count_sign_ins()
        sign_on.count_sign_ins()
    today = moment.astimezone(clock.ULAANBAATAR).date()
    figures = api.sign_on_figures(since=today - timedelta(days=1), until=today, organisations=(codes[0],))
    assert next(one.count for one in figures.by_system if one.client_id == found.client_id) == 3
    assert figures.organisations == 1 and figures.systems >= 1 and figures.users > 0 and len(figures.days) == 2
    assert figures.sign_ins == sum(day.count for day in figures.days) == figures.by_organisation[0].count
    everybody = api.sign_on_figures(since=today, until=today)
    assert everybody.sign_ins >= 3 and everybody.organisations >= 1


def test_trials_are_no_sign_ins(keeper, platform, codes, signed):  # noqa: F811
    found = working(keeper, platform, codes[0])
    run(signed, found.client_id)
    twin = models.TrialRun.objects.get(client_id=found.client_id).twin_id
    with clock.at(clock.now() + timedelta(minutes=5)):
        sign_on.count_sign_ins()
    assert not models.SignInCount.objects.filter(client_id=twin).exists()
