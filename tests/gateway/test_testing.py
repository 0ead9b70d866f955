"""The client that is shipped for tests of a graph, over rows in memory."""

from __future__ import annotations

import asyncio
import importlib
import re
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from types import ModuleType

import pytest
import strawberry

from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.stages import OperationRequest, Rest, Send
from gateway.testing import GraphClient, Response
from loaders.identity import ANONYMOUS, Identity
from loaders.memory import MemorySource
from loaders.sources import Source
from resolvers import Graph, Info
from tests.graph.truth import gid
from tests.probe.graph import graph, running

DOCS = Path(__file__).parent.parent.parent / "docs" / "testing.md"

SHOP = {
    "orders": [
        {"id": 1, "number": "SO-1", "status": "PAID"},
        {"id": 2, "number": "SO-2", "status": "SHIPPED"},
    ],
    "order_lines": [
        {"id": 1, "order_id": 1, "line_no": 2, "quantity": 5, "sku": "A"},
        {"id": 2, "order_id": 1, "line_no": 1, "quantity": 3, "sku": "B"},
    ],
}
CATALOG = {"products": [{"sku": "A", "name": "Kettle"}]}


def sources() -> list[Source]:
    return [MemorySource("shop", SHOP), MemorySource("catalog", CATALOG)]


@pytest.fixture(params=EXECUTORS)
async def client(request: pytest.FixtureRequest) -> AsyncIterator[GraphClient]:
    settings = Settings.of(environment="development", engine=request.param)
    async with GraphClient(graph, sources(), settings=settings) as client:
        yield client


async def test_a_query_is_answered_from_what_stands_in_for_its_sources(
    client: GraphClient,
) -> None:
    response = await client.execute(
        "query ($number: String!) { order(number: $number) "
        "{ number lines { quantity product { name } } } }",
        {"number": "SO-1"},
    )

    assert response.data == {
        "order": {
            "number": "SO-1",
            "lines": [
                {"quantity": 3, "product": None},
                {"quantity": 5, "product": {"name": "Kettle"}},
            ],
        }
    }
    assert (response.errors, response.codes, response.extensions) == ([], [], {})
    assert [(call["source"], call["resource"], call["keys"]) for call in response.calls] == [
        ("shop", "orders", 1),
        ("shop", "order_lines", 1),
        ("catalog", "products", 2),
    ]
    assert response.calls[0]["columns"] == ["id", "number"]


async def test_a_mutation_is_executed(client: GraphClient) -> None:
    response = await client.execute(
        "mutation ($id: ID!) { touch(id: $id) { status } }", {"id": gid("Order", 2)}
    )

    assert response.data == {"touch": {"status": "SHIPPED"}}


async def test_errors_are_as_clients_get_them(client: GraphClient) -> None:
    failed = await client.execute("{ broken caller }")
    invalid = await client.execute("{ nothing }")

    (error,) = failed.errors
    assert failed.data == {"broken": None, "caller": None}
    assert error["path"] == ["broken"]
    assert failed.codes == ["INTERNAL_SERVER_ERROR"]
    assert (invalid.data, invalid.codes) == (None, ["GRAPHQL_VALIDATION_FAILED"])
    assert invalid.calls == []


async def test_an_operation_is_chosen_by_its_name(client: GraphClient) -> None:
    query = "query A { a: __typename } query B { b: __typename }"

    assert (await client.execute(query, operation_name="B")).data == {"b": "Query"}
    assert (await client.execute(query)).codes == ["BAD_USER_INPUT"]


async def test_a_source_that_is_left_out_is_down() -> None:
    client = GraphClient(graph, [MemorySource("shop", SHOP)])

    response = await client.execute('{ order(number: "SO-1") { lines { product { name } } } }')

    assert response.data == {"order": {"lines": [{"product": None}, {"product": None}]}}
    assert set(response.codes) == {"UPSTREAM_UNAVAILABLE"}
    assert {error["extensions"]["source"] for error in response.errors} == {"catalog"}


