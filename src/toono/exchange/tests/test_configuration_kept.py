"""What is in force is on the disk: a restart cannot bring an older configuration back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from toono.exchange.gateway import configuration
from toono.exchange.gateway.configuration import ConfigurationStore
from toono.exchange.tests.lab import Authority
from toono.registry.contracts import ExchangeConfiguration

AUTHORITY = Authority()


def signed(version: int) -> str:
    moment = datetime.now(UTC)
    return AUTHORITY.sign(
        ExchangeConfiguration(
            instance="MN", version=version, issued_at=moment, expires_at=moment + timedelta(hours=1), trusted_certificates_pem=(AUTHORITY.pem,),
            members=(), systems=(), services=(), agreements=(),
        )
    )  # fmt: skip


class Registry:
    """Answers with ``jws``, as the client to the registry would."""

    def __init__(self) -> None:
        self.jws = ""

    async def send(self, *_: Any, **__: Any) -> Any:
        return SimpleNamespace(status=200, body=self.jws.encode(), header=lambda _: None)


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "anchors.pem").write_text(AUTHORITY.pem)
    return tmp_path


def process(folder: Path, registry: Registry) -> ConfigurationStore:
    """What one process of the gateway holds."""
    store = ConfigurationStore(folder=folder, registry_url="http://registry.test", instance="MN", client=registry)  # type: ignore[arg-type]
    store.load()
    return store


def on_disk(folder: Path) -> str:
    return (folder / "configuration.jws").read_text()


def version(store: ConfigurationStore) -> int | None:
    return store.index.version if store.index else None


def test_a_configuration_is_on_the_disk_before_it_is_in_force(folder: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    store, seen = process(folder, registry), []
    write = configuration.write_durably
    monkeypatch.setattr(configuration, "write_durably", lambda *a, **k: (seen.append(version(store)), write(*a, **k)))
    registry.jws = signed(7)
    asyncio.run(store._ask())
    assert seen == [None] and version(store) == 7 and on_disk(folder) == registry.jws
    assert version(process(folder, registry)) == 7


def test_a_slow_process_puts_no_older_one_over_a_younger(folder: Path, registry: Registry) -> None:
    slow, quick = process(folder, registry), process(folder, registry)
    old, new = signed(7), signed(8)
    registry.jws = new
    asyncio.run(quick._ask())
    registry.jws = old
    asyncio.run(slow._ask())
    assert version(slow) == 7 and on_disk(folder) == new
    later = process(folder, registry)
    asyncio.run(later._ask())
    assert version(later) == 8


def test_a_full_disk_holds_nothing_up_and_is_tried_again(folder: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    store = process(folder, registry)
    write = configuration.write_durably

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(configuration, "write_durably", full)
    monkeypatch.setattr(configuration.limits, "CONFIGURATION_POLL_SECONDS", 0.01)
    registry.jws = signed(7)

    async def life() -> None:
        store.open()
        async with asyncio.timeout(10):
            while version(store) != 7:
                await asyncio.sleep(0.01)
            assert not (folder / "configuration.jws").exists()
            monkeypatch.setattr(configuration, "write_durably", write)
            while not (folder / "configuration.jws").exists():
                await asyncio.sleep(0.01)
        await store.close()

    asyncio.run(life())
    assert version(process(folder, registry)) == 7
