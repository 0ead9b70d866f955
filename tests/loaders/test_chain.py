"""The wrappers around a source, each over a source that answers as it is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from loaders.asks import WHOLE, Answer, Ask, Found, Key, Rows, Wants
from loaders.chain import chained
from loaders.chain.resilience import Resilience
from loaders.contexts import CALLS, FAN_OUT, Attempt, Operation
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import (
    BadResponse,
    OverBudget,
    SourceBusy,
    SourceError,
    SourceTimeout,
    SourceUnavailable,
    UnfitValue,
)
from loaders.memory import MemoryTable
from loaders.resource import Resource
from loaders.rest.routes import Batch, RestResource, Single
from loaders.sources import Capabilities

THINGS = MemoryTable(source="told", name="things")
SINGLES = RestResource(source="told", name="singles", by={"id": Single("/{key}")})
BATCHES = RestResource(source="told", name="batches", by={"id": Batch("/", "id", 4)})

Tell = Callable[[Key, int], Found | Exception]
"""What a key has, at the so manyth time that it is asked for."""


@dataclass
class Told:
    """A source that says what it is told to, and how it was asked."""

    tell: Tell = lambda key, _: Found([{"id": key[0] if key else None}])
    can: Capabilities = field(default_factory=Capabilities)
    timeout: float = 5.0
    seconds: float = 0.0
    name: str = "told"
    kind: str = "told"
    batches: list[list[Key]] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    cancelled: int = 0
    now: int = 0
    busiest: int = 0

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def check(self) -> None: ...

    async def describe(self, resource: Resource, samples: Samples = NO_SAMPLES) -> Description:
        raise AssertionError("nobody asks")

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        self.batches.append(list(keys))
        self.attempts.append(attempt)
        self.now += 1
        self.busiest = max(self.busiest, self.now)
        try:
            with attempt.call(ask, keys, statement="told") as call:
                await asyncio.sleep(self.seconds)
                times = [sum(key in batch for batch in self.batches) for key in keys]
                found = [self.tell(key, time) for key, time in zip(keys, times, strict=True)]
                call.rows = len(found)
                for each in found:
                    if isinstance(each, SourceError):
                        call.fail(each)
                return found
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.now -= 1


async def asked(
    source: Told,
    keys: Sequence[Key],
    operation: Operation | None = None,
    resource: Resource = THINGS,
    **resilience: Any,
) -> list[Any]:
    """For each key, its row's id or its error."""
    by = () if list(keys) == [WHOLE] else ("id",)
    ask = Ask(Rows(resource, by, unique=bool(by)), Wants(frozenset({"id"})))
    chain = chained(source, Resilience(**resilience))
    answer = await chain.fetch(ask, keys, operation or Operation())
    assert len(answer) == len(keys)
    return [
        each.rows[0]["id"] if isinstance(each, Found) and not isinstance(each.rows, Exception)
        else each
        for each in answer
    ]  # fmt: skip


def numbered(count: int) -> list[Key]:
    return [(number,) for number in range(count)]


# Split: no larger batches than the source, or the resource, takes.


@pytest.mark.parametrize(
    ("resource", "count", "sizes"),
    [
        (THINGS, 7, [7]),
        (THINGS, 8, [7, 1]),
        (THINGS, 30, [7, 7, 7, 7, 2]),
        (BATCHES, 10, [4, 4, 2]),
        (SINGLES, 3, [1, 1, 1]),
    ],
)
async def test_batches_are_as_large_as_they_may_be_and_answers_in_order(
    resource: Resource, count: int, sizes: list[int]
) -> None:
    source = Told(can=Capabilities(batch_size=7))

    found = await asked(source, numbered(count), resource=resource)

    assert found == list(range(count))
    assert [len(batch) for batch in source.batches] == sizes


async def test_a_batch_that_fails_costs_no_other() -> None:
    def tell(key: Key, _: int) -> Found:
        if key == (5,):
            raise BadResponse("told", "nonsense")
        return Found([{"id": key[0]}])

    found = await asked(Told(tell, Capabilities(batch_size=4)), numbered(10))

    assert found[:4] == [0, 1, 2, 3]
    assert [type(each) for each in found[4:8]] == [BadResponse] * 4
    assert found[8:] == [8, 9]


