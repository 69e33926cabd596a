"""Rules of the console, without a database: causes of refusals, what needs approval, addresses, floods, and the form."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest

from toono.identity.contracts import PartyKind, PartyStage
from toono.identity.domain.console import addresses, bounds, causes, flood
from toono.identity.domain.oidc.storage import Client, Profile

ROOM = Path(__file__).resolve().parents[1]
CLIENT = Client(
    client_id="c", name_mn="Нэр", name_en="Name", redirect_uris=("https://a.mn/cb",), scopes=frozenset({"openid"}), secret_digest="x",
    token_endpoint_auth_method="client_secret_basic", subject_type="pairwise",
)  # fmt: skip


# -- causes ----------------------------------------------------------------------------------------------------


def _said() -> list[tuple[str, str]]:
    """Every refusal in the protocol's source whose error and sentence are plain texts."""
    found = []
    for path in [*(ROOM / "domain").rglob("*.py"), ROOM / "operations" / "clients.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if node.func.id in ("DirectRefusal", "RedirectRefusal") and len(texts) == 2:
                found.append((texts[0], texts[1]))
            elif node.func.id == "PageRefusal" and texts:
                found.append(("invalid_request", texts[0]))
    return found


def test_every_refusal_of_the_protocol_has_a_cause_of_its_own():
    said = _said()
    assert len(said) > 80
    assert [one for one in said if causes.cause_of(*one) == causes.OTHER] == []


def test_every_cause_is_told_in_words(stack):
    from toono.identity.web.console.words import CAUSES

    assert CAUSES.keys() == causes.NAMES


@pytest.mark.parametrize(
    ("error", "sentence", "cause"),
    [
        ("invalid_request", "redirect_uri is not registered", "redirect.unregistered"),
        ("invalid_request", "post_logout_redirect_uri is not registered", "logout.unregistered"),
        ("invalid_client", "unknown client or wrong secret", "client.unproven"),
        ("invalid_grant", "the code was used", "grant.used"),
        ("invalid_grant", "the token was used; all tokens of its family have ended", "grant.reused"),
        ("invalid_grant", "code_verifier does not match", "pkce.verifier"),
        ("invalid_grant", "redirect_uri differs from that of the authorization request", "redirect.differs"),
        ("invalid_client", "aud must be https://toono.mn", "assertion.audience"),
        ("invalid_dpop_proof", "the proof was used", "dpop.repeated"),
        ("203", "", "dan.no_access"),
        ("invalid_grant", "code_verifier has no counterpart: the request had no code_challenge", "pkce.verifier"),
        ("", "", "token.missing"),
        ("nonsense", "whatever", causes.OTHER),
    ],
)
def test_a_mistake_is_told_from_its_neighbour(error, sentence, cause):
    assert causes.cause_of(error, sentence) == cause


# -- what needs approval ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"redirect_uris": ("https://a.mn/cb", "https://b.mn/cb")}, "redirect_uris"),
        ({"scopes": frozenset({"openid", "register"})}, "scopes"),
        ({"scopes": frozenset({"openid", "profile"})}, "scopes"),
        ({"name_mn": "Банк"}, "name_mn"),
        ({"subject_type": "public"}, "subject_type"),
        ({"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method"),
        ({"backchannel_logout_uri": "https://a.mn/out"}, "backchannel_logout_uri"),
        ({"dan_operations": frozenset({"WS100101_getCitizenIDCardInfo"})}, "dan_operations"),
    ],
)
def test_what_gives_more_or_leads_elsewhere_needs_approval(change, member):
    assert bounds.widened(CLIENT, replace(CLIENT, **change)) == [member]


@pytest.mark.parametrize("change", [{"redirect_uris": ()}, {"scopes": frozenset()}, {"token_endpoint_auth_method": "private_key_jwt"}, {"profile": Profile.FAPI2}, {"jwks": ({"kid": "1"},)}, {"require_pushed_authorization_requests": True}])  # fmt: skip
def test_what_gives_less_and_what_changes_keys_does_not(change):
    assert bounds.widened(CLIENT, replace(CLIENT, **change)) == []


def test_leaving_a_guard_needs_approval():
    strict = replace(CLIENT, profile=Profile.FAPI2, dpop_bound_access_tokens=True)
    assert bounds.widened(strict, CLIENT) == ["dpop_bound_access_tokens", "profile"]


