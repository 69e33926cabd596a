"""A client's registration: RFC 7591 §2 and OpenID Connect Dynamic Client Registration 1.0 §2, as a closed world, and its granting under a software statement (§2.3).

Whoever registers must show a statement signed by the platform: it names the organisation and bounds what may be registered. The same reading serves the
console, where an administrator is the one who bounds.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from toono.identity.domain.oidc import (
    authorization_code,
    authorization_details,
    device_grant,
    encryption,
    fapi,
    redirection,
    refresh,
    resources,
)
from toono.identity.domain.oidc.client_authentication import METHODS
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import BY_CERTIFICATE, BY_KEY, BY_NOTHING, ES256, PING, SIGNING, Client, Profile, Provider, digest
from toono.identity.domain.oidc.token import GRANTS
from toono.identity.domain.oidc.userinfo import UNSERVED_SCOPES
from toono.identity.limits import LIMITS
from toono.kernel.text import clean

STATEMENT_TYPE = "software-statement+jwt"
STATEMENT = "statement"
"""Kind under which it is remembered that a statement was used or taken back (:meth:`.storage.Storage.use_once`)."""
_LISTS = frozenset(
    {"redirect_uris", "post_logout_redirect_uris", "grant_types", "response_types", "resources", "authorization_details_types", "may_act_for", "dan_operations"}
)  # fmt: skip
_FLAGS = frozenset(
    {
        "require_pushed_authorization_requests", "require_signed_request_object", "dpop_bound_access_tokens",
        "tls_client_certificate_bound_access_tokens", "require_pkce",
    }
)  # fmt: skip
_TEXTS = frozenset(
    {
        "client_name", "client_name#en", "scope", "token_endpoint_auth_method", "subject_type", "sector_identifier_uri", "profile",
        "id_token_signed_response_alg", "authorization_signed_response_alg", "userinfo_signed_response_alg", "userinfo_encrypted_response_alg",
        "userinfo_encrypted_response_enc", "id_token_encrypted_response_alg", "id_token_encrypted_response_enc", "backchannel_logout_uri",
        "backchannel_token_delivery_mode",
        "backchannel_client_notification_endpoint", "tls_client_certificate_sha256", "client_uri", "logo_uri", "policy_uri", "tos_uri",
        "jwks_uri",
    }
)  # fmt: skip
_SIGNED = {"id_token_signed_response_alg": SIGNING, "userinfo_signed_response_alg": SIGNING, "authorization_signed_response_alg": (ES256,)}
_KEPT_ANYWAY = frozenset({"backchannel_logout_session_required"})
"""True or false without effect: ``sid`` stands in every notice of a sign-out (Back-Channel Logout §2.2)."""
FIELDS = _LISTS | _FLAGS | _KEPT_ANYWAY | _TEXTS | {"jwks"}
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "scope": "openid", "grant_types": ["authorization_code"], "token_endpoint_auth_method": "client_secret_basic", "subject_type": "public",
        "id_token_signed_response_alg": ES256, "authorization_signed_response_alg": ES256,
    }
)  # fmt: skip
"""What stands for a member that was not named: RFC 7591 §2, but ES256 where Registration §2 and JARM §3 have RS256. :func:`parsed` reads it, :func:`told` tells it."""
_CLIENT_ID = re.compile(r"[\x21-\x7e]{1,80}")
"""RFC 6749, appendix A.1, without the space."""
OF_ADMINISTRATORS = frozenset({"may_act_for", "dan_operations", "require_pkce"})
"""Never by a statement: they concern other organisations' tokens and registers, or what is asked of everybody."""
_KEYS = {"EC": ("P-256", ("kty", "crv", "x", "y")), "OKP": ("Ed25519", ("kty", "crv", "x")), "RSA": ("", ("kty", "n", "e"))}
_SETS = ("resources", "authorization_details_types", "may_act_for", "dan_operations")
_AS_THEY_ARE = (
    "backchannel_logout_uri", "backchannel_client_notification_endpoint", "backchannel_token_delivery_mode", "id_token_signed_response_alg",
    "userinfo_signed_response_alg", "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc", "id_token_encrypted_response_alg", "id_token_encrypted_response_enc", "jwks_uri",
)  # fmt: skip
_ADDRESSES = ("backchannel_logout_uri", "backchannel_client_notification_endpoint", "jwks_uri")


def invalid(description: str) -> DirectRefusal:
    return DirectRefusal("invalid_client_metadata", description)


