"""Domains of PostgreSQL are as what they are over, by every road: those over enums, too, which no
operator and no aggregate of enums takes."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import strawberry

from demo.stack import Addresses
from loaders.query import Comparison, Filter, Function, Operator, SemiJoin, equals
from resolvers import Identity, aggregate, column, connection, many, one
from tests.resolvers.declaring import connection_of, graph_of, list_of, node_type
from tests.values.tables import Tables, numbers, tables_in, things

SCHEMA = "domains"
OBJECTS = f"""
create type {SCHEMA}.mood as enum ('c', 'a', 'b');
create type {SCHEMA}."Odd "" Mood" as enum ('c', 'a', 'b');
create domain {SCHEMA}.feeling as {SCHEMA}.mood;
create domain {SCHEMA}.deep as {SCHEMA}.feeling;
create domain {SCHEMA}.odd as {SCHEMA}."Odd "" Mood";
create domain {SCHEMA}.word as text;
create domain {SCHEMA}.number as integer;
create domain {SCHEMA}.moods as {SCHEMA}.mood[];
create domain {SCHEMA}.words as text[];
"""

OVER_ENUMS = ["mood", "feeling", "deep", "odd"]
VALUES = ["a", "c", None, "a"]
"""The order of the labels is c, a."""

WHERE = "query ($w: ThingFilter) { things(where: $w) { nodes { number } } }"


@strawberry.enum
class Mood(enum.Enum):
    C = "c"
    A = "a"


@dataclass(frozen=True)
class Seen:
    filter: Filter

    def __call__(self, identity: Identity) -> Filter:
        return self.filter


@pytest.fixture(scope="module")
async def tables(addresses: Addresses) -> AsyncIterator[Tables]:
    async with tables_in(addresses, SCHEMA, OBJECTS) as tables:
        yield tables


def named(type_: str) -> str:
    return f"{SCHEMA}.{type_}"


@pytest.mark.parametrize("type_", [*OVER_ENUMS, "word"])
@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ({"eq": "A"}, [1, 4]),
        ({"ne": "A"}, [2, 3]),
        ({"in": ["A", "C"]}, [1, 2, 4]),
        ({"notIn": ["A"]}, [2, 3]),
        ({"isNull": True}, [3]),
    ],
    ids=str,
)
async def test_it_is_filtered(
    tables: Tables, type_: str, where: dict[str, object], rows: list[int]
) -> None:
    of = await tables.filled("things", named(type_), *VALUES)

    response = await tables.ask(things(of, Mood, filterable=True), WHERE, {"w": {"it": where}})

    assert numbers(response) == rows


@pytest.mark.parametrize("type_", OVER_ENUMS)
@pytest.mark.parametrize("nullable", [True, False])
@pytest.mark.parametrize(("direction", "rows"), [("ASC", [3, 2, 1, 4]), ("DESC", [4, 1, 2, 3])])
async def test_it_is_paged(
    tables: Tables, type_: str, nullable: bool, direction: str, rows: list[int]
) -> None:
    values = VALUES if nullable else ["a", "c", "c", "a"]
    of = await tables.filled("things", named(type_), *values)
    rows = rows if nullable else {"ASC": [2, 3, 1, 4], "DESC": [4, 1, 3, 2]}[direction]
    shown: Any = (Mood | None) if nullable else Mood
    thing = node_type(
        "Thing",
        of,
        number=(int, column("Its number.", name="id")),
        it=(shown, column("It.", sortable=True)),
    )
    graph = graph_of(things=(connection_of(thing) | None, connection("All.")))
    query = f"query ($c: String) {{ things(orderBy: [{{field: IT, direction: {direction}}}], "
    query += "first: 1, after: $c) { nodes { number } pageInfo { endCursor hasNextPage } } }"

    found, cursor, goes_on = [], None, True
    while goes_on:
        response = await tables.ask(graph, query, {"c": cursor})
        found += numbers(response)
        info = response.data["things"]["pageInfo"]
        cursor, goes_on = info["endCursor"], info["hasNextPage"]

    assert found == rows


@pytest.mark.parametrize("to", [*OVER_ENUMS, "word", "text"])
@pytest.mark.parametrize("of", [*OVER_ENUMS, "word", "text"])
async def test_it_is_a_key(tables: Tables, of: str, to: str) -> None:
    theirs, ours = (each if each == "text" else named(each) for each in (to, of))
    others = await tables.filled("theirs", theirs, "c", "c", None)
    await tables.filled("ours", ours, "c", "a")
    other = node_type("Other", others, number=(int, column("Its number.", name="id")))
    counted = aggregate("All.", of=others, by="it", function=Function.COUNT)
    owner = node_type(
        "Owner",
        tables.table("ours", key="it", key_type=str),
        number=(int, column("Its number.", name="id")),
        one=(other | None, one("The first.", by="it", to="it")),
        many=(list_of(other) | None, many("All.", by="it", order_by="id")),
        page=(connection_of(other) | None, connection("All.", by="it", order_by="-id")),
        count=(int | None, counted),
    )
    owners = connection_of(owner) | None
    graph = graph_of(owners=(owners, connection("All.", order_by="id")))

    response = await tables.ask(
        graph,
        """{ owners { nodes {
            one { number } many { number } page(first: 1) { totalCount nodes { number } } count
        } } }""",
    )

    assert response.errors == []
    first, second = response.data["owners"]["nodes"]
    assert first.pop("one")["number"] in (1, 2)
    assert first == {
        "many": [{"number": 1}, {"number": 2}],
        "page": {"totalCount": 2, "nodes": [{"number": 2}]},
        "count": 2,
    }
    assert second == {
        "one": None,
        "many": [],
        "page": {"totalCount": 0, "nodes": []},
        "count": 0,
    }


@pytest.mark.parametrize("type_", [*OVER_ENUMS, "word"])
async def test_it_has_a_least_and_a_greatest(tables: Tables, type_: str) -> None:
    of = await tables.filled("things", named(type_), *VALUES)
    item = node_type(
        "Item",
        of,
        least=(Mood | None, aggregate("It.", of=of, by="id", function=Function.MIN, column="it")),
        greatest=(
            Mood | None,
            aggregate("It.", of=of, by="id", function=Function.MAX, column="it"),
        ),
    )
    graph = graph_of(items=(connection_of(item) | None, connection("All.")))

    response = await tables.ask(graph, "{ items { nodes { least greatest } } }")

    assert response.errors == []
    shown = ["A", "C", None, "A"]
    assert response.data["items"]["nodes"] == [{"least": n, "greatest": n} for n in shown]


@pytest.mark.parametrize("type_", OVER_ENUMS)
async def test_row_filters_go_by_it(tables: Tables, type_: str) -> None:
    of = await tables.filled("things", named(type_), *VALUES)
    others = await tables.filled("others", named(type_), "a", "c")
    filters: list[Filter] = [
        equals("it", "a"),
        Comparison("it", Operator.IN, ("a",)),
        SemiJoin("it", others, "it", equals("it", "a")),
    ]
    for filter in filters:
        graph = things(replace(of, row_filter=Seen(filter)), Mood)

        response = await tables.ask(graph, "{ things { totalCount nodes { number } } }")

        assert numbers(response) == [1, 4]
        assert response.data["things"]["totalCount"] == 2


@pytest.mark.parametrize("type_", OVER_ENUMS)
async def test_it_is_looked_up(tables: Tables, type_: str) -> None:
    graph = things(await tables.filled("things", named(type_), "c", "a"), Mood, by="it")

    response = await tables.ask(graph, "{ thing(it: A) { number it } }")

    assert response.errors == []
    assert response.data == {"thing": {"number": 2, "it": "A"}}


@pytest.mark.parametrize("type_", ["mood[]", "feeling[]", "moods", "word[]", "words"])
@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ({"has": "A"}, [1]),
        ({"hasSome": ["A", "C"]}, [1, 2]),
        ({"hasEvery": ["A", "C"]}, [1]),
    ],
    ids=str,
)
async def test_lists_of_it(
    tables: Tables, type_: str, where: dict[str, object], rows: list[int]
) -> None:
    of = await tables.filled("things", named(type_), "{a,c}", "{c}", "{}", None)

    response = await tables.ask(
        things(of, list_of(Mood), filterable=True), WHERE, {"w": {"it": where}}
    )

    assert numbers(response) == rows