def test_a_client_for_trials_learns_nothing_of_a_person():
    assert bounds.beyond_test(CLIENT) == []
    assert bounds.beyond_test(replace(CLIENT, scopes=frozenset({"openid", "register"}))) == ["scope"]
    assert bounds.beyond_test(replace(CLIENT, scopes=frozenset({"openid", "profile"}))) == ["scope"]
    assert bounds.beyond_test(replace(CLIENT, subject_type="public")) == ["subject_type"]
    assert bounds.beyond_test(replace(CLIENT, backchannel_logout_uri="https://a.mn")) == ["backchannel_logout_uri"]


def test_an_approved_wish_leaves_what_changed_meanwhile():
    before, wished = {"scope": "openid", "jwks": 1}, {"scope": "openid register", "jwks": 1}
    assert bounds.merged({"scope": "openid", "jwks": 2}, before, wished) == {"scope": "openid register", "jwks": 2}
    assert bounds.merged({"a": 1, "b": 2}, {"a": 1}, {}) == {"b": 2}


# -- addresses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("https://a.mn/cb", ""), ("https://a.mn:8443/cb?x=1", ""), ("http://a.mn/cb", "https"), ("https://*.a.mn/cb", "pattern"),
        ("https://a.mn/cb#x", "fragment"), ("https://u:p@a.mn/", "user"), ("https://тест.мн/", "letters"), ("a.mn/cb", "whole"),
        ("https://a.mn/c b", "space"), ("http://localhost/cb", "localhost"), ("javascript:alert(1)", "whole"), ("https://a.mn:x/", "unreadable"),
        ("http://127.0.0.1/cb", "https"), ("https://[::1", "unreadable"), ("https://a.mn\\@b.mn/", "user"),
    ],
)  # fmt: skip
def test_an_address_is_refused_for_a_reason_that_can_be_said(address, fault):
    assert addresses.fault(address, loopback=False) == fault


def test_the_own_machine_may_do_without_tls_where_it_is_allowed():
    assert addresses.fault("http://127.0.0.1:5000/cb", loopback=True) == ""
    assert addresses.fault("http://10.0.0.1/cb", loopback=True) == "https"


def test_an_app_may_have_a_scheme_of_its_own():
    assert addresses.fault("com.example.app:/cb", loopback=True, app=True) == ""
    assert addresses.fault("com.example.app:/cb", loopback=True) == addresses.fault("javascript:/cb", loopback=True, app=True) == "whole"


# -- floods ----------------------------------------------------------------------------------------------------


def test_a_flood_is_summed_and_nothing_is_lost_by_it():
    meter: flood.Meter[str] = flood.Meter()
    written = sum(times for _ in range(1000) for _, times in meter.pass_on("a", second=1))
    assert written == flood.WRITES_PER_SECOND
    assert meter.pass_on("b", second=2) == [("b", 1), ("a", 1000 - flood.WRITES_PER_SECOND)]


def test_a_flood_of_different_ones_fills_no_memory():
    meter: flood.Meter[int] = flood.Meter()
    for number in range(flood.MOST_KEYS * 2):
        meter.pass_on(number, second=1)
    assert len(meter._held) == flood.MOST_KEYS


# -- the form --------------------------------------------------------------------------------------------------


@pytest.fixture
def post(stack):
    """A form that was sent, read as metadata; with the complaints by field."""
    from django.http import QueryDict

    from toono.identity.web.console import form as forms

    def send(kind=PartyKind.WEB, stage=PartyStage.PRODUCTION, standing=None, **fields):
        query = QueryDict(mutable=True)
        for name, value in ({"client_name": "Систем", "client_name_en": "System"} | fields).items():
            query.setlist(name, value if isinstance(value, list) else [value])
        form = forms.typed(query, kind, stage, standing)
        return forms.metadata_of(form), {e["href"][1:]: e["text"] for e in form.errors}, form

    return send


def test_a_form_becomes_metadata_that_may_be_registered(post):
    from toono.identity.domain.oidc import registration

    metadata, errors, _ = post(
        redirect_uris="https://a.gov.mn/cb\nhttps://a.gov.mn/cb2",
        scope=["register", "offline_access"],
        guards=["pairwise"],
        token_endpoint_auth_method="client_secret_basic",
    )
    assert errors == {}
    found = registration.client("x", metadata, secret_digest="y")
    assert found.scopes == {"openid", "register", "offline_access"} and found.grant_types == {"authorization_code", "refresh_token"}
    assert found.subject_type == "pairwise" and len(found.redirect_uris) == 2


