"""Id tokens that only their client can read (Core §10.2), opened by two foreign receivers: joserfc and Authlib."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from authlib.common.errors import AuthlibBaseError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from toono.identity.domain.console import bounds
from toono.identity.domain.oidc import approval, backchannel_logout, ciba, device_grant, discovery, registration
from toono.identity.domain.oidc.authorize import Answer
from toono.identity.domain.oidc.encryption import ALGORITHMS, ENCODINGS
from toono.identity.domain.oidc.parameters import parse
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import ApprovalState, Provider, digest
from toono.identity.tests.memory import BACK, ISSUER, SESSION, MemoryProvider, basic

KEYS: dict[str, Any] = {
    "EC": ECKey.generate_key("P-256", {"use": "enc", "kid": "enc"}),
    "RSA": RSAKey.generate_key(2048, {"use": "enc", "kid": "enc"}),
}
UNREADABLE = (JoseError, AuthlibBaseError, InvalidTag, InvalidUnwrap, ValueError)
SIGNING = ECKey.generate_key("P-256", {"use": "sig", "kid": "sig"})


@pytest.fixture
def op() -> MemoryProvider:
    return MemoryProvider()


def encrypt_for(op: MemoryProvider, algorithm: str, encoding: str = "", **changes: Any) -> None:
    """The client ``full`` from now on gets encrypted id tokens."""
    keys = (SIGNING.as_dict(private=False), KEYS[ALGORITHMS[algorithm]].as_dict(private=False))
    members = {"jwks": keys, "id_token_encrypted_response_alg": algorithm, "id_token_encrypted_response_enc": encoding} | changes
    op.save_client(replace(op.clients["full"], **members))


def by_joserfc(text: str, key: Any) -> tuple[dict[str, Any], str]:
    found = jwe.decrypt_compact(text, key, registry=jwe.JWERegistry(algorithms=[*ALGORITHMS, *ENCODINGS]))
    assert found.plaintext is not None
    return dict(found.headers()), found.plaintext.decode()


def by_authlib(text: str, key: Any) -> tuple[dict[str, Any], str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from authlib.jose import JsonWebEncryption, JsonWebKey

        found = JsonWebEncryption().deserialize_compact(text, JsonWebKey.import_key(key.as_dict(private=True)))
    return dict(found["header"]), found["payload"].decode()


@pytest.mark.parametrize("receiver", [by_joserfc, by_authlib], ids=["joserfc", "authlib"])
@pytest.mark.parametrize("encoding", ["", *ENCODINGS])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_client_alone_opens_its_id_token(
    op: MemoryProvider, algorithm: str, encoding: str, receiver: Callable[[str, Any], tuple[dict[str, Any], str]]
) -> None:
    encrypt_for(op, algorithm, encoding)
    given = op.flow()
    header, signed = receiver(given["id_token"], KEYS[ALGORITHMS[algorithm]])
    assert header["alg"] == algorithm and header["enc"] == (encoding or "A256GCM") and header["cty"] == "JWT" and header["kid"] == "enc"
    claims = op.opened(signed)
    assert (claims["iss"], claims["aud"], claims["sub"], claims["nonce"]) == (ISSUER, "full", "person-1", "n-1")
    assert "person-1" not in given["id_token"] and given["id_token"].count(".") == 4
    stranger = ECKey.generate_key("P-256") if ALGORITHMS[algorithm] == "EC" else RSAKey.generate_key(2048)
    with pytest.raises(UNREADABLE):
        receiver(given["id_token"], stranger)


def test_a_changed_one_opens_for_nobody(op: MemoryProvider) -> None:
    encrypt_for(op, "ECDH-ES")
    parts = op.flow()["id_token"].split(".")
    parts[3] = ("A" if parts[3][0] != "A" else "B") + parts[3][1:]
    for receiver in (by_joserfc, by_authlib):
        with pytest.raises(UNREADABLE):
            receiver(".".join(parts), KEYS["EC"])


def test_whichever_grant_gave_it(op: MemoryProvider) -> None:
    encrypt_for(op, "ECDH-ES")
    first = op.flow(authorized={"scope": "openid offline_access"})
    texts = [first["id_token"], op.refresh(first["refresh_token"])["id_token"]]
    for start, grant, name in ((ciba.start, ciba.GRANT, "auth_req_id"), (_device, device_grant.GRANT, "device_code")):
        form = "scope=openid&login_hint=%D0%A3%D0%9195010112" if grant == ciba.GRANT else "scope=openid"
        value = start(provider=op.provider, request=Request(parameters=parse(form), authorization=basic("full")))[name]
        agreed = approval.grant_of(op.approvals[digest(value)], SESSION, identifier=name)
        op.save_grant(agreed)
        op.change_approval(digest(value), state=ApprovalState.APPROVED, grant=agreed)
        texts.append(op.ask(f"grant_type={grant}&{name}={value}", basic("full"))["id_token"])
    for text in texts:
        assert op.opened(by_joserfc(text, KEYS["EC"])[1])["aud"] == "full"


def _device(*, provider: Provider, request: Request) -> dict[str, Any]:
    return device_grant.start(provider=provider, request=request, letters="BCDFGHJK")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_notice_of_a_sign_out_is_encrypted_likewise(op: MemoryProvider, algorithm: str) -> None:
    """Back-Channel Logout §2.6: a client that negotiated encryption should not believe a notice without it."""
    encrypt_for(op, algorithm, "A128GCM")
    text = backchannel_logout.logout_token(op.provider, op.clients["full"], subject="person-1", session_id="sid-1", identifier="j")
    header, signed = by_authlib(text, KEYS[ALGORITHMS[algorithm]])
    assert (header["alg"], header["enc"], header["iss"]) == (algorithm, "A128GCM", ISSUER), "§2.4: iss stands outside as well"
    assert op.opened(signed)["events"] == {backchannel_logout.EVENT: {}}
    plain = backchannel_logout.logout_token(op.provider, op.clients["agency"], subject="person-1", session_id="sid-1", identifier="j")
    assert op.opened(plain)["sid"] == "sid-1"


def test_decrypted_it_is_a_hint_and_encrypted_it_is_none(op: MemoryProvider) -> None:
    encrypt_for(op, "ECDH-ES")
    text = op.flow()["id_token"]
    assert isinstance(op.authorize(prompt="none", id_token_hint=by_joserfc(text, KEYS["EC"])[1]), Answer)
    assert op.answered(prompt="none", id_token_hint=text)["error"] == "invalid_request"


def test_keys_at_an_address_are_used_and_their_lack_is_told(op: MemoryProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    encrypt_for(op, "ECDH-ES", jwks=(), jwks_uri="https://agency.example/keys")
    published = [SIGNING.as_dict(private=False)]
    plain = op.provider
    monkeypatch.setattr(MemoryProvider, "provider", replace(plain, published_keys=lambda *_: tuple(published)))
    with pytest.raises(DirectRefusal, match="holds no key for id_token_encrypted_response_alg"):
        op.flow()
    published.append(KEYS["EC"].as_dict(private=False))
    assert op.opened(by_joserfc(op.flow()["id_token"], KEYS["EC"])[1])["sub"] == "person-1"


GOOD: dict[str, Any] = {
    "redirect_uris": [BACK], "jwks": {"keys": [KEYS["EC"].as_dict(private=False)]}, "id_token_encrypted_response_alg": "ECDH-ES",
    "id_token_encrypted_response_enc": "A128GCM",
}  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"id_token_encrypted_response_alg": "RSA1_5"}, {"id_token_encrypted_response_alg": "dir"}, {"id_token_encrypted_response_alg": "none"},
        {"id_token_encrypted_response_alg": "RSA-OAEP-256"}, {"id_token_encrypted_response_enc": "A128CBC-HS256"}, {"id_token_encrypted_response_alg": ["ECDH-ES"]},
        {"jwks": {"keys": [SIGNING.as_dict(private=False)]}}, {"jwks": None}, {"id_token_encrypted_response_alg": None},
    ],
)  # fmt: skip
def test_what_could_be_read_by_nobody_or_by_others_is_not_registered(changes: dict[str, Any]) -> None:
    metadata = {name: value for name, value in (GOOD | changes).items() if value is not None}
    with pytest.raises(DirectRefusal, match="invalid_client_metadata"):
        registration.client("x", metadata, secret_digest="y")


def test_it_is_registered_offered_and_not_left_without_approval() -> None:
    found = registration.client("x", GOOD, secret_digest="y")
    assert (found.id_token_encrypted_response_alg, found.id_token_encrypted_response_enc) == ("ECDH-ES", "A128GCM")
    told = discovery.metadata(ISSUER)
    assert told["id_token_encryption_alg_values_supported"] == list(ALGORITHMS)
    assert told["id_token_encryption_enc_values_supported"] == list(ENCODINGS)
    assert bounds.widened(found, replace(found, id_token_encrypted_response_alg="")) == ["id_token_encrypted_response_alg"]
