"""A glob opens an endpoint if, and only if, some path fits both."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.registry.domain.globs import glob_tokens, may_match


@pytest.mark.parametrize(
    ("glob", "template"),
    [
        ("/persons/*", "/persons/{civil_id}"),
        ("/persons/*/address", "/persons/{civil_id}/address"),
        ("/persons/990*", "/persons/{civil_id}"),
        ("/**", "/persons/{civil_id}/address"),
        ("**", "/persons"),
        ("/persons/**", "/persons/by-regnum/{regnum}"),
        ("/persons/*/*", "/persons/by-regnum/{regnum}"),
        ("/pers*", "/persons"),
        ("/persons*", "/persons"),
        (r"/a\*b", "/{x}"),
        ("/**/address", "/persons/{civil_id}/address"),
    ],
)
def test_a_glob_that_some_call_fits(glob: str, template: str) -> None:
    assert may_match(glob, template)


@pytest.mark.parametrize(
    ("glob", "template"),
    [
        ("/persons/*", "/persons/{civil_id}/address"),
        ("/persons/", "/persons/{civil_id}"),
        ("/persons", "/persons/{civil_id}"),
        ("/*", "/persons/{civil_id}"),
        ("/companies/**", "/persons/{civil_id}"),
        (r"/persons/\*", "/persons/by-regnum"),
        (r"/pers\*", "/persons"),
        ("/persons/*/address", "/persons/{civil_id}"),
        ("*", "/persons"),
    ],
)
def test_a_glob_that_no_call_fits(glob: str, template: str) -> None:
    assert not may_match(glob, template)


def test_a_backslash_that_escapes_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="backslash"):
        glob_tokens("/persons/\\")
    assert glob_tokens("/a\\\\")


def _matches(glob: str, path: str) -> bool:
    """X-Road's reading of a glob, as a regular expression."""
    parts = re.findall(r"\\.|\*\*|\*|.", glob)
    pattern = "".join(".*" if p == "**" else "[^/]*" if p == "*" else re.escape(p[-1]) for p in parts)
    return re.fullmatch(pattern, path, re.DOTALL) is not None


SEGMENTS = st.lists(st.sampled_from(["a", "ab", "b", "*", "**", "a*", r"\*"]), min_size=1, max_size=4)
TEMPLATES = st.lists(st.sampled_from(["a", "ab", "b", "{x}", "{y}"]), min_size=1, max_size=4)


@given(glob=SEGMENTS, template=TEMPLATES, filling=st.text("ab*", min_size=1, max_size=3))
def test_whatever_a_glob_matches_it_is_said_to_match(glob: list[str], template: list[str], filling: str) -> None:
    path = "/" + "/".join(filling if part.startswith("{") else part for part in template)
    if _matches("/" + "/".join(glob), path):
        assert may_match("/" + "/".join(glob), "/" + "/".join(template))


@given(glob=SEGMENTS, template=TEMPLATES)
def test_what_is_said_to_match_has_a_path_that_fits_both(glob: list[str], template: list[str]) -> None:
    if not may_match("/" + "/".join(glob), "/" + "/".join(template)):
        return
    fillings = ["a", "b", "ab", "*", "aa", "ba", "a*"]
    paths = [""]
    for part in template:
        paths = [f"{path}/{text}" for path in paths for text in (fillings if part.startswith("{") else [part])]
    assert any(_matches("/" + "/".join(glob), path) for path in paths)
