"""How execution waits: work that can't go on is suspended, and what it needs is awaited for all
of it together.

All that has arrived by the same turn of the event loop goes on before anything is awaited again,
so what it loads next can fall into one batch.
"""

from __future__ import annotations

from asyncio import (
    Future,
    create_task,
    gather,
    get_running_loop,
    iscoroutine,
    isfuture,
    sleep,
)
from collections.abc import Awaitable, Callable, Generator
from time import perf_counter
from types import GeneratorType, NoneType
from typing import Any, TypeVar

from graphql.execution import Executor

from gateway.engine.failures import Failed

T = TypeVar("T")

Work = Generator[list[Awaitable[Any]], list[Any], T]
"""Work that may have to wait: it yields what it waits for, and is sent the outcomes in return. An
awaitable that raised has ``Failed`` for its outcome."""

GIVE_WAY: list[Awaitable[Any]] = []
"""What work yields that could go on, so that others have the event loop in between, if it has had
it for a whole turn."""

OTHERS = 8
"""Turns of the event loop that others have then: whoever asks a source needs about so many."""

TURN = 0.001
"""Seconds that work may hold the event loop before it gives way, and then as long as its smallest
part takes."""

NEVER_AWAITABLE = frozenset({str, int, float, bool, NoneType, dict, list, tuple, Failed})


def awaitable(executor: Executor[Any], values: list[Any]) -> list[int]:
    """The indices of the values that are awaitable. Of one type all values are or none is, save
    generators, of which the old coroutines are."""
    kinds = set(map(type, values)) - NEVER_AWAITABLE
    if not kinds:
        return []
    kinds = {
        kind
        for kind in kinds
        if kind is GeneratorType
        or executor.is_awaitable(next(value for value in values if type(value) is kind))
    }
    if not kinds:
        return []
    return [
        i
        for i, value in enumerate(values)
        if type(value) in kinds
        and (type(value) is not GeneratorType or executor.is_awaitable(value))
    ]


def outcomes(values: list[Any], waiting: list[int]) -> Work[list[Any]]:
    """The values, with the outcomes of those at the indices ``waiting``."""
    awaited = yield [values[i] for i in waiting]
    settled = list(values)
    for i, outcome in zip(waiting, awaited, strict=True):
        settled[i] = outcome
    return settled


class _Suspended:
    """Work that waits, and what for."""

    __slots__ = ("awaitables", "futures", "left", "work")

    def __init__(self, work: Work[None], awaitables: list[Awaitable[Any]]) -> None:
        self.work = work
        self.awaitables = awaitables
        self.futures: list[Future[Any]] = []
        self.left = 0


class Waiting:
    """The work that waits."""

    def __init__(self) -> None:
        # Nothing is started before the event loop runs: there may be none.
        self._suspended: list[_Suspended] = []
        self._pending: dict[_Suspended, None] = {}
        self._arrived: list[_Suspended] = []
        self._wake: Future[None] | None = None
        self._gives_way = False
        # Without an event loop there is nobody to give way to.
        self._turn_ends = perf_counter() + TURN if _has_loop() else None

    def __bool__(self) -> bool:
        return bool(self._suspended or self._pending)

    def begin(self, work: Work[None]) -> None:
        """Runs the work as far as it goes without waiting."""
        self._advance(work, None)

    async def finish(self, between: Callable[[], None]) -> None:
        """Waits and lets work go on until all is done. ``between`` runs whenever some has gone on;
        it may begin more."""
        try:
            while self:
                if self._is_narrow():
                    await self._follow(self._suspended.pop())
                else:
                    self._subscribe()
                    await self._some()
                    self._turn_ends = perf_counter() + TURN
                    self._go_on()
                between()
        except BaseException:
            await self._cancel()
            raise

    def discard(self) -> None:
        """Drops what has not been started."""
        for suspended in self._suspended:
            for awaitable in suspended.awaitables:
                if iscoroutine(awaitable):
                    awaitable.close()
        self._suspended = []

    def _advance(self, work: Work[None], outcomes: list[Any] | None) -> None:
        try:
            # A generator is started by sending it None.
            awaitables = work.send(outcomes)  # type: ignore[arg-type]
            while awaitables is GIVE_WAY and not self._is_turn_over():
                awaitables = work.send([])
        except StopIteration:
            return
        self._suspended.append(_Suspended(work, awaitables))

    def _is_turn_over(self) -> bool:
        return self._turn_ends is not None and perf_counter() > self._turn_ends

    def _is_narrow(self) -> bool:
        suspended = self._suspended
        return not self._pending and len(suspended) == 1 and len(suspended[0].awaitables) == 1

    async def _follow(self, suspended: _Suspended) -> None:
        """Awaits the only thing that there is to wait for, without a task for it."""
        try:
            outcome = await suspended.awaitables[0]
        except Exception as error:
            outcome = Failed(error)
        self._turn_ends = perf_counter() + TURN
        self._advance(suspended.work, [outcome])

    def _subscribe(self) -> None:
        """Starts all that is not."""
        starting, self._suspended = self._suspended, []
        for suspended in starting:
            self._pending[suspended] = None
            self._gives_way |= suspended.awaitables is GIVE_WAY
            suspended.futures = [_future(each) for each in suspended.awaitables]
            undone = [future for future in suspended.futures if not future.done()]
            suspended.left = len(undone)
            if not undone:
                self._arrived.append(suspended)
                continue

            def done(_: Future[Any], suspended: _Suspended = suspended) -> None:
                suspended.left -= 1
                if not suspended.left:
                    self._arrived.append(suspended)
                    if self._wake is not None and not self._wake.done():
                        self._wake.set_result(None)

            for future in undone:
                future.add_done_callback(done)

    async def _some(self) -> None:
        """Waits until something has arrived, and then no more within a turn."""
        if not self._arrived:
            self._wake = get_running_loop().create_future()
            await self._wake
        elif self._gives_way:
            for _ in range(OTHERS):
                await sleep(0)
        self._gives_way = False
        seen = 0
        while seen < len(self._arrived) < len(self._pending):
            seen = len(self._arrived)
            await sleep(0)

    def _go_on(self) -> None:
        arrived, self._arrived = self._arrived, []
        for suspended in arrived:
            del self._pending[suspended]
        for suspended in arrived:
            self._advance(suspended.work, [_outcome(future) for future in suspended.futures])

    async def _cancel(self) -> None:
        self.discard()
        futures = [future for suspended in self._pending for future in suspended.futures]
        for future in futures:
            future.cancel()
        await gather(*futures, return_exceptions=True)


def _has_loop() -> bool:
    try:
        get_running_loop()
    except RuntimeError:
        return False
    return True


def _future(awaitable: Awaitable[Any]) -> Future[Any]:
    if isfuture(awaitable):
        return awaitable
    return create_task(awaitable if iscoroutine(awaitable) else _awaited(awaitable))


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _outcome(future: Future[Any]) -> Any:
    try:
        return future.result()
    except Exception as error:
        return Failed(error)
