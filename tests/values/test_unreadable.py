"""A cell that could not be read: whatever meets it gets its error, and nothing else is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
import strawberry

from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.testing import GraphClient, Response
from loaders.errors import Unreadable
from loaders.identity import Identity
from loaders.memory import MemorySource, MemoryTable
from loaders.query import Function
from loaders.resource import Row
from resolvers.connections import connection
from resolvers.fields import batched, column, computed
from resolvers.lookups import lookup
from resolvers.policies import policy
from resolvers.relations import aggregate, many, one
from tests.resolvers.declaring import connection_of, graph_of, list_of, node_type, plain_type

BAD = Unreadable("shop", "a date that is infinity")
MESSAGE = "The source 'shop' sent a value that can't be read."

asked: list[Sequence[int]] = []


@policy("even", needs=["size"])
async def even(identity: Identity, rows: Sequence[Row]) -> Sequence[bool]:
    asked.append([row["size"] for row in rows])
    return [row["size"] % 2 == 0 for row in rows]


@policy("one", needs=["id"])
async def the_first(identity: Identity, rows: Sequence[Row]) -> Sequence[bool]:
    return [row["id"] == 1 for row in rows]


def doubled(row: strawberry.Parent[Any]) -> int:
    return 2 * int(row["size"])


def all_doubled(rows: Sequence[Row], info: object) -> Sequence[int]:
    return [2 * row["size"] for row in rows]


async def all_doubled_later(rows: Sequence[Row], info: object) -> Sequence[int]:
    return all_doubled(rows, info)


BOXES = MemoryTable(source="shop", name="boxes")
THINGS = MemoryTable(source="shop", name="things")
DATED = MemoryTable(source="shop", name="dated", key="day", key_type=str)

Spot = plain_type("Spot", x=(int | None, strawberry.field(description="It.")))
thing = node_type("Thing", THINGS, size=(int | None, column("It.")))
dated = node_type(
    "Dated",
    DATED,
    things=(list_of(thing), many("All.", by="box_id")),
    labelled=(list_of(thing) | None, many("All.", by="label", cast=str)),
    page=(connection_of(thing) | None, connection("All.", by="label", cast=str)),
    count=(
        int | None,
        aggregate("It.", of=THINGS, by="label", function=Function.COUNT, cast=str),
    ),
)
box = node_type(
    "Box",
    BOXES,
    name=(str | None, column("It.")),
    size=(int | None, column("It.", filterable=True, sortable=True)),
    sizes=(list_of(int | None) | None, column("Them.")),
    spot=(Spot | None, column("It.")),
    spots=(list_of(Spot | None) | None, column("Them.")),
    secret=(str | None, column("It.", policy=[["even"]])),
    either=(str | None, column("It.", name="other", policy=[["even"], ["one"]])),
    doubled=(int | None, computed("It.", doubled, needs=["size"])),
    batched=(int | None, batched("It.", all_doubled, needs=["size"])),
    later=(int | None, batched("It.", all_doubled_later, needs=["size"])),
    thing=(thing | None, one("It.", by="thing_id")),
    by_size=(thing | None, one("It.", by="size", to="size")),
    by_whole=(thing | None, one("It.", by="size", to="size", cast=int)),
    dated=(dated | None, one("It.", by="day", to="day")),
    days=(list_of(dated), many("All.", by="box_id")),
    things=(list_of(thing), many("All.", by="box_id")),
    most=(
        int | None,
        aggregate("It.", of=THINGS, by="box_id", function=Function.MAX, column="size"),
    ),
    total=(
        int | None,
        aggregate("It.", of=THINGS, by="box_id", function=Function.SUM, column="size"),
    ),
)
GRAPH = graph_of(
    box=(box | None, lookup("One.", by="id")),
    boxes=(connection_of(box) | None, connection("All.")),
    dated=(connection_of(dated) | None, connection("All.")),
    policies=[even, the_first],
)

ROWS: dict[str, list[Row]] = {
    "boxes": [
        {"id": 1, "name": "a", "size": 4, "sizes": [1, 2], "spot": {"x": 1}, "spots": [{"x": 1}],
         "secret": "s", "other": "o", "thing_id": 1, "day": "mon"},
        {"id": 2, "name": "b", "size": BAD, "sizes": [1, BAD, 3], "spot": {"x": BAD},
         "spots": [BAD, {"x": BAD}, {"x": 2}], "secret": "s", "other": "o", "thing_id": BAD,
         "day": "mon"},
        {"id": 3, "name": "c", "size": 5, "sizes": BAD, "spot": BAD, "spots": BAD, "secret": "s",
         "other": "o", "thing_id": 2, "day": "mon"},
    ],
    "things": [
        {"id": 1, "size": 4, "box_id": 1}, {"id": 2, "size": 6, "box_id": 1},
        {"id": 3, "size": BAD, "box_id": 2}, {"id": 4, "size": 3, "box_id": 2},
        {"id": 5, "size": 9, "box_id": BAD},
    ],
    "dated": [{"day": "mon", "box_id": 1}, {"day": BAD, "box_id": 1}],
}  # fmt: skip

Execute = Callable[[str], Awaitable[Response]]


@pytest.fixture(params=EXECUTORS)
def execute(request: pytest.FixtureRequest) -> Execute:
    settings = Settings.of(environment="development", engine=request.param)
    asked.clear()
    return GraphClient(GRAPH, [MemorySource("shop", ROWS)], settings=settings).execute


def paths(response: Response) -> list[list[str | int]]:
    """Where the errors are, all of which must be of the cell."""
    for error in response.errors:
        assert error["message"] == MESSAGE
        assert error["extensions"] == {"code": "UPSTREAM_BAD_RESPONSE", "source": "shop"}
    return sorted((error["path"] for error in response.errors), key=str)


async def test_a_field_has_the_error_and_the_others_their_values(execute: Execute) -> None:
    response = await execute(
        "{ boxes { nodes { name size sizes spot { x } spots { x } } totalCount } }"
    )

    at = ["boxes", "nodes"]
    assert response.data["boxes"] == {
        "nodes": [
            {"name": "a", "size": 4, "sizes": [1, 2], "spot": {"x": 1}, "spots": [{"x": 1}]},
            {"name": "b", "size": None, "sizes": [1, None, 3], "spot": {"x": None},
             "spots": [None, {"x": None}, {"x": 2}]},
            {"name": "c", "size": 5, "sizes": None, "spot": None, "spots": None},
        ],
        "totalCount": 3,
    }  # fmt: skip
    assert paths(response) == [
        [*at, 1, "size"],
        [*at, 1, "sizes", 1],
        [*at, 1, "spot", "x"],
        [*at, 1, "spots", 0],
        [*at, 1, "spots", 1, "x"],
        [*at, 2, "sizes"],
        [*at, 2, "spot"],
        [*at, 2, "spots"],
    ]


async def test_a_policy_is_not_asked_about_it(execute: Execute) -> None:
    response = await execute("{ boxes { nodes { secret } } }")

    assert [node["secret"] for node in response.data["boxes"]["nodes"]] == ["s", None, None]
    own, denied = response.errors
    assert [own["path"], own["message"]] == [["boxes", "nodes", 1, "secret"], MESSAGE]
    assert denied["extensions"]["code"] == "UNAUTHENTICATED"
    assert asked == [[4, 5]]


async def test_where_another_policy_allows_it_plays_no_role(execute: Execute) -> None:
    one = await execute('{ box(id: "Qm94OjE=") { either } }')
    two = await execute('{ box(id: "Qm94OjI=") { name either } }')

    assert one.data == {"box": {"either": "o"}}
    assert two.data == {"box": {"name": "b", "either": None}}
    assert paths(two) == [["box", "either"]]


@pytest.mark.parametrize("field", ["doubled", "batched", "later"])
async def test_what_needs_it_does_not_run(execute: Execute, field: str) -> None:
    response = await execute(f"{{ boxes {{ nodes {{ {field} }} }} }}")

    assert [node[field] for node in response.data["boxes"]["nodes"]] == [8, None, 10]
    assert paths(response) == [["boxes", "nodes", 1, field]]


async def test_a_relation_by_it_has_its_error(execute: Execute) -> None:
    response = await execute("{ boxes { nodes { thing { size } bySize { id } byWhole { id } } } }")

    nodes = response.data["boxes"]["nodes"]
    assert [node["thing"] for node in nodes] == [{"size": 4}, None, {"size": 6}]
    for by in ("bySize", "byWhole"):
        assert [node[by] is None for node in nodes] == [False, True, True]
    lost = ("bySize", "byWhole", "thing")
    assert paths(response) == [["boxes", "nodes", 1, field] for field in lost]


async def test_rows_that_lead_back_by_it_are_nobodys(execute: Execute) -> None:
    response = await execute("{ boxes { nodes { things { id } } } }")

    assert [len(node["things"]) for node in response.data["boxes"]["nodes"]] == [2, 2, 0]
    assert response.errors == []


async def test_a_key_that_is_it_has_no_reading(execute: Execute) -> None:
    response = await execute(
        "{ boxes { nodes { days { labelled { id } page { nodes { id } totalCount } count } } } }"
    )

    assert response.data["boxes"]["nodes"][0]["days"] == [
        {"labelled": [], "page": {"nodes": [], "totalCount": 0}, "count": 0},
        {"labelled": None, "page": None, "count": None},
    ]
    lost = ("count", "labelled", "page")
    assert paths(response) == [["boxes", "nodes", 0, "days", 1, field] for field in lost]


async def test_a_key_that_is_it_costs_its_own_object(execute: Execute) -> None:
    response = await execute("{ dated { edges { node { labelled { id } } } } }")
    cursors = await execute("{ dated { edges { cursor } } }")

    at = ["dated", "edges", 1]
    assert response.data == {
        "dated": {"edges": [{"node": {"labelled": []}}, {"node": {"labelled": None}}]}
    }
    assert paths(response) == [[*at, "node", "labelled"]]
    assert paths(cursors) == [[*at, "cursor"]]


async def test_an_aggregate_over_it_is_its_error(execute: Execute) -> None:
    response = await execute("{ boxes { nodes { most total } } }")

    assert response.data["boxes"]["nodes"] == [
        {"most": 6, "total": 10},
        {"most": None, "total": None},
        {"most": None, "total": None},
    ]
    assert paths(response) == [["boxes", "nodes", 1, "most"], ["boxes", "nodes", 1, "total"]]


@pytest.mark.parametrize(
    "where",
    ["{size: {eq: 4}}", "{size: {ne: 4}}", "{size: {lt: 9}}", "{not: {size: {in: [4]}}}"],
)
async def test_a_filter_that_looks_at_it_can_not_tell(execute: Execute, where: str) -> None:
    response = await execute(f"{{ boxes(where: {where}) {{ nodes {{ id }} totalCount }} }}")

    assert response.data == {"boxes": None}
    assert paths(response)[0] == ["boxes", "nodes"]


async def test_a_filter_that_needs_not_look_at_it_can(execute: Execute) -> None:
    response = await execute("{ boxes(where: {size: {isNull: false}}) { totalCount } }")

    assert response.data == {"boxes": {"totalCount": 3}}


async def test_a_sort_by_it_can_not_tell(execute: Execute) -> None:
    response = await execute("{ boxes(orderBy: [{field: SIZE}]) { nodes { id } totalCount } }")

    assert response.data == {"boxes": None}
    assert paths(response)[0] == ["boxes", "nodes"]


def test_to_compare_it_raises_it() -> None:
    for compare in (
        lambda: BAD == 1,
        lambda: BAD != 1,
        lambda: BAD < 1,
        lambda: BAD < 1,
        lambda: BAD in [2, 3],
        lambda: {BAD: 1},
        lambda: {1, 2} - {BAD},
    ):
        with pytest.raises(Unreadable):
            compare()
