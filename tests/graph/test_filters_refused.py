"""Filters that can't be: refused with a code, and before any call where the gateway can tell."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from tests.client import Gateway
from tests.graph.truth import gid

NULL = "null can't be compared. Leave it out, or use isNull."
WHERE = "query ($where: OrderFilter) { orders(where: $where) { nodes { id } totalCount } }"


def nested(levels: int, by: str) -> dict[str, Any]:
    """A filter with so many levels below the first."""
    where: dict[str, Any] = {"status": {"eq": "PAID"}}
    for _ in range(levels):
        where = {by: where if by == "not" else [where]}
    return where


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ({"status": {"eq": None}}, "where.status.eq"),
        ({"partnerId": {"ne": None}}, "where.partnerId.ne"),
        ({"partnerId": {"in": None}}, "where.partnerId.in"),
        ({"partnerId": {"notIn": None}}, "where.partnerId.notIn"),
        ({"partnerId": {"isNull": None}}, "where.partnerId.isNull"),
        ({"partnerId": {"contains": None}}, "where.partnerId.contains"),
        ({"partnerId": {"startsWith": None}}, "where.partnerId.startsWith"),
        ({"total": {"gt": None}}, "where.total.gt"),
        ({"placedAt": {"gte": None}}, "where.placedAt.gte"),
        ({"placedAt": {"lt": None}}, "where.placedAt.lt"),
        ({"id": {"eq": None}}, "where.id.eq"),
        ({"customerId": {"lte": None, "eq": None}}, None),
        ({"customerId": {"ne": None}}, "where.customerId.ne"),
        ({"partnerId": {"eq": "globex", "ne": None}}, "where.partnerId.ne"),
        ({"and": [{}, {"partnerId": {"eq": None}}]}, "where.and.partnerId.eq"),
        ({"or": [{"not": {"partnerId": {"eq": None}}}]}, "where.or.not.partnerId.eq"),
    ],
    ids=str,
)
async def test_nothing_is_compared_with_null(
    gateway: Gateway, where: dict[str, Any], place: str | None
) -> None:
    answer = await gateway.ask(WHERE, {"where": where})

    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.calls == []
    if place is not None:
        assert answer.partial == {"orders": None}
        assert answer.errors[0]["message"] == f"{place}: {NULL}"
        assert answer.errors[0]["path"] == ["orders"]


async def test_null_in_a_literal_and_by_a_variable_are_the_same(gateway: Gateway) -> None:
    literal = await gateway.ask("{ orders(where: {status: {eq: null}}) { nodes { id } } }")
    variable = await gateway.ask(
        "query ($s: OrderStatus) { orders(where: {status: {eq: $s}}) { nodes { id } } }",
        {"s": None},
    )

    assert literal.errors[0]["message"] == variable.errors[0]["message"]
    assert literal.codes == variable.codes == ["BAD_USER_INPUT"]
    assert literal.calls == variable.calls == []


@pytest.mark.parametrize(
    "where",
    [
        None,
        {},
        {"status": None},
        {"and": None, "or": None, "not": None},
        {"customerId": None, "id": None},
    ],
    ids=str,
)
async def test_a_whole_condition_that_is_null_is_not_there(
    gateway: Gateway, where: dict[str, Any] | None
) -> None:
    answer = await gateway.ask(WHERE, {"where": where})
    everything = await gateway.ask("{ orders { nodes { id } totalCount } }")

    assert answer.data == everything.data


async def test_a_variable_that_is_left_out_is_a_condition_left_out(gateway: Gateway) -> None:
    answer = await gateway.ask(
        "query ($status: OrderStatus, $no: String, $where: OrderFilter) {"
        " orders(where: {status: {eq: $status}, number: {eq: $no}}) { totalCount }"
        " same: orders(where: $where) { totalCount } all: orders { totalCount } }",
        {"status": "PAID"},
    )
    paid = await gateway.ask("{ orders(where: {status: {eq: PAID}}) { totalCount } }")

    assert answer.data["orders"] == paid.data["orders"]
    assert answer.data["same"] == answer.data["all"]


@pytest.mark.parametrize("value", [{"$ne": 1}, {"$gt": ""}, ["a"], 5, True])
async def test_a_value_of_another_shape_never_reaches_a_source(
    gateway: Gateway, value: object
) -> None:
    for connection, name, column in (
        ("orders", "OrderFilter", "number"),
        ("products", "ProductFilter", "sku"),
        ("carriers", "CarrierFilter", "code"),
    ):
        answer = await gateway.ask(
            f"query ($w: {name}) {{ {connection}(where: $w) {{ totalCount }} }}",
            {"w": {column: {"eq": value}}},
        )
        assert answer.codes == ["BAD_USER_INPUT"]
        assert answer.calls == []


CUSTOMER, ORDER = gid("Customer", 1), gid("Order", 1)
NO_KEYS = ["one", "", "01", " 1", "1_0", "1.0", "\u0661", 2**63, "9" * 200, "1:2"]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"id": {"eq": CUSTOMER}}, f"'{CUSTOMER}' is not an id of type Order."),
        (
            {"id": {"in": [ORDER, gid("Product", "a" * 24)]}},
            f"'{gid('Product', 'a' * 24)}' is not an id of type Order.",
        ),
        ({"customerId": {"eq": ORDER}}, f"'{ORDER}' is not an id of type Customer."),
        (
            {"not": {"customerId": {"notIn": [ORDER]}}},
            f"'{ORDER}' is not an id of type Customer.",
        ),
        ({"id": {"ne": gid("Nothing", 1)}}, f"'{gid('Nothing', 1)}' is not an id of this graph."),
        *(
            (
                {"id": {"eq": gid("Order", key)}},
                f"'{gid('Order', key)}' is not an id of this graph.",
            )
            for key in NO_KEYS
        ),
    ],
)
async def test_an_id_of_another_type_or_of_nothing_is_refused(
    gateway: Gateway, where: dict[str, Any], message: str
) -> None:
    answer = await gateway.ask(WHERE, {"where": where})

    assert answer.partial == {"orders": None}
    assert [error["message"] for error in answer.errors] == [message]
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.calls == []


@pytest.mark.parametrize(
    "key", ["", "x", "A" * 24, "a" * 23, "a" * 25, "a" * 12, "\x00" * 12, "{}"], ids=ascii
)
async def test_an_id_that_is_no_object_id_is_refused(gateway: Gateway, key: str) -> None:
    for column, type_name in (("id", "Product"), ("categoryId", "Category")):
        answer = await gateway.ask(
            "query ($where: ProductFilter) { products(where: $where) { nodes { id } } }",
            {"where": {column: {"in": [gid(type_name, key)]}}},
        )
        assert answer.partial == {"products": None}
        assert answer.codes == ["BAD_USER_INPUT"]
        assert answer.calls == []


@pytest.mark.parametrize(
    "id_",
    ["", "1", 1, "zzz", "not base64 !", "T3JkZXI6MQ", b64encode(b"Order").decode(), "//4=", "é"],
)
async def test_what_is_no_global_id_is_refused(gateway: Gateway, id_: object) -> None:
    answer = await gateway.ask(WHERE, {"where": {"id": {"eq": id_}}})

    assert answer.partial is None or answer.partial == {"orders": None}
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.calls == []


async def test_the_most_values_there_may_be(gateway: Gateway) -> None:
    many = [f"SO-{n}" for n in range(999)]
    enough = await gateway.ask(WHERE, {"where": {"number": {"in": [*many, "SO-2024-000001"]}}})
    too_many = await gateway.ask(
        WHERE,
        {"where": {"number": {"in": many}, "status": {"eq": "PAID"}, "total": {"gt": 1}}},
    )

    assert enough.data["orders"] == {"nodes": [{"id": gid("Order", 1)}], "totalCount": 1}
    assert too_many.partial == {"orders": None}
    assert too_many.codes == ["BAD_USER_INPUT"]
    assert too_many.errors[0]["message"].endswith("more than 1000 values.")
    assert too_many.calls == []


async def test_values_are_counted_over_the_whole_filter(gateway: Gateway) -> None:
    half = {"number": {"in": ["SO-1"] * 501}}
    answer = await gateway.ask(WHERE, {"where": {"or": [half, {"not": half}]}})

    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.calls == []


@pytest.mark.parametrize("by", ["and", "or", "not"])
async def test_the_deepest_a_filter_may_nest(gateway: Gateway, by: str) -> None:
    deepest = await gateway.ask(WHERE, {"where": nested(9, by)})
    deeper = await gateway.ask(WHERE, {"where": nested(10, by)})
    abyss = await gateway.ask(WHERE, {"where": nested(100, by)})

    assert deepest.data["orders"]["totalCount"] > 0
    for answer in (deeper, abyss):
        assert answer.codes == ["BAD_USER_INPUT"]
        assert answer.calls == []
    assert deeper.partial == {"orders": None}
    assert deeper.errors[0]["message"].endswith("and, or and not nest deeper than 10 levels.")


async def test_the_most_fields_to_sort_by(gateway: Gateway) -> None:
    query = "query ($by: [OrderSort!]) { orders(orderBy: $by, first: 1) { nodes { id } } }"
    enough = await gateway.ask(query, {"by": [{"field": "TOTAL"}] * 20})
    too_many = await gateway.ask(query, {"by": [{"field": "TOTAL"}] * 21})

    assert len(enough.data["orders"]["nodes"]) == 1
    assert too_many.partial == {"orders": None}
    assert too_many.codes == ["BAD_USER_INPUT"]
    assert too_many.errors[0]["message"] == "orderBy: more than 20 fields to sort by."
    assert too_many.calls == []


@pytest.mark.parametrize("empty", [{}, {"or": []}, {"status": {}}], ids=str)
async def test_the_most_filters_there_may_be(gateway: Gateway, empty: dict[str, Any]) -> None:
    # Conditions that compare nothing cost their statement just as much.
    enough = await gateway.ask(WHERE, {"where": {"or": [{}, *[empty] * 998]}})
    too_many = await gateway.ask(WHERE, {"where": {"or": [empty] * 1000}})
    far_too_many = await gateway.ask(WHERE, {"where": {"or": [{"or": [empty] * 100}] * 20}})

    assert enough.data["orders"]["totalCount"] > 0
    for answer in (too_many, far_too_many):
        assert answer.partial == {"orders": None}
        assert answer.codes == ["BAD_USER_INPUT"]
        assert answer.calls == []


@pytest.mark.parametrize(
    "number",
    ["1e131072", "-1e200000", "1e999999999", "9" * 200_000, "1e-7000"],
    ids=lambda number: str(number)[:12],
)
async def test_a_number_of_no_size_for_a_database_is_refused(gateway: Gateway, number: str) -> None:
    # asyncpg makes a small number of some of these without a word.
    for connection, column in (("orders", "total"), ("products", "price")):
        answer = await gateway.ask(
            f"query ($n: Decimal) {{ {connection}(where: {{{column}: {{gt: $n}}}})"
            " { totalCount } }",
            {"n": number},
        )
        assert answer.codes == ["BAD_USER_INPUT"]
        assert answer.calls == []


@pytest.mark.parametrize(
    ("connection", "where"),
    [
        ("orders", {"number": {"contains": "\x00"}}),
        ("products", {"createdAt": {"gt": "0001-01-01T00:00:00+14:00"}}),
    ],
)
async def test_a_value_that_its_column_can_not_hold_is_the_clients_error(
    gateway: Gateway, connection: str, where: dict[str, Any]
) -> None:
    type_name = {"orders": "OrderFilter", "products": "ProductFilter"}[connection]
    answer = await gateway.ask(
        f"query ($w: {type_name}) {{ {connection}(where: $w) {{ nodes {{ id }} }} }}", {"w": where}
    )

    assert answer.partial == {connection: None}
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.errors[0]["path"][0] == connection


@pytest.mark.parametrize(
    "where",
    [
        'total: {gt: "NaN"}',
        'total: {gt: "Infinity"}',
        'total: {gt: "many"}',
        'placedAt: {gt: "yesterday"}',
        'placedAt: {gt: "2026-01-01"}',
        'placedAt: {gt: "2026-01-01T00:00:00"}',
        "status: {eq: NOPE}",
        'status: {eq: "PAID"}',
        "status: {gt: PAID}",
        "number: {gt: 1}",
        "number: {eq: 1}",
        'number: {like: "%"}',
        "partnerId: {in: [null]}",
        "or: [null]",
        'internalNote: {eq: "x"}',
        "shipment: {}",
    ],
)
async def test_a_literal_that_does_not_fit_fails_validation(gateway: Gateway, where: str) -> None:
    answer = await gateway.ask(f"{{ orders(where: {{{where}}}) {{ totalCount }} }}")

    assert set(answer.codes) == {"GRAPHQL_VALIDATION_FAILED"}
    assert "data" not in answer.body
    assert answer.body.get("extensions", {}).get("explain", {}).get("calls", []) == []
