"""The configuration by which the gateway lives: fetched from the registry, verified, kept on disk, swapped without a pause.

The last good one serves while the registry is down, after a restart too. It never goes back in version: it is on the disk before a call sees it, and
processes that share the disk never put an older one over a younger. After its expiry calls are served with a warning for the policy's grace, and then refused.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from toono.exchange import limits
from toono.exchange.domain import ageing
from toono.exchange.domain.ageing import Grade
from toono.exchange.domain.answers import BadAnswer
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.origins import origin_of
from toono.exchange.domain.rights import ConfigurationUnusable, Index
from toono.exchange.gateway.provider import ProviderClient, ProviderUnreachable
from toono.kernel.clock import now
from toono.kernel.files import alone, write_durably
from toono.kernel.jose import json_object, unverified_payload
from toono.registry.errors import ConfigurationRefused
from toono.registry.verification import verify_configuration

_log = logging.getLogger(__name__)
_PATH: Final = "/registry/configuration"


class ConfigurationStore:
    """Holds the index in force. Reading it is one attribute: a call keeps the one it began with."""

    def __init__(self, *, folder: Path, registry_url: str, instance: str, client: ProviderClient) -> None:
        self._anchors, self._file = folder / "anchors.pem", folder / "configuration.jws"
        address = urlsplit(registry_url)
        self._origin = origin_of(address)
        self._target = address.path.rstrip("/") + _PATH
        self._instance, self._client = instance, client
        self._lowest_version = 0
        self._etag: str | None = None
        self._jws = ""
        self._on_disk = False
        self._task: asyncio.Task[None] | None = None
        self._said = ""
        self.index: Index | None = None
        self.prepare: Callable[[Index], Awaitable[None]] | None = None
        """What is to be done with a new index before it is put in force."""
        self.fetched_at: datetime | None = None
        """When the registry last answered."""

    def current(self, moment: datetime) -> Index:
        """The index in force.

        :raises Fault: there is none, or it expired so long ago that the policy's grace is over too.
        """
        index = self.index
        if index is None:
            raise Fault(Code.GLOBAL_CONF_OUTDATED, "no_configuration", "The gateway has no valid configuration yet.")
        judged = ageing.configuration(moment, expires_at=index.expires_at, policy=index.configuration.policy)
        if judged.grade is Grade.DEAD:
            raise Fault(
                Code.GLOBAL_CONF_OUTDATED,
                judged.reason,
                f"The configuration {index.version} ran out at {index.expires_at:%Y-%m-%dT%H:%M:%SZ}, and the grace after that is over.",
            )
        return index

    def load(self) -> None:
        """Take the last good configuration from disk, if there is one."""
        try:
            jws = self._file.read_text()
        except OSError:
            return
        self._lowest_version = _version(jws)  # even of one that has expired meanwhile
        index = self._verified(jws)
        if index is not None:
            self._put_in_force(index, jws)
            self._on_disk = True

    def open(self) -> None:
        """Begin to ask the registry, again and again."""
        self._task = asyncio.create_task(self._poll(), name="configuration")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _poll(self) -> None:
        while True:
            try:
                await self._ask()
            except (ProviderUnreachable, BadAnswer, OSError, ValueError) as error:
                if str(error) != self._said:  # once, not every two seconds
                    self._said = str(error)
                    _log.warning("The registry gives no configuration: %s", error)
            except Exception:
                _log.exception("The configuration could not be taken")
            await asyncio.sleep(limits.CONFIGURATION_POLL_SECONDS)
            if self._jws and not self._on_disk:
                await self._keep(self._jws)

    async def _ask(self) -> None:
        headers = [("accept", "application/jose")] + ([("if-none-match", self._etag)] if self._etag else [])
        answer = await self._client.send(
            self._origin,
            "GET",
            self._target,
            headers,
            b"",
            timeout_seconds=limits.CONFIGURATION_SECONDS,
            answer_bytes=limits.CONFIGURATION_BYTES,
        )
        if answer.status not in (200, 304):
            raise ValueError(f"it answers {answer.status}")
        self.fetched_at = now()
        if answer.status == 304:
            self._said = ""
            return
        jws = answer.body.decode("ascii").strip()
        if jws != self._jws:
            # The work of a large configuration is done beside the loop; calls go on by the old one meanwhile.
            index = await asyncio.to_thread(self._verified, jws)
            if index is None:
                return
            if self.prepare is not None:
                await self.prepare(index)
            self._on_disk = False
            await self._keep(jws)
            self._put_in_force(index, jws)
        self._etag = answer.header("etag")

    async def _keep(self, jws: str) -> None:
        """Have the disk hold ``jws``. A disk that takes nothing does not hold up what may be a revocation; it is tried again at the next poll."""
        try:
            await asyncio.to_thread(self._write, jws)
            self._on_disk = True
        except OSError:
            _log.exception("The configuration could not be kept on disk")

    def _write(self, jws: str) -> None:
        with alone(self._file.with_suffix(".lock")):  # other processes of the gateway write the same file
            if not self._file.exists() or _version(self._file.read_text()) <= _version(jws):
                write_durably(self._file, jws.encode())

    def _verified(self, jws: str) -> Index | None:
        """The index of ``jws`` if it may be used; the former one stays otherwise."""
        try:
            anchors = self._anchors.read_text()
            configuration = verify_configuration(
                jws, anchors_pem=[anchors], now=now(), lowest_version=self._lowest_version, instance=self._instance
            )
            return Index(configuration)
        except (ConfigurationRefused, ConfigurationUnusable, OSError, ValueError) as error:
            if str(error) != self._said:
                self._said = str(error)
                _log.error("A configuration is refused: %s", error)
            return None

    def _put_in_force(self, index: Index, jws: str) -> None:
        self.index, self._lowest_version, self._jws, self._said = index, index.version, jws, ""
        _log.info("Configuration %d is in force until %s.", index.version, index.expires_at)


def _version(jws: str) -> int:
    """The version that an unverified configuration claims; 0 where it cannot be read."""
    try:
        return int(json_object(unverified_payload(jws))["version"])
    except (ValueError, LookupError, TypeError):
        return 0
