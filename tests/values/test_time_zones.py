"""Columns of times without a time zone: as they are, or as moments where they or their source have
one; shown, compared, sorted and paged."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from operator import eq, ge, gt, le, lt, ne
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
import strawberry
from aiohttp import web

from demo.stack import Addresses
from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.memory import MemorySource, MemoryTable
from loaders.query import Function
from loaders.resource import Resource
from loaders.rest.routes import RestResource, Single
from loaders.rest.source import RestSource
from loaders.sql.postgres import PostgresSource, PostgresTable
from resolvers.connections import connection
from resolvers.fields import column
from resolvers.graph import Graph
from resolvers.lookups import lookup
from resolvers.relations import aggregate
from resolvers.scalars import LocalDateTime
from tests.bad_servers import answering
from tests.resolvers.declaring import (
    connection_of,
    faults_of,
    graph_of,
    list_of,
    node_type,
    plain_type,
)

PRAGUE = ZoneInfo("Europe/Prague")

TIMES = [
    datetime(2026, 1, 31, 10, 30),
    datetime(2026, 7, 31, 10, 30, 0, 123456),
    datetime(2026, 3, 29, 1, 59, 59, 999999),
    datetime(2026, 3, 29, 3, 0),
    datetime(2026, 10, 25, 1, 59),
    datetime(2026, 10, 25, 2, 0),
    datetime(2026, 10, 25, 2, 59, 59),
    datetime(2026, 10, 25, 3, 0),
]
SKIPPED = datetime(2026, 3, 29, 2, 30)
"""No clock in Prague has shown it."""


def moment(local: datetime) -> datetime:
    """By another way than ours: the first of the moments at which a clock shows it."""
    quarter = local.replace(minute=local.minute // 15 * 15, second=0, microsecond=0)
    begin = quarter.replace(tzinfo=UTC) - timedelta(hours=3)
    quarters = (begin + timedelta(minutes=15 * number) for number in range(24))
    shown = [each for each in quarters if each.astimezone(PRAGUE).replace(tzinfo=None) == quarter]
    return shown[0] + (local - quarter)


def written(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


def graph_over(resource: Resource, of: Resource, time_zone: str | None = None) -> Graph:
    zone: dict[str, Any] = {} if time_zone is None else {"time_zone": time_zone}
    entry = plain_type("Entry", at=(datetime | None, strawberry.field(description="When.")))
    thing = node_type(
        "Thing",
        resource,
        at=(datetime | None, column("When.", filterable=True, sortable=True, **zone)),
        local=(LocalDateTime | None, column("When.", name="at", filterable=True)),
        ats=(list_of(datetime | None) | None, column("When.", **zone)),
        entries=(list_of(entry) | None, column("What was noted.", **zone)),
        last=(
            datetime | None,
            aggregate("The last.", of=of, by="parent", function=Function.MAX, column="at"),
        ),
    )
    return graph_of(
        thing=(thing | None, lookup("One.", by="id")),
        things=(connection_of(thing) | None, connection("All.")),
    )


TABLE = PostgresTable(source="shop", name="local_times")
ROWS = PostgresTable(source="shop", name="local_times")


@pytest.fixture(scope="module")
async def kept(addresses: Addresses) -> AsyncIterator[Sequence[datetime]]:
    connection = await asyncpg.connect(addresses.postgres)
    try:
        await connection.execute(
            "drop table if exists local_times; create table local_times (id bigint primary key, "
            "parent bigint, at timestamp, ats timestamp[], entries jsonb, zoned timestamptz)"
        )
        for number, each in enumerate((*TIMES, SKIPPED, None)):
            text = "null" if each is None else f'"{each.isoformat()}"'
            await connection.execute(
                "insert into local_times values"
                " ($1, 0, $2::timestamp, array[$2::timestamp, null], $3, now())",
                number,
                each,
                f'[{{"at": {text}}}, {{"at": "2026-01-31T09:30:00.1234567"}}, {{"at": "never"}}]',
            )
        yield TIMES
        await connection.execute("drop table local_times")
    finally:
        await connection.close()


@pytest.fixture(params=["source", "column"])
def declared(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The graph, and the time zone of its source, as the one or the other has it."""
    if request.param == "source":
        return {"graph": graph_over(TABLE, ROWS), "time_zones": {"shop": PRAGUE.key}}
    return {"graph": graph_over(TABLE, ROWS, PRAGUE.key)}


