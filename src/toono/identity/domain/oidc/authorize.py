"""The authorization endpoint: OpenID Connect Core 1.0 §3.1.2, RFC 6749 §4.1.1, RFC 9207 (``iss`` in every answer)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from toono.identity.domain.oidc import pkce
from toono.identity.domain.oidc.id_token import read_hint
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.redirection import is_registered, with_parameters
from toono.identity.domain.oidc.refusals import PageRefusal, RedirectRefusal
from toono.identity.domain.oidc.storage import Client, Code, Provider, Session, digest
from toono.identity.limits import LIMITS

ASSURANCE_LEVELS = ("substantial",)
"""Values of ``acr`` that can be reached: ``substantial`` is a code by SMS to the number in the population register."""


@dataclass(kw_only=True)
class Authorization:
    """One request on its way through the checks."""

    provider: Provider
    parameters: Parameters
    session: Session | None
    just_signed_in: bool
    """The session began for this very request, so the person need not be asked again."""
    client: Client | None = None
    redirect_uri: str = ""
    scope: str = ""
    prompt: frozenset[str] = frozenset()
    max_age: timedelta | None = None
    hinted_subject: str | None = None

    def get(self, name: str) -> str | None:
        return self.parameters.get(name)


@dataclass(frozen=True)
class Answer:
    """Send the browser to the client."""

    url: str


@dataclass(frozen=True)
class SignInNeeded:
    """The person must sign in (again) before the request can be answered."""

    client: Client


def no_parameter_is_repeated(a: Authorization) -> None:
    if a.parameters.repeated:
        raise PageRefusal(f"repeated: {', '.join(sorted(a.parameters.repeated))}")


def client_is_known(a: Authorization) -> None:
    a.client = a.provider.storage.client(a.get("client_id") or "")
    if a.client is None:
        raise PageRefusal("unknown client_id")


def redirect_is_registered(a: Authorization) -> None:
    assert a.client is not None  # noqa: S101 - narrowed by the check before
    a.redirect_uri = a.get("redirect_uri") or ""
    if not is_registered(a.client, a.redirect_uri):
        raise PageRefusal("redirect_uri is not registered")


def no_request_object(a: Authorization) -> None:
    """Core §6: a provider that does not support them says so by these codes."""
    for name, error in (
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ):
        if a.get(name):
            raise RedirectRefusal(error, f"{name} is not supported")


def response_is_a_code_in_the_query(a: Authorization) -> None:
    if a.get("response_type") is None:
        raise RedirectRefusal("invalid_request", "response_type is missing")
    if a.get("response_type") != "code":
        raise RedirectRefusal("unsupported_response_type", "only code is supported")
    if a.get("response_mode") not in (None, "query"):
        raise RedirectRefusal("invalid_request", "only response_mode query is supported")


def scope_has_openid(a: Authorization) -> None:
    """Unknown scopes are ignored (Core §3.1.2.1)."""
    assert a.client is not None  # noqa: S101
    asked = (a.get("scope") or "").split()
    if "openid" not in asked:
        raise RedirectRefusal("invalid_scope", "scope must contain openid")
    a.scope = " ".join(sorted(a.client.scopes.intersection(asked)))


def challenge_is_s256(a: Authorization) -> None:
    """RFC 7636 §4.4.1; a missing method would mean ``plain`` (§4.3), which is not offered."""
    if a.get("code_challenge_method") != "S256":
        raise RedirectRefusal("invalid_request", "code_challenge_method must be S256")
    if not pkce.is_challenge(a.get("code_challenge")):
        raise RedirectRefusal("invalid_request", "code_challenge is missing or malformed")


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


Check = Callable[[Authorization], None]

BEFORE_THE_ADDRESS_IS_PROVEN: tuple[Check, ...] = (no_parameter_is_repeated, client_is_known, redirect_is_registered)
"""A refusal here is a page."""
AFTERWARDS: tuple[Check, ...] = (
    no_request_object,
    response_is_a_code_in_the_query,
    scope_has_openid,
    challenge_is_s256,
    prompt_is_sound,
    max_age_is_a_number,
    hint_is_ours,
)
"""A refusal here is a redirect to the client."""


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
    return a.hinted_subject not in (None, a.session.subject)


def _issue_code(a: Authorization, session: Session) -> str:
    assert a.client is not None  # noqa: S101
    code = a.provider.random()
    grant = Code(
        client_id=a.client.client_id, redirect_uri=a.redirect_uri, code_challenge=a.get("code_challenge") or "", nonce=a.get("nonce") or "",
        scope=a.scope, session=session, expires_at=a.provider.now + LIMITS.authorization_code_lifetime,
    )  # fmt: skip
    a.provider.storage.save_code(digest(code), grant)
    return code


def _answer(a: Authorization, values: dict[str, str]) -> Answer:
    """RFC 9207 §2: ``iss`` goes with every answer, so that a client of several providers cannot be mixed up."""
    state = a.get("state")
    return Answer(with_parameters(a.redirect_uri, values | ({"state": state} if state else {}) | {"iss": a.provider.issuer}))


def _decide(a: Authorization) -> Answer | SignInNeeded:
    for check in AFTERWARDS:
        check(a)
    assert a.client is not None  # noqa: S101
    if _must_sign_in(a):
        if "none" in a.prompt:
            raise RedirectRefusal("login_required", "the person is not signed in as asked")
        return SignInNeeded(a.client)
    assert a.session is not None  # noqa: S101
    if a.hinted_subject not in (None, a.session.subject):
        raise RedirectRefusal("login_required", "another person signed in than the hint names")
    return _answer(a, {"code": _issue_code(a, a.session)})


def authorize(
    *, provider: Provider, parameters: Parameters | None, session: Session | None, just_signed_in: bool = False
) -> Answer | SignInNeeded:
    """Answer an authorization request.

    :raises PageRefusal: the client or its address is not proven; show a page, never redirect.
    """
    if parameters is None:
        raise PageRefusal("the request is no form, or too long")
    a = Authorization(provider=provider, parameters=parameters, session=session, just_signed_in=just_signed_in)
    for check in BEFORE_THE_ADDRESS_IS_PROVEN:
        check(a)
    try:
        return _decide(a)
    except RedirectRefusal as refusal:
        return _answer(a, {"error": refusal.error, "error_description": refusal.description})
