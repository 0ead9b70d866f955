"""Stages of a graph's owner: docs/stages.md, and what else they can do, on every road and under
both engines."""

from __future__ import annotations

import asyncio
import importlib
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import pytest
from graphql import GraphQLError

from gateway.app import create_app
from gateway.settings import Settings
from gateway.stages import ExecutionResult, OperationRequest, RequestRefused, Rest, Result, Send
from loaders.errors import SourceTimeout
from tests.authorization.roads import batch, events, get, post, socket
from tests.client import Gateway, listening
from tests.identities import auth, token
from tests.probe import PROBE
from tests.probe.graph import SECRET, running
from tests.snippets import blocks, importable

ROADS = {"POST": post, "GET": get, "batch": batch, "SSE": events, "WebSocket": socket}
ENGINES = ["breadth", "graphql-core"]
DOCS = "docs/stages.md"

Serve = Callable[..., Awaitable[Gateway]]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
async def serve(engine: str) -> AsyncIterator[Serve]:
    """Serves the probe's graph, over no sources, with these stages, before ``execute`` or where
    ``before`` says, to a client of that name, if any."""
    async with AsyncExitStack() as stack:

        async def serve(
            *stages: str, before: str = "execute", client: str | None = None, **limits: Any
        ) -> Gateway:
            named = [name if ":" in name else f"{__name__}:{name}" for name in stages]
            settings = Settings.of(
                graph=PROBE,
                engine=engine,
                environment="development",
                auth=auth(),
                limits={"batch": 10, **limits},
                stages=[{"stage": name, "before": before} for name in named],
            )
            url = await stack.enter_async_context(listening(create_app(settings)))
            headers = {"authorization": f"Bearer {token(azp=client)}"} if client else {}
            session = await stack.enter_async_context(aiohttp.ClientSession(headers=headers))
            return Gateway(url, session)

        yield serve


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[str]:
    """What the documentation writes, as an owner has it; gives its settings of stages."""
    (toml,) = blocks(DOCS, "toml")
    with importable(DOCS, tmp_path):
        yield toml


@pytest.mark.parametrize("road", ROADS)
async def test_the_documented_stage_counts_operations_by_client(
    serve: Serve, acme: str, road: str
) -> None:
    [settings] = tomllib.loads(acme)["stages"]
    here = {"before": settings["before"]}
    shop = await serve(settings["stage"], client="shop-web", **here)
    counted = importlib.import_module("acme.counting").operations
    beside = 2 if road == "batch" else 0

    await ROADS[road](shop, "{ caller }", {})
    await ROADS[road](shop, "{ nothing }", {})
    await ROADS[road](shop, "{", {})
    await ROADS[road](await serve(settings["stage"], **here), "{ caller }", {})

    assert counted == {"shop-web": 3 + 3 * beside, "anonymous": 1 + beside}


@pytest.mark.parametrize("road", ROADS)
async def test_the_documented_stage_sees_the_results(serve: Serve, acme: str, road: str) -> None:
    gateway = await serve("acme.failing:CountErrors", client="partner")

    answer = await ROADS[road](gateway, "{ a: broken b: broken }", {})

    assert importlib.import_module("acme.failing").errors["partner"] == 2
    assert answer.codes == ["INTERNAL_SERVER_ERROR"] * 2


@pytest.mark.parametrize("road", ROADS)
async def test_the_documented_stage_refuses_an_operation(
    serve: Serve, acme: str, road: str
) -> None:
    gateway = await serve("acme.quota:Quota", client="partner")
    importlib.import_module("acme.counting").operations["partner"] = 1001
    refused = [
        {
            "message": "'partner' has had its 1000 operations.",
            "extensions": {"code": "RATE_LIMITED"},
        }
    ]
    if road == "batch":
        (answer,) = await gateway.batch({"query": "{ caller }"})
    else:
        answer = await ROADS[road](gateway, "{ caller }", {})

    assert answer.errors == refused
    assert "data" not in answer.body
    if road in ("POST", "GET"):
        assert answer.status == 429


seen: list[Any] = []


@pytest.fixture(autouse=True)
def unseen() -> None:
    seen.clear()


