"""The names of our validation reports beside those that pyHanko writes (ETSI EN 319 102-1 §5.1.3, TS 119 102-2 §4.3.4)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate

from toono.pki.contracts import Indication, StampReport, SubIndication
from toono.pki.domain.validation import etsi

MAIN = "urn:etsi:019102:mainindication:"


def test_pyhanko_knows_every_reason_of_ours() -> None:
    assert {one.value for one in SubIndication} <= {one.standard_name for one in (*AdESFailure, *AdESIndeterminate)}


@pytest.mark.parametrize(
    ("indication", "signature", "stamp"),
    [
        (Indication.TOTAL_PASSED, "total-passed", "passed"),
        (Indication.TOTAL_FAILED, "total-failed", "failed"),
        (Indication.INDETERMINATE, "indeterminate", "indeterminate"),
    ],
)
def test_a_signature_passes_in_total_and_a_time_stamp_passes(indication: Indication, signature: str, stamp: str) -> None:
    one = StampReport(kind="signature", time=datetime(2026, 1, 1, tzinfo=UTC), indication=indication)
    assert etsi._stamp(one)["SignatureValidationStatus"]["MainIndication"] == MAIN + stamp
    assert etsi._status(indication, None, "")["MainIndication"] == MAIN + signature