async def test_rows_may_change_between_operations() -> None:
    orders = [{"id": 1, "number": "SO-1"}]
    client = GraphClient(graph, [MemorySource("shop", {"orders": orders})])
    query = "{ orders { nodes { number } } }"

    before = await client.execute(query)
    orders.append({"id": 2, "number": "SO-2"})
    after = await client.execute(query)

    assert before.data == {"orders": {"nodes": [{"number": "SO-1"}]}}
    assert after.data == {"orders": {"nodes": [{"number": "SO-1"}, {"number": "SO-2"}]}}


@strawberry.type
class Query:
    @strawberry.field
    def caller(self, info: Info) -> str:
        return repr(info.context.identity)

    @strawberry.field
    def is_anonymous(self, info: Info) -> bool:
        return bool(info.context.identity.is_anonymous)


WHO = Graph(Query)


@pytest.mark.parametrize(
    ("identity", "anonymous"),
    [
        (ANONYMOUS, True),
        (Identity(), True),
        (Identity(subject="ada"), False),
        (Identity(client="app"), False),
        (Identity(scopes=frozenset({"read"})), False),
        (Identity(claims={"customer_id": 1}), False),
        (Identity(credential="key:1"), False),
    ],
    ids=repr,
)
async def test_an_identity_that_says_anything_is_signed_in(
    identity: Identity, anonymous: bool
) -> None:
    response = await GraphClient(WHO).execute("{ isAnonymous }", identity=identity)

    assert response.data == {"isAnonymous": anonymous}


async def test_an_identity_is_what_the_test_gives() -> None:
    identity = Identity(subject="ada", claims={"customer_id": 1}, credential="key:1")

    response = await GraphClient(WHO).execute("{ caller }", identity=identity)

    assert response.data == {"caller": repr(identity)}


async def test_in_production_nothing_is_told_of_calls() -> None:
    client = GraphClient(graph, sources(), settings=Settings.of())

    response = await client.execute("{ orders { nodes { number } } }")

    assert response.data == {"orders": {"nodes": [{"number": "SO-1"}, {"number": "SO-2"}]}}
    assert (response.extensions, response.explain) == ({}, None)
    with pytest.raises(RuntimeError, match="development"):
        _ = response.calls


passed: Counter[str | None] = Counter()


class Counts:
    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None:
        passed[operation.name] += 1
        await rest(operation, send)


async def test_operations_pass_the_stages_of_the_settings() -> None:
    settings = Settings.of(stages=[{"stage": f"{__name__}:Counts"}])

    await GraphClient(graph, sources(), settings=settings).execute("query Passes { __typename }")

    assert passed == {"Passes": 1}


@pytest.mark.parametrize("engine", EXECUTORS)
@pytest.mark.parametrize("deferred", ["... @defer { lines { quantity } }", "...L @defer"])
async def test_what_is_deferred_comes_in_parts(engine: str, deferred: str) -> None:
    settings = Settings.of(environment="development", engine=engine)
    client = GraphClient(graph, sources(), settings=settings)
    query = f'{{ order(number: "SO-1") {{ number {deferred} }} }}'
    if "...L" in deferred:
        query += " fragment L on Order { lines { quantity } }"

    parts = [part async for part in client.execute_incrementally(query)]
    whole = await client.execute(query)

    lines = [{"quantity": 3}, {"quantity": 5}]
    assert parts == [
        {
            "data": {"order": {"number": "SO-1"}},
            "pending": [{"id": "0", "path": ["order"]}],
            "hasNext": True,
        },
        {
            "incremental": [{"id": "0", "data": {"lines": lines}}],
            "completed": [{"id": "0"}],
            "hasNext": False,
        },
    ]
    assert whole.data == {"order": {"number": "SO-1", "lines": lines}}


async def test_where_nothing_is_deferred_the_one_part_is_all(client: GraphClient) -> None:
    parts = [part async for part in client.execute_incrementally("{ caller }")]

    assert parts == [{"data": {"caller": None}}]


