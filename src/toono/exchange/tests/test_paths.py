"""Paths are refused unless in normal form, and only then matched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.exchange.domain.faults import Fault
from toono.exchange.domain.paths import compile_template, normal_path


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
