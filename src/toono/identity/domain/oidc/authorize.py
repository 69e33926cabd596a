"""The authorization endpoint: OpenID Connect Core 1.0 §3.1.2, RFC 6749 §4.1.1, RFC 9207 (``iss`` in every answer), JARM.

The request may be pushed before (RFC 9126, :mod:`.pushed`) or signed (RFC 9101, :mod:`.request_object`); from then on only what was pushed or signed counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from toono.identity.domain.oidc import authorization_details, claims_request, consent, credential, pkce, request_object, resources, subjects
from toono.identity.domain.oidc.authorization_details import Details
from toono.identity.domain.oidc.claims_request import ClaimsRequest
from toono.identity.domain.oidc.id_token import read_hint
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.redirection import is_registered, with_parameters
from toono.identity.domain.oidc.refusals import PageRefusal, RedirectRefusal
from toono.identity.domain.oidc.storage import Client, Code, Grant, Profile, Provider, Session, digest
from toono.identity.domain.oidc.userinfo import OFFLINE_SCOPE, claims_of
from toono.identity.limits import LIMITS

ASSURANCE_LEVELS = ("substantial",)
"""Values of ``acr`` that can be reached: ``substantial`` is a code by SMS to the number in the population register."""
RESPONSE_MODES = ("query", "jwt", "query.jwt", "form_post", "form_post.jwt")
PUSHED = "urn:ietf:params:oauth:request_uri:"
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(kw_only=True)
class Authorization:
    """One request on its way through the checks."""

    provider: Provider
    parameters: Parameters
    session: Session | None
    just_signed_in: bool
    """The session began for this very request, so the person need not be asked again."""
    agreed: frozenset[str] | None = None
    """What the person agreed to on the page for this very request; None: they were not asked yet."""
    pushed: str = ""
    """Digest of the pushed request's name."""
    signed: bool = False
    transaction: str = ""
    """The request to sign that the person confirmed for this very request (:mod:`.credential`)."""
    client: Client | None = None
    redirect_uri: str = ""
    scope: str = ""
    prompt: frozenset[str] = frozenset()
    max_age: timedelta | None = None
    hinted_subject: str | None = None
    claims: ClaimsRequest = field(default_factory=ClaimsRequest)
    resources: tuple[str, ...] = ()
    details: Details = ()

    def get(self, name: str) -> str | None:
        return self.parameters.get(name)

    @property
    def known(self) -> Client:
        assert self.client is not None  # noqa: S101 - narrowed by client_is_known
        return self.client


@dataclass(frozen=True)
class Answer:
    """Send the browser to the client."""

    url: str
    posted: tuple[tuple[str, str], ...] = ()
    """OAuth 2.0 Form Post Response Mode: what the browser posts to ``url``; empty: the answer stands in ``url``."""


@dataclass(frozen=True)
class SignInNeeded:
    """The person must sign in (again) before the request can be answered."""

    client: Client
    parameters: dict[str, str]
    """The request as it counts: pushed or signed parameters in place of the name or object by which they came."""
    pushed: str
    signed: bool


@dataclass(frozen=True)
class ConsentNeeded(SignInNeeded):
    """The person must be asked what the client may have."""

    items: tuple[consent.Item, ...]


# -- who asks, and what --------------------------------------------------------------------------------------------


def no_parameter_is_repeated(a: Authorization) -> None:
    if a.parameters.repeated:
        raise PageRefusal(f"repeated: {', '.join(sorted(a.parameters.repeated))}")


def client_is_known(a: Authorization) -> None:
    a.client = a.provider.storage.client(a.get("client_id") or "")
    if a.client is None or "authorization_code" not in a.client.grant_types:
        raise PageRefusal("unknown client_id")


