"""Keys of every type, by every road, in every kind of source."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from demo.stack import Addresses
from gateway.testing import GraphClient
from loaders.sources import Source
from tests.graph.keyed import CASES, CHILDREN, KINDS, NAMES, Keyed, graph_of, keyed

NUMBERS = [[no for no, parent in CHILDREN if parent == place] for place in range(len(NAMES))]


@pytest.fixture(scope="module")
async def sources(addresses: Addresses) -> AsyncIterator[Sequence[Source]]:
    async with keyed(addresses) as sources:
        yield sources


@pytest.fixture(params=CASES, ids="-".join)
def of(request: pytest.FixtureRequest, sources: Sequence[Source]) -> Keyed:
    source, kind = request.param
    return Keyed(GraphClient(graph_of(source, kind), sources), source, KINDS[kind])


def named(nodes: list[Any]) -> list[str]:
    return [each["name"] for each in nodes]


def numbers(nodes: list[Any]) -> list[int]:
    return [each["no"] for each in nodes]


async def test_one(of: Keyed) -> None:
    data = await of.ask("{ orphans { nodes { no parent { name } coded { name } } } }")

    for (no, place), each in zip(CHILDREN, data["orphans"]["nodes"], strict=True):
        by_key = None if place is None else {"name": NAMES[place]}
        by_code = None if place is None else {"name": NAMES[-1 - place]}
        assert each == {"no": no, "parent": by_key, "coded": by_code}


async def test_many(of: Keyed) -> None:
    data = await of.ask("{ parents { nodes { name children { no } } } }")

    assert named(data["parents"]["nodes"]) == list(NAMES)
    assert [numbers(each["children"]) for each in data["parents"]["nodes"]] == NUMBERS


async def test_connection(of: Keyed) -> None:
    data = await of.ask(
        "{ parents { nodes { page(first: 2) {"
        " totalCount nodes { no } pageInfo { endCursor } } } } }"
    )

    pages = [each["page"] for each in data["parents"]["nodes"]]
    assert [numbers(page["nodes"]) for page in pages] == [every[:2] for every in NUMBERS]
    assert [page["totalCount"] for page in pages] == list(map(len, NUMBERS))
    after = await of.ask(
        "query ($cursor: String!) { parents(first: 1) { nodes {"
        " page(first: 2, after: $cursor) { totalCount nodes { no } } } } }",
        cursor=pages[0]["pageInfo"]["endCursor"],
    )
    (first,) = after["parents"]["nodes"]
    assert first == {"page": {"totalCount": 3, "nodes": [{"no": 5}]}}


async def test_aggregates(of: Keyed) -> None:
    data = await of.ask("{ parents { nodes { count last } } }")

    assert data["parents"]["nodes"] == [
        {"count": len(every), "last": max(every, default=None)} for every in NUMBERS
    ]


async def test_what_leaves_together(of: Keyed) -> None:
    data = await of.ask(
        "{ parents { nodes { children { no } page(last: 1) { totalCount nodes { no } } last } } }"
    )

    assert data["parents"]["nodes"] == [
        {
            "children": [{"no": no} for no in every],
            "page": {"totalCount": len(every), "nodes": [{"no": no} for no in every[-1:]]},
            "last": max(every, default=None),
        }
        for every in NUMBERS
    ]


@pytest.mark.parametrize("root", ["parents", "backward"])
async def test_a_walk_in_the_order_of_keys(of: Keyed, root: str) -> None:
    seen: list[str] = []
    cursor = None
    for _ in NAMES:
        data = await of.ask(
            f"query ($cursor: String) {{ {root}(first: 1, after: $cursor) {{"
            " nodes { name } pageInfo { endCursor hasNextPage } } }",
            cursor=cursor,
        )
        seen += named(data[root]["nodes"])
        cursor = data[root]["pageInfo"]["endCursor"]

    assert data[root]["pageInfo"]["hasNextPage"] is False
    assert seen == list(NAMES if root == "parents" else NAMES[::-1])
    data = await of.ask(
        f"query ($cursor: String) {{ {root}(last: 9, before: $cursor) {{ nodes {{ name }} }} }}",
        cursor=cursor,
    )
    assert named(data[root]["nodes"]) == seen[:-1]


async def test_ids(of: Keyed) -> None:
    data = await of.ask("{ parents { nodes { id } } }")
    ids = [each["id"] for each in data["parents"]["nodes"]]

    again = await of.ask(
        "query ($ids: [ID!]!, $id: ID!, $other: ID!) {"
        " nodes(ids: $ids) { id ... on Parent { name } }"
        " node(id: $id) { id ... on Parent { name } } parent(id: $other) { name children { no } }"
        " parents(where: {id: {in: $ids}}) { nodes { name } } }",
        ids=ids[::-1],
        id=ids[1],
        other=ids[0],
    )

    listed = [{"id": id, "name": name} for id, name in zip(ids, NAMES, strict=True)]
    assert again["nodes"] == listed[::-1]
    assert again["node"] == listed[1]
    assert again["parent"] == {"name": NAMES[0], "children": [{"no": no} for no in NUMBERS[0]]}
    assert named(again["parents"]["nodes"]) == list(NAMES)


SHOWN = [case for case in CASES if KINDS[case[1]].shown is not None]


@pytest.mark.parametrize("of", SHOWN, ids="-".join, indirect=True)
async def test_a_lookup_by_another_column(of: Keyed) -> None:
    data = await of.ask(
        '{ parents { nodes { name code } } __type(name: "Query") { fields {'
        " name args { name type { name } } } } }"
    )
    (lookup,) = [each for each in data["__type"]["fields"] if each["name"] == "parent"]
    (scalar,) = [each["type"]["name"] for each in lookup["args"] if each["name"] == "code"]

    for each in data["parents"]["nodes"]:
        found = await of.ask(
            f"query ($code: {scalar}) {{ parent(code: $code) {{ name }} }}", code=each["code"]
        )

        assert found == {"parent": {"name": each["name"]}}
