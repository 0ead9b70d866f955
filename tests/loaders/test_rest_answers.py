"""What was asked of a service is what comes: rows of nobody, pages of a list and keys that no path
can hold are errors, and not missing rows."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from loaders import trace
from loaders.asks import WHOLE, Ask, Found, Key, Rows, Wants
from loaders.chain import chained
from loaders.contexts import Operation
from loaders.errors import BadResponse, UnfitValue
from loaders.logs import Limited
from loaders.query import COUNT
from loaders.rest.client import _retry_after
from loaders.rest.routes import Batch, RestResource, Single
from loaders.rest.source import RestSource
from tests.bad_servers import Service, answering
from tests.loaders.lies import Tell, said
from tests.numbers import EXACT

BY_BATCH = RestResource(
    source="told",
    name="things",
    key_type=int,
    by={"id": Batch("/things", "id"), "folder": Batch("/things", "folder")},
    all="/things",
)
BARE = RestResource(
    source="told", name="bare", key_type=int, by=BY_BATCH.by, all="/things", items=None
)
BY_PATH = RestResource(
    source="told",
    name="singles",
    by={"id": Single("/things/{key}"), "folder": Single("/folders/{key}/things")},
)


@pytest.fixture(autouse=True)
def whole_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is logged here is not cut short by what was logged before."""
    monkeypatch.setattr(trace, "failures", Limited(logging.getLogger("sluice.sources")))


@asynccontextmanager
async def telling(tell: Tell) -> AsyncIterator[tuple[RestSource, Service]]:
    async with answering(tell) as service:
        source = RestSource("told", service.url, timeout=5.0)
        await source.open()
        try:
            yield source, service
        finally:
            await source.close()


async def found(
    tell: Tell, resource: RestResource, by: str | None, keys: Sequence[Any], *, unique: bool = False
) -> list[Any]:
    """What each key has: its rows, or its error."""
    rows = Rows(resource, () if by is None else (by,), unique)
    ask = Ask(rows, Wants(frozenset({"id"}), () if unique else (COUNT,)))
    asked: list[Key] = [WHOLE] if by is None else [(key,) for key in keys]
    async with telling(tell) as (source, _):
        answer = await chained(source).fetch(ask, asked, Operation())
    return [
        [row["id"] for row in each.rows]
        if isinstance(each, Found) and not isinstance(each.rows, Exception)
        else each
        for each in answer
    ]


def kinds(found: Sequence[Any]) -> list[Any]:
    return [type(each) if isinstance(each, Exception) else each for each in found]


def things(*ids: object, **more: Any) -> Tell:
    return said({"items": [{"id": id, "folder": 1} for id in ids], **more})


LIKE: dict[str, tuple[Any, Any, str]] = {
    "text": (
        5,
        "5",
        "'id' than was asked for: a text, where the key is a number (key_type=str, or cast=str, "
        "makes it one)",
    ),
    "number": (
        "5",
        5,
        "'id' than was asked for: a number, where the key is a text (key_type=int, or cast=int, "
        "makes it one)",
    ),
    "case": ("Ab", "aB", "'id' than was asked for, in upper or lower case"),
    "other": (5, 6, "'id' than was asked for"),
    "fraction": (5, 5.5, "'id' than was asked for"),
}
"""A key, another one that is like it, and what the log says of that."""


@pytest.mark.parametrize("like", LIKE)
@pytest.mark.parametrize("resource", [BY_BATCH, BY_PATH], ids=["batch", "single"])
async def test_another_object_than_was_asked_for_is_an_error(
    like: str, resource: RestResource, caplog: pytest.LogCaptureFixture
) -> None:
    key, other, reason = LIKE[like]
    tell = things(other) if resource is BY_BATCH else said({"id": other})

    assert kinds(await found(tell, resource, "id", [key], unique=True)) == [BadResponse]
    assert caplog.messages[-1].partition("; asked")[0].endswith(reason)


async def test_objects_that_are_there_stand_beside_others_that_nobody_asked_for() -> None:
    answer = await found(things(1, "2", 9), BY_BATCH, "id", [1, 2, 3], unique=True)

    assert kinds(answer) == [[1], BadResponse, BadResponse]
    assert str(answer[1]) == "The source 'told' sent objects that were not asked for."


async def test_objects_that_nobody_asked_for_are_logged_where_none_is_missing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert await found(things(1, 2, 9), BY_BATCH, "id", [1, 2], unique=True) == [[1], [2]]
    assert "objects with another 'id' than was asked for" in caplog.messages[-1]


@pytest.mark.parametrize("flag", [True, False])
async def test_a_flag_is_no_key(flag: bool) -> None:
    key = int(flag)

    assert kinds(await found(things(flag), BY_BATCH, "id", [key], unique=True)) == [BadResponse]
    assert kinds(await found(said({"id": flag}), BY_PATH, "id", [key], unique=True)) == [
        BadResponse
    ]


