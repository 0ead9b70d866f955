"""The gateway serves a graph that is not the shop's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from demo.stack import Addresses
from gateway.settings import Settings
from tests.client import Gateway, serving


@pytest.fixture(scope="module")
async def acme(source_settings: dict[str, dict[str, Any]]) -> AsyncIterator[Gateway]:
    settings = Settings.of(
        graph="tests.acme.graph:graph", environment="development", sources=source_settings
    )
    async with serving(settings) as gateway:
        yield gateway


async def test_its_types_reach_all_three_kinds_of_source(
    acme: Gateway, addresses: Addresses
) -> None:
    shop = await asyncpg.connect(addresses.postgres)
    ((number, total),) = await shop.fetch("select number, total from orders where id = 1")
    lines = await shop.fetch(
        "select sku, quantity from order_lines where order_id = 1 order by line_no desc"
    )
    await shop.close()

    answer = await acme.ask(
        "query ($number: String!) { invoice(number: $number) { number amount"
        " positions { quantity article { id name } } parcel { carrierCode } } }",
        {"number": number},
    )

    invoice = answer.data["invoice"]
    assert invoice["number"] == number
    assert invoice["amount"] == str(total)
    assert [each["quantity"] for each in invoice["positions"]] == [
        line["quantity"] for line in lines
    ]
    assert all(each["article"]["name"] for each in invoice["positions"])
    assert invoice["parcel"]["carrierCode"]
    assert answer.resources == [
        "catalog.products",
        "shipping.shipments",
        "shop.order_lines",
        "shop.orders",
    ]


async def test_a_renamed_column_is_read_filtered_and_sorted_by_its_own_name(
    acme: Gateway, addresses: Addresses
) -> None:
    shop = await asyncpg.connect(addresses.postgres)
    totals = await shop.fetch("select total from orders order by total desc, id desc limit 3")
    await shop.close()

    answer = await acme.ask(
        "{ invoices(first: 3, orderBy: [{field: AMOUNT, direction: DESC}]) { nodes { amount } } }"
    )

    assert answer.data["invoices"]["nodes"] == [{"amount": str(row[0])} for row in totals]
    assert answer.columns("shop.orders") == ["id", "total"]


async def test_its_objects_are_found_by_global_id(acme: Gateway) -> None:
    first = await acme.ask("{ invoices(first: 1) { nodes { id number } } }")
    (invoice,) = first.data["invoices"]["nodes"]

    again = await acme.ask(
        "query ($id: ID!) { node(id: $id) { __typename id ... on Invoice { number } } }",
        {"id": invoice["id"]},
    )

    assert again.data["node"] == {"__typename": "Invoice", **invoice}


async def test_it_has_no_name_of_the_shop(acme: Gateway) -> None:
    answer = await acme.ask("{ __schema { types { name } } }", explain=False)

    names = {each["name"] for each in answer.data["__schema"]["types"]}
    assert {"Invoice", "Position", "Article", "Parcel"} <= names
    assert not names & {"Order", "Customer", "Product", "Shipment", "Carrier"}


async def test_its_graphiql_has_no_examples_of_the_shop(acme: Gateway) -> None:
    async with acme.session.get(f"{acme.url}/graphiql/") as response:
        page = await response.text()

    assert '"examples":[]' in page.replace(" ", "")


async def test_a_batched_field_has_all_rows_at_once(acme: Gateway) -> None:
    query = "{ invoices(first: 3) { nodes { number reminder } } }"
    answer = await acme.ask(query)

    numbers = [each["number"] for each in answer.data["invoices"]["nodes"]]
    together = 3 if answer.body["extensions"]["explain"]["engine"]["name"] == "breadth" else 1
    assert [each["reminder"] for each in answer.data["invoices"]["nodes"]] == [
        f"{number} (reminder {together})" for number in numbers
    ]
    assert answer.columns("shop.orders") == ["id", "number", "total"]


async def test_an_error_of_a_batched_field_is_that_of_its_place(acme: Gateway) -> None:
    answer = await acme.ask(
        "{ invoices(last: 2) { nodes { amount reminder } } }",
    )

    assert [each["reminder"] for each in answer.partial["invoices"]["nodes"]] == [None, None]
    assert [error["path"] for error in answer.errors] == [
        ["invoices", "nodes", place, "reminder"] for place in (0, 1)
    ]
    assert set(answer.codes) == {"BAD_USER_INPUT"}
