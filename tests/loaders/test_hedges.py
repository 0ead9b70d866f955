"""A second call is made beside one that takes longer than most, and no more of them than may be."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from gateway.settings import Settings
from loaders.asks import WHOLE, Answer, Ask, Found, Key, Rows, Wants
from loaders.chain import chained
from loaders.chain.counts import Counts
from loaders.chain.hedge import ENOUGH, KEPT, SAVED, SLOWER, Hedge, Latencies
from loaders.chain.resilience import BreakerSettings, Resilience
from loaders.chain.retry import Budget
from loaders.contexts import Attempt, Operation
from loaders.errors import SourceError, SourceUnavailable, UnfitValue
from loaders.rest.routes import RestResource
from loaders.rest.source import RestSource
from loaders.sources import Fetcher
from tests.bad_servers import answering
from tests.loaders.test_chain import THINGS, Told

ASK = Ask(Rows(THINGS), Wants(frozenset({"id"})))
HEDGED = Resilience(hedge=True)


@dataclass
class Slow(Told):
    """Its calls hang, each until it is told what it answers."""

    hangs: bool = False
    under_way: list[asyncio.Future[Found | SourceError]] = field(default_factory=list)

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        self.batches.append(list(keys))
        with attempt.call(ask, keys, statement="slow"):
            if not self.hangs:
                return [Found()] * len(keys)
            told: asyncio.Future[Found | SourceError] = asyncio.Future()
            self.under_way.append(told)
            try:
                answer = await told
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
            if isinstance(answer, SourceError):
                raise answer
            return [answer] * len(keys)

    async def until(self, calls: int) -> None:
        """Return once so many hang."""
        for _ in range(1_000):
            if len(self.under_way) >= calls:
                return
            await asyncio.sleep(0.001)
        raise AssertionError(f"{len(self.under_way)} calls")


async def settled() -> None:
    """Let pass what a call takes that is answered at once, and more."""
    await asyncio.sleep(0.05)


async def hedging(
    source: Slow, counts: Counts | None = None, resilience: Resilience = HEDGED
) -> Fetcher[Operation]:
    """The source's chain, once it knows how long calls take."""
    chain = chained(source, resilience, counts)
    for _ in range(2 * ENOUGH):
        await chain.fetch(ASK, [WHOLE], Operation())
    source.batches.clear()
    source.hangs = True
    return chain


def asked(chain: Fetcher[Operation], operation: Operation | None = None) -> asyncio.Future[Answer]:
    return asyncio.ensure_future(chain.fetch(ASK, [WHOLE], operation or Operation()))


