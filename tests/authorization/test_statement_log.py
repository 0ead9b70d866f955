"""PostgreSQL's own log of the statements that it ran says what was asked of it: for what is denied,
nothing."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.stack import DemoStack
from schema.build import schema
from tests.authorization.checks import asked, values
from tests.authorization.matrix import IDENTITIES, MATRIX
from tests.authorization.roads import ROADS
from tests.authorization.ways import ways_to
from tests.client import Gateway

PLAIN = ROADS["plain"]

DENIED = re.compile(
    r'"(email|phone|birthday|marketing_opt_in|internal_note)"|sum\(\s*(\w+\.|"\w+"\.)?"total"'
)
"""The columns of PostgreSQL that the matrix denies somebody, and what makes a lifetime value."""

EVERYTHING = """{
  customers(first: 1) { nodes {
    email phone birthday marketingOptIn lifetimeValue addresses { city }
    orders { nodes { internalNote } }
  } }
}"""


ROWS = [row for row in MATRIX.values() if schema.node_types[row.type].resource.source == "shop"]
"""What of the matrix PostgreSQL has."""

COMPARISONS = (
    '{ customer(email: "ada.martin@example.com") { name } }',
    '{ customers(where: {email: {contains: "a"}}, first: 1) { nodes { name } } }',
)
"""Which everyone but support is denied."""


@dataclass(frozen=True)
class Log:
    """The log that PostgreSQL writes."""

    path: Path

    async def during(self, work: Awaitable[object]) -> str:
        """What it had to say of statements while the work was done."""
        before = self.path.stat().st_size
        await work
        return self.path.read_bytes()[before:].decode()


@pytest.fixture(scope="module", autouse=True)
def log(stack: DemoStack) -> Iterator[Log]:
    """The log of a PostgreSQL that logs every statement, until the module ends."""
    # The folder may be a link: see demo.postgres.
    settings = (stack.folder / "postgres").resolve() / "data" / "postgresql.conf"
    before = settings.read_bytes()
    stack.stop_source("shop")
    try:
        settings.write_bytes(before + b"\nlog_statement = 'all'\n")
        stack.start_source("shop")
        yield Log(stack.folder / "logs" / "shop.log")
        stack.stop_source("shop")
    finally:
        settings.write_bytes(before)
        stack.start_source("shop")


Deny = Callable[[str], Awaitable[None]]


@pytest.fixture(scope="module")
def deny(callers: Mapping[str, Gateway], ids: Mapping[str, str]) -> Deny:
    """Asks for all that the matrix denies an identity, by every way, and for what would be its
    own on what is others'."""
    others = {**ids, "Customer": ids["CustomerOther"]}
    of_customers = [way for way in ways_to("Customer") if way.name in ("node", "Query.customer")]

    async def ask_in_vain(identity: str) -> None:
        for row in ROWS:
            if row.cells[identity] == "no":
                operation = asked([row], PLAIN, ways_to(row.type), ids, identity)
            elif row.cells[identity] == "own":
                operation = asked([row], PLAIN, of_customers, others, identity)
            else:
                continue
            answer = await callers[identity].ask(operation.query)
            shown = [values(way, row.field, answer.partial) for way in operation.ways]
            assert {value for each in shown for _, value in each} <= {None}
            # Of a customer who is hidden there is nothing to deny.
            assert row.cells[identity] == "no" or answer.errors == []
        if identity != "support":
            for query in COMPARISONS:
                answer = await callers[identity].ask(query)
                assert set(answer.partial.values()) == {None}

    return ask_in_vain


async def test_what_staff_sees_is_in_the_log(log: Log, callers: Mapping[str, Gateway]) -> None:
    statements = await log.during(callers["staff"].ask(EVERYTHING))

    assert {found[1] for found in DENIED.finditer(statements)} == {
        *("email", "phone", "birthday", "marketing_opt_in", "internal_note"),
        None,
    }
    assert '"addresses"' in statements


@pytest.mark.parametrize("identity", IDENTITIES)
async def test_no_statement_names_what_is_denied(
    log: Log, callers: Mapping[str, Gateway], deny: Deny, identity: str
) -> None:
    statements = await log.during(deny(identity))
    control = await log.during(callers["staff"].ask(EVERYTHING))

    assert DENIED.findall(statements) == []
    assert DENIED.findall(control) != []
    if identity == "anonymous":
        assert '"addresses"' not in statements
        assert '"customers"' not in statements
    elif identity != "support":
        # Other fields on the way to those were fetched all the while.
        assert 'from "customers"' in statements


async def test_ones_own_is_read_for_nobody_else(
    log: Log, callers: Mapping[str, Gateway], ids: Mapping[str, str]
) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { name email } } }"
    both = [ids["CustomerOther"], ids["Customer"]]

    statements = await log.during(callers["customer"].ask(query, {"ids": both}))

    (named,) = [part for part in statements.split("LOG:") if '"email"' in part]
    assert re.search(r"[Pp]arameters: \$1 = '\{1\}'", named)
