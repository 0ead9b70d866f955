"""graphql-request asks the gateway as docs/clients.md sets it up."""

from __future__ import annotations

import pytest

from tests.clients.expected import KETTLE, STRICT, UNCOSTED
from tests.clients.running import Node, Outcomes

DENIED = "UNAUTHORIZED_FIELD_OR_TYPE"


@pytest.fixture(scope="module")
async def request_(node: Node) -> Outcomes:
    return await node.outcomes("graphql-request.js")


async def test_a_query_has_variables(request_: Outcomes) -> None:
    assert request_["a query with variables"] == {"product": KETTLE}
    assert request_["a query by GET"] == [[["GET", 200]], {"product": KETTLE}]


async def test_a_denied_field_is_as_the_error_policy_has_it(request_: Outcomes) -> None:
    data = {"product": UNCOSTED}

    assert request_["a denied field"] == {"data": data, "errors": [[["product", "cost"], DENIED]]}
    assert request_["a denied field, with errorPolicy none"] == {
        "status": 200,
        "data": data,
        "codes": [DENIED],
    }


async def test_what_is_refused_is_an_error_of_graphql(request_: Outcomes) -> None:
    assert request_["a query that is not valid"] == {
        "status": 400,
        "data": None,
        "codes": ["GRAPHQL_VALIDATION_FAILED"],
    }
    assert request_["a token that is not good"] == {
        "status": 401,
        "data": None,
        "codes": ["UNAUTHENTICATED"],
    }


async def test_what_is_deferred_comes_with_the_rest(request_: Outcomes) -> None:
    assert request_["@defer changes nothing"] == {"a": "Query", "b": "Query"}


async def test_an_answer_is_graphql_s_own_json(request_: Outcomes) -> None:
    ((accept, answered),) = request_["on the wire"]

    assert accept.startswith(STRICT)
    assert answered == STRICT