@given(st.lists(st.floats(0, 10), min_size=1, max_size=350))
def test_what_is_usual_is_the_95th_percentile_of_enough(seconds: list[float]) -> None:
    latencies = Latencies()
    for each in seconds:
        latencies.add(each)

    known = seconds[: len(seconds) // ENOUGH * ENOUGH][-KEPT:]
    if not known:
        assert latencies.usual is None
    else:
        usual = latencies.usual
        assert usual in known
        assert sum(each <= usual for each in known) >= math.ceil(0.95 * len(known))
        assert sum(each < usual for each in known) < 0.95 * len(known)


async def test_the_sooner_of_two_counts_and_the_other_is_cancelled() -> None:
    source, counts, operation = Slow(), Counts(), Operation()
    chain = await hedging(source, counts)

    asking = asked(chain, operation)
    await source.until(2)
    source.under_way[1].set_result(Found(({"id": "second"},)))
    (found,) = await asking

    assert isinstance(found, Found)
    assert found.rows == ({"id": "second"},)
    assert (source.cancelled, counts.hedged, len(source.batches)) == (1, 1, 2)
    assert [call.error for call in operation.trace.calls] == [SLOWER, None]


async def test_the_first_can_be_the_sooner_one() -> None:
    source, operation = Slow(), Operation()
    chain = await hedging(source)

    asking = asked(chain, operation)
    await source.until(2)
    source.under_way[0].set_result(Found(({"id": "first"},)))
    (found,) = await asking

    assert isinstance(found, Found)
    assert found.rows == ({"id": "first"},)
    assert [call.error for call in operation.trace.calls] == [None, SLOWER]


async def test_one_that_fails_is_no_answer_while_the_other_may_have_one() -> None:
    source = Slow()
    chain = await hedging(source)

    asking = asked(chain)
    await source.until(2)
    source.under_way[1].set_result(SourceUnavailable("told", reason="gone"))
    await settled()
    waits = not asking.done()
    source.under_way[0].set_result(Found())

    assert waits
    assert [type(each) for each in await asking] == [Found]


async def test_where_both_fail_that_is_the_error() -> None:
    source = Slow()
    chain = await hedging(source, resilience=Resilience(hedge=True, retries=0))

    asking = asked(chain)
    await source.until(2)
    source.under_way[1].set_result(UnfitValue("told", "the second"))
    source.under_way[0].set_result(UnfitValue("told", "the first"))

    assert [str(each) for each in await asking] == ["the first"]


async def test_before_enough_is_known_there_is_none() -> None:
    source = Slow()
    chain = chained(source, HEDGED)
    for _ in range(ENOUGH - 1):
        await chain.fetch(ASK, [WHOLE], Operation())
    source.hangs = True

    asking = asked(chain)
    await source.until(1)
    await settled()
    source.under_way[0].set_result(Found())
    await asking

    assert len(source.under_way) == 1


async def test_there_are_few_more_calls_than_without() -> None:
    source, counts = Slow(), Counts()
    chain = await hedging(source, counts)

    for calls in range(30):
        source.under_way.clear()
        asking = asked(chain)
        await source.until(1)
        if calls < SAVED:
            await source.until(2)
        else:
            await settled()
        source.under_way[0].set_result(Found())
        await asking

    # A twentieth of the 200 calls before, all of which were saved, and of these.
    assert SAVED <= counts.hedged <= SAVED + 2
    assert len(source.batches) == 30 + counts.hedged


async def test_there_are_no_more_than_retries_may_be() -> None:
    source, counts = Slow(), Counts()
    hedge = Hedge(source, Budget(0.0, left=1.0), None, counts)
    for _ in range(2 * ENOUGH):
        await hedge.fetch(ASK, [WHOLE], Attempt(None, []))
    source.hangs = True

    for calls in (2, 1):
        source.under_way.clear()
        asking = asyncio.ensure_future(hedge.fetch(ASK, [WHOLE], Attempt(None, [])))
        await source.until(calls)
        await settled()
        made = len(source.under_way)
        source.under_way[0].set_result(Found())
        await asking
        assert made == calls

    assert counts.hedged == 1


async def test_while_the_breaker_is_not_closed_there_is_none() -> None:
    source, counts = Slow(), Counts()
    breaker = BreakerSettings(calls=1, failures=0.001, open_seconds=0.001)
    chain = await hedging(source, counts, Resilience(hedge=True, retries=0, breaker=breaker))
    asking = asked(chain)
    await source.until(2)
    for each in source.under_way:
        each.set_result(SourceUnavailable("told", reason="gone"))
    await asking
    await settled()

    probe = asked(chain)
    await source.until(3)
    await settled()
    source.under_way[2].set_result(Found())
    await probe

    assert len(source.under_way) == 3
    assert counts.hedged == 1


async def test_whoever_gives_up_ends_both() -> None:
    source = Slow()
    chain = await hedging(source)
    asking = asked(chain)
    await source.until(2)

    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert source.cancelled == 2


async def test_it_is_off_unless_it_is_set() -> None:
    def resilience(**settings: Any) -> Resilience:
        kind = {"kind": "rest", "url": "http://localhost", **settings}
        return Settings.of(sources={"any": kind}).sources["any"].resilience

    assert (resilience().hedge, resilience(hedge=True).hedge) == (False, True)


async def test_a_request_that_hangs_costs_no_time_out() -> None:
    async def tell(request: web.BaseRequest) -> web.StreamResponse:
        if len(service.paths) == 2 * ENOUGH + 1:
            await asyncio.sleep(60)
        return web.json_response([{"id": "1"}])

    things = RestResource(source="things", name="things", all="/")
    ask = Ask(Rows(things), Wants(frozenset({"id"})))
    async with answering(tell) as service:
        source, counts = RestSource("things", service.url), Counts()
        chain = chained(source, HEDGED, counts)
        await source.open()
        try:
            for _ in range(2 * ENOUGH + 1):
                (found,) = await chain.fetch(ask, [WHOLE], Operation())
                assert isinstance(found, Found)
        finally:
            await source.close()

    assert counts.hedged >= 1


@pytest.mark.parametrize("kind", ["postgres", "mongo"])
def test_databases_have_none(kind: str) -> None:
    url = {"postgres": "postgresql://localhost/a", "mongo": "mongodb://localhost"}[kind]
    settings: dict[str, Any] = {"kind": kind, "url": url, "hedge": True}
    if kind == "mongo":
        settings["database"] = "a"

    with pytest.raises(ValueError, match="hedge"):
        Settings.of(sources={"any": settings})
