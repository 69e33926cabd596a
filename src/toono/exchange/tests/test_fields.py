"""Of an answer only the granted fields go on."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.exchange.domain.answers import ProviderAnswer
from toono.exchange.domain.documents import DocumentRefused, Number, parse, render
from toono.exchange.domain.faults import Fault
from toono.exchange.domain.fields import PointerUnusable, Projection, compile_fields, filtered, tokens
from toono.exchange.domain.messages import Header

JSON: list[Header] = [("content-type", "application/json")]


def answer(body: bytes, *, status: int = 200, headers: list[Header] = JSON) -> ProviderAnswer:
    return ProviderAnswer(status, "Дур зоргын үг", headers, body)


def cut(body: str, *pointers: str) -> tuple[str, tuple[str, ...]]:
    found, fields = filtered(Projection(pointers), "GET", answer(body.encode()))
    return found.body.decode(), fields


# -- what survives ----------------------------------------------------------------------------------------------------

PERSON = """{ "civil_id": "200000000004", "name": {"given": "Сарнай", "clan": "Боржигон"}, "income": [1, 2.50],
  "children": [{"name": "Бат", "born": 2011}, {"born": 2014}, {"name": "Оюун", "school": {"number": 1}}], "empty": {}, "none": null }"""


@pytest.mark.parametrize(
    ("pointers", "left", "present"),
    [
        (("/civil_id",), '{"civil_id":"200000000004"}', ("/civil_id",)),
        (("/name/given",), '{"name":{"given":"Сарнай"}}', ("/name/given",)),
        (("/name",), '{"name":{"given":"Сарнай","clan":"Боржигон"}}', ("/name",)),
        (("/none", "/empty"), '{"empty":{},"none":null}', ("/none", "/empty")),
        (("/children/*/name",), '{"children":[{"name":"Бат"},{"name":"Оюун"}]}', ("/children/*/name",)),
        (("/children/1", "/children/2/school/number"), '{"children":[{"born":2014},{"school":{"number":1}}]}', ("/children/1", "/children/2/school/number")),
        (("/children/*/name", "/children/0/born"), '{"children":[{"name":"Бат","born":2011},{"name":"Оюун"}]}', ("/children/*/name", "/children/0/born")),
        (("/*/given",), '{"name":{"given":"Сарнай"}}', ("/*/given",)),
        (("/*/*/number", "/name/clan"), '{"name":{"clan":"Боржигон"}}', ("/name/clan",)),
        (("/*/*/*/number",), '{"children":[{"school":{"number":1}}]}', ("/*/*/*/number",)),
        (("/income/1",), '{"income":[2.50]}', ("/income/1",)),
        (("/name", "/name/given", "/name/x"), '{"name":{"given":"Сарнай","clan":"Боржигон"}}', ("/name", "/name/given")),
        (("/income/01", "/income/-", "/name/given/0", "/civil_id/0", "/none/x", "/nothing"), "{}", None),
        (("",), None, ("",)),
    ],
)  # fmt: skip
def test_only_what_is_named_survives_and_the_way_to_it(
    pointers: tuple[str, ...], left: str | None, present: tuple[str, ...] | None
) -> None:
    whole = render(parse(PERSON.encode())).decode()
    # Where nothing of it is there, the caller has learnt of each granted field that it is not.
    assert cut(PERSON, *pointers) == (whole if left is None else left, pointers if present is None else present)


@pytest.mark.parametrize(("body", "left"), [("[1,2]", "[]"), ('"text"', "null"), ("12", "null"), ("{}", "{}"), ("[[{}]]", "[]")])
def test_where_nothing_named_is_there_nothing_is_told(body: str, left: str) -> None:
    assert cut(body, "/a")[0] == left


@pytest.mark.parametrize(
    ("pointer", "steps"), [("", ()), ("/", ("",)), ("/a~1b", ("a/b",)), ("/m~0n", ("m~n",)), ("/~01", ("~1",)), ("/a/*/b", ("a", "*", "b"))]
)
def test_pointers_are_those_of_rfc_6901_with_a_star(pointer: str, steps: tuple[str, ...]) -> None:
    assert tokens(pointer) == steps


def test_names_with_signs_are_named_by_their_escapes() -> None:
    assert cut('{"a/b": {"~": 1, "/": 2}, "": 3}', "/a~1b/~0")[0] == '{"a/b":{"~":1}}'
    assert cut('{"a/b": 1, "": 3}', "/")[0] == '{"":3}'


@pytest.mark.parametrize("pointer", ["a", "a/b", "/~", "/~2", "/a~", "/x" * 65])
def test_what_is_no_pointer_is_refused(pointer: str) -> None:
    with pytest.raises(PointerUnusable):
        compile_fields((pointer,))


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
NAMES = st.sampled_from(["a", "b", "c", "0", "1"])
DOCUMENTS = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12)
POINTERS = st.lists(st.lists(NAMES | st.just("*"), min_size=1, max_size=3).map(lambda steps: "/" + "/".join(steps)), min_size=1, max_size=4)


def leaves(document: Any, way: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Everything in a document that holds nothing, with the way to it."""
    if isinstance(document, dict) and document:
        return [leaf for name, inner in document.items() for leaf in leaves(inner, (*way, name))]
    if isinstance(document, list) and document:
        return [leaf for place, inner in enumerate(document) for leaf in leaves(inner, (*way, str(place)))]
    return [(way, document)]