def pushed_request_is_fetched(a: Authorization) -> None:
    """RFC 9126 §4: by its name, for the client that pushed it; nothing is ever fetched from another address."""
    uri = a.get("request_uri") or ""
    if not uri.startswith(PUSHED):
        return
    a.pushed = digest(uri)
    found = a.provider.storage.pushed(a.pushed)
    if found is None or found.used or found.client_id != a.known.client_id or a.provider.now > found.expires_at:
        raise PageRefusal("request_uri is unknown, was used, or has expired")
    a.parameters, a.signed = Parameters(dict(found.parameters)), found.signed


def request_object_is_opened(a: Authorization) -> None:
    text = a.get("request")
    if text is None:
        return
    asked = a.parameters
    try:
        a.parameters, a.signed = request_object.parameters(a.provider, a.known, text), True
    except request_object.InvalidRequestObject as error:
        if not is_registered(a.known, asked.get("redirect_uri") or ""):
            raise PageRefusal(str(error), error="invalid_request_object") from None
        a.redirect_uri = asked.get("redirect_uri") or ""
        raise RedirectRefusal("invalid_request_object", str(error)) from None


def redirect_is_registered(a: Authorization) -> None:
    a.redirect_uri = a.get("redirect_uri") or ""
    if not is_registered(a.known, a.redirect_uri):
        raise PageRefusal("redirect_uri is not registered")


def request_comes_as_the_client_must_send_it(a: Authorization) -> None:
    """FAPI 2.0 §5.3.2.2: pushed, or not at all."""
    if a.get("request_uri"):
        raise RedirectRefusal("request_uri_not_supported", "request_uri must come from the pushed authorization request endpoint")
    if a.get("registration"):
        raise RedirectRefusal("registration_not_supported", "registration is not supported")
    if (a.known.require_pushed_authorization_requests or a.known.profile is Profile.FAPI2) and not a.pushed:
        raise RedirectRefusal("invalid_request", "this client's requests must be pushed")
    if a.known.require_signed_request_object and not a.signed:
        raise RedirectRefusal("invalid_request", "this client's requests must be signed")


def response_is_a_code(a: Authorization) -> None:
    if a.get("response_type") is None:
        raise RedirectRefusal("invalid_request", "response_type is missing")
    if a.get("response_type") != "code":
        raise RedirectRefusal("unsupported_response_type", "only code is supported")
    if a.get("response_mode") not in (None, *RESPONSE_MODES):
        raise RedirectRefusal("invalid_request", f"response_mode is one of {', '.join(RESPONSE_MODES)}")


def scope_has_openid(a: Authorization) -> None:
    """Unknown scopes are ignored (Core §3.1.2.1); ``offline_access`` is, for a client without refresh tokens (§11)."""
    asked = (a.get("scope") or "").split()
    if "openid" not in asked and not _asks_for_signatures(a):
        raise RedirectRefusal("invalid_scope", "scope must contain openid")
    allowed = a.known.scopes if "refresh_token" in a.known.grant_types else a.known.scopes - {OFFLINE_SCOPE}
    a.scope = " ".join(sorted(allowed.intersection(asked)))


def _asks_for_signatures(a: Authorization) -> bool:
    """By the scope, or by a type of ``authorization_details`` alone (CSC API v2, §8.4.2), which is read later."""
    return credential.SCOPE in (a.get("scope") or "").split() or (
        '"credential"' in (a.get("authorization_details") or "") and not a.get("scope")
    )


def challenge_is_s256(a: Authorization) -> None:
    """RFC 7636 §4.4.1; a missing method would mean ``plain`` (§4.3), which is not offered. Whoever sends one of the two is held to both."""
    if a.get("code_challenge") is None and a.get("code_challenge_method") is None and not a.known.require_pkce:
        return  # :func:`nonce_stands_for_the_challenge`, when it is known what is asked for
    if a.get("code_challenge") is None:
        raise RedirectRefusal("invalid_request", "code_challenge is missing: PKCE (RFC 7636) with S256 is required")
    if a.get("code_challenge_method") != "S256":
        raise RedirectRefusal("invalid_request", "code_challenge_method must be S256")
    if not pkce.is_challenge(a.get("code_challenge")):
        raise RedirectRefusal("invalid_request", "code_challenge is malformed: it must be the base64url of a SHA-256")


