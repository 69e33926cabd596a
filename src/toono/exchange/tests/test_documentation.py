"""The table of errors in the how-to is complete."""

from __future__ import annotations

import re
from pathlib import Path

from toono.exchange.domain.faults import Code

SOURCE = Path(__file__).resolve().parents[1]
HOW_TO = SOURCE.parents[2] / "docs" / "how-to" / "call-the-exchange.md"


def test_every_type_of_error_stands_in_the_how_to() -> None:
    text = HOW_TO.read_text()
    assert [code.value for code in Code if f"`{code.value}`" not in text] == []


def test_every_reason_stands_in_the_how_to() -> None:
    text = HOW_TO.read_text()
    calls = r"(?:Fault\([^\"()]*?|_denied\(|_invalid\(|BadAnswer\(|ProviderUnreachable\(|LogUnavailable\()\s*\"([a-z_0-9]+)\""
    reasons = {r for file in SOURCE.rglob("*.py") if "tests" not in file.parts for r in re.findall(calls, file.read_text())}
    assert len(reasons) > 30
    assert sorted(r for r in reasons if f"`{r}`" not in text) == []
