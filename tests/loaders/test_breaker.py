"""A source that fails is left alone, and its breaker's states are what a plain model says."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.asks import WHOLE, Ask, Found, Rows, Wants
from loaders.chain import chained
from loaders.chain.breaker import OPEN, STEPS, Circuit, works
from loaders.chain.counts import Counts
from loaders.chain.resilience import BreakerSettings, Resilience
from loaders.contexts import Operation
from loaders.errors import (
    BadResponse,
    OverBudget,
    SourceBusy,
    SourceTimeout,
    SourceUnavailable,
    UnfitKey,
    UnfitValue,
)
from tests.loaders.test_chain import SINGLES, THINGS, Told, numbered, passing

ASK = Ask(Rows(THINGS), Wants(frozenset({"id"})))
ONE = Ask(Rows(SINGLES, ("id",), unique=True), Wants(frozenset({"id"})))

SETTINGS = BreakerSettings(failures=0.5, calls=4, seconds=10, open_seconds=5)


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


# The circuit, by a model that keeps everything.


@dataclass
class Model:
    """A breaker that keeps each call, and counts them all anew."""

    settings: BreakerSettings
    clock: Clock
    ended: list[tuple[int, bool]] = field(default_factory=list)
    state: str = "closed"
    opened: float = 0.0
    changes: int = 0

    def enter(self) -> int | None:
        waited = self.clock() - self.opened >= self.settings.open_seconds
        if self.state == "open" and waited:
            self.state = "half-open"
            return self.changes
        return self.changes if self.state == "closed" else None

    def leave(self, era: int, works: bool | None) -> None:
        if era != self.changes:
            return
        match self.state, works:
            case "half-open", None:
                # Its time is over all the same.
                self.state = "open"
            case "half-open", True:
                self._become("closed")
            case "half-open", False:
                self._become("open")
            case "closed", True | False:
                step = self.settings.seconds / STEPS
                now = int(self.clock() / step)
                self.ended.append((now, not works))
                recent, back = list[bool](), 0
                while back < 2 or (len(recent) < self.settings.calls and back < STEPS):
                    recent += [failed for at, failed in self.ended if at == now - back]
                    back += 1
                enough = len(recent) >= self.settings.calls
                if not works and enough and sum(recent) / len(recent) >= self.settings.failures:
                    self._become("open")

    def _become(self, state: str) -> None:
        self.state, self.opened = state, self.clock()
        self.changes += 1
        self.ended.clear()


STEP = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([0.01, 0.5, 1.0, 3.0, 4.99, 5.0, 11.0, 100.0])),
    st.tuples(st.just("enter"), st.just(0)),
    st.tuples(st.just("leave"), st.integers(0, 30), st.sampled_from([True, False, False, None])),
)


@given(
    st.lists(STEP, max_size=200),
    st.builds(
        BreakerSettings,
        failures=st.sampled_from([0.1, 0.5, 1.0]),
        calls=st.integers(1, 6),
        seconds=st.sampled_from([1.0, 10.0]),
        open_seconds=st.just(5.0),
    ),
)
def test_its_states_are_those_of_the_model(
    steps: list[tuple[Any, ...]], settings: BreakerSettings
) -> None:
    clock = Clock()
    circuit, model = Circuit(settings, clock), Model(settings, clock)
    under_way: list[int] = []
    for what, number, *rest in steps:
        if what == "wait":
            clock.now += number
        elif what == "enter":
            era = circuit.enter()
            assert (era is not None) == (model.enter() is not None)
            if era is not None:
                under_way.append(era)
        elif under_way:
            era = under_way.pop(number % len(under_way))
            circuit.leave(era, *rest)
            model.leave(era, *rest)
        assert circuit.is_closed == (model.state == "closed")


def test_it_opens_by_the_share_of_enough_calls() -> None:
    clock = Clock()
    circuit = Circuit(SETTINGS, clock)

    said = [circuit.leave(circuit.enter() or 0, works) for works in (False, False, True)]
    opens = circuit.leave(0, False)

    assert (said, opens) == ([None] * 3, "3 of its last 4 calls failed")
    assert circuit.enter() is None


def test_what_failed_long_ago_does_not_count() -> None:
    clock = Clock()
    circuit = Circuit(SETTINGS, clock)

    for _ in range(3):
        circuit.leave(0, False)
    clock.now += 11
    circuit.leave(0, False)

    assert circuit.is_closed


def test_what_worked_before_does_not_outweigh_that_it_has_begun_to_fail() -> None:
    clock = Clock()
    circuit = Circuit(SETTINGS, clock)
    for _ in range(1000):
        circuit.leave(0, True)
        clock.now += 0.005
    seconds = 0.0
    while circuit.is_closed:
        circuit.leave(0, False)
        clock.now += 0.005
        seconds += 0.005

    assert seconds <= 2 * SETTINGS.seconds / STEPS


def test_one_call_is_let_through_once_it_was_open_for_its_time() -> None:
    clock = Clock()
    circuit = Circuit(SETTINGS, clock)
    for _ in range(4):
        circuit.leave(0, False)

    clock.now += 4.9
    before = circuit.enter()
    clock.now += 0.1
    probe, others = circuit.enter(), [circuit.enter() for _ in range(3)]
    assert probe is not None
    circuit.leave(probe, False)
    again = circuit.enter()
    clock.now += 5
    second = circuit.enter()
    assert second is not None
    circuit.leave(second, True)

    assert (before, others, again) == (None, [None] * 3, None)
    assert circuit.is_closed


# What counts.


def hurried() -> SourceTimeout:
    error = SourceTimeout("told")
    error.is_outage = False
    return error


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ([Found()], True),
        ([SourceTimeout("told"), Found()], True),
        ([SourceTimeout("told")], False),
        ([SourceUnavailable("told")], False),
        ([SourceUnavailable("told"), BadResponse("told", "no")], False),
        ([BadResponse("told", "no"), SourceUnavailable("told")], False),
        ([BadResponse("told", "no")], True),
        ([UnfitValue("told", "no")], None),
        ([UnfitKey("told", "id", "x", "a number")], None),
        ([OverBudget("told", "no")], None),
        ([SourceBusy("told", reason="full")], None),
        ([hurried()], None),
        ([ValueError()], None),
        ([], None),
    ],
    ids=lambda each: "" if isinstance(each, bool) else None,
)
def test_only_what_the_source_did_counts(answer: list[Any], expected: bool | None) -> None:
    assert works(answer) is expected


# In the chain.


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The breakers' clock."""
    clock = Clock()

    def circuit(settings: BreakerSettings) -> Circuit:
        return Circuit(settings, clock)

    monkeypatch.setattr("loaders.chain.Circuit", circuit)
    return clock


