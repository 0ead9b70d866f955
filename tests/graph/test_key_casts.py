"""Relations whose ends are of different types: each key is read as the other end has it, where
there is one reading, and is its own place's error where there is none."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from bson import Decimal128, ObjectId
from pymongo import MongoClient

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.memory import MemorySource, MemoryTable
from loaders.mongo import MongoCollection, MongoSource
from loaders.query import Function
from loaders.resource import Resource
from loaders.sources import Source
from loaders.sql.postgres import PostgresSource, PostgresTable
from resolvers import Graph, aggregate, column, connection, lookup, many, one
from tests.resolvers.declaring import connection_of, list_of, node_type, plain_type

SCHEMA = "key_casts"
IDS = [uuid.UUID(int=number) for number in (10, 11, 12)]
OBJECTS = [ObjectId(f"{number:024x}") for number in (10, 11, 12)]
DAYS = [date(2026, 1, day) for day in (1, 2, 3)]

FORMS: dict[str, dict[str, tuple[type, list[Any]]]] = {
    "uuid": {"uuid": (uuid.UUID, IDS), "text": (str, list(map(str, IDS)))},
    "whole": {
        "int": (int, [1, 2, 3]),
        "text": (str, ["1", "2", "3"]),
        "numeric": (Decimal, [Decimal("1.00"), Decimal(2), Decimal("3.0")]),
        "double": (float, [1.0, 2.0, 3.0]),
    },
    "object": {"ObjectId": (ObjectId, OBJECTS), "text": (str, list(map(str, OBJECTS)))},
    "date": {"date": (date, DAYS), "text": (str, list(map(str, DAYS)))},
}
"""The same three keys in several types: the first has two rows, the second one, the third none."""

COLUMNS = {"uuid": "uuid", "int": "bigint", "text": "text", "numeric": "numeric(8, 2)",
           "double": "double precision", "date": "date"}  # fmt: skip
"""PostgreSQL's types; what is not here it has not."""

OF = [[1, 3], [2], []]
SOURCES = ("postgres", "mongo", "memory")


def has(source: str, form: str) -> bool:
    return form in COLUMNS if source == "postgres" else source == "memory" or form != "date"


@dataclass(frozen=True)
class Case:
    """Keys of the form ``given`` in one source, by which rows of another are asked that has them
    in the form ``taken``."""

    keys: str
    giver: str
    given: str
    taker: str
    taken: str

    def __str__(self) -> str:
        return f"{self.giver}'s {self.given} to {self.taker}'s {self.taken}"


CASES = [
    Case(keys, giver, given, taker, taken)
    for keys, forms in FORMS.items()
    for given in forms
    for taken in forms
    for giver in SOURCES
    for taker in SOURCES
    if given != taken and has(giver, given) and has(taker, taken) and giver != "memory"
    if (giver, taker) != ("mongo", "memory")
]


def rows_of(keys: str, form: str) -> dict[str, list[dict[str, Any]]]:
    _, values = FORMS[keys][form]
    return {
        "owners": [{"id": value, "no": place} for place, value in enumerate(values)],
        "things": [
            {"no": no, "of": value, "code": value if no == of[0] else None}
            for value, of in zip(values, OF, strict=True)
            for no in of
        ],
    }


