"""An object of a service that can't be read costs its own place, and no other."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from tests.graph.told import told

WITHOUT_KEY = {
    "half a character": rb'{"id":"\ud800","of":0,"it":1}',
    "beyond numbers": b'{"id":1e400,"of":0,"it":1}',
    "null": b'{"id":null,"of":0,"it":1}',
    "missing": b'{"of":0,"it":1}',
    "a flag": b'{"id":true,"of":0,"it":1}',
    "a list": b'{"id":["1"],"of":0,"it":1}',
    "an object": b'{"id":{"id":"1"},"of":0,"it":1}',
}
"""Objects whose key can't be read, or is none."""

NO_OBJECTS = {
    "a number": b"5",
    "a text": b'"1"',
    "nothing": b"null",
    "a list of one": b'[{"id":"1"}]',
    "half a text": rb'"\ud800"',
}

BAD = {"code": "UPSTREAM_BAD_RESPONSE", "source": "told"}


@pytest.fixture(params=EXECUTORS)
def settings(request: pytest.FixtureRequest) -> Settings:
    return Settings.of(environment="development", engine=request.param)


def paths(response: Any) -> list[list[Any]]:
    assert all(error["extensions"] == BAD for error in response.errors), response.errors
    return [error["path"] for error in response.errors]


@pytest.mark.parametrize("row", WITHOUT_KEY)
async def test_an_object_without_a_key_has_the_rest_and_no_id(settings: Settings, row: str) -> None:
    body = b'{"items":[%s,{"id":"2","of":0,"it":2}]}' % WITHOUT_KEY[row]
    query = "{ things { totalCount nodes { it } edges { node { it } } } }"
    async with told(body, settings=settings) as (client, _):
        response = await client.execute(query)
        first = await client.execute("{ things(first: 1) { edges { cursor node { it id } } } }")
        last = await client.execute("{ things(last: 1) { nodes { it } } }")
        ids = await client.execute("{ things { nodes { id } } }")

    rows = [{"it": 2}, {"it": 1}]
    if row == "beyond numbers":
        # It can be read, and sorts.
        rows.reverse()
    assert response.errors == []
    assert response.data["things"] == {
        "totalCount": 2,
        "nodes": rows,
        "edges": [{"node": each} for each in rows],
    }
    assert last.data == {"things": {"nodes": rows[1:]}}
    if row != "beyond numbers":
        assert [first.errors, first.data["things"]["edges"][0]["node"]["it"]] == [[], 2]
        assert paths(ids) == [["things", "nodes", 1, "id"]]


@pytest.mark.parametrize("row", NO_OBJECTS)
async def test_what_is_no_object_is_an_error_of_each_of_its_fields(
    settings: Settings, row: str
) -> None:
    body = b'{"items":[%s,{"id":"2","it":2}]}' % NO_OBJECTS[row]
    query = "{ things { totalCount edges { node { it } } nodes { code } } }"
    async with told(body, settings=settings) as (client, _):
        response = await client.execute(query)

    assert response.data["things"] == {
        "totalCount": 2,
        "edges": [{"node": {"it": 2}}, {"node": {"it": None}}],
        "nodes": [{"code": None}, {"code": None}],
    }
    assert sorted(paths(response)) == [
        ["things", "edges", 1, "node", "it"],
        ["things", "nodes", 1, "code"],
    ]


async def test_a_name_with_half_a_character_costs_nothing(settings: Settings) -> None:
    body = rb'{"\udc00":0,"items":[{"id":"1","it":{"\ud800":1}},{"id":"2","\ud800":1,"it":2}]}'
    async with told(body, settings=settings) as (client, _):
        response = await client.execute("{ things { nodes { it } } }")

    assert response.data == {"things": {"nodes": [{"it": None}, {"it": 2}]}}
    assert paths(response) == [["things", "nodes", 0, "it"]]


@pytest.mark.parametrize("row", [*WITHOUT_KEY.values(), *NO_OBJECTS.values()], ids=repr)
async def test_a_key_without_a_row_may_be_that_of_an_object_without_one(
    settings: Settings, row: bytes
) -> None:
    body = b'{"items":[%s,{"id":"2","it":2}]}' % row
    async with told(body, refs=["2", "3"], settings=settings) as (client, _):
        response = await client.execute("{ rows { nodes { thing { it } } } }")

    assert response.data["rows"]["nodes"] == [{"thing": {"it": 2}}, {"thing": None}]
    assert paths(response) == [["rows", "nodes", 1, "thing"]]


@pytest.mark.parametrize("row", WITHOUT_KEY)
async def test_lists_have_an_object_without_a_key(settings: Settings, row: str) -> None:
    query = "{ rows { nodes { things { it } page { nodes { it } } } } }"
    body = b'{"items":[%s,{"id":"2","of":0,"it":2}]}' % WITHOUT_KEY[row]
    async with told(body, refs=["2"], settings=settings) as (client, _):
        response = await client.execute(query)

    page = [{"it": 2}, {"it": 1}]
    assert response.errors == []
    assert response.data["rows"]["nodes"] == [
        {
            "things": [{"it": 1}, {"it": 2}],
            "page": {"nodes": page[::-1] if row == "beyond numbers" else page},
        }
    ]


async def test_lists_may_lack_an_object_of_which_it_is_not_told_whose_it_is(
    settings: Settings,
) -> None:
    body = rb'{"items":[{"id":"1","of":"\ud800","it":1},{"id":"2","of":0,"it":2}]}'
    async with told(body, refs=["2", "3"], settings=settings) as (client, _):
        response = await client.execute("{ rows { nodes { things { it } } } }")

    assert response.data["rows"]["nodes"] == [{"things": None}, {"things": None}]
    assert paths(response) == [["rows", "nodes", 0, "things"], ["rows", "nodes", 1, "things"]]


async def test_pages_end_where_a_row_has_no_place(settings: Settings) -> None:
    body = rb'{"items":[{"id":"\ud800"},{"id":"a"},{"id":"\ud801"},{"id":"b"}]}'
    query = "query ($after: String) { things(first: 3, after: $after) { nodes { code } pageInfo"
    query += " { hasNextPage endCursor } } }"
    async with told(body, settings=settings) as (client, _):
        two = await client.execute(query.replace("3", "2", 1))
        after = two.data["things"]["pageInfo"]["endCursor"]
        three = await client.execute(query)
        rest = await client.execute(query, {"after": after})

    info = {"hasNextPage": True, "endCursor": None}
    assert three.data["things"] == {"nodes": [{"code": None}] * 3, "pageInfo": info}
    assert paths(three) == [["things", "pageInfo", "endCursor"]]
    assert rest.data["things"] == {
        "nodes": [{"code": None}] * 2,
        "pageInfo": {**info, "hasNextPage": False},
    }
