"""Work that costs as much for many as for one: what comes while some of it is under way waits, and goes together in the next turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Together(Generic[Asked, Answer]):
    """For one event loop. Called with one piece of work, it gives that piece's answer."""

    def __init__(self, work: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]], *, most: int, turns: int = 1) -> None:
        """:param work: all answers, in the order of what was asked; what it raises, each of them raises.
        :param most: pieces of one turn.
        :param turns: under way at once.
        """
        self._work, self._most, self._free = work, most, turns
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._running: set[asyncio.Task[None]] = set()

    async def __call__(self, asked: Asked) -> Answer:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((asked, future))
        if len(self._waiting) == 1 and self._free:
            loop.call_soon(self._begin)  # after those that are ready in this moment too
        return await future

    def _begin(self) -> None:
        while self._waiting and self._free:
            turn, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            self._free -= 1
            task = asyncio.get_running_loop().create_task(self._turn(turn))
            self._running.add(task)
            task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._free += 1
        self._begin()

    async def _turn(self, turn: list[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._work([asked for asked, _ in turn])
            for (_, future), answer in zip(turn, answers, strict=True):
                if not future.done():  # whose caller has gone is not waited for
                    future.set_result(answer)
        except BaseException as error:
            for _, future in turn:
                if not future.done():
                    future.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
            if not isinstance(error, Exception):
                raise
