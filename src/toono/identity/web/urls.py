"""Routes of identity, mounted at the root."""

from __future__ import annotations

from django.urls import path

from toono.identity.web import approvals, dan, machines, oidc, sign_in

app_name = "identity"

urlpatterns = [
    path(".well-known/openid-configuration", oidc.openid_configuration, name="openid_configuration"),
    path(".well-known/oauth-authorization-server", oidc.openid_configuration, name="oauth_metadata"),
    path("oidc/authorize", oidc.authorize, name="authorize"),
    path("oidc/authorize/<uuid:flow_id>", oidc.resume, name="resume"),
    path("oidc/jwks", oidc.jwks, name="jwks"),
    path("oidc/token", machines.machine, name="token"),
    path("oidc/par", machines.machine, name="par"),
    path("oidc/introspect", machines.machine, name="introspect"),
    path("oidc/revoke", machines.machine, name="revoke"),
    path("oidc/device-authorization", machines.machine, name="device_authorization"),
    path("oidc/backchannel-authentication", machines.machine, name="backchannel_authentication"),
    path("oidc/userinfo", machines.userinfo, name="userinfo"),
    path("oidc/register", machines.register, name="register"),
    path("oidc/register/<str:client_id>", machines.managed, name="managed"),
    path("oidc/inner/logout-notice/<uuid:delivery_id>", machines.logout_notice, name="logout_notice"),
    path("oauth2/authorize", dan.authorize, name="dan_authorize"),
    path("login", dan.authorize, name="dan_login"),
    path("oauth2/token", dan.token, name="dan_token"),
    path("oauth2/api/v1/service", dan.service, name="dan_service"),
    path("oidc/end-session", oidc.end_session, name="end_session"),
    path("oidc/end-session/confirm", oidc.confirm_end_session, name="confirm_end_session"),
    path("identity/consent", oidc.consent, name="consent"),
    path("identity/sign-in", sign_in.sign_in, name="sign_in"),
    path("identity/code", sign_in.code, name="code"),
    path("identity/new-code", sign_in.new_code, name="new_code"),
    path("identity/sessions", sign_in.sessions, name="sessions"),
    path("identity/device", approvals.device, name="device"),
    path("identity/requests", approvals.requests, name="requests"),
    path("identity/requests/decide", approvals.decide, name="decide"),
    path("identity/connections", approvals.connections, name="connections"),
]
