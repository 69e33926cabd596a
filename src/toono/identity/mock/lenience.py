"""During a check a client without PKCE is let through, so that everything else about it can be seen too; its own case tells of it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace

from toono.identity.domain.oidc import pkce
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.storage import digest
from toono.identity.mock.world import World
from toono.kernel.jose import base64url

_VERIFIER = secrets.token_urlsafe(48)
_CHALLENGE = base64url(hashlib.sha256(_VERIFIER.encode()).digest())


def question(world: World, asked: Parameters | None) -> Parameters | None:
    """The request with a challenge of ours, where the client sent none, or another than S256."""
    if asked is None or world.inspection.current is None or asked.get("request_uri") or asked.get("request"):
        return asked
    if asked.get("code_challenge_method") == "S256" and pkce.is_challenge(asked.get("code_challenge")):
        return asked
    return replace(asked, values=asked.values | {"code_challenge": _CHALLENGE, "code_challenge_method": "S256"})


def exchange(world: World, asked: Parameters | None) -> Parameters | None:
    """The token request with the verifier of that challenge, where the code hangs on it."""
    code = world.memory.locked_code(digest(asked.get("code") or "")) if asked else None
    if asked is None or code is None or code.code_challenge != _CHALLENGE:
        return asked
    return replace(asked, values=asked.values | {"code_verifier": _VERIFIER})
