"""A service is asked by a key as GraphQL writes it, and what it answers is the key's where it is
read as that."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson
import pytest
from aiohttp import web
from bson import ObjectId
from strawberry.scalars import JSON

from gateway.testing import GraphClient
from loaders.durations import Duration
from loaders.memory import MemorySource, MemoryTable
from loaders.rest.routes import Batch, RestResource, Single
from loaders.rest.source import RestSource
from resolvers import BigInt, LocalDateTime, column, connection, lookup, many, one
from tests.bad_servers import Service, answering
from tests.graph.told import graph_over, told
from tests.resolvers.declaring import connection_of, graph_of, list_of, node_type

EAST = timezone(timedelta(hours=2))
MOMENT = datetime(2026, 1, 1, 9, 30, tzinfo=UTC)
KEY = uuid.UUID(int=0xABC << 100)


class State(Enum):
    OPEN = "open"


class Case(NamedTuple):
    """A key, the text that a service is asked by, what it may have in its answer for it, and what
    it may not."""

    key: Any
    text: str
    same: Sequence[Any]
    others: Sequence[Any]


CASES: dict[str, Case] = {
    "text": Case("é/b", "é/b", ["é/b"], ["É/b", "é%2Fb"]),
    "int": Case(5, "5", [5, 5.0], ["5", 6, 5.5]),
    "large": Case(2**70, str(2**70), [], [2**60]),
    "bool": Case(True, "true", [True], [1, "true", False]),
    "whole float": Case(1.0, "1", [1, 1.0], ["1", "1.0", 1.5]),
    "large float": Case(1e22, "10000000000000000000000", [1e22], [1e21]),
    "small float": Case(1e-7, "0.0000001", [1e-7], [0]),
    "fraction": Case(0.1, "0.1", [0.1], ["0.1", 0.2]),
    "Decimal": Case(Decimal("0.10"), "0.10", [0.1, "0.1", "0.100", "1E-1"], ["0.11", "x", 0.2]),
    "exponent": Case(Decimal("1E+3"), "1000", [1000, "1000.0", "1e3"], ["1", "NaN", "sNaN"]),
    "date": Case(date(2026, 1, 1), "2026-01-01", ["2026-01-01", "20260101"], ["2026-01-02", 1]),
    "moment": Case(
        MOMENT,
        "2026-01-01T09:30:00Z",
        ["2026-01-01T09:30:00Z", "2026-01-01T11:30:00+02:00", "2026-01-01 09:30:00.000z"],
        ["2026-01-01T09:30:00", "2026-01-01T09:30:00+02:00", "2026-01-01T09:30:00.0000001Z", "x"],
    ),
    "moment elsewhere": Case(
        MOMENT.astimezone(EAST), "2026-01-01T09:30:00Z", ["2026-01-01T09:30:00Z"], [""]
    ),
    "microseconds": Case(
        MOMENT.replace(microsecond=120_000),
        "2026-01-01T09:30:00.120000Z",
        ["2026-01-01T09:30:00.12Z"],
        ["2026-01-01T09:30:00Z"],
    ),
    "local time": Case(
        datetime(2026, 1, 1, 9, 30),
        "2026-01-01T09:30:00",
        ["2026-01-01T09:30:00", "2026-01-01 09:30:00"],
        ["2026-01-01T09:30:00Z", "2026-01-01"],
    ),
    "time": Case(time(9, 30), "09:30:00", ["09:30:00", "09:30:00.0"], ["09:30:01", "9:30"]),
    "duration": Case(timedelta(hours=36), "P1DT12H", ["PT36H", "P1DT12H"], ["PT35H", "36"]),
    "months": Case(Duration(months=1), "P1M", ["P1M", "P30D"], ["PT1M"]),
    "UUID": Case(KEY, str(KEY), [str(KEY), str(KEY).upper()], [str(uuid.UUID(int=1)), 5]),
    "bytes": Case(b"\x00\xff", "AP8=", ["AP8="], ["AP8", "ap8="]),
    "enum": Case(State.OPEN, "open", ["open"], ["OPEN"]),
    "ObjectId": Case(ObjectId("a" * 24), "a" * 24, ["a" * 24], ["b" * 24]),
}

BAD = ["UPSTREAM_BAD_RESPONSE"]


@asynccontextmanager
async def having(value: Any) -> AsyncIterator[Service]:
    """A service that has one thing, with this value, whoever asks for what."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        thing = {"id": "a", "of": value, "it": 1}
        one = request.path.startswith("/one")
        body = orjson.dumps(thing if one else {"items": [thing]})
        return web.Response(body=body, content_type="application/json")

    async with answering(answer) as service:
        yield service


