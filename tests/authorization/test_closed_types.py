"""Connections over types that are protected as a whole: they inherit the rule, since their counts
and cursors tell of the objects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from graphql import parse, print_ast

from gateway.settings import Settings
from tests.authorization import closed
from tests.authorization.asking import asking
from tests.client import Answer, Gateway
from tests.graph.truth import Truth, gid
from tests.places import explained, paths_of

MESSAGE = "Unauthorized field or type"
ADA = {"id": gid("Buyer", 1)}


@pytest.fixture(scope="module")
async def callers(settings: Settings) -> AsyncIterator[Mapping[str, Gateway]]:
    """The gateway over the closed graph, as each of ``CALLERS`` asks it."""
    async with asking(settings.model_copy(update={"graph": closed.GRAPH})) as callers:
        yield callers


def errors(answer: Answer) -> list[tuple[str, str]]:
    """The errors' paths and codes, one for each null; all have the one message of a denial."""
    explained(answer.partial, paths_of(answer.errors))
    assert {error["message"] for error in answer.errors} <= {MESSAGE}
    return sorted(
        (".".join(map(str, error["path"])), error["extensions"]["code"]) for error in answer.errors
    )


SELECTIONS = [
    "{ nodes { id } }",
    "{ edges { node { id } } }",
    "{ edges { cursor } }",
    "{ totalCount }",
    "{ pageInfo { hasNextPage endCursor } }",
    "{ __typename }",
    "{ nodes { __typename } pageInfo { __typename } totalCount edges { __typename } }",
]

STATIC = [
    ("sales", "anonymous", "UNAUTHENTICATED"),
    ("sales", "customer", "UNAUTHORIZED_FIELD_OR_TYPE"),
    ("sales", "support", "UNAUTHORIZED_FIELD_OR_TYPE"),
    ("places", "anonymous", "UNAUTHENTICATED"),
    # Without the claim that the policy wants, nobody passes it.
    ("purchases", "anonymous", "UNAUTHENTICATED"),
    ("purchases", "partner", "UNAUTHORIZED_FIELD_OR_TYPE"),
]


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize(("field", "caller", "code"), STATIC)
async def test_a_field_that_leads_to_a_denied_type_is_denied_whole(
    callers: Mapping[str, Gateway], field: str, caller: str, code: str, selection: str
) -> None:
    answer = await callers[caller].ask(f"{{ {field}(first: 2) {selection} }}")

    assert answer.partial == {field: None}
    assert errors(answer) == [(field, code)]
    assert answer.calls == []


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize(("field", "caller", "code"), STATIC)
async def test_so_is_one_of_a_relation(
    callers: Mapping[str, Gateway], field: str, caller: str, code: str, selection: str
) -> None:
    query = f"query ($id: ID!) {{ buyer(id: $id) {{ name {field}(first: 2) {selection} }} }}"

    answer = await callers[caller].ask(query, ADA)

    assert answer.partial == {"buyer": {"name": "Ada Martin", field: None}}
    assert errors(answer) == [(f"buyer.{field}", code)]
    assert answer.resources == ["shop.customers"]


WHOLE = """(first: 2) {
  nodes { id } edges { cursor node { id } } totalCount pageInfo { hasNextPage endCursor }
}"""


@pytest.mark.parametrize(
    ("field", "caller"),
    [
        ("sales", "finance"),
        ("places", "customer"),
        ("places", "partner"),
        ("purchases", "support"),
        ("purchases", "finance"),
    ],
)
async def test_who_may_see_the_type_has_all_of_the_connection(
    callers: Mapping[str, Gateway], field: str, caller: str
) -> None:
    before = closed.ran["asked"]

    answer = await callers[caller].ask(f"{{ {field}{WHOLE} }}")

    found = answer.data[field]
    assert len(found["nodes"]) == 2
    assert found["edges"][1]["cursor"] == found["pageInfo"]["endCursor"]
    assert found["totalCount"] > 2
    assert closed.ran["asked"] == before


async def keys(truth: Truth) -> list[int]:
    """The first ten orders' customers, by the orders' keys."""
    rows = await truth.rows("select id, customer_id from orders order by id limit 10")
    return [row["customer_id"] for row in rows]


async def test_a_policy_judges_each_object(callers: Mapping[str, Gateway], truth: Truth) -> None:
    before = dict(closed.ran)

    answer = await callers["customer"].ask(
        "{ purchases(first: 10) { nodes { number } edges { node { partner } } } }"
    )

    owners = await keys(truth)
    assert 1 in owners
    assert len(set(owners)) > 1
    shown = answer.partial["purchases"]
    assert [node is not None for node in shown["nodes"]] == [owner == 1 for owner in owners]
    assert [edge["node"] is not None for edge in shown["edges"]] == [True] * 10
    denied = {"partner": None}
    assert [e["node"] for e, owner in zip(shown["edges"], owners, strict=True) if owner != 1] == [
        denied
    ] * sum(owner != 1 for owner in owners)
    assert errors(answer) == sorted(
        (place.format(index), "UNAUTHORIZED_FIELD_OR_TYPE")
        for index, owner in enumerate(owners)
        for place in ("purchases.edges.{}.node.partner", "purchases.nodes.{}.number")
        if owner != 1
    )
    assert closed.ran["rows"] - before.get("rows", 0) == 10


