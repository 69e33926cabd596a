"""What the provider says of itself: OpenID Connect Discovery 1.0 §3, RFC 8414, RFC 9207 §3.

Stricter than Discovery §3 in one thing, as FAPI 2.0 (§5.4) asks: id tokens are signed by ES256 only, RS256 is not offered.
"""

from __future__ import annotations

from toono.identity.domain.oidc.authorize import ASSURANCE_LEVELS
from toono.identity.domain.oidc.id_token import ALGORITHM
from toono.identity.domain.oidc.userinfo import REGISTER_CLAIMS, REGISTER_SCOPE


def metadata(issuer: str) -> dict[str, object]:
    """The document at ``/.well-known/openid-configuration``."""
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + "/oidc/authorize",
        "token_endpoint": issuer + "/oidc/token",
        "userinfo_endpoint": issuer + "/oidc/userinfo",
        "jwks_uri": issuer + "/oidc/jwks",
        "end_session_endpoint": issuer + "/oidc/end-session",
        "scopes_supported": ["openid", REGISTER_SCOPE],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "acr_values_supported": list(ASSURANCE_LEVELS),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash", *REGISTER_CLAIMS],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "ui_locales_supported": ["mn", "en"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
    }
