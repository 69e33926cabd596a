"""``python -m tests.conformance.identity_openapi`` writes ``docs/reference/identity-openapi.json``; a test holds it against the code."""

from __future__ import annotations

import json
from pathlib import Path

from toono.identity.domain.oidc.openapi import description

PLACE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "identity-openapi.json"


def text() -> str:
    return json.dumps(description("https://toono.example"), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    PLACE.write_text(text(), encoding="utf-8")