def key_is_named_soundly(a: Authorization) -> None:
    """RFC 9449 §10."""
    if a.get("dpop_jkt") is not None and not _THUMBPRINT.fullmatch(a.get("dpop_jkt") or ""):
        raise RedirectRefusal("invalid_request", "dpop_jkt is no thumbprint")


def prompt_is_sound(a: Authorization) -> None:
    a.prompt = frozenset((a.get("prompt") or "").split())
    if a.prompt - {"none", "login", "consent", "select_account"} or ("none" in a.prompt and len(a.prompt) > 1):
        raise RedirectRefusal("invalid_request", "prompt is unknown or contradicts itself")


def max_age_is_a_number(a: Authorization) -> None:
    value = a.get("max_age")
    if value is None:
        return
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise RedirectRefusal("invalid_request", "max_age must be a whole number of seconds")
    a.max_age = timedelta(seconds=int(value))


def hint_is_ours(a: Authorization) -> None:
    """``id_token_hint`` names the person whom the client expects (Core §3.1.2.1)."""
    hint = a.get("id_token_hint")
    if hint is None:
        return
    found = read_hint(a.provider, hint)
    if found is None:
        raise RedirectRefusal("invalid_request", "id_token_hint is not an id token of this issuer")
    a.hinted_subject = found["sub"]


def claims_are_sound(a: Authorization) -> None:
    try:
        a.claims = claims_request.parse(a.get("claims"))
    except claims_request.InvalidClaims as error:
        raise RedirectRefusal("invalid_request", str(error)) from None
    a.hinted_subject = a.claims.subject or a.hinted_subject
    wanted = a.claims.essential_acr
    if wanted is not None and wanted and not set(wanted) & set(ASSURANCE_LEVELS):
        raise RedirectRefusal("unmet_authentication_requirements", "none of the essential acr values can be reached")


def target_is_the_clients(a: Authorization) -> None:
    try:
        a.resources = resources.wanted(a.known, a.get("resource"))
    except resources.InvalidTarget as error:
        raise RedirectRefusal("invalid_target", str(error)) from None


def details_are_the_clients(a: Authorization) -> None:
    try:
        a.details = authorization_details.parse(a.known, a.get("authorization_details"))
    except authorization_details.InvalidDetails as error:
        raise RedirectRefusal("invalid_authorization_details", str(error)) from None


def signatures_are_asked_for_alone(a: Authorization) -> None:
    """CSC API v2, §8.4.2. What else a client wants it asks for by a request of its own, on the page of consent."""
    if credential.SCOPE in (a.get("scope") or "").split() and not a.details:
        if credential.SCOPE not in a.known.scopes:
            raise RedirectRefusal("invalid_scope", "scope asks for more than is allowed")
        try:
            a.details = (credential.from_parameters(a.parameters.values),)
        except credential.InvalidCredential as error:
            raise RedirectRefusal("invalid_request", str(error)) from None
    if authorization_details.of_credential(a.details) is None:
        if credential.SCOPE in a.scope.split():
            raise RedirectRefusal("invalid_request", "scope credential needs authorization_details of the type credential")
        return
    service = a.provider.issuer + credential.RESOURCE
    if len(a.details) > 1 or set((a.get("scope") or "").split()) - {"openid", credential.SCOPE} or a.claims != ClaimsRequest():
        raise RedirectRefusal("invalid_scope", "credential is asked for alone")
    if service not in a.known.resources or a.resources not in ((), (service,)):
        raise RedirectRefusal("invalid_target", "credential is for the signing service")
    a.resources, a.scope = (service,), " ".join(sorted({credential.SCOPE, *a.scope.split()}))


