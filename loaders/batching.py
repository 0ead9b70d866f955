"""Loaders: what turns keys that are asked for in one turn of the event loop into one fetch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

from aiodataloader import DataLoader

Key = TypeVar("Key")
Value = TypeVar("Value")

Batch = Callable[[list[Any]], Awaitable[Sequence[Any]]]
"""Fetches the value, or the error, for each key, in order. What it raises is every key's error."""


class Loader(DataLoader[Key, Value]):
    """Fetches each key once and keeps its value. Keys are asked for one by one (``load``), each
    with a future of its own, or many at once (``load_all``), which costs one for all of them."""

    def __init__(self, batch: Batch) -> None:
        super().__init__()
        self._batch = batch
        self._values: dict[Key, Value | Exception] = {}
        self._rounds: dict[Key, _Round] = {}
        self._next: _Round | None = None

    def load(self, key: Key) -> asyncio.Future[Value]:
        """A future of the key's value or error. It is the caller's own: whoever else waits for
        the key goes on waiting when this one is cancelled."""
        return asyncio.shield(super().load(key))

    async def batch_load_fn(self, keys: list[Key]) -> list[Any]:
        """What a DataLoader asks for the keys that it was asked for one by one."""
        return await self.load_all(keys)

    def load_all(self, keys: Sequence[Key]) -> Awaitable[list[Value | Exception]]:
        """The value, or the error, for each key, in order. The keys are asked for by the call, so
        that they are in time for the others of this turn, whenever the answer is awaited."""
        values = self._values
        waiting: set[_Round] = set()
        for key in keys:
            if key not in values:
                round_ = self._rounds.get(key)
                if round_ is None:
                    round_ = self._rounds[key] = self._open()
                    round_.keys.append(key)
                waiting.add(round_)
        return self._loaded(keys, waiting)

    async def _loaded(
        self, keys: Sequence[Key], waiting: Iterable[_Round]
    ) -> list[Value | Exception]:
        for round_ in waiting:
            # Shielded, as whoever else waits for it goes on waiting when this one is cancelled.
            await asyncio.shield(round_.done)
        return [self._values[key] for key in keys]

    def _open(self) -> _Round:
        if self._next is None:
            self._next = _Round()
            # It begins in the next turn of the event loop: what else runs in this one joins it.
            self._next.task = asyncio.create_task(self._run(self._next))
        return self._next

    async def _run(self, round_: _Round) -> None:
        self._next = None
        values: Sequence[Any]
        try:
            values = await self._batch(round_.keys)
        except Exception as error:
            values = [error] * len(round_.keys)
        except asyncio.CancelledError:
            round_.done.cancel()
            raise
        self._values.update(zip(round_.keys, values, strict=True))
        for key in round_.keys:
            del self._rounds[key]
        if not round_.done.done():
            round_.done.set_result(None)


class _Round:
    """Keys that are fetched together."""

    __slots__ = ("done", "keys", "task")

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task: asyncio.Task[None] | None = None
