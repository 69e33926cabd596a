"""The judges of generated requests see what they are there for: an application with one fault each is found out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings

from tests.properties.checks import Manners, World, changes, faults
from tests.properties.drafts import SPOILS, Draft, basic, encoded, harmful, multipart, signed, slots
from tests.properties.lean import differences
from tests.properties.mutations import MARKUP, MUTATIONS, Step, apply, plans
from tests.properties.wire import Answered, Wire, sent

WORLD = World(backs=("https://agency.example/back",), base_url="http://toono")
GOOD = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
KEY = ec.generate_private_key(ec.SECP256R1())


def draft(**changes: Any) -> Draft:
    values: dict[str, Any] = {
        "form": [["code", "abcdef123"], ["assertion", signed({"alg": "ES256"}, {"iss": "x", "aud": ["y"]}, KEY)], ["claims", encoded({"a": [1]}, "json")]],
        "headers": [["Authorization", basic("full", "s3cret:+ %")]], "secrets": ["abcdef123"], "others": {"code": "of-another"},
    }  # fmt: skip
    return Draft("POST", ["oidc", "token"], **(values | changes))


def found(application: Any, asked: Draft | None = None, *, errors: str = "oauth") -> list[str]:
    asked = asked or draft()
    request, answer = Wire(application, "http://toono")(asked)
    return list(faults(asked, request, answer, Manners(errors), WORLD).values())


def says(status: str, headers: list[tuple[str, str]], body: bytes = b"", log: str = "") -> Any:
    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if log:
            logging.getLogger("toono.test").error(log)
        start(status, headers)
        return [body]

    return application


def raises(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    raise KeyError("code")


def test_a_good_answer_is_good() -> None:
    assert found(says("200 OK", GOOD, b"{}")) == []


@pytest.mark.parametrize(
    ("application", "fault"),
    [
        (raises, "an exception that nobody caught: KeyError"),
        (says("500 x", GOOD), "status 500"),
        (says("200 OK", GOOD, b'Traceback (most recent call last)\n  File "/srv/x.py"'), "how we are built"),
        (says("200 OK", GOOD[:2], b"{}"), "nosniff"),
        (says("200 OK", GOOD[::2], b"{}"), "may be kept"),
        (says("200 OK", [*GOOD, ("X-Y", "a\r\nSet-Cookie: b")], b"{}"), "a header that is two"),
        (says("200 OK", [*GOOD, ("X-Y", "й")], b"{}"), "no server can send"),
        (says("303 See Other", [*GOOD, ("Location", "https://agency.example.evil.example/")]), "to a stranger"),
        (says("303 See Other", [*GOOD, ("Location", "//evil.example/")]), "to a stranger"),
        (says("400 Bad", GOOD, b'{"error": "invalid_request", "error_description": "\\u0439"}'), "without a stable code"),
        (says("400 Bad", GOOD, b"{}"), "without a stable code"),
        (says("400 Bad", [("Content-Type", "text/plain"), *GOOD[1:]], b"no"), "of another kind"),
        (says("400 Bad", [("Content-Type", "text/html"), *GOOD[1:]], b'<html lang="mn">'), "a page, to a program"),
        (says("200 OK", [("Content-Type", "text/html"), *GOOD[1:]], f"<p>{MARKUP}".encode()), "as it is"),
        (says("200 OK", GOOD, b"{}", log="wrong code abcdef123"), "a secret of the request"),
        (says("200 OK", GOOD, b"{}", log="no such page /x\nERROR all is lost"), "a line of its own"),
        (says("400 Bad", GOOD, b'{"error": "invalid_grant"}'), "a valid request was refused"),
    ],
)
def test_each_fault_is_seen(application: Any, fault: str) -> None:
    assert any(fault in one for one in found(application)), found(application)


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_spoilt_signature_that_gains_something_is_an_attack(spoil: str) -> None:
    asked = draft()
    apply(asked, [Step("spoil", 0, SPOILS.index(spoil), "")])
    assert harmful(asked) == f".form.assertion: signature {spoil}"
    assert any("an attack has passed" in one for one in found(says("200 OK", GOOD, b"{}"), asked))
    assert found(says("401 No", GOOD, b'{"error": "invalid_client"}'), asked) == []


def test_what_is_anothers_must_gain_nothing() -> None:
    asked = draft()
    apply(asked, [Step("foreign", 0, 0, "")])
    assert b"of-another" in sent(asked).body
    assert any("an attack has passed: .form.code is another's" in one for one in found(says("200 OK", GOOD, b"{}"), asked))


def test_a_part_of_a_form_that_lost_its_name_is_sent_all_the_same() -> None:
    """A search of ten thousand requests finds this one."""
    assert multipart([[], ["a"], ["b", "c"]], b"-").count(b"Content-Disposition") == 3


def test_every_part_can_be_reached() -> None:
    names = {name for _, _, name in slots(draft().parts())}
    assert {
        ".form.code",
        ".form.assertion.header.alg",
        ".form.assertion.claims.aud[0]",
        ".form.claims.value.a[0]",
        ".headers.Authorization.secret",
    } <= names


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(plan=plans())
def test_whatever_is_done_to_a_request_it_can_be_sent(plan: list[Step]) -> None:
    asked = draft()
    apply(asked, plan)
    request = sent(asked)
    assert request.target.isascii() and all("\n" not in value and value.encode("latin-1") is not None for _, value in request.headers)
    assert len(asked.done) == len(plan) and request.curl("http://toono").isprintable()


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_each_mutation_changes_the_request(name: str) -> None:
    """At one place or another; a mutation that changes nothing anywhere would search nothing."""
    one = signed({"alg": "ES256"}, {"iss": "x"}, KEY)
    plain = sent(draft(form=[["code", "abcdef123"]]))
    for where in range(40):
        asked = draft(
            form=[["code", "abcdef123"]]
            if name not in ("spoil", "protect", "deep")
            else [["assertion", one], ["claims", encoded({}, "json")]]
        )
        apply(asked, [Step(name, where, where * 7 + 1, "й")])
        if sent(asked) != plain:
            return
    raise AssertionError(f"{name} does nothing")


# -- what is written, and whose it is ------------------------------------------------------------------------------


def test_somebody_elses_in_the_answer_is_seen() -> None:
    assert found(says("200 OK", GOOD, "Хөршийн".encode()), draft(unseen=["Хөршийн"])) == ["somebody else's stands in the answer: Хөршийн"]


@pytest.mark.parametrize(("status", "kept", "theirs", "faults"), [
    (200, "after", "before", []), (400, "before", "before", []), (400, "after", "before", ["written"]), (200, "after", "after", ["theirs"]), (403, "after", "after", ["written", "theirs"]),
])  # fmt: skip
def test_what_a_refused_request_writes_is_seen_and_what_is_anothers_always(status: int, kept: str, theirs: str, faults: list[str]) -> None:
    asked = draft(kept=lambda: kept, theirs=lambda: theirs)
    assert list(changes(asked, sent(asked), Answered(status, [], b""), "before", "before")) == faults


@pytest.mark.parametrize("method", ["GET", "get", "HEAD", "POST"])
def test_what_a_reading_writes_is_seen(method: str) -> None:
    asked = draft(kept=lambda: "after")
    asked.method = method
    assert list(changes(asked, sent(asked), Answered(200, [], b""), "before", None)) == ([] if method == "POST" else ["written"])


REFUSED = Answered(400, [*GOOD, ("X-Request-Id", "A")], b'{"error": "invalid_grant"}')


@pytest.mark.parametrize(("here", "fault"), [
    (replace(REFUSED, headers=[("content-type", "application/json"), ("cache-control", "no-store"), ("x-content-type-options", "nosniff"), ("x-request-id", "B")], body=b'{"error":"invalid_grant"}'), ""),
    (replace(REFUSED, status=401), "the portal answers 400"),
    (replace(REFUSED, body=b'{"error": "invalid_client"}'), "the portal says"),
    (replace(REFUSED, headers=[*GOOD]), "x-request-id"),
    (replace(REFUSED, headers=[*GOOD[1:], ("X-Request-Id", "B")]), "content-type"),
    (replace(REFUSED, logged=["ERROR x: a request failed on the lean way"]), "the lean way failed"),
])  # fmt: skip
def test_an_answer_of_the_plane_that_is_not_the_portals_is_seen(here: Answered, fault: str) -> None:
    asked = draft()
    told = list(differences(asked, sent(asked), here, REFUSED))
    assert told[:1] == [] if not fault else fault in told[0]


def test_members_that_a_success_lacks_are_seen_and_values_that_are_new_each_time_are_not() -> None:
    asked, whole = draft(), Answered(200, GOOD, b'{"access_token": "a", "scope": "api"}')
    assert list(differences(asked, sent(asked), replace(whole, body=b'{"access_token":"b","scope":"api"}'), whole)) == []
    for less in (b'{"access_token":"b"}', b'{"access_token":"b","scope":"openid"}', b"{}"):
        assert list(differences(asked, sent(asked), replace(whole, body=less), whole))
