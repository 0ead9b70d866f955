"""What PostgreSQL can't make costs its own place, and is a client's fault only where a value of
that client's is why."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from demo.stack import Addresses
from gateway.testing import Response
from loaders.query import Filter, Function, equals
from loaders.sql.parting import MOST_STATEMENTS
from resolvers import Identity, aggregate, column, connection
from tests.resolvers.declaring import connection_of, graph_of, node_type
from tests.values.tables import Tables, tables_in, things

SCHEMA = "refused"
OBJECTS = f"""
create type {SCHEMA}.mood as enum ('c', 'a');
create domain {SCHEMA}.feeling as {SCHEMA}.mood;
create table {SCHEMA}.owners (id int primary key);
insert into {SCHEMA}.owners select generate_series(1, 20);
create table {SCHEMA}.numbers (id int primary key, owner uuid, it int);
insert into {SCHEMA}.numbers values (1, '{uuid.UUID(int=1)}', 2147483647),
    (2, '{uuid.UUID(int=2)}', 5);
create view {SCHEMA}.larger as select id, owner, (it::bigint + 1)::int as it from {SCHEMA}.numbers;
"""
LAST = 20


@pytest.fixture(scope="module")
async def tables(addresses: Addresses) -> AsyncIterator[Tables]:
    async with tables_in(addresses, SCHEMA, OBJECTS) as tables:
        yield tables


async def summed(tables: Tables, type_: str, rows: list[tuple[int, str]]) -> None:
    of = f"{SCHEMA}.summed"
    await tables.database.execute(
        f"drop table if exists {of}; "
        f"create table {of} (id serial primary key, owner int, it {type_})"
    )
    await tables.database.executemany(
        f"insert into {of} (owner, it) values ($1, $2::text::{type_})", rows
    )


async def owners(tables: Tables, **asked: tuple[Any, Function]) -> Response:
    """What is made of ``it`` of each owner's rows, beside how many these are."""
    of = tables.table("summed")
    fields = {
        name: (shown | None, aggregate("It.", of=of, by="owner", function=function, column="it"))
        for name, (shown, function) in asked.items()
    }
    item = node_type("Item", of, it=(str | None, column("It.")))
    owner = node_type(
        "Owner",
        tables.table("owners"),
        count=(int | None, aggregate("All.", of=of, by="owner", function=Function.COUNT)),
        items=(connection_of(item) | None, connection("All.", by="owner")),
        **fields,
    )
    graph = graph_of(owners=(connection_of(owner) | None, connection("All.")))
    names = " ".join(asked)
    return await tables.ask(
        graph, f"{{ owners(first: 100) {{ nodes {{ count items {{ totalCount }} {names} }} }} }}"
    )


OVERFLOWING = {
    "float8": (float, "1.7e308", "1"),
    "real": (float, "3e38", "1"),
    "interval": (timedelta, "178000000 years", "1 day"),
    "numeric": (float, "9" + "0" * 131_071, "1"),
}


@pytest.mark.parametrize("bad", [1, 7, LAST])
@pytest.mark.parametrize("type_", OVERFLOWING)
async def test_a_sum_that_cant_be_made_costs_nothing_else(
    tables: Tables, type_: str, bad: int
) -> None:
    shown, large, small = OVERFLOWING[type_]
    rows = [(owner, large if owner == bad else small) for owner in range(1, LAST + 1)]
    await summed(tables, type_, [*rows, *[(bad, large)] * 9])

    response = await owners(tables, total=(shown, Function.SUM), mean=(shown, Function.AVG))

    nodes = response.data["owners"]["nodes"]
    of_bad = 10
    counts = [of_bad if owner == bad else 1 for owner in range(1, LAST + 1)]
    assert [node["count"] for node in nodes] == counts
    assert [node["items"]["totalCount"] for node in nodes] == counts
    assert [owner for owner, node in enumerate(nodes, 1) if node["total"] is None] == [bad]
    assert {error["path"][2] for error in response.errors} == {bad - 1}
    assert set(response.codes) == {"UPSTREAM_BAD_RESPONSE"}


@pytest.mark.parametrize("type_", ["boolean", "uuid", f"{SCHEMA}.feeling", "jsonb"])
async def test_an_aggregate_that_there_is_not_costs_no_other(tables: Tables, type_: str) -> None:
    value = {"boolean": "t", "uuid": str(uuid.UUID(int=1)), "jsonb": "1"}.get(type_, "c")
    await summed(tables, type_, [(1, value)])

    response = await owners(tables, total=(float, Function.SUM))

    nodes = response.data["owners"]["nodes"]
    assert [node["count"] for node in nodes] == [1] + [0] * (LAST - 1)
    assert [node["items"]["totalCount"] for node in nodes] == [1] + [0] * (LAST - 1)
    assert [error["path"] for error in response.errors] == [
        ["owners", "nodes", place, "total"] for place in range(LAST)
    ]
    assert set(response.codes) == {"UPSTREAM_BAD_RESPONSE"}