async def test_a_list_with_rows_of_others_may_lack_some_of_its_own() -> None:
    rows = [{"id": 1, "folder": 1}, {"id": 2, "folder": "2"}]

    assert kinds(await found(said({"items": rows}), BY_BATCH, "folder", [1, 2])) == [
        BadResponse,
        BadResponse,
    ]
    assert kinds(await found(said({"items": rows}), BY_PATH, "folder", [1])) == [BadResponse]


async def test_a_key_that_is_missing_has_no_row() -> None:
    assert await found(things(1), BY_BATCH, "id", [1, 2], unique=True) == [[1], []]
    assert await found(things(1, 2), BY_BATCH, "folder", [1, 2]) == [[1, 2], []]


@pytest.mark.parametrize("status", [204, 404])
async def test_nothing_is_no_row_for_every_key(status: int) -> None:
    nothing = said(b"", status)

    assert await found(nothing, BY_BATCH, "id", [1, 2], unique=True) == [[], []]
    assert await found(nothing, BY_BATCH, "folder", [1]) == [[]]
    assert await found(nothing, BY_BATCH, None, []) == [[]]
    assert await found(nothing, BY_PATH, "id", ["a"], unique=True) == [[]]
    assert await found(nothing, BY_PATH, "folder", ["a"]) == [[]]