def resource(route: Callable[[str], Batch | Single]) -> RestResource:
    return RestResource(source="told", name="t", by={"of": route("of")})


ROUTES: dict[str, Callable[[str], Batch | Single]] = {
    "batch": lambda column: Batch("/t", column),
    "path": lambda column: Single("/one/{key}", encoded_slashes=True),
    "query": lambda column: Single(f"/one?{column}={{key}}"),
}


async def found(key: Any, value: Any, route: str, *, of_list: bool) -> tuple[Any, list[str], str]:
    """What a key finds, of a service that answers with this value: the field, the codes, and the
    text that was asked by."""
    thing = node_type("Thing", resource(ROUTES[route]), it=(JSON | None, column("It.")))
    key_type: type = type(key)
    owners = MemoryTable(source="memory", name="owners", key_type=key_type)
    owner = node_type(
        "Owner",
        owners,
        one=(thing | None, one("It.", by="id", to="of")),
        many=(list_of(thing) | None, many("All.", by="of")),
    )
    graph = graph_of(owners=(connection_of(owner) | None, connection("All.")))
    name = "many" if of_list else "one"
    async with having(value) as service:
        sources: list[Any] = [
            RestSource("told", service.url),
            MemorySource("memory", {"owners": [{"id": key}]}),
        ]
        async with GraphClient(graph, sources) as client:
            response = await client.execute(f"{{ owners {{ nodes {{ {name} {{ it }} }} }} }}")
    [path] = service.paths
    asked = unquote(path.rpartition("/" if route == "path" else "=")[2])
    return response.data["owners"]["nodes"][0][name], response.codes, asked


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("case", [case for case in CASES if case != "bool"])
async def test_a_service_is_asked_by_what_a_key_is_written_as(case: str, route: str) -> None:
    key, text, same, others = CASES[case]

    for value in same:
        assert await found(key, value, route, of_list=False) == ({"it": 1}, [], text), value
    for value in others:
        assert await found(key, value, route, of_list=False) == (None, BAD, text), value


@pytest.mark.parametrize("case", CASES)
async def test_a_list_is_given_back_by_the_same(case: str) -> None:
    key, text, same, others = CASES[case]

    for value in same:
        assert await found(key, value, "batch", of_list=True) == ([{"it": 1}], [], text), value
    for value in others:
        assert await found(key, value, "batch", of_list=True) == (None, BAD, text), value


WITHOUT_TEXT: list[Any] = [
    float("nan"), float("inf"), Decimal("NaN"), Decimal("1E+9999"), "\ud800", ("a", 1),
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
]  # fmt: skip


@pytest.mark.parametrize("key", WITHOUT_TEXT, ids=repr)
async def test_a_key_that_no_text_is_written_for_is_an_error_and_costs_no_other(key: Any) -> None:
    body = {"items": [{"id": "a", "it": 1}, {"id": "b", "it": 2}]}
    graph = graph_over(to="id")
    async with told(body, graph=graph, refs=["a", key, "b"]) as (client, service):
        response = await client.execute("{ rows { nodes { thing { it } } } }")

    assert response.data["rows"]["nodes"] == [
        {"thing": {"it": 1}}, {"thing": None}, {"thing": {"it": 2}}
    ]  # fmt: skip
    assert response.codes == BAD
    assert service.paths == ["/things?id=a&id=b"]


async def test_keys_that_are_one_text_are_asked_for_once() -> None:
    # Alone, "5" is an error: the service has a number. So it is beside the number.
    body = {"items": [{"id": "a", "code": 5, "it": 1}]}
    async with told(body, graph=graph_over(to="code"), refs=[5, "5"]) as (client, service):
        response = await client.execute("{ rows { nodes { thing { it } } } }")

    assert response.data["rows"]["nodes"] == [{"thing": {"it": 1}}, {"thing": None}]
    assert response.codes == BAD
    assert response.errors[0]["path"] == ["rows", "nodes", 1, "thing"]
    assert service.paths == ["/things?code=5"]