# -- reading -------------------------------------------------------------------------------------------------------


def parsed(client_id: str, metadata: Mapping[str, Any], *, secret_digest: str = "") -> Client:
    """The client that checked metadata describe.

    :raises DirectRefusal: the shape is another.
    """
    _check_shape(metadata)
    metadata = {**DEFAULTS, **metadata}
    found = Client(
        client_id=client_id, secret_digest=secret_digest, name_mn=clean(metadata.get("client_name", client_id)),
        name_en=clean(metadata.get("client_name#en", metadata.get("client_name", client_id))),
        redirect_uris=tuple(metadata.get("redirect_uris", ())), post_logout_redirect_uris=tuple(metadata.get("post_logout_redirect_uris", ())),
        scopes=frozenset(metadata["scope"].split()) - UNSERVED_SCOPES,
        token_endpoint_auth_method=metadata["token_endpoint_auth_method"], grant_types=frozenset(metadata["grant_types"]), jwks=_keys(metadata.get("jwks")),
        certificate_sha256=metadata.get("tls_client_certificate_sha256", ""), profile=_profile(metadata.get("profile", "")),
        subject_type=metadata["subject_type"], sector=_sector(metadata),
    )  # fmt: skip
    sets: dict[str, Any] = {name: frozenset(metadata[name]) for name in _SETS if name in metadata}
    more: dict[str, Any] = sets | {name: metadata[name] for name in (*_FLAGS, *_AS_THEY_ARE) if name in metadata}
    return replace(found, **more)


def client(client_id: str, metadata: Mapping[str, Any], *, secret_digest: str = "", loopback: bool = False) -> Client:
    """The client that the metadata describe, if it may be registered.

    :param loopback: plain http on this machine may stand for https, in development.
    :raises DirectRefusal: ``invalid_redirect_uri`` or ``invalid_client_metadata``, saying which member is amiss.
    """
    if _CLIENT_ID.fullmatch(client_id) is None:
        raise invalid("client_id is 1 to 80 characters from ! to ~ of ASCII, no space")
    found = parsed(client_id, metadata, secret_digest=secret_digest)
    unserved = UNSERVED_SCOPES.intersection(str(metadata.get("scope", "")).split())
    if unserved:
        raise invalid(f"scope: {', '.join(sorted(unserved))} cannot be had here; names are in profile and register")
    _check_addresses(found, loopback)
    for fault, amiss in FAULTS:
        if amiss(found):
            raise invalid(fault)
    if found.profile is Profile.FAPI2 and fapi.faults(found):
        raise invalid("; ".join(fapi.faults(found)))
    return found


def _check_shape(metadata: Mapping[str, Any]) -> None:
    unknown = metadata.keys() - FIELDS
    if unknown:
        raise invalid(f"unknown members: {', '.join(sorted(map(str, unknown)))}")
    for name, value in metadata.items():
        if name in _LISTS and not (isinstance(value, list) and len(value) <= 50 and all(_is_text(one) for one in value)):
            raise invalid(f"{name} must be a list of texts")
        if name in _FLAGS | _KEPT_ANYWAY and not isinstance(value, bool):
            raise invalid(f"{name} must be true or false")
        if name in _TEXTS and not _is_text(value):
            raise invalid(f"{name} must be a text")
    for name, known in _SIGNED.items():
        if name in metadata and metadata[name] not in known:
            raise invalid(f"{name} is {' or '.join(known)}")
    if metadata.get("response_types", ["code"]) not in (["code"], []):
        raise invalid("response_types is code")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 500 and value.isprintable()


def _profile(value: str) -> Profile:
    try:
        return Profile(value)
    except ValueError:
        raise invalid("profile is fapi2 or left out") from None


def _sector(metadata: Mapping[str, Any]) -> str:
    """Core §8.1: the host of the redirect addresses; several hosts, or an app's own scheme, would be one sector by word of the platform only, so they are refused."""
    if metadata.get("subject_type") != "pairwise":
        return ""
    uris = metadata.get("redirect_uris", ())
    hosts = {_host(uri) for uri in uris}
    if len(hosts) != 1 or any(map(redirection.own_scheme, uris)):
        raise invalid("pairwise subjects need redirect_uris of exactly one host, and an app's own scheme has none")
    return hosts.pop()


def _host(uri: str) -> str:
    try:
        return urlsplit(uri).hostname or ""
    except ValueError:
        raise DirectRefusal("invalid_redirect_uri", "a redirect address cannot be read") from None


