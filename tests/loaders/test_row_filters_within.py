"""Rows that are seen where another row is: within one PostgreSQL database in one statement, and so
where rows in memory stand in for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from demo.stack import Addresses
from loaders.errors import BadResponse
from loaders.identity import ANONYMOUS, Identity
from loaders.memory import MemorySource
from loaders.query import (
    COUNT,
    And,
    Comparison,
    Filter,
    Not,
    Operator,
    Or,
    Order,
    SemiJoin,
    Window,
    equals,
)
from loaders.registry import Sources
from loaders.resource import Resource, RowFilter
from loaders.row_filters import through
from loaders.sql.postgres import PostgresTable
from tests.loaders.asking import count, page
from tests.loaders.filtered import (
    ADA,
    DOCUMENTS,
    FOLDERS,
    LABELS,
    SCHEMA,
    Filtered,
    Row,
    documents,
    filtered,
    folders,
    labels,
    own,
)

FOLDERS_TABLE = folders("postgres")
DOCUMENTS_TABLE = documents("postgres", None)
BY_ID = (Order("id"),)
SHARED = {row["id"] for row in FOLDERS if row["owner"] == "ada"}
VISIBLE = [row for row in DOCUMENTS if row["folder_id"] in SHARED]
HIDDEN = [row for row in DOCUMENTS if row["folder_id"] not in SHARED]


STAND_IN = MemorySource(
    "shop",
    {
        "folders": FOLDERS,
        f"{SCHEMA}.documents": DOCUMENTS,
        f"{SCHEMA}.labels": LABELS,
        "orders": [{"id": 7}],
    },
)


@pytest.fixture(scope="module")
async def postgres(addresses: Addresses) -> AsyncIterator[Filtered]:
    async with filtered(addresses) as data:
        yield data


@pytest.fixture(params=["postgres", "memory"])
def data(postgres: Filtered, request: pytest.FixtureRequest) -> Filtered:
    in_memory = request.param == "memory"
    return replace(postgres, sources=Sources([STAND_IN])) if in_memory else postgres


def ids(rows: Any) -> list[int]:
    return [row["id"] for row in rows]


async def seen(data: Filtered, row_filter: RowFilter | Filter) -> list[int]:
    """The documents that Ada sees."""
    always = row_filter if callable(row_filter) else (lambda identity: row_filter)
    return ids(await page(data.asks().loaders, documents("postgres", always), Window(order=BY_ID)))


async def test_every_road_leads_to_rows_whose_parent_is_visible(data: Filtered) -> None:
    resource = documents("postgres", through("folder_id", FOLDERS_TABLE))
    asked = data.asks()
    loaders = asked.loaders

    by_key = await loaders.by_key(resource).load_many([row["id"] for row in DOCUMENTS])
    by_code = await loaders.by_key(resource, "code").load(HIDDEN[0]["code"])
    lists = loaders.lists(resource, "folder_id", Window(order=BY_ID))
    pages = loaders.lists(resource, "folder_id", Window(order=BY_ID, limit=2))
    expected = [ids(row for row in VISIBLE if row["folder_id"] == id) for id in (1, 2, 3, 4)]

    assert [row["id"] for row in by_key if row is not None] == ids(VISIBLE)
    assert by_code is None
    assert [ids(rows) for rows in await lists.load_many([1, 2, 3, 4])] == expected
    assert [ids(rows) for rows in await pages.load_many([1, 2, 3, 4])] == [
        rows[:2] for rows in expected
    ]
    assert ids(await page(loaders, resource, Window(order=BY_ID))) == ids(VISIBLE)
    assert await count(loaders, resource) == len(VISIBLE)
    counts = loaders.aggregates(resource, "folder_id", COUNT)
    assert await counts.load_many([1, 2, 3, 4]) == list(map(len, expected))
    # One statement each, and the parents are never asked for apart.
    assert set(asked.resources) == {"shop.documents"}
    assert len(asked.calls) == 7


async def test_a_row_without_a_parent_is_hidden(data: Filtered) -> None:
    resource = documents("postgres", through("folder_id", FOLDERS_TABLE))
    orphan = next(row for row in DOCUMENTS if row["folder_id"] is None)

    assert await data.asks().loaders.by_key(resource).load(orphan["id"]) is None


async def test_where_all_parents_are_visible_so_are_their_rows(data: Filtered) -> None:
    resource = documents("postgres", through("folder_id", folders("postgres", None)))
    asked = data.asks()

    assert await count(asked.loaders, resource) == len(DOCUMENTS)
    assert "where" not in str(asked.calls[0].statement)


async def test_where_no_parent_is_visible_nothing_is_asked(data: Filtered) -> None:
    resource = documents("postgres", through("folder_id", FOLDERS_TABLE))
    asked = data.asks(ANONYMOUS)

    assert await count(asked.loaders, resource) == 0
    assert asked.calls == []


async def test_a_chain_of_parents_is_followed(data: Filtered) -> None:
    papers = documents("postgres", through("folder_id", FOLDERS_TABLE))
    resource = labels("postgres", through("document_id", papers))
    asked = data.asks()

    found = await page(asked.loaders, resource, Window(order=(Order("document_id"),)))

    assert [row["document_id"] for row in found] == ids(VISIBLE)
    assert asked.resources == ["shop.labels"]


async def test_a_failing_row_filter_of_the_parent_hides_its_children(data: Filtered) -> None:
    def failing(identity: Identity) -> Filter:
        raise LookupError("no such claim")

    resource = documents("postgres", through("folder_id", folders("postgres", failing)))
    asked = data.asks()

    with pytest.raises(LookupError, match="no such claim"):
        await asked.loaders.by_key(resource).load(1)
    assert asked.calls == []


async def test_a_table_may_be_within_itself(data: Filtered) -> None:
    # Folders whose parent is Ada's, and whose parent's parent is there.
    inner = SemiJoin("parent_id", FOLDERS_TABLE, "id", None)
    outer = SemiJoin("parent_id", FOLDERS_TABLE, "id", And((equals("owner", "ada"), inner)))
    by_id = {row["id"]: row for row in FOLDERS}

    def grandchild_of_ada(row: Row) -> bool:
        parent = by_id.get(row["parent_id"])
        return parent is not None and parent["owner"] == "ada" and parent["parent_id"] in by_id

    resource = folders("postgres", lambda identity: outer)
    found = await page(data.asks().loaders, resource, Window(order=BY_ID))

    assert ids(found) == ids(filter(grandchild_of_ada, FOLDERS))
    assert found


ADAS = SemiJoin("folder_id", FOLDERS_TABLE, "id", equals("owner", "ada"))
SMALL = Comparison("size", Operator.LT, 5)


def in_adas(row: Row) -> bool:
    return row["folder_id"] in SHARED


@pytest.mark.parametrize(
    ("filter", "holds"),
    [
        (ADAS, in_adas),
        (Not(ADAS), lambda row: not in_adas(row)),
        (Not(Not(ADAS)), in_adas),
        (Or((ADAS, SMALL)), lambda row: in_adas(row) or row["size"] < 5),
        (And((SMALL, ADAS)), lambda row: in_adas(row) and row["size"] < 5),
        (Not(Or((ADAS, SMALL))), lambda row: not in_adas(row) and row["size"] >= 5),
        (Or((Not(ADAS), SMALL)), lambda row: not in_adas(row) or row["size"] < 5),
        (
            SemiJoin("folder_id", FOLDERS_TABLE, "id", None),
            lambda row: row["folder_id"] is not None,
        ),
        (
            SemiJoin("folder_id", FOLDERS_TABLE, "id", Not(equals("owner", "ada"))),
            lambda row: row["folder_id"] in (2, 4),
        ),
    ],
    ids=["plain", "not", "not not", "or", "and", "not or", "or not", "any", "inner not"],
)
async def test_it_is_two_valued_where_the_column_is_missing(
    data: Filtered, filter: Filter, holds: Callable[[Row], bool]
) -> None:
    assert await seen(data, filter) == [row["id"] for row in DOCUMENTS if holds(row)]


@pytest.mark.parametrize("negated", [False, True], ids=["plain", "not"])
async def test_it_is_two_valued_where_the_other_column_is_missing(
    data: Filtered, negated: bool
) -> None:
    # Folders in which Bob has a document; some of his documents are in no folder.
    his = [row["folder_id"] for row in DOCUMENTS if row["owner"] == "bob"]
    assert None in his
    within = SemiJoin("id", DOCUMENTS_TABLE, "folder_id", Comparison("code", Operator.IN, ("D1",)))
    with_nulls = SemiJoin("id", DOCUMENTS_TABLE, "folder_id", equals("owner", "bob"))
    one = next(row["folder_id"] for row in DOCUMENTS if row["code"] == "D1")
    for filter, parents in ((within, [one]), (with_nulls, his)):
        asked = Not(filter) if negated else filter
        resource = folders("postgres", lambda identity, asked=asked: asked)  # type: ignore[misc]

        found = await page(data.asks().loaders, resource, Window(order=BY_ID))

        expected = [row["id"] for row in FOLDERS if (row["id"] in parents) is not negated]
        assert ids(found) == expected


@pytest.mark.parametrize(
    "within",
    [
        SemiJoin("folder_id", FOLDERS_TABLE, "folder_id", None),
        SemiJoin("folder_id", FOLDERS_TABLE, "id", equals("code", "D1")),
        SemiJoin("folder_id", FOLDERS_TABLE, "id", Not(equals("size", 1))),
    ],
    ids=["of", "where", "where not"],
)
async def test_a_column_that_only_the_outer_table_has_is_refused(
    postgres: Filtered, within: Filter
) -> None:
    # Without the table's name before it, SQL would take it for the outer one's: always true.
    with pytest.raises(BadResponse):
        await seen(postgres, within)


async def test_its_values_are_parameters_in_their_places(postgres: Filtered) -> None:
    resource = documents(
        "postgres",
        lambda identity: And((equals("owner", "ada"), ADAS, Comparison("size", Operator.GT, 1))),
    )
    asked = postgres.asks()
    window = Window((Order("size"), Order("id")), (2, 0), limit=3)
    small = Comparison("size", Operator.LT, 9)

    found = await asked.loaders.lists(resource, "folder_id", window, small).load(1)

    expected = [
        row
        for row in DOCUMENTS
        if row["folder_id"] == 1 and row["owner"] == "ada" and 2 <= row["size"] < 9
    ]
    expected.sort(key=lambda row: (row["size"], row["id"]))
    assert ids(found) == ids(expected)[:3]
    assert found
    statement = str(asked.calls[0].statement)
    assert "ada" not in statement
    assert [f"${index}" in statement for index in range(1, 9)] == [True] * 8


@pytest.mark.parametrize("owner", ["x') or true --", 'ada" or "', "$1"])
async def test_a_claim_stays_a_value_in_it(data: Filtered, owner: str) -> None:
    resource = documents("postgres", through("folder_id", FOLDERS_TABLE))
    asked = data.asks(Identity(claims={"owner": owner}, credential="test"))

    assert await count(asked.loaders, resource) == 0


async def test_tables_of_one_name_in_two_schemas_are_told_apart(data: Filtered) -> None:
    public = PostgresTable(source="shop", name="orders")
    resource: Resource = documents(
        "postgres", lambda identity: SemiJoin("id", public, "id", equals("id", 7))
    )

    assert ids(await page(data.asks(ADA).loaders, resource)) == [7]
    assert SCHEMA not in public.identifier
    assert own(ADA) == equals("owner", "ada")
