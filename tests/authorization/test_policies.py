"""Policies: what they are asked, and what denies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tests.authorization import probe
from tests.authorization.checks import MESSAGE
from tests.authorization.roads import ROADS, Road, operation
from tests.authorization.ways import ways_to
from tests.client import Gateway
from tests.graph.truth import gid

ACCOUNTS = "query($ids: [ID!]!) { accounts(where: {id: {in: $ids}}) { nodes { id %s } } }"
IDS = [gid("Account", key) for key in (1, 2, 3)]


async def seen(gateway: Gateway, field: str) -> Sequence[bool]:
    """Which of three accounts show the field; the others have an error each."""
    answer = await gateway.ask(ACCOUNTS % field, {"ids": IDS})
    shown = [node[field] is not None for node in answer.partial["accounts"]["nodes"]]
    assert len(shown) == len(IDS)
    assert [(error["path"], error["message"]) for error in answer.errors] == [
        (["accounts", "nodes", index, field], MESSAGE)
        for index, is_shown in enumerate(shown)
        if not is_shown
    ]
    assert "SECRET" not in str(answer.body)
    return shown


@pytest.mark.parametrize("field", ["failing", "forgotten", "mumbled"])
@pytest.mark.parametrize("identity", ["anonymous", "customer", "support", "staff"])
async def test_a_policy_that_does_not_answer_denies(
    probing: Mapping[str, Gateway], field: str, identity: str
) -> None:
    assert await seen(probing[identity], field) == [False, False, False]


@pytest.mark.parametrize("field", ["failing", "forgotten", "mumbled"])
async def test_where_a_policy_does_not_answer_nothing_is_read(
    probing: Mapping[str, Gateway], field: str
) -> None:
    answer = await probing["staff"].ask(ACCOUNTS % field, {"ids": IDS})

    assert [call["columns"] for call in answer.calls] == [["id"]]


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ("anonymous", [False, False, False]),
        ("customer", [True, False, False]),
        ("partner", [True, True, True]),
        ("support", [True, True, True]),
        ("finance", [False, False, False]),
    ],
)
async def test_one_of_several_policies_is_enough(
    probing: Mapping[str, Gateway], identity: str, expected: Sequence[bool]
) -> None:
    assert await seen(probing[identity], "either") == expected


@pytest.mark.parametrize("identity", ["anonymous", "customer", "partner", "support", "finance"])
async def test_policies_of_one_list_must_all_hold(
    probing: Mapping[str, Gateway], identity: str
) -> None:
    assert await seen(probing[identity], "both") == [False, False, False]


async def test_a_policy_is_asked_once_for_all_rows(probing: Mapping[str, Gateway]) -> None:
    before = probe.ran["own"]

    assert await seen(probing["customer"], "email") == [True, False, False]

    assert probe.ran["own"] == before + 1


@pytest.mark.parametrize("identity", ["anonymous", "support", "finance", "partner"])
async def test_a_policy_that_the_identity_decides_is_not_asked(
    probing: Mapping[str, Gateway], identity: str
) -> None:
    before = probe.ran["own"]

    await probing[identity].ask(ACCOUNTS % "email", {"ids": IDS})

    assert probe.ran["own"] == before


async def test_a_policy_at_the_root_keeps_the_resolver_from_running(
    probing: Mapping[str, Gateway],
) -> None:
    before = probe.ran["partners only"]

    denied = await probing["support"].ask("{ partnersOnly }")
    allowed = await probing["partner"].ask("{ partnersOnly }")

    assert denied.partial == {"partnersOnly": None}
    assert denied.codes == ["UNAUTHORIZED_FIELD_OR_TYPE"]
    assert allowed.data == {"partnersOnly": "partner"}
    assert probe.ran["partners only"] == before + 1


@pytest.mark.parametrize(
    "road",
    [pytest.param(road, id=name) for name, road in ROADS.items() if not road.on_node],
)
async def test_a_denied_field_of_the_root_does_not_run_by_any_road(
    probing: Mapping[str, Gateway], road: Road
) -> None:
    asked = operation(road, "Query", ["partnersOnly"], ways_to("Query"), {})
    before = probe.ran["partners only"]

    denied = await road.send(probing["support"], asked.query, asked.variables)
    allowed = await road.send(probing["partner"], asked.query, asked.variables)

    name = f"{road.alias}partnersOnly"
    assert denied.partial[name] is None
    assert [(error["path"], error["message"]) for error in denied.errors] == [([name], MESSAGE)]
    assert allowed.data[name] == "partner"
    assert probe.ran["partners only"] == before + 1