@pytest.fixture(scope="module")
async def sources(addresses: Addresses) -> AsyncIterator[Sequence[Source]]:
    connection = await asyncpg.connect(addresses.postgres)
    await connection.execute(f"drop schema if exists {SCHEMA} cascade; create schema {SCHEMA}")
    mongo: MongoClient[Any] = MongoClient(addresses.mongo, uuidRepresentation="standard")
    database = mongo[addresses.mongo_database]
    in_memory: dict[str, Any] = {}
    for keys, forms in FORMS.items():
        for form in forms:
            for name, rows in rows_of(keys, form).items():
                in_memory[f"{keys}_{form}_{name}"] = rows
                if form in COLUMNS:
                    table, type_ = f"{SCHEMA}.{keys}_{form}_{name}", COLUMNS[form]
                    columns = {
                        "owners": f"id {type_} primary key, no integer",
                        "things": f"no integer primary key, of {type_}, code {type_}",
                    }[name]
                    await connection.execute(f"create table {table} ({columns})")
                    values = ", ".join(f"${place + 1}" for place in range(len(rows[0])))
                    await connection.executemany(
                        f"insert into {table} values ({values})", [tuple(r.values()) for r in rows]
                    )
                if has("mongo", form):
                    collection = database[f"{SCHEMA}_{keys}_{form}_{name}"]
                    collection.drop()
                    collection.insert_many(
                        {
                            name: Decimal128(value) if isinstance(value, Decimal) else value
                            for name, value in row.items()
                        }
                        for row in rows
                    )
    sources: Sequence[Source] = (
        PostgresSource("postgres", addresses.postgres, pool_size=2),
        MongoSource("mongo", addresses.mongo, database=addresses.mongo_database),
        MemorySource("memory", in_memory),
    )
    for source in sources:
        await source.open()
    yield sources
    for source in sources:
        await source.close()
    for name in database.list_collection_names():
        if name.startswith(SCHEMA):
            database[name].drop()
    mongo.close()
    await connection.execute(f"drop schema {SCHEMA} cascade")
    await connection.close()


def resource(source: str, name: str, **more: Any) -> Resource:
    match source:
        case "postgres":
            return PostgresTable(source=source, schema=SCHEMA, name=name, **more)
        case "mongo":
            return MongoCollection(source=source, name=f"{SCHEMA}_{name}", **more)
        case _:
            return MemoryTable(source=source, name=name, **more)


def graph_of(case: Case, cast: type | None = None) -> Graph:
    """Owners whose keys are of one form, with relations to things that have them in another; and
    things, with relations to owners of the other form."""
    given, taken = (FORMS[case.keys][form][0] for form in (case.given, case.taken))
    given_rows, taken_rows = f"{case.keys}_{case.given}", f"{case.keys}_{case.taken}"
    things = resource(case.taker, f"{taken_rows}_things", key="no", key_type=int)
    thing = node_type("Thing", things, no=(int, column("Its number.")))
    count = aggregate("All.", of=things, by="of", function=Function.COUNT, cast=cast)
    page = connection("All.", by="of", order_by="-no", cast=cast)
    owner = node_type(
        "Owner",
        resource(case.giver, f"{given_rows}_owners", key="id", key_type=given),
        no=(int, column("Its number.")),
        many=(list_of(thing) | None, many("All.", by="of", order_by="no", cast=cast)),
        page=(connection_of(thing) | None, page),
        count=(int | None, count),
        coded=(thing | None, one("By a code.", by="id", to="code", cast=cast)),
    )
    others = resource(case.taker, f"{taken_rows}_owners", key="id", key_type=taken)
    other = node_type("Other", others, no=(int, column("Its number.")))
    pointing = node_type(
        "Pointing",
        resource(case.giver, f"{given_rows}_things", key="no", key_type=int),
        no=(int, column("Its number.")),
        of=(other | None, one("It.", by="of")),
    )
    return Graph(
        plain_type(
            "Query",
            owners=(connection_of(owner) | None, connection("All.", order_by="no")),
            pointing=(connection_of(pointing) | None, connection("All.", order_by="no")),
        )
    )


OWNERS = """{ owners { nodes {
    many { no } page(first: 1) { totalCount nodes { no } } count coded { no }
} } }"""


def wanted() -> list[Any]:
    return [
        {
            "many": [{"no": no} for no in of],
            "page": {"totalCount": len(of), "nodes": [{"no": no} for no in of[-1:]]},
            "count": len(of),
            "coded": {"no": of[0]} if of else None,
        }
        for of in OF
    ]


@pytest.mark.parametrize("cast", [False, True], ids=["", "cast"])
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_rows_of_each_key(sources: Sequence[Source], case: Case, cast: bool) -> None:
    taken, _ = FORMS[case.keys][case.taken]
    graph = graph_of(case, taken if cast else None)

    # The second time everything is known.
    for _ in range(2):
        response = await GraphClient(graph, sources).execute(OWNERS)

        assert not response.errors
        assert response.data["owners"]["nodes"] == wanted()


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_one_by_its_key(sources: Sequence[Source], case: Case) -> None:
    response = await GraphClient(graph_of(case), sources).execute(
        "{ pointing { nodes { no of { no } } } }"
    )

    assert not response.errors
    assert response.data["pointing"]["nodes"] == [
        {"no": no, "of": {"no": place}} for no, place in ((1, 0), (2, 1), (3, 0))
    ]