def broken(**settings: Any) -> Resilience:
    return Resilience(retries=0, breaker=BreakerSettings(**{**SETTINGS.model_dump(), **settings}))


async def test_while_it_is_open_nothing_is_sent(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    down = True
    source = Told(
        lambda key, _: SourceUnavailable("told", reason="gone") if down else Found([{"id": "here"}])
    )
    counts, operation = Counts(), Operation()
    chain = chained(source, broken(), counts)

    for _ in range(4):
        await chain.fetch(ASK, [WHOLE], Operation())
    sent = len(source.batches)
    (refused,) = await chain.fetch(ASK, [WHOLE], operation)
    during = len(source.batches)
    down = False
    clock.now += 5
    (after,) = await chain.fetch(ASK, [WHOLE], Operation())

    assert (sent, during) == (4, 4)
    assert isinstance(refused, SourceUnavailable)
    assert (str(refused), refused.reason) == ("The source 'told' is unavailable.", OPEN)
    (call,) = operation.trace.calls
    assert (call.as_dict()["statement"], call.as_dict()["error"]) == ("not sent", OPEN)
    assert isinstance(after, Found)
    assert (counts.opened, counts.refused) == (1, 1)
    assert [each.getMessage() for each in caplog.records if "failed for" not in each.msg] == [
        "source 'told' is left alone for 5 s: 4 of its last 4 calls failed, the last: gone",
        "source 'told' works again: it was not asked 1 times",
    ]
    assert sum("failed for" in each.getMessage() for each in caplog.records) == 4


async def test_a_fan_out_is_refused_as_one_call(clock: Clock) -> None:
    source = Told(lambda *_: SourceUnavailable("told", reason="gone"))
    chain = chained(source, broken())
    operation = Operation()
    await chain.fetch(ONE, numbered(4), Operation())

    found = await chain.fetch(ONE, numbered(50), operation)

    assert [type(each) for each in found] == [SourceUnavailable] * 50
    assert len(source.batches) == 4
    (call,) = operation.trace.calls
    assert (call.keys, call.error) == (0, OPEN)


async def test_bad_values_open_nothing(clock: Clock) -> None:
    source = Told(lambda *_: UnfitValue("told", "no such value"))
    chain = chained(source, broken(calls=1))

    for _ in range(50):
        await chain.fetch(ASK, [WHOLE], Operation())

    assert len(source.batches) == 50


async def test_a_probe_that_is_given_up_is_none(clock: Clock) -> None:
    source = Told(lambda *_: SourceUnavailable("told", reason="gone"))
    chain = chained(source, broken())
    for _ in range(4):
        await chain.fetch(ASK, [WHOLE], Operation())
    clock.now += 5
    source.seconds = 30
    probe = asyncio.ensure_future(chain.fetch(ASK, [WHOLE], Operation()))
    await asyncio.sleep(0)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)

    source.seconds, source.tell = 0, lambda *_: Found()
    (found,) = await chain.fetch(ASK, [WHOLE], Operation())

    assert isinstance(found, Found)


async def test_a_retry_ends_where_the_breaker_opens(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    source = Told(lambda *_: passing("gone again"))
    chain = chained(source, Resilience(retries=2, breaker=BreakerSettings(calls=1)))
    operation = Operation()

    (found,) = await chain.fetch(ASK, [WHOLE], operation)

    assert isinstance(found, SourceUnavailable)
    assert [call.error for call in operation.trace.calls] == ["gone again", OPEN]
    assert sum("failed for" in each.getMessage() for each in caplog.records) == 1


async def test_without_a_breaker_a_source_is_asked_whatever_it_says() -> None:
    source = Told(lambda *_: SourceUnavailable("told", reason="gone"))
    chain = chained(source, Resilience(retries=0, breaker=None))

    for _ in range(50):
        await chain.fetch(ASK, [WHOLE], Operation())

    assert len(source.batches) == 50


async def test_an_operation_whose_time_is_up_says_nothing_of_the_source(clock: Clock) -> None:
    source = Told(seconds=30)
    chain = chained(source, broken(calls=1))

    for left in (-1, 0.01):
        await chain.fetch(ASK, [WHOLE], Operation(deadline=time.monotonic() + left))
    source.seconds = 0
    (found,) = await chain.fetch(ASK, [WHOLE], Operation())

    assert isinstance(found, Found)
