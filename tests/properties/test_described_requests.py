"""schemathesis makes requests from the description of the machine endpoints; the application answers each in this process as the description says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from toono.identity.domain.oidc.openapi import description

EXAMPLES = max(10, int(os.environ.get("PROPERTY_EXAMPLES", "25")) // 10)
"""A tenth of the others: schemathesis takes some 20 ms of processor time to think out one request and to judge its answer, ``plans`` one."""
SEED = int(os.environ.get("PROPERTY_SEED", "0"))
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The portal's, imported when first asked: only then has the stage told Django which database to use."""
    from toono.entry.web import application as portal

    environ.pop("HTTP_ACCEPT_ENCODING", None)
    return portal(environ, start_response)


schema = schemathesis.openapi.from_dict(description("http://127.0.0.1"))
schema.app = application


@schema.parametrize()
@seed(SEED)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None, phases=(Phase.generate,))
def test_every_endpoint_answers_as_described(case: Any, stack: Any) -> None:
    case.call_and_validate(checks=list(CHECKS))
