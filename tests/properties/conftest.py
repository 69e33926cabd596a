"""The stage of generated requests: the whole application in this process, on the stage's database and signer."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.properties.cast import Cast
from tests.properties.lean import Plane
from tests.properties.wire import Wire

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "25"))


@pytest.fixture(scope="session")
def cast(stack: Any) -> Iterator[Cast]:
    from django.db import connection
    from django.db.backends.signals import connection_created

    from toono.entry.web import application

    persons = stack.http.get(f"{stack.sandbox_url}/control/persons", params={"limit": 40}).raise_for_status().json()
    with pytest.MonkeyPatch.context() as patch, _quiet_worker(stack):
        patch.setattr("toono.pki.adapters.file_reader.read", _read_here)
        patch.setattr("toono.pki.operations.acme.orders.ORDERS_PER_HOUR", 10**9)
        connection_created.connect(_hurry)
        connection.close()
        with Plane(stack.base_url) as plane:
            yield Cast(Wire(application, stack.base_url), plane, stack, [one for one in persons if one["phone"]][-8:])
        connection_created.disconnect(_hurry)
        connection.close()


@contextmanager
def _quiet_worker(stack: Any) -> Iterator[None]:
    """In a long run thousands of codes are asked for; the worker would do nothing but look up persons who do not exist."""
    worker = stack.pid("worker") if EXAMPLES > 1000 else None
    if worker:
        os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        if worker:
            os.kill(worker, signal.SIGCONT)


def _hurry(connection: Any, **_: Any) -> None:
    """A power cut is another test's matter: the disk need not be waited for."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")


def _read_here(content: Any, signed: Any = None) -> Any:
    """Signed files are read in this process instead of one each; what is read, and how, is the same."""
    from toono.pki.domain.validation import formats
    from toono.pki.domain.validation.reading import Reading

    views = [memoryview(file.read()) for file in (content, signed) if file is not None]
    return Reading.model_validate_json(formats.read(*views).model_dump_json())
