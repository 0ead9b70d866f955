"""A row filter is part of every fetch, by every road, in every kind of source."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from demo.stack import Addresses
from loaders.contexts import Operation
from loaders.errors import BadResponse
from loaders.identity import ANONYMOUS, Identity
from loaders.query import (
    COUNT,
    NOTHING,
    Aggregate,
    And,
    Comparison,
    Filter,
    Function,
    Not,
    Operator,
    Or,
    Order,
    Window,
    equals,
)
from loaders.registry import Loaders, Sources
from loaders.rest.routes import Batch, RestResource, Single
from loaders.rest.source import RestSource
from tests.bad_servers import answering
from tests.loaders.asking import count, page
from tests.loaders.filtered import DOCUMENTS, Filtered, documents, filtered

KINDS = ("postgres", "mongo", "batch", "single")
every_kind = pytest.mark.parametrize("kind", KINDS)

MINE = [row for row in DOCUMENTS if row["owner"] == "ada"]
OTHERS = [row for row in DOCUMENTS if row["owner"] != "ada"]
BY_SIZE = (Order("size"), Order("id"))


@pytest.fixture(scope="module")
async def data(addresses: Addresses) -> AsyncIterator[Filtered]:
    async with filtered(addresses) as data:
        yield data


def ids(rows: Any) -> list[int]:
    return [row["id"] for row in rows]


def by_size(rows: Any) -> list[int]:
    return ids(sorted(rows, key=lambda row: (row["size"], row["id"])))


@every_kind
async def test_by_key_gives_the_visible_rows_in_order_and_none_for_the_hidden(
    data: Filtered, kind: str
) -> None:
    resource = documents(kind)
    asked = data.asks()

    rows = await asked.loaders.by_key(resource).load_many([row["id"] for row in DOCUMENTS])

    assert [row and row["id"] for row in rows] == [
        row["id"] if row["owner"] == "ada" else None for row in DOCUMENTS
    ]
    assert len(asked.calls) == 1


@every_kind
async def test_by_another_unique_column_too(data: Filtered, kind: str) -> None:
    resource = documents(kind)
    loader = data.asks().loaders.by_key(resource, "code")

    rows = await loader.load_many([MINE[0]["code"], OTHERS[0]["code"], "D999"])

    assert [row and row["code"] for row in rows] == [MINE[0]["code"], None, None]


@every_kind
async def test_a_hidden_row_is_like_none(data: Filtered, kind: str) -> None:
    loaders = data.asks().loaders
    resource = documents(kind)

    hidden = await loaders.by_key(resource).load(OTHERS[0]["id"])
    missing = await loaders.by_key(resource).load(999)

    assert hidden is missing is None


@every_kind
async def test_lists_of_each_parent_hold_visible_rows_alone(data: Filtered, kind: str) -> None:
    loader = data.asks().loaders.lists(documents(kind), "folder_id", Window(order=BY_SIZE))

    lists = await loader.load_many([1, 2, 3, 4, 99])

    expected = [by_size(row for row in MINE if row["folder_id"] == id) for id in (1, 2, 3, 4)]
    assert [ids(rows) for rows in lists] == [*expected, []]
    assert any(expected)


@every_kind
async def test_a_page_of_each_parent_is_full_of_visible_rows(data: Filtered, kind: str) -> None:
    loader = data.asks().loaders.lists(documents(kind), "folder_id", Window(order=BY_SIZE, limit=1))

    lists = await loader.load_many([1, 2, 3, 4])

    expected = [by_size(row for row in MINE if row["folder_id"] == id)[:1] for id in (1, 2, 3, 4)]
    assert [ids(rows) for rows in lists] == expected
    assert all(expected)


@every_kind
@pytest.mark.parametrize("size", [1, 3, 4])
async def test_pages_walk_through_the_visible_rows_alone(
    data: Filtered, kind: str, size: int
) -> None:
    resource = documents(kind)
    loaders = data.asks(columns={resource: frozenset({"size"})}).loaders
    found: list[int] = []
    after = None

    while found_page := await page(loaders, resource, Window(BY_SIZE, after, limit=size)):
        found += ids(found_page)
        after = (found_page[-1]["size"], found_page[-1]["id"])

    assert found == by_size(MINE)


@every_kind
async def test_the_cursor_of_a_hidden_row_is_a_place_among_the_visible(
    data: Filtered, kind: str
) -> None:
    hidden = OTHERS[4]
    place = (hidden["size"], hidden["id"])

    found = await page(data.asks().loaders, documents(kind), Window(BY_SIZE, place))

    assert ids(found) == by_size(row for row in MINE if (row["size"], row["id"]) > place)


@every_kind
async def test_the_filter_of_a_client_chooses_among_the_visible_rows(
    data: Filtered, kind: str
) -> None:
    loaders = data.asks().loaders
    resource = documents(kind)
    # As a client would try to see others' rows: every row passes this.
    everything = Or((equals("owner", "bob"), Not(equals("owner", "bob"))))
    theirs = equals("owner", "bob")

    found = await page(loaders, resource, Window(BY_SIZE), everything)
    stolen = await page(loaders, resource, Window(BY_SIZE), theirs)

    assert (ids(found), ids(stolen)) == (by_size(MINE), [])
    assert await count(loaders, resource, everything) == len(MINE)
    assert await count(loaders, resource, theirs) == 0


@every_kind
async def test_totals_count_visible_rows(data: Filtered, kind: str) -> None:
    loaders = data.asks().loaders
    small = Comparison("size", Operator.LT, 5)

    assert await count(loaders, documents(kind)) == len(MINE)
    assert await count(loaders, documents(kind), small) == len(
        [row for row in MINE if row["size"] < 5]
    )


@every_kind
async def test_aggregates_of_each_parent_are_over_visible_rows(data: Filtered, kind: str) -> None:
    asked, resource = data.asks(), documents(kind)
    total, largest = Aggregate(Function.SUM, "size"), Aggregate(Function.MAX, "size")

    loading = [
        asked.loaders.aggregates(resource, "folder_id", each).load_all([1, 2, 3, 4, 99])
        for each in (COUNT, total, largest)
    ]
    values = [await each for each in loading]

    of_folders = [[row["size"] for row in MINE if row["folder_id"] == id] for id in (1, 2, 3, 4)]
    assert values == [
        [*map(len, of_folders), 0],
        [*map(sum, of_folders), None],
        [*map(max, of_folders), None],
    ]
    assert len(asked.calls) == 1


@every_kind
async def test_a_column_of_the_row_filter_is_not_read(data: Filtered, kind: str) -> None:
    resource = documents(kind)
    asked = data.asks(columns={resource: frozenset({"size"})})

    await asked.loaders.by_key(resource).load(MINE[0]["id"])
    await asked.loaders.lists(resource, "folder_id", Window(limit=1)).load(1)
    await page(asked.loaders, resource, Window(limit=1))

    assert [sorted(call.columns) for call in asked.calls] == [
        ["id", "size"],
        ["folder_id", "id", "size"],
        ["id", "size"],
    ]


@every_kind
async def test_without_a_row_filter_all_rows_are_seen(data: Filtered, kind: str) -> None:
    loaders = data.asks(ANONYMOUS).loaders
    for resource in (documents(kind, None), documents(kind, lambda identity: None)):
        assert await count(loaders, resource) == len(DOCUMENTS)
        assert await loaders.by_key(resource).load(OTHERS[0]["id"]) is not None


@every_kind
@pytest.mark.parametrize(
    "nothing",
    [
        NOTHING,
        And((equals("owner", "ada"), NOTHING)),
        Not(And(())),
        equals("owner", None),
        Comparison("owner", Operator.IN, ()),
        Comparison("owner", Operator.IN, (None,)),
        Comparison("readers", Operator.HAS, None),
        Comparison("readers", Operator.HAS_SOME, ()),
        Comparison("readers", Operator.HAS_SOME, (None,)),
        Comparison("readers", Operator.HAS_EVERY, ("ada", None)),
    ],
    ids=str,
)
async def test_where_nothing_is_seen_no_source_is_asked(
    data: Filtered, kind: str, nothing: Filter
) -> None:
    resource = documents(kind, lambda identity: nothing)
    # Nobody listens there, so asking would fail.
    asked = data.asks(sources=data.dead)
    loaders = asked.loaders

    assert await loaders.by_key(resource).load_many([1, 2]) == [None, None]
    assert await loaders.by_key(resource, "code").load("D1") is None
    assert await loaders.guarded(resource).load(1) is None
    assert list(await loaders.lists(resource, "folder_id", Window()).load(1)) == []
    assert list(await page(loaders, resource)) == []
    assert await count(loaders, resource) == 0
    total = Aggregate(Function.SUM, "size")
    assert await loaders.aggregates(resource, "folder_id", COUNT).load(1) == 0
    assert await loaders.aggregates(resource, "folder_id", total).load(1) is None
    assert asked.calls == []


@every_kind
async def test_whoever_has_no_claim_sees_nothing_of_others(data: Filtered, kind: str) -> None:
    # A third of the documents have no owner, which is not the same as being everyone's.
    assert await count(data.asks(ANONYMOUS).loaders, documents(kind)) == 0


@every_kind
async def test_a_claim_is_a_value_whatever_it_says(data: Filtered, kind: str) -> None:
    for claim in ("x' or true --", '"owner"', "$owner", "$ne", "%"):
        loaders = data.asks(Identity(claims={"owner": claim}, credential="test")).loaders
        assert await count(loaders, documents(kind)) == 0


@every_kind
async def test_a_row_filter_that_fails_shows_nothing(data: Filtered, kind: str) -> None:
    def failing(identity: Identity) -> Filter:
        raise KeyError("partner")

    resource, other = documents(kind, failing), documents(kind)
    asked = data.asks()
    loaders = asked.loaders

    for ask in (
        lambda: loaders.by_key(resource).load(1),
        lambda: loaders.guarded(resource).load(1),
        lambda: loaders.lists(resource, "folder_id", Window()).load(1),
        lambda: loaders.aggregates(resource, "folder_id", COUNT).load(1),
        lambda: page(loaders, resource),
        lambda: count(loaders, resource),
    ):
        with pytest.raises(KeyError, match="partner"):
            await ask()
    assert asked.calls == []
    assert await loaders.by_key(other).load(MINE[0]["id"]) is not None


@pytest.mark.parametrize(
    "filter",
    [True, equals, "owner = 'ada'", And((True,)), Comparison("size", Operator.GT, None)],  # type: ignore[arg-type]
    ids=["bool", "function", "text", "part", "none"],
)
async def test_what_is_no_filter_shows_nothing(data: Filtered, filter: Any) -> None:
    asked = data.asks()

    with pytest.raises(TypeError, match="filter"):
        await count(asked.loaders, documents("postgres", lambda identity: filter))
    assert asked.calls == []


async def test_it_is_worked_out_once_for_an_operation(data: Filtered) -> None:
    times: list[Identity] = []

    def counted(identity: Identity) -> Filter | None:
        times.append(identity)
        return None

    resource = documents("postgres", counted)
    identity = Identity(subject="carol", credential="test")
    loaders = data.asks(identity).loaders

    await loaders.by_key(resource).load(1)
    await loaders.by_key(resource, "code").load("D1")
    await page(loaders, resource)
    await count(loaders, resource)

    assert times == [identity]


async def test_a_mongo_filter_by_the_very_column_of_the_keys_narrows_them(data: Filtered) -> None:
    resource = documents("mongo", lambda identity: Comparison("id", Operator.GT, 2))

    rows = await data.asks().loaders.by_key(resource).load_many([1, 2, 3, 4])

    assert [row and row["id"] for row in rows] == [None, None, 3, 4]


def service_of(source: RestSource, filter: Filter) -> tuple[RestResource, Loaders]:
    resource = RestResource(
        source="liar",
        name="things",
        key_type=int,
        by={"id": Batch("/things", "id"), "code": Single("/things/{key}")},
        all="/things",
        row_filter=lambda identity: filter,
    )
    return resource, Loaders(Sources([source]), {}, Operation())


async def test_a_value_that_does_not_compare_fails_its_own_row_by_key() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        items = [
            {"id": 1, "code": "a", "at": "2026-01-01T00:00:00Z"},
            {"id": 2, "code": "b", "at": "yesterday"},
            {"id": 3, "code": "c"},
        ]
        return web.json_response(items[1] if request.path == "/things/b" else {"items": items})

    since = Comparison("at", Operator.GTE, datetime(2025, 1, 1, tzinfo=UTC))
    async with answering(handler) as service:
        source = RestSource("liar", service.url)
        await source.open()
        resource, loaders = service_of(source, since)
        try:
            good, missing = await loaders.by_key(resource).load_many([1, 3])
            with pytest.raises(BadResponse):
                await loaders.by_key(resource).load(2)
            with pytest.raises(BadResponse):
                await loaders.by_key(resource, "code").load("b")
            with pytest.raises(BadResponse):
                await page(loaders, resource)
        finally:
            await source.close()

    assert good is not None
    assert good["id"] == 1
    assert missing is None
