"""What is found out of a service by the requests that a graph would make."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from loaders.descriptions import Description, Samples
from loaders.errors import SourceError, SourceUnavailable
from loaders.rest.probe import SILENT
from loaders.rest.routes import Batch, RestResource, Single
from loaders.rest.source import RestSource
from tests.bad_servers import answering, unused_port

SECRET = "SECRET-77"
ROWS = [{"id": "a", "name": SECRET}, {"id": "b"}]

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def said(status: int = 200, body: Any = None, text: str | None = None) -> Handler:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if text is not None:
            return web.Response(text=text, status=status)
        return web.json_response(body, status=status)

    return handler


async def honest(request: web.BaseRequest) -> web.StreamResponse:
    """All rows at /things, some of them by ?id=, one at /things/{id}."""
    key = request.path.removeprefix("/things").removeprefix("/")
    wanted = request.query.getall("id", [])
    if key:
        found = [row for row in ROWS if row["id"] == key]
        return web.json_response(found[0]) if found else web.json_response({}, status=404)
    rows = [row for row in ROWS if row["id"] in wanted] if wanted else ROWS
    return web.json_response({"items": rows})


def things(**more: Any) -> RestResource:
    return RestResource(source="s", name="things", **more)


async def probed(
    handler: Handler, resource: RestResource, samples: Samples | None = None
) -> tuple[Description, list[str]]:
    """What is told of the resource, and what was asked for that."""
    async with answering(handler) as service:
        source = RestSource("s", service.url, timeout=2.0)
        await source.open()
        try:
            description = await source.describe(resource, samples or {})
        finally:
            await source.close()
    told = [*description.mistakes, *description.unknown]
    assert SECRET not in "".join(told)
    assert service.url not in "".join(told)
    return description, service.paths


BOTH = {"id": Single("/things/{key}")}
BATCH = {"id": Batch("/things", "id")}


@pytest.mark.parametrize("by", [BOTH, BATCH], ids=["single", "batch"])
async def test_roads_are_tried_by_a_key_that_the_list_of_all_has(by: Any) -> None:
    described, asked = await probed(honest, things(all="/things", by=by))

    assert (described.kind, described.mistakes, described.unknown) == ("service", (), (SILENT,))
    assert asked == ["/things", "/things/a" if by is BOTH else "/things?id=a"]


async def test_roads_are_tried_by_a_key_that_another_source_has() -> None:
    described, asked = await probed(honest, things(by=BOTH), {"id": ["none", "b", "a"]})

    assert (described.mistakes, described.unknown) == ((), (SILENT,))
    assert asked == ["/things/none", "/things/b"]


async def test_a_road_without_a_key_is_unknown_and_not_asked() -> None:
    described, asked = await probed(honest, things(by=BOTH))

    assert described.mistakes == ()
    assert described.unknown[0] == (
        "its route by 'id', GET /things/{key}, could not be tried: no value of 'id' is to be had "
        "from elsewhere"
    )
    assert asked == []


async def test_keys_that_no_other_source_knows_prove_nothing() -> None:
    described, asked = await probed(honest, things(by=BOTH), {"id": ["x", "y", "z", "a"]})

    assert described.mistakes == ()
    assert described.unknown[0].startswith("GET /things/{key} has nothing for the first values")
    assert asked == ["/things/x", "/things/y", "/things/z"]


async def test_a_key_that_is_none_for_a_url_is_not_sent() -> None:
    described, asked = await probed(honest, things(by=BOTH), {"id": [b"bytes", 1.5j, None]})

    assert described.mistakes == ()
    assert asked == []


async def test_a_key_is_one_segment_or_is_not_asked_for() -> None:
    keys = ["a/../b", "..", "", "a\\b", "a b?c"]

    _, asked = await probed(said(404), things(by=BOTH), {"id": keys})
    _, asked_by_batch = await probed(said(404), things(by=BATCH), {"id": keys})

    assert asked == ["/things/a%20b%3Fc"]
    assert asked_by_batch[:2] == ["/things?id=a%2F..%2Fb", "/things?id=.."]


@pytest.mark.parametrize(
    ("handler", "mistake"),
    [
        (said(404, {}), "GET /things answers with status 404"),
        (said(400, {}), "GET /things answers with status 400"),
        (said(301, {}), "GET /things answers with status 301"),
        (said(text="<html>"), "GET /things answers with an answer that is not JSON"),
        (said(body={"rows": []}), "GET /things answers without a list of objects under 'items'"),
        (said(body={"items": [1]}), "GET /things answers without a list of objects under 'items'"),
        (said(body={"items": [{"ID": "a"}]}),
         "GET /things answers with an object that has no 'id'"),
    ],
)  # fmt: skip
async def test_what_the_list_of_all_proves_wrong(handler: Handler, mistake: str) -> None:
    described, asked = await probed(handler, things(all="/things"))

    assert described.mistakes == (mistake,)
    assert asked == ["/things"]


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_what_may_pass_proves_nothing(status: int) -> None:
    try:
        described, _ = await probed(said(status, {}), things(all="/things"))
    except SourceError:
        return  # the service is down, for now
    assert described.mistakes == ()
    assert described.unknown[0] == f"GET /things answers with status {status}"


async def test_a_list_without_rows_is_unknown() -> None:
    described, _ = await probed(said(body={"items": []}), things(all="/things", by=BOTH))

    assert described.mistakes == ()
    assert described.unknown[0] == "GET /things has no rows now, so its form can't be told"


async def test_a_road_that_does_not_find_what_the_list_has() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/things":
            return await honest(request)
        return web.json_response({}, status=404)

    described, _ = await probed(handler, things(all="/things", by=BOTH))

    assert described.mistakes == (
        "GET /things/{key} finds nothing by a value of 'id' that its other answers have",
    )


async def test_a_road_that_finds_something_else() -> None:
    described, _ = await probed(said(body={"id": "b"}), things(by=BOTH), {"id": ["a"]})

    assert described.mistakes == (
        "GET /things/{key} answers with an object that has another 'id' than was asked for",
    )


async def test_a_key_of_another_type_is_another_key() -> None:
    described, _ = await probed(said(body={"id": "1"}), things(key_type=int, by=BOTH), {"id": [1]})

    assert described.mistakes[0].startswith("GET /things/{key} answers with an object that has")


async def test_a_list_that_stands_by_itself() -> None:
    described, _ = await probed(said(body=ROWS), things(all="/things", items=None))

    assert described.mistakes == ()


async def test_rows_of_one_road_give_the_keys_of_the_next() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/of":
            return web.json_response({"items": [{"id": "r1", "sku": request.query["sku"]}]})
        return web.json_response({"id": "r1", "sku": "x"})

    by: Any = {"sku": Batch("/of", "sku"), "id": Single("/one/{key}")}
    described, asked = await probed(handler, things(by=by), {"sku": ["x"]})

    assert described.mistakes == ()
    assert asked == ["/of?sku=x", "/one/r1"]


async def test_a_service_that_is_down_can_not_be_described() -> None:
    source = RestSource("s", f"http://127.0.0.1:{unused_port()}", timeout=0.5)
    await source.open()
    try:
        with pytest.raises(SourceUnavailable):
            await source.describe(things(all="/things"))
    finally:
        await source.close()
