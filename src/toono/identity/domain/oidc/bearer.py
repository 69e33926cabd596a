"""How an access token is shown: RFC 6750 §2.1 (header) and §2.2 (form), RFC 9449 §7.1 (``DPoP``). Never in the address (RFC 6750 §2.3, RFC 9700 §4.3.2)."""

from __future__ import annotations

import re

from toono.identity.domain.oidc import access_token, client_keys, dpop
from toono.identity.domain.oidc.refusals import DirectRefusal, NothingShown
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Provider, Token

_CHALLENGE = f'Bearer, DPoP algs="{" ".join(client_keys.ALGORITHMS)}"'
_HEADER = re.compile(r"(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)


def shown_token(provider: Provider, request: Request) -> Token:
    """The token that was shown, if it lives and is shown by whom it is bound to.

    :raises DirectRefusal: none shown (401 and no word of an error, §3.1), shown twice, dead, or without the proof that it needs.
    """
    scheme, value = _value(request)
    token = access_token.known(provider, value)
    if token is None or token.dead or provider.now > token.expires_at:
        raise _refused("the token is unknown or has ended", scheme)
    _check_binding(provider, request, token, scheme, value)
    return token


def _value(request: Request) -> tuple[str, str]:
    form = request.parameters
    in_form = form.get("access_token") if form else None
    if (request.authorization is not None and in_form is not None) or (form and form.repeated):
        raise DirectRefusal("invalid_request", "the token is shown twice", authenticate='Bearer error="invalid_request"')
    if in_form is not None:
        return "bearer", in_form
    found = _HEADER.fullmatch(request.authorization or "")
    if found is None:
        scheme = (request.authorization or "").partition(" ")[0].lower()
        raise _refused("the token is malformed", scheme) if scheme in ("bearer", "dpop") else NothingShown(_CHALLENGE)
    return found[1].lower(), found[2]


def _check_binding(provider: Provider, request: Request, token: Token, scheme: str, value: str) -> None:
    """A bound token is worth nothing without its key (RFC 9449 §7.1: nor as ``Bearer``; RFC 8705 §3)."""
    if (scheme == "dpop") != bool(token.binding.jkt):
        raise _refused("the token is of another type", scheme)
    if token.binding.x5t and (request.certificate is None or request.certificate.sha256 != token.binding.x5t):
        raise _refused("the token is bound to another certificate", scheme)
    if token.binding.jkt:
        try:
            shown = dpop.proven_key(provider, request, access_token=value)
        except DirectRefusal as refusal:
            raise _refused(refusal.description, scheme, refusal.error, refusal.dpop_nonce) from None
        if shown != token.binding.jkt:
            raise _refused("the token is bound to another key", scheme, "invalid_token")


def _refused(description: str, scheme: str, error: str = "invalid_token", nonce: str | None = None) -> DirectRefusal:
    name = "DPoP" if scheme == "dpop" else "Bearer"
    return DirectRefusal(error, description, status=401, authenticate=f'{name} error="{error}"', dpop_nonce=nonce)


def unfit(token: Token) -> DirectRefusal:
    """The token lives, but not for this endpoint (RFC 6750 §3.1)."""
    name = "DPoP" if token.binding.jkt else "Bearer"
    return DirectRefusal(
        "insufficient_scope", "the token is not for this endpoint", status=403, authenticate=f'{name} error="insufficient_scope"'
    )
