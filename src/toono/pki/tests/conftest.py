"""Organisations with seals, ready for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from toono.pki.tests.making import SUBJECT, code

if TYPE_CHECKING:
    from toono.kernel.actor import Actor
    from toono.pki.contracts import CertificateInfo


@pytest.fixture
def platform(stack: Any) -> Actor:
    """The platform itself, on a running stack."""
    from toono.kernel.actor import system

    return system("tests")


@pytest.fixture
def seal_of(platform: Actor) -> Callable[..., CertificateInfo]:
    """Gives an organisation its seal's certificate; without a code, an organisation nobody else knows."""
    from toono.pki import api
    from toono.pki.contracts import Profile

    def give(organisation: str | None = None) -> CertificateInfo:
        return api.certificate_for(actor=platform, key=f"seal/{organisation or code()}", profile=Profile.SEAL, subject=SUBJECT)

    return give
