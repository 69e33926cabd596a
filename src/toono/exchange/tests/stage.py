"""Fixtures of the laboratory; a test module takes them with ``pytest_plugins = ["toono.exchange.tests.stage"]``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from toono.exchange.tests.lab import Lab, RunningGateway, person


@pytest.fixture(scope="module")
def lab(stack: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A laboratory on the running platform's database and signer."""
    settings = stack.settings
    tokens = {name: settings.secret(f"signer_token_{name}") for name in ("gateway", "web")}
    made = Lab(tmp_path_factory.mktemp("lab"), gateway_dsn=settings.gateway_dsn, signer_socket=settings.signer_socket, tokens=tokens)
    made.owner_dsn = settings.database_dsn
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _calm_lab(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test broke is whole again for the next one."""
    yield
    if "lab" in request.fixturenames:
        found: Lab = request.getfixturevalue("lab")
        found.provider.speech = person
        found.registry.up = True
        found.responder.restore()
        found.database.restore()
        found.signer.restore()


@pytest.fixture(scope="module")
def gateway(lab: Lab) -> Iterator[RunningGateway]:
    """A gateway of the laboratory."""
    with lab.start() as running:
        yield running


@pytest.fixture
def taken_back(stack: Any) -> Iterator[None]:
    """What a test publishes of the future is taken back: on the platform it would push real time-stamps out of their hour."""
    from django.db import transaction

    from toono.exchange.operations.roots import folder

    before = set(folder().glob("*"))
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    for file in set(folder().glob("*")) - before:
        file.unlink()
