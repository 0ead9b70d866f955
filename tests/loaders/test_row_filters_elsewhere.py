"""Rows that are seen where a row of another source is: that source is asked first, and the rows'
own source only for what may be seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from demo.stack import Addresses
from loaders.contexts import Operation
from loaders.errors import BadResponse, SourceUnavailable
from loaders.identity import Identity
from loaders.query import COUNT, And, Filter, Not, Operator, Or, Order, SemiJoin, Window, equals
from loaders.query import Comparison as Compare
from loaders.registry import Loaders, Sources
from loaders.resource import Resource
from loaders.rest.routes import Batch, RestResource, Single
from loaders.rest.source import RestSource
from loaders.row_filters import through
from loaders.sql.postgres import PostgresSource
from tests.bad_servers import answering, unused_port
from tests.loaders.asking import count, page
from tests.loaders.filtered import (
    ADA,
    DOCUMENTS,
    FOLDERS,
    LABELS,
    Filtered,
    documents,
    filtered,
    folders,
    labels,
)

MINE = [row["id"] for row in DOCUMENTS if row["owner"] == "ada"]
SHARED = [row["id"] for row in FOLDERS if row["owner"] == "ada"]
ALL = [row["id"] for row in DOCUMENTS]
BY_ID = (Order("id"),)

LABELS_OF_MINE = labels("rest", through("document_id", documents("postgres")))

PAIRS = [
    ("batch", "postgres"),
    ("single", "postgres"),
    ("mongo", "postgres"),
    ("postgres", "mongo"),
    ("mongo", "mongo"),
    ("postgres", "rest"),
    ("single", "rest"),
]
across = pytest.mark.parametrize(("kind", "of"), PAIRS)


@pytest.fixture(scope="module")
async def data(addresses: Addresses) -> AsyncIterator[Filtered]:
    async with filtered(addresses) as data:
        yield data


def ids(rows: Any) -> list[int]:
    return [row["id"] for row in rows]


def within_folders(kind: str, of: str) -> Resource:
    return documents(kind, through("folder_id", folders(of)))


async def test_only_visible_keys_are_asked_for(data: Filtered) -> None:
    asked = data.asks()

    rows = await asked.loaders.by_key(LABELS_OF_MINE).load_many(ALL)

    assert [row["document_id"] for row in rows if row is not None] == MINE
    assert [row is not None for row in rows] == [id in MINE for id in ALL]
    assert asked.resources == ["shop.documents", "files.labels"]
    first, second = asked.calls
    assert (sorted(first.columns), first.keys, first.rows) == (["id"], len(ALL), len(MINE))
    assert second.keys == len(MINE)
    assert sorted(data.service.paths) == sorted(f"/labels/{id}" for id in MINE)


async def test_where_no_key_is_visible_the_rows_are_not_asked_for(data: Filtered) -> None:
    asked = data.asks()
    hidden = [id for id in ALL if id not in MINE]

    assert await asked.loaders.by_key(LABELS_OF_MINE).load_many(hidden) == [None] * len(hidden)
    assert asked.resources == ["shop.documents"]
    assert data.service.paths == []


@across
async def test_lists_of_visible_parents_alone_are_asked_for(
    data: Filtered, kind: str, of: str
) -> None:
    asked = data.asks()
    loader = asked.loaders.lists(within_folders(kind, of), "folder_id", Window(order=BY_ID))

    lists = await loader.load_many([1, 2, 3, 4, 99])

    expected = [
        [row["id"] for row in DOCUMENTS if row["folder_id"] == id] if id in SHARED else []
        for id in (1, 2, 3, 4, 99)
    ]
    assert [ids(rows) for rows in lists] == expected
    first, second = asked.calls
    assert (first.resource.removeprefix("row_filters_"), first.keys) == ("folders", 5)
    assert (second.resource.removeprefix("row_filters_"), second.keys) == ("documents", 2)


@across
async def test_pages_of_visible_parents_too(data: Filtered, kind: str, of: str) -> None:
    window, bobs = Window(BY_ID, limit=1), equals("owner", "bob")
    loader = data.asks().loaders.lists(within_folders(kind, of), "folder_id", window, bobs)

    lists = await loader.load_many([1, 2, 3, 4])

    expected = [
        [row["id"] for row in DOCUMENTS if (row["folder_id"], row["owner"]) == (id, "bob")][:1]
        if id in SHARED
        else []
        for id in (1, 2, 3, 4)
    ]
    assert [ids(rows) for rows in lists] == expected


@across
async def test_aggregates_of_hidden_parents_are_those_of_nothing(
    data: Filtered, kind: str, of: str
) -> None:
    asked = data.asks()
    loader = asked.loaders.aggregates(within_folders(kind, of), "folder_id", COUNT)

    counts = await loader.load_many([1, 2, 3, 4])

    in_folder = [row["folder_id"] for row in DOCUMENTS]
    assert counts == [in_folder.count(id) if id in SHARED else 0 for id in (1, 2, 3, 4)]
    assert [call.keys for call in asked.calls] == [4, 2]


async def test_a_part_beside_it_is_the_source_s_own(data: Filtered) -> None:
    within = SemiJoin("folder_id", folders("postgres"), "id", equals("owner", "ada"))
    resource = documents("mongo", lambda identity: And((equals("owner", "bob"), within)))
    asked = data.asks()

    lists = await asked.loaders.lists(resource, "folder_id", Window(order=BY_ID)).load_many(
        [1, 2, 3]
    )

    expected = [
        [row["id"] for row in DOCUMENTS if (row["folder_id"], row["owner"]) == (id, "bob")]
        for id in (1, 3)
    ]
    assert [ids(rows) for rows in lists] == [expected[0], [], expected[1]]
    assert [call.keys for call in asked.calls] == [3, 2]


async def test_two_of_them_must_both_hold(data: Filtered) -> None:
    ours = SemiJoin("folder_id", folders("postgres"), "id", equals("owner", "ada"))
    first = SemiJoin("folder_id", folders("mongo"), "id", Compare("id", Operator.LT, 3))
    resource = documents("batch", lambda identity: And((ours, first)))
    asked = data.asks()
    loader = asked.loaders.lists(resource, "folder_id", Window(order=BY_ID))

    lists = await loader.load_many([1, 2, 3, 4])

    in_first = [row["id"] for row in DOCUMENTS if row["folder_id"] == 1]
    assert [ids(rows) for rows in lists] == [in_first, [], [], []]
    # What the first one hides, the second is not asked.
    assert [call.keys for call in asked.calls] == [4, 2, 1]


async def test_a_chain_goes_through_a_service(data: Filtered) -> None:
    # Labels of labels: both in REST, by the same key, through documents in PostgreSQL.
    resource = labels("rest", through("document_id", LABELS_OF_MINE))
    asked = data.asks()

    rows = await asked.loaders.by_key(resource).load_many(ALL[:6])

    assert [row is not None for row in rows] == [id in MINE for id in ALL[:6]]
    visible = len([id for id in ALL[:6] if id in MINE])
    assert [(call.resource, call.keys) for call in asked.calls] == [
        ("documents", 6),
        ("labels", visible),
        ("labels", visible),
    ]


async def test_a_value_that_many_rows_share_is_visible_where_one_of_them_is(
    data: Filtered,
) -> None:
    # Folders in which Ada has a document.
    within = SemiJoin("id", documents("postgres"), "folder_id", equals("owner", "ada"))
    asked = data.asks()

    rows = await asked.loaders.by_key(folders("rest", lambda identity: within)).load_many(
        [1, 2, 3, 4]
    )

    hers = {row["folder_id"] for row in DOCUMENTS if row["owner"] == "ada"}
    assert [row is not None for row in rows] == [id in hers for id in (1, 2, 3, 4)]
    assert asked.calls[0].rows == len(hers & {1, 2, 3, 4})


async def test_no_key_is_asked_about_twice(data: Filtered) -> None:
    resource = within_folders("batch", "postgres")
    asked = data.asks()
    lists = asked.loaders.lists(resource, "folder_id", Window(order=BY_ID))
    counts = asked.loaders.aggregates(resource, "folder_id", COUNT)

    first, second = lists.load_many([1, 2]), counts.load_many([1, 2])
    await first
    await second
    await lists.load_many([2, 3])

    folders_asked = [call for call in asked.calls if call.resource == "folders"]
    assert [call.keys for call in folders_asked] == [2, 1]


async def test_guarded_and_plain_rows_share_what_is_known(data: Filtered) -> None:
    asked = data.asks()

    await asked.loaders.by_key(LABELS_OF_MINE).load(MINE[0])
    await asked.loaders.guarded(LABELS_OF_MINE).load(MINE[0])

    assert asked.resources == ["shop.documents", "files.labels", "files.labels"]


async def test_keys_are_asked_about_in_chunks_and_then_asked_for(data: Filtered) -> None:
    # More keys than one statement takes, and more than the service may be asked for; most of
    # them are of nothing.
    keys = [*ALL, *range(1000, 1600)]
    asked = data.asks()

    rows = await asked.loaders.by_key(LABELS_OF_MINE).load_many(keys)

    assert [row["document_id"] for row in rows if row is not None] == MINE
    assert [(call.resource, call.keys) for call in asked.calls] == [
        ("documents", 500),
        ("documents", 130),
        ("labels", len(MINE)),
    ]


@pytest.mark.parametrize("road", ["page", "count", "key", "code", "owner", "totals"])
async def test_every_other_road_is_refused_before_any_call(data: Filtered, road: str) -> None:
    resource = within_folders("mongo", "postgres")
    asked = data.asks()
    loaders = asked.loaders
    roads: dict[str, Any] = {
        "page": lambda: page(loaders, resource),
        "count": lambda: count(loaders, resource),
        "key": lambda: loaders.by_key(resource).load(1),
        "code": lambda: loaders.by_key(resource, "code").load("D1"),
        "owner": lambda: loaders.lists(resource, "owner", Window()).load("ada"),
        "totals": lambda: loaders.aggregates(resource, "owner", COUNT).load("ada"),
    }

    with pytest.raises(TypeError, match=r"catalog\.row_filters_documents .* 'folder_id'"):
        await roads[road]()
    assert asked.calls == []


THERE = SemiJoin("folder_id", folders("postgres"), "id", equals("owner", "ada"))


@pytest.mark.parametrize(
    "filter",
    [
        Or((THERE, equals("owner", "ada"))),
        Not(THERE),
        And((equals("owner", "ada"), Not(THERE))),
        Or((And((THERE, equals("size", 1))), equals("size", 2))),
    ],
    ids=["or", "not", "and not", "or and"],
)
async def test_below_or_and_not_it_is_refused(data: Filtered, filter: Filter) -> None:
    resource = documents("mongo", lambda identity: filter)
    asked = data.asks()

    with pytest.raises(TypeError, match="inside an Or or a Not"):
        await asked.loaders.lists(resource, "folder_id", Window()).load(1)
    assert asked.calls == []


async def test_one_that_the_database_can_t_join_to_the_end_is_asked_first(data: Filtered) -> None:
    # Labels and documents are in PostgreSQL, the documents' folders in MongoDB.
    papers = documents("postgres", through("id", folders("mongo")))
    resource = labels("postgres", through("document_id", papers))
    asked = data.asks()

    rows = await asked.loaders.by_key(resource).load_many([1, 2, 3, 4])

    assert [row is not None for row in rows] == [id in SHARED for id in (1, 2, 3, 4)]
    assert asked.resources == ["catalog.row_filters_folders", "shop.documents", "shop.labels"]
    with pytest.raises(TypeError, match=r"shop\.labels can't be fetched as a whole"):
        await page(asked.loaders, resource)


async def test_an_outage_there_fails_the_rows_that_need_it_alone(data: Filtered) -> None:
    nobody = PostgresSource("shop", f"postgresql://x:x@127.0.0.1:{unused_port()}/x", timeout=2)
    await nobody.open()
    service = RestSource("files", data.service.url)
    await service.open()
    asked = data.asks(sources=Sources([nobody, service]))
    free = labels("rest", None)
    try:
        with pytest.raises(SourceUnavailable) as raised:
            await asked.loaders.by_key(LABELS_OF_MINE).load(1)
        assert raised.value.source == "shop"
        assert data.service.paths == []
        assert await asked.loaders.by_key(free).load(1) == LABELS[0]
    finally:
        await nobody.close()
        await service.close()


async def test_a_key_that_can_t_be_asked_about_fails_alone() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        kind, _, key = request.path.strip("/").partition("/")
        if kind == "owners" and key == "2":
            return web.json_response({}, status=500)
        if kind == "owners":
            return web.json_response({"id": int(key), "who": "ada" if key == "1" else "bob"})
        return web.json_response({"id": int(key)})

    async with answering(handler) as service:
        owners = RestResource(
            source="owners",
            name="owners",
            key_type=int,
            by={"id": Single("/owners/{key}")},
            row_filter=lambda identity: equals("who", identity.subject),
        )
        things = RestResource(
            source="things",
            name="things",
            key_type=int,
            by={"id": Single("/things/{key}")},
            row_filter=through("id", owners),
        )
        sources = Sources([RestSource("owners", service.url), RestSource("things", service.url)])
        await sources.open()
        loader = Loaders(sources, {}, Operation(ADA)).by_key(things)
        try:
            first, second, third = loader.load(1), loader.load(2), loader.load(3)
            assert await first == {"id": 1}
            assert await third is None
            with pytest.raises(BadResponse) as raised:
                await second
        finally:
            await sources.close()

    assert raised.value.source == "owners"
    assert [path for path in service.paths if "things" in path] == ["/things/1"]


async def test_what_a_service_answers_unasked_stays_hidden(data: Filtered) -> None:
    async def everything(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"items": [row for row in DOCUMENTS if row["folder_id"]]})

    async with answering(everything) as service:
        resource = RestResource(
            source="chatty",
            name="documents",
            key_type=int,
            by={"id": Batch("/documents", "id"), "folder_id": Batch("/documents", "folder_id")},
            row_filter=through("id", documents("postgres")),
        )
        by_folder = replace(resource, row_filter=through("folder_id", folders("postgres")))
        source = RestSource("chatty", service.url)
        await source.open()
        shop: Any = data.sources["shop"]
        asked = data.asks(sources=Sources([source, shop]))
        try:
            by_key = asked.loaders.by_key(resource)
            rows = await asyncio.gather(*map(by_key.load, ALL), return_exceptions=True)
            lists = asked.loaders.lists(by_folder, "folder_id", Window())
            found = await asyncio.gather(*map(lists.load, (1, 2)), return_exceptions=True)
        finally:
            await source.close()

    filed = {row["id"] for row in DOCUMENTS if row["folder_id"]}
    # What is asked for and not among the answer's objects may exist all the same.
    assert [row["id"] if isinstance(row, dict) else type(row) for row in rows] == [
        id if id in MINE and id in filed else BadResponse if id in MINE else type(None)
        for id in ALL
    ]
    assert [type(each) for each in found] == [BadResponse, tuple]


async def test_a_failing_row_filter_there_fails_the_rows_here(data: Filtered) -> None:
    def failing(identity: Identity) -> Filter:
        raise LookupError("no such claim")

    resource = labels("rest", through("document_id", documents("postgres", failing)))
    asked = data.asks()

    with pytest.raises(LookupError, match="no such claim"):
        await asked.loaders.by_key(resource).load(1)
    assert asked.calls == []
