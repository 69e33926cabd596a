"""The check of a client by hand: one case after another on the page, and the report; nothing is called right that nobody has seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from toono.identity.mock.check import cases, report
from toono.identity.mock.check.cases import Act, Dialect
from toono.identity.mock.check.inspection import Inspection
from toono.identity.mock.check.run import End, Result, Run
from toono.identity.mock.journal import Kind, Seen
from toono.identity.tests.test_mock_provider import Mock, running

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)


@pytest.fixture
def mock() -> Iterator[Mock]:
    with running() as found:
        yield found


def step(mock: Mock, case: str, what: str) -> str:
    """Press a button of the page; gives the page that follows."""
    assert mock.http.post("/mock/check", data={"case": case, "do": what}).status_code == 303
    page = mock.http.get("/mock/check", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    return page.text


def sign_in(mock: Mock, *, state: str = "a" * 20, nonce: str = "b" * 20) -> dict[str, Any]:
    """A client that checks nothing: it redeems and reads whatever comes."""
    mock.http.post("/mock", data={"do": "sign-out"})
    tokens = mock.tokens(mock.arrive(mock.question(state=state, nonce=nonce))).json()
    mock.userinfo(tokens)
    return dict(tokens)


def outcome(mock: Mock) -> dict[str, str]:
    return {one["case"]: one["result"] for one in mock.http.get("/mock/check.json").json()["cases"]}


def test_by_hand_one_case_after_another(mock: Mock) -> None:
    assert mock.http.get("/mock/check.json").json()["exit_code"] == 2, "nothing is known yet"
    step(mock, "sign_in", "begin")
    step(mock, "sign_in", "look")
    assert outcome(mock)["sign_in"] == "unclear", "nobody has signed in yet"
    sign_in(mock)
    step(mock, "sign_in", "look")
    assert outcome(mock)["sign_in"] == "passed" and outcome(mock)["state"] == "unclear", "one request does not show that the next is new"
    step(mock, "token_aud", "begin")
    assert mock.claims(sign_in(mock, state="c" * 20, nonce="d" * 20))["aud"] == "another-client"
    step(mock, "token_aud", "look")
    assert outcome(mock)["token_aud"] == "failed" and outcome(mock)["state"] == "passed"
    assert mock.claims(sign_in(mock))["aud"] == "shop", "after the look answers are right again"
    assert mock.http.get("/mock/check.json").json()["exit_code"] == 1


def test_what_cannot_be_seen_the_person_is_asked(mock: Mock) -> None:
    step(mock, "userinfo_sub", "begin")
    sign_in(mock)
    page = step(mock, "userinfo_sub", "look")
    assert 'value="yes"' in page and outcome(mock)["userinfo_sub"] == "unclear"
    step(mock, "userinfo_sub", "yes")
    assert outcome(mock)["userinfo_sub"] == "failed"
    step(mock, "userinfo_sub", "begin")
    sign_in(mock, state="e" * 20)
    step(mock, "userinfo_sub", "no")
    assert outcome(mock)["userinfo_sub"] == "passed"


def test_an_answer_for_another_browser_is_shown_and_not_followed(mock: Mock) -> None:
    step(mock, "another_browser", "begin")
    page = mock.press(mock.open(mock.question()), person="elder")
    shown = mock.press(page, do="agree", item=["claim:given_name"])
    assert shown.status_code == 200 and "Location" not in shown.headers
    address = re.search(r'lang="en">(http://127\.0\.0\.1:9/back[^<]+)<', shown.text)
    assert address
    code = re.search(r"code=([^&]+)", address[1])
    assert code
    step(mock, "another_browser", "look")
    assert outcome(mock)["another_browser"] == "passed"
    step(mock, "another_browser", "begin")
    shown = mock.open(mock.question())
    mock.tokens({"code": re.findall(r"code=([\w-]+)", shown.text)[0]})
    step(mock, "another_browser", "look")
    assert outcome(mock)["another_browser"] == "failed"


def test_a_case_may_be_left_out_and_all_begun_anew(mock: Mock) -> None:
    step(mock, "logout", "leave-out")
    assert outcome(mock)["logout"] == "skipped"
    assert "logout" in mock.http.get("/mock/check.txt", headers={"Accept-Language": "en"}).text
    step(mock, "logout", "reset")
    assert outcome(mock)["logout"] == "open"


def test_a_double_click_and_a_case_that_is_not_change_nothing(mock: Mock) -> None:
    for case, what in (("sign_in", "look"), ("nonsense", "begin"), ("sign_in", "yes"), ("", "")):
        step(mock, case, what)
    assert set(outcome(mock).values()) == {"open"}


def test_a_client_without_pkce_is_let_through_only_while_it_is_checked(mock: Mock) -> None:
    bare = mock.question(code_challenge=None, code_challenge_method=None, state="a" * 20)
    step(mock, "sign_in", "begin")
    assert mock.tokens(mock.arrive(bare), code_verifier=None).status_code == 200
    step(mock, "sign_in", "look")
    step(mock, "sign_in", "yes")
    assert outcome(mock)["pkce"] == "failed"
    assert "code" not in mock.arrive(bare)


# -- verdicts --------------------------------------------------------------------------------------------------------


def seen(kind: Kind, status: int = 200, **data: str) -> Seen:
    return Seen(kind=kind, at=NOW, status=status, data=data)


FLOW = (seen(Kind.AUTHORIZE, state="s" * 20), seen(Kind.ANSWER, code="c"), seen(Kind.TOKEN, code="c"))


def run(*after: Seen, end: End | None = None) -> Run:
    return Run(case="x", seen=[*FLOW, *after], end=end)


HONEST = run(seen(Kind.USERINFO), end=End(status=200, path="/me"))
QUIET = run(end=End(status=200, path="/me"))
"""A good sign-in of a client that reads no userinfo."""


@pytest.mark.parametrize(
    ("one", "honest", "expected"),
    [
        (run(seen(Kind.USERINFO)), HONEST, True),
        (run(), HONEST, False),
        (run(seen(Kind.USERINFO), end=End(signed_in=False)), HONEST, False),
        (run(end=End(status=200, path="/me", signed_in=True)), HONEST, True),
        (run(), QUIET, None),
        (run(end=End(status=200, path="/me")), QUIET, True),
        (run(end=End(status=200, path="/login")), QUIET, False),
        (run(end=End(status=403, path="/me")), QUIET, False),
        (run(end=End(status=200, path="/me")), None, True),
    ],
)
def test_the_best_witness_says_whether_a_client_went_on(one: Run, honest: Run | None, expected: bool | None) -> None:
    assert one.went_on(honest) is expected


def test_cases_say_nothing_where_the_honest_sign_in_fails() -> None:
    """Else a client that refuses everybody would pass them all."""
    inspection = Inspection()
    inspection.begin(cases.HONEST, person="herder")
    for one in FLOW[:2]:
        inspection.see(one, dialect=Dialect.OIDC if one.kind is Kind.AUTHORIZE else None)
    assert inspection.finish(cases.HONEST, End(status=403)).result is Result.FAILED
    inspection.begin("mix_up", person="herder")
    inspection.see(FLOW[0])
    inspection.see(FLOW[1])
    assert inspection.finish("mix_up", End(status=403)).result is Result.SKIPPED
    assert inspection.exit_code() == 1


def test_who_was_never_tried_is_not_called_good() -> None:
    inspection = Inspection()
    assert {line.verdict.result for line in inspection.lines()} == {Result.OPEN} and inspection.exit_code() == 2
    inspection.begin("alg_none")
    assert inspection.finish("alg_none", None).result is Result.UNCLEAR


def test_every_case_has_words_a_source_and_a_place_in_the_report() -> None:
    assert len(cases.BY_CODE) == len(cases.CASES)
    for dialect in Dialect:
        inspection = Inspection()
        inspection.dialect = dialect
        listed = report.document(inspection, "mn")["cases"]
        assert [one["case"] for one in listed] == [case.code for case in cases.cases(dialect)] and listed[0]["case"] == cases.HONEST
        assert all(one["title"] and one["source"] for one in listed)
    assert all(case.needs in cases.BY_CODE for case in cases.CASES if case.needs)
    assert all(case.act is Act.NOTHING for case in cases.CASES if case.code in {"state", "nonce", "pkce", "scope"})
