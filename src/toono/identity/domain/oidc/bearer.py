"""How an access token is shown: RFC 6750 §2.1 (header) and §2.2 (form). Never in the address (§2.3, RFC 9700 §4.3.2)."""

from __future__ import annotations

import re

from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import Provider, Token, digest

_HEADER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")


def shown_token(provider: Provider, authorization: str | None, form: Parameters | None) -> Token:
    """The token that was shown, if it lives.

    :raises DirectRefusal: none shown (401 without an error code, §3), shown twice, or dead.
    """
    in_form = form.get("access_token") if form else None
    if (authorization is not None and in_form is not None) or (form and form.repeated):
        raise DirectRefusal("invalid_request", "the token is shown twice", authenticate='Bearer error="invalid_request"')
    value = in_form
    if authorization is not None:
        found = _HEADER.fullmatch(authorization)
        value = found[1] if found else None
    if value is None:
        raise DirectRefusal("invalid_token", "no token", status=401, authenticate="Bearer")
    token = provider.storage.token(digest(value))
    if token is None or token.revoked or provider.now > token.expires_at:
        raise DirectRefusal("invalid_token", "the token is unknown or has ended", status=401, authenticate='Bearer error="invalid_token"')
    return token
