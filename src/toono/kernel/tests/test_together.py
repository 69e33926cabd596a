"""What comes while a turn is under way goes together in the next; who comes alone never waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import pytest

from toono.kernel.together import Together

LONG = 30.0
"""Seconds of patience that no test has."""


class Turns:
    """Work that notes its turns; each waits until it is let go."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, asked: Sequence[int]) -> list[int]:
        self.sizes.append(len(asked))
        await self.gate.wait()
        return [number * 10 for number in asked]


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(10):
            await test()

    asyncio.run(bounded())


async def ask(together: Together[int, int], numbers: Sequence[int]) -> list[int]:
    return list(await asyncio.gather(*(together(number) for number in numbers)))


def test_all_of_a_moment_go_together_and_each_gets_its_own() -> None:
    async def test() -> None:
        turns = Turns()
        together = Together[int, int](turns, most=100)
        assert await ask(together, range(20)) == [number * 10 for number in range(20)]
        assert turns.sizes == [20]

    run(test)


def test_what_comes_meanwhile_goes_next_and_no_turn_is_larger_than_may_be() -> None:
    async def test() -> None:
        turns = Turns()
        turns.gate.clear()
        together = Together[int, int](turns, most=8)
        first = asyncio.create_task(ask(together, [1]))
        await asyncio.sleep(0.01)
        rest = asyncio.create_task(ask(together, range(20)))
        await asyncio.sleep(0.01)
        assert turns.sizes == [1], "one turn at a time"
        turns.gate.set()
        assert await first == [10] and await rest == [number * 10 for number in range(20)]
        assert turns.sizes == [1, 8, 8, 4]

    run(test)


def test_who_comes_alone_never_waits() -> None:
    async def test() -> None:
        turns = Turns()
        together = Together[int, int](turns, most=100, patience_seconds=LONG)
        for number in range(5):
            assert await together(number) == number * 10
        assert turns.sizes == [1] * 5

    run(test)


def test_after_many_a_turn_waits_for_nearly_as_many_and_no_longer_than_its_patience() -> None:
    async def test() -> None:
        turns = Turns()
        together = Together[int, int](turns, most=100, patience_seconds=0.2)
        await ask(together, range(20))
        early = asyncio.create_task(ask(together, [1, 2, 3]))
        await asyncio.sleep(0.02)
        assert turns.sizes == [20], "it waits for more"
        assert await ask(together, range(12)) == [number * 10 for number in range(12)], "fifteen are enough"
        assert await early == [10, 20, 30] and turns.sizes == [20, 15]
        assert await together(5) == 50, "and who comes alone then waits once"
        assert await together(6) == 60 and turns.sizes == [20, 15, 1, 1]

    run(test)


def test_what_fails_fails_for_each_and_the_next_turn_goes_on() -> None:
    async def test() -> None:
        failures = [OSError("cut"), None]

        async def work(asked: Sequence[int]) -> Sequence[int]:
            if error := failures.pop(0):
                raise error
            return asked

        doing: Callable[[Sequence[int]], Awaitable[Sequence[int]]] = work
        together = Together[int, int](doing, most=10)
        found = await asyncio.gather(together(1), together(2), return_exceptions=True)
        assert [type(one) for one in found] == [OSError, OSError]
        assert await together(3) == 3

    run(test)


def test_a_caller_that_goes_harms_nobody() -> None:
    async def test() -> None:
        turns = Turns()
        turns.gate.clear()
        together = Together[int, int](turns, most=10)
        gone, stays = asyncio.create_task(together(1)), asyncio.create_task(together(2))
        await asyncio.sleep(0.01)
        gone.cancel()
        turns.gate.set()
        assert await stays == 20
        with pytest.raises(asyncio.CancelledError):
            await gone

    run(test)
