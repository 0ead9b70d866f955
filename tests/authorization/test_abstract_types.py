"""Unions, interfaces and enums: denied for the types that are, and for no others beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.authorization import probe
from tests.client import Answer, Gateway
from tests.graph.truth import gid
from tests.places import explained, field_at, paths_of

FINANCE = '@requiresScopes(scopes: [["finance"]])'


def denied(answer: Answer) -> list[tuple[str, str, str]]:
    """The errors' paths and codes, one for each null, and the directives that explain them."""
    assert explained(answer.partial, paths_of(answer.errors))
    explain: list[dict[str, Any]] = answer.body["extensions"]["explain"]["denied"]
    directives = {tuple(each["path"]): each["directive"] for each in explain}
    assert len(directives) == len(explain)
    return sorted(
        (".".join(map(str, path)), error["extensions"]["code"], directives[field_at(path)])
        for error in answer.errors
        for path in [error["path"]]
    )


PAPERS = {
    "inline fragments": "{ papers { ... on Poster { size title } ... on Contract { price } } }",
    "fragments": "{ papers { ...P ...C } } fragment P on Poster { size title } "
    "fragment C on Contract { price }",
    "within the interface": "{ papers { ... on Paper { ... on Poster { size title } "
    "... on Contract { price } } } }",
}


@pytest.mark.parametrize("query", [pytest.param(PAPERS[name], id=name) for name in PAPERS])
async def test_a_denied_type_of_an_interface_leaves_the_others(
    probing: Mapping[str, Gateway], query: str
) -> None:
    before = probe.ran["price"]

    answer = await probing["support"].ask(query)

    assert answer.partial == {"papers": [{"size": 3, "title": "poster"}, {"price": None}]}
    assert denied(answer) == [("papers.1.price", "UNAUTHORIZED_FIELD_OR_TYPE", FINANCE)]
    assert probe.ran["price"] == before


async def test_a_field_of_the_interface_is_denied_on_the_denied_type(
    probing: Mapping[str, Gateway],
) -> None:
    answer = await probing["support"].ask("{ papers { title } }")

    assert answer.partial == {"papers": [{"title": "poster"}, {"title": None}]}
    assert denied(answer) == [("papers.1.title", "UNAUTHORIZED_FIELD_OR_TYPE", FINANCE)]


async def test_a_field_that_is_denied_here_as_it_may_be_there_has_one_error_in_each_place(
    probing: Mapping[str, Gateway],
) -> None:
    query = "{ a: papers { title } b: papers { ... on Contract { title } } }"

    answer = await probing["support"].ask(query)

    assert [path for path, _, _ in denied(answer)] == ["a.1.title", "b.1.title"]


async def test_a_denied_member_of_a_union_leaves_the_others(
    probing: Mapping[str, Gateway],
) -> None:
    query = "{ found { ... on Poster { size } ... on Contract { title price } } }"

    answer = await probing["anonymous"].ask(query)

    assert answer.partial == {"found": [{"size": 3}, {"title": None, "price": None}]}
    assert denied(answer) == [
        ("found.1.price", "UNAUTHENTICATED", FINANCE),
        ("found.1.title", "UNAUTHENTICATED", FINANCE),
    ]


@pytest.mark.parametrize("query", ["{ papers { ... on Contract { t: title price } } }",
                                   "{ found { ... on Contract { t: title price } } }"],
                         ids=["interface", "union"])  # fmt: skip
async def test_who_may_sees_the_type(probing: Mapping[str, Gateway], query: str) -> None:
    (papers,) = (await probing["finance"].ask(query)).data.values()

    assert papers == [{}, {"t": "contract", "price": 7}]


async def test_a_field_of_a_denied_enum_is_not_resolved(probing: Mapping[str, Gateway]) -> None:
    query = "query($id: ID!) { account(id: $id) { name grade } }"
    before = probe.ran["grade"]

    answer = await probing["support"].ask(query, {"id": gid("Account", 1)})

    assert answer.partial == {"account": {"name": "Ada Martin", "grade": None}}
    assert denied(answer) == [("account.grade", "UNAUTHORIZED_FIELD_OR_TYPE", FINANCE)]
    assert probe.ran["grade"] == before
    seen = await probing["finance"].ask(query, {"id": gid("Account", 1)})
    assert seen.data["account"]["grade"] == "GOOD"


async def test_a_field_that_is_never_null_takes_its_object_with_it(
    probing: Mapping[str, Gateway],
) -> None:
    answer = await probing["support"].ask("{ paper { ... on Contract { pages price } } }")

    assert answer.partial == {"paper": None}
    assert denied(answer) == [("paper.pages", "UNAUTHORIZED_FIELD_OR_TYPE", FINANCE)]


PLACE = """query($id: ID!) { node(id: $id) { ... on Place { region } ... on Account { name } } }"""


async def test_an_object_of_a_denied_type_is_not_even_looked_for(
    probing: Mapping[str, Gateway],
) -> None:
    answer = await probing["anonymous"].ask(PLACE, {"id": gid("Place", 1)})

    assert answer.partial == {"node": None}
    assert denied(answer) == [("node", "UNAUTHENTICATED", "@authenticated")]
    assert answer.calls == []


async def test_a_denied_type_leaves_what_is_beside_it(probing: Mapping[str, Gateway]) -> None:
    answer = await probing["anonymous"].ask(PLACE, {"id": gid("Account", 1)})

    assert answer.partial == {"node": {"name": "Ada Martin"}}


async def test_the_id_of_an_open_type_is_shown_beside_a_denied_one(
    probing: Mapping[str, Gateway],
) -> None:
    query = "query($id: ID!) { node(id: $id) { id } }"

    answer = await probing["anonymous"].ask(query, {"id": gid("Account", 1)})

    assert answer.data == {"node": {"id": gid("Account", 1)}}


async def test_the_id_of_a_denied_type_is_denied(probing: Mapping[str, Gateway]) -> None:
    query = "query($id: ID!) { node(id: $id) { id } }"

    answer = await probing["anonymous"].ask(query, {"id": gid("Place", 1)})

    assert answer.partial == {"node": None}
    assert denied(answer) == [("node", "UNAUTHENTICATED", "@authenticated")]
    assert answer.calls == []
