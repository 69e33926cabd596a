"""Routes of identity, mounted at the root."""

from __future__ import annotations

from django.urls import path

from toono.identity.web import oidc, sign_in

app_name = "identity"

urlpatterns = [
    path(".well-known/openid-configuration", oidc.openid_configuration, name="openid_configuration"),
    path("oidc/authorize", oidc.authorize, name="authorize"),
    path("oidc/authorize/<uuid:flow_id>", oidc.resume, name="resume"),
    path("oidc/token", oidc.token, name="token"),
    path("oidc/jwks", oidc.jwks, name="jwks"),
    path("oidc/userinfo", oidc.userinfo, name="userinfo"),
    path("oidc/end-session", oidc.end_session, name="end_session"),
    path("oidc/end-session/confirm", oidc.confirm_end_session, name="confirm_end_session"),
    path("identity/sign-in", sign_in.sign_in, name="sign_in"),
    path("identity/code", sign_in.code, name="code"),
    path("identity/new-code", sign_in.new_code, name="new_code"),
    path("identity/sessions", sign_in.sessions, name="sessions"),
]
