"""The table of rights is closed: what does not stand in it is refused."""

from __future__ import annotations

import pytest

from toono.pki.signer.rights import CLIENTS, RIGHTS, Tokens, Verb, may

ALLOWED = [
    ("gateway", Verb.SIGN, "exchange/state-registration"),
    ("gateway", Verb.READ, "exchange/state-registration"),
    ("worker", Verb.SIGN, "seal/state-registration"),
    ("worker", Verb.SIGN, "seal/state-registration/2"),
    ("worker", Verb.SIGN, "configuration"),
    ("worker", Verb.SIGN, "system/portal"),
    ("worker", Verb.GENERATE, "pki/ocsp"),
    ("worker", Verb.GENERATE, "seal/state-registration"),
    ("worker", Verb.GENERATE, "exchange/state-registration/2"),
    ("web", Verb.SIGN, "token"),
    ("web", Verb.SIGN, "token/2"),
    ("web", Verb.SIGN, "token/rsa"),
    ("web", Verb.SIGN, "token/rsa/2"),
    ("web", Verb.GENERATE, "token/rsa/2"),
    ("worker", Verb.GENERATE, "token/rsa/2"),
    ("worker", Verb.READ, "token/rsa"),
    ("web", Verb.SIGN, "pki/timestamp"),
    ("web", Verb.GENERATE, "exchange/state-registration"),
]
REFUSED = [
    ("gateway", Verb.SIGN, "pki/root"),
    ("gateway", Verb.SIGN, "seal/state-registration"),
    ("gateway", Verb.SIGN, "token"),
    ("gateway", Verb.SIGN, "configuration"),
    ("gateway", Verb.GENERATE, "exchange/state-registration"),
    ("worker", Verb.SIGN, "token"),
    ("worker", Verb.SIGN, "token/rsa"),
    ("worker", Verb.SIGN, "token/rsa/2"),
    ("gateway", Verb.SIGN, "token/rsa"),
    ("gateway", Verb.READ, "token/rsa"),
    ("worker", Verb.SIGN, "exchange/state-registration"),
    ("web", Verb.SIGN, "exchange/state-registration"),
    ("web", Verb.SIGN, "something-else"),
    ("web", Verb.SIGN, "tokens"),
    ("nobody", Verb.READ, "token"),
]


@pytest.mark.parametrize(("client", "verb", "label"), ALLOWED)
def test_what_stands_in_the_table_is_allowed(client: str, verb: Verb, label: str) -> None:
    assert may(client, verb, label)


@pytest.mark.parametrize(("client", "verb", "label"), REFUSED)
def test_what_does_not_stand_in_the_table_is_refused(client: str, verb: Verb, label: str) -> None:
    assert not may(client, verb, label)


def test_only_known_clients_stand_in_the_table() -> None:
    assert set(RIGHTS) == set(CLIENTS)


def test_a_token_tells_its_client_and_another_text_tells_nobody() -> None:
    tokens = Tokens({"web": "one", "worker": "two"})
    assert tokens.client("one") == "web"
    assert tokens.client("two") == "worker"
    assert tokens.client("") is None
    assert tokens.client("One") is None
