"""A row filter, or a policy, that says what it reads of an identity is given nothing else."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from loaders.contexts import Operation
from loaders.identity import ANONYMOUS, Identity
from loaders.memory import MemorySource, MemoryTable
from loaders.query import Filter, equals
from loaders.reads import Reads, UndeclaredRead, reads
from loaders.registry import Loaders, Sources
from loaders.row_filters import through
from resolvers.guards import PolicyEvaluator
from resolvers.policies import policy
from tests.loaders.asking import page

ADA = Identity(
    subject="ada",
    client="app",
    scopes=frozenset({"read", "write"}),
    claims={"customer_id": 7, "partner": "north"},
    credential="key:1",
    expires_at=1.0,
    issuer="company",
)

WHAT: dict[str, tuple[Callable[[Identity], Any], Any]] = {
    "claims": (lambda identity: identity.claims["customer_id"], 7),
    "scopes": (lambda identity: "read" in identity.scopes, True),
    "subject": (lambda identity: identity.subject, "ada"),
    "client": (lambda identity: identity.client, "app"),
    "issuer": (lambda identity: identity.issuer, "company"),
    "anonymity": (lambda identity: identity.is_anonymous, False),
}
DECLARED: dict[str, dict[str, Any]] = {
    "claims": {"claims": ["customer_id"]},
    "scopes": {"scopes": ["read"]},
    "subject": {"subject": True},
    "client": {"client": True},
    "issuer": {"issuer": True},
    "anonymity": {"anonymity": True},
    "time": {"time": True},
}


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("declared", DECLARED)
def test_what_is_declared_is_given_and_nothing_else(what: str, declared: str) -> None:
    read, value = WHAT[what]
    reading = reads(**DECLARED[declared])(read)

    if what == declared:
        assert reading(ADA) == value
    else:
        with pytest.raises(UndeclaredRead, match=r"reads\("):
            reading(ADA)


def test_the_time_is_given_where_it_is_declared() -> None:
    before = datetime.now(UTC)

    assert before <= reads(time=True)(lambda identity: identity.now)(ADA) <= datetime.now(UTC)
    with pytest.raises(UndeclaredRead, match="time=True"):
        reads(subject=True)(lambda identity: identity.now)(ADA)


@pytest.mark.parametrize("name", ["credential", "expires_at"])
def test_the_credential_is_given_to_none(name: str) -> None:
    everything = reads(
        claims=["customer_id"],
        scopes=["read"],
        subject=True,
        client=True,
        anonymity=True,
        time=True,
        issuer=True,
    )

    with pytest.raises(UndeclaredRead):
        everything(lambda identity: getattr(identity, name))(ADA)


SNEAKY: dict[str, Callable[[Identity], Any]] = {
    "another claim": lambda identity: identity.claims["partner"],
    "another claim by get": lambda identity: identity.claims.get("partner"),
    "whether another claim is there": lambda identity: "partner" in identity.claims,
    "another scope": lambda identity: "write" in identity.scopes,
    "another scope by an intersection": lambda identity: {"write"} & identity.scopes,
    "another scope by a union": lambda identity: identity.scopes >= {"write"},
}


@pytest.mark.parametrize("sneaky", SNEAKY)
def test_what_is_declared_of_claims_and_scopes_is_each_by_its_name(sneaky: str) -> None:
    with pytest.raises(UndeclaredRead, match=r"partner|write|all scopes"):
        reads(claims=["customer_id"], scopes=["read"])(SNEAKY[sneaky])(ADA)


@pytest.mark.parametrize(
    "all_of",
    [
        lambda identity: dict(identity.claims),
        lambda identity: len(identity.claims),
        lambda identity: set(identity.scopes),
        lambda identity: bool(identity.scopes),
        # "All but suspended" must not be open to the suspended.
        lambda identity: {"suspended"}.isdisjoint(identity.scopes),
        lambda identity: {"read"}.issubset(identity.scopes),
        copy.copy,
        pickle.dumps,
        lambda identity: identity.__getattribute__("claims"),
        repr,
    ],
)
def test_nobody_goes_through_all(all_of: Callable[[Identity], Any]) -> None:
    with pytest.raises(UndeclaredRead):
        reads(claims=["customer_id"], scopes=["read"])(all_of)(ADA)


def test_what_is_declared_and_is_not_there_is_missing() -> None:
    reading = reads(claims=["nothing"], scopes=["nothing"])

    assert reading(lambda identity: identity.claims.get("nothing"))(ADA) is None
    assert not reading(lambda identity: "nothing" in identity.scopes)(ADA)
    assert not reading(lambda identity: frozenset({"nothing"}) & identity.scopes)(ADA)
    assert reading(lambda identity: isinstance(identity, Identity))(ADA)


def test_what_it_reads_can_be_asked() -> None:
    reading = reads(claims=["customer_id"], anonymity=True)(lambda identity: None)

    assert reading.reads == Reads(claims=frozenset({"customer_id"}), anonymity=True)


ROWS = [{"id": 1, "owner": 7}, {"id": 2, "owner": 8}]


async def rows_seen(row_filter: Any, identity: Identity) -> list[int]:
    table = MemoryTable(source="memory", name="things", row_filter=row_filter)
    source = MemorySource("memory", {"things": ROWS})
    rows = await page(Loaders(Sources([source]), {}, Operation(identity)), table)
    return [row["id"] for row in rows]


@reads(claims=["customer_id"])
def own(identity: Identity) -> Filter | None:
    return equals("owner", identity.claims.get("customer_id"))


async def test_a_row_filter_that_declares_what_it_reads_is_one_like_others() -> None:
    assert await rows_seen(own, ADA) == [1]
    assert await rows_seen(own, ANONYMOUS) == []


async def test_one_that_reads_more_shows_nothing() -> None:
    @reads(scopes=["read"])
    def wrong(identity: Identity) -> Filter | None:
        return None if identity.is_anonymous else own(identity)

    with pytest.raises(UndeclaredRead, match=r"'is_anonymous'.*anonymity=True"):
        await rows_seen(wrong, ADA)


async def test_a_plain_function_is_given_everything() -> None:
    seen: list[Identity] = []

    def plain(identity: Identity) -> Filter | None:
        seen.append(identity)
        return None

    assert await rows_seen(plain, ADA) == [1, 2]
    assert seen == [ADA]


async def test_a_policy_can_declare_it_too() -> None:
    @policy("own", needs=["owner"])
    @reads(claims=["customer_id"])
    async def own_rows(identity: Identity, rows: Any) -> list[bool]:
        return [row["owner"] == identity.claims.get("customer_id") for row in rows]

    @policy("nosy", needs=["owner"])
    @reads(claims=["customer_id"])
    async def nosy(identity: Identity, rows: Any) -> list[bool]:
        return [identity.subject == "ada" for _ in rows]

    policies = PolicyEvaluator({"own": own_rows, "nosy": nosy}, ADA)

    assert await policies.allow([(("own",),)], ROWS) == [True, False]
    # It fails, so it denies.
    assert await policies.allow([(("nosy",),)], ROWS) == [False, False]


def test_through_is_a_value_that_says_what_it_goes_by() -> None:
    table = MemoryTable(source="memory", name="things", row_filter=own)

    assert through("thing_id", table) == through("thing_id", table)
    assert (through("thing_id", table).column, through("thing_id", table).resource) == (
        "thing_id",
        table,
    )
