"""Why a client was refused, as a stable code: the one who reads the console meets the same word for the same mistake.

The protocol says why in a sentence for developers (``error_description``); here that sentence is sorted into a cause. The first line that fits counts.
A sentence that no line knows falls to the cause of its ``error``, so that nothing goes unnamed.
"""

from __future__ import annotations

import re

UNKNOWN_CLIENT = "client.unknown"
DEACTIVATED = "client.deactivated"
OTHER = "other"

CAUSES: tuple[tuple[str, str, str], ...] = (
    # error (regular expression), sentence (regular expression), cause
    ("", r"^unknown client_id$|^unknown client, or one|^unknown client or wrong secret$", "client.unproven"),
    ("", r"^redirect_uri is not registered", "redirect.unregistered"),
    ("invalid_grant", r"redirect_uri differs", "redirect.differs"),
    ("", r"post_logout_redirect_uri is not registered", "logout.unregistered"),
    ("", r"id_token_hint|client_id differs from the audience", "hint.foreign"),
    ("", r"two methods at once|client_id differs from the authenticated", "client.two_ways"),
    ("", r"malformed Authorization header", "client.header"),
    ("", r"jwks_uri", "client.keys_unreachable"),
    ("invalid_client", r"aud must be", "assertion.audience"),
    ("invalid_client", r"assertion has expired|comes from the future|no number of seconds", "assertion.time"),
    ("invalid_client", r"jti is missing", "assertion.repeated"),
    ("invalid_client", r"client_assertion_type|iss, sub and client_id|is missing$", "assertion.shape"),
    ("invalid_client", r"introspect", "client.must_prove"),
    ("invalid_client", r"certificate", "client.certificate"),
    ("invalid_client", r"", "assertion.signature"),
    ("", r"repeat|^repeated:|shown twice", "request.repeated"),
    ("", r"no form, or too long|no form, too long|no JSON object, or too long|send a form|send JSON", "request.unreadable"),
    ("", r"requests must be pushed", "request.must_be_pushed"),
    ("", r"requests must be signed", "request.must_be_signed"),
    ("", r"request_uri (is unknown|was used)", "request.pushed_over"),
    ("", r"request_uri", "request.pushed_wrong"),
    ("invalid_request_object", r"", "request.object"),
    ("", r"registration is not supported", "request.registration"),
    ("", r"response_type|only code is supported", "request.response_type"),
    ("", r"response_mode", "request.response_mode"),
    ("", r"nonce .*without code_challenge", "pkce.nonce"),
    ("", r"code_verifier", "pkce.verifier"),
    ("", r"code_challenge", "pkce.challenge"),
    ("", r"scope must contain openid", "scope.openid"),
    ("", r"scope is not base64|scope must be a list|services must be|wsdl must be|params must hold", "dan.scope"),
    ("", r"not registered for one of the services", "dan.operation"),
    ("", r"no client of this kind|token is not for this service", "dan.kind"),
    ("invalid_scope", r"", "scope.more"),
    ("invalid_target", r"", "resource.unregistered"),
    ("invalid_authorization_details", r"", "details.wrong"),
    ("", r"needs authorization_details", "details.wrong"),
    ("", r"prompt is unknown|max_age must be|claims|acr must be|sub must be|grant_type is missing|is missing$", "request.parameter"),
    ("unmet_authentication_requirements", r"", "acr.unreachable"),
    ("use_dpop_nonce", r"", "dpop.nonce"),
    ("invalid_dpop_proof", r"proof was used", "dpop.repeated"),
    ("invalid_dpop_proof", r"iat is not now", "dpop.time"),
    ("", r"bound by DPoP|bound to another key|dpop_jkt names another|FAPI 2.0 gives no bearer", "dpop.key"),
    ("", r"dpop_jkt is no thumbprint", "dpop.proof"),
    ("invalid_dpop_proof", r"", "dpop.proof"),
    ("", r"bound to (its|another) certificate", "client.certificate"),
    ("invalid_grant", r"code was used|^it was used", "grant.used"),
    ("invalid_grant", r"family have ended", "grant.reused"),
    ("", r"code has expired|token has ended|what was allowed has ended|^the time is over|is unknown or has ended", "grant.over"),
    ("invalid_grant", r"unknown", "grant.unknown"),
    ("invalid_grant", r"", "grant.over"),
    ("unsupported_grant_type", r"", "grant.unsupported"),
    ("unauthorized_client", r"", "grant.unregistered"),
    ("access_denied", r"represents no organisation", "person.no_organisation"),
    ("access_denied", r"", "person.refused"),
    ("login_required|interaction_required", r"", "person.not_signed_in"),
    ("consent_required", r"", "person.not_asked"),
    ("unknown_user_id", r"", "person.unknown"),
    ("slow_down", r"", "poll.too_fast"),
    ("authorization_pending", r"", "poll.pending"),
    ("expired_token", r"", "grant.over"),
    ("invalid_token", r"no token", "token.missing"),
    ("invalid_token", r"", "token.over"),
    ("insufficient_scope", r"", "token.scope"),
    ("invalid_binding_message", r"", "ciba.request"),
    ("", r"hint must say|login_hint|notification_token|requested_expiry", "ciba.request"),
    ("", r"act on|already act|access tokens are exchanged|actor_token|subject_token", "exchange.wrong"),
    ("invalid_software_statement|unapproved_software_statement", r"", "statement.wrong"),
    ("invalid_redirect_uri", r"", "registration.address"),
    ("invalid_client_metadata", r"", "registration.metadata"),
    ("203", r"", "dan.no_access"),
    ("801|802", r"", "dan.not_connected"),
    ("3", r"", "dan.wsdl"),
    ("(?:)", r"^$", "token.missing"),  # no word at all: RFC 6750 §3.1
)  # fmt: skip
NORMAL = frozenset({"poll.pending", "dpop.nonce"})
"""Answers by which a client that does everything right goes on; not written down."""
_TABLE = tuple((re.compile(error or ".*"), re.compile(sentence), cause) for error, sentence, cause in CAUSES)
NAMES = frozenset({cause for _, _, cause in CAUSES} | {UNKNOWN_CLIENT, DEACTIVATED, OTHER})


def cause_of(error: str, sentence: str) -> str:
    """The cause of a refusal.

    :param error: ``error`` of the answer, or ДАН's ``resultCode``.
    :param sentence: ``error_description``.
    """
    return next((cause for of_error, of_sentence, cause in _TABLE if of_error.fullmatch(error) and of_sentence.search(sentence)), OTHER)
