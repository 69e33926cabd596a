"""The provider's memory keeps its word, in dictionaries for the tests of the protocol as in PostgreSQL: one interface, one behaviour."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from toono.identity.domain.oidc.storage import (
    Approval,
    ApprovalKind,
    ApprovalState,
    Binding,
    Client,
    Code,
    Grant,
    Profile,
    Pushed,
    Refresh,
    Session,
    Token,
)
from toono.identity.tests.memory import NOW, MemoryProvider

LATER = NOW + timedelta(days=3650)
DETAIL = {"type": "toono_exchange", "services": ["a"]}


@pytest.fixture(params=["memory", "database"])
def storage(request: pytest.FixtureRequest) -> Any:
    """Storage, with a person and a living session."""
    if request.param == "memory":
        found: Any = MemoryProvider()
        found.person, found.session_id = "person-1", "sid-1"
        yield found
        return
    request.getfixturevalue("stack")
    from django.db import transaction

    from toono.identity import models
    from toono.identity.operations.sessions import begin_session
    from toono.identity.operations.storage import DatabaseStorage
    from toono.kernel.clock import now

    known = request.getfixturevalue("fresh_citizen")()
    with transaction.atomic():
        row, _ = begin_session(known.person_id, device="", moment=now(), replaces=None)
        found = DatabaseStorage()
        found.person, found.session_id = str(known.person_id), str(row.id)
        yield found
        assert models.Person.objects.filter(id=known.person_id).exists()


def grant(storage: Any, **changes: Any) -> Grant:
    session = Session(id=storage.session_id, subject=storage.person, auth_time=NOW, acr="substantial", amr=("sms",))
    made = Grant(
        id=str(uuid4()), client_id="c", session=session, scope="openid", userinfo_claims=("given_name",), id_token_claims=("civil_id",),
        resources=("https://a.example",), authorization_details=(DETAIL,),
    )  # fmt: skip
    return replace(made, **changes)


def token(made: Grant | None) -> Token:
    return Token(
        id="t", client_id="c", scope="openid", issued_at=NOW, expires_at=LATER, audience=("https://a.example",), grant=made,
        binding=Binding(jkt="j"), authorization_details=(DETAIL,), actors=("b", "a"),
    )  # fmt: skip


def key() -> str:
    return uuid4().hex


def test_a_code_comes_back_as_it_was_and_is_marked(storage: Any) -> None:
    code, one = (
        Code(grant=grant(storage), redirect_uri="https://x", code_challenge="c" * 43, nonce="n", expires_at=LATER, dpop_jkt="j"),
        key(),
    )
    storage.save_code(one, code)
    assert storage.locked_code(one) == code and storage.locked_code(key()) is None
    storage.mark_code_used(one)
    assert storage.locked_code(one) == replace(code, used=True)


def test_a_token_dies_by_itself_with_its_grant_or_with_its_session(storage: Any) -> None:
    first, second, offline = grant(storage), grant(storage), grant(storage, offline=True)
    digests = {name: key() for name in ("own", "first", "second", "offline")}
    for name, made in (("own", None), ("first", first), ("second", second), ("offline", offline)):
        if made is not None:
            storage.save_grant(made)
        storage.save_token(digests[name], token(made))
        assert storage.token(digests[name]) == token(made)
    storage.revoke_token(digests["own"], token(None))
    storage.revoke_grant(first.id)
    assert storage.token(digests["own"]).dead and storage.token(digests["first"]).dead and not storage.token(digests["second"]).dead
    _end(storage)
    assert storage.token(digests["second"]).dead and not storage.token(digests["offline"]).dead and storage.token(key()) is None


def _end(storage: Any) -> None:
    if isinstance(storage, MemoryProvider):
        storage.ended_sessions.add(storage.session_id)
        return
    from toono.identity import models
    from toono.kernel.clock import now

    models.Session.objects.filter(id=storage.session_id).update(ended_at=now())


def test_a_refresh_token_knows_whether_its_successor_was_used(storage: Any) -> None:
    made, (a, b, c) = grant(storage), (key(), key(), key())
    storage.save_grant(made)
    kept = Refresh(grant=made, binding=Binding(x5t="x"), expires_at=LATER)
    for one in (a, b, c):
        storage.save_refresh(one, kept)
    assert storage.locked_refresh(a) == kept
    storage.replace_refresh(a, successor=b, sealed_reply="sealed")
    found = storage.locked_refresh(a)
    assert (found.successor, found.sealed_reply, found.successor_used) == (b, "sealed", False) and found.replaced_at
    storage.replace_refresh(b, successor=c, sealed_reply="")
    storage.forget_reply(a)
    assert storage.locked_refresh(a).successor_used and storage.locked_refresh(a).sealed_reply == ""
    storage.revoke_grant(made.id)
    assert storage.locked_refresh(c).grant.revoked


def test_what_counts_once(storage: Any) -> None:
    value, one = key(), key()
    assert (
        storage.use_once("dpop", value, LATER)
        and not storage.use_once("dpop", value, LATER)
        and storage.use_once("assertion", value, LATER)
    )
    storage.save_pushed(one, Pushed(client_id="c", parameters={"scope": "openid"}, expires_at=LATER, signed=True))
    assert storage.pushed(one).parameters == {"scope": "openid"} and storage.pushed(one).signed and not storage.pushed(one).used
    assert storage.use_pushed(one) and not storage.use_pushed(one) and storage.pushed(one).used and storage.pushed(key()) is None


def test_names_in_sectors(storage: Any) -> None:
    first = storage.pairwise("a.example", storage.person)
    assert storage.pairwise("a.example", storage.person) == first != storage.pairwise("b.example", storage.person)
    assert storage.subject_of("a.example", first) == storage.person and storage.subject_of("b.example", first) is None


def test_a_grant_is_bound_to_what_was_named_later_and_stays_so(storage: Any) -> None:
    made, one = grant(storage, resources=()), key()
    storage.save_grant(made)
    assert storage.bound_grant(made, ("https://a.example",)) == replace(made, resources=("https://a.example",))
    storage.save_token(one, token(made))
    assert storage.token(one) is not None
    storage.save_refresh(one, Refresh(grant=made, binding=Binding(), expires_at=LATER))
    assert storage.locked_refresh(one).grant.resources == ("https://a.example",)


def test_an_approval_is_polled_and_changes_its_state(storage: Any) -> None:
    asked = Approval(
        kind=ApprovalKind.CIBA, client_id="c", scope="openid", expires_at=LATER, interval_seconds=5, subject=storage.person, binding_message="A",
        resources=("https://registers.example/api",),
        notification_token="secret", auth_req_id="id", authorization_details=(DETAIL,),
    )  # fmt: skip
    one = key()
    storage.save_approval(one, asked)
    assert storage.locked_approval(one) == asked and storage.locked_approval(key()) is None
    storage.change_approval(one, polled_at=NOW, interval_seconds=10)
    storage.change_approval(one, state=ApprovalState.REFUSED)
    assert storage.locked_approval(one) == replace(asked, polled_at=NOW, interval_seconds=10, state=ApprovalState.REFUSED)


def test_a_registration_comes_back_as_it_was_read(storage: Any) -> None:
    from toono.identity.domain.oidc import registration

    metadata = {
        "client_name": "Банк",
        "redirect_uris": ["https://bank.example/back"],
        "scope": "openid register",
        "subject_type": "pairwise",
    }
    client: Client = registration.client(f"c-{key()}", metadata, secret_digest="d" * 64)
    storage.save_client(client, metadata)
    assert storage.client(client.client_id) == client and client.sector == "bank.example" and client.profile is Profile.COMMON
    storage.remove_client(client.client_id)
    assert storage.client(client.client_id) is None and storage.client("a\0b") is None
