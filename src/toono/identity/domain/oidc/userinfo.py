"""The userinfo endpoint: OpenID Connect Core 1.0 §5.3.

A Mongolian has a clan name, a patronymic and a given name, and no family name; the standard claims ``family_name`` and
``name`` would be wrong for everybody, so the first two are claims of our own, under the scope ``register``.
"""

from __future__ import annotations

from toono.identity.domain.oidc.bearer import shown_token
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.storage import Provider

REGISTER_SCOPE = "register"
REGISTER_CLAIMS = ("clan_name", "patronymic", "given_name", "civil_id")


def userinfo(*, provider: Provider, authorization: str | None, form: Parameters | None) -> dict[str, object]:
    """The claims that the token's scope allows.

    :raises DirectRefusal: no living token was shown.
    """
    token = shown_token(provider, authorization, form)
    register = provider.storage.register_claims(token.subject) if REGISTER_SCOPE in token.scope.split() else {}
    return {"sub": token.subject, **{name: register[name] for name in REGISTER_CLAIMS if name in register}}
