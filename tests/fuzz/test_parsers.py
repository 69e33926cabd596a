"""Every parser of signed files, on good files with some bytes changed, cut, doubled or put in: an answer, never an exception."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.parsers import TARGETS, seed

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "120"))
SLOW = {"pdf", "any"}
PIECES = [
    b"",
    b"\x00",
    b"\xff",
    b"\x30\x80",
    b"\xa0\x84\xff\xff\xff\xff",
    b"<",
    b"<a>",
    b"&x;",
    b'"',
    b"{",
    b"[",
    b"null",
    b"-1",
    b"%PDF-",
    b"PK\x03\x04",
]


@st.composite
def changed(draw: Any, names: tuple[str, ...]) -> bytes:
    """A good file with some things done to it."""
    content = bytearray(seed(draw(st.sampled_from(names))))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        kind = draw(st.sampled_from(("turn", "cut", "put", "double", "end")))
        if kind == "turn" and content:
            content[place] ^= draw(st.integers(1, 255))
        elif kind == "cut":
            del content[place : place + draw(st.integers(1, 200))]
        elif kind == "put":
            content[place:place] = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=20)))
        elif kind == "double":
            content[place:place] = content[place : place + draw(st.integers(1, 400))]
        elif kind == "end":
            del content[max(place, 1) :]
    return bytes(content)


@pytest.mark.parametrize("target", TARGETS)
def test_no_parser_is_surprised(target: str) -> None:
    run, names = TARGETS[target]

    @settings(max_examples=EXAMPLES // (4 if target in SLOW else 1), deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.one_of(changed(names), st.binary(max_size=300)))
    def with_any(content: bytes) -> None:
        run(content)

    with_any()


@pytest.mark.parametrize("target", TARGETS)
def test_a_good_file_is_where_it_begins(target: str) -> None:
    run, names = TARGETS[target]
    for name in names:
        run(seed(name))
