"""What an organisation may settle itself, and what the platform must look at first.

A client for trials learns of a person nothing but a random name, so it needs nobody's word. A client that works is looked at when it begins and
whenever it is to get more, or at another place; keys, and everything by which it gets less or is held to more, are the organisation's own affair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from toono.identity.contracts import PartyKind as Kind
from toono.identity.domain.oidc.storage import BY_CERTIFICATE, BY_KEY, BY_NOTHING, Client, Profile

TEST_SCOPES = frozenset({"openid", "offline_access"})


def kind_of(client: Client) -> Kind:
    if client.dan_operations:
        return Kind.DAN
    if "authorization_code" not in client.grant_types and "client_credentials" in client.grant_types:
        return Kind.MACHINE
    return Kind.NATIVE if client.token_endpoint_auth_method == BY_NOTHING else Kind.WEB


Rule = tuple[str, Callable[[Client], bool]]

TEST_FAULTS: tuple[Rule, ...] = (
    ("scope", lambda c: not c.scopes <= TEST_SCOPES),
    ("subject_type", lambda c: bool(c.redirect_uris) and c.subject_type != "pairwise"),
    ("dan_operations", lambda c: bool(c.dan_operations)),
    ("resources", lambda c: bool(c.resources or c.may_act_for or c.authorization_details_types)),
    ("grant_types", lambda c: not c.grant_types <= {"authorization_code", "refresh_token", "client_credentials"}),
    ("require_pkce", lambda c: not c.require_pkce),
    ("backchannel_logout_uri", lambda c: bool(c.backchannel_logout_uri or c.backchannel_client_notification_endpoint)),
)
"""What a client for trials may not have: more than a random name of whoever signs in, addresses that the platform would call, an exception that the platform alone gives."""


def beyond_test(client: Client) -> list[str]:
    """Members by which the registration is more than one for trials."""
    return [name for name, over in TEST_FAULTS if over(client)]


def _strength(client: Client) -> int:
    return {BY_NOTHING: 0, BY_KEY: 2, BY_CERTIFICATE: 2}.get(client.token_endpoint_auth_method, 1)


_SETS = ("redirect_uris", "post_logout_redirect_uris", "scopes", "grant_types", "resources", "authorization_details_types", "may_act_for", "dan_operations")  # fmt: skip
_GUARDS = (
    "require_pushed_authorization_requests", "require_signed_request_object", "dpop_bound_access_tokens",
    "tls_client_certificate_bound_access_tokens", "userinfo_encrypted_response_alg", "id_token_encrypted_response_alg", "require_pkce",
)  # fmt: skip
_TEXTS = ("name_mn", "name_en", "backchannel_logout_uri", "backchannel_client_notification_endpoint", "backchannel_token_delivery_mode", "jwks_uri")  # fmt: skip


def widened(before: Client, after: Client) -> list[str]:
    """Members by which ``after`` may more than ``before``, goes elsewhere, is held to less, or calls itself otherwise; empty: no approval is needed."""
    found = [name for name in _SETS if set(getattr(after, name)) - set(getattr(before, name))]
    found += [name for name in _GUARDS if getattr(before, name) and not getattr(after, name)]
    found += [name for name in _TEXTS if getattr(after, name, "") != getattr(before, name, "")]
    if before.profile is Profile.FAPI2 and after.profile is not Profile.FAPI2:
        found.append("profile")
    if before.subject_type == "pairwise" and after.subject_type != "pairwise":
        found.append("subject_type")
    if _strength(after) < _strength(before):
        found.append("token_endpoint_auth_method")
    return found


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[str]:
    """Members of the metadata that differ, by name."""
    old, new = before or {}, after or {}
    return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))


def merged(standing: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What was wished upon ``before``, laid over what stands by now: keys that changed meanwhile stay as they are."""
    found = dict(standing)
    for name in differences(before, after):
        if name in after:
            found[name] = after[name]
        else:
            found.pop(name, None)
    return found
