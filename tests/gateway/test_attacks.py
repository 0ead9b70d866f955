"""Injection through every argument of the schema: whatever a client writes is a value."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import orjson
import pytest
from graphql import GraphQLObjectType
from pymongo import MongoClient

from demo.stack import Addresses
from loaders.query import Order
from resolvers.cursors import Cursors, _text
from schema.types.order import orders_table
from schema.types.product import products_collection
from schema.types.shipment import carriers_api
from tests.client import Answer, Gateway
from tests.gateway.places import LOOKUPS, Place, graphql_schema, places

PLACES = list(places())
ARGUMENTS = list(dict.fromkeys(place.coordinate for place in PLACES))

TEXTS = [
    "' or 1=1 --",
    "'; drop table orders; --",
    '"; drop table "orders"; --',
    "') union select email from customers --",
    "1; select pg_sleep(60)",
    "$1",
    "$$ || version() || $$",
    "\\'; drop table orders; --",
    "%",
    "_%",
    "\\",
    "*/ drop table orders /*",
    '{"$gt": ""}',
    '{"$where": "sleep(60000)"}',
    "$where",
    "../../../../etc/passwd",
    "%2e%2e%2fcarriers",
    "x\r\nHost: evil.example\r\n\r\nGET / HTTP/1.1",
    "\U0001f600\u202e\ufeff",
    "a\0b",
]
"""None of them is anywhere in the data."""

DOCUMENTS: list[Any] = [{"$ne": None}, {"$gt": ""}, {"$where": "sleep(60000)"}]

LONG = "x" * 100_000

INTERNALS = re.compile(
    r"Traceback|site-packages|\.py\b|asyncpg|pymongo|motor|aiohttp|graphql-core|strawberry"
    r"|Error\(|<class| object at 0x|\bselect \"|\$match|127\.0\.0\.1"
)
"""What no message may have in it."""

EXACT = {"eq", "in", "contains", "startsWith"}
"""The operators by which the payloads find nothing."""


@pytest.fixture(scope="module", autouse=True)
async def unharmed(addresses: Addresses) -> AsyncIterator[None]:
    """All tables and collections are there afterwards, with as many rows as before."""
    before = await _sizes(addresses)
    assert before["orders"] > 0
    assert before["products"] > 0
    yield
    assert await _sizes(addresses) == before


async def _sizes(addresses: Addresses) -> dict[str, int]:
    connection = await asyncpg.connect(addresses.postgres)
    names = [
        row["tablename"]
        for row in await connection.fetch(
            "select tablename from pg_tables where schemaname = 'public'"
        )
    ]
    sizes = {name: await connection.fetchval(f'select count(*) from "{name}"') for name in names}
    await connection.close()
    client: MongoClient[dict[str, Any]] = MongoClient(addresses.mongo)
    catalog = client[addresses.mongo_database]
    sizes |= {name: catalog[name].count_documents({}) for name in catalog.list_collection_names()}
    client.close()
    return sizes


def assert_harmless(answer: Answer, place: Place, payloads: list[Any]) -> None:
    """Nothing internal was said, the client alone is blamed, and no row was found."""
    assert answer.status == 200, place
    assert set(answer.codes) <= {"BAD_USER_INPUT"}, (str(place), answer.errors)
    for error in answer.errors:
        assert not INTERNALS.search(error["message"]), (str(place), error)
        assert len(error["message"]) <= 501
    for value in (answer.body.get("data") or {}).values():
        if place.argument in ("where", "after", "before", "first", "last", "orderBy"):
            if place.operator in EXACT:
                assert rows(value, place) == [], str(place)
        else:
            assert value in (None, [None] * len(value or [])), str(place)
    if "extensions" in answer.body:
        for call in answer.calls:
            if call["source"] == "shop":
                for payload in payloads:
                    # "$1" and "%" are what statements are made of.
                    assert len(payload) < 3 or payload not in call["statement"], str(place)


def rows(value: Any, place: Place) -> list[Any]:
    """The rows that the field at the place found."""
    found = [value]
    for name in (*place.way[1:], "nodes"):
        found = [each[name] for each in found if each is not None]
        found = [row for each in found for row in (each if isinstance(each, list) else [each])]
    return found


def chosen(place: Place, index: int) -> list[str]:
    """The texts to try at a place. The demo's MongoDB reads a whole collection for each."""
    slow = place.source == "catalog" and place.leaf == "String" and place.argument == "where"
    return [TEXTS[index % len(TEXTS)]] if slow else TEXTS


def test_every_argument_that_is_not_for_writing_is_attacked() -> None:
    types = graphql_schema().type_map.values()
    arguments = [
        argument
        for type_ in types
        if isinstance(type_, GraphQLObjectType)
        and not type_.name.startswith("__")
        and type_.name not in ("Mutation", "Subscription")
        for field in type_.fields.values()
        for argument in field.args
    ]

    assert len(ARGUMENTS) == len(arguments) > 0


@pytest.mark.parametrize("lookup", LOOKUPS.values())
async def test_the_objects_are_there_whose_arguments_are_attacked(
    gateway: Gateway, lookup: str
) -> None:
    assert all((await gateway.ask(f"{{ {lookup} {{ id }} }}")).data.values())


