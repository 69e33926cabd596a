"""Which service reads what another one gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from toono.services.domain.chains import feeds
from toono.services.domain.definition import Definition
from toono.services.domain.files import read_services
from toono.services.tests.catalogue import CATALOGUE


@pytest.fixture(scope="module")
def known() -> dict[str, Definition]:
    return {one.definition.code: one.definition for one in read_services(Path(CATALOGUE))[0]}


@pytest.mark.parametrize(
    ("first", "then", "does"),
    [
        ("water-use-permit", "water-use-contract", True),  # a register of permits is looked into for this kind
        ("alcohol-low-sale-new", "alcohol-low-sale-extension", True),
        ("water-use-contract", "water-use-permit", False),
        ("alcohol-high-sale-new", "alcohol-low-sale-extension", False),
        ("water-use-conclusion", "water-use-contract", False),  # a conclusion is no permit
        ("address-reference", "water-use-permit", False),
        ("water-use-permit", "water-use-permit", False),
    ],
)
def test_a_document_feeds_what_reads_it(known: dict[str, Definition], first: str, then: str, does: bool) -> None:
    assert feeds(known[first], known[then]) is does
