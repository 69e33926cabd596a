"""A JWS is signed by the algorithm that its header names, or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey, RSAKey

from toono.kernel.jose import from_base64url
from toono.pki.tests.making import SUBJECT, code

if TYPE_CHECKING:
    from toono.kernel.actor import Actor

IMPORTERS = {"ES256": ECKey, "RS256": RSAKey}
PAYLOAD: dict[str, object] = {"sub": "Сарнай", "n": 1}


def made(kind: str) -> str:
    """The label of a new key of this kind."""
    from toono.pki import api

    label = f"token/{code()}"
    api.establish_key(key=label, kind=kind)
    return label


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(("kind", "algorithm"), [("P-256", "ES256"), ("RSA-3072", "RS256")])
def test_a_jws_verifies_by_the_algorithm_that_its_header_names(kind: str, algorithm: str) -> None:
    from toono.pki import api

    key = made(kind)
    text = api.sign_jws(key=key, payload=PAYLOAD, typ="JWT", kid="k", algorithm=algorithm)
    header = json.loads(from_base64url(text.split(".")[0]))
    assert header == {"alg": algorithm, "typ": "JWT", "kid": "k"}
    found = jws.deserialize_compact(text, IMPORTERS[algorithm].import_key(api.public_key(key=key)), algorithms=[algorithm])
    assert json.loads(found.payload) == PAYLOAD
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(text, IMPORTERS[algorithm].import_key(api.public_key(key=made(kind))), algorithms=[algorithm])


@pytest.mark.usefixtures("stack")
def test_a_jws_is_es256_if_nothing_is_said() -> None:
    from toono.pki import api

    text = api.sign_jws(key=made("P-256"), payload=PAYLOAD, typ="JWT", kid="k")
    assert json.loads(from_base64url(text.split(".")[0]))["alg"] == "ES256"


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [("RSA-3072", "ES256"), ("P-256", "RS256"), ("P-384", "ES256"), ("P-384", "RS256"), ("P-521", "ES256"), ("P-521", "RS256")],
)
def test_an_algorithm_that_does_not_fit_the_key_is_an_error(kind: str, algorithm: str) -> None:
    from toono.pki import api
    from toono.pki.errors import AlgorithmNotSupported

    key = made(kind)
    with pytest.raises(AlgorithmNotSupported, match=f"does not sign by {algorithm}"):
        api.sign_jws(key=key, payload=PAYLOAD, typ="JWT", kid="k", algorithm=algorithm)


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384", "PS256", "rs256", ""])
def test_another_algorithm_is_an_error(algorithm: str) -> None:
    from toono.pki import api
    from toono.pki.errors import AlgorithmNotSupported

    with pytest.raises(AlgorithmNotSupported, match="is none of"):
        api.sign_jws(key="token", payload=PAYLOAD, typ="JWT", kid="k", algorithm=algorithm)


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(("kind", "other"), [("P-256", "RSA-3072"), ("RSA-3072", "P-256")])
def test_a_key_is_established_once_and_keeps_its_kind(kind: str, other: str) -> None:
    from toono.pki import api
    from toono.pki.errors import SignerRefused

    key = made(kind)
    assert api.establish_key(key=key, kind=kind) == api.public_key(key=key)
    with pytest.raises(SignerRefused) as refused:
        api.establish_key(key=key, kind=other)
    assert refused.value.data["reason"] == "other_kind"


def test_no_certificate_is_issued_for_an_rsa_key_of_the_signer(platform: Actor) -> None:
    from toono.pki import api
    from toono.pki.contracts import Profile
    from toono.pki.errors import SignerRefused

    key = f"seal/{code()}"
    api.establish_key(key=key, kind="RSA-3072")
    with pytest.raises(SignerRefused):
        api.certificate_for(actor=platform, key=key, profile=Profile.SEAL, subject=SUBJECT)
    assert api.certificates(actor=platform, text=key) == []
