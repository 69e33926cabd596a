"""What the provider says of itself: OpenID Connect Discovery 1.0 §3, RFC 8414, RFC 9207 §3, and the documents of each extension. Exactly what is on.

Id tokens and userinfo are signed by ES256, and by RS256 for clients that ask for it (Discovery §3: it "MUST be included"); everything else by ES256 alone (FAPI 2.0 §5.4).
"""

from __future__ import annotations

from toono.identity.domain.oidc import authorization_details, client_keys, encryption
from toono.identity.domain.oidc.authorize import ASSURANCE_LEVELS, RESPONSE_MODES
from toono.identity.domain.oidc.client_authentication import METHODS
from toono.identity.domain.oidc.endpoints import ENDPOINTS
from toono.identity.domain.oidc.storage import ES256, SIGNING
from toono.identity.domain.oidc.token import GRANTS
from toono.identity.domain.oidc.userinfo import CLAIMS, CLAIMS_BY_SCOPE, OFFLINE_SCOPE

BY_KEY = tuple(method for method in METHODS if method != "none")


def metadata(issuer: str) -> dict[str, object]:
    """The document at ``/.well-known/openid-configuration`` and ``/.well-known/oauth-authorization-server``."""
    signing = list(client_keys.ALGORITHMS)
    return {
        "issuer": issuer,
        **{name: issuer + path for name, path in ENDPOINTS.items()},
        "scopes_supported": ["openid", *CLAIMS_BY_SCOPE, OFFLINE_SCOPE],
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANTS),
        "acr_values_supported": list(ASSURANCE_LEVELS),
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": list(SIGNING),
        "id_token_encryption_alg_values_supported": list(encryption.ALGORITHMS),
        "id_token_encryption_enc_values_supported": list(encryption.ENCODINGS),
        "userinfo_signing_alg_values_supported": list(SIGNING),
        "userinfo_encryption_alg_values_supported": list(encryption.ALGORITHMS),
        "userinfo_encryption_enc_values_supported": list(encryption.ENCODINGS),
        "authorization_signing_alg_values_supported": [ES256],
        "introspection_signing_alg_values_supported": [ES256],
        "request_object_signing_alg_values_supported": signing,
        "token_endpoint_auth_methods_supported": list(METHODS),
        "token_endpoint_auth_signing_alg_values_supported": signing,
        "introspection_endpoint_auth_methods_supported": list(BY_KEY),
        "introspection_endpoint_auth_signing_alg_values_supported": signing,
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": signing,
        "dpop_signing_alg_values_supported": signing,
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash", *CLAIMS],
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "authorization_details_types_supported": list(authorization_details.TYPES),
        "tls_client_certificate_bound_access_tokens": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "backchannel_token_delivery_modes_supported": ["poll", "ping"],
        "backchannel_user_code_parameter_supported": False,
        "ui_locales_supported": ["mn", "en"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
    }
