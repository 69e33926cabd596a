"""The description of the machine endpoints (OpenAPI) is sound, and that of the code. Requests made of it by schemathesis: ``tests/properties/test_described_requests.py``."""

from __future__ import annotations

from openapi_spec_validator import validate

from tests.conformance.identity_openapi import PLACE, text
from toono.identity.domain.oidc.openapi import description


def test_the_description_is_sound_and_that_of_the_code() -> None:
    validate(description("https://toono.example"))
    assert PLACE.read_text("utf-8") == text(), "run: python -m tests.conformance.identity_openapi"
