"""schemathesis at every machine endpoint over real HTTP: whatever it makes of the description is answered as described, and never by an unhandled error.

``PROPERTY_EXAMPLES=10000`` widens the search; every day some hundred requests go to each endpoint.
"""

from __future__ import annotations

import os
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from tests.conformance.identity_openapi import PLACE, text
from toono.identity.domain.oidc.openapi import description

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "100"))
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


def test_the_description_is_sound_and_that_of_the_code() -> None:
    validate(description("https://toono.example"))
    assert PLACE.read_text("utf-8") == text(), "run: python -m tests.conformance.identity_openapi"


schema = schemathesis.openapi.from_dict(description("http://127.0.0.1"))


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_every_endpoint_answers_as_described(case: Any, stack: Any) -> None:
    case.call_and_validate(base_url=stack.base_url, checks=list(CHECKS), timeout=30)
