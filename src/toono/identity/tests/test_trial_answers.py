"""What comes back to the built-in test client in an address that somebody else has written."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from toono.identity.contracts import TrialFlow
from toono.identity.errors import TrialOver
from toono.identity.tests.flows import api
from toono.identity.tests.test_console_parties import appointed, codes, keeper, register  # noqa: F401 - fixtures
from toono.kernel.jose import base64url

HEADER = base64url(b'{"alg":"ES256"}')


@pytest.mark.parametrize("more", [
    "&x=1" * 21, "&error_description=%00", "&a%00b=1",
    "&response=" + ".".join((HEADER, base64url(json.dumps({"code": "\ud800"}).encode()), "AA")),
], ids=["more than twenty", "a value that is no text", "a name that is no text", "half a letter in a signed answer"])  # fmt: skip
def test_an_answer_that_no_endpoint_gives_is_taken_by_no_trial(keeper, codes, more):  # noqa: F811
    found = register(keeper, codes[0])
    run = api.start_trial(actor=keeper, client_id=found.client_id, flow=TrialFlow.CODE)
    state = str(run.steps[-1].sent["state"])
    with pytest.raises(TrialOver):
        api.continue_trial(actor=keeper, query=urlencode({"state": state, "code": "x"}) + more)
    assert not api.trial(actor=keeper, run_id=run.id).finished, "the real answer may still come"
    assert api.continue_trial(actor=keeper, query=urlencode({"state": state, "code": "x"})).finished
