"""The audits of GraphQL over HTTP that graphql-http has, over a running gateway."""

from __future__ import annotations

import pytest

from tests.clients.running import Node, Outcomes

COUNT = 61


@pytest.fixture(scope="module")
async def audits(node: Node) -> Outcomes:
    return await node.outcomes("audits.js")


@pytest.mark.parametrize("gateway", ["shop", "probe", "automatic"])
async def test_every_audit_passes(audits: Outcomes, gateway: str) -> None:
    results = audits[gateway]

    assert [each for each in results if each["status"] != "ok"] == []
    assert len({each["id"] for each in results}) == len(results) == COUNT


async def test_the_draft_s_statuses_are_others_than_some_audits_expect(audits: Outcomes) -> None:
    others = [each for each in audits["draft"] if each["status"] != "ok"]

    # They are from before there was 422.
    assert {(each["name"], each["reason"]) for each in others} == {
        (name, "Response status code is not 400")
        for name in (
            "MAY use 400 status code on missing {query} parameter",
            "SHOULD use a status code of 400 on variable coercion failure when accepting "
            "application/graphql-response+json",
        )
    }
