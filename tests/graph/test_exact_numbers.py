"""Numbers come out of the graph as they went in, to the last digit, or as an error of their place:
those of services, of PostgreSQL's JSON, and of clients, in literals and in variables."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

import asyncpg
import pytest
import strawberry
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.scalars import JSON

from demo.stack import Addresses
from gateway.settings import Settings
from gateway.testing import GraphClient, Response
from loaders.json import read
from loaders.rest.routes import RestResource
from loaders.rest.source import RestSource
from loaders.sql.postgres import PostgresTable
from resolvers import Connection, Graph, Node, column, connection
from tests.bad_servers import answering
from tests.client import Gateway, serving
from tests.loaders.asking import shop_with
from tests.numbers import EDGES, EXACT, NUMBERS, TOO_LARGE, exact, exactly
from tests.values.profiles import quiet

TEXTS = st.lists(NUMBERS, min_size=1, max_size=5)


@strawberry.type(description="A document.")
class Document:
    decimal: Decimal | None = strawberry.field(description="With all digits.")
    float: float | None = strawberry.field(description="As a double.")
    json: JSON | None = strawberry.field(description="As it is.")


@strawberry.type(description="What a service measured.")
class Measure(Node):
    resource = RestResource(source="lab", name="measures", key_type=int, all="/")
    decimal: Decimal | None = column("With all digits.", name="num", filterable=True)
    float: float | None = column("As a double.", name="num")
    text: str | None = column("As a text.", name="num")
    json: JSON | None = column("As it is.", name="num")
    doc: Document | None = column("Within a document.")


@strawberry.type(description="What PostgreSQL keeps.")
class Kept(Node):
    resource = PostgresTable(source="shop", schema="numbers", name="kept")
    jsonb: JSON | None = column("As it is.", name="b")
    json: JSON | None = column("As it was written.", name="j")
    doc: Document | None = column("Within a document.")
    price: Decimal | None = column("A numeric.", filterable=True)


@strawberry.type
class Query:
    measures: Connection[Measure] | None = connection("All of them.")
    kept: Connection[Kept] | None = connection("All of it.")

    @strawberry.field
    def decimals(self, values: list[Decimal]) -> list[Decimal]:
        """What was sent."""
        return values

    @strawberry.field
    def floats(self, values: list[float]) -> list[float]:
        """What was sent."""
        return values

    @strawberry.field
    def json(self, value: JSON) -> JSON:
        """What was sent."""
        return value


GRAPH = Graph(Query)

DEVELOPMENT = Settings.of(environment="development")


@pytest.fixture(scope="module", autouse=True)
def unlogged() -> Iterator[None]:
    with quiet():
        yield


def same(shown: Any, text: str) -> bool:
    """Whether a value of a response is the number that the text writes."""
    written = Decimal(repr(shown)) if isinstance(shown, float) else Decimal(str(shown))
    return written == exact(text)


def double_of(text: str) -> float | None:
    """What a Float shows of the number: the nearest double, which to a whole number is the same."""
    nearest = float(text)
    if not isfinite(nearest):
        return None
    is_whole = text.lstrip("-").isdecimal()
    return nearest if not is_whole or same(nearest, text) or int(nearest) == int(text) else None


def assert_shown(values: Sequence[Any], texts: Sequence[str], name: str) -> None:
    """Whether fields show the numbers; None stands for an error."""
    if name == "float":
        assert list(values) == [double_of(text) for text in texts]
    else:
        assert all(map(same, values, texts))


def assert_all_else_is_an_error(answer: Response, source: str) -> None:
    """Whether there is an error for each place without a value, and no other."""
    missing = [str(path) for path in _missing(answer.data, [])]
    assert sorted(str(error["path"]) for error in answer.errors) == sorted(missing)
    for error in answer.errors:
        extensions = {key: error["extensions"][key] for key in ("code", "source")}
        assert extensions == {"code": "UPSTREAM_BAD_RESPONSE", "source": source}


def _missing(value: Any, path: list[str | int]) -> Iterator[list[str | int]]:
    if value is None:
        yield path
    elif isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _missing(inner, [*path, step])


# Services.


class Lab:
    """A service that says what it is told to."""

    def __init__(self) -> None:
        self.texts: Sequence[str] = ()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        rows = (
            f'{{"id": {id}, "num": {text}, '
            f'"doc": {{"decimal": {text}, "float": {text}, "json": [{text}]}}}}'
            for id, text in enumerate(self.texts)
        )
        return web.Response(text=f'{{"items": [{", ".join(rows)}]}}')


@pytest.fixture(scope="module")
async def lab() -> AsyncIterator[tuple[Lab, GraphClient]]:
    lab = Lab()
    async with answering(lab) as service:
        source = RestSource("lab", service.url)
        async with GraphClient(GRAPH, [source], settings=DEVELOPMENT) as client:
            yield lab, client


MEASURES = "{ measures { nodes { decimal float text json doc { decimal float json } } } }"


@EXACT
@given(TEXTS)
async def test_numbers_of_services(lab: tuple[Lab, GraphClient], texts: list[str]) -> None:
    lab[0].texts = texts

    answer = await lab[1].execute(MEASURES)

    nodes = answer.data["measures"]["nodes"]
    for name in ("decimal", "float", "text", "json"):
        assert_shown([node[name] for node in nodes], texts, name)
    for name in ("decimal", "float"):
        assert_shown([node["doc"][name] for node in nodes], texts, name)
    assert_shown([node["doc"]["json"][0] for node in nodes], texts, "json")
    assert_all_else_is_an_error(answer, "lab")


@pytest.mark.parametrize("text", TOO_LARGE)
async def test_numbers_of_services_that_nothing_holds_cost_their_own_places(
    lab: tuple[Lab, GraphClient], text: str
) -> None:
    lab[0].texts = [text, "1.5"]

    answer = await lab[1].execute(MEASURES)

    first, second = answer.data["measures"]["nodes"]
    nothing = {"decimal": None, "float": None, "json": None}
    assert first == {**nothing, "text": None, "doc": nothing}
    doc = {"decimal": "1.5", "float": 1.5, "json": [1.5]}
    assert second == {"decimal": "1.5", "float": 1.5, "text": "1.5", "json": 1.5, "doc": doc}
    assert_all_else_is_an_error(answer, "lab")


@pytest.mark.parametrize("text", ["12345678901234567.89", "0.30000000000000001", "1e400"])
@pytest.mark.parametrize("written", ["literal", "variable", "text"])
async def test_rows_of_services_are_found_by_every_digit(
    lab: tuple[Lab, GraphClient], text: str, written: str
) -> None:
    lab[0].texts = ["12345678901234567.88", "12345678901234568", "0.3", "1", text]
    argument, variables = {
        "literal": (text, {}),
        "variable": ("$value", {"value": exactly(text)}),
        "text": (f'"{text}"', {}),
    }[written]

    query = "query ($value: Decimal) { measures(where: {decimal: {eq: %s}}) { nodes { decimal } } }"
    answer = await lab[1].execute(query.replace("%s", argument), variables)

    if not variables:
        assert answer.codes == ["GRAPHQL_VALIDATION_FAILED"]
        query = query.replace("query ($value: Decimal) ", "")
        answer = await lab[1].execute(query.replace("%s", argument))
    assert answer.errors == []
    shown = [node["decimal"] for node in answer.data["measures"]["nodes"]]
    assert [Decimal(each) for each in shown] == [exact(text)]


# PostgreSQL.

TABLE = """
drop schema if exists numbers cascade;
create schema numbers;
create table numbers.kept (id bigint primary key, b jsonb, j json, doc jsonb, price numeric);
"""


@pytest.fixture(scope="module")
async def kept(addresses: Addresses) -> AsyncIterator[tuple[asyncpg.Connection, GraphClient]]:
    connection = await asyncpg.connect(addresses.postgres)
    async with shop_with(addresses, "numbers", TABLE) as source:
        async with GraphClient(GRAPH, [source], settings=DEVELOPMENT) as client:
            yield connection, client
        await connection.close()


async def keep(connection: asyncpg.Connection, texts: Sequence[str]) -> list[str]:
    """Have these numbers be all that is there. Returns them as PostgreSQL writes them in jsonb."""
    await connection.execute("delete from numbers.kept")
    records = await connection.fetch(
        "insert into numbers.kept (id, b, j, doc) "
        "select n, t::jsonb, t::json, "
        "jsonb_build_object('decimal', t::jsonb, 'float', t::jsonb, 'json', t::jsonb) "
        "from unnest($1::text[]) with ordinality as given (t, n) returning b::text as text",
        texts,
    )
    return [record["text"] for record in records]


def is_taken(text: str) -> bool:
    """Whether it takes the number: a zero, too, may have no such exponent."""
    return not text.startswith("0e9999")


KEPT = "{ kept { nodes { jsonb json doc { decimal float json } } } }"


@EXACT
@given(st.lists(NUMBERS.filter(is_taken), min_size=1, max_size=5))
async def test_numbers_of_postgresqls_json(
    kept: tuple[asyncpg.Connection, GraphClient], texts: list[str]
) -> None:
    written = await keep(kept[0], texts)

    answer = await kept[1].execute(KEPT)

    nodes = answer.data["kept"]["nodes"]
    assert_shown([node["json"] for node in nodes], texts, "json")
    assert_shown([node["jsonb"] for node in nodes], texts, "json")
    for name in ("decimal", "float", "json"):
        assert_shown([node["doc"][name] for node in nodes], written, name)
    assert_all_else_is_an_error(answer, "shop")


@pytest.mark.parametrize(
    "text", ["1e9999", '"\\ud800"', '{"a": "\\udc00x"}', "[" * 2000 + "]" * 2000]
)
async def test_json_of_postgresql_that_cannot_be_read_costs_its_own_place(
    kept: tuple[asyncpg.Connection, GraphClient], text: str
) -> None:
    await kept[0].execute("delete from numbers.kept")
    await kept[0].execute(
        "insert into numbers.kept (id, j) values (1, $1::text::json), (2, '[1.5]')", text
    )

    answer = await kept[1].execute("{ kept { nodes { json } } }")

    assert answer.data["kept"]["nodes"] == [{"json": None}, {"json": [1.5]}]
    assert answer.codes == ["UPSTREAM_BAD_RESPONSE"]


@pytest.mark.parametrize("operand", ["12345678901234567.89", '"12345678901234567.89"'])
@pytest.mark.parametrize(
    ("operator", "found"), [("eq", [2]), ("lt", [1]), ("gte", [2, 3]), ("ne", [1, 3])]
)
async def test_rows_of_postgresql_are_found_by_every_digit(
    kept: tuple[asyncpg.Connection, GraphClient], operand: str, operator: str, found: list[int]
) -> None:
    prices = ["12345678901234567.88", "12345678901234567.89", "12345678901234568"]
    await kept[0].execute("delete from numbers.kept")
    await kept[0].executemany(
        "insert into numbers.kept (id, price) values ($1, $2)",
        [(id, Decimal(price)) for id, price in enumerate(prices, 1)],
    )

    query = f"{{ kept(where: {{price: {{{operator}: {operand}}}}}) {{ nodes {{ price }} }} }}"
    answer = await kept[1].execute(query)

    assert answer.errors == []
    shown = [node["price"] for node in answer.data["kept"]["nodes"]]
    assert shown == [prices[id - 1] for id in found]


# Clients.

CLIENT = GraphClient(GRAPH, settings=DEVELOPMENT)


async def sent(query: str, types: str, values: str, *, in_variables: bool) -> Response:
    """The answer to a query with a list of numbers, as the variable ``$v`` or, in place of that, as
    a literal."""
    if in_variables:
        return await CLIENT.execute(f"query ({types}) {query}", {"v": read(f"[{values}]")})
    return await CLIENT.execute(query.replace("$v", f"[{values}]"))


@EXACT
@given(TEXTS)
async def test_decimals_and_json_in_literals(texts: list[str]) -> None:
    query = "{ decimals(values: $v) json(value: {all: $v}) }"
    answer = await sent(query, "", ", ".join(texts), in_variables=False)

    assert answer.errors == []
    assert all(map(same, answer.data["decimals"], texts))
    assert all(map(same, answer.data["json"]["all"], texts))


@EXACT
@given(TEXTS)
async def test_decimals_and_json_in_variables(texts: list[str]) -> None:
    # A variable within a literal of JSON is of its own type.
    decimals = await sent(
        "{ decimals(values: $v) json(value: {all: $v}) }",
        "$v: [Decimal!]!",
        ", ".join(texts),
        in_variables=True,
    )
    values = await sent("{ json(value: $v) }", "$v: JSON!", ", ".join(texts), in_variables=True)

    assert decimals.errors == values.errors == []
    assert all(map(same, decimals.data["decimals"], texts))
    assert all(map(same, decimals.data["json"]["all"], texts))
    assert all(map(same, values.data["json"], texts))


@settings(EXACT, max_examples=EXACT.max_examples // 4)
@given(NUMBERS, st.booleans())
async def test_doubles_of_clients(text: str, in_variables: bool) -> None:
    query, types = "{ floats(values: $v) }", "$v: [Float!]!"
    answer = await sent(query, types, text, in_variables=in_variables)

    if (double := double_of(text)) is None:
        assert answer.codes == ["BAD_USER_INPUT" if in_variables else "GRAPHQL_VALIDATION_FAILED"]
        assert "Float cannot represent" in answer.errors[0]["message"]
    else:
        assert answer.data["floats"] == [double]


@pytest.fixture(scope="module")
async def endpoint() -> AsyncIterator[Gateway]:
    settings = Settings.of(environment="development", graph=f"{__name__}:GRAPH", sources={})
    async with serving(settings) as gateway:
        yield gateway


async def posted(endpoint: Gateway, query: str, variables: str) -> Any:
    """The answer's body, its numbers as the decimals that they are."""
    body = f'{{"query": {json.dumps(query)}, "variables": {variables}}}'
    async with endpoint.session.post(
        f"{endpoint.url}/graphql",
        data=body.encode(),
        headers={"content-type": "application/json"},
    ) as response:
        return exactly(await response.read())


