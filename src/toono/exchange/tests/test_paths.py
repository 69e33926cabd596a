"""Paths are refused unless in normal form, and only then matched."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.exchange.domain import paths
from toono.exchange.domain.faults import Fault
from toono.exchange.domain.paths import Glob, TemplateUnusable, compile_template, normal_path


@pytest.mark.parametrize(
    ("path", "decoded"),
    [
        ("", ""),
        ("/", "/"),
        ("/persons/123", "/persons/123"),
        ("/persons/%D1%83%D0%B1", "/persons/уб"),
        ("/a%20b/c", "/a b/c"),
        ("/a/", "/a/"),
        ("/a...b/..c", "/a...b/..c"),
        ("/100%25", "/100%"),
    ],
)
def test_a_path_in_normal_form_is_decoded_segment_by_segment(path: str, decoded: str) -> None:
    assert normal_path(path) == decoded


@pytest.mark.parametrize(
    "path",
    [
        "//a", "/a//b", "/a/./b", "/a/../b", "/..", "/a/%2e%2e/b", "/a/%2E./b", "/a/.%2e", "/a%2fb", "/a%5Cb", "/a\\b", "/a%00b", "/a%0Ab", "/%zz", "/%e", "/%ff",
        "/a/%252e%252e/b", "/a%252Fb", "/%c0%ae%c0%ae/b", "/a\tb",
    ],
)  # fmt: skip
def test_a_path_in_disguise_is_refused(path: str) -> None:
    with pytest.raises(Fault) as refused:
        normal_path(path)
    assert (refused.value.reason, refused.value.status) == ("path_not_normal", 400)


@given(st.text())
def test_whatever_passes_has_no_dot_segment_and_no_hidden_slash(text: str) -> None:
    try:
        segments = normal_path("/" + text).split("/")[1:]
    except Fault:
        return
    assert not {".", ".."} & set(segments)
    assert len(segments) == text.count("/") + 1
    assert "" not in segments[:-1]


@pytest.mark.parametrize(
    ("template", "path", "variables"),
    [
        ("/persons/{civil_id}", "/persons/1", {"civil_id": "1"}),
        ("/persons/{civil_id}/address", "/persons/1/address", {"civil_id": "1"}),
        ("/persons/by-regnum/{regnum}", "/persons/by-regnum/УБ00210112", {"regnum": "УБ00210112"}),
        ("/a/*", "/a/b", {}),
        ("/a/*", "/a/", {}),
        ("/a*c", "/abc", {}),
        ("/**", "/a/b/c", {}),
        ("/a/**/z", "/a/b/c/z", {}),
        (r"/a/\*", "/a/*", {}),
        ("/a.b", "/a.b", {}),
        ("", "", {}),
    ],
)
def test_a_template_matches(template: str, path: str, variables: dict[str, str]) -> None:
    found = compile_template(template).fullmatch(path)
    assert found is not None and found.groupdict() == variables


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/persons/{civil_id}", "/persons/1/address"), ("/persons/{civil_id}", "/persons/"), ("/persons/{civil_id}", "/persons/1/"), ("/persons/{civil_id}", "/Persons/1"),
        ("/a/*", "/a/b/c"), ("/a*c", "/ab/c"), (r"/a/\*", "/a/b"), ("/a.b", "/axb"), ("/a", "/a\n"), ("/a/**/z", "/a/z"), ("", "/"),
    ],
)  # fmt: skip
def test_a_template_does_not_match_what_it_does_not_say(template: str, path: str) -> None:
    assert compile_template(template).fullmatch(path) is None


@pytest.mark.parametrize("template", ["/{a}/{a}", "/{a}{b}", "/{a}-*", "/a**b*", "/**/x/**", "/{a}-**"])
def test_a_template_that_matches_in_several_ways_is_refused(template: str) -> None:
    with pytest.raises(TemplateUnusable):
        compile_template(template)


X_ROAD = [
    # pattern, path, fits: the table that X-Road's own test has (PathGlobTest.java, release 7)
    ("**", "", True), ("***", "match/anything/*", True), ("**", "/a/b/c", True), ("/*/", "/a/", True), ("/*/", "/a/b/", False), ("", "", True),
    ("", " ", False), (".^$+{[]|()", ".^$+{[]|()", True), ("**/bar/**", "a/b/c/bar/e/f", True), ("**/bar/**", "a/b/c/foo/e/f", False),
    ("**\\*", "/what/ever*", True), ("**\\*", "/what/ever!", False), ("simple", "simple", True), ("simple", "prefix.simple.suffix", False),
    ("**/*/**", "something/bar/something/else", True), ("**/*/**", "/bar/", True), ("**/*/**", "//", True), ("**/*/**", "something/else", False),
    ("\\A", "\\A", True), ("\\*", "*", True), ("\\*", "\\*", False), ("\\\\", "\\", True), ("aa\\", "aa\\", True),
]  # fmt: skip
OURS = [
    ("/persons/*", "/persons/1", True), ("/persons/*", "/persons/", True), ("/persons/*", "/persons/1/address", False), ("/persons/*", "/person/1", False),
    ("/persons/**", "/persons/1/address", True), ("/persons/**", "/persons", False), ("/a*b*c", "/axxbxxbc", True), ("/a*b*c", "/axxbxxb", False),
    ("/*/x/**z", "/q/x/a/b/z", True), ("/*/x/**z", "/q/r/x/z", False), ("/хүн/*", "/хүн/Ө", True), ("/Хүн/*", "/хүн/Ө", False), ("/a", "/a\n", False), ("/**a**b", "/ba", False),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "path", "fits"), X_ROAD + OURS)
def test_a_glob_fits_as_x_road_says(pattern: str, path: str, fits: bool) -> None:
    glob = Glob(pattern)
    assert (glob.matches(path), glob.matches(path)) == (fits, fits)  # the second time by what it has learnt


def by_expression(pattern: str, path: str) -> bool:
    """The same, said in another way."""
    tokens = re.findall(r"\\[*\\]|\*\*|\*|.", pattern, re.DOTALL)
    parts = [{"**": ".*", "*": "[^/]*"}.get(t) or re.escape(t[1:] if len(t) > 1 else t) for t in tokens]
    return re.fullmatch("".join(parts), path, re.DOTALL) is not None


@given(st.text("ab*/\\", max_size=12), st.text("ab*/\\", max_size=12))
def test_a_glob_fits_what_the_same_expression_fits(pattern: str, path: str) -> None:
    assert Glob(pattern).matches(path) == by_expression(pattern, path)


def test_no_path_makes_a_glob_slow() -> None:
    pattern, path = "/**a**a*a**b*a**a*a**c", "/" + "a" * 8000
    glob = Glob(pattern)
    glob.matches(path)
    assert not glob.matches(path)
    assert lines_of(lambda: glob.matches(path)) < 8 * len(path)
    assert len(glob._states) < 100


def test_what_a_glob_remembers_is_bounded_and_forgetting_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "_GLOB_STATES", 4)
    pattern = "/**ab*ba**/b*a"
    glob, most = Glob(pattern), 0
    for letters in itertools.product("ab/", repeat=7):
        path = "/" + "".join(letters)
        assert glob.matches(path) == by_expression(pattern, path)
        most = max(most, len(glob._states))
    assert most <= 4


TraceFunction = Callable[[FrameType, str, object], object]


def lines_of(work: Callable[[], object]) -> int:
    """Lines of Python that ``work`` runs."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> TraceFunction:
        nonlocal count
        count += event == "line"
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        work()
    finally:
        sys.settrace(before)
    return count