def _keys(jwks: Any) -> tuple[Mapping[str, Any], ...]:
    if jwks is None:
        return ()
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= 10:
        raise invalid("jwks must hold 1 to 10 keys")
    return tuple(_key(key) for key in keys)


def _key(key: Any) -> Mapping[str, Any]:
    """A public key on P-256 or Ed25519, or RSA of 2048 bits and more; nothing of a private one. Members that it need not have are ignored (RFC 7517 §4)."""
    kind = str(key.get("kty")) if isinstance(key, dict) else ""
    if kind not in _KEYS:
        raise invalid("a key must be EC, OKP or RSA")
    curve, members = _KEYS[kind]
    kept = {name: key[name] for name in (*members, "kid", "use") if name in key}
    if not all(isinstance(value, str) and value.isascii() and value.isprintable() for value in kept.values()):
        raise invalid("the members of a key must be plain texts")
    if {"d", "p", "q", "k"} & key.keys() or (curve and key.get("crv") != curve) or len(kept.get("n", "")) > 1400:
        raise invalid("a key must be public, on P-256 or Ed25519, or RSA")
    try:
        found = KeySet.import_key_set({"keys": [kept]}).keys[0]
        weak = isinstance(found, RSAKey) and found.public_key.key_size < 2048
    except (JoseError, ValueError, KeyError, TypeError):
        raise invalid("a key cannot be read") from None
    if weak or not isinstance(found, ECKey | RSAKey | OKPKey):
        raise invalid("an RSA key must have 2048 bits or more")
    return kept | {"kid": kept.get("kid", found.thumbprint())}


def usable_keys(document: Any) -> tuple[Mapping[str, Any], ...]:
    """Of a key set published at ``jwks_uri`` the keys that could be registered by value too; the first ten.

    :raises DirectRefusal: it is no key set.
    """
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise invalid("jwks_uri holds no key set")
    return tuple(found for key in keys[:50] if (found := _key_or_none(key)) is not None)[:10]


def _key_or_none(key: Any) -> Mapping[str, Any] | None:
    try:
        return _key(key)
    except DirectRefusal:
        return None


_ALLOWED = (
    "a redirect address is https without fragment, user or pattern; for a public client also http://127.0.0.1, http://[::1] "
    "or an own scheme with a dot (com.example.app:/path); never localhost (RFC 8252, 8.3)"
)


def _check_addresses(found: Client, loopback: bool) -> None:
    """RFC 9700 §2.1: to the letter, so no patterns; https, and for a native application its own machine or its own scheme (RFC 8252 §7)."""
    for uri in (*found.redirect_uris, *found.post_logout_redirect_uris):
        if not (_is_good(uri, loopback=loopback or found.public) or (found.public and redirection.own_scheme(uri))):
            raise DirectRefusal("invalid_redirect_uri", _ALLOWED)
    for name in _ADDRESSES:
        uri = getattr(found, name)
        if uri and not _is_good(uri, loopback=loopback):
            raise invalid(f"{name} must be https")
    if not all(resources.is_address(uri) for uri in found.resources):
        raise invalid("resources must be absolute addresses without fragment")


def _is_good(uri: str, *, loopback: bool) -> bool:
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    secure = parts.scheme == "https" or (loopback and parts.scheme == "http" and host in ("127.0.0.1", "::1"))
    return secure and bool(host) and "@" not in parts.netloc and not set('#*\\ "<>') & set(uri) and uri.isascii()


def _needs_keys(c: Client) -> bool:
    return not (c.jwks or c.jwks_uri) and (c.token_endpoint_auth_method == BY_KEY or c.require_signed_request_object)


