"""Which cases of the OpenID Foundation's conformance suite our tests take over, by the names of its modules. ``python -m tests.conformance.oidc_table`` writes the table.

The suite itself needs Java and MongoDB; its modules' names are the checklist, the tests are ours.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Test = TypeVar("Test", bound=Callable[..., Any])
PLACE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "oidc-conformance.md"
FILES = ("test_oidc_basic", "test_oidc_fapi", "test_oidc_ciba", "test_oidc_logout", "test_oidc_attacks")
HEAD = """# OpenID conformance: which cases are tested

Written by `python -m tests.conformance.oidc_table`; a test holds it against the code. Each row is a case and the test that takes it over. Cases of
the plans Basic OP, FAPI 2.0, FAPI-CIBA and RP logout are named after modules of the OpenID Foundation's conformance suite; where a plan has no module, after the
section of the specification. The suite itself is not run (it needs Java and MongoDB), so this is no certification.

| Plan | Module | Test |
|---|---|---|
"""


def module(plan: str, *names: str) -> Callable[[Test], Test]:
    """The modules of a plan that a test takes over."""

    def mark(test: Test) -> Test:
        test.oidf = (plan, names)  # type: ignore[attr-defined]
        return test

    return mark


def rows() -> list[tuple[str, str, str]]:
    """Plan, module, test; in the order of the files."""
    found = []
    for file in FILES:
        for name, test in inspect.getmembers(importlib.import_module(f"tests.conformance.{file}"), inspect.isfunction):
            plan, names = getattr(test, "oidf", ("", ()))
            found += [(plan, one, f"{file}.py::{name}") for one in names]
    return sorted(found)


def table() -> str:
    return HEAD + "".join(f"| {plan} | `{name}` | `{test}` |\n" for plan, name, test in rows())


if __name__ == "__main__":
    PLACE.write_text(table(), encoding="utf-8")