async def test_a_fan_out_is_one_call_in_the_trace() -> None:
    def tell(key: Key, _: int) -> Found | Exception:
        return BadResponse("told", "no", reason="status 500") if key == (2,) else Found()

    operation = Operation()
    await asked(Told(tell), numbered(0), operation, SINGLES)
    assert operation.trace.calls == []

    source = Told(lambda key, _: tell(key, 0) if key == (2,) else Found([{"id": key[0]}]))
    await asked(source, numbered(5), operation, SINGLES)

    (call,) = operation.trace.calls
    assert (call.keys, call.rows, call.error) == (5, 5, "status 500")


async def test_batches_of_a_source_are_a_call_each() -> None:
    operation = Operation()

    await asked(Told(can=Capabilities(batch_size=4)), numbered(10), operation)

    assert [call.keys for call in operation.trace.calls] == [4, 4, 2]


# Budget: the calls of an operation, and the requests of its fan-outs.


async def test_an_operation_makes_so_many_calls_to_a_source() -> None:
    source, other, operation = Told(), Told(), Operation()

    for _ in range(CALLS):
        assert await asked(source, numbered(1), operation) == [0]
    refused = await asked(source, numbered(2), operation)

    assert [type(each) for each in refused] == [OverBudget] * 2
    assert str(refused[0]) == (
        "This operation needs more than 200 calls to 'told'. Ask for fewer fields."
    )
    assert await asked(other, numbered(1), Operation()) == [0]


async def test_an_operation_has_so_many_requests_of_fan_outs() -> None:
    source, operation = Told(), Operation()

    first = await asked(source, numbered(FAN_OUT - 10), operation, SINGLES)
    second = await asked(source, numbered(30), operation, SINGLES)
    third = await asked(source, numbered(3), operation, SINGLES)
    others = await asked(source, numbered(200), operation, THINGS)

    assert first == list(range(FAN_OUT - 10))
    assert second[:10] == list(range(10))
    assert [type(each) for each in second[10:] + third] == [OverBudget] * 23
    assert others == list(range(200))
    assert await asked(source, numbered(FAN_OUT), Operation(), SINGLES) == list(range(FAN_OUT))


# Retry: the keys that failed in passing, and no others.


def passing(reason: str = "busy", after: float | None = None) -> SourceUnavailable:
    return SourceUnavailable("told", reason=reason, is_passing=True, after=after)


async def test_what_failed_in_passing_is_tried_again_and_nothing_else() -> None:
    def tell(key: Key, times: int) -> Found | Exception:
        match key[0]:
            case 1:
                return passing() if times < 2 else Found([{"id": 1}])
            case 2:
                return passing() if times < 3 else Found([{"id": 2}])
            case 3:
                return SourceUnavailable("told", reason="gone")
            case 4:
                return UnfitValue("told", "no such value")
            case 5:
                return passing()
            case other:
                return Found([{"id": other}])

    source = Told(tell)

    found = await asked(source, numbered(6))

    assert found[:3] == [0, 1, 2]
    assert [type(each) for each in found[3:]] == [SourceUnavailable, UnfitValue, SourceUnavailable]
    assert source.batches == [numbered(6), [(1,), (2,), (5,)], [(2,), (5,)]]


async def test_a_whole_batch_that_failed_in_passing_is_tried_again() -> None:
    def tell(key: Key, times: int) -> Found:
        if times < 3:
            raise passing()
        return Found([{"id": key[0]}])

    source = Told(tell)

    assert await asked(source, numbered(3)) == [0, 1, 2]
    assert source.batches == [numbered(3)] * 3


async def test_without_retries_nothing_is_tried_again() -> None:
    source = Told(lambda *_: passing())

    await asked(source, numbered(2), retries=0)

    assert len(source.batches) == 1


