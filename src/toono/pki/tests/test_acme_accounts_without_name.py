"""ACME requests whose account is named by nothing, or whose reason for a revocation is of another kind."""

from __future__ import annotations

from typing import Any

import pytest

from toono.pki.errors import AcmeRefused
from toono.pki.tests.acme_client import Client, place


@pytest.mark.parametrize("asked", ["new-order", "new-account", "revoke-cert", "key-change"])
def test_an_account_without_a_name_is_none(stack: Any, asked: str) -> None:
    answer = Client().ask(place(asked), {}, jwk=None, kid="")
    assert (answer.status, answer.problem) == (400, "accountDoesNotExist")


@pytest.mark.parametrize("reason", [True, [], {}, [4], "4", 2, 1.5])
def test_a_reason_of_another_kind_is_refused(stack: Any, reason: Any) -> None:
    from toono.pki.operations.acme.certificates import _reason

    with pytest.raises(AcmeRefused) as refused:
        _reason(reason)
    assert refused.value.kind == "badRevocationReason"