class Seeing:
    """Notes the operation before and after, and what passes."""

    def _note(self, operation: OperationRequest) -> None:
        seen.append((operation.kind and operation.kind.value, operation.name))

    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None:
        async def note(result: Result) -> None:
            seen.append(type(result).__name__)
            await send(result)

        self._note(operation)
        await rest(operation, note)
        self._note(operation)


TICKS = "subscription Ticks { ticks(count: 2, seconds: 0) { number } }"


@pytest.mark.parametrize("before", ["parse", "execute"])
async def test_it_sees_the_kind_and_the_name(serve: Serve, before: str) -> None:
    gateway = await serve("Seeing", before=before)

    await gateway.ask("query Mine { caller }")

    first = (None, None) if before == "parse" else ("query", "Mine")
    assert seen == [first, "ExecutionResult", ("query", "Mine")]


async def test_before_parse_it_sees_what_is_not_valid(serve: Serve) -> None:
    gateway = await serve("Seeing", before="parse")

    answer = await gateway.ask("{ nothing }")

    assert answer.codes == ["GRAPHQL_VALIDATION_FAILED"]
    assert seen == [(None, None), "PreExecutionError", ("query", None)]


class Catching:
    """Notes what the rest raises."""

    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None:
        try:
            await rest(operation, send)
        except GraphQLError as error:
            seen.append((error.extensions or {})["code"])
            raise


@pytest.mark.parametrize(
    ("query", "code"),
    [("{", "GRAPHQL_PARSE_FAILED"), ("fragment A on Query { caller }", "BAD_USER_INPUT")],
)
async def test_before_parse_it_sees_what_is_no_operation(
    serve: Serve, query: str, code: str
) -> None:
    gateway = await serve("Catching", before="parse")

    assert (await gateway.ask(query)).codes == [code]
    assert seen == [code]


@pytest.mark.parametrize("query", ["{ nothing }", "{", "query A { caller } query B { caller }"])
async def test_before_execute_it_sees_only_what_runs(serve: Serve, query: str) -> None:
    gateway = await serve("Seeing")

    assert len((await gateway.ask(query)).errors) == 1
    assert seen == []


async def test_each_event_passes(serve: Serve) -> None:
    gateway = await serve("Seeing")

    async with gateway.connected() as connection:
        await connection.subscribe("1", TICKS)
        messages = [await connection.receive() for _ in range(3)]

    assert [each["type"] for each in messages] == ["next", "next", "complete"]
    name = ("subscription", "Ticks")
    assert seen == [name, "ExecutionResult", "ExecutionResult", name]


async def test_each_deferred_part_passes(serve: Serve) -> None:
    gateway = await serve("Seeing")

    parts = await gateway.parts("{ a: caller ... @defer { caller } }")

    assert len(parts) == 2
    assert seen[1:-1] == [
        "InitialIncrementalExecutionResult",
        "SubsequentIncrementalExecutionResult",
    ]


class Outer:
    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None:
        seen.append(type(self).__name__)
        await rest(operation, send)


class Inner(Outer): ...


@pytest.mark.parametrize("before", ["parse", "execute"])
async def test_the_first_is_the_outermost(serve: Serve, before: str) -> None:
    gateway = await serve("Outer", "Inner", before=before)

    await gateway.ask("{ caller }")

    assert seen == ["Outer", "Inner"]


class Answering:
    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None:
        await send(ExecutionResult({"caller": "somebody"}, None, {"from": "a stage"}))


@pytest.mark.parametrize("road", [road for road in ROADS if road != "batch"])
async def test_it_can_answer_by_itself(serve: Serve, road: str) -> None:
    answer = await ROADS[road](await serve("Answering"), "{ caller }", {})

    assert answer.data == {"caller": "somebody"}
    assert answer.body["extensions"]["from"] == "a stage"
    assert answer.calls == []


class Before:
    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None:
        raise ValueError(SECRET)


class InSending:
    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None:
        async def fail(result: Result) -> None:
            raise ValueError(SECRET)

        await rest(operation, fail)


class Silent:
    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None: ...


class TimedOut:
    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None:
        raise TimeoutError(SECRET)


