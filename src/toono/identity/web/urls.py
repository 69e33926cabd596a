"""Routes of identity, mounted at the root."""

from __future__ import annotations

from django.urls import path

from toono.identity.web import approvals, dan, machines, oidc, sign_in
from toono.identity.web.console import appointments, failures, figures, gains, parties, statements, support, trials

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
    # -- the console: systems of organisations, support of the platform
    path("identity/systems", parties.overview, name="parties"),
    path("identity/systems/choose", parties.choose, name="choose_party"),
    path("identity/systems/new", parties.new, name="new_party"),
    path("identity/systems/failures", failures.all_failures, name="all_failures"),
    path("identity/systems/figures", figures.figures, name="sign_on_figures"),
    path("identity/systems/changes/<uuid:change_id>", parties.party_change, name="party_change"),
    path("identity/systems/trial/callback", trials.callback, name="trial_callback"),
    path("identity/systems/trial/<uuid:run_id>", trials.trial, name="trial"),
    path("identity/systems/trial/<uuid:run_id>/ask", trials.ask, name="ask_in_trial"),
    path("identity/systems/statements", statements.statements, name="statements"),
    path("identity/systems/of/<path:client_id>", parties.party, name="party"),
    path("identity/systems/change/<path:client_id>", parties.change, name="change_party"),
    path("identity/systems/secret/<path:client_id>", parties.secret, name="party_secret"),
    path("identity/systems/secret-end/<path:client_id>", parties.end_secret, name="end_party_secret"),
    path("identity/systems/deactivate/<path:client_id>", parties.deactivate, name="deactivate_party"),
    path("identity/systems/reactivate/<path:client_id>", parties.reactivate, name="reactivate_party"),
    path("identity/systems/assign/<path:client_id>", parties.assign, name="assign_party"),
    path("identity/systems/failures-of/<path:client_id>", failures.failures, name="failures"),
    path("identity/systems/gains/<path:client_id>", gains.gains, name="gains"),
    path("identity/systems/try/<path:client_id>", trials.start, name="start_trial"),
    path("admin/identity/appointments", appointments.appointments, name="appointments"),
    path("admin/identity/support", support.search, name="support"),
    path("admin/identity/support/<uuid:look_id>", support.account, name="account"),
    path("admin/identity/support/<uuid:look_id>/act", support.act, name="act"),
    path("admin/identity/phones", support.phones, name="phones"),
    path("identity/looks", support.looks, name="looks"),
]
