"""What is not meant for clients stays in the log, under an id that both have."""

from __future__ import annotations

import enum
import logging
import sys
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import strawberry
from graphql import GraphQLError

from gateway.errors import BadUserInput
from gateway.settings import Settings
from resolvers.fields import Info
from resolvers.graph import Graph
from tests.client import Answer, Gateway, serving

SECRET = "SECRET-9f31"


class Coded(Exception):
    """Not one of the gateway's own, so its extensions are not meant for clients."""

    extensions = SECRET


FAILURES: dict[str, BaseException] = {
    "value": ValueError(f"{SECRET} at /etc/passwd"),
    "type": TypeError(SECRET),
    "key": KeyError(SECRET),
    "attribute": AttributeError(SECRET),
    "os": OSError(2, SECRET, "/etc/shadow"),
    "timeout": TimeoutError(SECRET),
    "recursion": RecursionError(SECRET),
    "memory": MemoryError(SECRET),
    "assertion": AssertionError(SECRET),
    "stop": StopIteration(SECRET),
    "group": ExceptionGroup(SECRET, [ValueError(SECRET)]),
    "coded": Coded(SECRET),
}


@strawberry.enum
class Color(enum.Enum):
    RED = "red"


@strawberry.type
class Query:
    @strawberry.field
    async def fails(self, kind: str) -> str | None:
        raise FAILURES[kind]

    @strawberry.field
    def fails_at_once(self, kind: str) -> str | None:
        raise FAILURES[kind]

    @strawberry.field
    def chained(self) -> str | None:
        try:
            raise ValueError(SECRET)
        except ValueError as error:
            raise BadUserInput("Say it better.") from error

    @strawberry.field
    def nothing(self) -> str:
        return None  # type: ignore[return-value]

    @strawberry.field
    def count(self) -> int | None:
        return SECRET  # type: ignore[return-value]

    @strawberry.field
    def color(self) -> Color | None:
        return SECRET  # type: ignore[return-value]

    @strawberry.field
    def refused(self) -> int | None:
        raise GraphQLError("Not today.")

    @strawberry.field
    def well(self, info: Info) -> str:
        return "well"


graph = Graph(Query)


@pytest.fixture(scope="module", params=["production", "development"])
async def masking(request: pytest.FixtureRequest) -> AsyncIterator[Gateway]:
    settings = Settings.of(environment=request.param, graph=f"{__name__}:graph")
    assert sys.modules[__name__].graph is graph
    async with serving(settings) as gateway:
        yield gateway


def assert_masked(answer: Answer, path: list[Any], log: pytest.LogCaptureFixture) -> None:
    """Only the id is said, and the log has the error under it."""
    (error,) = answer.errors
    error_id = error["extensions"]["id"]
    assert len(error_id) == 16
    assert error == {
        "message": f"Something went wrong here; the log has it under {error_id}.",
        "locations": error["locations"],
        "path": path,
        "extensions": {"code": "INTERNAL_SERVER_ERROR", "id": error_id},
    }
    assert SECRET not in orjson.dumps(answer.body).decode()
    (record,) = [each for each in log.records if error_id in each.getMessage()]
    assert (record.name, record.levelno) == ("sluice.errors", logging.ERROR)
    assert record.exc_info is not None


@pytest.mark.parametrize("field", ["fails", "failsAtOnce"])
@pytest.mark.parametrize("kind", FAILURES)
async def test_an_unexpected_error_is_an_id(
    masking: Gateway, caplog: pytest.LogCaptureFixture, field: str, kind: str
) -> None:
    answer = await masking.ask(f'{{ {field}(kind: "{kind}") well }}', explain=False)

    assert answer.status == 200
    assert answer.partial == {field: None, "well": "well"}
    assert_masked(answer, [field], caplog)
    record = caplog.records[-1]
    assert record.exc_info is not None
    # An asynchronous function can't raise StopIteration: Python makes a RuntimeError of it.
    assert kind == "stop" or record.exc_info[1] is FAILURES[kind]


async def test_each_error_has_an_id_of_its_own(masking: Gateway) -> None:
    answer = await masking.ask('{ a: fails(kind: "key") b: fails(kind: "key") }', explain=False)

    assert len({error["extensions"]["id"] for error in answer.errors}) == 2


async def test_what_an_error_of_ours_comes_from_is_not_said(masking: Gateway) -> None:
    answer = await masking.ask("{ chained }", explain=False)

    assert SECRET not in orjson.dumps(answer.body).decode()
    assert [(error["message"], error["extensions"]) for error in answer.errors] == [
        ("Say it better.", {"code": "BAD_USER_INPUT"})
    ]


@pytest.mark.parametrize("field", ["count", "color"])
async def test_a_value_that_does_not_fit_is_masked(
    masking: Gateway, caplog: pytest.LogCaptureFixture, field: str
) -> None:
    answer = await masking.ask(f"{{ {field} }}", explain=False)

    assert answer.partial == {field: None}
    assert_masked(answer, [field], caplog)


async def test_what_a_resolver_means_to_say_is_said(masking: Gateway) -> None:
    answer = await masking.ask("{ refused }", explain=False)

    assert [error["message"] for error in answer.errors] == ["Not today."]
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_a_resolver_that_gives_null_where_something_must_be_is_masked(
    masking: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await masking.ask("{ nothing }", explain=False)

    assert answer.partial is None
    assert_masked(answer, ["nothing"], caplog)


async def test_an_error_outside_of_operations_is_an_id(
    masking: Gateway, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError(SECRET)

    monkeypatch.setattr("gateway.auth.authentication.Authenticator.identify", broken)

    answer = await masking.ask("{ well }", explain=False)

    assert answer.status == 500
    (error,) = answer.errors
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert SECRET not in orjson.dumps(answer.body).decode()
    assert any(error["extensions"]["id"] in each.getMessage() for each in caplog.records)
