"""Requests that are no honest operation: each is answered in JSON, with a code and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from gateway.settings import Settings
from tests.client import Answer, Gateway, serving
from tests.gateway.test_attacks import INTERNALS

SMALL = b'{"query": "{ __typename }"}'
GRAPHQL_JSON = "application/graphql-response+json"


async def send(
    gateway: Gateway, method: str, path: str, body: Any = None, **headers: str
) -> Answer:
    """The answer to any request, with no headers but these."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with gateway.session.request(
        method, gateway.url + path, data=body, headers=named, skip_auto_headers=["content-type"]
    ) as response:
        assert response.content_type in ("application/json", GRAPHQL_JSON)
        return Answer(response.status, orjson.loads(await response.read()), response.headers)


def assert_refused(answer: Answer, status: int, code: str = "BAD_USER_INPUT") -> None:
    """Every error has a code, nothing internal was said, and nothing was done."""
    assert answer.status == status, answer.body
    assert set(answer.codes) == {code}
    assert set(answer.body) <= {"errors", "extensions"}
    for error in answer.errors:
        assert set(error) <= {"message", "locations", "extensions"}
        assert not INTERNALS.search(error["message"]), error


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"}",
        b"{'query': '{ __typename }'}",
        b'{"query": "{ __typename }",}',
        b'{"query": NaN}',
        b"\xff\xfe",
        b"\xef\xbb\xbf" + SMALL,
        SMALL.decode().encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"null",
        b"true",
        b"5",
        b'"{ __typename }"',
        b"[]",
        b"[1]",
        b"[null]",
        b"[" + SMALL + b"]",
        b"[" + SMALL + b"," + SMALL + b"]",
        b"{}",
        b'{"query": null}',
        b'{"query": ""}',
        b'{"query": 5}',
        b'{"query": true}',
        b'{"query": ["{ __typename }"]}',
        b'{"query": {"query": "{ __typename }"}}',
        b'{"Query": "{ __typename }"}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "variables": 5}',
        b'{"query": "{ __typename }", "extensions": []}',
        b'{"query": "{ __typename }", "extensions": "x"}',
        b'{"query": "{ __typename }", "operationName": 5}',
        b'{"query": "{ __typename }", "operationName": []}',
        b'{"query": "{ __typename }", "operationName": {"a": 1}}',
        b'{"query": "{ __typename }", "operationName": false}',
        b'{"query": "{ __typename }", "operationName": "Nobody"}',
        b'{"query": "query A { __typename }", "operationName": "B"}',
        b'{"query": "fragment A on Query { __typename }"}',
        b'{"query": "type Query { a: Int }"}',
    ],
    ids=lambda body: repr(body[:60]),
)
@pytest.mark.parametrize("accept", ["application/json", GRAPHQL_JSON])
async def test_a_body_that_is_no_request_is_a_bad_one(
    gateway: Gateway, body: bytes, accept: str
) -> None:
    answer = await gateway.post(body, accept=accept)

    assert_refused(answer, 400)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (" ", "GRAPHQL_PARSE_FAILED"),
        ("# nothing", "GRAPHQL_PARSE_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ a(b: ) }", "GRAPHQL_PARSE_FAILED"),
        ("select * from orders", "GRAPHQL_PARSE_FAILED"),
        ("{ \u0000 }", "GRAPHQL_PARSE_FAILED"),
        ("{ \ufeff'a' }", "GRAPHQL_PARSE_FAILED"),
        ('{ product(sku: "a', "GRAPHQL_PARSE_FAILED"),
        ('{ product(sku: """', "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ orders }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ __typename { a } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...A }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...A } fragment A on Query { ...A }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...A } fragment A on Nothing { id }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query A { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ __typename @nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($a: Nothing) { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ __typename @skip(if: $a) }", "GRAPHQL_VALIDATION_FAILED"),
        ("mutation { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "BAD_USER_INPUT"),
    ],
)
async def test_a_document_that_is_none_is_refused(gateway: Gateway, query: str, code: str) -> None:
    body = orjson.dumps({"query": query})

    assert_refused(await gateway.post(body, accept=GRAPHQL_JSON), 400, code)
    # For a client of application/json the status is that of the transport.
    assert_refused(await gateway.post(body), 200, code)


def nested(opens: str, closes: str, inner: str = "__typename") -> Iterator[str]:
    for depth in (150, 1000, 20_000):
        yield f"{opens * depth}{inner}{closes * depth}"