async def test_a_total_of_all_that_cant_be_made_costs_no_count(tables: Tables) -> None:
    await summed(tables, "float8", [(1, "1.7e308"), (1, "1.7e308")])
    of = tables.table("summed")
    item = node_type("Item", of, it=(str | None, column("It.")))
    total = aggregate("It.", of=of, by="owner", function=Function.SUM, column="it")
    owner = node_type("Owner", tables.table("owners"), total=(float | None, total))
    graph = graph_of(
        items=(connection_of(item) | None, connection("All.")),
        owners=(connection_of(owner) | None, connection("All.")),
    )

    response = await tables.ask(
        graph, "{ items { totalCount } owners(first: 2) { nodes { total } } }"
    )

    assert response.data == {
        "items": {"totalCount": 2},
        "owners": {"nodes": [{"total": None}, {"total": None}]},
    }
    assert response.codes == ["UPSTREAM_BAD_RESPONSE"]


async def test_sums_that_can_all_not_be_made_cost_so_many_statements(tables: Tables) -> None:
    await summed(tables, "float8", [(owner, "1.7e308") for owner in range(1, LAST + 1)] * 2)
    others = f"insert into {SCHEMA}.summed (owner, it) select n % 80 + 21, 1.7e308 from "
    await tables.database.execute(
        f"insert into {SCHEMA}.owners select generate_series(21, 100);"
        f"{others} generate_series(0, 159) n"
    )
    try:
        response = await owners(tables, total=(float, Function.SUM))
    finally:
        await tables.database.execute(f"delete from {SCHEMA}.owners where id > {LAST}")

    nodes = response.data["owners"]["nodes"]
    assert [(node["count"], node["total"]) for node in nodes] == [(2, None)] * 100
    assert len(response.errors) == 100
    assert set(response.codes) == {"UPSTREAM_BAD_RESPONSE"}
    assert MOST_STATEMENTS < len(response.calls) < MOST_STATEMENTS + 5


# Whose fault it is.


async def test_what_a_view_cant_make_is_no_clients_error(tables: Tables) -> None:
    graph = things(tables.table("larger"), int)

    response = await tables.ask(graph, "{ things { nodes { it } } }")

    assert response.data == {"things": None}
    assert response.codes == ["UPSTREAM_BAD_RESPONSE"]


async def test_nor_is_it_where_the_client_has_sent_values_that_fit(tables: Tables) -> None:
    graph = things(tables.table("larger"), int, filterable=True, sortable=True)

    filtered = await tables.ask(
        graph, '{ things(where: {it: {gt: 5}}) { nodes { it } } thing(id: "VGhpbmc6MQ==") { it } }'
    )

    assert filtered.data == {"things": None, "thing": None}
    assert filtered.codes == ["UPSTREAM_BAD_RESPONSE"] * 2


async def test_an_id_costs_no_other(tables: Tables) -> None:
    graph = things(tables.table("larger"), int)

    response = await tables.ask(
        graph,
        "query ($i: [ID!]!) { nodes(ids: $i) { ... on Thing { it } } }",
        {"i": ["VGhpbmc6MQ==", "VGhpbmc6Mg=="]},
    )

    assert response.data == {"nodes": [None, {"it": 6}]}
    assert response.codes == ["UPSTREAM_BAD_RESPONSE"]


def of_claim(identity: Identity) -> Filter:
    return equals("owner", identity.claims["owner"])


@pytest.mark.parametrize("query", [
    "{ things { nodes { number } } }", "{ things { totalCount nodes { number } } }",
    '{ thing(id: "VGhpbmc6MQ==") { number } }', "{ things(where: {it: {eq: 5}}) { totalCount } }",
])  # fmt: skip
async def test_a_claim_that_is_no_value_of_its_column_is_no_clients_error(
    tables: Tables, query: str
) -> None:
    graph = things(tables.table("numbers", row_filter=of_claim), int, filterable=True)

    good, bad = [
        await tables.ask(graph, query, identity=Identity(subject="ada", claims={"owner": owner}))
        for owner in (uuid.UUID(int=1), "nobody")
    ]

    assert good.errors == []
    assert set(bad.codes) == {"UPSTREAM_BAD_RESPONSE"}


async def test_a_clients_value_beside_a_good_claim_is_the_clients_error(tables: Tables) -> None:
    graph = things(tables.table("numbers", row_filter=of_claim), str, filterable=True, name="owner")

    response = await tables.ask(
        graph,
        '{ things(where: {it: {eq: "nobody"}}) { totalCount } }',
        identity=Identity(subject="ada", claims={"owner": uuid.UUID(int=1)}),
    )

    assert response.codes == ["BAD_USER_INPUT"]


async def test_a_claim_of_another_type_is_none_of_a_cursors(tables: Tables) -> None:
    graph = things(tables.table("numbers", row_filter=of_claim), int)
    query = "query ($c: String) { things(first: 1, after: $c) { pageInfo { endCursor } } }"
    ada, other = (
        Identity(subject="ada", claims={"owner": owner}) for owner in (uuid.UUID(int=1), 5)
    )
    first = await tables.ask(graph, query, identity=ada)
    cursor = first.data["things"]["pageInfo"]["endCursor"]

    response = await tables.ask(graph, query, {"c": cursor}, identity=other)

    assert response.data == {"things": None}
    assert response.codes == ["UPSTREAM_BAD_RESPONSE"]
