"""Signing queue and message log: batches, bounds, and what happens when the other side fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from toono.exchange import limits
from toono.exchange.gateway import rows
from toono.exchange.gateway.log import Entry, LogUnavailable, MessageLog
from toono.exchange.gateway.signing import SigningFailed, SigningQueue
from toono.kernel.ids import uuid7


class Signer:
    """Signs by turning digests round; what it was asked for is kept."""

    def __init__(self, *, lost: int = 0, broken: bool = False, silent: bool = False) -> None:
        self.batches: list[tuple[str, int]] = []
        self.lost, self.broken, self.silent = lost, broken, silent

    async def sign(self, *, key: str, digests: Sequence[bytes]) -> list[bytes]:
        self.batches.append((key, len(digests)))
        await asyncio.sleep(60 if self.silent else 0.005)
        if self.broken:
            raise OSError("broken")
        return [digest[::-1] for digest in digests][self.lost :]


def test_everybody_gets_the_signature_of_their_own_digest_and_batches_grow_with_the_load() -> None:
    async def run() -> list[tuple[str, int]]:
        signer = Signer()
        queue = SigningQueue(signer)

        async def one(number: int) -> None:
            digest = number.to_bytes(4, "big")
            await asyncio.sleep(number % 7 / 1000)
            assert await queue.sign(f"key-{number % 2}", digest) == digest[::-1]

        await asyncio.gather(*(one(number) for number in range(400)))
        return signer.batches

    batches = asyncio.run(run())
    assert sum(size for _, size in batches) == 400 and len(batches) < 60
    assert max(size for _, size in batches) <= limits.SIGNER_BATCH


@pytest.mark.parametrize("signer", [Signer(broken=True), Signer(lost=1), Signer(silent=True)], ids=["broken", "one too few", "silent"])
def test_a_signer_that_fails_fails_the_calls_and_the_next_batch_is_tried_anew(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SIGNER_SECONDS", 0.05)

    async def run() -> None:
        queue = SigningQueue(signer)
        results = await asyncio.gather(*(queue.sign("key", b"ab") for _ in range(3)), return_exceptions=True)
        assert all(isinstance(result, SigningFailed) for result in results)
        signer.broken, signer.lost, signer.silent = False, 0, False
        assert await queue.sign("key", b"ab") == b"ba"

    asyncio.run(run())


def test_a_log_without_database_takes_so_much_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOG_QUEUE_ENTRIES", 10)
    monkeypatch.setattr(limits, "LOG_WAIT_SECONDS", 0.05)

    async def run() -> None:
        log = MessageLog("postgresql://127.0.0.1:9/nothing")
        log.open()
        waiting = [asyncio.create_task(log.append(Entry(uuid7(), (b"x",)))) for _ in range(10)]
        await asyncio.sleep(0)
        with pytest.raises(LogUnavailable) as refused:
            log.check_room()
        assert refused.value.reason == "overloaded"
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(f) for f in found} == {LogUnavailable} and not log.healthy
        await log.close()

    asyncio.run(run())


def test_columns_are_arrays_as_the_database_reads_them() -> None:
    row = rows.packed(rows.UsedNonce(b"ab"))
    [column] = rows.columns([row, rows.packed(rows.UsedNonce(None))], rows.USED_TYPES)
    assert column == bytes.fromhex("00000001 00000001 00000011 00000002 00000001 00000002 6162 ffffffff")
    assert rows.columns([], rows.USED_TYPES) == [bytes.fromhex("00000000 00000000 00000011")]
