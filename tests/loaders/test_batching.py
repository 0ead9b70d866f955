"""Loaders: what is asked for in one turn of the event loop is one fetch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from loaders.batching import Loader


class Fetches:
    """Fetches of numbers' squares. The even are errors; ``broken`` says so of a whole fetch."""

    def __init__(self) -> None:
        self.keys: list[list[int]] = []
        self.broken = False

    async def __call__(self, keys: list[int]) -> Sequence[int | Exception]:
        self.keys.append(list(keys))
        await asyncio.sleep(0.01)
        if self.broken:
            raise OSError("no numbers today")
        return [ValueError(f"{key} is even") if key % 2 == 0 else key * key for key in keys]


@pytest.fixture
def fetches() -> Fetches:
    return Fetches()


@pytest.fixture
async def loader(fetches: Fetches) -> Loader[int, int]:
    return Loader(fetches)


async def test_all_that_is_asked_for_in_a_turn_is_one_fetch(
    loader: Loader[int, int], fetches: Fetches
) -> None:
    first, second = loader.load_all([1, 3]), loader.load_all([3, 5, 1])

    assert await first == [1, 9]
    assert await second == [9, 25, 1]
    assert fetches.keys == [[1, 3, 5]]


async def test_keys_by_one_and_by_many_share_what_is_fetched(
    loader: Loader[int, int], fetches: Fetches
) -> None:
    assert await loader.load_all([1, 3]) == [1, 9]
    assert await loader.load(3) == 9
    assert await loader.load_many([1, 5]) == [1, 25]
    assert fetches.keys == [[1, 3], [5]]


async def test_a_key_that_is_being_fetched_is_not_fetched_again(
    loader: Loader[int, int], fetches: Fetches
) -> None:
    first = asyncio.ensure_future(loader.load_all([1]))
    await asyncio.sleep(0.005)

    assert await loader.load_all([1, 7]) == [1, 49]
    assert await first == [1]
    assert fetches.keys == [[1], [7]]


async def test_an_error_is_of_its_key_alone(loader: Loader[int, int]) -> None:
    one, two = await loader.load_all([1, 2])

    assert one == 1
    assert isinstance(two, ValueError)
    with pytest.raises(ValueError, match="2 is even"):
        await loader.load(2)


async def test_what_a_fetch_raises_is_every_keys_error(
    loader: Loader[int, int], fetches: Fetches
) -> None:
    fetches.broken = True

    assert [type(each) for each in await loader.load_all([1, 3])] == [OSError, OSError]


async def test_who_no_longer_waits_leaves_the_others_waiting(loader: Loader[int, int]) -> None:
    gone = asyncio.ensure_future(loader.load_all([1, 3]))
    other = asyncio.ensure_future(loader.load_all([3]))
    await asyncio.sleep(0.005)

    gone.cancel()

    assert await other == [9]
    assert gone.cancelled()
    assert await loader.load_all([1]) == [1]


async def test_who_no_longer_waits_for_one_key_leaves_the_others_waiting(
    loader: Loader[int, int],
) -> None:
    gone, other = loader.load(3), loader.load(3)
    await asyncio.sleep(0.005)

    gone.cancel()

    assert await other == 9
    assert gone.cancelled()
    assert await loader.load(3) == 9


async def test_nothing_is_fetched_for_no_keys(loader: Loader[int, int], fetches: Fetches) -> None:
    assert await loader.load_all([]) == []
    assert fetches.keys == []