def test_a_form_asks_for_the_name_and_drops_what_nobody_can_have(post):
    from toono.identity.web.console import form as forms

    standing = forms.prefilled(PartyKind.WEB, PartyStage.PRODUCTION, FULL | {"scope": "openid register email api"})
    plain = {f"{what}_encrypted_response_alg": "" for what in ("userinfo", "id_token")}
    fields = resent(standing) | {"scope": ["profile", "email"]} | plain
    metadata, errors, _ = post(standing=standing, **fields)
    assert errors == {} and metadata["scope"] == "openid profile api"


def test_the_line_with_the_wrong_address_is_named(post):
    _, errors, _ = post(redirect_uris="https://a.gov.mn/cb\nhttps://*.gov.mn/cb")
    assert errors["redirect_uris"].startswith("2 дүгээр мөр")


def test_a_private_key_is_refused_and_not_shown_again(post):
    from joserfc.jwk import ECKey

    key = ECKey.generate_key("P-256").as_dict(private=True)
    metadata, errors, form = post(
        redirect_uris="https://a.mn/cb", token_endpoint_auth_method="private_key_jwt", jwks=json.dumps({"keys": [key]})
    )
    assert metadata is None and "ХУВИЙН" in errors["jwks"] and form.single["jwks"] == ""


def test_fapi_switches_on_what_it_needs_and_refuses_a_secret(post):
    from joserfc.jwk import ECKey

    from toono.identity.domain.oidc import registration

    _, errors, _ = post(redirect_uris="https://a.mn/cb", guards=["fapi2"], token_endpoint_auth_method="client_secret_basic")
    assert "token_endpoint_auth_method" in errors
    key = json.dumps(ECKey.generate_key("P-256").as_dict(private=False))
    metadata, errors, _ = post(redirect_uris="https://a.mn/cb", guards=["fapi2"], token_endpoint_auth_method="private_key_jwt", jwks=key)
    assert errors == {} and registration.client("x", metadata).profile is Profile.FAPI2
    metadata, errors, _ = post(kind=PartyKind.MACHINE, guards=["fapi2"], token_endpoint_auth_method="private_key_jwt", jwks=key)
    assert errors == {} and registration.client("x", metadata).profile is Profile.FAPI2


def test_what_the_form_does_not_ask_stays_as_it_was(post):
    from toono.identity.web.console import form as forms

    known = {"client_name": "С", "redirect_uris": ["https://a.mn/cb"], "policy_uri": "https://a.mn/p", "logo_uri": "https://a.mn/l"}
    standing = forms.prefilled(PartyKind.WEB, PartyStage.PRODUCTION, known)
    metadata, errors, _ = post(standing=standing, redirect_uris="https://a.mn/cb")
    assert errors == {} and (metadata["policy_uri"], metadata["logo_uri"]) == ("https://a.mn/p", "https://a.mn/l")


def test_a_scope_that_the_form_does_not_offer_stays_where_it_was_and_comes_from_nowhere_else(post):
    from toono.identity.web.console import form as forms

    known = {"client_name": "С", "redirect_uris": ["https://a.mn/cb"], "scope": "openid api"}
    standing = forms.prefilled(PartyKind.WEB, PartyStage.PRODUCTION, known)
    metadata, _, _ = post(standing=standing, redirect_uris="https://a.mn/cb", scope=["offline_access"])
    assert metadata["scope"] == "openid offline_access api"
    metadata, _, _ = post(redirect_uris="https://a.mn/cb", scope=["offline_access", "api", "service"])
    assert metadata["scope"] == "openid offline_access"


def encryption_key(use="enc", curve="P-256"):
    from joserfc.jwk import ECKey

    return ECKey.generate_key(curve).as_dict(private=False) | {"use": use}


