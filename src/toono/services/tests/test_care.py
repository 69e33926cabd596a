"""A document gets a further time-stamp, and the copy that somebody saved before is still genuine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from django.db import DatabaseError

from toono.kernel.actor import Actor
from toono.kernel.clock import now

if TYPE_CHECKING:
    from tests.stage import Stack

LATER = timedelta(days=400)


@pytest.fixture
def issued(stack: Stack, fresh_citizen: Callable[[], Actor]) -> Any:
    from toono.services.models import Document
    from toono.services.tests.steps import documented, sent

    citizen = fresh_citizen()
    return Document.objects.get(case_id=documented(stack, citizen, sent(citizen).id).id)


def test_the_longer_file_takes_the_place_and_the_shorter_stays_genuine(issued: Any) -> None:
    from toono.services import api
    from toono.services.operations.care import KeptDocuments

    short = bytes(issued.pdf)
    with mock.patch("toono.services.operations.verification._seal_intact", return_value=True):
        assert api.verify_file(pdf=short).status == "genuine"
        KeptDocuments().cared(file_id=str(issued.id), content=short + b"\n% stamped", next_at=now() + LATER)
        for copy in (short, short + b"\n% stamped"):
            found = api.verify_file(pdf=copy)
            assert (found.status, found.code) == ("genuine", issued.code)
        assert api.verify_file(pdf=short + b"\n% other").status == "altered"
    issued.refresh_from_db()
    assert (issued.size_bytes, bytes(issued.pdf)) == (len(short) + 10, short + b"\n% stamped") and issued.care_at > now() + LATER / 2


def test_nothing_else_takes_the_place_of_a_document(issued: Any) -> None:
    from toono.services.operations.care import KeptDocuments

    before = bytes(issued.pdf)
    KeptDocuments().cared(file_id=str(issued.id), content=b"%PDF-1.7 another", next_at=now() + LATER)
    issued.refresh_from_db()
    assert bytes(issued.pdf) == before and not issued.editions.exists()
    for changes in ({"pdf": before[:-1]}, {"pdf": b"X" + before}, {"sha256": "0" * 64}, {"pdf": before + b"x", "sha256": "0" * 64}):
        with pytest.raises(DatabaseError, match="never change"):
            type(issued).objects.filter(id=issued.id).update(**changes)  # the database itself refuses


def test_what_is_due_comes_before_what_nobody_has_looked_at_and_the_revoked_never(issued: Any) -> None:
    from toono.services.models import Document
    from toono.services.operations.care import KeptDocuments

    def due(at: Any) -> list[str]:
        return [one.id for one in KeptDocuments().due(at=at, limit=100_000)]

    assert str(issued.id) in due(now())
    KeptDocuments().cared(file_id=str(issued.id), content=None, next_at=now() + LATER)
    assert str(issued.id) not in due(now())
    looked_at = Document.objects.exclude(care_at=None).count()
    assert str(issued.id) in due(now() + LATER + timedelta(days=1))[:looked_at]
    Document.objects.filter(id=issued.id).update(revoked_at=now(), revocation_reason="Алдаатай")
    assert str(issued.id) not in due(now() + LATER + timedelta(days=1))