async def test_a_failure_is_logged_when_nothing_more_is_tried(
    caplog: pytest.LogCaptureFixture,
) -> None:
    healing = Told(lambda key, times: passing("healing") if times < 2 else Found([{"id": key[0]}]))
    failing = Told(lambda *_: passing("failing"))
    operation = Operation()

    await asked(healing, numbered(1), operation)
    await asked(failing, numbered(1), operation)

    said = [each.getMessage() for each in caplog.records if each.name == "sluice.sources"]
    assert [line for line in said if "healing" in line] == []
    assert len([line for line in said if "failing" in line]) == 1
    # The trace has every attempt.
    errors = [call.error for call in operation.trace.calls]
    assert errors == ["healing", None, "failing", "failing", "failing"]


async def test_a_source_is_left_alone_for_as_long_as_it_asks() -> None:
    began = time.monotonic()
    source = Told(lambda key, times: passing(after=0.3) if times < 2 else Found([{"id": key[0]}]))

    assert await asked(source, numbered(1)) == [0]
    assert time.monotonic() - began >= 0.3


# Deadline and time-out.


async def test_what_takes_too_long_is_ended_and_an_error_of_its_keys() -> None:
    source, operation = Told(timeout=0.05, seconds=30), Operation()

    found = await asked(source, numbered(2), operation)

    assert [type(each) for each in found] == [SourceTimeout] * 2
    assert source.cancelled == 1
    assert operation.trace.calls[0].error == "no answer within 0.05 s"


async def test_an_operations_deadline_ends_what_may_take_longer_otherwise() -> None:
    source, operation = Told(seconds=30), Operation(deadline=time.monotonic() + 0.05)

    found = await asked(source, [WHOLE], operation)
    later = await asked(source, [WHOLE], operation)

    assert [type(each) for each in (*found, *later)] == [SourceTimeout] * 2
    # Nobody waits any more, so nothing is sent.
    assert (len(source.batches), source.cancelled) == (1, 1)


async def test_a_driver_knows_what_is_left() -> None:
    source = Told(timeout=5.0)

    await asked(source, numbered(1), Operation(deadline=time.monotonic() + 2))
    await asked(source, numbered(1), Operation())

    soon, late = (each.left(60.0) for each in source.attempts)
    assert 1.0 < soon <= 2.0
    assert 4.0 < late <= 5.0


async def test_tries_end_at_the_deadline() -> None:
    source = Told(lambda *_: passing(after=60))
    began = time.monotonic()

    (found,) = await asked(source, numbered(1), Operation(deadline=began + 0.1))

    assert isinstance(found, SourceError)
    assert time.monotonic() - began < 5


async def test_whoever_gives_up_ends_the_call() -> None:
    source = Told(seconds=30)
    asking = asyncio.ensure_future(asked(source, numbered(1)))
    await asyncio.sleep(0.01)

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert (source.cancelled, source.now) == (1, 0)


UNTOLD: dict[str, tuple[Any, str]] = {
    "lists of rows": ([[{"id": 1}], []], "a key for things with a list, not with a Found"),
    "rows": ([{"id": 1}, None], "a key for things with a dict"),
    "rows after an error": ([passing(), [{"id": 1}]], "a key for things with a list"),
    "too few": ([Found()], "1 of 2 keys for things"),
    "too many": ([Found()] * 3, "3 of 2 keys for things"),
    "by key": ({(0,): Found(), (1,): Found()}, "for things with a dict, not with a list"),
    "nothing": (None, "for things with a NoneType"),
}  # fmt: skip
"""Answers that don't tell what each of two keys has."""


