"""Loaders: what turns keys that are asked for in one turn of the event loop into one fetch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from decimal import Decimal
from types import NoneType
from typing import Any, Generic, NamedTuple, Never, TypeVar, cast

from aiodataloader import DataLoader

from loaders.errors import BadResponse, SourceError, UnfitKey, Unreadable
from loaders.keys import Padded, told

Key = TypeVar("Key")
Value = TypeVar("Value")
Part = TypeVar("Part")

Batch = Callable[[list[Key]], Awaitable[Sequence[Value | Exception]]]
"""Fetches the value, or the error, for each key, in order. What it raises is every key's error."""

Batches = Callable[[list[tuple[Part, list[Key]]]], Awaitable[Sequence[Sequence[Value | Exception]]]]
"""The same for the keys of several loaders, each with the part that it has in them."""

LOOKED_AT = frozenset(
    {NoneType, bool, float, Decimal, tuple, Padded, BadResponse, UnfitKey, Unreadable}
)
"""The types of what may be no key, or is not equal to others as Python has it."""


class Gathering(Generic[Part, Key, Value]):
    """Fetches together what several loaders are asked for in one turn of the event loop."""

    def __init__(self, batches: Batches[Part, Key, Value]) -> None:
        self._batches = batches
        self._leaving: list[tuple[Part, Loader[Key, Value]]] = []
        self._task: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def part(self, part: Part) -> Share[Part, Key, Value]:
        """What one of the loaders is made of: its part in each fetch."""
        return Share(self, part)

    def join(self, part: Part, loader: Loader[Key, Value]) -> asyncio.Task[None]:
        """Have the loader's keys leave with the others of this turn, by this task."""
        self._leaving.append((part, loader))
        if self._task is None:
            # It begins in the next turn of the event loop: what else runs in this one joins it.
            self._task = begun(self._leave(), self._tasks)
        return self._task

    def forget(self) -> None:
        """Have nothing be fetched any more, also of what is under way: whose ``batches`` they are
        can be let go of."""
        self._batches = _nothing
        end(self._tasks)

    async def _leave(self) -> None:
        leaving, self._leaving, self._task = self._leaving, [], None
        rounds = [loader.depart() for _, loader in leaving]
        asked = [(part, round_.keys) for (part, _), round_ in zip(leaving, rounds, strict=True)]
        found: Sequence[Sequence[Value | Exception]]
        try:
            found = await self._batches(asked)
        except Exception as error:
            found = [[error] * len(keys) for _, keys in asked]
        except asyncio.CancelledError:
            for round_ in rounds:
                round_.cancel()
            raise
        for round_, values in zip(rounds, found, strict=True):
            round_.end(values)


def begun(
    work: Coroutine[object, None, None], tasks: list[asyncio.Task[None]]
) -> asyncio.Task[None]:
    """A task that does the work, and is one of the ``tasks``."""
    task = asyncio.create_task(work)
    tasks.append(task)
    return task