async def got(endpoint: Gateway, query: str, variables: str) -> Any:
    parameters = {"query": query, "variables": variables}
    async with endpoint.session.get(f"{endpoint.url}/graphql", params=parameters) as response:
        return exactly(await response.read())


async def streamed(endpoint: Gateway, query: str, variables: str) -> Any:
    parameters = {"query": query, "variables": variables}
    async with endpoint.session.get(
        f"{endpoint.url}/graphql", params=parameters, headers={"accept": "text/event-stream"}
    ) as response:
        text = await response.text()
    return exactly(text.partition("data: ")[2].partition("\n")[0])


async def over_a_socket(endpoint: Gateway, query: str, variables: str) -> Any:
    payload = f'{{"query": {json.dumps(query)}, "variables": {variables}}}'
    async with endpoint.session.ws_connect(
        f"{endpoint.url}/graphql", protocols=["graphql-transport-ws"]
    ) as socket:
        await socket.send_str('{"type": "connection_init"}')
        await socket.receive()
        await socket.send_str(f'{{"type": "subscribe", "id": "1", "payload": {payload}}}')
        return exactly((await socket.receive()).data)["payload"]


@pytest.mark.parametrize("way", [posted, got, streamed, over_a_socket])
async def test_every_transport_has_all_digits(
    endpoint: Gateway, way: Callable[[Gateway, str, str], Awaitable[Any]]
) -> None:
    texts = [text for text in EDGES if len(text) < 100]
    listed = ", ".join(texts)
    query = f"query ($j: JSON!) {{ json(value: $j) decimals(values: [{listed}]) }}"

    body = await way(endpoint, query, f'{{"j": [{listed}]}}')

    assert body["data"]["json"] == [exact(text) for text in texts]
    assert [Decimal(text) for text in body["data"]["decimals"]] == [exact(text) for text in texts]