DEEP = {
    "selections": [f'{{ category(slug: "x") {q} }}' for q in nested("{ parent ", "}", "{ id }")],
    "fragments within": [f"{{ {q} }}" for q in nested("... on Query { ", "}")],
    "lists": [f"{{ nodes(ids: {q}) {{ id }} }}" for q in nested("[", "]", "")],
    "objects": [
        f"{{ orders(where: {q}) {{ nodes {{ id }} }} }}" for q in nested("{not: ", "}", "{}")
    ],
    "types": [f"query($a: {q}) {{ __typename }}" for q in nested("[", "]", "Int")],
    "braces": ["{" * depth for depth in (150, 1000, 20_000)],
    "chained fragments": [
        "{ ...F0 } "
        + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(depth))
        + f" fragment F{depth} on Query {{ __typename }}"
        for depth in (200, 2000)
    ],
}


@pytest.mark.parametrize("kind", DEEP)
async def test_a_deep_document_is_answered_like_any_other(gateway: Gateway, kind: str) -> None:
    for query in DEEP[kind]:
        answer = await gateway.ask(query, explain=False)

        assert answer.status == 200
        assert "INTERNAL_SERVER_ERROR" not in answer.codes
        for error in answer.errors:
            assert not INTERNALS.search(error["message"]), error
            assert len(error["message"]) <= 501
    assert answer.errors
    assert set(answer.body) == {"errors"}


@pytest.mark.parametrize("number", ["1e9999", "-1e9999", "1e-9999", "9" * 7000])
async def test_a_number_that_nothing_holds_is_said_to_be_too_large(
    gateway: Gateway, number: str
) -> None:
    query, variables = "query($a: Float) { __typename }", f'{{"a": [{number}]}}'
    body = f'{{"query": "{query}", "variables": {variables}}}'

    posted = await gateway.post(body.encode())
    parameters = {"query": query, "variables": variables}
    async with gateway.session.get(f"{gateway.url}/graphql", params=parameters) as response:
        got = Answer(response.status, orjson.loads(await response.read()), response.headers)

    for answer, what in ((posted, "The body"), (got, "The parameter variables")):
        assert_refused(answer, 400)
        assert answer.errors[0]["message"] == (
            f"{what} can't be read: it has a number of a size that nothing can hold."
        )


async def test_deep_variables_are_refused(gateway: Gateway) -> None:
    where: dict[str, Any] = {}
    for _ in range(200):
        where = {"not": where}

    answer = await gateway.ask(
        "query($where: OrderFilter) { orders(where: $where) { nodes { id } } }", {"where": where}
    )

    assert answer.partial == {"orders": None}
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.calls == []


@pytest.mark.parametrize("depth", [15, 50])
async def test_a_document_that_multiplies_itself_is_refused(gateway: Gateway, depth: int) -> None:
    doubles = " ".join(
        f"fragment F{n} on Category {{ a: parent {{ ...F{n + 1} }} b: parent {{ ...F{n + 1} }} }}"
        for n in range(depth)
    )
    last = f"fragment F{depth} on Category {{ id }}"
    body = {"query": f'{{ category(slug: "kettles") {{ ...F0 }} }} {doubles} {last}'}

    answer = await gateway.post(orjson.dumps(body), accept=GRAPHQL_JSON)

    assert_refused(answer, 400, "OPERATION_TOO_COMPLEX")


async def test_a_thousand_aliases_are_answered_or_refused(gateway: Gateway) -> None:
    many = " ".join(f'a{index}: order(number: "{index}") {{ id }}' for index in range(1000))

    answer = await gateway.ask(f"{{ {many} }}")

    if answer.errors:
        assert_refused(answer, 200, "OPERATION_TOO_COMPLEX")
    else:
        assert set(answer.data.values()) == {None}
        assert [call["keys"] for call in answer.calls] == [500, 500]


async def test_what_a_client_sent_is_not_said_back_a_hundred_times(gateway: Gateway) -> None:
    many = " ".join(f"a{index}: node(id: $id) {{ id }}" for index in range(20))

    answer = await gateway.ask(f"query($id: ID!) {{ {many} }}", {"id": "x" * 100_000})

    assert set(answer.codes) == {"BAD_USER_INPUT"}
    assert len(orjson.dumps(answer.body)) < 50_000


@pytest.fixture(scope="module")
async def narrow(source_settings: dict[str, dict[str, Any]]) -> AsyncIterator[Gateway]:
    """A gateway in production that takes small bodies."""
    settings = Settings.of(sources=source_settings, limits={"body_bytes": 1000})
    async with serving(settings) as gateway:
        yield gateway


def padded(size: int) -> bytes:
    return SMALL + b" " * (size - len(SMALL))


async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 100):
        yield body[start : start + 100]
        await asyncio.sleep(0)


