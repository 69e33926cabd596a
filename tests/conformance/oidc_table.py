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
FILES = (
    "test_oidc_basic",
    "test_oidc_scopes",
    "test_oidc_registration",
    "test_oidc_fapi",
    "test_oidc_ciba",
    "test_oidc_logout",
    "test_oidc_attacks",
    "test_oidc_forged_tokens",
    "test_oidc_live",
    "test_oidc_tls",
    "test_oidc_live_attacks",
)
HEAD = """# OpenID conformance: which cases are tested

Written by `python -m tests.conformance.oidc_table`; a test holds it against the code. Each row is a case and the test that takes it over. Cases of
the plans Basic OP, FAPI 2.0, FAPI-CIBA and RP logout are named after modules of the OpenID Foundation's conformance suite; where a plan has no module, after the
section of the specification. The suite itself is not run (it needs Java and MongoDB), so this is no certification. What a plan asks and we do not do
stands here too, with the reason.

| Plan | Module | Test, or why there is none |
|---|---|---|
"""
NOT_OFFERED: tuple[tuple[str, str, str], ...] = (
    ("Basic OP", "the claims of oidcc-scope-email, -phone, -address", "not given: the register has no e-mail address, the telephone number is where the codes for signing in go, and addresses come through the exchange; such scopes are left out, and the token says so, which those tests hold"),
    ("Basic OP", "oidcc-server-client-secret-jwt", "not offered: a shared secret that signs is one that both sides can forge with; `private_key_jwt` is there"),
    ("Implicit OP, Hybrid OP", "all", "not offered: RFC 9700 §2.1.2; `4.2-referrer-and-4.3-history` tests that they are refused"),
    ("Third-party initiated login OP", "all", "the links of the catalogue start at the relying party; none is started by the provider"),
    ("Front-channel logout OP", "all", "not offered: it fails with third-party cookies; the back channel has a ledger of deliveries"),
    ("Session management OP", "all", "not offered: needs third-party cookies, which browsers no longer send"),
    ("Config OP", "oidcc-refresh-token-rp-key-rotation", "a set of keys by value is changed at the registration; `oidcc-registration-jwks-uri` tests the change of a published one"),
    ("Dynamic OP", "oidcc-registration-logo-uri, -policy-uri, -tos-uri", "taken into the registration and shown to the platform's administrator; nothing of a client's is fetched for a page"),
    ("Dynamic OP", "oidcc-registration-sector-uri", "pairwise needs redirect addresses of one host; several hosts of one sector are refused rather than fetched"),
    ("Dynamic OP", "oidcc-request-uri-signed", "request objects by value or pushed only: nothing that a request names is fetched"),
    ("FAPI 2.0", "country and ecosystem variants", "profiles of other countries"),
    ("FAPI-CIBA", "fapi-ciba-id1-push", "FAPI-CIBA forbids push; poll and ping are there"),
    ("OID4VCI issuer, OID4VP verifier", "all", "not offered: [ADR 26](../adr/0026-no-wallet-credentials-yet.md)"),
)  # fmt: skip
"""Plan, modules, reason."""


def module(plan: str, *names: str) -> Callable[[Test], Test]:
    """The modules of a plan that a test takes over."""

    def mark(test: Test) -> Test:
        test.oidf = [*getattr(test, "oidf", ()), (plan, names)]  # type: ignore[attr-defined]
        return test

    return mark


def rows() -> list[tuple[str, str, str]]:
    """Plan, module, test; in the order of the files."""
    found = []
    for file in FILES:
        for name, test in inspect.getmembers(importlib.import_module(f"tests.conformance.{file}"), inspect.isfunction):
            found += [(plan, one, f"{file}.py::{name}") for plan, names in getattr(test, "oidf", ()) for one in names]
    return sorted(found)


def table() -> str:
    tested = [f"| {plan} | `{name}` | `{test}` |\n" for plan, name, test in rows()]
    return HEAD + "".join(tested) + "".join(f"| {plan} | {name} | no test: {reason} |\n" for plan, name, reason in NOT_OFFERED)


if __name__ == "__main__":
    PLACE.write_text(table(), encoding="utf-8")