async def test_what_tells_of_all_objects_is_denied_where_a_policy_looks_at_each(
    callers: Mapping[str, Gateway],
) -> None:
    answer = await callers["customer"].ask(
        "{ purchases(first: 1) { nodes { number } totalCount pageInfo { hasNextPage }"
        " edges { cursor node { number } } } }"
    )

    mine = {"number": "SO-2024-000001"}
    assert answer.partial == {
        "purchases": {
            "nodes": [mine],
            "totalCount": None,
            "pageInfo": None,
            "edges": [{"cursor": None, "node": mine}],
        }
    }
    assert errors(answer) == [
        ("purchases.edges.0.cursor", "UNAUTHORIZED_FIELD_OR_TYPE"),
        ("purchases.pageInfo", "UNAUTHORIZED_FIELD_OR_TYPE"),
        ("purchases.totalCount", "UNAUTHORIZED_FIELD_OR_TYPE"),
    ]
    # The page, and apart from it the columns of the rows that the policy allowed. No count.
    assert ["number" in call["columns"] for call in answer.calls] == [False, True]


@pytest.mark.parametrize(
    "selection",
    [
        "{ totalCount }",
        "{ pageInfo { hasNextPage startCursor } }",
        "{ totalCount pageInfo { __typename } }",
    ],
)
async def test_nothing_is_fetched_for_what_is_denied_of_it(
    callers: Mapping[str, Gateway], selection: str
) -> None:
    answer = await callers["customer"].ask(f"{{ purchases {selection} }}")

    assert set(answer.partial["purchases"].values()) == {None}
    assert answer.calls == []
    nested = await callers["customer"].ask(
        f"query ($id: ID!) {{ buyer(id: $id) {{ purchases {selection} }} }}", ADA
    )
    assert set(nested.partial["buyer"]["purchases"].values()) == {None}
    assert nested.resources == ["shop.customers"]


async def test_a_policy_judges_the_objects_of_a_relation(
    callers: Mapping[str, Gateway],
) -> None:
    query = """query ($id: ID!) { buyer(id: $id) { purchases(first: 3) {
      nodes { number } totalCount edges { cursor } } } }"""

    mine = await callers["customer"].ask(query, ADA)
    theirs = await callers["customer"].ask(query, {"id": gid("Buyer", 2)})

    shown = mine.partial["buyer"]["purchases"]
    assert [node["number"][:3] for node in shown["nodes"]] == ["SO-"] * len(shown["nodes"])
    assert len(shown["nodes"]) > 0
    assert (shown["totalCount"], shown["edges"][0]) == (None, {"cursor": None})
    hidden = theirs.partial["buyer"]["purchases"]
    assert len(hidden["nodes"]) > 0
    assert set(map(str, hidden["nodes"])) == {"None"}
    assert errors(theirs) == [
        *(
            (f"buyer.purchases.{place}", "UNAUTHORIZED_FIELD_OR_TYPE")
            for name, field in (("edges", "cursor"), ("nodes", "number"))
            for index in range(len(hidden[name]))
            for place in [f"{name}.{index}.{field}"]
        ),
        ("buyer.purchases.totalCount", "UNAUTHORIZED_FIELD_OR_TYPE"),
    ]


@pytest.mark.parametrize(
    "argument",
    [
        'where: {number: {startsWith: "SO-2024-00000"}}',
        "orderBy: [{field: NUMBER}]",
        f'where: {{id: {{eq: "{gid("Purchase", 1)}"}}}}',
    ],
)
async def test_nothing_is_compared_with_what_a_policy_must_look_at(
    callers: Mapping[str, Gateway], argument: str
) -> None:
    answer = await callers["customer"].ask(f"{{ purchases({argument}) {{ nodes {{ number }} }} }}")

    assert answer.partial == {"purchases": None}
    assert errors(answer) == [("purchases", "UNAUTHORIZED_FIELD_OR_TYPE")]
    assert answer.calls == []


async def test_aliases_and_fragments_are_no_way_around(callers: Mapping[str, Gateway]) -> None:
    query = print_ast(
        parse(
            "{ a: sales { n: totalCount } ...F purchases { ...P } }"
            " fragment F on Query { b: sales { ...C } }"
            " fragment C on SaleConnection { totalCount ...D }"
            " fragment D on SaleConnection { edges { c: cursor } }"
            " fragment P on PurchaseConnection { t: totalCount i: pageInfo { e: endCursor } }"
        )
    )

    answer = await callers["customer"].ask(query)

    assert answer.partial == {"a": None, "b": None, "purchases": {"t": None, "i": None}}
    assert answer.calls == []


async def names(gateway: Gateway, type_: str) -> Any:
    answer = await gateway.ask(f'{{ __type(name: "{type_}") {{ fields {{ name }} }} }}')
    found = answer.data["__type"]
    return found and sorted(field["name"] for field in found["fields"])


async def test_introspection_shows_what_may_be_asked(callers: Mapping[str, Gateway]) -> None:
    whole = ["edges", "nodes", "pageInfo", "totalCount"]

    assert await names(callers["customer"], "SaleConnection") is None
    assert await names(callers["finance"], "SaleConnection") == whole
    assert await names(callers["customer"], "PurchaseConnection") == ["edges", "nodes"]
    assert await names(callers["customer"], "PurchaseEdge") == ["node"]
    assert await names(callers["support"], "PurchaseConnection") == whole


def test_the_schema_shows_the_rule_and_what_can_be_null() -> None:
    text = closed.graph.as_str()

    for type_, directive in (
        ("Sale", '@requiresScopes(scopes: [["finance"]])'),
        ("Place", "@authenticated"),
        ("Purchase", '@policy(policies: [["own"]])'),
    ):
        assert f"type {type_} implements Node {directive} {{" in text
        assert f"type {type_}Connection {directive} {{" in text
        assert f"type {type_}Edge {directive} {{" in text
    for line in ("nodes: [Sale!]!", "node: Sale!", "nodes: [Purchase]!", "node: Purchase\n"):
        assert f"  {line}" in text
