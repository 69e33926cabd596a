"""The stage of every test: the whole real platform, started once, and the cast that acts on it.

Doors are called directly in this process on the stage's own database; jobs are done by the stage's real worker. Nothing is rolled
back: each test makes its own things and stands in any order. ``TEST_DATABASE_URL`` names another PostgreSQL server.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.stage import Stack, start_stack

if TYPE_CHECKING:
    from toono.kernel.actor import Actor


def _test_database(home: Path) -> dict[str, str]:
    url = os.environ.get("TEST_DATABASE_URL")
    return {"TOONO_DATABASE_URL": url} if url else {}


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The platform on which the whole run of tests stands; Django in this process uses its database."""
    with tempfile.TemporaryDirectory(prefix="toono-test-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        running = start_stack(home, **_test_database(home))
        try:
            os.environ.update({k: v for k, v in running.environment.items() if k.startswith("TOONO_")})
            os.environ["DJANGO_SETTINGS_MODULE"] = "toono.entry.django_settings"
            from toono.kernel.settings import settings

            settings.cache_clear()
            import django

            django.setup()
            yield running
        finally:
            running.stop()
            keep = os.environ.get("KEEP_TOONO_LOGS")
            if keep:
                import shutil

                shutil.copytree(home / "logs", keep, dirs_exist_ok=True)


@pytest.fixture(autouse=True)
def _calm(request: pytest.FixtureRequest) -> Iterator[None]:
    """No fault outlives the test that set it, and no database connection of a test is reused half-broken."""
    yield
    if "stack" in request.fixturenames:
        request.getfixturevalue("stack").faults()
        from django.db import close_old_connections

        close_old_connections()


def _person_actor(regnum: str, role: str = "citizen") -> Actor:
    import toono.identity.api as identity
    from toono.kernel.actor import Actor, Role, system

    person = identity.register_person(actor=system("tests"), regnum=regnum)
    if role == "citizen":
        return Actor(role=Role.CITIZEN, person_id=person.id)
    appointment = next(a for a in identity.appointments(person_id=person.id) if a.role == Role(role))
    return Actor(role=appointment.role, person_id=person.id, organisation=appointment.organisation)


@pytest.fixture(scope="session")
def actor_of(stack: Stack) -> Callable[[str], Actor]:
    """The citizen with this register number."""
    return _person_actor


@pytest.fixture(scope="session")
def sarnai(stack: Stack) -> Actor:
    """Сарнай, a citizen of Mandalgovi."""
    return _person_actor(stack.addresses["persons"]["sarnai"]["regnum"])


@pytest.fixture(scope="session")
def bat(stack: Stack) -> Actor:
    """Бат, her neighbour, who must never see her data."""
    return _person_actor(stack.addresses["persons"]["bat"]["regnum"])


@pytest.fixture(scope="session")
def oyun(stack: Stack) -> Actor:
    """Оюун, officer of Dundgovi's environment office."""
    return _person_actor(stack.addresses["persons"]["oyun"]["regnum"], "officer")


@pytest.fixture(scope="session")
def dorj(stack: Stack) -> Actor:
    """Дорж, operator at a counter."""
    return _person_actor(stack.addresses["persons"]["dorj"]["regnum"], "operator")


@pytest.fixture(scope="session")
def anu(stack: Stack) -> Actor:
    """Ану, administrator of the platform."""
    return _person_actor(stack.addresses["persons"]["anu"]["regnum"], "administrator")


@pytest.fixture(scope="session")
def register_persons(stack: Stack) -> Iterator[dict[str, Any]]:
    """A supply of citizens whom no test has used yet."""
    return iter(stack.http.get(f"{stack.sandbox_url}/control/persons", params={"limit": 3000}).raise_for_status().json())


@pytest.fixture
def fresh_person(register_persons: Iterator[dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """A citizen of the register (regnum, phone, names) who has never signed in."""
    return lambda: next(register_persons)


@pytest.fixture
def fresh_citizen(fresh_person: Callable[[], dict[str, Any]]) -> Callable[[], Actor]:
    """The :class:`Actor` of such a citizen."""
    return lambda: _person_actor(fresh_person()["regnum"])


@pytest.fixture
def browser_client(stack: Stack) -> Callable[[str], httpx.Client]:
    """A client signed in through the real pages as the person with that register number."""
    from toono.entry.person import Person

    def sign_in(regnum: str) -> httpx.Client:
        phone = stack.http.get(f"{stack.sandbox_url}/control/persons", params={"regnum": regnum}).json()[0]["phone"]
        person = Person(stack.base_url, sms=lambda: stack.sms(phone))
        person.sign_in(regnum)
        return person.client

    return sign_in
