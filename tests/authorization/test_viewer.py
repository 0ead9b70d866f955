"""``viewer`` is the customer who asks, as they may see themselves, and nobody for everyone else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.authorization.checks import SELECTED
from tests.authorization.matrix import TYPES
from tests.authorization.samples import ADA
from tests.client import Gateway
from tests.graph.truth import Truth
from tests.identities import token


async def test_a_customer_sees_themself(callers: Mapping[str, Gateway], truth: Truth) -> None:
    row = await truth.row(
        "select name, email, phone, currency,"
        " (select count(*) from orders where customer_id = 1) as orders"
        " from customers where id = 1"
    )

    answer = await callers["customer"].ask(
        "{ viewer { id name email phone currency orders { totalCount } } }"
    )

    assert answer.data["viewer"] == {
        **{name: row[name] for name in ("name", "email", "phone", "currency")},
        "id": ADA,
        "orders": {"totalCount": row["orders"]},
    }


@pytest.mark.parametrize("identity", ["anonymous", "support", "finance", "partner", "staff"])
async def test_others_are_no_customer(callers: Mapping[str, Gateway], identity: str) -> None:
    answer = await callers[identity].ask("{ viewer { id currency orders { totalCount } } }")

    assert answer.data == {"viewer": None}
    assert answer.calls == []


@pytest.mark.parametrize(
    "claim", [True, 1.0, "1", [1], {"$gt": 0}, None, 0, -1, 2**63, 2**200], ids=repr
)
async def test_a_claim_that_is_no_number_of_a_customer_is_nobody(
    callers: Mapping[str, Gateway], claim: Any
) -> None:
    credential = {"authorization": f"Bearer {token(sub='x', customer_id=claim)}"}

    answer = await callers["anonymous"].ask("{ viewer { id } }", headers=credential)

    assert answer.data == {"viewer": None}
    assert answer.calls == []


async def test_a_customer_who_is_gone_is_nobody(callers: Mapping[str, Gateway]) -> None:
    credential = {"authorization": f"Bearer {token(sub='x', customer_id=2**62)}"}

    answer = await callers["anonymous"].ask("{ viewer { id } }", headers=credential)

    assert answer.data == {"viewer": None}
    assert answer.resources == ["shop.customers"]


async def test_each_caller_is_their_own_viewer(callers: Mapping[str, Gateway]) -> None:
    found = []
    for number in (2, 3, 2):
        credential = {"authorization": f"Bearer {token(sub='x', customer_id=number)}"}
        answer = await callers["anonymous"].ask(
            "query($id: ID!) { viewer { id email } customer(id: $id) { name } }",
            {"id": ADA},
            headers=credential,
        )
        assert answer.data["customer"] is None
        found.append(answer.data["viewer"])

    assert found[0] == found[2] != found[1]
    assert None not in found


async def test_viewers_and_lookups_of_one_customer_are_one_call(
    callers: Mapping[str, Gateway],
) -> None:
    query = """query($id: ID!) {
      a: viewer { name } b: viewer { ... { createdAt } }
      c: customer(id: $id) { currency } d: node(id: $id) { ... on Customer { name } }
    }"""

    answer = await callers["customer"].ask(query, {"id": ADA})

    assert answer.data["a"] == answer.data["d"] == {"name": "Ada Martin"}
    (call,) = answer.calls
    assert (call["resource"], call["keys"]) == ("customers", 1)
    assert call["columns"] == ["created_at", "currency", "id", "name"]


async def test_the_viewer_shows_what_a_lookup_of_them_shows(
    callers: Mapping[str, Gateway],
) -> None:
    fields = " ".join(SELECTED.get(row.coordinate, row.field) for row in TYPES["Customer"])
    looked_up = f'customer(id: "{ADA}")'

    viewer = await callers["customer"].ask(f"{{ found: viewer {{ {fields} }} }}")
    other = await callers["customer"].ask(f"{{ found: {looked_up} {{ {fields} }} }}")

    assert viewer.partial == other.partial
    assert [error["path"] for error in viewer.errors] == [error["path"] for error in other.errors]
    assert {row.field for row in TYPES["Customer"] if row.cells["customer"] == "no"} == {
        error["path"][-1] for error in viewer.errors
    }


async def test_a_denied_field_of_the_viewer_is_denied(callers: Mapping[str, Gateway]) -> None:
    answer = await callers["customer"].ask("{ viewer { name lifetimeValue } }")

    assert answer.partial == {"viewer": {"name": "Ada Martin", "lifetimeValue": None}}
    assert answer.codes == ["UNAUTHORIZED_FIELD_OR_TYPE"]
    assert answer.resources == ["shop.customers"]