async def test_keys_of_two_types_can_be_one_key() -> None:
    body = {"items": [{"id": "a", "code": str(KEY), "it": 1}]}
    async with told(body, graph=graph_over(to="code"), refs=[KEY, str(KEY)]) as (client, _):
        response = await client.execute("{ rows { nodes { thing { it } } } }")

    assert response.errors == []
    assert response.data["rows"]["nodes"] == [{"thing": {"it": 1}}] * 2


TWICE = {
    "alike": ([{"id": "a", "it": 1}] * 2, {"it": 1}),
    "differ": ([{"id": "a", "it": 1}, {"id": "a", "it": 2}], None),
    "one has more": ([{"id": "a", "it": 1}, {"id": "a", "it": 1, "code": 1}], None),
}


@pytest.mark.parametrize("twice", TWICE)
async def test_two_objects_for_one_key_are_its_error(twice: str) -> None:
    rows, shown = TWICE[twice]
    body = {"items": [*rows, {"id": "b", "it": 3}]}
    async with told(body, refs=["a", "b", "c"]) as (client, _):
        response = await client.execute("{ rows { nodes { thing { it } } } }")

    assert response.data["rows"]["nodes"] == [
        {"thing": shown}, {"thing": {"it": 3}}, {"thing": None}
    ]  # fmt: skip
    errors = [] if shown else ["The source 'told' sent several objects for one key."]
    assert [error["message"] for error in response.errors] == errors


LOOKED_UP: dict[str, tuple[Any, str, Any]] = {
    "UUID": (uuid.UUID, f'"{KEY}"', str(KEY).upper()),
    "Date": (date, '"2026-01-01"', "2026-01-01"),
    "DateTime": (datetime, '"2026-01-01T11:30:00+02:00"', "2026-01-01T09:30:00Z"),
    "fine DateTime": (datetime, '"2026-01-01T09:30:00.1234567Z"', "2026-01-01T09:30:00.1234567Z"),
    "LocalDateTime": (LocalDateTime, '"2026-01-01T09:30:00"', "2026-01-01T09:30:00"),
    "Time": (time, '"09:30:00"', "09:30:00"),
    "Duration": (timedelta, '"PT36H"', "P1DT12H"),
    "Base64": (bytes, '"AP8="', "AP8="),
    "Decimal": (Decimal, '"0.1"', "0.1"),
    "Decimal of a number": (Decimal, '"0.1"', 0.1),
    "Boolean": (bool, "true", True),
    "BigInt": (BigInt, '"9007199254740993"', 9007199254740993),
}
"""How clients write it, and how the service has it."""


@pytest.mark.parametrize("kind", LOOKED_UP)
async def test_a_service_is_looked_up_by_what_it_has(kind: str) -> None:
    annotation, text, held = LOOKED_UP[kind]
    rows = {"items": [{"id": "a", "it": held}]}
    of = RestResource(source="told", name="t", all="/t", by={"it": Batch("/t", "it")})
    it = column("It.", filterable=True)
    thing = node_type("Thing", of, it=(annotation | None, it))
    graph = graph_of(
        thing=(thing | None, lookup("One.", by="it")),
        things=(connection_of(thing) | None, connection("All.")),
    )
    where = f"{{it: {{eq: {text}}}}}"
    query = f"{{ thing(it: {text}) {{ id }} things(where: {where}) {{ totalCount }} }}"
    async with told(rows, graph=graph) as (client, _):
        response = await client.execute(query)

    assert response.errors == []
    assert response.data == {"thing": {"id": "VGhpbmc6YQ=="}, "things": {"totalCount": 1}}


async def test_a_service_with_local_times_is_looked_up_by_them() -> None:
    rows = {"items": [{"id": "a", "it": "2026-01-01T10:30:00"}]}
    of = RestResource(source="told", name="t", by={"it": Batch("/t", "it")})
    it = column("It.", filterable=True, time_zone="Europe/Prague")
    thing = node_type("Thing", of, it=(datetime | None, it))
    async with told(rows, graph=graph_of(thing=(thing | None, lookup("One.", by="it")))) as (
        client,
        service,
    ):
        response = await client.execute('{ thing(it: "2026-01-01T09:30:00Z") { it } }')
        again = await client.execute('{ thing(it: "2026-10-25T01:30:00Z") { it } }')

    assert response.data == {"thing": {"it": "2026-01-01T09:30:00Z"}}
    # Clocks there showed that time for the second time.
    assert [again.data, again.errors] == [{"thing": None}, []]
    assert service.paths == ["/t?it=2026-01-01T10%3A30%3A00"]
