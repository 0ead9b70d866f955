"""``pageInfo``, ``first`` and ``last``, ``after`` and ``before``: every situation of a page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import Gateway
from tests.graph.truth import Truth, gid

# The shop works with five carriers: A, B, C, D and E, whatever their names.
QUERY = """
query ($first: Int, $after: String, $last: Int, $before: String) {
  carriers(first: $first, after: $after, last: $last, before: $before) {
    nodes { code }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


async def letters_of(gateway: Gateway, truth: Truth) -> dict[str, str]:
    """The cursor of each carrier, by its letter."""
    answer = await gateway.ask("{ carriers { edges { cursor node { code } } } }")
    carriers = sorted(await truth.carriers(), key=lambda carrier: str(carrier["name"]))
    edges = answer.data["carriers"]["edges"]
    assert [edge["node"]["code"] for edge in edges] == [carrier["code"] for carrier in carriers]
    return dict(zip("ABCDE", [edge["cursor"] for edge in edges], strict=True))


SITUATIONS: list[tuple[dict[str, Any], str, bool, bool]] = [
    # What is asked for, the page, whether there is a next page, and a previous one.
    ({}, "ABCDE", False, False),
    ({"first": 2}, "AB", True, False),
    ({"first": 5}, "ABCDE", False, False),
    ({"first": 100}, "ABCDE", False, False),
    ({"after": "A"}, "BCDE", False, True),
    ({"first": 2, "after": "B"}, "CD", True, True),
    ({"first": 2, "after": "C"}, "DE", False, True),
    ({"first": 2, "after": "D"}, "E", False, True),
    ({"first": 2, "after": "E"}, "", False, True),
    ({"first": 0}, "", True, False),
    ({"first": 0, "after": "C"}, "", True, True),
    ({"first": 0, "after": "E"}, "", False, True),
    ({"last": 2}, "DE", False, True),
    ({"last": 5}, "ABCDE", False, False),
    ({"last": 2, "before": "D"}, "BC", True, True),
    ({"last": 2, "before": "C"}, "AB", True, False),
    ({"last": 2, "before": "B"}, "A", True, False),
    ({"last": 2, "before": "A"}, "", True, False),
    ({"last": 0}, "", False, True),
    ({"last": 0, "before": "A"}, "", True, False),
    # Both ends: `after` and `before` cut the list, then the page is taken from what is left.
    ({"after": "A", "before": "E"}, "BCD", False, True),
    ({"first": 2, "after": "A", "before": "E"}, "BC", True, True),
    ({"first": 3, "after": "A", "before": "E"}, "BCD", False, True),
    ({"last": 2, "after": "A", "before": "E"}, "CD", True, True),
    ({"last": 3, "after": "A", "before": "E"}, "BCD", True, False),
    ({"after": "B", "before": "C"}, "", False, True),
    ({"after": "C", "before": "C"}, "", False, True),
    ({"after": "D", "before": "B"}, "", False, True),
    ({"before": "C"}, "AB", False, False),
    ({"first": 1, "before": "C"}, "A", True, False),
    ({"last": 2, "after": "C"}, "DE", False, False),
    ({"last": 1, "after": "C"}, "E", False, True),
]


@pytest.mark.parametrize(
    ("asked", "page", "next_page", "previous_page"),
    SITUATIONS,
    ids=[" ".join(f"{name}={value}" for name, value in each[0].items()) for each in SITUATIONS],
)
async def test_a_page_knows_where_it_stands(
    gateway: Gateway,
    truth: Truth,
    asked: dict[str, Any],
    page: str,
    next_page: bool,
    previous_page: bool,
) -> None:
    cursors = await letters_of(gateway, truth)
    carriers = sorted(await truth.carriers(), key=lambda carrier: str(carrier["name"]))
    codes = dict(zip("ABCDE", [carrier["code"] for carrier in carriers], strict=True))

    variables = {
        name: cursors[value] if isinstance(value, str) else value for name, value in asked.items()
    }
    answer = await gateway.ask(QUERY, variables)

    assert answer.data["carriers"] == {
        "nodes": [{"code": codes[letter]} for letter in page],
        "pageInfo": {
            "hasNextPage": next_page,
            "hasPreviousPage": previous_page,
            "startCursor": cursors[page[0]] if page else None,
            "endCursor": cursors[page[-1]] if page else None,
        },
    }
    assert answer.resources == ["shipping.carriers"]


@pytest.mark.parametrize("connection", ["orders", "products", "carriers"])
@pytest.mark.parametrize(
    ("arguments", "forward"), [("", True), ("first: 3", True), ("last: 3", False)]
)
async def test_a_page_of_nothing(
    gateway: Gateway, connection: str, arguments: str, forward: bool
) -> None:
    where = {"orders": "number", "products": "sku", "carriers": "code"}[connection]
    answer = await gateway.ask(
        f'{{ {connection}(where: {{{where}: {{eq: "none"}}}} {arguments})'
        " { nodes { id } edges { cursor } totalCount"
        " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
    )

    assert answer.data[connection] == {
        "nodes": [],
        "edges": [],
        "totalCount": 0,
        "pageInfo": {
            "hasNextPage": False,
            "hasPreviousPage": False,
            "startCursor": None,
            "endCursor": None,
        },
    }


@pytest.mark.parametrize(
    ("connection", "arguments", "between"),
    [
        ("orders", 'where: {partnerId: {eq: "globex"}}', (9, 70)),
        ("orders", "orderBy: [{field: PLACED_AT}, {field: TOTAL, direction: DESC}]", (0, 50)),
        ("categories", "", (3, 38)),
        ("categories", "orderBy: [{field: POSITION, direction: DESC}, {field: NAME}]", (10, 33)),
    ],
)
async def test_both_ends_cut_a_long_list(
    gateway: Gateway, connection: str, arguments: str, between: tuple[int, int]
) -> None:
    async def asked(more: str) -> list[dict[str, Any]]:
        answer = await gateway.ask(
            f"{{ {connection}({arguments} {more}) {{ edges {{ cursor node {{ id }} }} }} }}"
        )
        edges: list[dict[str, Any]] = answer.data[connection]["edges"]
        return edges

    whole = await asked("first: 100")
    low, high = between
    ends = f'after: "{whole[low]["cursor"]}" before: "{whole[high]["cursor"]}"'

    assert await asked(f"{ends} first: 100") == whole[low + 1 : high]
    assert await asked(f"{ends} last: 100") == whole[low + 1 : high]
    assert await asked(f"{ends} first: 7") == whole[low + 1 : low + 8]
    assert await asked(f"{ends} last: 7") == whole[high - 7 : high]


async def test_without_first_and_last_a_page_has_twenty(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "{ orders { nodes { id } } same: orders(first: 20) { nodes { id } }"
        " too: orders(first: null, last: null, after: null, before: null, where: null)"
        " { nodes { id } } }"
    )

    assert len(answer.data["orders"]["nodes"]) == 20
    assert answer.data["orders"] == answer.data["same"] == answer.data["too"]


async def test_a_page_fetches_one_row_more_than_it_shows(gateway: Gateway) -> None:
    answer = await gateway.ask("{ orders(first: 7) { nodes { id } } }")

    assert len(answer.data["orders"]["nodes"]) == 7
    assert [call["rows"] for call in answer.calls] == [8]


async def test_nodes_edges_and_page_info_share_one_fetch(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "{ orders(first: 2) { nodes { number } edges { node { total } }"
        " pageInfo { endCursor } more: edges { cursor } } }"
    )

    assert answer.resources == ["shop.orders"]
    assert answer.columns("shop.orders") == ["id", "number", "placed_at", "total"]


async def test_page_info_alone_reads_no_more_than_the_order(gateway: Gateway) -> None:
    answer = await gateway.ask("{ orders(first: 2) { pageInfo { hasNextPage endCursor } } }")

    assert answer.data["orders"]["pageInfo"]["hasNextPage"] is True
    assert answer.columns("shop.orders") == ["id", "placed_at"]


@pytest.mark.parametrize("connection", ["orders", "products", "carriers"])
@pytest.mark.parametrize(
    "arguments",
    ["first: 1, last: 1", "first: 0, last: 0", "first: -1", "last: -1", "first: 101", "last: 101"],
)
async def test_a_size_that_is_none_is_refused_before_any_call(
    gateway: Gateway, connection: str, arguments: str
) -> None:
    answer = await gateway.ask(f"{{ {connection}({arguments}) {{ nodes {{ id }} totalCount }} }}")

    assert answer.partial == {connection: None}
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.errors[0]["path"] == [connection]
    assert answer.calls == []


async def test_the_largest_page_has_a_hundred(gateway: Gateway) -> None:
    answer = await gateway.ask("{ orders(first: 100) { nodes { id } } }")
    backward = await gateway.ask("{ orders(last: 100) { nodes { id } } }")

    assert len(answer.data["orders"]["nodes"]) == 100
    assert len(backward.data["orders"]["nodes"]) == 100


async def test_a_nested_size_that_is_none_is_refused_with_its_path(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "query ($id: ID!) { customer(id: $id) { name reviews(first: 101) { nodes { id } } } }",
        {"id": gid("Customer", 1)},
    )

    assert answer.partial == {"customer": {"name": "Ada Martin", "reviews": None}}
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.errors[0]["path"] == ["customer", "reviews"]
    assert answer.resources == ["shop.customers"]
