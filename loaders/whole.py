"""Resources of which every answer has all rows, asked once however much of them is wanted."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from typing import cast

from loaders.asks import WHOLE, Answer, Ask, Found, Key, Rows, Wants
from loaders.batching import Loader
from loaders.contexts import Operation
from loaders.errors import BadResponse, bad_answer
from loaders.evaluation import found_in, paths_in
from loaders.paths import spread
from loaders.resource import Resource
from loaders.sources import Fetcher


class Whole:
    """Stands before the source of a resource that ``has_all_in_one``, in one operation: the first
    who asks for the whole has it fetched, with the ``columns`` that the operation needs, and all
    windows, filters and aggregates of it are made of those rows."""

    def __init__(
        self,
        following: Fetcher[Operation],
        resource: Resource,
        columns: frozenset[str],
        operation: Operation,
    ) -> None:
        self._following = following
        self._resource = resource
        # With those of whoever asks before it leaves.
        self._columns = columns

        async def batch(keys: list[Key]) -> Answer:
            whole = Ask(Rows(resource), Wants(self._columns))
            return await following.fetch(whole, keys, operation)

        self._loader = Loader[Key, Found](batch)

    async def fetch(self, ask: Ask, keys: Sequence[Key], operation: Operation) -> Answer:
        if ask.rows.by:
            return await self._following.fetch(ask, keys, operation)
        self._columns |= ask.columns
        (found,) = await self._loader.load_all([WHOLE])
        if isinstance(found, Exception):
            return [found]
        if isinstance(found.rows, Exception):
            return [Found(found.rows, [found.rows] * len(ask.wants.aggregates))]
        if paths := paths_in(ask):
            spread(cast("Sequence[MutableMapping[str, object]]", found.rows), paths)
        return [found_in(found.rows, ask, self._misfit_in(operation))]

    def clear(self) -> None:
        """Have it be fetched anew."""
        self._loader.clear_all()

    def forget(self) -> None:
        """Have nothing be fetched any more, also of what is under way."""
        self._loader.forget()

    def _misfit_in(self, operation: Operation) -> Callable[[str], BadResponse]:
        """What is wrong with the rows is noted with the call that had them."""

        def misfit(what: str) -> BadResponse:
            error = bad_answer(self._resource.source, what)
            for call in operation.trace.calls:
                if call.ask.resource is self._resource and not call.ask.rows.by:
                    call.fail(error)
            return error

        return misfit