FAULTS: tuple[tuple[str, Callable[[Client], bool]], ...] = (
    ("grant_types has an unknown one", lambda c: not c.grant_types <= GRANTS.keys() or not c.grant_types),
    ("redirect_uris is missing", lambda c: "authorization_code" in c.grant_types and not c.redirect_uris),
    ("token_endpoint_auth_method is unknown", lambda c: c.token_endpoint_auth_method not in METHODS),
    ("jwks is missing", _needs_keys),
    ("keys stand in jwks or at jwks_uri, not both", lambda c: bool(c.jwks and c.jwks_uri)),
    ("tls_client_certificate_sha256 is missing", lambda c: c.token_endpoint_auth_method == BY_CERTIFICATE and len(c.certificate_sha256) != 43),
    ("a client that cannot prove itself cannot act for itself", lambda c: c.token_endpoint_auth_method == BY_NOTHING and not c.grant_types <= {authorization_code.GRANT, refresh.GRANT, device_grant.GRANT}),
    ("a client without authentication has neither keys nor certificate", lambda c: c.token_endpoint_auth_method == BY_NOTHING and bool(c.jwks or c.jwks_uri or c.certificate_sha256)),
    ("require_pkce is false for a client that can prove itself only", lambda c: not c.require_pkce and c.public),
    ("subject_type is public or pairwise", lambda c: c.subject_type not in ("public", "pairwise")),
    ("authorization_details_types has an unknown one", lambda c: not c.authorization_details_types <= authorization_details.TYPES.keys()),
    ("userinfo_encrypted_response_alg is unknown, unsigned, or has no key", lambda c: bool(c.userinfo_encrypted_response_alg) and (not c.userinfo_signed_response_alg or not encryption.is_possible(c, c.userinfo_encrypted_response_alg))),
    ("userinfo_encrypted_response_enc is unknown, or stands without alg", lambda c: bool(c.userinfo_encrypted_response_enc) and (c.userinfo_encrypted_response_enc not in encryption.ENCODINGS or not c.userinfo_encrypted_response_alg)),
    ("id_token_encrypted_response_alg is unknown, or has no key", lambda c: bool(c.id_token_encrypted_response_alg) and not encryption.is_possible(c, c.id_token_encrypted_response_alg)),
    ("id_token_encrypted_response_enc is unknown, or stands without alg", lambda c: bool(c.id_token_encrypted_response_enc) and (c.id_token_encrypted_response_enc not in encryption.ENCODINGS or not c.id_token_encrypted_response_alg)),
    ("backchannel_token_delivery_mode is poll or ping", lambda c: c.backchannel_token_delivery_mode not in ("", "poll", PING)),
    ("backchannel_client_notification_endpoint is missing", lambda c: c.backchannel_token_delivery_mode == PING and not c.backchannel_client_notification_endpoint),
)  # fmt: skip
"""What may not be, in the words in which it is refused; in this order."""


# -- registering under a statement ---------------------------------------------------------------------------------

_BOUNDED_LISTS = ("grant_types", "resources", "authorization_details_types")


def register(*, provider: Provider, metadata: Mapping[str, Any], loopback: bool = False) -> dict[str, Any]:
    """A new client under a software statement; gives its credentials, once (RFC 7591 §3.2.1, RFC 7592 §3).

    Members that we do not know are left out of the registration (RFC 7591 §2), and the answer says what is registered.

    :raises DirectRefusal: ``invalid_software_statement``, ``unapproved_software_statement``, ``invalid_client_metadata``, ``invalid_redirect_uri``.
    """
    asked = _served({name: value for name, value in named(metadata).items() if name in FIELDS})
    statement = _statement(provider, metadata.get("software_statement"))
    if OF_ADMINISTRATORS & asked.keys():
        raise invalid("the platform alone gives this")
    whole = asked | {"client_name": statement["client_name"]}
    client_id, secret, manages = f"{statement['software_id']}-{provider.identifier()[-12:]}", provider.random(), provider.random()
    by_secret = has_secret(whole)
    found = client(client_id, whole, secret_digest=digest(secret) if by_secret else "", loopback=loopback)
    _check_bounds(found, statement)
    if not provider.storage.use_once(STATEMENT, str(statement["jti"]), provider.now + LIMITS.software_statement_lifetime):
        raise DirectRefusal("invalid_software_statement", "the statement was used or taken back")
    provider.storage.save_client(replace(found, registration_digest=digest(manages)), whole)
    credentials = {"client_secret": secret, "client_secret_expires_at": 0} if by_secret else {}
    issued = {"client_id_issued_at": int(provider.now.timestamp())}
    return information(issuer=provider.issuer, client_id=client_id, metadata=whole, manages=manages) | credentials | issued