@pytest.mark.parametrize("road", [road for road in ROADS if road != "batch"])
@pytest.mark.parametrize("stage", ["Before", "InSending", "Silent", "TimedOut"])
@pytest.mark.parametrize("before", ["parse", "execute"])
async def test_its_faults_are_masked_and_logged(
    serve: Serve, caplog: pytest.LogCaptureFixture, road: str, stage: str, before: str
) -> None:
    answer = await ROADS[road](await serve(stage, before=before), "{ caller }", {})

    [error] = answer.body["errors"]
    assert error["extensions"].keys() == {"code", "id"}
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert error["extensions"]["id"] in caplog.text
    assert SECRET not in str(answer.body)
    assert answer.status == (500 if road in ("POST", "GET") else answer.status)
    assert answer.body.keys() <= {"errors", "extensions"}
    assert SECRET in caplog.text or stage == "Silent"


class After:
    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None:
        await rest(operation, send)
        raise ValueError(SECRET)


class Twice:
    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None:
        await rest(operation, send)
        await rest(operation, send)


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("stage", ["After", "Twice"])
async def test_a_fault_behind_the_answer_is_logged_alone(
    serve: Serve, caplog: pytest.LogCaptureFixture, road: str, stage: str
) -> None:
    answer = await ROADS[road](await serve(stage), "{ caller }", {})

    assert answer.data == {"caller": None}
    assert "error" in caplog.text


async def test_a_fault_behind_deferred_parts_is_logged_alone(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    parts = await (await serve("After")).parts("{ a: caller ... @defer { caller } }")

    assert [each["hasNext"] for each in parts] == [True, False]
    assert SECRET in caplog.text


class InTheSecond:
    """Fails as the second result passes."""

    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None:
        passed: list[Result] = []

        async def fail(result: Result) -> None:
            if passed:
                raise ValueError(SECRET)
            passed.append(result)
            await send(result)

        await rest(operation, fail)


async def test_a_fault_between_deferred_parts_ends_those_to_come(serve: Serve) -> None:
    gateway = await serve("InTheSecond")

    first, last = await gateway.parts("{ a: caller ... @defer { caller } }")

    [completed] = last["completed"]
    assert completed["id"] == first["pending"][0]["id"]
    assert completed["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert last["hasNext"] is False


async def test_a_fault_between_events_ends_the_subscription(serve: Serve) -> None:
    gateway = await serve("InTheSecond")

    async with gateway.events(TICKS) as stream:
        (_, first), (_, second), (last, _) = [event async for event in stream]

    assert first == {"data": {"ticks": {"number": 1}}}
    assert second["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert last == "complete"
    assert running["ticks"] == 0


class Coded:
    errors: ClassVar[list[Exception]] = []

    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None:
        raise Coded.errors[0]


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (RequestRefused("Not now.", status=503, code="LATER"), "LATER", 503),
        (GraphQLError("Not now.", extensions={"code": "LATER"}), "LATER", 400),
        (SourceTimeout("quota"), "UPSTREAM_TIMEOUT", 400),
    ],
)
async def test_an_error_with_a_code_is_told(
    serve: Serve, error: Exception, code: str, status: int
) -> None:
    Coded.errors[:] = [error]
    gateway = await serve("Coded")

    answer = await gateway.ask("{ caller }", accept="application/graphql-response+json")

    assert (answer.status, answer.codes) == (status, [code])
    assert answer.errors[0]["message"] == str(error)


async def test_nothing_of_a_refused_operation_runs(serve: Serve) -> None:
    Coded.errors[:] = [RequestRefused("Not now.")]
    gateway = await serve("Coded")

    assert (await gateway.ask("{ slow(seconds: 9) }")).codes == ["BAD_USER_INPUT"]
    assert running["slow"] == 0


class Slow:
    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None:
        await asyncio.sleep(9)


async def test_its_time_is_the_operations(serve: Serve) -> None:
    answer = await (await serve("Slow", request_seconds=0.1)).ask("{ caller }")

    assert (answer.status, answer.codes) == (504, ["UPSTREAM_TIMEOUT"])
