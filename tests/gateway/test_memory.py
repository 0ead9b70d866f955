"""What an operation has loaded is gone when it has ended, without the garbage collector."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders import parts, registry
from loaders.batching import Loader
from loaders.identity import Identity
from resolvers import guards
from tests.engine.shop import GRAPH, ShopWorld

made: weakref.WeakSet[Loader[Any, Any]] = weakref.WeakSet()
count = 0


class Watched(Loader[Any, Any]):
    def __init__(self, *given: Any, **named: Any) -> None:
        global count
        super().__init__(*given, **named)
        made.add(self)
        count += 1


@pytest.fixture(autouse=True)
def _uncollected(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "Loader", Watched)
    monkeypatch.setattr(parts, "Loader", Watched)
    monkeypatch.setattr(guards, "Loader", Watched)
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def test_no_loader_outlives_its_operation() -> None:
    world, staff = ShopWorld(), Identity("x", scopes=frozenset({"orders:read"}))
    client = GraphClient(GRAPH, world.sources)
    query = "{ orders { nodes { id lines { product { name stock { available } } } } } }"

    for world.seed in range(10):
        response = await client.execute(query, identity=staff)

        assert response.errors == []
        assert len(made) == 0
    assert count > 20


async def test_no_verdict_outlives_its_operation() -> None:
    world, before, refused = ShopWorld(), count, 0
    staff = Identity("x", scopes=frozenset({"customers:read"}), claims={"customer_id": 1})
    client = GraphClient(GRAPH, world.sources)

    for world.seed in range(10):
        response = await client.execute("{ customers { nodes { id email } } }", identity=staff)

        refused += bool(response.errors)
        assert len(made) == 0
    assert count - before >= 2 * refused > 0


QUERIES = {
    "nothing": "{ __typename }",
    "rows": "{ orders { nodes { id lines { product { name stock { available } } } } } }",
    "counts": "{ orders { totalCount nodes { id } } customers { nodes { name orderCount } } }",
    "denied": "{ customers { nodes { id email } } }",
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
async def test_the_garbage_collector_finds_nothing(query: str) -> None:
    world, staff = ShopWorld(), Identity("x", scopes=frozenset({"orders:read"}))
    # graphql-core's own executors each know themselves.
    settings = Settings.of(environment="development", engine="breadth")
    client = GraphClient(GRAPH, world.sources, settings=settings)
    found: list[int] = []
    for world.seed in range(10):
        await client.execute(query, identity=staff)
        found.append(gc.collect())

    # What an operation leaves in circles stays, with its rows, until they are looked for. What
    # another test has left may be found here, but not each time.
    assert 0 in found