def named(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The members that say something: ``null`` is as if the member were not there (RFC 7592 §2.2), and serialisers send it."""
    return {name: value for name, value in metadata.items() if value is not None}


def has_secret(metadata: Mapping[str, Any]) -> bool:
    """Whether a client so registered proves itself by a secret."""
    return str({**DEFAULTS, **metadata}["token_endpoint_auth_method"]).startswith("client_secret")


def told(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """All that is registered: what was asked for, and what we chose (RFC 7591 §3.2.1). ``response_types`` follow from the grants (§2.1)."""
    whole = {**DEFAULTS, **metadata}
    chosen = {
        f"{what}_encrypted_response_enc": encryption.ENCODINGS[0]
        for what in ("userinfo", "id_token")
        if f"{what}_encrypted_response_alg" in whole
    }
    return chosen | whole | {"response_types": ["code"] if authorization_code.GRANT in whole["grant_types"] else []}


def information(*, issuer: str, client_id: str, metadata: Mapping[str, Any], manages: str) -> dict[str, Any]:
    """What its owner is told of a registration (RFC 7592 §3).

    :param manages: the token by which it is managed: made just now, or shown.
    """
    return told(metadata) | {
        "client_id": client_id, "registration_access_token": manages, "registration_client_uri": f"{issuer}/oidc/register/{client_id}",
    }  # fmt: skip


def _served(metadata: dict[str, Any]) -> dict[str, Any]:
    """Without the scopes that nobody can have: many libraries register ``openid profile email``, and what is registered may be less (RFC 7591 §2)."""
    names = str(metadata.get("scope", "")).split()
    if not UNSERVED_SCOPES.intersection(names):
        return metadata
    kept = " ".join(name for name in names if name not in UNSERVED_SCOPES)
    return {name: value for name, value in metadata.items() if name != "scope"} | ({"scope": kept} if kept else {})


def check_manager(registration_digest: str, authorization: str | None) -> str:
    """The token that was shown, which is the one of this registration (RFC 7592 §2.1).

    :raises DirectRefusal: it is not.
    :param registration_digest: of the registration; empty: there is none, or it is managed by others.
    """
    scheme, _, shown = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not registration_digest or not hmac.compare_digest(digest(shown), registration_digest):
        raise DirectRefusal("invalid_token", "the token is not that of this registration", status=401, authenticate="Bearer")
    return shown


def _statement(provider: Provider, text: Any) -> dict[str, Any]:
    if not isinstance(text, str):
        raise DirectRefusal("invalid_software_statement", "software_statement is missing")
    try:
        decoded = jwt.decode(text, provider.keys(), algorithms=[ES256])
    except (JoseError, ValueError, TypeError):
        raise DirectRefusal("invalid_software_statement", "the statement is not signed by the platform") from None
    found = decoded.claims
    over = not isinstance(found.get("exp"), int) or provider.now.timestamp() > found["exp"]
    if decoded.header.get("typ") != STATEMENT_TYPE or found.get("iss") != provider.issuer or over:
        raise DirectRefusal("invalid_software_statement", "the statement is another's, or has expired")
    return dict(found)


def _check_bounds(found: Client, statement: Mapping[str, Any]) -> None:
    """The statement says the most that may be registered; an app's own scheme stands among its ``redirect_hosts`` to the letter, since it has no host."""
    hosts = set(statement.get("redirect_hosts", ()))
    addresses = (
        *found.redirect_uris,
        *found.post_logout_redirect_uris,
        *(getattr(found, name) for name in _ADDRESSES if getattr(found, name)),
    )
    beyond = [
        *(name for name in _BOUNDED_LISTS if not getattr(found, name) <= set(statement.get(name, ()))),
        *(["scope"] if not found.scopes <= set(str(statement.get("scope", "")).split()) else []),
        *(["redirect_uris"] if not {redirection.own_scheme(uri) or _host(uri) for uri in addresses} <= hosts else []),
        *(["profile"] if statement.get("profile") and found.profile != statement["profile"] else []),
    ]  # fmt: skip
    if beyond:
        raise DirectRefusal("unapproved_software_statement", f"more than the statement allows: {', '.join(beyond)}")


def statement_claims(
    *, issuer: str, issued: int, identifier: str, software_id: str, client_name: str, bounds: Mapping[str, Any]
) -> dict[str, Any]:
    """The claims of a statement.

    :param bounds: ``grant_types``, ``scope``, ``redirect_hosts`` (without port; an app's own scheme is one of them), ``resources``, ``authorization_details_types``,
        ``profile``.
    """
    seconds = int(LIMITS.software_statement_lifetime.total_seconds())
    return {
        "iss": issuer, "iat": issued, "exp": issued + seconds, "jti": identifier, "software_id": software_id, "client_name": client_name, **bounds,
    }  # fmt: skip
