"""In which form an answer comes goes by the weights of the header ``Accept``."""

from __future__ import annotations

import pytest

from gateway.transports import negotiation
from gateway.transports.negotiation import GRAPHQL_JSON, JSON
from tests.client import Gateway
from tests.gateway.test_hostile_requests import SMALL, assert_refused, send

PADDING = ",".join(["text/html"] * 1_000)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        *((each, JSON) for each in ("*/*", "", "multipart/mixed", "q=;,,\xe9", "x" * 5000)),
        *((each, JSON) for each in ("application/*", "text/html, */*;q=0.1")),
        ("application/json, application/graphql-response+json;q=0.1", JSON),
        ("application/json;q=0.9, application/graphql-response+json;q=0.8, */*", JSON),
        ("application/graphql-response+json;q=0, application/json;q=0.1", JSON),
        ("application/json;q=0, */*", GRAPHQL_JSON),
        ("application/json, application/graphql-response+json", GRAPHQL_JSON),
        ("application/json;q=0.5, application/graphql-response+json;q=0.6", GRAPHQL_JSON),
        ("APPLICATION/GraphQL-Response+JSON; charset=utf-8", GRAPHQL_JSON),
        (f"{PADDING}, application/json;q=0.1", JSON),
        (f"{PADDING}, application/graphql-response+json;q=0.1", GRAPHQL_JSON),
    ],
    ids=lambda text: text[-60:],
)
async def test_an_answer_is_of_the_media_type_that_is_liked_best(
    gateway: Gateway, accept: str, media_type: str
) -> None:
    answer = await send(
        gateway, "POST", "/graphql", SMALL, content_type="application/json", accept=accept
    )

    assert answer.headers["content-type"] == media_type
    assert answer.data == {"__typename": "Query"}


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        PADDING,
        "application/xml, image/*",
        "application/json;q=0",
        "text/*;q=0.5",
        "*/*;q=0, ,",
    ],
    ids=lambda text: text[:30],
)
async def test_who_takes_no_form_of_an_answer_gets_none(gateway: Gateway, accept: str) -> None:
    answer = await send(
        gateway, "POST", "/graphql", SMALL, content_type="application/json", accept=accept
    )

    assert_refused(answer, 406)


async def test_headers_that_are_long_are_not_remembered(gateway: Gateway) -> None:
    before = negotiation._kept.cache_info().currsize
    for number in range(50):
        await send(
            gateway,
            "POST",
            "/graphql",
            SMALL,
            content_type="application/json",
            accept=f"{PADDING}, text/x{number}, application/json",
        )

    assert negotiation._kept.cache_info().currsize <= before + 1
