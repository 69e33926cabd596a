"""ДАН's dialect without a platform: the scope however it arrives, and the attacks that its clients, which send so little, could be exposed to."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from toono.identity.domain.dan import protocol as dan
from toono.identity.domain.dan import scope
from toono.identity.domain.oidc.parameters import parse
from toono.identity.domain.oidc.refusals import DirectRefusal, PageRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Client
from toono.identity.tests.memory import BACK, CHALLENGE, ISSUER, SECRET, SESSION, VERIFIER, MemoryProvider, basic, code_form, digest

CARD, SALARY = "WS100101_getCitizenIDCardInfo", "WS100501_getCitizenSalaryInfo"
WISH = [
    {"services": [SALARY], "wsdl": "https://xyp.gov.mn/insurance-1.3.0/ws?WSDL", "params": {SALARY: {"note": "Өөрийн хүсэлт ~>~?", "startYear": "2025"}}},
    {"services": [CARD], "wsdl": "https://xyp.gov.mn/citizen-1.3.0/ws?WSDL"},
]  # fmt: skip


def encoded(wish: Any = WISH, **how: Any) -> str:
    return base64.b64encode(json.dumps(wish, ensure_ascii=False, **how).encode()).decode()


@pytest.fixture
def op() -> MemoryProvider:
    made = MemoryProvider()
    for name in ("old", "old-other"):
        made.clients[name] = Client(
            client_id=name, name_mn="Хуучин", name_en="Old", secret_digest=digest(SECRET), redirect_uris=(BACK,), dan_operations=frozenset({CARD, SALARY})
        )  # fmt: skip
    return made


def asked(op: MemoryProvider, **changes: str | None) -> dan.Asked:
    values = {"response_type": "code", "client_id": "old", "redirect_uri": BACK, "scope": encoded(), "state": "s"} | changes
    outcome = dan.authorize(op.provider, parse(urlencode({k: v for k, v in values.items() if v is not None})))
    assert isinstance(outcome, dan.Asked), outcome
    return outcome


def code(op: MemoryProvider, **changes: str | None) -> str:
    answer = dan.give_code(op.provider, asked(op, **changes), session=SESSION, agreed=frozenset({CARD}), organisation="")
    return parse_qs(urlsplit(answer.url).query)["code"][0]


def redeemed(op: MemoryProvider, value: str, who: str = "old", **changes: str | None) -> dict[str, Any]:
    form = code_form(value, code_verifier=None, **changes)
    return dan.exchange(op.provider, Request(parameters=parse(form), authorization=basic(who)))


# -- the scope ---------------------------------------------------------------------------------------------------

RAW = encoded()
WAYS = {
    "as it is": RAW, "a plus that became a space": RAW.replace("+", " "), "without padding": RAW.rstrip("="), "for addresses": RAW.replace("+", "-").replace("/", "_"),
    "in lines": "\r\n".join(RAW[at : at + 76] for at in range(0, len(RAW), 76)), "indented": encoded(indent=2), "escaped": base64.b64encode(json.dumps(WISH).encode()).decode(),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_the_scope_is_read_however_it_arrives(way: str) -> None:
    assert "+" in RAW and "/" in RAW and RAW.endswith("="), "or there would be nothing to show"
    found = scope.parse(WAYS[way])
    assert [(list(one.services), one.wsdl) for one in found] == [(one["services"], one["wsdl"]) for one in WISH]
    assert found[0].params[SALARY]["note"] == "Өөрийн хүсэлт ~>~?"


@pytest.mark.parametrize("sent", [RAW, quote(RAW), quote(RAW, safe="+/="), RAW.rstrip("=")])
def test_and_in_an_address_too(op: MemoryProvider, sent: str) -> None:
    query = f"response_type=code&client_id=old&redirect_uri={quote(BACK, safe='')}&scope={sent}&state="
    outcome = dan.authorize(op.provider, parse(query))
    assert isinstance(outcome, dan.Asked) and outcome.entries == scope.parse(RAW)


@pytest.mark.parametrize(
    "wish",
    [
        [], {}, "x", [1], [{}], [{"services": []}], [{"services": [CARD]}], [{"services": CARD, "wsdl": WISH[0]["wsdl"]}], [{"services": [1], "wsdl": WISH[0]["wsdl"]}],
        [{"services": [CARD], "wsdl": "file:///etc/passwd"}], [{"services": [CARD], "wsdl": "https://evil.example/../citizen-1.3.0/ws?WSDL#"}],
        [{"services": ["../../x"], "wsdl": WISH[0]["wsdl"]}], [{"services": [CARD], "wsdl": WISH[0]["wsdl"], "params": [1]}], [*WISH * 11], [{"services": [CARD] * 31, "wsdl": WISH[0]["wsdl"]}],
        [{"services": [CARD], "wsdl": WISH[0]["wsdl"], "params": {CARD: {"a": "\0"}}}],
    ],
)  # fmt: skip
def test_what_is_no_scope_is_told_to_the_client(op: MemoryProvider, wish: Any) -> None:
    query = {"response_type": "code", "client_id": "old", "redirect_uri": BACK, "scope": encoded(wish), "state": "s"}
    outcome = dan.authorize(op.provider, parse(urlencode(query)))
    assert not isinstance(outcome, dan.Asked)
    found = parse_qs(urlsplit(outcome.url).query)
    assert found["error"] == ["invalid_scope"] and found["state"] == ["s"]


# -- its codes and tokens ----------------------------------------------------------------------------------------


def test_a_code_is_good_once_for_its_client_in_its_time_and_at_its_address(op: MemoryProvider) -> None:
    for who, changes in (("old-other", {}), ("old", {"redirect_uri": BACK + "x"}), ("old", {"redirect_uri": None}), ("full", {})):
        with pytest.raises(DirectRefusal):
            redeemed(op, code(op), who, **changes)
    late = code(op)
    op.later(seconds=61)
    with pytest.raises(DirectRefusal, match="expired"):
        redeemed(op, late)
    value = code(op)
    token = op.tokens[digest(redeemed(op, value)["access_token"])]
    assert token.grant is not None and not op.grants[token.grant.id].revoked
    with pytest.raises(DirectRefusal, match="was used"):
        redeemed(op, value)
    assert op.grants[token.grant.id].revoked, "a second use ends what the first gave"


def test_a_client_that_sends_pkce_is_held_to_it(op: MemoryProvider) -> None:
    bound = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    value = code(op, **bound)
    for verifier in (None, "", "x" * 43, CHALLENGE):
        with pytest.raises(DirectRefusal, match="code_verifier"):
            dan.exchange(op.provider, Request(parameters=parse(code_form(value, code_verifier=verifier)), authorization=basic("old")))
    given = dan.exchange(op.provider, Request(parameters=parse(code_form(value, code_verifier=VERIFIER)), authorization=basic("old")))
    assert given["access_token"]
    for changes in (
        {"code_challenge": CHALLENGE},
        {"code_challenge": "x", "code_challenge_method": "S256"},
        {"code_challenge": CHALLENGE, "code_challenge_method": "plain"},
    ):
        outcome = dan.authorize(
            op.provider, parse(urlencode({"response_type": "code", "client_id": "old", "redirect_uri": BACK, "scope": RAW} | changes))
        )
        assert not isinstance(outcome, dan.Asked) and "invalid_request" in outcome.url


def test_neither_dialect_takes_what_the_other_gave(op: MemoryProvider) -> None:
    """A code of ДАН buys nothing of OpenID Connect, and the other way round, though one client speaks both."""
    both = replace(op.clients["full"], client_id="both", dan_operations=frozenset({CARD, SALARY}))
    op.clients["both"] = both
    of_dan = code(op, client_id="both", code_challenge=CHALLENGE, code_challenge_method="S256")
    with pytest.raises(DirectRefusal, match="invalid_grant"):
        op.ask(code_form(of_dan), basic("both"))
    of_oidc = op.answered(client_id="both")["code"]
    with pytest.raises(DirectRefusal, match="invalid_grant"):
        dan.exchange(op.provider, Request(parameters=parse(code_form(of_oidc)), authorization=basic("both")))
    assert op.ask(code_form(of_oidc), basic("both"))["id_token"], "and neither is burnt by it"
    given = dan.exchange(op.provider, Request(parameters=parse(code_form(of_dan)), authorization=basic("both")))
    with pytest.raises(DirectRefusal):
        op.userinfo(f"Bearer {given['access_token']}")
    with pytest.raises(DirectRefusal, match="not for this service"):
        dan.data(op.provider, op.tokens[digest(op.flow("both")["access_token"])])


def test_nobody_without_proof_or_dans_registration_is_served(op: MemoryProvider) -> None:
    value = code(op)
    for authorization in (None, basic("old", "wrong"), basic("nobody")):
        with pytest.raises(DirectRefusal):
            dan.exchange(op.provider, Request(parameters=parse(code_form(value)), authorization=authorization))
    with pytest.raises(DirectRefusal, match="no client of this kind"):
        redeemed(op, op.answered()["code"], "full")
    for changes in (
        {"client_id": "full"},
        {"client_id": None},
        {"redirect_uri": BACK + "/x"},
        {"redirect_uri": "https://evil.example"},
        {"redirect_uri": None},
    ):
        with pytest.raises(PageRefusal):
            asked(op, **changes)
    assert ISSUER not in json.dumps(
        dict(parse_qs(urlsplit(dan.give_code(op.provider, asked(op), session=SESSION, agreed=frozenset(), organisation="").url).query))
    )
