"""FAPI 2.0 Security Profile (Final): what a registration must have to bear the profile. The endpoints then hold the client to it:

- pushed requests only (:func:`.authorize.request_comes_as_the_client_must_send_it`);
- tokens bound to a key, never bearer (:mod:`.binding`);
- the issuer as the one audience of client assertions (:mod:`.assertion`);
- refresh tokens that stay, since they are bound (:mod:`.refresh`).

Everything else of the profile (``S256`` alone, ``iss`` in answers, codes of a minute, ES256/PS256/EdDSA only, no query tokens) holds for everybody.
"""

from __future__ import annotations

from collections.abc import Callable

from toono.identity.domain.oidc.storage import BY_CERTIFICATE, BY_KEY, RS256, Client

Rule = tuple[str, Callable[[Client], bool]]

RULES: tuple[Rule, ...] = (
    (
        "§5.3.2.1-6: the client authenticates by private_key_jwt or by certificate",
        lambda c: c.token_endpoint_auth_method in (BY_KEY, BY_CERTIFICATE) and not c.secret_digest,
    ),
    (
        "§5.3.2.1-4: access tokens are bound by DPoP or to the certificate",
        lambda c: c.dpop_bound_access_tokens or c.tls_client_certificate_bound_access_tokens,
    ),
    ("§5.3.2.2-1: requests are pushed", lambda c: c.require_pushed_authorization_requests),
    ("§5.3.2.2-5: PKCE is required", lambda c: c.require_pkce),
    ("§5.4.1-2: nothing is signed by RS256", lambda c: RS256 not in (c.id_token_signed_response_alg, c.userinfo_signed_response_alg)),
    ("§5.3.2.2-8: redirect addresses are https", lambda c: all(uri.startswith("https://") for uri in c.redirect_uris)),
)


def faults(client: Client) -> list[str]:
    """Rules of the profile that the registration breaks; empty: it may bear the profile."""
    return [rule for rule, kept in RULES if not kept(client)]
