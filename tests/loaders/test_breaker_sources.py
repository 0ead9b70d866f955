"""A source that fails for real is left alone, and asked again once it works; others go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from gateway.settings import Settings
from loaders.asks import WHOLE, Ask, Rows, Wants
from loaders.chain import chained
from loaders.chain.breaker import OPEN
from loaders.chain.resilience import BreakerSettings, Resilience
from loaders.contexts import Operation
from loaders.rest.routes import RestResource
from loaders.rest.source import RestSource
from tests.bad_servers import answering, line_to
from tests.client import Answer, Gateway, serving
from tests.identities import auth, headers
from tests.loaders.lies import honest_stock

PAGE = """
{
  customers(first: 2) { nodes { name } }
  products(first: 2) { nodes { sku stock { available } } }
  carriers { nodes { code } }
}
"""

CALLS = 6


@dataclass
class Failing:
    """A source's address, and what has it fail, or work again."""

    url: str
    fail: Callable[[], None]
    heal: Callable[[], None]


@asynccontextmanager
async def dropped(url: str) -> AsyncIterator[Failing]:
    """A proxy before a database that drops its connections."""
    server = urlsplit(url)
    async with line_to(str(server.hostname), int(server.port or 0)) as line:
        through = url.replace(f"{server.hostname}:{server.port}", f"127.0.0.1:{line.port}")
        yield Failing(
            through,
            lambda: setattr(line, "breaks", 1_000_000),
            lambda: setattr(line, "breaks", 0),
        )


def service(
    fails: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
) -> Callable[[str], AbstractAsyncContextManager[Failing]]:
    @asynccontextmanager
    async def run(_: str) -> AsyncIterator[Failing]:
        is_down = False

        async def tell(request: web.BaseRequest) -> web.StreamResponse:
            return await (fails if is_down else honest_stock)(request)

        def become(down: bool) -> None:
            nonlocal is_down
            is_down = down

        async with answering(tell) as running:
            yield Failing(running.url, lambda: become(True), lambda: become(False))

    return run


async def unavailable(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=503)


async def hang(request: web.BaseRequest) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


def without(whole: Any, source: str) -> Any:
    match source:
        case "shop":
            return {**whole, "customers": None}
        case "catalog":
            return {**whole, "products": None}
        case _:
            nodes = [{**node, "stock": None} for node in whole["products"]["nodes"]]
            return {**whole, "products": {"nodes": nodes}}


def errors_of(answer: Answer, source: str) -> list[str]:
    return [call["error"] for call in answer.calls if call["source"] == source and "error" in call]


async def until(gateway: Gateway, holds: Callable[[Answer], bool]) -> Answer:
    for _ in range(200):
        answer = await gateway.ask(PAGE)
        if holds(answer):
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError(answer.body)


@pytest.mark.parametrize(
    ("source", "failing"),
    [
        ("shop", dropped),
        ("catalog", dropped),
        ("inventory", service(unavailable)),
        ("inventory", service(hang)),
    ],
    ids=["postgres dropped", "mongo dropped", "rest unavailable", "rest hangs"],
)
async def test_a_source_that_fails_is_left_alone_and_comes_back(
    source: str,
    failing: Callable[[str], AbstractAsyncContextManager[Failing]],
    source_settings: dict[str, dict[str, Any]],
) -> None:
    async with failing(source_settings[source]["url"]) as place:
        changed = {
            **source_settings[source],
            "url": place.url,
            "timeout": 1.0,
            "breaker": {"calls": CALLS, "open_seconds": 0.5},
        }
        settings = Settings.of(
            environment="development",
            sources={**source_settings, source: changed},
            auth=auth(),
        )
        async with serving(settings, headers("staff")) as gateway:
            before = await gateway.ask(PAGE)
            place.fail()
            opened = await until(gateway, lambda answer: errors_of(answer, source) == [OPEN])
            place.heal()
            after = await until(gateway, lambda answer: not answer.errors)

    whole = before.data
    assert opened.partial == without(whole, source)
    assert set(opened.codes) == {"UPSTREAM_UNAVAILABLE"}
    # No other source's fields had an error, and each was asked.
    asked = {call["source"] for call in opened.calls if "error" not in call}
    assert {"shop", "catalog", "shipping"} - {source} <= asked
    assert after.data == whole


async def test_callers_of_whom_a_service_has_too_many_requests_cost_no_other_its_turn() -> None:
    async def tell(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=429, headers={"retry-after": "0"})

    things = RestResource(source="things", name="things", key_type=int, all="/")
    ask = Ask(Rows(things), Wants(frozenset({"id"})))
    async with answering(tell) as service:
        source = RestSource("things", service.url)
        await source.open()
        try:
            settings = BreakerSettings(calls=1)
            chain = chained(source, Resilience(retries=0, breaker=settings))
            for _ in range(3):
                await chain.fetch(ask, [WHOLE], Operation())
        finally:
            await source.close()

    assert len(service.paths) == 3
