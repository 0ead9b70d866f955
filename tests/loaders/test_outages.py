"""A source that is down takes its own part of a response, and gives it back when it is up."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import dataclass
from typing import Any

import aiohttp
import asyncpg
import orjson
import pytest
from pymongo import MongoClient

from demo.stack import Addresses, DemoStack, Source
from gateway.settings import Settings
from tests.bad_servers import unused_port
from tests.client import Answer, Gateway, serving
from tests.graph.truth import Document, Truth
from tests.identities import auth, headers
from tests.places import explained, field_at, paths_of

PAGE = """
{
  orders(first: 50) {
    nodes {
      number
      customer { name }
      lines { lineNo product { name category { name } stock { warehouse } } }
      shipment { status trackingNumber }
    }
  }
  products(first: 3) { nodes { sku stock { warehouse } } }
  carriers { nodes { code } }
}
"""

LOST = {
    "shop": {"orders.nodes"},
    "catalog": {"orders.nodes.@.lines.@.product", "products.nodes"},
    "inventory": {"orders.nodes.@.lines.@.product.stock", "products.nodes.@.stock"},
    "shipping": {"orders.nodes.@.shipment", "carriers.nodes"},
}
"""The fields of the page that fail with each source."""


@pytest.fixture(scope="module")
async def whole(addresses: Addresses) -> Any:
    """What the sources hold for the page. None of it changes when one starts anew."""
    shop = await asyncpg.connect(addresses.postgres)
    client: MongoClient[Document] = MongoClient(addresses.mongo)
    async with aiohttp.ClientSession() as session:
        catalog = client[addresses.mongo_database]
        page = await _page(Truth(shop, catalog, session, addresses.inventory, addresses.shipping))
    client.close()
    await shop.close()
    return page


async def _page(truth: Truth) -> Any:
    rows = await truth.rows(
        "select o.id, o.number, c.name from orders o join customers c on c.id = o.customer_id "
        "order by o.placed_at desc, o.id desc limit 50"
    )
    lines = await truth.rows(
        "select order_id, line_no, sku from order_lines where order_id = any($1) order by line_no",
        [row["id"] for row in rows],
    )
    first = truth.documents("products", sort=[("name", 1), ("_id", 1)], limit=3)
    skus = [line["sku"] for line in lines]
    products = {each["sku"]: each for each in truth.documents("products", {"sku": {"$in": skus}})}
    categories = truth.by_id("categories")
    counted = await truth.stock([*skus, *(each["sku"] for each in first)])

    def stock(sku: str) -> Any:
        return {"warehouse": counted[sku]["warehouse"]} if sku in counted else None

    def product(sku: str) -> Any:
        if sku not in products:
            return None
        category = categories[products[sku]["category_id"]]
        name = products[sku]["name"]
        return {"name": name, "category": {"name": category["name"]}, "stock": stock(sku)}

    async def shipment(order: int) -> Any:
        found = await truth.shipment(order)
        return found and {"status": found["status"], "trackingNumber": found["tracking_number"]}

    orders = [
        {
            "number": row["number"],
            "customer": {"name": row["name"]},
            "lines": [
                {"lineNo": line["line_no"], "product": product(line["sku"])}
                for line in lines
                if line["order_id"] == row["id"]
            ],
            "shipment": await shipment(row["id"]),
        }
        for row in rows
    ]
    carriers = sorted(await truth.carriers(), key=lambda each: (each["name"], each["code"]))
    return {
        "orders": {"nodes": orders},
        "products": {
            "nodes": [{"sku": each["sku"], "stock": stock(each["sku"])} for each in first]
        },
        "carriers": {"nodes": [{"code": each["code"]} for each in carriers]},
    }


def without(whole: Any, source: str) -> Any:
    """The page when a source is down: its fields are null, all others stand."""
    page = copy.deepcopy(whole)
    for lost in LOST[source]:
        *way, name = lost.split(".")
        if name == "nodes":
            page[way[0]] = None  # An object of the list can't be null, so the connection is.
        else:
            for parent in parents(page, way):
                parent[name] = None
    return page


def parents(page: Any, way: list[str]) -> list[Any]:
    """The objects that are there at the end of a way through the page."""
    found = [page]
    for step in way:
        below = [each if step == "@" else each[step] for each in found]
        found = [inner for each in below for inner in each] if step == "@" else below
        found = [each for each in found if each is not None]
    return found


@dataclass(frozen=True)
class Outage:
    """What a gateway said while a source was down, and when it was up again.

    ``newcomer`` is what a gateway says that was started in the meantime.
    """

    source: str
    during: Answer
    ready: tuple[int, Any]
    alive: tuple[int, Any]
    newcomer: Answer
    after: Answer


async def get(gateway: Gateway, path: str) -> tuple[int, Any]:
    async with gateway.session.get(gateway.url + path) as response:
        return response.status, orjson.loads(await response.read())


async def asked_again(gateway: Gateway) -> Answer:
    """What the gateway says once it doesn't leave the source alone any more. Its first call goes
    alone, so of a fan-out the others are not there yet."""
    for _ in range(100):
        answer = await gateway.ask(PAGE)
        if not answer.errors:
            break
        await asyncio.sleep(0.05)
    return answer


def impatient(source_settings: dict[str, dict[str, Any]], source: str) -> Settings:
    """Settings for an outage of the source."""
    of_any_kind = {"breaker": {"open_seconds": 0.2}}
    sources = {name: {**each, **of_any_kind} for name, each in source_settings.items()}
    if source == "catalog":
        # The driver of MongoDB waits this long for a server that refuses connections to be back.
        sources["catalog"] = {**sources["catalog"], "timeout": 3.0}
    return Settings.of(environment="development", sources=sources, auth=auth())


@pytest.fixture(scope="module", params=["shop", "catalog", "inventory", "shipping"])
async def outage(
    request: pytest.FixtureRequest,
    stack: DemoStack,
    source_settings: dict[str, dict[str, Any]],
) -> Outage:
    source: Source = request.param
    settings = impatient(source_settings, source)
    async with serving(settings, headers("staff")) as gateway:
        await gateway.ask(PAGE)  # So that there are connections to break.
        await asyncio.to_thread(stack.stop_source, source)
        try:
            during = await gateway.ask(PAGE)
            ready, alive = await get(gateway, "/readyz"), await get(gateway, "/healthz")
            async with serving(settings, headers("staff")) as other:
                newcomer = await other.ask(PAGE)
        finally:
            await asyncio.to_thread(stack.start_source, source)
        after = await asked_again(gateway)
    return Outage(source, during, ready, alive, newcomer, after)


def field_of(error: dict[str, Any]) -> str:
    return ".".join(field_at(error["path"]))


def test_only_the_part_of_the_source_that_is_down_is_missing(outage: Outage, whole: Any) -> None:
    assert outage.during.status == 200
    assert outage.during.partial == without(whole, outage.source)


def test_every_error_names_the_source_that_is_down(outage: Outage) -> None:
    assert {field_of(error) for error in outage.during.errors} == LOST[outage.source]
    assert {
        (error["extensions"]["code"], error["extensions"]["source"])
        for error in outage.during.errors
    } == {("UPSTREAM_UNAVAILABLE", outage.source)}


def test_a_field_that_fails_everywhere_has_an_error_in_each_place(outage: Outage) -> None:
    said = explained(outage.during.partial, paths_of(outage.during.errors))

    for lost in LOST[outage.source]:
        *way, name = lost.split(".")
        count = 1 if name == "nodes" else len(parents(outage.during.partial, way))
        assert [field_at(path) for path in said.values()].count(tuple(lost.split("."))) == count
    assert {error["message"] for error in outage.during.errors} == {
        f"The source '{outage.source}' is unavailable."
    }


def test_the_gateway_says_which_source_is_down_and_stays_alive(outage: Outage) -> None:
    states = dict.fromkeys(("shop", "catalog", "inventory", "shipping"), "up")

    assert outage.alive == (200, {"status": "alive"})
    assert outage.ready == (
        200,
        {"status": "ready", "sources": {**states, outage.source: "down"}},
    )


def test_a_gateway_starts_while_a_source_is_down(outage: Outage, whole: Any) -> None:
    assert outage.newcomer.partial == without(whole, outage.source)


def test_the_same_gateway_answers_fully_when_the_source_is_back(outage: Outage, whole: Any) -> None:
    assert outage.after.data == whole


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("shop", {"kind": "postgres", "url": "postgresql://nobody@127.0.0.1:{port}/shop"}),
        ("catalog", {"kind": "mongo", "url": "mongodb://127.0.0.1:{port}", "database": "catalog"}),
        ("inventory", {"kind": "rest", "url": "http://127.0.0.1:{port}"}),
        ("shipping", {"kind": "rest", "url": "http://127.0.0.1:{port}/base"}),
    ],
)
async def test_an_address_where_nobody_listens_is_a_source_that_is_down(
    source: str,
    address: dict[str, Any],
    source_settings: dict[str, dict[str, Any]],
    whole: Any,
) -> None:
    refusing = {**address, "url": address["url"].format(port=unused_port())}
    if source == "catalog":
        refusing["timeout"] = 0.6
    sources = {**source_settings, source: refusing}

    async with serving(
        Settings.of(environment="development", sources=sources, auth=auth()), headers("staff")
    ) as gateway:
        answer = await gateway.ask(PAGE)

    assert answer.partial == without(whole, source)
    assert set(answer.codes) == {"UPSTREAM_UNAVAILABLE"}
