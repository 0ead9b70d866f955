"""``where`` over columns that are lists: the input of each type, and what it asks."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import strawberry
from graphql import GraphQLInputObjectType

from gateway.testing import GraphClient, Response
from loaders.memory import MemorySource
from resolvers.connections import connection
from resolvers.fields import column
from resolvers.filters import MOST_VALUES
from tests.resolvers.declaring import connection_of, graph_of, list_of, node_type, table


@strawberry.enum
class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)

ITEMS: Mapping[Any, tuple[str, Any, str]] = {
    str: ("String", "a", '"a"'),
    int: ("Int", 7, "7"),
    float: ("Float", 0.5, "0.5"),
    bool: ("Boolean", True, "true"),
    Decimal: ("Decimal", Decimal("1.10"), '"1.1"'),
    datetime: ("DateTime", MOMENT, '"2026-01-01T13:00:00+01:00"'),
    date: ("Date", date(2026, 1, 1), '"2026-01-01"'),
    Colour: ("Colour", "red", "RED"),
}
"""For each type of items, its name, a value, and how a client writes it."""

THING = node_type(
    "Thing",
    table("things"),
    **{
        f"of_{name.lower()}": (
            list_of(type_ | None) | None,
            column("They.", filterable=True),
        )
        for type_, (name, _, _) in ITEMS.items()
    },
)
GRAPH = graph_of(things=(connection_of(THING) | None, connection("All.", order_by="id")))


def rows(name: str, value: object) -> list[dict[str, object]]:
    """Two that have the value, two that have not, and no list at all."""
    lists: list[object] = [[value], [None, value, value], [], [None], None]
    return [{"id": id, name: held} for id, held in enumerate(lists, start=1)]


async def asked(where: str, of: list[dict[str, object]]) -> Response:
    async with GraphClient(GRAPH, [MemorySource("shop", {"things": of})]) as client:
        return await client.execute(f"{{ things(where: {{{where}}}) {{ totalCount }} }}")


@pytest.mark.parametrize("type_", ITEMS, ids=lambda type_: ITEMS[type_][0])
def test_each_type_has_an_input_of_its_own(type_: Any) -> None:
    name = ITEMS[type_][0]
    input_ = GRAPH._schema.type_map[f"{name}ListFilter"]

    assert isinstance(input_, GraphQLInputObjectType)
    assert {field: str(each.type) for field, each in input_.fields.items()} == {
        "has": name,
        "hasSome": f"[{name}!]",
        "hasEvery": f"[{name}!]",
        "isNull": "Boolean",
    }


@pytest.mark.parametrize(
    ("operands", "count"),
    [
        ("has: {value}", 2),
        ("hasSome: [{value}]", 2),
        ("hasSome: []", 0),
        ("hasEvery: [{value}, {value}]", 2),
        ("hasEvery: []", 4),
        ("isNull: true", 1),
        ("isNull: false", 4),
        ("has: {value}, isNull: true", 0),
    ],
)
@pytest.mark.parametrize("type_", ITEMS, ids=lambda type_: ITEMS[type_][0])
async def test_what_it_finds(type_: Any, operands: str, count: int) -> None:
    name, value, written = ITEMS[type_]
    held = rows(f"of_{name.lower()}", value)

    response = await asked(f"of{name.title()}: {{{operands.format(value=written)}}}", held)

    assert response.errors == []
    assert response.data == {"things": {"totalCount": count}}


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("has: null", "where.ofString.has: null can't be compared. Leave it out, or use isNull."),
        ("hasSome: null", "where.ofString.hasSome: null can't be compared. Leave it out, or use "
                          "isNull."),
        (f"hasEvery: {['a'] * (MOST_VALUES + 1)}".replace("'", '"'),
         f"where.ofString: more than {MOST_VALUES} values."),
    ],
    ids=["null", "null for a list", "too many"],
)  # fmt: skip
async def test_what_is_refused(where: str, said: str) -> None:
    response = await asked(f"ofString: {{{where}}}", [])

    assert [(error["message"], error["extensions"]["code"]) for error in response.errors] == [
        (said, "BAD_USER_INPUT")
    ]
    assert response.calls == []
