"""What strangers send is neither a fault of ours nor a line of our log."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from django.core.exceptions import BadRequest
from django.http.multipartparser import MultiPartParserError

from toono.ui.errors import RequestNotUnderstood
from toono.ui.faults import LONGEST_LOGGED, _one_line, known


def test_an_address_writes_no_line_of_its_own() -> None:
    assert _one_line("/x\n2026-11-22 ERROR toono: all is lost\x1b[2J\u2028") == "/x\\n2026-11-22 ERROR toono: all is lost\\x1b[2J\\u2028"
    assert _one_line("/үйлчилгээ/") == "/үйлчилгээ/"


def test_a_line_of_the_log_has_an_end() -> None:
    assert len(_one_line("x" * 10_000)) == LONGEST_LOGGED


@pytest.mark.parametrize("mistake", [MultiPartParserError("Request max total header size exceeded."), BadRequest("must be UTF-8 encoded")])
def test_a_form_that_is_none_is_the_senders_mistake(mistake: Exception) -> None:
    assert isinstance(known(mistake), RequestNotUnderstood)


def test_too_many_parameters_are_refused_whatever_the_content_type(stack: Any) -> None:
    address = f"{stack.base_url}/oidc/authorize?" + "&".join(f"p{number}=1" for number in range(300))
    for kind in ("application/json", "application/json; charset=utf-8", "application/json; charset=utf-16"):
        answer = httpx.get(address, headers={"Content-Type": kind})
        assert 400 <= answer.status_code < 500 and answer.json()["status"] == answer.status_code
