"""Where a text is expected in JSON, a list or an object may stand: refused in the protocol's words."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from toono.identity.domain.oidc import registration
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.tests.memory import BACK, DEVICE_KEY, ISSUER, MemoryProvider, basic, code_form, unsigned

KINDS: list[Any] = [["ES256"], {"ES256": 1}, None, 1, True]


@pytest.mark.parametrize("kind", KINDS)
def test_the_algorithm_of_a_proof_is_a_text(kind: Any) -> None:
    op = MemoryProvider()
    claims = {"jti": secrets.token_urlsafe(12), "htm": "POST", "htu": ISSUER + "/oidc/token", "iat": int(op.now.timestamp())}
    proof = unsigned({"typ": "dpop+jwt", "alg": kind, "jwk": DEVICE_KEY.as_dict(private=False)}, claims)
    with pytest.raises(DirectRefusal, match="invalid_dpop_proof"):
        op.ask(code_form(op.answered()["code"]), basic("full"), dpop=(proof,))


@pytest.mark.parametrize("kind", [["EC"], {"EC": 1}, None, 1, True])
def test_the_kind_of_a_registered_key_is_a_text(kind: Any) -> None:
    metadata = {"redirect_uris": [BACK], "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": kind, "crv": "P-256"}]}}
    with pytest.raises(DirectRefusal, match="invalid_client_metadata"):
        registration.client("x", metadata)


@pytest.mark.parametrize("method", [True, ["none"], {}, 1])
def test_the_method_of_a_client_under_a_statement_is_a_text(method: Any) -> None:
    op = MemoryProvider()
    bounds = {"grant_types": ["authorization_code"], "scope": "openid", "redirect_hosts": ["agency.example"]}
    issued = int(op.now.timestamp())
    claims = registration.statement_claims(issuer=ISSUER, issued=issued, identifier="1", software_id="s", client_name="x", bounds=bounds)
    metadata = {
        "software_statement": op.sign(claims, registration.STATEMENT_TYPE),
        "redirect_uris": [BACK],
        "token_endpoint_auth_method": method,
    }
    with pytest.raises(DirectRefusal, match="invalid_client_metadata"):
        registration.register(provider=op.provider, metadata=metadata)
    assert registration.register(provider=op.provider, metadata=metadata | {"token_endpoint_auth_method": "client_secret_post"})[
        "client_id"
    ]
