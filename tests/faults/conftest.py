"""A copy of its own for the tests that break things."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.stage import Stack, start_stack


@pytest.fixture(scope="session")
def broken(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A second running copy; whatever is broken in it harms no other test."""
    running = start_stack(tmp_path_factory.mktemp("faults") / "home")
    yield running
    running.stop()


@pytest.fixture
def without(broken: Stack) -> Callable[..., AbstractContextManager[None]]:
    """``with without("signer"): …``: the named processes are dead inside the block (the supervisor is held) and back after it."""

    def lives(name: str) -> bool:
        try:
            os.kill(broken.pid(name), 0)
        except (ProcessLookupError, StopIteration):
            return False
        return True

    @contextmanager
    def gone(*names: str) -> Iterator[None]:
        broken.wait(lambda: all(map(lives, names)), timeout=60)  # what the test before has killed is back
        broken.process.send_signal(signal.SIGSTOP)
        try:
            for name in names:
                broken.kill(name)
            yield
        finally:
            broken.process.send_signal(signal.SIGCONT)
            broken.wait(broken.serves, timeout=60)

    return gone
