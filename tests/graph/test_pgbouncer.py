"""The shop answers behind PgBouncer as it does without, and so do its API keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import orjson
import pytest

from demo.stack import Addresses
from gateway.auth import api_keys, migrations
from gateway.auth.settings import KeySettings
from gateway.checks.report import Report
from gateway.checks.sources import check
from gateway.settings import Settings
from loaders.sql.postgres import PostgresSource
from schema.build import schema
from tests.client import Gateway, serving
from tests.gateway.key_store import id_of
from tests.graph.test_stand_in import examples
from tests.graph.truth import gid
from tests.identities import CALLERS, auth, headers

OPERATIONS = {
    "filters": """
{
  orders(first: 7, where: {
    status: {in: [PAID, SHIPPED]} total: {gt: "10.5", lt: "9000"} currency: {ne: "GBP"}
    or: [{number: {startsWith: "so-2025"}}, {partnerId: {isNull: true}}] not: {status: {eq: PAID}}
  }) { totalCount nodes { number status total partnerId } }
}""",
    "orders": """
{
  customers(first: 4, orderBy: [{field: NAME, direction: DESC}], where: {name: {contains: "a"}}) {
    nodes {
      name birthday marketingOptIn orderCount lifetimeValue addresses { kind city }
      orders(first: 2, orderBy: [{field: TOTAL}]) {
        totalCount edges { cursor node { number total } } pageInfo { hasNextPage endCursor }
      }
    }
  }
}""",
    "nodes": f"""
{{
  nodes(ids: ["{gid("Order", 1)}", "{gid("Customer", 2)}", "{gid("Order", 999_999)}"]) {{
    id ... on Order {{ number }} ... on Customer {{ name }}
  }}
  nobody: customer(email: "no@example.com") {{ name }}
}}""",
    "no such value": '{ orders(where: {total: {eq: "1e400"}}) { totalCount } }',
}

PAGE = """
query ($after: String) {
  orders(first: 90, after: $after, where: {status: {eq: SHIPPED}}) {
    nodes { number } pageInfo { hasNextPage endCursor }
  }
}"""

ONE = "query ($id: ID!) { order(id: $id) { number customer { name } lines { lineNo sku } } }"


@pytest.fixture(scope="module")
def behind(source_settings: dict[str, dict[str, Any]], pooled: str) -> Settings:
    shop = {**source_settings["shop"], "url": pooled, "pooler": "transaction"}
    keys = {"url": pooled, "pooler": "transaction"}
    return Settings.of(
        environment="development",
        sources={**source_settings, "shop": shop},
        auth={**auth(), "keys": keys},
    )


@pytest.fixture(scope="module")
async def through(behind: Settings) -> AsyncIterator[Gateway]:
    async with serving(behind) as gateway:
        yield gateway


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("example", examples())
async def test_the_examples_are_answered_alike(
    callers: dict[str, Gateway], through: Gateway, example: str, caller: str
) -> None:
    query, variables = examples()[example]

    pooled = await through.ask(query, variables, headers=headers(caller), explain=False)

    assert pooled.body == (await callers[caller].ask(query, variables, explain=False)).body


@pytest.mark.parametrize("name", OPERATIONS)
async def test_operations_are_answered_alike(gateway: Gateway, through: Gateway, name: str) -> None:
    query = OPERATIONS[name]

    pooled = await through.ask(query, headers=headers("staff"), explain=False)

    assert pooled.body == (await gateway.ask(query, explain=False)).body


async def test_all_pages_are_had(gateway: Gateway, through: Gateway) -> None:
    async def numbers(asked: Gateway) -> list[str]:
        found: list[str] = []
        after = None
        while True:
            answer = await asked.ask(PAGE, {"after": after}, headers=headers("staff"))
            page = answer.data["orders"]
            found += [node["number"] for node in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    found = await numbers(through)

    assert len(found) > 180
    assert found == await numbers(gateway)


async def test_many_operations_at_once_are_each_answered(
    gateway: Gateway, through: Gateway
) -> None:
    ids = [gid("Order", number) for number in range(1, 81)]
    asked = (through.ask(ONE, {"id": id}, headers=headers("staff")) for id in ids)
    expected = [(await gateway.ask(ONE, {"id": id})).data for id in ids]

    answers = await asyncio.gather(*asked)

    assert [answer.data for answer in answers] == expected


async def nothing_waits(connection: asyncpg.Connection[Any]) -> None:
    """Returns when no statement waits for a lock any more."""
    async with asyncio.timeout(10):
        while True:
            if not await connection.fetchval("select count(*) from pg_locks where not granted"):
                return
            await asyncio.sleep(0.01)


async def test_a_locked_table_takes_its_own_field_alone(
    behind: Settings, addresses: Addresses
) -> None:
    shop = {**behind.sources["shop"].model_dump(), "timeout": 0.5}
    sources = {name: each.model_dump() for name, each in behind.sources.items()} | {"shop": shop}
    connection = await asyncpg.connect(addresses.postgres)
    async with serving(Settings.of(sources=sources, auth=auth()), headers("staff")) as gateway:
        before = await gateway.ask(ONE, {"id": gid("Order", 1)}, explain=False)
        async with connection.transaction():
            await connection.execute("lock table customers in access exclusive mode")
            during = await gateway.ask(ONE, {"id": gid("Order", 1)}, explain=False)
            await nothing_waits(connection)
        after = await gateway.ask(ONE, {"id": gid("Order", 1)}, explain=False)
    await connection.close()

    assert during.partial["order"] == {**before.data["order"], "customer": None}
    assert during.codes == ["UPSTREAM_TIMEOUT"]
    assert after.data == before.data


async def test_it_is_ready(through: Gateway) -> None:
    async with through.session.get(f"{through.url}/readyz") as response:
        said = orjson.loads(await response.read())

    assert (response.status, said["sources"]["shop"]) == (200, "up")


async def test_the_graph_is_checked_alike(settings: Settings, behind: Settings) -> None:
    reports: list[Report] = [await check(schema, each, seconds=20.0) for each in (settings, behind)]

    assert reports[0] == reports[1]
    assert reports[1].unreached == frozenset()


@pytest.fixture
async def keys(behind: Settings) -> AsyncIterator[PostgresSource]:
    """The API keys' database, through the pooler, with their tables while the test runs."""
    settings = behind.auth.keys
    assert isinstance(settings, KeySettings)
    source = settings.source()
    await source.open()
    await source.run("drop schema if exists sluice cascade")
    yield source
    await source.run("drop schema if exists sluice cascade")
    await source.close()


async def test_a_key_is_made_used_and_revoked(keys: PostgresSource, behind: Settings) -> None:
    # Of several that migrate at once, one does: the lock is a transaction's.
    done = await asyncio.gather(*(migrations.migrate(keys) for _ in range(5)))
    key = await api_keys.create(keys, client="northwind", claims={"partner_id": "northwind"})
    query = "{ orders(first: 3) { totalCount nodes { partnerId } } }"

    async with serving(behind, {"x-api-key": key}) as gateway:
        answers = await asyncio.gather(*(gateway.ask(query) for _ in range(30)))
        at = await api_keys.revoke(keys, id_of(key))
    async with serving(behind, {"x-api-key": key}) as gateway:
        refused = await gateway.ask(query)
    (row,) = await api_keys.listed(keys)

    assert sorted(done) == [[], [], [], [], [name for _, name, _ in migrations.migrations()]]
    assert {each["partnerId"] for each in answers[0].data["orders"]["nodes"]} == {"northwind"}
    assert all(answer.data == answers[0].data for answer in answers)
    assert (refused.status, refused.codes) == (401, ["UNAUTHENTICATED"])
    assert (row["id"], row["revoked_at"]) == (id_of(key), at)
    assert row["last_used_at"] is not None
