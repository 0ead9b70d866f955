"""The contract of a source, and all that are configured."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from loaders.asks import Answer, Ask, Key
from loaders.contexts import Attempt, Operation
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a kind of source can do.

    ``together``: rows and aggregates of them are one call. ``whole``: its rows have every column,
    whichever were asked for. ``batch_size``: the keys of one call, where the resource does not say.
    ``in_flight``: the calls that may be under way at the same time, None where the source itself
    sees to that. ``grace``: the seconds by which its driver, which goes by the attempt's deadline
    itself, may be late; None where it does not, and is cancelled at the deadline.
    ``headers``: the names, in lower case, of the callers' headers that it is given and sends on.
    """

    together: bool = False
    whole: bool = False
    batch_size: int = 500
    in_flight: int | None = None
    grace: float | None = None
    headers: frozenset[str] = frozenset()


On = TypeVar("On", Operation, Attempt, contravariant=True)


class Fetcher(Protocol[On]):
    """What answers an ask: for an operation, or for an attempt on behalf of one."""

    def fetch(self, ask: Ask, keys: Sequence[Key], on: On, /) -> Awaitable[Answer]: ...


class Asked(Protocol):
    """What is asked for rows. ``timeout`` is how many seconds one call may take."""

    name: str
    can: Capabilities
    timeout: float

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        """What each key has, by its position, or the error for which that key alone has nothing.

        Keys come without duplicates, at most as many as one call takes; a whole resource has the
        one key (). A filter's columns need not be among those that are wanted. A key that has no
        rows has an empty ``Found``, but for its aggregates: of no rows, 0 for a count, else None.

        Raises a ``SourceError`` where nothing could be had for any key, ``UnfitValue`` where a
        value can't be compared with its column. Notes each call in the attempt. It ends at the
        attempt's deadline, or is cancelled then: what it has running at the source ends, too.
        """


class Source(Asked, Protocol):
    """A configured connection to a source, of any kind."""

    kind: str

    async def open(self) -> None:
        """Make the pool or session, without waiting for the source to be there."""

    async def close(self) -> None:
        """Close it, and wait for that."""

    async def check(self) -> None:
        """Return if the source answers, raise a ``SourceError`` if it does not."""

    async def describe(self, resource: Resource, samples: Samples = NO_SAMPLES) -> Description:
        """What the source says of the resource. ``samples`` are values that rows can be asked for
        by, for a source that is asked by key alone. Raises a ``SourceError`` if it can't say."""


class Translated:
    """A context manager that raises what ``translate`` makes of an error that passes, if it makes
    anything of it. It can be entered any number of times."""

    def __init__(self, translate: Callable[[BaseException], Exception | None]) -> None:
        self._translate = translate

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None and (translated := self._translate(error)) is not None:
            raise translated from error
