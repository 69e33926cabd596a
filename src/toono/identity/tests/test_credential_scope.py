"""The scope ``credential`` at the authorization endpoint: asked alone, confirmed each time, and nothing in the browser's flow stands for the person's word."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.identity.domain.oidc import credential, openapi
from toono.identity.domain.oidc.authorize import ConsentNeeded, Waited
from toono.identity.domain.oidc.credential import InvalidCredential, checked, from_parameters
from toono.identity.tests.memory import ISSUER, MemoryProvider
from toono.identity.tests.test_authorization_endpoint import answer, ask, query

RAW = hashlib.sha256(b"contract").digest()
PLAIN, URL = base64.b64encode(RAW).decode(), base64.urlsafe_b64encode(RAW).rstrip(b"=").decode()
PARAMETERS = {"credentialID": "ab12", "numSignatures": "1", "hashes": URL, "hashAlgorithmOID": "2.16.840.1.101.3.4.2.1"}
DETAIL = {"type": "credential", "credentialID": "ab12", "documentDigests": [{"hash": PLAIN}], "hashAlgorithmOID": "2.16.840.1.101.3.4.2.1"}


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> MemoryProvider:
    """Its client «agency» is trusted: elsewhere nobody is asked for it."""
    made = MemoryProvider()
    known = made.provider.storage.client
    rights: dict[str, Any] = {
        "scopes": frozenset({"openid", "register", "credential"}), "resources": frozenset({f"{ISSUER}/csc/v2"}),
        "authorization_details_types": frozenset({"credential"}),
    }  # fmt: skip

    def client(name: str) -> Any:
        found = known(name)
        return replace(found, **rights) if found is not None else None

    monkeypatch.setattr(made.provider.storage, "client", client)
    return made


def test_both_ways_of_asking_mean_the_same() -> None:
    assert from_parameters(PARAMETERS) == checked(DETAIL)


def test_the_person_is_asked_whoever_the_client_is_and_each_time(memory: MemoryProvider) -> None:
    for asked in (query(scope="credential", **PARAMETERS), query(scope=None, authorization_details=json.dumps([DETAIL]))):
        for _ in range(2):
            assert isinstance(ask(memory, asked), ConsentNeeded)
        assert answer(ask(memory, asked + "&prompt=none"))["error"] == "consent_required"


def test_only_the_confirmed_request_gives_a_code(memory: MemoryProvider) -> None:
    """What stands in the flow as agreed is no confirmation."""
    asked = query(scope="credential", **PARAMETERS)
    ticked = frozenset({"scope:credential", f"detail:{json.dumps(DETAIL)}"})
    assert answer(ask(memory, asked, waited=Waited(just_signed_in=True, agreed=ticked)))["error"] == "access_denied"
    assert answer(ask(memory, asked, waited=Waited(just_signed_in=True, refused=True)))["error"] == "access_denied"
    assert "code" in answer(ask(memory, asked, waited=Waited(just_signed_in=True, transaction="t")))
    grant = memory.codes.popitem()[1].grant
    [detail] = grant.authorization_details
    assert detail["transaction"] == "t" and grant.scope == "credential" and grant.resources == (f"{ISSUER}/csc/v2",) and not grant.offline


def test_what_cannot_be_had_is_told_in_the_services_words(memory: MemoryProvider) -> None:
    found = answer(ask(memory, query(scope="credential", **PARAMETERS), waited=Waited(unfit="Invalid parameter credentialID")))
    assert (found["error"], found["error_description"]) == ("invalid_request", "Invalid parameter credentialID")


@pytest.mark.parametrize(
    "changed",
    [
        {"scope": "openid credential register"},
        {"scope": "credential", "claims": '{"userinfo":{"given_name":null}}'},
        {"scope": None, "authorization_details": json.dumps([DETAIL, DETAIL])},
    ],
)
def test_it_is_asked_for_alone(memory: MemoryProvider, changed: dict[str, Any]) -> None:
    extra = {} if "authorization_details" in changed else PARAMETERS
    assert answer(ask(memory, query(**changed | extra)))["error"] == "invalid_scope"


def test_the_scope_without_what_is_to_be_signed_is_refused(memory: MemoryProvider) -> None:
    assert answer(ask(memory, query(scope="credential")))["error"] == "invalid_request"


@given(
    st.dictionaries(
        st.sampled_from([*credential.FIELDS, "transaction"]),
        st.none() | st.text() | st.integers() | st.lists(st.dictionaries(st.text(), st.text())),
    )
)
def test_no_object_makes_it_stumble(one: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidCredential):
        checked(one)


@given(st.dictionaries(st.sampled_from([*PARAMETERS, "hash", "description"]), st.text(min_size=1)))
def test_no_parameters_make_it_stumble(given_: dict[str, str]) -> None:
    with contextlib.suppress(InvalidCredential):
        from_parameters(given_)


def test_the_description_lists_every_parameter_that_is_read() -> None:
    read: set[str] = set()

    class Reading(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            read.add(name)
            return super().get(name, default)

        def __contains__(self, name: object) -> bool:
            read.add(str(name))
            return super().__contains__(name)

    from_parameters(Reading(PARAMETERS | {"hashes": ""} | {"hash": URL}))
    assert read == set(credential.PARAMETERS)
    form = openapi.description(ISSUER)["paths"]["/oidc/par"]["post"]["requestBody"]["content"][openapi.FORM]["schema"]["properties"]
    assert read <= form.keys()