@pytest.mark.parametrize("argument", ARGUMENTS)
async def test_a_text_is_a_value_wherever_it_stands(gateway: Gateway, argument: str) -> None:
    for index, place in enumerate(PLACES):
        if place.coordinate == argument:
            texts = chosen(place, index)
            variables = {f"p{at}": place.value(text) for at, text in enumerate(texts)}

            answer = await gateway.ask(place.query(len(texts)), variables)

            assert_harmless(answer, place, texts)


@pytest.mark.parametrize("argument", ARGUMENTS)
async def test_an_operator_of_mongodb_is_refused_wherever_it_stands(
    gateway: Gateway, argument: str
) -> None:
    for place in PLACES:
        if place.coordinate == argument:
            variables = {f"p{at}": place.value(each) for at, each in enumerate(DOCUMENTS)}

            answer = await gateway.ask(place.query(len(DOCUMENTS)), variables)

            assert_harmless(answer, place, [])
            assert "data" not in answer.body, str(place)
            assert answer.calls == [], str(place)
            assert {error["message"].split("'")[1] for error in answer.errors} == {
                "$p0", "$p1", "$p2"
            }, str(place)  # fmt: skip


@pytest.mark.parametrize(
    "place",
    [
        place
        for place in PLACES
        if place.leaf in ("String", "ID") and place.operator in (None, "eq", "contains")
    ],
    ids=str,
)
async def test_a_long_text_is_a_value_too(gateway: Gateway, place: Place) -> None:
    answer = await gateway.ask(place.query(1), {"p0": place.value(LONG)}, explain=False)

    if (place.source, place.argument) == ("shipping", "code"):
        # It would be a path longer than servers take.
        assert answer.codes == ["UPSTREAM_BAD_RESPONSE"]
    else:
        assert_harmless(answer, place, [LONG])
    assert len(orjson.dumps(answer.body)) < 2000


@pytest.mark.parametrize("escape", ["\\ud800", "\\udfff\\ud800", "\\ud83d", "x\\ude00"])
async def test_half_a_character_is_refused_in_variables(gateway: Gateway, escape: str) -> None:
    query = "query($p: String!) { product(sku: $p) { id } }"

    answer = await gateway.post(
        f'{{"query": "{query}", "variables": {{"p": "{escape}"}}}}'.encode()
    )

    assert answer.status == 400
    assert answer.codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("escape", [r"\uD800", r"\uDFFF\uD800", r"\u{D800}", r"\u{110000}"])
async def test_half_a_character_is_refused_in_a_document(gateway: Gateway, escape: str) -> None:
    answer = await gateway.ask(f'{{ product(sku: "{escape}") {{ id }} }}')

    assert answer.codes == ["GRAPHQL_PARSE_FAILED"]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
async def test_a_text_is_a_value_in_a_document(gateway: Gateway, text: str) -> None:
    literal = orjson.dumps(text).decode()

    answer = await gateway.ask(
        f"{{ product(sku: {literal}) {{ id }} customer(email: {literal}) {{ id }} "
        f"carrier(code: {literal}) {{ id }} }}"
    )

    assert answer.partial == {"product": None, "customer": None, "carrier": None}
    # A slash, either way, is none of one part of a service's path.
    assert answer.codes == (["BAD_USER_INPUT"] if {"/", "\\"} & {*text} else [])


FORGED = [
    b"",
    b"x",
    b"5",
    b"null",
    b"{}",
    b"[]",
    b"[1]",
    b"[1,2,3]",
    b'[["t",5],1]',
    b'[["t","x"],1]',
    b'[["f","x"],1]',
    b'[["i","x"],1]',
    b'[["s","x"],1]',
    b'[["b","x"],1]',
    b'[["n","x"],1]',
    b'[["n","sNaN"],1]',
    b'[["n","1E+1000000"],1]',
    b'[1,["n","1E+999999999"]]',
    b'[["n","1E-1000000"],1]',
    b'[["r",{}],1]',
    b'[["r",[1]],1]',
    b'[["r",null],1]',
    b'[["k",{}],1]',
    b'[["k"],1]',
    b'[["zz","x"],1]',
    b'[[{},"x"],1]',
    b'[{"$gt":""},{"$gt":""}]',
    b'[[["t","x"]],1]',
    b"[" * 5000,
]
"""What may stand in a cursor whose digest is right."""


@pytest.mark.parametrize("payload", FORGED, ids=lambda payload: repr(payload[:20]))
@pytest.mark.parametrize("name", ["orders", "products", "carriers"])
async def test_a_forged_cursor_is_no_cursor(gateway: Gateway, name: str, payload: bytes) -> None:
    resource, order = {
        "orders": (orders_table, (Order("placed_at", True), Order("id", True))),
        "products": (products_collection, (Order("name"), Order("_id"))),
        "carriers": (carriers_api, (Order("name"), Order("code"))),
    }[name]
    # The digest is no secret: it finds cursors that were changed, not those who can compute it.
    forged = _text(Cursors(resource, order)._digest(payload) + payload)

    answer = await gateway.ask(
        f"query($after: String) {{ {name}(after: $after) {{ nodes {{ id }} }} }}", {"after": forged}
    )

    assert answer.partial == {name: None}
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.calls == []