@pytest.mark.parametrize(("resource", "by"), [(BY_BATCH, "id"), (BY_PATH, "id"), (BY_BATCH, None)])
async def test_an_answer_without_anything_in_it_is_an_error(
    resource: RestResource, by: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await found(said(b""), resource, by, [1], unique=by is not None)

    assert kinds(answer) == [BadResponse]
    assert "an empty answer" in caplog.messages[-1]


NEXT: dict[str, Any] = {
    "next": {"next": "/things?page=2"},
    "a number": {"nextPage": 2},
    "a token": {"next_page_token": "eyJ"},
    "a cursor": {"nextCursor": "eyJ"},
    "OData": {"@odata.nextLink": "https://told.example/things?$skip=20"},
    "more": {"has_more": True},
    "another page": {"pageInfo": {"hasNextPage": True}},
    "HAL": {"_links": {"self": {"href": "/things"}, "next": {"href": "/things?page=2"}}},
    "JSON:API": {"links": {"next": "/things?page=2"}},
    "a list of links": {"links": [{"rel": "self"}, {"rel": "next", "href": "/things?page=2"}]},
    "deep": {"meta": {"pagination": {"links": {"next": "/things?page=2"}}}},
    "not the last": {"last": False},
}
"""What says in an envelope that another page follows."""

LAST: dict[str, Any] = {
    "nothing": {},
    "null": {"next": None},
    "an empty text": {"next_page_token": ""},
    "no more": {"has_more": False},
    "no other page": {"pageInfo": {"hasNextPage": False, "endCursor": "eyJ"}},
    "HAL": {"_links": {"self": {"href": "/things"}, "next": {"href": None}}},
    "JSON:API": {"links": {"next": None, "prev": "/things?page=1"}},
    "a list of links": {"links": [{"rel": "prev", "href": "/things?page=1"}]},
    "the last": {"last": True},
    "another word": {"nextRun": "2026-01-01", "schedule": {"next": "2026-01-01"}},
    "a count": {"total": 1, "page": 1},
}
"""What says nothing of the kind."""


@pytest.mark.parametrize("mark", NEXT)
async def test_what_is_missing_on_a_page_that_others_follow_is_an_error(
    mark: str, caplog: pytest.LogCaptureFixture
) -> None:
    page = things(1, **NEXT[mark])

    assert kinds(await found(page, BY_BATCH, "id", [1, 2], unique=True)) == [[1], BadResponse]
    assert "a page with a next one" in caplog.messages[-1]
    assert await found(page, BY_BATCH, "id", [1], unique=True) == [[1]]
    for by in ("folder", None):
        assert kinds(await found(page, BY_BATCH, by, [1])) == [BadResponse]
    assert kinds(await found(page, BY_PATH, "folder", [1])) == [BadResponse]


@pytest.mark.parametrize("mark", LAST)
async def test_what_is_missing_on_the_last_page_is_not_there(mark: str) -> None:
    page = things(1, **LAST[mark])

    assert await found(page, BY_BATCH, "id", [1, 2], unique=True) == [[1], []]
    assert await found(page, BY_BATCH, "folder", [1, 2]) == [[1], []]
    assert await found(page, BY_BATCH, None, []) == [[1]]
    assert await found(page, BY_PATH, "folder", [1]) == [[1]]


LINKS = {
    '</things?page=2>; rel="next"': True,
    "</things?page=2>;rel=next": True,
    '</a>; rel="prev", </b>; title="x"; Rel = "last NEXT"': True,
    '</things?page=1>; rel="prev"': False,
    '</things?;rel="next">; rel="prev"': False,
    '</things>; rel="nextish"': False,
    "next": False,
}


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("resource", [BY_BATCH, BARE], ids=["envelope", "bare"])
async def test_a_header_may_say_that_another_page_follows(
    link: str, resource: RestResource
) -> None:
    rows = [{"id": 1, "folder": 1}]
    page = said(rows if resource is BARE else {"items": rows}, link=link)

    missing, whole = (BadResponse, BadResponse) if LINKS[link] else ([], [1])
    assert kinds(await found(page, resource, "id", [1, 2], unique=True)) == [[1], missing]
    assert kinds(await found(page, resource, None, [])) == [whole]


async def test_a_member_of_an_object_is_no_mark_of_paging() -> None:
    thing = said({"id": "a", "next": "b"}, link='</things/b>; rel="next"')

    assert await found(thing, BY_PATH, "id", ["a"], unique=True) == [["a"]]


# Keys in a path.

SLASHES = {
    "a/b": "/things/a%2Fb",
    "a\\b": "/things/a%5Cb",
    "/a": "/things/%2Fa",
    "a//b": "/things/a%2F%2Fb",
    "a/...": "/things/a%2F...",
    "a%2Fb": "/things/a%252Fb",
}
OTHER_PATHS = ["a/..", "../a", "a/./b", "a\\..\\b", "./a"]


def one_by(path: str, **options: Any) -> RestResource:
    return RestResource(source="told", name="one", by={"id": Single(path, **options)})


async def echo(request: web.BaseRequest) -> web.StreamResponse:
    return web.json_response({"id": unquote(request.raw_path.rpartition("things/")[2])})


@pytest.mark.parametrize("key", SLASHES)
async def test_a_service_that_takes_slashes_encoded_is_asked_so(key: str) -> None:
    ask = Ask(Rows(one_by("/things/{key}", encoded_slashes=True), ("id",), True), Wants())
    async with telling(echo) as (source, service):
        (answer,) = await chained(source).fetch(ask, [(key,)], Operation())

    assert isinstance(answer, Found)
    assert answer.rows == ({"id": key},)
    assert service.paths == [SLASHES[key]]


@pytest.mark.parametrize(
    ("key", "encoded_slashes"),
    [
        *((key, encoded) for key in OTHER_PATHS for encoded in (True, False)),
        *((key, False) for key in SLASHES if "%" not in key),
    ],
)
async def test_a_key_that_is_another_path_is_an_error_and_not_asked_for(
    key: str, encoded_slashes: bool, caplog: pytest.LogCaptureFixture
) -> None:
    resource = one_by("/things/{key}", encoded_slashes=encoded_slashes)
    ask = Ask(Rows(resource, ("id",), True), Wants())
    async with telling(echo) as (source, service):
        (answer,) = await chained(source).fetch(ask, [(key,)], Operation())

    assert isinstance(answer, UnfitValue)
    assert "can't hold" in str(answer)
    assert service.paths == []
    # The log says why, without the key.
    assert caplog.messages[-1].startswith(
        "source 'told' was not asked for one: GET /things/{key} can't hold "
    )
    assert ("encoded_slashes=True" in caplog.messages[-1]) is not encoded_slashes


@pytest.mark.parametrize("key", ["", ".", ".."])
@pytest.mark.parametrize("encoded_slashes", [True, False])
async def test_what_is_no_part_of_a_path_finds_nothing(key: str, encoded_slashes: bool) -> None:
    ask = Ask(
        Rows(one_by("/things/{key}", encoded_slashes=encoded_slashes), ("id",), True), Wants()
    )
    async with telling(echo) as (source, service):
        (answer,) = await chained(source).fetch(ask, [(key,)], Operation())

    assert isinstance(answer, Found)
    assert (list(answer.rows), service.paths) == ([], [])  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["a/b", "..", "", "a\\b"])
async def test_a_key_in_a_query_may_be_anything(key: str) -> None:
    rows = said([{"id": key}])
    resource = RestResource(
        source="told", name="one", by={"id": Single("/things?id={key}")}, items=None
    )

    assert await found(rows, resource, "id", [key]) == [[key]]


def test_leave_for_slashes_where_none_is_needed_is_a_mistake() -> None:
    [mistake] = Single("/things?id={key}", encoded_slashes=True).mistakes()

    assert "a slash needs no leave" in mistake


@EXACT
@given(
    st.lists(
        st.sampled_from(
            ["Thu,", ",", " ", "01", "32", "Jan", "January", "0000", "9999", "99999", "68", "00:00",
             "00:00:00", "25:61:61", "::", ":", "GMT", "EST", "+0000", "-0000", "+9999", "-9999",
             "+99999999999999999999", "-", "(", "(a)", "²", "٣", "9" * 30, "-1", ".", "\x00", "é"]
        ),
        max_size=9,
    ),
    st.sampled_from(["", " "]),
)  # fmt: skip
def test_whatever_a_retry_after_says_it_is_a_time_or_none(words: list[str], between: str) -> None:
    seconds = _retry_after(between.join(words))

    assert seconds is None or seconds >= 0