def nonce_stands_for_the_challenge(a: Authorization) -> None:
    """RFC 9700 §2.1.1: without PKCE the client knows by the id token's ``nonce`` that the code is its own. Signatures have no id token."""
    if a.get("code_challenge") is not None:
        return
    if credential.SCOPE in a.scope.split():
        raise RedirectRefusal("invalid_request", "code_challenge is missing: signatures are asked for with PKCE only")
    if "openid" not in a.scope.split() or a.get("nonce") is None:
        raise RedirectRefusal("invalid_request", "nonce and scope openid are required without code_challenge")


Check = Callable[[Authorization], None]

WHO: tuple[Check, ...] = (no_parameter_is_repeated, client_is_known)
"""A refusal here is a page."""
OPENING: tuple[Check, ...] = (pushed_request_is_fetched, request_object_is_opened)
"""Left out when a request that waited is answered: it was opened when it came."""
WHERE: tuple[Check, ...] = (redirect_is_registered,)
WHAT: tuple[Check, ...] = (
    request_comes_as_the_client_must_send_it,
    response_is_a_code,
    scope_has_openid,
    challenge_is_s256,
    key_is_named_soundly,
    prompt_is_sound,
    max_age_is_a_number,
    hint_is_ours,
    claims_are_sound,
    target_is_the_clients,
    details_are_the_clients,
    signatures_are_asked_for_alone,
    nonce_stands_for_the_challenge,
)
"""A refusal here is a redirect to the client."""


# -- the answer ----------------------------------------------------------------------------------------------------


def _is_another_than_expected(a: Authorization, session: Session) -> bool:
    return a.hinted_subject not in (None, subjects.name(a.provider, a.known, session.subject))


def _must_sign_in(a: Authorization) -> bool:
    """Whether the session, if any, does not answer what was asked."""
    if a.session is None:
        return True
    if a.just_signed_in:
        return False
    if a.prompt & {"login", "select_account"}:
        return True
    if a.max_age is not None and a.provider.now - a.session.auth_time > a.max_age:
        return True
    return _is_another_than_expected(a, a.session)


def _asked_for(a: Authorization) -> tuple[consent.Item, ...]:
    return consent.items(scope=a.scope, userinfo=_userinfo(a), id_token=_id_token(a), essential=a.claims.essential, details=a.details)


def _userinfo(a: Authorization) -> tuple[str, ...]:
    """Claims for userinfo: those of the scope, and those asked for by name."""
    wanted = {*claims_of(a.scope.split()), *a.claims.userinfo}
    return tuple(name for name in claims_of(a.known.scopes) if name in wanted)


def _id_token(a: Authorization) -> tuple[str, ...]:
    """Claims for the id token, asked for by name. Of these too only what a scope that the client has registered would give."""
    return tuple(name for name in claims_of(a.known.scopes) if name in a.claims.id_token)


def _must_ask(a: Authorization, session: Session, items: tuple[consent.Item, ...]) -> bool:
    """Whether the person must see the page of consent. What they agree to there, or agreed to before, goes into ``a.agreed``."""
    if authorization_details.of_credential(a.details) is not None:  # confirmed each time, whoever the client is
        if a.agreed is not None and not a.transaction:
            raise RedirectRefusal("access_denied", "signatures are confirmed on the page of the request to sign only")
        a.agreed = frozenset(item.code for item in items) if a.transaction else None
        return not a.transaction
    if a.known.trusted or not items:
        a.agreed = frozenset(item.code for item in items)
        return False
    if a.agreed is not None:
        return False
    known = a.provider.storage.consent(session.subject, a.known.client_id)
    if "consent" in a.prompt or not {item.code for item in items} <= known.asked:
        return True
    a.agreed = known.agreed
    return False


