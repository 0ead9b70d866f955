"""Cursors that are none, or not of this list: refused before any source is called."""

from __future__ import annotations

from string import ascii_letters, digits

import pytest

from tests.client import Answer, Gateway
from tests.graph.truth import gid

LETTERS = ascii_letters + digits + "-_"
"""The alphabet of cursors (base64url)."""

ORDERS = """
query ($cursor: String) { orders(first: 2, after: $cursor) { nodes { id } totalCount } }
"""


async def cursor_of(gateway: Gateway, connection: str) -> str:
    """The first cursor of a connection."""
    answer = await gateway.ask(f"{{ connection: {connection} {{ edges {{ cursor }} }} }}")
    cursor: str = answer.data["connection"]["edges"][0]["cursor"]
    return cursor


def is_refused(answer: Answer, field: str, argument: str) -> bool:
    (error,) = answer.errors
    return (
        answer.status == 200
        and answer.partial == {field: None}
        and error["path"] == [field]
        and error["extensions"] == {"code": "BAD_USER_INPUT"}
        and str(error["message"]).startswith(f"{argument} is not a cursor of this connection")
        and answer.calls == []
    )


@pytest.mark.parametrize("connection", ["orders", "products"])
async def test_a_cursor_with_any_character_changed_is_refused(
    gateway: Gateway, connection: str
) -> None:
    cursor = await cursor_of(gateway, f"{connection}(first: 1)")
    query = f"query ($c: String) {{ {connection}(first: 2, after: $c) {{ nodes {{ id }} }} }}"
    assert (await gateway.ask(query, {"c": cursor})).data

    for position, letter in enumerate(cursor):
        other = LETTERS[(LETTERS.index(letter) + 1) % len(LETTERS)]
        changed = cursor[:position] + other + cursor[position + 1 :]
        answer = await gateway.ask(query, {"c": changed})
        assert is_refused(answer, connection, "after"), position


async def test_a_cursor_of_which_a_part_is_missing_or_added_is_refused(gateway: Gateway) -> None:
    cursor = await cursor_of(gateway, "orders(first: 1)")
    variants = [
        *(cursor[:length] for length in range(0, len(cursor), 7)),
        cursor[1:],
        cursor[:-1],
        f"{cursor}=",
        f"{cursor}==",
        f"{cursor}A",
        f"{cursor}AAAA",
        f" {cursor}",
        f"{cursor}\n",
        f"{cursor[:9]} {cursor[9:]}",
        f"{cursor[:9]}!{cursor[9:]}",
        cursor.swapcase(),
        cursor + cursor,
    ]

    for variant in variants:
        answer = await gateway.ask(ORDERS, {"cursor": variant})
        assert is_refused(answer, "orders", "after"), variant


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        " ",
        "=",
        "====",
        "A",
        "garbage",
        "null",
        "0",
        "*" * 30,
        "ünïcödé",
        "日本語のカーソル",
        "\N{PILE OF POO}" * 4,
        "\x00",
        "../../etc/passwd",
        "' or 1 = 1 --",
        '{"$gt": ""}',
        gid("Order", 1),
        "A" * 100_000,
        "é" * 100_000,
    ],
    ids=lambda cursor: ascii(cursor)[:20],
)
@pytest.mark.parametrize("argument", ["after", "before"])
async def test_what_is_no_cursor_at_all_is_refused(
    gateway: Gateway, cursor: str, argument: str
) -> None:
    answer = await gateway.ask(
        f"query ($cursor: String) {{ orders({argument}: $cursor) {{ nodes {{ id }} }} }}",
        {"cursor": cursor},
    )

    assert is_refused(answer, "orders", argument)


@pytest.mark.parametrize(
    "other",
    [
        "orders(first: 1, orderBy: {field: PLACED_AT})",
        "orders(first: 1, orderBy: {field: TOTAL, direction: DESC})",
        "orders(first: 1, orderBy: [{field: PLACED_AT, direction: DESC}, {field: TOTAL}])",
        "customers(first: 1)",
        "customers(first: 1, orderBy: {field: CREATED_AT, direction: DESC})",
        "products(first: 1)",
        "products(first: 1, orderBy: {field: CREATED_AT, direction: DESC})",
        "reviews(first: 1)",
        "carriers(first: 1)",
    ],
)
@pytest.mark.parametrize("argument", ["after", "before"])
async def test_a_cursor_of_another_order_or_connection_is_refused(
    gateway: Gateway, other: str, argument: str
) -> None:
    cursor = await cursor_of(gateway, other)
    answer = await gateway.ask(
        f"query ($cursor: String) {{ orders(first: 2, {argument}: $cursor) {{ nodes {{ id }} }} }}",
        {"cursor": cursor},
    )

    assert is_refused(answer, "orders", argument)


async def test_a_cursor_is_good_for_the_same_order_with_another_filter_and_size(
    gateway: Gateway,
) -> None:
    cursor = await cursor_of(gateway, "orders(first: 1)")
    answer = await gateway.ask(
        "query ($cursor: String) {"
        " orders(first: 3, after: $cursor, where: {status: {eq: DELIVERED}}) { nodes { status } }"
        " same: orders(first: 1, after: $cursor,"
        " orderBy: {field: PLACED_AT, direction: DESC}) { nodes { id } }"
        " second: orders(first: 2) { nodes { id } } }",
        {"cursor": cursor},
    )

    assert answer.data["orders"]["nodes"] == [{"status": "DELIVERED"}] * 3
    assert answer.data["same"]["nodes"] == answer.data["second"]["nodes"][1:]


async def test_a_place_has_one_cursor_on_every_page(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "{ all: products(first: 9) { edges { cursor node { id } } }"
        " few: products(first: 2) { edges { cursor node { id } } } }"
    )
    few = answer.data["few"]["edges"]
    later = await gateway.ask(
        "query ($after: String) { products(first: 7, after: $after)"
        " { edges { cursor node { id } } } }",
        {"after": few[-1]["cursor"]},
    )

    assert answer.data["all"]["edges"] == few + later.data["products"]["edges"]


async def test_a_cursor_outlives_its_row(gateway: Gateway) -> None:
    # A cursor names a place, not a row: it needs no row there to go on from.
    query = """
    query ($after: String) { orders(first: 1, after: $after, where: {status: {eq: PENDING}}) {
      nodes { id } edges { cursor }
    } }
    """
    delivered = await cursor_of(gateway, "orders(where: {status: {eq: CANCELLED}})")
    answer = await gateway.ask(query, {"after": delivered})

    assert len(answer.data["orders"]["nodes"]) == 1


async def test_one_bad_cursor_takes_only_its_own_connection(gateway: Gateway) -> None:
    answer = await gateway.ask(
        '{ customers(first: 1) { nodes { name } } orders(after: "bad") { nodes { id } } }'
    )

    assert answer.partial["orders"] is None
    assert len(answer.partial["customers"]["nodes"]) == 1
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.resources == ["shop.customers"]