@pytest.mark.parametrize("text", TOO_LARGE)
@pytest.mark.parametrize("scalar", ["Decimal", "Float", "JSON"])
async def test_numbers_of_clients_that_nothing_holds_are_refused(
    endpoint: Gateway, text: str, scalar: str
) -> None:
    field = {"Decimal": "decimals", "Float": "floats", "JSON": "json"}[scalar]
    argument, type_ = ("value", "JSON!") if scalar == "JSON" else ("values", f"[{scalar}!]!")

    literal = await posted(endpoint, f"{{ {field}({argument}: [{text}]) }}", "{}")
    query = f"query ($v: {type_}) {{ {field}({argument}: $v) }}"
    variable = await posted(endpoint, query, f'{{"v": [{text}]}}')

    [error] = literal["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert variable["errors"] == [
        {
            "message": "The body can't be read: it has a number of a size that nothing can hold.",
            "extensions": {"code": "BAD_USER_INPUT"},
        }
    ]


@pytest.mark.parametrize("text", ["9" * 5000, "1" + "0" * 20, "2147483648"])
async def test_an_int_beyond_32_bits_is_refused_in_the_specifications_words(
    endpoint: Gateway, text: str
) -> None:
    body = await posted(endpoint, f"{{ measures(first: {text}) {{ totalCount }} }}", "{}")

    [error] = body["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert error["message"].startswith("Int cannot represent non 32-bit signed integer value")