def _issue_code(a: Authorization, session: Session, items: tuple[consent.Item, ...]) -> str:
    if a.pushed and not a.provider.storage.use_pushed(a.pushed):
        raise PageRefusal("request_uri was used")
    agreed = consent.Agreed.of(items, a.agreed or frozenset())
    grant = Grant(
        id=a.provider.identifier(), client_id=a.known.client_id, session=session, scope=agreed.scope(a.scope),
        userinfo_claims=agreed.claims(_userinfo(a)), id_token_claims=agreed.claims(_id_token(a)), resources=a.resources,
        authorization_details=_confirmed(a, agreed.details(a.details)), offline=agreed.offline,
    )  # fmt: skip
    code = a.provider.random()
    kept = Code(
        grant=grant, redirect_uri=a.redirect_uri, code_challenge=a.get("code_challenge") or "", nonce=a.get("nonce") or "",
        expires_at=a.provider.now + LIMITS.authorization_code_lifetime, dpop_jkt=a.get("dpop_jkt") or "",
    )  # fmt: skip
    a.provider.storage.save_code(digest(code), kept)
    return code


def _confirmed(a: Authorization, details: Details) -> Details:
    """RFC 9396 §7.1: the token says which request to sign was confirmed; no client can say so itself, for the type has no such field."""
    return tuple({**one, "transaction": a.transaction} if one["type"] == credential.TYPE else one for one in details)


def _answer(a: Authorization, values: dict[str, str]) -> Answer:
    """RFC 9207 §2: ``iss`` goes with every answer, so that a client of several providers cannot be mixed up. JARM §2.1: within a signed one."""
    state = a.get("state")
    values = values | ({"state": state} if state else {}) | {"iss": a.provider.issuer}
    if (a.get("response_mode") or "").endswith("jwt") and a.client is not None:
        expires = int((a.provider.now + LIMITS.authorization_response_lifetime).timestamp())
        values = {"response": a.provider.sign(values | {"aud": a.client.client_id, "exp": expires}, "JWT")}
    if (a.get("response_mode") or "").startswith("form_post"):
        return Answer(a.redirect_uri, tuple(values.items()))
    return Answer(with_parameters(a.redirect_uri, values))


def _decide(a: Authorization) -> Answer | SignInNeeded:
    for check in WHAT:
        check(a)
    if _must_sign_in(a):
        if "none" in a.prompt:
            raise RedirectRefusal("login_required", "the person is not signed in as asked")
        return SignInNeeded(a.known, dict(a.parameters.values), a.pushed, a.signed)
    assert a.session is not None  # noqa: S101
    if _is_another_than_expected(a, a.session):
        raise RedirectRefusal("login_required", "another person signed in than the hint names")
    items = _asked_for(a)
    if _must_ask(a, a.session, items):
        if "none" in a.prompt:
            raise RedirectRefusal("consent_required", "the person has not consented yet")
        return ConsentNeeded(a.known, dict(a.parameters.values), a.pushed, a.signed, items)
    return _answer(a, {"code": _issue_code(a, a.session, items)})


def authorize(
    *, provider: Provider, parameters: Parameters | None, session: Session | None, waited: Waited | None = None
) -> Answer | SignInNeeded:
    """Answer an authorization request.

    :param waited: the request has waited, already opened, for its person; None: it comes now.
    :raises PageRefusal: the client or its address is not proven; show a page, never redirect.
    """
    if parameters is None:
        raise PageRefusal("the request is no form, or too long")
    how = waited or Waited()
    a = Authorization(
        provider=provider, parameters=parameters, session=session, just_signed_in=how.just_signed_in, agreed=how.agreed, pushed=how.pushed,
        signed=how.signed, transaction=how.transaction,
    )  # fmt: skip
    try:
        for check in (*WHO, *(() if waited else OPENING), *WHERE):
            check(a)
        if how.unfit:
            raise RedirectRefusal("invalid_request", how.unfit)
        if how.refused:
            raise RedirectRefusal("access_denied", "the person has refused")
        return _decide(a)
    except RedirectRefusal as refusal:
        return _answer(a, {"error": refusal.error, "error_description": refusal.description})


@dataclass(frozen=True, kw_only=True)
class Waited:
    """How a request stands that waited for its person."""

    just_signed_in: bool = False
    agreed: frozenset[str] | None = None
    refused: bool = False
    unfit: str = ""
    """Why nobody was asked: what was wanted cannot be had."""
    transaction: str = ""
    pushed: str = ""
    signed: bool = False
