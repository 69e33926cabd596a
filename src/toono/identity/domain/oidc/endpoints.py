"""Where the provider answers: one table for discovery, its description as OpenAPI, and the audience of a client's assertion."""

from __future__ import annotations

ENDPOINTS = {
    "authorization_endpoint": "/oidc/authorize",
    "token_endpoint": "/oidc/token",
    "userinfo_endpoint": "/oidc/userinfo",
    "jwks_uri": "/oidc/jwks",
    "end_session_endpoint": "/oidc/end-session",
    "pushed_authorization_request_endpoint": "/oidc/par",
    "introspection_endpoint": "/oidc/introspect",
    "revocation_endpoint": "/oidc/revoke",
    "device_authorization_endpoint": "/oidc/device-authorization",
    "backchannel_authentication_endpoint": "/oidc/backchannel-authentication",
    "registration_endpoint": "/oidc/register",
}
"""Paths below the issuer, by their names in the metadata (RFC 8414 §2)."""
AUTHENTICATING = (
    "token_endpoint", "pushed_authorization_request_endpoint", "introspection_endpoint", "revocation_endpoint", "device_authorization_endpoint",
    "backchannel_authentication_endpoint",
)  # fmt: skip
"""Those at which clients authenticate."""
