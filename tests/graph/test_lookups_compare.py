"""A lookup finds what a filter by the same value finds, whatever types the value and the column are
of."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.resource import Resource
from resolvers import BigInt, Graph, LocalDateTime, column, connection, lookup
from tests.graph.relating import stored
from tests.resolvers.declaring import connection_of, graph_of, node_type

MICROSECONDS = datetime(2026, 1, 1, 0, 0, 0, 123_456, UTC)
MILLISECONDS = MICROSECONDS.replace(microsecond=123_000)
FOUND = "{{ thing(it: {0}) {{ id }} things(where: {{it: {{eq: {0}}}}}) {{ totalCount }} }}"
TEXT = '"{}"'.format

LOOKED_UP: list[tuple[str, str, Any, Any, str, int]] = [
    ("mongo", "", datetime, MILLISECONDS, TEXT("2026-01-01T00:00:00.123Z"), 1),
    ("mongo", "", datetime, MILLISECONDS, TEXT("2026-01-01T00:00:00.123456Z"), 0),
    ("mongo", "", datetime, MILLISECONDS, TEXT("2026-01-01T00:00:00.1230001Z"), 0),
    ("mongo", "", LocalDateTime, MILLISECONDS, TEXT("2026-01-01T00:00:00.123"), 1),
    ("mongo", "", Decimal, 0.1, TEXT("0.1"), 1),
    ("mongo", "", Decimal, 0.1, TEXT("0.10000000000000001"), 0),
    ("mongo", "", Decimal, 5, TEXT("5.00"), 1),
    ("mongo", "", float, Decimal("0.1"), "0.1", 1),
    ("mongo", "", float, 0.1, "0.1", 1),
    ("mongo", "", BigInt, Decimal(2**64), TEXT(2**64), 1),
    ("mongo", "", BigInt, 5, TEXT(2**64), 0),
    ("mongo", "", bool, True, "true", 1),
    ("mongo", "", str, "5", TEXT("5"), 1),
    ("postgres", "numeric", float, Decimal("0.1"), "0.1", 1),
    ("postgres", "numeric", int, Decimal("5.0"), "5", 1),
    ("postgres", "double precision", Decimal, 0.1, TEXT("0.1"), 1),
    ("postgres", "double precision", Decimal, 0.1, TEXT("0.10000000000000001"), 0),
    ("postgres", "real", float, 15.2, "15.2", 1),
    ("postgres", "real", float, 15.2, "15.2000001", 0),
    ("postgres", "smallint", int, 5, "5", 1),
    ("postgres", "smallint", int, 5, "40000", 0),
    ("postgres", "bigint", BigInt, 5, TEXT(2**64), 0),
    ("postgres", "date", date, date(2026, 1, 1), TEXT("2026-01-01"), 1),
    ("postgres", "timestamptz", datetime, MICROSECONDS, TEXT("2026-01-01T00:00:00.123456Z"), 1),
    ("postgres", "timestamptz", datetime, MICROSECONDS, TEXT("2026-01-01T00:00:00.1234567Z"), 0),
    ("postgres", "text", str, "5", TEXT("5"), 1),
    ("memory", "", Decimal, 0.1, TEXT("0.1"), 1),
    ("memory", "", float, Decimal("0.1"), "0.1", 1),
    ("memory", "", datetime, MICROSECONDS, TEXT("2026-01-01T00:00:00.1234567Z"), 0),
]
"""The kind of source, PostgreSQL's type, the field's, what is held, how it is asked for, and how
many there are."""


def looked_up(resource: Resource, annotation: Any) -> Graph:
    it = column("It.", name="it", filterable=True)
    thing = node_type("Thing", resource, it=(annotation | None, it))
    return graph_of(
        thing=(thing | None, lookup("One.", by=("id", "it"))),
        things=(connection_of(thing) | None, connection("All.")),
    )


@pytest.mark.parametrize(("kind", "type_", "annotation", "held", "written", "count"), LOOKED_UP)
async def test_a_lookup_finds_what_a_filter_finds(
    addresses: Addresses,
    kind: str,
    type_: str,
    annotation: Any,
    held: Any,
    written: str,
    count: int,
) -> None:
    rows, types = [{"id": 1, "it": held}], {"id": "integer primary key", "it": type_}
    async with stored(
        kind, "things", rows, addresses=addresses, types=types, key="id", key_type=int
    ) as (source, resource):
        client = GraphClient(looked_up(resource, annotation), [source])
        response = await client.execute(FOUND.format(written))

    assert response.errors == []
    assert response.data["things"] == {"totalCount": count}
    assert (response.data["thing"] is not None) is (count == 1)