@pytest.mark.parametrize("untold", UNTOLD)
async def test_an_answer_that_is_none_is_named_with_its_source(
    untold: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, told = UNTOLD[untold]
    source = Told()

    async def fetch(*_: object) -> Any:
        return answer

    monkeypatch.setattr(source, "fetch", fetch)
    with pytest.raises(TypeError, match=f"the source 'told' answered {told}"):
        await asked(source, numbered(2))


async def test_an_answer_may_be_of_errors_alone_or_of_no_keys() -> None:
    source = Told(lambda *_: BadResponse("told", "It is wrong."))

    assert [type(each) for each in await asked(source, numbered(2))] == [BadResponse] * 2
    assert await asked(Told(), numbered(0)) == []


# Bulkhead.


async def test_no_more_calls_are_under_way_than_the_source_takes() -> None:
    source = Told(seconds=0.01, can=Capabilities(in_flight=3))
    asking = chained(source)
    ask = Ask(Rows(SINGLES, ("id",), unique=True), Wants(frozenset({"id"})))

    answers = await asyncio.gather(
        *(asking.fetch(ask, numbered(10), Operation()) for _ in range(3))
    )

    assert [len(answer) for answer in answers] == [10] * 3
    assert source.busiest == 3


async def test_whoever_waits_for_a_turn_waits_until_the_deadline(
    caplog: pytest.LogCaptureFixture,
) -> None:
    source = Told(seconds=30, timeout=0.3, can=Capabilities(in_flight=1))
    asking = chained(source)
    ask = Ask(Rows(THINGS), Wants(frozenset({"id"})))
    first = asyncio.ensure_future(asking.fetch(ask, [WHOLE], Operation()))
    await asyncio.sleep(0.01)

    operation = Operation(deadline=time.monotonic() + 0.05)
    (second,) = await asking.fetch(ask, [WHOLE], operation)

    assert isinstance(second, SourceBusy)
    assert str(second) == "The gateway's calls to the source 'told' are all busy."
    assert [each.getMessage() for each in caplog.records if "turn" not in each.name] == [
        "source 'told' was not asked for things: all of its 1 calls are under way"
    ]
    assert not first.done()
    assert len(source.batches) == 1
    await first
    # The turn that was not waited for is somebody else's.
    assert isinstance((await asking.fetch(ask, [WHOLE], Operation()))[0], SourceTimeout)
    assert len(source.batches) == 2


@pytest.mark.parametrize("retries", [0, 2])
async def test_a_fan_out_whose_turns_others_have_is_busy_and_not_late(retries: int) -> None:
    source = Told(seconds=30, can=Capabilities(in_flight=3))
    asking = chained(source, Resilience(retries=retries))
    ask = Ask(Rows(SINGLES, ("id",), unique=True), Wants(frozenset({"id"})))
    others = [asyncio.ensure_future(asking.fetch(ask, [(n,)], Operation())) for n in range(3)]
    await asyncio.sleep(0.01)

    found = await asking.fetch(ask, numbered(9), Operation(deadline=time.monotonic() + 0.1))

    assert [type(each) for each in found] == [SourceBusy] * 9
    assert len(source.batches) == 3
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def test_whoever_gives_up_while_waiting_for_turns_is_not_held() -> None:
    source = Told(seconds=30, can=Capabilities(in_flight=1))
    asking = chained(source)
    ask = Ask(Rows(SINGLES, ("id",), unique=True), Wants(frozenset({"id"})))
    first = asyncio.ensure_future(asking.fetch(ask, numbered(1), Operation()))
    waiting = asyncio.ensure_future(asking.fetch(ask, numbered(5), Operation()))
    await asyncio.sleep(0.01)

    for each in (waiting, first):
        each.cancel()
        with pytest.raises(asyncio.CancelledError):
            await each

    assert (len(source.batches), source.now) == (1, 0)


def test_a_wrapper_that_is_off_is_not_there() -> None:
    assert "Retry" not in repr(chained(Told(), Resilience(retries=0)))
    assert "Retry" in repr(chained(Told()))


async def test_a_fan_out_that_waits_for_its_turns_ends_at_the_deadline() -> None:
    source = Told(seconds=0.2, can=Capabilities(in_flight=4))
    operation = Operation(deadline=time.monotonic() + 0.3)
    began = time.monotonic()

    found = await asked(source, numbered(20), operation, SINGLES)

    # What came in time is there; the others are late, each for itself, and nobody waits for them.
    assert found[:2] == [0, 1]
    assert [type(each) for each in found[2:]] == [SourceTimeout] * 18
    assert time.monotonic() - began < 5
    assert source.now == 0