FULL = {
    "client_name": "Систем", "client_name#en": "System", "redirect_uris": ["https://a.mn/cb"], "scope": "openid register", "subject_type": "public",
    "grant_types": [
        "authorization_code", "urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ],
    "token_endpoint_auth_method": "client_secret_basic", "authorization_details_types": ["toono_exchange", "toono_signature"],
    "backchannel_token_delivery_mode": "ping", "backchannel_client_notification_endpoint": "https://a.mn/ping", "resources": ["https://a.mn/api"],
    "may_act_for": ["portal"], "id_token_signed_response_alg": "RS256", "userinfo_signed_response_alg": "RS256", "userinfo_encrypted_response_alg": "ECDH-ES",
    "userinfo_encrypted_response_enc": "A128GCM", "id_token_encrypted_response_alg": "ECDH-ES+A256KW", "id_token_encrypted_response_enc": "A256GCM",
    "require_pushed_authorization_requests": True,
}  # fmt: skip
"""Everything that the form asks of a system that works."""


def resent(form):
    """The fields as a browser sends them back, untouched."""
    return {name: value for name, value in {**form.single, **form.lists}.items() if value}


def test_a_whole_registration_goes_through_the_form_unchanged(post):
    from toono.identity.domain.oidc import registration
    from toono.identity.web.console import form as forms

    known = FULL | {"jwks": {"keys": [encryption_key()]}}
    standing = forms.prefilled(PartyKind.WEB, PartyStage.PRODUCTION, known)
    metadata, errors, _ = post(standing=standing, **resent(standing))
    assert errors == {} and metadata == known
    assert registration.client("x", metadata, secret_digest="y").may_act_for == {"portal"}


@pytest.mark.parametrize(("changes", "field"), [
    ({"backchannel_client_notification_endpoint": ""}, "backchannel_client_notification_endpoint"),
    ({"backchannel_client_notification_endpoint": "http://a.mn/ping"}, "backchannel_client_notification_endpoint"),
    ({"backchannel_client_notification_endpoint": "https://u:p@a.mn/"}, "backchannel_client_notification_endpoint"),
    ({"may_act_for": ""}, "may_act_for"),
    ({"may_act_for": "portal\nno-such-system"}, "may_act_for"),
    ({"resources": ""}, "resources"),
    ({"resources": "not an address"}, "resources"),
    ({"jwks": json.dumps(encryption_key(use="sig"))}, "jwks"),
    ({"userinfo_encrypted_response_alg": "RSA-OAEP-256"}, "jwks"),
    ({"id_token_encrypted_response_alg": "RSA-OAEP-256"}, "jwks"),
    ({"guards": ["fapi2"], "token_endpoint_auth_method": "private_key_jwt"}, "id_token_signed_response_alg"),
    ({"signing": ["service"], "guards": ["pairwise"]}, "guards"),
    ({"signing": ["credential"], "guards": ["dpop"]}, "guards"),
    ({"signing": ["details"], "guards": ["fapi2"], "token_endpoint_auth_method": "private_key_jwt"}, "guards"),
])  # fmt: skip
def test_a_wish_that_cannot_be_names_its_field(post, changes, field):
    from toono.identity.web.console import form as forms

    standing = forms.prefilled(PartyKind.WEB, PartyStage.PRODUCTION, FULL | {"jwks": {"keys": [encryption_key()]}})
    metadata, errors, _ = post(standing=standing, **resent(standing) | changes)
    assert metadata is None and field in errors


def test_what_was_unticked_leaves_with_all_that_hung_on_it(post):
    from toono.identity.web.console import form as forms

    standing = forms.prefilled(PartyKind.WEB, PartyStage.PRODUCTION, FULL | {"jwks": {"keys": [encryption_key()]}})
    sent = resent(standing) | {
        "grants": [],
        "authorization_details_types": [],
        "userinfo_encrypted_response_alg": "",
        "id_token_encrypted_response_alg": "",
        "resources": "",
    }
    metadata, errors, _ = post(standing=standing, **sent)
    gone = {
        "backchannel_token_delivery_mode", "backchannel_client_notification_endpoint", "may_act_for", "authorization_details_types", "resources",
        "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc", "id_token_encrypted_response_alg", "id_token_encrypted_response_enc",
    }  # fmt: skip
    assert errors == {} and not gone & metadata.keys() and metadata["grant_types"] == ["authorization_code"]


@pytest.mark.parametrize(("kind", "stage"), [(PartyKind.WEB, PartyStage.TEST), (PartyKind.NATIVE, PartyStage.PRODUCTION), (PartyKind.DAN, PartyStage.PRODUCTION)])  # fmt: skip
def test_a_form_that_was_bent_gives_no_more_than_its_kind_may_have(post, kind, stage):
    from toono.identity.web.console import form as forms

    sent = resent(forms.prefilled(PartyKind.WEB, PartyStage.PRODUCTION, FULL)) | {"operations": ["WS100125_checkCitizenRegnum"]}
    metadata, errors, _ = post(kind=kind, stage=stage, **sent)
    assert errors == {}
    assert not {"may_act_for", "backchannel_client_notification_endpoint", "userinfo_encrypted_response_alg"} & metadata.keys()
    if stage is PartyStage.TEST:
        found = replace(CLIENT, grant_types=frozenset(metadata["grant_types"]))
        assert "grant_types" in bounds.beyond_test(found), "what the form lets through, the rules of trials refuse"
    else:
        assert not {forms.CIBA, forms.EXCHANGE} & set(metadata.get("grant_types", []))


def test_the_exception_from_pkce_is_asked_for_in_the_fold_and_given_to_no_other_kind(post):
    from toono.identity.domain.oidc import registration
    from toono.identity.web.console import form as forms

    sent = {"redirect_uris": "https://a.mn/cb", "token_endpoint_auth_method": "client_secret_basic", "guards": ["nonce"]}
    metadata, errors, _ = post(**sent)
    assert errors == {} and metadata["require_pkce"] is False
    assert not registration.client("x", metadata, secret_digest="y").require_pkce
    standing = forms.prefilled(PartyKind.WEB, PartyStage.PRODUCTION, metadata)
    assert "nonce" in standing.lists["guards"]
    again, _, _ = post(standing=standing, **resent(standing))
    assert again == metadata
    left, _, _ = post(standing=standing, **resent(standing) | {"guards": []})
    assert "require_pkce" not in left
    for kind, stage in ((PartyKind.WEB, PartyStage.TEST), (PartyKind.NATIVE, PartyStage.PRODUCTION), (PartyKind.MACHINE, PartyStage.PRODUCTION), (PartyKind.DAN, PartyStage.PRODUCTION)):  # fmt: skip
        bent, errors, _ = post(kind=kind, stage=stage, **sent, operations=["WS100125_checkCitizenRegnum"])
        assert errors == {} and "require_pkce" not in bent, kind
    _, errors, _ = post(**sent | {"guards": ["nonce", "fapi2"]})
    assert "PKCE" in errors["guards"]


def test_signatures_are_asked_for_with_all_that_they_need(post):
    """The scope, the type of authorization_details and the address of the signing service, and the client may then ask (CSC API v2, §8.4.2)."""
    from toono.identity.domain.oidc import registration
    from toono.identity.web.console import form as forms
    from toono.kernel.settings import settings

    service, more = (
        settings().base_url + "/csc/v2",
        {"redirect_uris": "https://a.mn/cb", "token_endpoint_auth_method": "client_secret_basic"},
    )
    metadata, errors, _ = post(**more, signing=["service", "credential", "details"], resources="https://a.mn/api")
    assert errors == {} and metadata["scope"] == "openid service credential"
    found = registration.client("x", metadata, secret_digest="y")
    assert found.resources == {service, "https://a.mn/api"} and found.authorization_details_types == {"credential"}
    standing = forms.prefilled(PartyKind.WEB, PartyStage.PRODUCTION, metadata)
    again, errors, _ = post(standing=standing, **resent(standing))
    assert errors == {} and again == metadata
    without, errors, _ = post(standing=standing, **resent(standing) | {"signing": []})
    left = {name: value for name, value in metadata.items() if name != "authorization_details_types"}
    assert errors == {} and without == left | {"scope": "openid", "resources": ["https://a.mn/api"]}
    assert bounds.widened(registration.client("x", without, secret_digest="y"), found)
    native, errors, _ = post(kind=PartyKind.NATIVE, redirect_uris="http://127.0.0.1/cb", signing=["service"])
    assert errors == {} and native["resources"] == [service] and native["scope"] == "openid service"
    for kind, stage in ((PartyKind.MACHINE, PartyStage.PRODUCTION), (PartyKind.WEB, PartyStage.TEST)):
        bent, errors, _ = post(kind=kind, stage=stage, **more, signing=["service", "credential", "details"])
        assert errors == {} and service not in str(bent) and "credential" not in bent.get("scope", "")


@pytest.mark.parametrize("member", ["may_act_for", "authorization_details_types", "resources", "grant_types"])
def test_each_of_these_rights_waits_for_the_platform(member):
    assert bounds.widened(CLIENT, replace(CLIENT, **{member: getattr(CLIENT, member) | {"more"}})) == [member]