WRONG = {"uuid": "no uuid", "whole": "0x1", "object": "12", "date": "yesterday"}


@pytest.mark.parametrize("taker", SOURCES)
@pytest.mark.parametrize("keys", FORMS)
async def test_a_value_without_a_reading_is_its_own_place_s_error(
    sources: Sequence[Source], keys: str, taker: str, caplog: pytest.LogCaptureFixture
) -> None:
    form = next(iter(FORMS[keys]))
    if not has(taker, form):
        form = "text"
    _, texts = FORMS[keys]["text"]
    rows = [{"id": text, "no": place} for place, text in enumerate([*texts, WRONG[keys]])]
    pointing = [{"no": row["no"], "of": row["id"]} for row in rows]
    case = Case(keys, "wrong", "text", taker, form)
    wrong = MemorySource("wrong", {f"{keys}_text_owners": rows, f"{keys}_text_things": pointing})
    client = GraphClient(graph_of(case), [*sources, wrong])

    owners = await client.execute(OWNERS)
    other = await client.execute("{ pointing { nodes { of { no } } } }")

    is_read = form == "text"
    nodes = owners.data["owners"]["nodes"]
    # The whole page is null by its nodes, and has no second error for its count.
    lost = [["many"], ["page", "nodes"], ["count"], ["coded"]]
    nothing = {"many": None, "page": None, "count": None, "coded": None}
    assert nodes == [*wanted(), wanted()[2] if is_read else nothing]
    assert sorted(error["path"] for error in owners.errors) == (
        [] if is_read else sorted(["owners", "nodes", 3, *path] for path in lost)
    )
    assert other.data["pointing"]["nodes"] == [
        {"of": {"no": place} if place < 3 else None} for place in range(4)
    ]
    codes = {*owners.codes, *other.codes}
    assert codes == (set() if is_read else {"UPSTREAM_BAD_RESPONSE"})
    for error in (*owners.errors, *other.errors):
        assert WRONG[keys] not in str(error)
    # One line for each of the fields, which has no value in it.
    lines = [each for each in caplog.messages if each.startswith(f"The source '{taker}' was asked")]
    assert len(lines) == len(owners.errors)
    assert WRONG[keys] not in "".join(lines)


async def test_clients_keys_that_have_no_reading_are_their_own_fault(
    sources: Sequence[Source],
) -> None:
    owners = resource("postgres", "uuid_uuid_owners", key="id", key_type=str)
    owner = node_type("Owner", owners, key=(str, column("Its key.", name="id")))
    graph = Graph(plain_type("Query", owner=(owner | None, lookup("One.", by=("id", "key")))))
    client = GraphClient(graph, sources)

    found = await client.execute(f'{{ owner(key: "{IDS[1]}") {{ id key }} }}')
    unfit = await client.execute('{ owner(key: "no uuid") { id } }')

    assert found.data["owner"]["key"] == str(IDS[1])
    again = await client.execute(f'{{ owner(id: "{found.data["owner"]["id"]}") {{ key }} }}')
    assert again.data == {"owner": {"key": str(IDS[1])}}
    assert (unfit.data, unfit.codes) == ({"owner": None}, ["BAD_USER_INPUT"])


async def test_mongodb_is_asked_for_a_field_s_type_only_where_it_may_be_another(
    addresses: Addresses, sources: Sequence[Source]
) -> None:
    looked: list[str] = []

    class Counting(MongoSource):
        async def _sampled(self, name: str, pipeline: Any) -> Any:
            looked.append(name)
            return await super()._sampled(name, pipeline)

    mongo = Counting("mongo", addresses.mongo, database=addresses.mongo_database)
    await mongo.open()
    for given in ("text", "uuid"):
        case = Case("uuid", "postgres", given, "mongo", "text")
        client = GraphClient(graph_of(case), [sources[0], mongo])
        response = await client.execute("{ owners { nodes { many { no } coded { no } } } }")
        assert not response.errors
        assert looked == []
    await mongo.close()
