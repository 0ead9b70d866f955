"""Declarations that can't work are refused, and those that are rare work."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest

from demo.stack import Addresses
from loaders.query import Function, Order, Window
from loaders.sql.postgres import PostgresSource, PostgresTable
from resolvers.connections import connection
from resolvers.fields import NodeRow, column
from resolvers.graph import Graph
from resolvers.mutations import mutation
from resolvers.relations import aggregate, one
from tests.loaders.asking import page_of, rows_of
from tests.resolvers.declaring import connection_of, graph_of, node_type, plain_type, table

TABLE = PostgresTable(source="shop", name="uuid_keyed", key="id", key_type=uuid.UUID)
PARENTS = [uuid.UUID(int=1), uuid.UUID(int=2)]


@pytest.fixture(scope="module")
async def shop(addresses: Addresses) -> AsyncIterator[PostgresSource]:
    connection = await asyncpg.connect(addresses.postgres)
    await connection.execute("drop table if exists uuid_keyed")
    await connection.execute("create table uuid_keyed (id uuid primary key, parent uuid)")
    rows = [(uuid.UUID(int=10 + i), PARENTS[i % 2]) for i in range(6)]
    await connection.copy_records_to_table("uuid_keyed", records=rows)
    source = PostgresSource("shop", addresses.postgres)
    await source.open()
    yield source
    await source.close()
    await connection.execute("drop table uuid_keyed")
    await connection.close()


async def test_keys_of_type_uuid_are_windowed_for_each_parent(shop: PostgresSource) -> None:
    first = await page_of(shop, TABLE, {"parent"}, window=Window(order=(Order("id"),)))
    # As PostgreSQL's driver gives them, which is a type of its own.
    keys = list(dict.fromkeys(row["parent"] for row in first))

    window = Window(order=(Order("id"),), limit=2)
    groups = await rows_of(
        shop,
        TABLE,
        {"id", "parent"},
        by=("parent",),
        keys=[(key,) for key in keys],
        window=window,
    )

    found = {key: [row["id"].int for row in rows] for key, rows in zip(keys, groups, strict=True)}
    assert found == {PARENTS[0]: [10, 12], PARENTS[1]: [11, 13]}


def test_a_row_of_a_node_is_a_row_like_any_other() -> None:
    row = NodeRow("Order", {"id": 1, "total": 2})

    assert (row["total"], row.get("nothing"), dict(row)) == (2, None, {"id": 1, "total": 2})


def test_a_relation_by_another_column_than_the_key_has_no_filter_by_id() -> None:
    with pytest.raises(TypeError, match="only a relation by the target's key"):
        one("A product.", by="sku", to="sku", filterable=True)


def test_an_aggregate_of_no_resource_is_refused() -> None:
    with pytest.raises(TypeError, match="a field hides the module's variable"):
        aggregate("A count.", of=one("A.", by="x"), by="x", function=Function.COUNT)


def test_a_relation_under_another_name_is_filtered_by_that_name() -> None:
    customer = node_type("Customer", table("customers"), name=(str, column("Theirs.")))
    buyer = one("Whose.", by="customer_id", filterable=True, name="mainBuyer")
    order = node_type("Order", table(), customer=(customer | None, buyer))
    graph = graph_of(orders=(connection_of(order) | None, connection("All.", name="sales")))

    assert graph.needs["Order.mainBuyer"] == {
        (order.resource, "customer_id"),
        (customer.resource, "id"),
    }
    assert graph.comparisons["Order.mainBuyer"] == {"OrderFilter.mainBuyerId"}
    assert "  mainBuyerId: IDFilter" in graph.as_str()
    assert "  sales(" in graph.as_str()


def test_a_mutation_says_who_may_run_it() -> None:
    def rename(name: str) -> str | None:
        return name

    changes = plain_type(
        "Mutation",
        free=(str | None, mutation("It.", rename, public=True, deprecation_reason="Old.")),
        closed=(str | None, mutation("It.", rename, requires_scopes=[["a"]], name="locked")),
    )
    text = Graph(plain_type("Query", hello=(str, "hello")), mutation=changes).as_str()

    assert 'free(name: String!): String @public @deprecated(reason: "Old.")' in text
    assert 'locked(name: String!): String @requiresScopes(scopes: [["a"]])' in text
