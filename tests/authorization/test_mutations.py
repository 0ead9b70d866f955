"""A mutation that is denied never runs, and what is denied of another's payload is not read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.authorization import probe
from tests.authorization.checks import MESSAGE
from tests.authorization.matrix import IDENTITIES
from tests.authorization.roads import Send, batch, events, parts, post, socket
from tests.client import Gateway
from tests.graph.truth import gid
from tests.places import paths_of

ADA = {"id": gid("Account", 1)}
OTHER = {"id": gid("Account", 2)}

ERASE = "mutation($id: ID!) { erase(id: $id) { name } }"
TOUCH = "mutation($id: ID!) { touch(id: $id) { %s } }"

SENDS: Mapping[str, Send] = {"POST": post, "batch": batch, "WebSocket": socket, "SSE": events}

sent = pytest.mark.parametrize("send", [pytest.param(SENDS[name], id=name) for name in SENDS])


def code(identity: str) -> str:
    return "UNAUTHENTICATED" if identity == "anonymous" else "UNAUTHORIZED_FIELD_OR_TYPE"


@sent
@pytest.mark.parametrize("identity", [each for each in IDENTITIES if each != "finance"])
async def test_a_denied_mutation_does_not_run(
    probing: Mapping[str, Gateway], identity: str, send: Send
) -> None:
    before = probe.ran["erase"]

    answer = await send(probing[identity], ERASE, ADA)

    assert answer.partial == {"erase": None}
    (error,) = answer.errors
    assert (error["message"], error["path"]) == (MESSAGE, ["erase"])
    assert answer.codes == [code(identity)]
    assert answer.calls == []
    assert probe.ran["erase"] == before


@sent
async def test_a_mutation_runs_for_whom_it_is_for(
    probing: Mapping[str, Gateway], send: Send
) -> None:
    before = probe.ran["erase"]

    answer = await send(probing["finance"], ERASE, ADA)

    assert answer.data == {"erase": {"name": "Ada Martin"}}
    assert probe.ran["erase"] == before + 1


@pytest.mark.parametrize(
    "query",
    [
        "mutation($id: ID!) { seen: erase(id: $id) { name } }",
        "mutation($id: ID!) { ...A } fragment A on Mutation { ... { erase(id: $id) { name } } }",
        "mutation($id: ID!) { ... on Mutation { erase(id: $id) { __typename } } }",
        "mutation($id: ID!, $y: Boolean! = true) { erase(id: $id) @include(if: $y) { name } }",
    ],
    ids=["alias", "fragments", "inline fragment", "include"],
)
async def test_a_denied_mutation_does_not_run_however_it_is_written(
    probing: Mapping[str, Gateway], query: str
) -> None:
    before = probe.ran["erase"]

    answer = await probing["customer"].ask(query, ADA)

    assert list(answer.partial.values()) == [None]
    assert answer.codes == ["UNAUTHORIZED_FIELD_OR_TYPE"]
    assert probe.ran["erase"] == before


async def test_a_mutation_by_get_runs_for_nobody(probing: Mapping[str, Gateway]) -> None:
    before = probe.ran["erase"]

    answer = await probing["finance"].get(f'mutation {{ erase(id: "{ADA["id"]}") {{ name }} }}')

    assert answer.status == 405
    assert probe.ran["erase"] == before


async def test_a_denied_mutation_takes_no_other_with_it(probing: Mapping[str, Gateway]) -> None:
    before = dict(probe.ran)
    query = """mutation($id: ID!) {
      first: touch(id: $id) { name }
      second: erase(id: $id) { name }
      third: touch(id: $id) { name }
    }"""

    answer = await probing["customer"].ask(query, ADA)

    named = {"name": "Ada Martin"}
    assert answer.partial == {"first": named, "second": None, "third": named}
    assert [error["path"] for error in answer.errors] == [["second"]]
    assert probe.ran["touch"] == before.get("touch", 0) + 2
    assert probe.ran["erase"] == before.get("erase", 0)


async def test_a_policy_keeps_a_mutation_from_running(probing: Mapping[str, Gateway]) -> None:
    before = probe.ran["hand in"]

    for identity in ("anonymous", "customer", "support", "finance"):
        answer = await probing[identity].ask("mutation { handIn }")

        assert answer.partial == {"handIn": None}
        assert answer.codes == [code(identity)]
    assert probe.ran["hand in"] == before
    assert (await probing["partner"].ask("mutation { handIn }")).data == {"handIn": "thanks"}


@sent
async def test_a_denied_field_of_a_payload_is_not_read(
    probing: Mapping[str, Gateway], send: Send
) -> None:
    answer = await send(probing["finance"], TOUCH % "name phone", ADA)

    assert answer.partial == {"touch": {"name": "Ada Martin", "phone": None}}
    assert [error["path"] for error in answer.errors] == [["touch", "phone"]]
    assert [call["columns"] for call in answer.calls] == [["id", "name"]]


@pytest.mark.parametrize(
    ("variables", "email"), [(ADA, "ada.martin@example.com"), (OTHER, None)], ids=["own", "other's"]
)
async def test_a_policy_looks_at_the_row_of_a_payload(
    probing: Mapping[str, Gateway], variables: Mapping[str, Any], email: str | None
) -> None:
    answer = await probing["customer"].ask(TOUCH % "email", variables)

    assert answer.partial == {"touch": {"email": email}}
    assert [error["path"] for error in answer.errors] == ([] if email else [["touch", "email"]])
    read = [call for call in answer.calls if "email" in call["columns"]]
    assert len(read) == (1 if email else 0)


async def test_a_denied_field_of_a_payload_is_denied_deferred(
    probing: Mapping[str, Gateway],
) -> None:
    query = TOUCH % "name ... @defer { phone email purchases(first: 1) { nodes { note } } }"

    answer = await parts(probing["customer"], query, OTHER)

    shown = answer.partial["touch"]
    assert (shown["phone"], shown["email"]) == (None, None)
    assert [node["note"] for node in shown["purchases"]["nodes"]] == [None]
    assert sorted(paths_of(answer.errors)) == [
        ("touch", "email"),
        ("touch", "phone"),
        ("touch", "purchases", "nodes", 0, "note"),
    ]
    assert {column for call in answer.calls for column in call["columns"]}.isdisjoint(
        {"phone", "email", "internal_note"}
    )
