"""Every rule that can find something says in words what it asks."""

from __future__ import annotations

import re
from pathlib import Path

import toono.services
from toono.services.domain.lint import CHECKS
from toono.services.domain.lint.rules import RULES

ROOM = Path(toono.services.__file__).parent


def test_every_rule_says_what_it_asks_and_no_other_is_told() -> None:
    sources = "".join(path.read_text() for folder in ("domain", "adapters") for path in (ROOM / folder).rglob("*.py"))
    named = set(re.findall(r'rule="([a-z_]+)"', sources)) | {"unknown_field", "missing_field", "shape", "test", "walk", "coverage"}
    assert set(RULES) == named | {rule for rule, _check in CHECKS}
