"""Relying parties of organisations: what is settled at once, what the platform approves, and whose they are."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from toono.identity.contracts import MachineRequest, PartyKind, PartyStage, SignInRequired
from toono.identity.errors import (
    ChangedMeanwhile,
    ChangeOver,
    ChangeWaiting,
    ClientMetadataRefused,
    RequestRefused,
    SecondPersonNeeded,
    SecretsInUse,
)
from toono.identity.tests.flows import CHALLENGE, Late, api, models
from toono.kernel import clock
from toono.kernel.actor import Actor, Role
from toono.kernel.errors import NotAllowed, NotFound

parties = Late("toono.identity.operations.relying_parties")
audit = Late("toono.kernel.models")
WEB = {
    "client_name": "Эмнэлгийн цаг", "client_name#en": "Hospital hours", "redirect_uris": ["https://hospital.gov.mn/cb"], "scope": "openid",
    "token_endpoint_auth_method": "client_secret_post", "grant_types": ["authorization_code"], "subject_type": "pairwise",
}  # fmt: skip
MACHINE = {
    "client_name": "Тооцоо",
    "client_name#en": "Sums",
    "token_endpoint_auth_method": "client_secret_post",
    "grant_types": ["client_credentials"],
}


@pytest.fixture
def appointed(stack, fresh_person):
    """A person whom nobody knows yet, with one right."""

    def make(role: Role, organisation: str | None) -> Actor:
        regnum = fresh_person()["regnum"]
        from toono.identity.operations.registration import register_person
        from toono.kernel.clock import now

        person = register_person(regnum)
        models.Appointment.objects.create(person=person, role=role.value, organisation=organisation or "", appointed_at=now())
        return Actor(role=role, person_id=person.id, organisation=organisation)

    return make


@pytest.fixture
def codes(stack):
    """Codes of two organisations of the registry."""
    import toono.registry.api as registry

    return [o.code for o in registry.organisations()[:2]]


@pytest.fixture
def keeper(appointed, codes):
    """A representative of the first."""
    return appointed(Role.REPRESENTATIVE, codes[0])


@pytest.fixture
def platform(appointed):
    """Another administrator than Ану."""
    return appointed(Role.ADMINISTRATOR, None)


def register(actor, organisation, *, kind=PartyKind.WEB, stage=PartyStage.TEST, form_id=None, **changes):
    metadata = (MACHINE if kind is PartyKind.MACHINE else WEB) | changes
    return api.register_party(actor=actor, form_id=form_id or uuid4(), organisation=organisation, kind=kind, stage=stage, metadata=metadata)


def working(keeper, platform, organisation, **changes):
    made = register(keeper, organisation, stage=PartyStage.PRODUCTION, **changes)
    api.approve_party_change(actor=platform, change_id=made.change_id)
    return api.party(actor=keeper, client_id=made.client_id)


def tokens(client_id, secret, **more):
    form = urlencode({"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret} | more)
    return api.machine_answer(sent=MachineRequest(path="/oidc/token", form=form))


def introspected(made, token):
    form = urlencode({"client_id": made.client_id, "client_secret": made.client_secret, "token": token})
    return api.machine_answer(sent=MachineRequest(path="/oidc/introspect", form=form)).body


def ask(client_id, **changes):
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": WEB["redirect_uris"][0],
        "scope": "openid",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return api.authorization(query=urlencode(asked | changes), session_token=None, browser="b")


# -- trials and work -------------------------------------------------------------------------------------------


def test_a_client_for_trials_works_at_once_and_its_name_says_so(keeper, codes):
    made = register(keeper, codes[0], kind=PartyKind.MACHINE)
    assert not made.waits and tokens(made.client_id, made.client_secret).status == 200
    found = api.party(actor=keeper, client_id=made.client_id)
    assert found.name_mn == "Тооцоо (туршилт)" and found.stage is PartyStage.TEST
    assert made.client_secret not in json.dumps(list(models.Client.objects.filter(client_id=made.client_id).values()), default=str)


@pytest.mark.parametrize("more", [{"scope": "openid register"}, {"subject_type": "public"}, {"dan_operations": ["WS100101_getCitizenIDCardInfo"]}, {"backchannel_logout_uri": "https://hospital.gov.mn/out"}])  # fmt: skip
def test_a_client_for_trials_may_learn_of_nobody(keeper, codes, more):
    with pytest.raises(ClientMetadataRefused):
        register(keeper, codes[0], **more)


def test_the_exception_from_pkce_is_the_platforms_word_alone(keeper, platform, appointed, codes):
    """No client for trials has it, the organisation cannot give it to itself, and whoever wishes for it does not approve it."""
    with pytest.raises(ClientMetadataRefused, match="require_pkce"):
        register(keeper, codes[0], require_pkce=False)
    with pytest.raises(ClientMetadataRefused, match="prove itself"):
        register(keeper, codes[0], stage=PartyStage.PRODUCTION, require_pkce=False, token_endpoint_auth_method="none")
    known = working(keeper, platform, codes[0])
    bare = {"code_challenge": "", "code_challenge_method": "", "nonce": "n"}
    asked = api.change_party(
        actor=platform, client_id=known.client_id, version=known.version, metadata=known.metadata | {"require_pkce": False}
    )
    assert asked.waits and "code_challenge+is+missing" in ask(known.client_id, **bare).url
    for wrong, error in ((platform, SecondPersonNeeded), (keeper, NotAllowed)):
        with pytest.raises(error):
            api.approve_party_change(actor=wrong, change_id=asked.change_id)
    api.approve_party_change(actor=appointed(Role.ADMINISTRATOR, None), change_id=asked.change_id)
    assert isinstance(ask(known.client_id, **bare), SignInRequired)
    now = api.party(actor=keeper, client_id=known.client_id)
    left = {name: value for name, value in now.metadata.items() if name != "require_pkce"}
    assert not api.change_party(actor=keeper, client_id=known.client_id, version=now.version, metadata=left).waits
    assert "code_challenge+is+missing" in ask(known.client_id, **bare).url


def test_a_client_that_works_waits_for_the_platform(keeper, platform, codes):
    made = register(keeper, codes[0], stage=PartyStage.PRODUCTION, scope="openid register")
    assert made.waits and made.client_secret is None
    with pytest.raises(NotFound):
        api.party(actor=keeper, client_id=made.client_id)
    with pytest.raises(RequestRefused):
        ask(made.client_id)
    with pytest.raises(NotAllowed):
        api.approve_party_change(actor=keeper, change_id=made.change_id)
    api.approve_party_change(actor=platform, change_id=made.change_id)
    assert isinstance(ask(made.client_id), SignInRequired)
    with pytest.raises(ChangeOver):
        api.approve_party_change(actor=platform, change_id=made.change_id)


def test_before_its_secret_is_made_nobody_can_be_the_client(keeper, platform, codes):
    found = working(keeper, platform, codes[0], kind=PartyKind.MACHINE)
    assert not found.has_secret and tokens(found.client_id, "").status == 401
    secret = api.make_party_secret(actor=keeper, client_id=found.client_id)
    assert tokens(found.client_id, secret).status == 200 and tokens(found.client_id, "").status == 401


def test_an_administrator_does_not_approve_their_own_wish(anu, platform, codes):
    made = register(anu, codes[0], stage=PartyStage.PRODUCTION)
    with pytest.raises(SecondPersonNeeded):
        api.approve_party_change(actor=anu, change_id=made.change_id)
    api.approve_party_change(actor=platform, change_id=made.change_id)


def test_what_is_refused_never_comes_into_being(keeper, anu, codes):
    made = register(keeper, codes[0], stage=PartyStage.PRODUCTION)
    api.reject_party_change(actor=anu, change_id=made.change_id, reason="Хаяг өөр байгууллагынх")
    found = api.party_change(actor=keeper, change_id=made.change_id)
    assert (found.state, found.reason) == ("rejected", "Хаяг өөр байгууллагынх")
    assert not models.Client.objects.filter(client_id=made.client_id).exists()


def test_a_form_that_is_sent_twice_registers_once(keeper, codes):
    form_id = uuid4()
    first, second = register(keeper, codes[0], form_id=form_id), register(keeper, codes[0], form_id=form_id)
    assert first.client_id == second.client_id and first.client_secret and second.client_secret is None


def at_once(act, times=4):
    """What each of several gives who do the same at the same moment; an error in its place."""
    from django.db import connections

    def one(_):
        try:
            return act()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_a_double_click_registers_once_and_tells_the_secret_once(keeper, codes):
    form_id = uuid4()
    found = at_once(lambda: register(keeper, codes[0], form_id=form_id))
    assert len({one.client_id for one in found}) == 1 and sum(one.client_secret is not None for one in found) == 1
    assert models.Client.objects.filter(client_id=found[0].client_id).count() == 1


def test_of_two_who_approve_at_once_the_first_counts(keeper, platform, anu, codes):
    made = register(keeper, codes[0], stage=PartyStage.PRODUCTION)
    found = at_once(lambda: api.approve_party_change(actor=platform, change_id=made.change_id))
    assert sorted(type(one).__name__ for one in found) == ["ChangeOver"] * 3 + ["NoneType"]


# -- changes ---------------------------------------------------------------------------------------------------


def change(actor, found, **changes):
    metadata = {name: value for name, value in (found.metadata | changes).items() if value is not None}
    return api.change_party(actor=actor, client_id=found.client_id, version=found.version, metadata=metadata)


def test_another_address_waits_and_the_old_one_goes_on(keeper, platform, codes):
    found = working(keeper, platform, codes[0])
    made = change(keeper, found, redirect_uris=["https://hospital.gov.mn/new"])
    assert made.waits and api.party(actor=keeper, client_id=found.client_id).metadata == found.metadata
    with pytest.raises(RequestRefused):
        ask(found.client_id, redirect_uri="https://hospital.gov.mn/new")
    with pytest.raises(ChangeWaiting):
        change(keeper, found, scope="openid register")
    api.approve_party_change(actor=platform, change_id=made.change_id)
    assert isinstance(ask(found.client_id, redirect_uri="https://hospital.gov.mn/new"), SignInRequired)


def test_less_is_at_once(keeper, platform, codes):
    found = working(keeper, platform, codes[0], redirect_uris=["https://hospital.gov.mn/cb", "https://hospital.gov.mn/old"])
    assert not change(keeper, found, redirect_uris=["https://hospital.gov.mn/cb"]).waits
    with pytest.raises(RequestRefused):
        ask(found.client_id, redirect_uri="https://hospital.gov.mn/old")
    assert change(keeper, api.party(actor=keeper, client_id=found.client_id)) is None


def test_who_changes_what_another_changed_meanwhile_is_told(keeper, platform, codes):
    found = working(keeper, platform, codes[0])
    change(keeper, found, require_pushed_authorization_requests=True)
    with pytest.raises(ChangedMeanwhile):
        change(keeper, found, dpop_bound_access_tokens=True)


def test_keys_that_changed_while_a_wish_waited_stay(keeper, platform, codes):
    from joserfc.jwk import ECKey

    found = working(keeper, platform, codes[0])
    waits = change(keeper, found, scope="openid register")
    key = {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}
    assert not change(keeper, found, jwks=key).waits
    api.approve_party_change(actor=platform, change_id=waits.change_id)
    now = api.party(actor=keeper, client_id=found.client_id)
    assert now.metadata["scope"] == "openid register" and now.metadata["jwks"] == key


def test_the_history_tells_who_did_what_without_a_secret(keeper, platform, codes):
    found = working(keeper, platform, codes[0])
    secret = api.make_party_secret(actor=keeper, client_id=found.client_id)
    history = api.party_history(actor=keeper, client_id=found.client_id)
    assert [one.kind for one in history] == ["secret", "register"]
    assert secret not in "".join(one.model_dump_json() for one in history)
    actions = audit.AuditRecord.objects.filter(subject=f"client:{found.client_id}").values_list("action", flat=True)
    assert {"identity.party_register", "identity.party_in_force", "identity.party_secret"} <= set(actions)


# -- secrets ---------------------------------------------------------------------------------------------------


def test_while_a_secret_is_changed_both_are_good(keeper, codes):
    made = register(keeper, codes[0], kind=PartyKind.MACHINE)
    second = api.make_party_secret(actor=keeper, client_id=made.client_id)
    assert tokens(made.client_id, made.client_secret).status == 200 and tokens(made.client_id, second).status == 200
    with pytest.raises(SecretsInUse):
        api.make_party_secret(actor=keeper, client_id=made.client_id)
    api.end_former_party_secret(actor=keeper, client_id=made.client_id)
    assert tokens(made.client_id, made.client_secret).status == 401 and tokens(made.client_id, second).status == 200


def test_a_former_secret_ends_by_itself(keeper, codes):
    made = register(keeper, codes[0], kind=PartyKind.MACHINE)
    second = api.make_party_secret(actor=keeper, client_id=made.client_id)
    with clock.at(clock.now() + timedelta(days=31)):
        parties.end_old_secrets()
    assert tokens(made.client_id, made.client_secret).status == 401 and tokens(made.client_id, second).status == 200


def test_the_platform_does_not_learn_an_organisations_secret(keeper, anu, codes):
    made = register(keeper, codes[0])
    with pytest.raises(NotAllowed):
        api.make_party_secret(actor=anu, client_id=made.client_id)


# -- whose they are --------------------------------------------------------------------------------------------


def test_nobody_sees_or_touches_the_systems_of_another_organisation(keeper, appointed, codes):
    made = register(keeper, codes[0])
    other = appointed(Role.REPRESENTATIVE, codes[1])
    assert made.client_id not in [p.client_id for p in api.parties(actor=other, limit=500).entries]
    found = api.party(actor=keeper, client_id=made.client_id)
    for act in (
        lambda: api.party(actor=other, client_id=made.client_id),
        lambda: change(other, found, dpop_bound_access_tokens=True),
        lambda: api.make_party_secret(actor=other, client_id=made.client_id),
        lambda: api.deactivate_party(actor=other, client_id=made.client_id, reason=""),
        lambda: api.refusals(actor=other, client_id=made.client_id),
        lambda: api.start_trial(actor=other, client_id=made.client_id),
        lambda: api.party_change(actor=other, change_id=made.change_id),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(NotAllowed):
        register(other, codes[0])
    assert api.party_history(actor=other, client_id=made.client_id) == []


def test_a_citizen_or_officer_has_no_console(stack, sarnai, oyun):
    for actor in (sarnai, oyun):
        with pytest.raises(NotAllowed):
            api.parties(actor=actor)
        with pytest.raises(NotAllowed):
            api.waiting_changes(actor=actor)


def test_the_platforms_own_clients_are_not_changed_here(anu):
    found = api.party(actor=anu, client_id="portal")
    for act in (
        lambda: change(anu, found, scope="openid"),
        lambda: api.make_party_secret(actor=anu, client_id="portal"),
        lambda: api.deactivate_party(actor=anu, client_id="portal", reason=""),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_a_client_that_registered_itself_is_listed_and_given_to_its_organisation(anu, keeper, codes):
    bounds = {"grant_types": ["client_credentials"], "scope": "openid"}
    statement = api.software_statement(actor=anu, software_id=f"soft-{uuid4().hex[:8]}", client_name="Өөрөө бүртгүүлсэн", bounds=bounds)
    sent = {"software_statement": statement, "grant_types": ["client_credentials"], "response_types": []}
    made = api.register_by_statement(document=json.dumps(sent).encode())
    assert made.status == 201, made.body
    client_id = str(made.body["client_id"])
    found = next(p for p in api.parties(actor=anu, text=client_id).entries)
    assert found.by_itself and found.organisation == ""
    with pytest.raises(NotFound):
        api.party(actor=keeper, client_id=client_id)
    api.assign_party(actor=anu, client_id=client_id, organisation=codes[0])
    assert api.party(actor=keeper, client_id=client_id).has_secret
    with pytest.raises(NotAllowed):
        api.assign_party(actor=keeper, client_id=client_id, organisation=codes[1])


def test_a_statement_for_an_organisation_makes_the_system_theirs_at_once(platform, keeper, codes):
    bounds = {
        "grant_types": ["client_credentials"],
        "scope": "openid",
        "redirect_hosts": [],
        "authorization_details_types": ["toono_exchange"],
    }
    issued = api.issue_party_statement(actor=platform, organisation=codes[0], client_name="Тайлан", bounds=bounds)
    sent = {"software_statement": issued.text, "grant_types": ["client_credentials"], "response_types": [], "authorization_details_types": ["toono_exchange"]}  # fmt: skip
    made = api.register_by_statement(document=json.dumps(sent).encode())
    assert made.status == 201, made.body
    client_id, secret = str(made.body["client_id"]), str(made.body["client_secret"])
    found = api.party(actor=keeper, client_id=client_id)
    assert client_id.startswith(issued.software_id) and found.organisation == codes[0] and found.by_itself and found.has_secret
    assert tokens(client_id, secret).status == 200
    again = api.register_by_statement(document=json.dumps(sent).encode())
    assert again.body["error"] == "invalid_software_statement", "good once"
    told = audit.AuditRecord.objects.get(action="identity.register_client", subject=f"client:{client_id}")
    assert told.details["organisation"] == codes[0]


def test_a_statement_bounds_what_is_registered_with_it(platform, codes):
    bounds = {"grant_types": ["authorization_code"], "scope": "openid", "redirect_hosts": ["a.gov.mn"]}
    issued = api.issue_party_statement(actor=platform, organisation=codes[0], client_name="Цаг", bounds=bounds)
    good = {"software_statement": issued.text, "redirect_uris": ["https://a.gov.mn/cb"]}
    for changes in (
        {"redirect_uris": ["https://b.gov.mn/cb"]},
        {"scope": "openid register"},
        {"authorization_details_types": ["toono_exchange"]},
    ):
        refused = api.register_by_statement(document=json.dumps(good | changes).encode())
        assert refused.body["error"] == "unapproved_software_statement"
    forged = issued.text.split(".")
    for text in (".".join([forged[0], forged[1], forged[2][::-1]]), ".".join(forged[:2]), ""):
        refused = api.register_by_statement(document=json.dumps(good | {"software_statement": text}).encode())
        assert refused.body["error"] == "invalid_software_statement"
    assert api.register_by_statement(document=json.dumps(good).encode()).status == 201


@pytest.mark.parametrize("host", ["https://a.mn", "a.mn/x", "*.mn", "a.mn:8443", "а.мн", "a", ""])
def test_a_statement_names_hosts_and_nothing_else(platform, codes, host):
    with pytest.raises(ClientMetadataRefused):
        api.issue_party_statement(actor=platform, organisation=codes[0], client_name="Цаг", bounds={"redirect_hosts": [host]})


def test_only_an_administrator_issues_statements(keeper, codes):
    with pytest.raises(NotAllowed):
        api.issue_party_statement(actor=keeper, organisation=codes[0], client_name="Цаг", bounds={})


# -- off and on ------------------------------------------------------------------------------------------------


def test_a_client_that_is_switched_off_is_unknown_and_its_tokens_are_dead(keeper, codes):
    made = register(keeper, codes[0], kind=PartyKind.MACHINE)
    row = models.Client.objects.get(client_id=made.client_id)
    row.metadata["resources"] = [resource := "https://registers.example/api"]
    row.save(update_fields=["metadata"])
    token = tokens(made.client_id, made.client_secret).body["access_token"]
    signed = tokens(made.client_id, made.client_secret, resource=resource).body["access_token"]
    assert len(signed.split(".")) == 3 and introspected(made, token)["active"] and introspected(made, signed)["active"]
    api.deactivate_party(actor=keeper, client_id=made.client_id, reason="Дууссан")
    api.deactivate_party(actor=keeper, client_id=made.client_id, reason="Дахин")
    assert tokens(made.client_id, made.client_secret).status == 401
    api.reactivate_party(actor=keeper, client_id=made.client_id)
    assert introspected(made, token) == introspected(made, signed) == {"active": False}
    assert tokens(made.client_id, made.client_secret).status == 200


def test_what_the_platform_switched_off_the_organisation_does_not_switch_on(keeper, anu, codes):
    made = register(keeper, codes[0])
    api.deactivate_party(actor=anu, client_id=made.client_id, reason="Халдлага")
    with pytest.raises(NotAllowed):
        api.reactivate_party(actor=keeper, client_id=made.client_id)
    api.reactivate_party(actor=anu, client_id=made.client_id)