def end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel those that are not done: nobody waits for them any more."""
    for task in tasks:
        task.cancel()
    tasks.clear()


async def _nothing(_: Sequence[object]) -> Never:
    raise RuntimeError("the operation has ended")


class Share(NamedTuple, Generic[Part, Key, Value]):
    """The part that a loader has in what a gathering fetches."""

    gathering: Gathering[Part, Key, Value]
    part: Part


class Loader(DataLoader[Key, Value]):
    """Fetches each key once and keeps its value. Keys are asked for one by one (``load``), each
    with a future of its own, or many at once (``load_all``), which costs one for all of them.
    Both know the same values, and ``clear``, ``clear_all`` and ``prime`` hold for both."""

    # The one cache is ours: DataLoader's keeps a future for each key.
    cache = False

    def __init__(
        self,
        batch: Batch[Key, Value] | Share[Any, Key, Value],
        nothing: object = None,
        unfit: Callable[[object], Exception] | None = None,
    ) -> None:
        """``nothing`` is the value of a key that is missing, for which nothing is ever fetched, and
        ``unfit`` makes the error of one that can't be told from others; without it, that is a
        TypeError."""
        # DataLoader's own is called where its ``load`` is: most are never asked for one key, and
        # it takes as long as all else here.
        self._is_asked_singly = False
        self._batch = batch
        self._nothing = cast("Value", nothing)
        self._unfit = unfit
        self._rounds: dict[Hashable, _Round[Key, Value]] = {}
        self._next: _Round[Key, Value] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def forget(self) -> None:
        """Have nothing be fetched any more, also of what is under way."""
        self._batch = _nothing
        end(self._tasks)

    def load(self, key: Key) -> asyncio.Future[Value]:
        """A future of the key's value or error. It is the caller's own: whoever else waits for
        the key goes on waiting when this one is cancelled."""
        if not self._is_asked_singly:
            super().__init__()
            self._is_asked_singly = True
        return asyncio.shield(super().load(key))

    async def batch_load_fn(self, keys: list[Key]) -> list[Any]:
        """What a DataLoader asks for the keys that it was asked for one by one."""
        return await self.load_all(keys)

    def load_all(self, keys: Sequence[Key]) -> Awaitable[list[Value | Exception]]:
        """The value, or the error, for each key, in order. The keys are asked for by the call, so
        that they are in time for the others of this turn, whenever the answer is awaited. A key
        that is None, or has None in it, is missing. One that is an error, as the value could not be
        read, is that error."""
        known = self._rounds
        rounds: list[_Round[Key, Value]] = []
        if not LOOKED_AT.isdisjoint(map(type, keys)):
            return self._load_told(keys)
        try:
            for key in keys:
                round_ = known.get(key)
                if round_ is None:
                    round_ = known[key] = self._next or self._open()
                    round_.names.append(key)
                rounds.append(round_)
        except (TypeError, SourceError):
            # What has no hash is no key. Those before it are asked for, and found again.
            return self._load_told(keys)
        return self._loaded(keys, rounds)

    def _load_told(self, keys: Sequence[Key]) -> Awaitable[list[Value | Exception]]:
        """The same of keys that Python may not tell apart as sources do."""
        values: list[Value | Exception] = [self._nothing] * len(keys)
        places: list[int] = []
        names: list[Hashable] = []
        rounds: list[_Round[Key, Value]] = []
        for place, key in enumerate(keys):
            if isinstance(key, SourceError):
                values[place] = key
                continue
            if key is None:
                continue
            try:
                name = told(key)
            except SourceError as error:
                values[place] = error
                continue
            except TypeError as error:
                values[place] = error if self._unfit is None else self._unfit(key)
                continue
            if isinstance(name, tuple) and None in name:
                continue
            round_ = self._rounds.get(name)
            if round_ is None:
                round_ = self._rounds[name] = self._next or self._open()
                round_.names.append(name)
                if not isinstance(key, Padded):
                    round_.told[name] = key
            places.append(place)
            names.append(name)
            rounds.append(round_)

        return self._spread(values, places, self._loaded(names, rounds))

    async def _spread(
        self,
        values: list[Value | Exception],
        places: Sequence[int],
        loading: Awaitable[list[Value | Exception]],
    ) -> list[Value | Exception]:
        for place, value in zip(places, await loading, strict=True):
            values[place] = value
        return values

    def clear(self, key: Key) -> Loader[Key, Value]:
        """Forget the key's value, also one that is under way: whoever asks from now on has it
        fetched anew, whoever waits for it gets it as it was asked for."""
        self._clear(told(key))
        return self

    def _clear(self, name: Hashable) -> None:
        # What has not been sent yet is as new as what would be sent instead.
        if self._next is None or self._rounds.get(name) is not self._next:
            self._rounds.pop(name, None)

    def clear_all(self) -> Loader[Key, Value]:
        """The same for all keys."""
        for name in list(self._rounds):
            self._clear(name)
        return self

    def prime(self, key: Key, value: Value | Exception) -> Loader[Key, Value]:
        """Keep the value for the key, unless it has one or is being fetched."""
        name = told(key)
        if name not in self._rounds:
            round_ = self._rounds[name] = _Round()
            round_.values = {name: value}
        return self

    async def _loaded(
        self, names: Sequence[Hashable], rounds: Sequence[_Round[Key, Value]]
    ) -> list[Value | Exception]:
        for round_ in set(rounds):
            if not round_.values:
                await round_.wait()
        return [round_.values[name] for name, round_ in zip(names, rounds, strict=True)]

    def depart(self) -> _Round[Key, Value]:
        """The keys that leave now. What is asked for from now on leaves later."""
        assert self._next is not None
        departing, self._next = self._next, None
        return departing

    def _open(self) -> _Round[Key, Value]:
        opened = self._next = _Round()
        if isinstance(self._batch, Share):
            opened.task = self._batch.gathering.join(self._batch.part, self)
        else:
            # It begins in the next turn of the event loop: what else runs in this one joins it.
            opened.task = begun(self._run(self._batch), self._tasks)
        return opened

    async def _run(self, batch: Batch[Key, Value]) -> None:
        round_ = self.depart()
        found: Sequence[Value | Exception]
        try:
            found = await batch(round_.keys)
        except Exception as error:
            found = [error] * len(round_.keys)
        except asyncio.CancelledError:
            round_.cancel()
            raise
        round_.end(found)


class _Round(Generic[Key, Value]):
    """Keys that are fetched together, and their values once they are there."""

    __slots__ = ("_waiting", "names", "task", "told", "values")

    def __init__(self) -> None:
        self.names: list[Hashable] = []
        self.told: dict[Hashable, Key] = {}
        """The keys of those names that are not the keys themselves."""
        self.values: dict[Hashable, Value | Exception] = {}
        self.task: asyncio.Task[None] | None = None
        """What fetches them. Nothing else holds it."""
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def keys(self) -> list[Key]:
        told, names = self.told, cast("list[Key]", self.names)
        return [told.get(name, name) for name in names] if told else names

    def wait(self) -> asyncio.Future[None]:
        """Done when the values are there. It is the caller's own: whoever else waits goes on
        waiting when this one is cancelled."""
        assert self.task is not None
        if self.task.done():
            # It was cancelled, or there were values.
            return asyncio.shield(self.task)
        waiting = self.task.get_loop().create_future()
        self._waiting.append(waiting)
        return waiting

    def end(self, values: Sequence[Value | Exception]) -> None:
        """Have these values for the keys, in order."""
        if len(values) != len(self.names):
            wrong = RuntimeError(f"{len(values)} values for {len(self.names)} keys")
            values = [wrong] * len(self.names)
        self.values = dict(zip(self.names, values, strict=True))
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    def cancel(self) -> None:
        """Have nobody wait for what does not come."""
        for waiting in self._waiting:
            waiting.cancel()
