"""What is wanted of the same rows, loaded together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence

from loaders.asks import Answer, Found, Key
from loaders.batching import Gathering, Loader
from loaders.query import Aggregate, Window

Part = Window | Aggregate
"""The list of rows in a window, or a value made of them all."""

By = str | tuple[str, ...] | None
"""What rows are loaded by: a column, whose values are the loader's keys, or several, whose values
as tuples are; None for a whole resource, whose one key is ``WHOLE``."""

Fetch = Callable[[Window | None, tuple[Aggregate, ...], Sequence[Key]], Awaitable[Answer]]
"""Has each key's rows in the window, if there is one, and the aggregates of them all."""

Asked = tuple[Part, list[Hashable]]
"""A part, and the loader's keys of which it is asked for."""


class Parts:
    """The loaders of the parts of the same rows. What they are asked for in one turn of the event
    loop is one call for the same keys: all aggregates, and where rows and aggregates can be had
    ``together``, a list with them."""

    def __init__(
        self, by: By, fetch: Fetch, unfit: Callable[[object], Exception], *, together: bool
    ) -> None:
        self.loaders: dict[Part, Loader[Hashable, object]] = {}
        self._by = by
        self._fetch = fetch
        self._unfit = unfit
        self._together = together
        self._gathering = Gathering(self._batches)

    def loader(self, part: Part) -> Loader[Hashable, object]:
        """Loads the part: for each key the list of rows, or the value."""
        loader = self.loaders.get(part)
        if loader is None:
            nothing = part.of_nothing if isinstance(part, Aggregate) else ()
            loader = Loader(self._gathering.part(part), nothing, self._unfit)
            self.loaders[part] = loader
        return loader

    def forget(self) -> None:
        """Let go of what was loaded: each loader knows the gathering, which knows all of them."""
        self.loaders.clear()
        self._gathering.forget()

    def _batches(self, asked: list[Asked]) -> Awaitable[Sequence[Sequence[object]]]:
        if len(asked) == 1:
            ((part, keys),) = asked
            return self._values([part], keys)
        return self._several(asked)

    async def _several(self, asked: list[Asked]) -> Sequence[Sequence[object]]:
        calls = self._calls(asked)
        found = await asyncio.gather(
            *(
                self._values([asked[place][0] for place in call], asked[call[0]][1])
                for call in calls
            )
        )
        values = {
            place: each
            for call, of_call in zip(calls, found, strict=True)
            for place, each in zip(call, of_call, strict=True)
        }
        return [values[place] for place in range(len(asked))]

    def _calls(self, asked: list[Asked]) -> list[list[int]]:
        """The places of what each call is for."""
        lists = [[place] for place, (part, _) in enumerate(asked) if isinstance(part, Window)]
        others: list[list[int]] = []
        for place, (part, keys) in enumerate(asked):
            if isinstance(part, Window):
                continue
            joined = [*lists, *others] if self._together else others
            call = next((each for each in joined if _are_same(asked[each[0]][1], keys)), None)
            if call is None:
                others.append([place])
            else:
                call.append(place)
        return lists + others

    async def _values(
        self, parts: Sequence[Part], keys: Sequence[Hashable]
    ) -> Sequence[Sequence[object]]:
        """For each part, in order, the value or the error of each key. A window is the first."""
        window = parts[0] if isinstance(parts[0], Window) else None
        others = parts if window is None else parts[1:]
        aggregates = tuple(part for part in others if isinstance(part, Aggregate)) if others else ()
        try:
            answer = await self._fetch(window, aggregates, keys_of(self._by, keys))
        except Exception as error:
            # What one call fails with costs no other part.
            return [[error] * len(keys)] * len(parts)
        values: list[list[object]] = [
            [each.values[index] if type(each) is Found else each for each in answer]
            for index in range(len(aggregates))
        ]
        if window is None:
            return values
        return [[each.rows if type(each) is Found else each for each in answer], *values]


def _are_same(keys: Sequence[Hashable], others: Sequence[Hashable]) -> bool:
    # In Python 1 and True are equal.
    return keys == others and list(map(type, keys)) == list(map(type, others))


def keys_of(by: By, keys: Sequence[Hashable]) -> Sequence[Key]:
    """A source's keys, of a loader's."""
    # By several columns, or by none, a loader's are tuples themselves, which no type says here.
    return [(key,) for key in keys] if isinstance(by, str) else keys  # type: ignore[return-value]


def columns_of(by: By) -> tuple[str, ...]:
    """The columns that rows are loaded by."""
    return (by,) if isinstance(by, str) else by or ()
