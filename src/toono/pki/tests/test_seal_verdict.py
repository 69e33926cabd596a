"""From findings to one answer about a seal; indeterminate is not invalid."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from toono.pki.contracts import RevocationReason, SealStatus
from toono.pki.domain.seals import Findings, Path, judge, worst

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
GOOD = Findings(intact=True, path=Path.OURS, is_seal=True, known=True, sealed_at=NOON, checked_at=NOON + timedelta(days=1))
REVOKED = {"revoked_at": NOON - timedelta(hours=1), "reason": RevocationReason.SUPERSEDED}


def test_an_intact_seal_of_ours_is_valid() -> None:
    check = judge(GOOD)
    assert (check.status, check.trusted, check.revoked, check.sealed_at) == (SealStatus.VALID, True, False, NOON)


@pytest.mark.parametrize(
    ("difference", "status"),
    [
        ({"intact": False}, SealStatus.ALTERED),
        ({"path": Path.FOREIGN}, SealStatus.FOREIGN),
        ({"is_seal": False}, SealStatus.FOREIGN),
        (REVOKED, SealStatus.REVOKED),
        ({"known": False}, SealStatus.INDETERMINATE),
        ({"path": Path.UNDECIDED}, SealStatus.INDETERMINATE),
        ({"sealed_at": None, "stamp_failed": True}, SealStatus.INDETERMINATE),
        ({"intact": False, **REVOKED}, SealStatus.ALTERED),
        ({"path": Path.UNDECIDED, **REVOKED}, SealStatus.REVOKED),
    ],
)
def test_each_flaw_has_its_answer(difference: dict[str, object], status: SealStatus) -> None:
    assert judge(replace(GOOD, **difference)).status is status  # type: ignore[arg-type]


def test_what_is_not_known_is_said_to_be_not_known() -> None:
    assert judge(replace(GOOD, known=False)).revoked is None
    assert judge(replace(GOOD, known=False)).indeterminate


def test_without_a_time_stamp_a_later_revocation_counts() -> None:
    later = {"revoked_at": NOON + timedelta(hours=1), "reason": RevocationReason.SUPERSEDED}
    assert judge(replace(GOOD, **later)).status is SealStatus.VALID  # type: ignore[arg-type]
    assert judge(replace(GOOD, sealed_at=None, **later)).status is SealStatus.REVOKED  # type: ignore[arg-type]


def test_a_document_is_as_good_as_its_worst_seal() -> None:
    checks = [judge(GOOD), judge(replace(GOOD, path=Path.FOREIGN)), judge(replace(GOOD, known=False))]
    assert worst(checks).status is SealStatus.FOREIGN