@pytest.fixture(params=EXECUTORS)
async def client(
    request: pytest.FixtureRequest, declared: dict[str, Any], addresses: Addresses, kept: object
) -> AsyncIterator[GraphClient]:
    source = PostgresSource("shop", addresses.postgres, pool_size=2)
    settings = Settings.of(environment="development", engine=request.param)
    async with GraphClient(sources=[source], settings=settings, **declared) as client:
        yield client


async def test_they_are_shown_as_moments(client: GraphClient) -> None:
    response = await client.execute("{ things { nodes { at local ats last } } }")

    nodes = response.data["things"]["nodes"]
    for node, each in zip(nodes, TIMES, strict=False):
        assert node == {
            "at": written(moment(each)),
            "local": each.isoformat(),
            "ats": [written(moment(each)), None],
            "last": node["last"],
        }
    assert nodes[0]["last"] == written(moment(max(TIMES)))
    assert nodes[8] == {"at": None, "local": SKIPPED.isoformat(), "ats": [None, None], "last": None}
    assert nodes[9] == {"at": None, "local": None, "ats": [None, None], "last": None}
    assert [error["path"] for error in response.errors] == [
        ["things", "nodes", 8, "at"],
        ["things", "nodes", 8, "ats", 0],
    ]
    assert {error["extensions"]["code"] for error in response.errors} == {"UPSTREAM_BAD_RESPONSE"}


async def test_so_are_texts_in_documents(client: GraphClient) -> None:
    response = await client.execute("{ things(first: 1) { nodes { entries { at } } } }")

    (node,) = response.data["things"]["nodes"]
    assert node["entries"] == [
        {"at": "2026-01-31T09:30:00Z"},
        {"at": "2026-01-31T08:30:00.1234567Z"},
        {"at": None},
    ]
    assert [error["path"][-2:] for error in response.errors] == [[2, "at"]]


MICROSECOND = timedelta(microseconds=1)
TWICE = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
"""When clocks show half past two for the second time."""

OPERANDS = [
    TWICE,
    *(moment(each) + shift for each in TIMES for shift in (-MICROSECOND, timedelta(), MICROSECOND)),
]

OPERATORS: dict[str, Callable[[datetime, datetime], bool]] = {
    "eq": eq, "ne": ne, "gt": gt, "gte": ge, "lt": lt, "lte": le
}  # fmt: skip


NOT_SKIPPED = f'local: {{ne: "{SKIPPED.isoformat()}"}}'


async def found(client: GraphClient, where: str) -> list[int]:
    response = await client.execute(f"{{ things(where: {where}) {{ nodes {{ id }} }} }}")
    assert response.errors == []
    ids = (b64decode(node["id"]).decode() for node in response.data["things"]["nodes"])
    return [int(each.removeprefix("Thing:")) for each in ids]


@pytest.mark.parametrize("operator", OPERATORS)
async def test_they_compare_as_moments(client: GraphClient, operator: str) -> None:
    holds = OPERATORS[operator]
    for operand in OPERANDS:
        where = f'{{at: {{{operator}: "{written(operand)}"}}, {NOT_SKIPPED}}}'
        expected = [n for n, each in enumerate(TIMES) if holds(moment(each), operand)]

        assert await found(client, where) == expected + [9] * (operator == "ne"), operand


