"""The id of a request: what comes in, goes out, and stands in each line of the log."""

from __future__ import annotations

import asyncio
import logging
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import aiohttp
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.logs import request_id, with_request_id
from gateway.settings import Settings
from gateway.transports.request_ids import LONGEST, id_of
from tests.client import Gateway, serving
from tests.gateway.desk import GRAPH
from tests.gateway.test_cli import ROOT, free_port
from tests.gateway.test_logs import LINE, SERVERS, folder, served
from tests.identities import auth

__all__ = ["folder"]

NEW = re.compile(r"[0-9a-f]{32}")


@pytest.fixture(scope="module")
async def desk() -> AsyncIterator[Gateway]:
    settings = Settings.of(
        environment="development",
        graph=GRAPH,
        auth=auth(),
        limits={"body_bytes": 1000, "batch": 10},
        cors={"origins": ["https://shop.example.com"]},
        sources={"desk": {"kind": "rest", "url": "http://127.0.0.1:1"}},
    )
    async with serving(settings) as gateway:
        yield gateway


class Lines(logging.Handler):
    """The log, as pairs of the request and what was said."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[tuple[str, str]] = []
        self.addFilter(with_request_id)

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if record.exc_info is not None:
            said = f"error {record.exc_info[1]}"
        self.pairs.append((getattr(record, "request_id", "?"), said))


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    loggers = [logging.getLogger(name) for name in ("tests.desk", "sluice")]
    for each in loggers:
        each.addHandler(handler)
    yield handler
    for each in loggers:
        each.removeHandler(handler)


async def exchanged(gateway: Gateway, *values: bytes) -> list[str]:
    """The ids of the answer to a request with these headers, over a bare socket."""
    host, _, port = gateway.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    given = b"".join(b"X-Request-Id: %b\r\n" % value for value in values)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n%bConnection: close\r\n\r\n" % given)
    head = (await reader.read()).partition(b"\r\n\r\n")[0]
    writer.close()
    return re.findall(r"(?im)^x-request-id: ?(.*?)\r?$", head.decode("latin-1"))


GOOD = ["a", "0", "order-7", "A_z.0-9", "...", "x" * LONGEST, "9f86d081884c7d659a2feaa0c55ad015"]
BAD = ["", "x" * (LONGEST + 1), "a b", "a,b", "a/b", "a\tb", "a:b", "[a]", "%0a", "\xe9"]


@pytest.mark.parametrize("id", GOOD)
async def test_an_id_that_is_safe_is_the_request_s(desk: Gateway, id: str) -> None:
    assert await exchanged(desk, id.encode()) == [id]


@pytest.mark.parametrize("id", BAD, ids=repr)
async def test_an_id_that_is_not_safe_is_replaced(desk: Gateway, id: str) -> None:
    (new,) = await exchanged(desk, id.encode("latin-1"))

    assert NEW.fullmatch(new)


async def test_without_an_id_each_request_has_one_of_its_own(desk: Gateway) -> None:
    ids = [id for _ in range(5) for id in await exchanged(desk)]

    assert len(set(ids)) == 5
    assert all(map(NEW.fullmatch, ids))


async def test_of_two_ids_neither_is_taken(desk: Gateway) -> None:
    (new,) = await exchanged(desk, b"a", b"b")

    assert NEW.fullmatch(new)


@given(st.lists(st.binary(max_size=200) | st.from_regex(rb"[\w.-]{1,140}\n?"), max_size=2))
def test_no_id_holds_what_a_log_or_a_header_takes_for_more(values: list[bytes]) -> None:
    id = id_of([(b"x-request-id", value) for value in values])

    safe = [value.decode() for value in values if re.fullmatch(rb"[A-Za-z0-9._-]{1,128}", value)]
    assert id == safe[0] if safe and len(values) == 1 else NEW.fullmatch(id)


JSON = {"content-type": "application/json"}
ASKED = b'{"query": "{ __typename }"}'
ANSWERS: dict[str, tuple[str, str, Mapping[str, str], bytes, int]] = {
    "an answer": ("POST", "/graphql", JSON, ASKED, 200),
    "an answer to GET": ("GET", "/graphql?query={__typename}", {}, b"", 200),
    "a batch": ("POST", "/graphql", JSON, b"[%b]" % ASKED, 200),
    "events": ("POST", "/graphql", {**JSON, "accept": "text/event-stream"}, ASKED, 200),
    "parts": ("POST", "/graphql", {**JSON, "accept": "multipart/mixed"}, ASKED, 200),
    "an invalid document": ("POST", "/graphql", JSON, b'{"query": "{ no }"}', 200),
    "an error": ("POST", "/graphql", JSON, b'{"query": "{ broken(text: \\"a\\") }"}', 200),
    "no JSON": ("POST", "/graphql", JSON, b"{", 400),
    "a bad credential": ("POST", "/graphql", {**JSON, "authorization": "Bearer x"}, ASKED, 401),
    "another host": ("POST", "/graphql", {**JSON, "host": "evil.example.com"}, ASKED, 400),
    "another method": ("PUT", "/graphql", {}, b"", 405),
    "another type": ("POST", "/graphql", {}, b"a", 415),
    "no form of JSON": ("POST", "/graphql", {**JSON, "accept": "text/html"}, ASKED, 406),
    "a large body": ("POST", "/graphql", JSON, b"x" * 1001, 413),
    "no such path": ("GET", "/no", {}, b"", 404),
    "health": ("GET", "/healthz", {}, b"", 200),
    "readiness": ("GET", "/readyz", {}, b"", 503),
    "a redirection": ("GET", "/", {}, b"", 307),
    "GraphiQL": ("GET", "/graphiql/", {}, b"", 200),
    "a preflight": (
        "OPTIONS",
        "/graphql",
        {"origin": "https://shop.example.com", "access-control-request-method": "POST"},
        b"",
        200,
    ),
}


@pytest.mark.parametrize("what", ANSWERS)
@pytest.mark.parametrize("id", ["order-7", None])
async def test_every_answer_has_the_id(desk: Gateway, what: str, id: str | None) -> None:
    method, path, headers, body, status = ANSWERS[what]
    headers = {**headers, **({} if id is None else {"x-request-id": id})}
    async with desk.session.request(
        method, desk.url + path, headers=headers, data=body or None, allow_redirects=False
    ) as response:
        await response.read()

    assert response.status == status
    (out,) = response.headers.getall("x-request-id")
    assert out == id if id is not None else NEW.fullmatch(out)


async def test_a_page_may_read_the_id(desk: Gateway) -> None:
    answer = await desk.ask("{ __typename }", headers={"origin": "https://shop.example.com"})

    assert answer.headers["access-control-expose-headers"].split(", ")[0] == "x-request-id"


async def test_an_answer_to_what_nobody_expected_has_the_id(
    monkeypatch: pytest.MonkeyPatch, desk: Gateway, lines: Lines
) -> None:
    async def failing(*_: object, **__: object) -> None:
        raise ValueError("unexpected")

    monkeypatch.setattr("gateway.operations.runner.Operations.run", failing)
    answer = await desk.ask("{ __typename }", headers={"x-request-id": "order-7"})

    assert (answer.status, answer.codes) == (500, ["INTERNAL_SERVER_ERROR"])
    assert answer.headers["x-request-id"] == "order-7"
    assert lines.pairs == [("order-7", "error unexpected")]


async def test_each_line_is_of_the_request_during_which_it_is_written(
    desk: Gateway, lines: Lines
) -> None:
    async def broken(number: int) -> Any:
        query = f'{{ broken(text: "{number}") }}'
        answer = await desk.ask(query, explain=False, headers={"x-request-id": f"request-{number}"})
        (error,) = answer.body["errors"]
        assert set(error["extensions"]) == {"code", "id"}
        return answer.headers["x-request-id"]

    ids = await asyncio.gather(*map(broken, range(40)))

    assert ids == [f"request-{number}" for number in range(40)]
    assert sorted(lines.pairs) == sorted(
        (f"request-{number}", f"{what} {number}")
        for number in range(40)
        for what in ("about", "error")
    )
    assert request_id.get() is None


@pytest.mark.parametrize("accept", ["text/event-stream", "multipart/mixed", "application/json"])
async def test_lines_of_streams_and_batches_are_of_their_request(
    desk: Gateway, lines: Lines, accept: str
) -> None:
    body: Any = {"query": '{ broken(text: "a") }'}
    headers = {"accept": accept, "x-request-id": "order-7"}
    body = [body, body] if accept == "application/json" else body
    async with desk.session.post(f"{desk.url}/graphql", json=body, headers=headers) as response:
        await response.read()

    count = 2 if isinstance(body, list) else 1
    assert (
        sorted(lines.pairs) == [("order-7", "about a")] * count + [("order-7", "error a")] * count
    )


async def test_each_operation_on_a_socket_has_an_id(desk: Gateway, lines: Lines) -> None:
    async with desk.connected({}, headers={"x-request-id": "page-7"}) as socket:
        assert socket.socket._response.headers.getall("x-request-id") == ["page-7"]
        await asyncio.gather(
            socket.subscribe("one", 'subscription { noted(text: "one") }'),
            socket.subscribe("two", 'subscription { noted(text: "two") }'),
        )
        got = [await socket.receive() for _ in range(8)]
        await socket.ask('{ broken(text: "three") }')

    assert sorted(each["type"] for each in got) == ["complete"] * 2 + ["next"] * 6
    assert sorted(lines.pairs) == [
        *[("page-7.1", "about one")] * 3,
        *[("page-7.2", "about two")] * 3,
        ("page-7.3", "about three"),
        ("page-7.3", "error three"),
    ]


async def test_sockets_without_an_id_get_one_each(desk: Gateway, lines: Lines) -> None:
    for _ in range(2):
        async with desk.connected({}, headers={"x-request-id": "no good"}) as socket:
            await socket.ask('{ broken(text: "a") }')

    first, second = sorted({id for id, _ in lines.pairs})
    assert re.fullmatch(r"[0-9a-f]{32}\.1", first)
    assert re.fullmatch(r"[0-9a-f]{32}\.1", second)


async def test_an_operation_s_id_is_no_longer_than_any(desk: Gateway, lines: Lines) -> None:
    async with desk.connected({}, headers={"x-request-id": "x" * LONGEST}) as socket:
        await socket.ask('{ broken(text: "a") }')

    assert {id for id, _ in lines.pairs} == {"x" * (LONGEST - 2) + ".1"}


@pytest.mark.process
@pytest.mark.parametrize("name", SERVERS)
async def test_every_server_s_lines_have_the_id(folder: Any, name: str) -> None:
    port = free_port()
    with served(name, folder, port) as log:
        async with aiohttp.ClientSession() as session:
            for _ in range(200):
                try:
                    async with session.get(f"http://127.0.0.1:{port}/healthz"):
                        break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.1)
            for id in ("order-7", "order\u00e9"):
                async with session.post(
                    f"http://127.0.0.1:{port}/graphql",
                    data=orjson.dumps({"query": "{ __typename }"}),
                    headers={**JSON, "x-request-id": id, "authorization": "Bearer hunter2"},
                ) as response:
                    assert response.status == 401

    told = [
        line
        for line in log.read_text().splitlines()
        if line.endswith((" 401", "401 Unauthorized")) or "refused" in line
    ]
    first, second = [line for line in told if "refused" in line]
    assert LINE.fullmatch(first)
    assert re.fullmatch(r"\S+ \S+ INFO \[order-7\] token from 127\.0\.0\.1 is refused: .*", first)
    assert re.fullmatch(r"\S+ \S+ INFO \[[0-9a-f]{32}\] token from .*", second)
    access = [line for line in told if "refused" not in line]
    if name != "another server":
        assert re.fullmatch(
            r'\S+ \S+ INFO \[order-7\] 127\.0\.0\.1:\d+ - "POST /graphql HTTP/1\.1" 401', access[0]
        )
        assert second.split()[3] == access[1].split()[3]


@pytest.mark.process
def test_a_program_s_own_format_can_have_the_id() -> None:
    code = """
import asyncio, logging, sys
logging.basicConfig(format="%(request_id)s|%(message)s", level=logging.INFO, stream=sys.stdout)
from gateway import logs
from gateway.transports.request_ids import identified
logs.configure()

async def main():
    identified({"headers": [(b"x-request-id", b"order-7")]}, None)
    logging.getLogger("sluice.auth").info("ours")
    logging.getLogger("acme").info("theirs")

logging.getLogger("sluice.auth").info("before")
asyncio.run(main())
"""
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert printed.stdout == "|before\norder-7|ours\norder-7|theirs\n"
