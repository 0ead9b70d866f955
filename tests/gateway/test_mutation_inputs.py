"""Mutations with inputs and named errors, as each transport has them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from tests.authorization.roads import Send, batch, events, post, socket
from tests.client import Gateway, request, serving
from tests.identities import auth
from tests.placing import PLACING
from tests.placing import graph as placing

ADD = """mutation($title: String!) { addReview(input: {title: $title, rating: 3}) {
  __typename ... on Review { title } ... on Error { message }
  ... on InvalidInput { problems { path code } }
} }"""

SENDS: dict[str, Send] = {"POST": post, "batch": batch, "WebSocket": socket, "SSE": events}


@pytest.fixture(scope="module", params=EXECUTORS)
async def gateway(request: pytest.FixtureRequest) -> AsyncIterator[Gateway]:
    # What is asked for here is in no source.
    settings = Settings.of(
        environment="development",
        graph=PLACING,
        engine=request.param,
        auth=auth(),
        limits={"batch": 10},
    )
    async with serving(settings) as gateway:
        yield gateway


@pytest.mark.parametrize("send", SENDS)
async def test_a_result_is_data_by_every_transport(gateway: Gateway, send: str) -> None:
    well = await SENDS[send](gateway, ADD, {"title": "Fine"})
    wrong = await SENDS[send](gateway, ADD, {"title": ""})

    assert well.data == {"addReview": {"__typename": "Review", "title": "Fine"}}
    assert wrong.data == {
        "addReview": {
            "__typename": "InvalidInput",
            "message": "The arguments can't be used as they are. input.title: It must have at "
            "least 1 character.",
            "problems": [{"path": "input.title", "code": "TOO_SHORT"}],
        }
    }


async def test_each_of_a_batch_has_a_result_of_its_own(gateway: Gateway) -> None:
    placing.order.clear()
    titles = ["a", "", "b", "x" * 81, "c"]
    answers = await gateway.batch(*(request(ADD, {"title": title}) for title in titles))

    assert [answer.data["addReview"]["__typename"] for answer in answers] == [
        "Review", "InvalidInput", "Review", "InvalidInput", "Review"
    ]  # fmt: skip
    assert sorted(placing.order) == ["a", "b", "c"]


async def test_nothing_runs_by_get(gateway: Gateway) -> None:
    before = dict(placing.ran)
    answer = await gateway.get('mutation { addReview(input: {title: "a"}) { __typename } }')

    assert answer.status == 405
    assert placing.ran == before


async def test_nothing_runs_by_a_form(gateway: Gateway) -> None:
    before = dict(placing.ran)
    form = (
        b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n'
        b'{"query": "mutation { addReview(input: {title: \\"a\\"}) { __typename } }"}\r\n--x--\r\n'
    )
    answer = await gateway.post(form, content_type="multipart/form-data; boundary=x")

    assert answer.status == 415
    assert placing.ran == before


async def test_problems_are_told_where_no_union_can(gateway: Gateway) -> None:
    answer = await gateway.ask('mutation { rate(inputs: [{title: "", rating: 9}]) }')

    assert answer.partial == {"rate": None}
    (error,) = answer.errors
    assert error["path"] == ["rate"]
    assert error["message"] == (
        "The arguments can't be used as they are. inputs[0].title: It must have at least 1 "
        "character."
    )
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert [each["path"] for each in error["extensions"]["problems"]] == [
        "inputs[0].title", "inputs[0].rating"
    ]  # fmt: skip


async def test_a_megabyte_is_refused_for_little(gateway: Gateway) -> None:
    before = placing.ran["add review"]
    answer = await gateway.ask(ADD, {"title": "\u0301\u0323" * 200_000})

    assert answer.data["addReview"]["__typename"] == "InvalidInput"
    assert placing.ran["add review"] == before