async def test_a_moment_of_any_offset_finds_them(client: GraphClient) -> None:
    for text in ("2026-01-31T09:30:00Z", "2026-01-31T04:30:00-05:00", "2026-01-31t09:30:00z"):
        assert await found(client, f'{{at: {{in: ["{text}"]}}}}') == [0]
    assert await found(client, '{local: {eq: "2026-01-31T10:30:00"}}') == [0]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_pages_in_their_order_have_each_of_them_once(
    client: GraphClient, direction: str
) -> None:
    after, seen = "", list[str]()
    while True:
        page = f"first: 3, orderBy: [{{field: AT, direction: {direction}}}]{after}"
        response = await client.execute(
            f"{{ things({page}) {{ nodes {{ local }} pageInfo {{ endCursor hasNextPage }} }} }}"
        )
        things = response.data["things"]
        seen += [node["local"] for node in things["nodes"]]
        if not things["pageInfo"]["hasNextPage"]:
            break
        after = f', after: "{things["pageInfo"]["endCursor"]}"'

    ordered = [None, *sorted(each.isoformat() for each in (*TIMES, SKIPPED))]
    assert seen == (ordered if direction == "ASC" else ordered[::-1])


async def test_without_a_time_zone_each_is_its_own_error(
    addresses: Addresses, kept: object
) -> None:
    source = PostgresSource("shop", addresses.postgres, pool_size=1)
    async with GraphClient(graph_over(TABLE, ROWS), [source]) as client:
        response = await client.execute("{ things(first: 1) { nodes { at local } } }")
        refused = await client.execute(
            '{ things(where: {at: {eq: "2026-01-31T09:30:00Z"}}) { totalCount } }'
        )

    assert response.data["things"]["nodes"] == [{"at": None, "local": "2026-01-31T10:30:00"}]
    assert response.codes == ["UPSTREAM_BAD_RESPONSE"]
    assert refused.codes == ["UPSTREAM_BAD_RESPONSE"]


async def test_a_column_with_a_time_zone_is_as_it_is(addresses: Addresses, kept: object) -> None:
    zoned = node_type(
        "Zoned", TABLE, zoned=(datetime | None, column("When.", filterable=True, time_zone="UTC"))
    )
    graph = graph_of(all=(connection_of(zoned) | None, connection("All.")))
    source = PostgresSource("shop", addresses.postgres, pool_size=1)
    zones = {"shop": PRAGUE.key}
    async with GraphClient(graph, [source], time_zones=zones) as client:
        first = await client.execute("{ all(first: 1) { nodes { zoned } } }")
        text = first.data["all"]["nodes"][0]["zoned"]
        again = await client.execute(
            f'{{ all(where: {{zoned: {{eq: "{text}"}}}}) {{ totalCount }} }}'
        )

    assert text.endswith("Z")
    assert again.data["all"]["totalCount"] > 0


REST_THINGS = RestResource(
    source="shop", name="things", by={"id": Single("/things/{key}")}, all="/things"
)


@pytest.mark.parametrize("engine", EXECUTORS)
async def test_a_services_times_without_an_offset(engine: str) -> None:
    items = [
        {"id": "1", "at": "2026-01-31T10:30:00", "entries": [{"at": "2026-07-31 10:30:00.5"}]},
        {"id": "2", "at": "2026-01-31T10:30:00Z", "entries": None},
        {"id": "3", "at": "2026-03-29T02:30:00", "entries": []},
    ]

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"items": items})

    settings = Settings.of(environment="development", engine=engine)
    async with answering(answer) as service:
        sources = [RestSource("shop", service.url)]
        graph = graph_over(REST_THINGS, MemoryTable(source="shop", name="none"))
        zones = {"shop": PRAGUE.key}
        async with GraphClient(graph, sources, settings=settings, time_zones=zones) as client:
            response = await client.execute("{ things { nodes { at entries { at } } } }")
            where = 'at: {eq: "2026-01-31T09:30:00Z"}'
            others = f'id: {{ne: "VGhpbmc6Mw=="}}, {where}'
            one = await client.execute(f"{{ things(where: {{{others}}}) {{ totalCount }} }}")
            every = await client.execute(f"{{ things(where: {{{where}}}) {{ totalCount }} }}")

    assert response.data["things"]["nodes"] == [
        {"at": "2026-01-31T09:30:00Z", "entries": [{"at": "2026-07-31T08:30:00.5Z"}]},
        {"at": "2026-01-31T10:30:00Z", "entries": None},
        {"at": None, "entries": []},
    ]
    assert [error["path"] for error in response.errors] == [["things", "nodes", 2, "at"]]
    assert one.data == {"things": {"totalCount": 1}}
    # Of what no clock has shown it can't be told how it compares.
    assert every.codes == ["UPSTREAM_BAD_RESPONSE"]