@given(DOCUMENTS, POINTERS)
def test_exactly_the_named_leaves_survive_in_their_order(document: Any, pointers: list[str]) -> None:
    def named(way: tuple[str, ...]) -> bool:
        return any(
            len(steps) <= len(way) and all(s in ("*", w) for s, w in zip(steps, way, strict=False)) for steps in map(tokens, pointers)
        )

    left = json.loads(cut(json.dumps(document), *pointers)[0])
    wanted = [value for way, value in leaves(document) if way and named(way)]
    assert [value for way, value in leaves(left) if way] == wanted


# -- reading and writing JSON -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", ["1.10", "-0", "-0.0", "1E400", "1e-9", "12345678901234567890123456789", "0.1000000000000000055511151231257827", "9" * 5000]
)
def test_numbers_come_out_as_they_came_in(number: str) -> None:
    assert render(parse(f'{{"a": [{number}]}}'.encode())) == f'{{"a":[{number}]}}'.encode()


def test_texts_survive() -> None:
    body = r'{"Ө":"\u04e8\"\\\n\u0000\ud83d\ude00","half":"\ud800"}'.encode()
    assert json.loads(render(parse(body))) == json.loads(body)
    assert "Ө😀" in render(parse('"Ө😀"'.encode())).decode()


@given(DOCUMENTS)
def test_what_is_written_is_what_was_read(document: Any) -> None:
    assert json.loads(render(parse(json.dumps(document).encode())), parse_int=Decimal) == document


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a":1,"a":2}', "duplicate_member"),
        (b'[{"x":{"a":1,"\\u0061":1}}]', "duplicate_member"),
        (b"", "not_json"), (b"<html>", "not_json"), (b"{} {}", "not_json"), (b"[NaN]", "not_json"), (b"-Infinity", "not_json"), (b"\xff\xfe", "not_json"),
        ('{"a":1}'.encode("utf-16"), "not_json"), (b'\xef\xbb\xbf{"a":1}', "not_json"), (b"[01]", "not_json"), (b"[" * 100_000, "too_deep"),
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_or_not_at_all_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(DocumentRefused) as refused:
        parse(body)
    assert refused.value.reason == reason
    with pytest.raises(Fault) as fault:
        filtered(Projection(("/a",)), "GET", answer(body))
    assert (fault.value.reason, fault.value.code.value) == (reason, "server.serverproxy.service_failed.invalid_response")


def test_nesting_is_bounded_where_it_goes_on_and_not_where_it_is_left_out() -> None:
    deep = '{"deep":' + "[" * 200 + "]" * 200 + ',"a":1}'
    assert cut(deep, "/a")[0] == '{"a":1}'
    with pytest.raises(Fault, match="too_deep"):
        cut(deep, "/deep")
    assert cut('{"deep":' + "[" * 60 + "]" * 60 + "}", "/deep")[0].count("[") == 60


