"""Where a token is wanted and none is shown, the answer says how to show one and no word of an error (RFC 6750 §3.1); whoever tried learns what was wrong."""

from __future__ import annotations

import pytest

from toono.identity.domain.console import causes
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.tests.memory import MemoryProvider


def refused(header: str | None, encoded: str = "") -> DirectRefusal:
    with pytest.raises(DirectRefusal) as found:
        MemoryProvider().userinfo(header, encoded)
    return found.value


@pytest.mark.parametrize("header", [None, "", "Basic eDp5", "Negotiate abc", "Bearerabc"])
def test_who_tried_nothing_or_in_another_way_is_told_how(header):
    found = refused(header)
    assert (found.status, found.body) == (401, {}) and "error" not in (found.authenticate or "")
    assert (found.authenticate or "").startswith("Bearer, DPoP algs=")
    assert causes.cause_of(str(found.body.get("error", "")), str(found.body.get("error_description", ""))) == "token.missing"


@pytest.mark.parametrize(
    ("header", "scheme"), [("Bearer a b", "Bearer"), ("bearer", "Bearer"), ("DPoP é", "DPoP"), ("Bearer unknown", "Bearer")]
)
def test_who_tried_learns_that_it_was_wrong(header, scheme):
    found = refused(header)
    assert (found.status, found.body["error"], found.authenticate) == (401, "invalid_token", f'{scheme} error="invalid_token"')


def test_a_token_shown_twice_is_a_false_request():
    found = refused("Bearer a", "access_token=b")
    assert (found.status, found.body["error"]) == (400, "invalid_request")
