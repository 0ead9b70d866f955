"""Aggregates over the texts of a service: what is least, and what is added, is what they say."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
import strawberry

from gateway.testing import GraphClient
from loaders.memory import MemorySource, MemoryTable
from loaders.query import Function
from loaders.resource import Resource
from loaders.rest.routes import Batch, RestResource
from resolvers import BigInt, Graph, LocalDateTime, aggregate, comparable, connection
from tests.graph.told import told
from tests.resolvers.declaring import connection_of, node_type, plain_type

Price = strawberry.scalar(name="Price", serialize=str, parse_value=Decimal)


class PriceType: ...


RISING: dict[str, tuple[Any, Sequence[Any]]] = {
    "String": (str, ["10", "9", "a"]),
    "Int": (int, [-5, 9, 10]),
    "Float": (float, [-0.5, 9, 10.25]),
    "Decimal": (Decimal, ["-1", "9", "10", "1E+2"]),
    "Decimals of both": (Decimal, ["0.05", 0.1, 9, "10"]),
    "BigInt": (BigInt, ["9", "10", "9007199254740993", "9007199254740994"]),
    "DateTime": (
        datetime,
        ["2026-01-01T10:00:00+05:00", "2026-01-01T09:00:00Z", "2026-01-01T09:00:00.0000001Z",
         "2026-01-01T07:00:00-05:00"],
    ),
    "LocalDateTime": (LocalDateTime, ["2026-01-01 10:00:00", "2026-01-01T10:00:01"]),
    "Date": (date, ["2025-12-31", "20260101"]),
    "Time": (time, ["09:30:00", "09:30:00.5", "10:00:00"]),
    "Duration": (timedelta, ["PT9H", "PT10H", "P1D", "PT25H", "P1M"]),
    "UUID": (uuid.UUID, [str(uuid.UUID(int=0xA)), str(uuid.UUID(int=0xB)).upper()]),
    "a scalar of one's own": (PriceType, ["9", "10"]),
}  # fmt: skip
"""An annotation, and what a service has, the least first."""

SHOWN = {
    "1E+2": "100", "2026-01-01 10:00:00": "2026-01-01T10:00:00", "20260101": "2026-01-01",
    str(uuid.UUID(int=0xB)).upper(): str(uuid.UUID(int=0xB)), "P1M": "P1M",
}  # fmt: skip
"""What is shown otherwise than it is sent."""

SERVICE = RestResource(source="told", name="t", key_type=int, by={"of": Batch("/t", "of")})


def graph_of(annotation: Any, of: Resource, *functions: Function) -> Graph:
    rows = MemoryTable(source="rows", name="rows", key_type=int)
    owner = node_type(
        "Owner",
        rows,
        **{
            each.value: (
                annotation | None,
                aggregate("It.", of=of, by="of", function=each, column="it"),
            )
            for each in functions
        },
    )
    query = plain_type("Query", owners=(connection_of(owner) | None, connection("All.")))
    return Graph(query, scalars={PriceType: comparable(Price, like=Decimal)})


@asynccontextmanager
async def over(
    kind: str, annotation: Any, values: Sequence[Any], *functions: Function
) -> AsyncIterator[GraphClient]:
    """A client whose owner has things with these values, of a service or of memory."""
    things = [{"id": number, "of": 1, "it": value} for number, value in enumerate(values)]
    if kind == "rest":
        graph = graph_of(annotation, SERVICE, *functions)
        async with told({"items": things}, graph=graph, keys=[1]) as (client, _):
            yield client
    else:
        table = MemoryTable(source="told", name="things", key_type=int)
        sources = [
            MemorySource("told", {"things": things}),
            MemorySource("rows", {"rows": [{"id": 1}]}),
        ]
        yield GraphClient(graph_of(annotation, table, *functions), sources)


KINDS = ["rest", "memory"]
ORDERS: list[Callable[[list[Any]], list[Any]]] = [
    lambda values: values,
    lambda values: values[::-1],
    lambda values: values[2:] + values[:2],
    lambda values: values[1::2] + values[::2],
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", RISING)
async def test_the_least_and_the_most_are_those_of_what_texts_say(name: str, kind: str) -> None:
    annotation, rising = RISING[name]
    least, most = rising[0], rising[-1]

    for order in ORDERS:
        values = order([*rising, None])
        async with over(kind, annotation, values, Function.MIN, Function.MAX) as client:
            response = await client.execute("{ owners { nodes { min max } } }")

        assert response.errors == []
        assert response.data["owners"]["nodes"] == [
            {"min": SHOWN.get(least, least), "max": SHOWN.get(most, most)}
        ]


UNREADABLE: dict[str, tuple[Any, Sequence[Any]]] = {
    "Decimal": (Decimal, ["9", "ten"]),
    "no number": (Decimal, ["9", "NaN"]),
    "no signal": (Decimal, ["9", "sNaN"]),
    "BigInt": (BigInt, ["9", ""]),
    "DateTime": (datetime, ["2026-01-01T09:00:00Z", "yesterday"]),
    "with and without a zone": (datetime, ["2026-01-01T09:00:00Z", "2026-01-01T10:00:00"]),
    "Date": (date, ["2026-01-01", "2026-13-01"]),
    "Duration": (timedelta, ["PT9H", "9h"]),
    "texts and numbers": (str, ["9", 9]),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", UNREADABLE)
async def test_a_text_that_can_not_be_read_is_the_aggregate_s_error(name: str, kind: str) -> None:
    annotation, values = UNREADABLE[name]
    async with over(kind, annotation, values, Function.MIN, Function.MAX) as client:
        response = await client.execute("{ owners { nodes { id min max } } }")

    assert response.data["owners"]["nodes"] == [{"id": "T3duZXI6MQ==", "min": None, "max": None}]
    bad = {"code": "UPSTREAM_BAD_RESPONSE", "source": "told"}
    assert [error["extensions"] for error in response.errors] == [bad, bad]


@pytest.mark.parametrize("kind", KINDS)
async def test_texts_of_numbers_are_added(kind: str) -> None:
    values = ["0.1", 0.2, "12345678901234567890", None]
    async with over(kind, Decimal, values, Function.SUM, Function.AVG) as client:
        response = await client.execute("{ owners { nodes { sum avg } } }")

    total = Decimal("12345678901234567890.3")
    assert response.errors == []
    assert response.data["owners"]["nodes"] == [{"sum": str(total), "avg": str(total / 3)}]


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_no_number_is_not_added(kind: str) -> None:
    async with over(kind, Decimal, ["1", "x"], Function.SUM, Function.AVG) as client:
        response = await client.execute("{ owners { nodes { sum avg } } }")

    assert response.data["owners"]["nodes"] == [{"sum": None, "avg": None}]
    assert response.codes == ["UPSTREAM_BAD_RESPONSE"] * 2
