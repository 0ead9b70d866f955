"""A loader's one cache: what is forgotten is fetched anew, whichever way it is asked for."""

from __future__ import annotations

import asyncio

import pytest

from loaders.batching import Loader


class Counter:
    """A source whose values grow with each fetch."""

    def __init__(self) -> None:
        self.keys: list[list[str]] = []
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, keys: list[str]) -> list[int]:
        self.keys.append(list(keys))
        value = len(self.keys)
        self.asked.set()
        await self.gate.wait()
        return [value] * len(keys)


@pytest.fixture
async def counter() -> Counter:
    return Counter()


@pytest.fixture
async def loader(counter: Counter) -> Loader[str, int]:
    return Loader(counter)


async def one_way(loader: Loader[str, int], key: str) -> int:
    return await loader.load(key)


async def other_way(loader: Loader[str, int], key: str) -> object:
    (value,) = await loader.load_all([key])
    return value


WAYS = (one_way, other_way)


@pytest.mark.parametrize("first", WAYS)
@pytest.mark.parametrize("then", WAYS)
async def test_a_key_that_is_cleared_is_fetched_anew(
    loader: Loader[str, int], counter: Counter, first: object, then: object
) -> None:
    assert callable(first)
    assert callable(then)
    assert [await first(loader, "a"), await first(loader, "b")] == [1, 2]

    loader.clear("a")

    assert [await then(loader, "a"), await then(loader, "b")] == [3, 2]
    assert counter.keys == [["a"], ["b"], ["a"]]


@pytest.mark.parametrize("way", WAYS)
async def test_all_keys_are_cleared_at_once(loader: Loader[str, int], way: object) -> None:
    assert callable(way)
    await loader.load_all(["a", "b"])

    loader.clear_all()

    assert [await way(loader, "a"), await way(loader, "b")] == [2, 3]


@pytest.mark.parametrize("way", WAYS)
async def test_a_primed_key_is_not_fetched(
    loader: Loader[str, int], counter: Counter, way: object
) -> None:
    assert callable(way)
    loader.prime("a", 7)

    assert await way(loader, "a") == 7
    assert counter.keys == []


async def test_a_primed_error_is_raised(loader: Loader[str, int]) -> None:
    loader.prime("a", ValueError("no"))

    with pytest.raises(ValueError, match="no"):
        await loader.load("a")


async def test_priming_changes_no_value_that_is_there(loader: Loader[str, int]) -> None:
    await loader.load("a")
    loader.prime("a", 7)

    assert await loader.load("a") == 1


@pytest.mark.parametrize("way", WAYS)
async def test_a_fetch_under_way_is_forgotten_too(
    loader: Loader[str, int], counter: Counter, way: object
) -> None:
    assert callable(way)
    counter.gate.clear()
    before = asyncio.ensure_future(way(loader, "a"))
    await counter.asked.wait()

    loader.clear("a")
    counter.asked.clear()
    after = asyncio.ensure_future(way(loader, "a"))
    await counter.asked.wait()
    counter.gate.set()

    assert [await before, await after] == [1, 2]
    # What came in late has not taken the new value's place.
    assert await way(loader, "a") == 2
    assert counter.keys == [["a"], ["a"]]


async def test_what_has_not_been_sent_is_asked_for_once(
    loader: Loader[str, int], counter: Counter
) -> None:
    before = loader.load_all(["a"])
    loader.clear("a")
    after = loader.load_all(["a"])

    assert [await before, await after] == [[1], [1]]
    assert counter.keys == [["a"]]


async def test_clearing_what_is_not_there_does_nothing(
    loader: Loader[str, int], counter: Counter
) -> None:
    waiting = loader.load_all(["b"])
    loader.clear("a")

    assert await waiting == [1]
    assert counter.keys == [["b"]]
