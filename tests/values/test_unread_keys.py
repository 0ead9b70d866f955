"""Keys that PostgreSQL alone can read: one that it can't costs its own place, and no other."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Sequence

import pytest

from demo.stack import Addresses
from gateway.testing import Response
from loaders.query import Function
from loaders.sql.parting import MOST_STATEMENTS
from resolvers import Graph, aggregate, column, connection, many, one
from tests.resolvers.declaring import connection_of, graph_of, list_of, node_type
from tests.values.tables import Tables, tables_in, things

SCHEMA = "unread"
OBJECTS = f"""
create extension if not exists ltree;
create extension if not exists hstore;
create domain {SCHEMA}.address as inet;
"""

TYPES = {
    "inet": ("10.0.0.1", "none"),
    f"{SCHEMA}.address": ("10.0.0.1", "none"),
    "cidr": ("10.0.0.0/8", "none"),
    "macaddr": ("08:00:2b:01:02:03", "none"),
    "macaddr8": ("08:00:2b:01:02:03:04:05", "none"),
    "ltree": ("a.b", "no path!"),
    "hstore": ('"a"=>"1"', "a=>"),
    "name": ("a", "x" * 64),
    "pg_lsn": ("0/1", "none"),
    "money": ("$1.00", "none"),
    "uuid": ("01234567-89ab-cdef-0123-456789abcdef", "none"),
    "integer": ("12", "twelve"),
    "date": ("2026-01-31", "2026-02-30"),
    "tsvector": ("'a'", "'a"),
}
"""A text that is a value of the type, and one that is none."""

NO_TEXT = ["int4range", "point", "interval", "timestamptz", "bytea", "boolean"]
"""Those whose values can't be compared, or have no one text."""


@pytest.fixture(scope="module")
async def tables(addresses: Addresses) -> AsyncIterator[Tables]:
    async with tables_in(addresses, SCHEMA, OBJECTS) as tables:
        yield tables


async def graph_by(tables: Tables, type_: str, keys: Sequence[str], value: str | None) -> Graph:
    """Owners with these keys, and one other of the value."""
    to = await tables.filled("theirs", type_, value)
    await tables.filled("ours", "text", *keys)
    other = node_type("Other", to, number=(int, column("Its number.", name="id")))
    owner = node_type(
        "Owner",
        tables.table("ours", key="it", key_type=str),
        number=(int, column("Its number.", name="id")),
        one=(other | None, one("The first.", by="it", to="it")),
        many=(list_of(other) | None, many("All.", by="it", order_by="id")),
        page=(connection_of(other) | None, connection("All.", by="it", order_by="id")),
        count=(int | None, aggregate("All.", of=to, by="it", function=Function.COUNT)),
    )
    owners = connection_of(owner) | None
    return graph_of(owners=(owners, connection("All.", order_by="id")))


QUERY = """{ owners(first: 100) { nodes {
    one { number } many { number } page { totalCount nodes { number } } count
} } }"""
FOUND = {
    "one": {"number": 1},
    "many": [{"number": 1}],
    "page": {"totalCount": 1, "nodes": [{"number": 1}]},
    "count": 1,
}
NOTHING: dict[str, object] = {
    "one": None,
    "many": [],
    "page": {"totalCount": 0, "nodes": []},
    "count": 0,
}
LOST = dict.fromkeys(FOUND)


def codes_at(response: Response, place: int) -> list[str]:
    return [
        error["extensions"]["code"]
        for error in response.errors
        if error["path"][:3] == ["owners", "nodes", place]
    ]


@pytest.mark.parametrize("type_", TYPES)
async def test_a_text_that_is_none_costs_its_own_place(tables: Tables, type_: str) -> None:
    good, bad = TYPES[type_]
    graph = await graph_by(tables, type_, [bad, good], good)

    response = await tables.ask(graph, QUERY)

    # Nothing equals what is too long; what can't be read is an error.
    lost = NOTHING if type_ == "name" else LOST
    assert response.data == {"owners": {"nodes": [lost, FOUND]}}
    assert codes_at(response, 0) == ([] if type_ == "name" else ["UPSTREAM_BAD_RESPONSE"] * 4)
    assert codes_at(response, 1) == []


@pytest.mark.parametrize("bad", [[0], [99], [3, 50], [0, 33, 66, 99]])
async def test_of_many_keys_those_alone_are_lost_that_are_none(
    tables: Tables, bad: list[int]
) -> None:
    keys = [f"none {place}" if place in bad else f"10.0.0.{place}" for place in range(100)]
    graph = await graph_by(tables, "inet", keys, "10.0.0.70")

    response = await tables.ask(graph, "{ owners(first: 100) { nodes { one { number } } } }")

    assert response.data == {
        "owners": {"nodes": [{"one": {"number": 1} if n == 70 else None} for n in range(100)]}
    }
    assert [error["path"][2] for error in response.errors] == bad
    assert set(response.codes) == {"UPSTREAM_BAD_RESPONSE"}
    assert len(response.calls) <= MOST_STATEMENTS + 2


async def test_where_all_are_none_each_has_its_error(tables: Tables) -> None:
    graph = await graph_by(tables, "inet", [f"none {place}" for place in range(100)], None)

    response = await tables.ask(graph, "{ owners(first: 100) { nodes { one { number } } } }")

    assert [error["path"][2] for error in response.errors] == list(range(100))
    assert set(response.codes) == {"UPSTREAM_BAD_RESPONSE"}
    assert len(response.calls) == MOST_STATEMENTS + 2


@pytest.mark.parametrize("type_", NO_TEXT)
async def test_a_column_without_texts_has_none_of_them(tables: Tables, type_: str) -> None:
    graph = await graph_by(tables, type_, ["a", "b"], None)

    response = await tables.ask(graph, QUERY)

    assert response.data == {"owners": {"nodes": [LOST] * 2}}
    assert set(response.codes) == {"UPSTREAM_BAD_RESPONSE"}
    assert len(response.errors) == 8


@pytest.mark.parametrize("type_", TYPES)
async def test_an_id_that_is_none_costs_its_own_place(tables: Tables, type_: str) -> None:
    good, bad = TYPES[type_]
    await tables.filled("keyed", type_, good)
    graph = things(tables.table("keyed", key="it", key_type=str), str)
    ids = [b64encode(f"Thing:{each}".encode()).decode() for each in (good, bad)]

    response = await tables.ask(
        graph, "query ($i: [ID!]!) { nodes(ids: $i) { ... on Thing { number } } }", {"i": ids}
    )
    alone = await tables.ask(graph, "query ($i: ID!) { thing(id: $i) { number } }", {"i": ids[1]})

    is_told = [] if type_ == "name" else ["BAD_USER_INPUT"]
    assert response.data == {"nodes": [{"number": 1}, None]}
    assert response.codes == is_told
    assert alone.data == {"thing": None}
    assert alone.codes == is_told
