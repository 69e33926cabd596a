"""Signatures by the dozen: digests that wait for the same key go to the signer in one request.

While one request for a key is under way the next batch gathers, so a batch is as large as the load is high and nobody waits for a timer.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Protocol

from toono.exchange import limits


class Signer(Protocol):
    """What the gateway needs of the signer's client."""

    async def sign(self, *, key: str, digests: Sequence[bytes]) -> list[bytes]: ...


class SigningFailed(Exception):
    """The signer gave no signature."""


class SigningQueue:
    """Gathers digests. ``failures`` counts batches that came to nothing since the last success."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._waiting: dict[str, deque[tuple[bytes, asyncio.Future[bytes]]]] = defaultdict(deque)
        self._running: dict[str, asyncio.Task[None]] = {}
        self.failures = 0

    async def sign(self, key: str, digest: bytes) -> bytes:
        """The ECDSA signature (DER) of ``digest`` by ``key``.

        :raises SigningFailed: none within the time limit.
        """
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[key].append((digest, future))
        if key not in self._running:
            self._running[key] = asyncio.create_task(self._drain(key))
        return await future

    async def _drain(self, key: str) -> None:
        waiting = self._waiting[key]
        try:
            await asyncio.sleep(0)  # calls that are ready in this turn of the loop come along
            while waiting:
                batch = [waiting.popleft() for _ in range(min(len(waiting), limits.SIGNER_BATCH))]
                await self._sign_batch(key, batch)
        finally:
            del self._running[key]

    async def _sign_batch(self, key: str, batch: list[tuple[bytes, asyncio.Future[bytes]]]) -> None:
        try:
            async with asyncio.timeout(limits.SIGNER_SECONDS):
                signatures = await self._signer.sign(key=key, digests=[digest for digest, _ in batch])
            if len(signatures) != len(batch):
                raise SigningFailed(f"The signer gave {len(signatures)} signatures for {len(batch)} digests.")
        except Exception as error:
            self.failures += 1
            failure = SigningFailed(f"The signer does not sign with {key}: {type(error).__name__} {error}".strip())
            for _, future in batch:
                if not future.done():
                    future.set_exception(failure)
            return
        self.failures = 0
        for (_, future), signature in zip(batch, signatures, strict=True):
            if not future.done():
                future.set_result(signature)