async def test_a_subscription_has_a_response_for_each_event(client: GraphClient) -> None:
    query = "subscription { ticks(count: 3, seconds: 0) { number order { number } } }"

    events = [event async for event in client.subscribe(query)]

    assert [event.data["ticks"] for event in events] == [
        {"number": 1, "order": {"number": "SO-1"}},
        {"number": 2, "order": {"number": "SO-2"}},
        {"number": 3, "order": None},
    ]
    # Each tells its own calls.
    assert [[call["resource"] for call in event.calls] for event in events] == [["orders"]] * 3


@pytest.mark.parametrize("engine", EXECUTORS)
async def test_each_event_says_what_executed_it(engine: str) -> None:
    settings = Settings.of(environment="development", engine=engine)
    client = GraphClient(graph, sources(), settings=settings)
    query = "subscription { ticks(count: 2, seconds: 0) { number } }"

    told = [event.explain and event.explain["engine"] async for event in client.subscribe(query)]

    by_core = {"name": "graphql-core", "because": "the setting engine"}
    assert told == [by_core if engine == "graphql-core" else {"name": "breadth"}] * 2


async def test_a_subscription_that_fails_says_so_last(client: GraphClient) -> None:
    events = [event async for event in client.subscribe("subscription { breaks }")]

    assert [(event.data, event.codes) for event in events] == [
        ({"breaks": 1}, []),
        (None, ["INTERNAL_SERVER_ERROR"]),
    ]


@pytest.mark.parametrize("seconds", [0, 60])
async def test_a_subscription_ends_with_whoever_reads_it(
    client: GraphClient, seconds: float
) -> None:
    query = "subscription ($s: Float!) { ticks(count: 1000000, seconds: $s) { number } }"

    async with aclosing(client.subscribe(query, {"s": seconds})) as events:
        first = await anext(events)
        assert running["ticks"] == 1

    assert first.data == {"ticks": {"number": 1}}
    assert running["ticks"] == 0


async def test_operations_that_do_not_come_this_way_are_refused(client: GraphClient) -> None:
    subscription = "subscription { breaks }"

    assert (await client.execute(subscription)).codes == ["BAD_USER_INPUT"]
    (refused,) = [event async for event in client.subscribe("{ caller }")]
    assert (refused.data, refused.codes) == (None, ["BAD_USER_INPUT"])


async def test_an_operation_ends_with_whoever_waits_for_it(client: GraphClient) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.execute("{ slow(seconds: 60) }"), 0.05)

    assert running["slow"] == 0


class Opened(MemorySource):
    state = "new"

    async def open(self) -> None:
        self.state = "open"

    async def close(self) -> None:
        self.state = "closed"


async def test_sources_are_opened_and_closed() -> None:
    source = Opened("shop", SHOP)

    async with GraphClient(graph, [source]):
        assert source.state == "open"

    assert source.state == "closed"


def snippets() -> dict[str, str]:
    """The documentation's modules, by their paths."""
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)
    return dict(blocks)


@pytest.fixture
def documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The documentation's tests, over its graph."""
    code = snippets()
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "graph.py").write_text(code["acme/graph.py"])
    (tmp_path / "documented.py").write_text(code["tests/test_graph.py"])
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("documented")
    for name in ("acme", "acme.graph", "documented"):
        del sys.modules[name]


@pytest.mark.parametrize("test", re.findall(r"async def (test_\w+)", "".join(snippets().values())))
async def test_the_documented_tests_pass(documented: ModuleType, test: str) -> None:
    await getattr(documented, test)()


def test_the_documentation_names_all_that_there_is() -> None:
    page = DOCS.read_text(encoding="utf-8")
    public = [
        name
        for of in (GraphClient, Response)
        for name in (*vars(of), *getattr(of, "__annotations__", ()))
        if not name.startswith("_")
    ]

    assert len(public) >= 9
    assert [name for name in public if name not in page] == []


@pytest.mark.process
def test_it_needs_no_driver_and_no_pytest() -> None:
    code = "import sys, gateway.testing, loaders.memory; print(*sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", code],
        cwd=DOCS.parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = set(printed.stdout.split())
    assert "gateway.testing" in loaded
    assert loaded & {"pytest", "asyncpg", "motor", "pymongo", "bson", "aiohttp"} == set()
