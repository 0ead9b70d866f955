"""The row filters of docs/authorization.md, and what becomes of one that reads what it does not
declare. Over rows in memory."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import pytest
import strawberry
from strawberry.types import ExecutionResult

from gateway.operations.asked import Asked
from gateway.operations.results import Result
from gateway.operations.runner import QUERIES, Operations
from gateway.settings import Settings
from loaders.contexts import Operation
from loaders.identity import ANONYMOUS, Identity
from loaders.memory import MemorySource, MemoryTable
from loaders.reads import Reading, Reads, reads
from loaders.registry import Loaders, Sources
from loaders.resource import Row, RowFilter
from resolvers.connections import Connection, connection
from resolvers.fields import Node, column
from resolvers.graph import Graph
from resolvers.policies import policy
from tests.loaders.asking import page
from tests.snippets import importable

ORDERS: Sequence[Row] = [{"id": 1, "customer_id": 7}, {"id": 2, "customer_id": 8}]
CUSTOMER = Identity(subject="7", claims={"customer_id": 7, "partner_id": "north"}, credential="a")
STAFF = Identity(subject="s", scopes=frozenset({"orders:read"}), credential="b")


@pytest.fixture(autouse=True, scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with importable("docs/authorization.md", tmp_path_factory.mktemp("documented")):
        yield


def orders(row_filter: RowFilter) -> MemoryTable:
    return MemoryTable(source="shop", name="orders", row_filter=row_filter)


@pytest.mark.parametrize(("identity", "seen"), [(CUSTOMER, [1]), (STAFF, [1, 2]), (ANONYMOUS, [])])
async def test_the_documented_row_filter(identity: Identity, seen: list[int]) -> None:
    table = orders(importlib.import_module("acme.orders").visible_orders)
    loaders = Loaders(Sources([MemorySource("shop", {"orders": ORDERS})]), {}, Operation(identity))

    assert [row["id"] for row in await page(loaders, table)] == seen


def test_the_documented_row_filter_over_another_resource() -> None:
    visible_stock = importlib.import_module("acme.stock").visible_stock
    everything = visible_stock(orders(lambda identity: None))
    declared = reads(scopes=["catalog:drafts"])(lambda identity: None)

    assert visible_stock(orders(declared))(STAFF) is None
    assert everything(STAFF) is None
    assert isinstance(everything, Reading)
    assert everything.reads == Reads(scopes=frozenset({"catalog:drafts"}))


@reads(claims=["customer_id"])
def curious(identity: Identity) -> None:
    identity.claims.get("partner_id")


@policy("curious", needs=["id"])
@reads(claims=["customer_id"])
async def curious_policy(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    return ["partner_id" in identity.claims for _ in rows]


SAID = "it reads the claim 'partner_id' of an identity without declaring it: "
SAID += "reads(claims=['partner_id'])"


async def asked(row_filter: RowFilter | None, query: str) -> Any:
    @strawberry.type(description="An order.")
    class Order(Node):
        resource = MemoryTable(source="shop", name="orders", row_filter=row_filter)

        customer_id: int | None = column("Whose it is.", policy=[["curious"]])

    @strawberry.type(description="What can be asked.")
    class Query:
        orders: Connection[Order] | None = connection("All orders.", order_by="id")

    sources = Sources([MemorySource("shop", {"orders": ORDERS})])
    operations = Operations(Graph(Query, policies=[curious_policy]), sources, Settings.of())
    results: list[Result] = []

    async def keep(result: Result) -> None:
        assert isinstance(result, ExecutionResult)
        result.data = orjson.loads(orjson.dumps(result.data))
        results.append(result)

    request = Asked(query, None, None, None)
    await operations.run(request, CUSTOMER, keep, allowed=QUERIES)
    return results[0]


async def test_what_is_read_without_a_declaration_shows_no_row_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    result = await asked(curious, "{ orders { totalCount nodes { id } } }")

    assert result.data == {"orders": None}
    assert {error.extensions["code"] for error in result.errors} == {"INTERNAL_SERVER_ERROR"}
    assert "partner_id" not in str(result.errors)
    assert SAID in caplog.text


async def test_a_policy_that_reads_it_denies_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    result = await asked(None, "{ orders { nodes { customerId } } }")

    assert result.data == {"orders": {"nodes": [{"customerId": None}] * 2}}
    assert [(error.path, error.extensions) for error in result.errors] == [
        (["orders", "nodes", index, "customerId"], {"code": "UNAUTHORIZED_FIELD_OR_TYPE"})
        for index in (0, 1)
    ]
    assert "policy 'curious' failed, so it denies" in caplog.text
    assert SAID in caplog.text