async def test_a_body_of_the_limit_is_taken(narrow: Gateway) -> None:
    json = {"content_type": "application/json"}

    whole = await send(narrow, "POST", "/graphql", padded(1000), **json)
    chunked = await send(narrow, "POST", "/graphql", in_pieces(padded(1000)), **json)

    assert whole.data == chunked.data == {"__typename": "Query"}


async def test_a_client_that_goes_before_its_body_is_there_is_no_error(
    narrow: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    host = narrow.url.removeprefix("http://")
    _, writer = await asyncio.open_connection(*host.split(":"))
    writer.write(
        f"POST /graphql HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
        "content-length: 900\r\n\r\n{".encode()
    )
    await asyncio.sleep(0.1)
    writer.close()
    await asyncio.sleep(0.1)

    assert (await narrow.ask("{ __typename }", explain=False)).data == {"__typename": "Query"}
    assert caplog.records == []


@pytest.mark.parametrize("size", [1001, 100_000])
async def test_a_body_beyond_the_limit_is_refused(narrow: Gateway, size: int) -> None:
    json = {"content_type": "application/json"}

    whole = await send(narrow, "POST", "/graphql", padded(size), **json)
    chunked = await send(narrow, "POST", "/graphql", in_pieces(padded(size)), **json)

    assert_refused(whole, 413)
    assert_refused(chunked, 413)


async def test_a_body_that_is_said_to_be_too_large_is_not_waited_for(narrow: Gateway) -> None:
    host = narrow.url.removeprefix("http://")
    reader, writer = await asyncio.open_connection(*host.split(":"))
    writer.write(
        f"POST /graphql HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
        "content-length: 999999999\r\n\r\n".encode()
    )
    status = await reader.readline()
    writer.close()

    assert status.split()[1] == b"413"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "text/plain; x=application/json",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "json",
        ";",
        "\xe9",
    ],
)
async def test_a_content_type_that_any_web_page_can_send_is_refused(
    gateway: Gateway, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"content_type": content_type}

    assert_refused(await send(gateway, "POST", "/graphql", SMALL, **headers), 415)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("query=", 400),
        ("query=%7B__typename%7D&variables=x", 400),
        ("query=%7B__typename%7D&variables=[]", 400),
        ("query=%7B__typename%7D&variables=null", 400),
        ("query=%7B__typename%7D&variables=%22%5Cud800%22", 400),
        ("query=%7B__typename%7D&extensions=5", 400),
        ("query=%7B__typename%7D&operationName=Nobody", 400),
        (f"query={quote('mutation { nothing }')}", 405),
        (f"query={quote('mutation A { nothing }')}&operationName=A", 405),
        (f"query={quote('query A { __typename } mutation B { x }')}&operationName=B", 405),
    ],
)
async def test_a_get_that_is_no_query_is_refused(gateway: Gateway, query: str, status: int) -> None:
    assert_refused(await send(gateway, "GET", f"/graphql?{query}"), status)


async def test_a_name_that_is_empty_in_a_get_is_none(gateway: Gateway) -> None:
    query = "query=%7B__typename%7D&operationName=&variables=&extensions="
    answer = await send(gateway, "GET", f"/graphql?{query}")

    assert answer.body == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused(gateway: Gateway, method: str) -> None:
    answer = await send(gateway, method, "/graphql", SMALL, content_type="application/json")

    assert_refused(answer, 405)
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_other_methods_are_refused_elsewhere_too(gateway: Gateway, path: str) -> None:
    answer = await send(gateway, "POST", path, b"")

    assert_refused(answer, 405)
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/graphql/nothing",
        "/graphql%00",
        "/%2e%2e/etc/passwd",
        "/graphiql/..%2f..%2fapp.py",
        "/graphiql/%2e%2e/%2e%2e/app.py",
        "/graphiql/nothing.js",
        "/healthz/x",
        "/\u00e9",
        f"/{'x' * 5000}",
    ],
)
async def test_a_path_that_is_not_there_is_not_found(gateway: Gateway, path: str) -> None:
    answer = await send(gateway, "GET", path)

    assert_refused(answer, 404)


async def test_production_serves_no_graphiql(narrow: Gateway) -> None:
    for path in ("/", "/graphiql", "/graphiql/", "/graphiql/graphiql.js"):
        assert_refused(await send(narrow, "GET", path), 404)


async def test_production_tells_nothing_of_its_schema_or_its_calls(narrow: Gateway) -> None:
    introspection = await narrow.ask("{ __schema { types { name } } }")
    explained = await narrow.ask('{ product(sku: "KET-0001") { sku } }')

    assert_refused(introspection, 403, "UNAUTHENTICATED")
    assert explained.body == {"data": {"product": {"sku": "KET-0001"}}}