async def test_rows_in_memory_are_like_those_of_a_database() -> None:
    rows = [{"id": number, "at": each} for number, each in enumerate(TIMES)]
    memory = MemorySource("shop", {"local_times": rows})
    client = GraphClient(graph_over(TABLE, ROWS), [memory], time_zones={"shop": PRAGUE.key})

    response = await client.execute("{ things { nodes { at } } }")

    shown = [node["at"] for node in response.data["things"]["nodes"]]
    assert shown == [written(moment(each)) for each in TIMES]
    for operand in OPERANDS:
        expected = [n for n, each in enumerate(TIMES) if moment(each) >= operand]
        assert await found(client, f'{{at: {{gte: "{written(operand)}"}}}}') == expected


def test_a_zone_that_is_none_is_refused_as_it_is_written() -> None:
    with pytest.raises(TypeError, match="'Europe/Nowhere' is none"):
        column("When.", time_zone="Europe/Nowhere")


def test_a_zone_of_what_has_no_moment_is_refused_as_the_graph_loads() -> None:
    thing = node_type(
        "Thing",
        TABLE,
        name=(str, column("It.", time_zone="UTC")),
        local=(LocalDateTime, column("It.", name="at", time_zone="UTC")),
    )
    assert faults_of(things=(connection_of(thing) | None, connection("All."))) == [
        "Thing.name: time_zone: a value of type str has no moment in it",
        "Thing.local: time_zone: a value of type LocalDateTime has no moment in it",
    ]


def test_two_zones_of_one_column_are_refused() -> None:
    thing = node_type(
        "Thing",
        TABLE,
        at=(datetime, column("It.", time_zone="UTC")),
        again=(datetime, column("It.", name="at", time_zone="Europe/Prague")),
    )
    assert faults_of(things=(connection_of(thing) | None, connection("All."))) == [
        "Thing.again: time_zone: the column 'at' has the time zone UTC at Thing.at, and "
        "Europe/Prague here"
    ]


FAR = [datetime(1, 1, 2), datetime(2026, 1, 31), datetime(9999, 12, 30)]


@pytest.mark.parametrize("operator", ["eq", "ne", "lt", "lte", "gt", "gte", "in", "notIn"])
@pytest.mark.parametrize("operand", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z"])
@pytest.mark.parametrize(("zone", "hours"), [("Europe/Prague", 1), ("America/New_York", -5)])
async def test_a_moment_of_no_year_there_is_before_or_after_all_times(
    zone: str, hours: int, operand: str, operator: str
) -> None:
    rows = [{"id": number, "at": each} for number, each in enumerate([*FAR, None])]
    memory = MemorySource("shop", {"local_times": rows})
    client = GraphClient(graph_over(TABLE, ROWS), [memory], time_zones={"shop": zone})
    value = f'["{operand}"]' if operator in ("in", "notIn") else f'"{operand}"'

    shown = await found(client, f"{{at: {{{operator}: {value}}}}}")

    # As far from the first year as clocks there show it, if they had more years.
    wanted = datetime.fromisoformat(operand[:-1][:26]) - datetime.min
    wanted += timedelta(hours=hours)
    compare = {"in": eq, "notIn": ne, "lte": le, "gte": ge, "eq": eq, "ne": ne, "lt": lt, "gt": gt}
    holds = [compare[operator](each - datetime.min, wanted) for each in FAR]
    # What is missing is not equal to any.
    holds.append(operator in ("ne", "notIn"))
    assert shown == [number for number, is_so in enumerate(holds) if is_so]