# -- whole answers ----------------------------------------------------------------------------------------------------

ONE = Projection(("/a",))


def test_headers_that_could_tell_more_stay_behind() -> None:
    headers = [
        ("content-type", "application/json; charset=utf-8"), ("etag", '"x"'), ("content-digest", "sha-256=:x:"), ("content-length", "20"), ("x-name", "Сарнай"),
        ("set-cookie", "x"), ("location", "/persons/2"), ("link", "</persons/2>"), ("last-modified", "x"), ("date", "Mon"), ("content-range", "bytes 0-1/2"), ("cache-control", "no-store"),
    ]  # fmt: skip
    found, _ = filtered(ONE, "GET", answer(b'{"a":1,"b":2}', headers=headers))
    assert {name for name, _ in found.headers} == {"content-type", "date", "cache-control"}
    assert (found.status, found.reason, found.body) == (200, "OK", b'{"a":1}')


@pytest.mark.parametrize(
    "headers",
    [
        [], [("content-type", "text/html")], [("content-type", "application/json;charset=windows-1251")], [("content-type", "application/jsonp")],
        [("content-type", "application/json"), ("content-type", "text/csv")], [*JSON, ("content-encoding", "gzip")], [("content-type", "application/json, text/csv")],
    ],
)  # fmt: skip
def test_an_answer_that_is_not_declared_as_plain_json_is_refused(headers: list[Header]) -> None:
    with pytest.raises(Fault) as refused:
        filtered(ONE, "GET", answer(b'{"a":1}', headers=headers))
    assert (refused.value.reason, refused.value.code.value) == ("not_filterable", "server.serverproxy.service_failed.invalid_response")


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=UTF-8", "application/hal+json", 'application/json;charset="utf-8"']
)
def test_json_by_any_of_its_names_is_filtered(kind: str) -> None:
    assert filtered(ONE, "GET", answer(b'{"a":1}', headers=[("content-type", kind)]))[0].body == b'{"a":1}'


def test_of_a_refusal_only_the_general_members_of_a_problem_go_on() -> None:
    problem = {"type": "about:blank", "title": "Олдсонгүй", "status": 500, "detail": "x", "instance": "/persons/2", "name": "Сарнай"}
    body = json.dumps(problem, ensure_ascii=False).encode()
    found, fields = filtered(ONE, "GET", answer(body, status=404, headers=[("content-type", "application/problem+json"), ("x-name", "y")]))
    assert json.loads(found.body) == {"type": "about:blank", "title": "Олдсонгүй", "detail": "x", "status": 404}
    assert (found.status, found.reason, found.headers, fields) == (404, "Not Found", [("content-type", "application/problem+json")], ())


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"name":"x"}'), ("text/html", b"<p>x"), ("application/problem+json", b"[1]"), ("application/problem+json", b"x"),
        ("application/problem+json", b'{"title":"a","title":"b"}'),
    ],
)  # fmt: skip
def test_of_any_other_refusal_only_the_status_goes_on(kind: str, body: bytes) -> None:
    found, _ = filtered(ONE, "GET", answer(body, status=409, headers=[("content-type", kind)]))
    assert (found.status, found.body, found.headers) == (409, b"", [])
    odd, _ = filtered(ONE, "GET", answer(b'{"title":{"name":"x"}}', status=404, headers=[("content-type", "application/problem+json")]))
    assert json.loads(odd.body) == {"status": 404}


def test_an_answer_without_a_body_stays_one() -> None:
    assert filtered(ONE, "HEAD", answer(b"", headers=[*JSON, ("content-length", "999")]))[0] == ProviderAnswer(200, "OK", JSON, b"")
    assert filtered(ONE, "GET", answer(b"", status=204, headers=[]))[0].body == b""
    assert filtered(ONE, "GET", answer(b"{}", status=299))[0].reason == ""


def test_a_number_is_no_text() -> None:
    assert parse(b"12") == Number("12") and parse(b"12") != "12"
