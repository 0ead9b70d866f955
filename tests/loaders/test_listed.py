"""Rows that a list of an operation had are not fetched again by key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from demo.stack import Addresses
from loaders.asks import WHOLE
from loaders.contexts import Operation
from loaders.query import ALL_ROWS, Order, Window, equals
from loaders.registry import Loaders, Sources
from loaders.resource import Resource
from loaders.rest.routes import Batch, RestResource
from loaders.rest.source import RestSource
from tests.bad_servers import Service, answering
from tests.loaders.filtered import DOCUMENTS, Asked, Filtered, documents, filtered, folders

KINDS = ("postgres", "mongo", "batch", "single")
every_kind = pytest.mark.parametrize("kind", KINDS)
WINDOW = Window((Order("id"),), limit=4)


@pytest.fixture(scope="module")
async def data(addresses: Addresses) -> AsyncIterator[Filtered]:
    async with filtered(addresses) as data:
        yield data


async def listed(asked: Asked, of: Resource, road: str) -> list[Any]:
    """The rows that a list had, and that the calls so far do not count any more."""
    if road == "page":
        (rows,) = await asked.loaders.lists(of, None, WINDOW).load_all([WHOLE])
    else:
        (rows,) = await asked.loaders.lists(of, "folder_id", WINDOW).load_all([1])
    assert not isinstance(rows, Exception)
    asked.calls.clear()
    return list(rows)


@every_kind
@pytest.mark.parametrize("road", ["page", "list"])
async def test_rows_of_a_list_answer_by_key(data: Filtered, kind: str, road: str) -> None:
    of = documents(kind)
    asked = data.asks(columns={of: frozenset({"size", "code"})})
    rows = await listed(asked, of, road)

    found = await asked.loaders.by_key(of).load_all([row["id"] for row in rows])
    one = await asked.loaders.by_key(of).load(rows[0]["id"])
    by_code = await asked.loaders.by_key(of, "code").load_all([rows[-1]["code"]])

    assert found == rows
    assert (one, by_code) == (rows[0], [rows[-1]])
    assert asked.calls == []


@every_kind
async def test_the_other_keys_alone_are_fetched(data: Filtered, kind: str) -> None:
    of = documents(kind, None)
    asked = data.asks()
    rows = await listed(asked, of, "page")
    ids = [row["id"] for row in rows]

    found = await asked.loaders.by_key(of).load_all([*ids, 20, 999])

    assert [row and row["id"] for row in found] == [*ids, 20, None]  # type: ignore[index]
    assert [call.keys for call in asked.calls] == [2]


@every_kind
async def test_a_hidden_row_is_not_shown_by_what_another_resource_listed(
    data: Filtered, kind: str
) -> None:
    # Two resources over the same rows, one of which hides some of them.
    open_to_all, own = documents(kind, None), documents(kind)
    asked = data.asks()
    rows = await listed(asked, open_to_all, "page")
    hidden = next(row["id"] for row in DOCUMENTS[:4] if row["owner"] != "ada")
    assert hidden in [row["id"] for row in rows]

    assert await asked.loaders.by_key(own).load_all([hidden]) == [None]


async def test_columns_that_the_list_did_not_ask_for_are_fetched(data: Filtered) -> None:
    # Guarded columns are read apart, for the rows for which they may be shown.
    of = documents("postgres", None)
    asked = data.asks(columns={of: frozenset({"size"})}, guarded={of: frozenset({"secret"})})
    rows = await listed(asked, of, "page")

    (row,) = await asked.loaders.guarded(of).load_all([rows[0]["id"]])

    assert row["secret"] == DOCUMENTS[0]["secret"]  # type: ignore[index]
    assert [sorted(call.columns) for call in asked.calls] == [["id", "secret"]]


@pytest.mark.parametrize("kind", ["batch", "single"])
async def test_a_service_has_sent_them_already(data: Filtered, kind: str) -> None:
    of = documents(kind, None)
    asked = data.asks(columns={of: frozenset({"size"})}, guarded={of: frozenset({"secret"})})
    rows = await listed(asked, of, "page")

    assert await asked.loaders.guarded(of).load_all([rows[0]["id"]]) == [rows[0]]
    assert asked.calls == []


@every_kind
@pytest.mark.parametrize("keys", [None, [1]], ids=["all", "key"])
async def test_after_a_change_they_are_fetched(
    data: Filtered, kind: str, keys: list[int] | None
) -> None:
    of = documents(kind, None)
    asked = data.asks()
    await listed(asked, of, "page")

    asked.loaders.changed(documents(kind), keys)

    await asked.loaders.by_key(of).load_all([1])
    assert len(asked.calls) == 1


@every_kind
async def test_a_list_under_way_as_they_change_answers_nothing_later(
    data: Filtered, kind: str
) -> None:
    of = documents(kind, None)
    asked = data.asks()
    before = asyncio.ensure_future(asked.loaders.lists(of, None, WINDOW).load_all([WHOLE]))
    while not asked.calls:  # noqa: ASYNC110  # the call begins, and nothing says so
        await asyncio.sleep(0)

    asked.loaders.changed(of)
    await before
    asked.calls.clear()

    await asked.loaders.by_key(of).load_all([1])
    assert len(asked.calls) == 1


async def test_what_was_seen_by_a_semi_join_is_fetched_after_that_changed(data: Filtered) -> None:
    from loaders.row_filters import through

    of = documents("postgres", through("folder_id", folders("postgres")))
    asked = data.asks()
    rows = await listed(asked, of, "page")

    asked.loaders.changed(folders("postgres"))

    await asked.loaders.by_key(of).load_all([rows[0]["id"]])
    assert len(asked.calls) == 1


def things(**more: Any) -> RestResource:
    return RestResource(
        source="things", name="things", key_type=int, by={"id": Batch("/by", "id")}, all="/all",
        **more,
    )  # fmt: skip


class Things:
    """A service whose list is told what to say; by key it says that it was asked so."""

    def __init__(self) -> None:
        self.listed: list[dict[str, Any]] = []

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/all":
            return web.json_response({"items": self.listed})
        ids = [int(value) for value in request.query.getall("id")]
        return web.json_response({"items": [{"id": id, "name": "by key"} for id in ids]})


async def by_key(
    rows: list[dict[str, Any]], key: int, *, needs: set[str], **more: Any
) -> tuple[Any, Service]:
    answers = Things()
    answers.listed = rows
    async with answering(answers) as service:
        source = RestSource("things", service.url)
        await source.open()
        of = things(**more)
        loaders = Loaders(Sources([source]), {of: frozenset(needs)}, Operation())
        try:
            await loaders.lists(of, None, ALL_ROWS).load_all([WHOLE])
            (row,) = await loaders.by_key(of).load_all([key])
        finally:
            await source.close()
    return row, service


async def test_an_object_that_lacks_a_field_in_a_list_is_asked_for() -> None:
    # Some services shorten the objects of their lists.
    row, service = await by_key([{"id": 1}], 1, needs={"name"})

    assert row == {"id": 1, "name": "by key"}
    assert service.paths == ["/all", "/by?id=1"]


async def test_an_object_whose_field_is_null_is_not() -> None:
    row, service = await by_key([{"id": 1, "name": None}], 1, needs={"name"})

    assert row == {"id": 1, "name": None}
    assert service.paths == ["/all"]


@pytest.mark.parametrize("id", [True, 1.0], ids=repr)
async def test_a_key_of_another_type_is_another_key(id: Any) -> None:
    row, service = await by_key([{"id": id, "name": "of the list"}], 1, needs={"name"})

    assert row == {"id": 1, "name": "by key"}
    assert service.paths == ["/all", "/by?id=1"]


async def test_a_row_that_the_row_filter_hides_is_not_kept_from_the_list() -> None:
    row, _ = await by_key(
        [{"id": 1, "name": "secret"}],
        1,
        needs={"name"},
        row_filter=lambda identity: equals("name", "public"),
    )

    assert row is None
