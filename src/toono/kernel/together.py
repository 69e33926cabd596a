"""Work that costs as much for many as for one: what comes while some of it is under way waits, and goes together in the next turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Together(Generic[Asked, Answer]):
    """For one event loop. Called with one piece of work, it gives that piece's answer."""

    def __init__(self, work: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]], *, most: int, patience_seconds: float = 0.0) -> None:
        """:param work: all answers, in the order of what was asked; what it raises, each of them raises.
        :param most: pieces of one turn.
        :param patience_seconds: how long a turn may wait for three quarters of as many as the one before it had. Who comes alone, turn after turn, never waits.
        """
        self._work, self._most, self._patience = work, most, patience_seconds
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._running: asyncio.Task[None] | None = None
        self._last = 0
        """Pieces of the last turn."""
        self._alarm: asyncio.TimerHandle | None = None

    async def __call__(self, asked: Asked) -> Answer:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((asked, future))
        if len(self._waiting) == 1:
            loop.call_soon(self._consider)  # after those that are ready in this moment too
        elif self._alarm is not None and len(self._waiting) >= self._enough:
            self._begin()
        return await future

    @property
    def _enough(self) -> int:
        """Pieces with which a turn begins without waiting."""
        return self._last * 3 // 4

    def _consider(self) -> None:
        """Begin, or wait for more as long as that may be."""
        if not self._waiting or self._running is not None or self._alarm is not None:
            return
        if self._patience and len(self._waiting) < self._enough:
            self._alarm = asyncio.get_running_loop().call_later(self._patience, self._begin)
        else:
            self._begin()

    def _begin(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        turn, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        self._last = len(turn)
        self._running = asyncio.get_running_loop().create_task(self._turn(turn))
        self._running.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._running = None
        self._consider()

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
