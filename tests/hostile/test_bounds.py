"""Nobody takes more than his share, whatever he sends: each hostile request has the end that it
must have and takes no more than it may, and others are answered meanwhile and after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from demo.stack import Addresses
from gateway.auth import migrations
from loaders.sql.postgres import PostgresSource
from tests.gateway.edge import Reply
from tests.hostile import answers, arguments, bodies, connections, documents, sockets
from tests.hostile.requests import Hostile
from tests.hostile.serving import Target, target
from tests.identities import auth

pytestmark = pytest.mark.process

KINDS = (connections, bodies, documents, arguments, answers, sockets)
ROWS = [row for kind in KINDS for row in kind.ROWS]

NUMBER = "SO-2025-000123"


@pytest.fixture(scope="module")
async def shop(
    tmp_path_factory: pytest.TempPathFactory,
    source_settings: dict[str, dict[str, Any]],
    addresses: Addresses,
) -> AsyncIterator[Target]:
    """The gateway as in production but for what is off there, and for its patience, which is short
    so that the tests are."""
    own = PostgresSource("own", addresses.postgres, timeout=10.0)
    await own.open()
    await migrations.migrate(own)
    async with target(
        tmp_path_factory.mktemp("hostile"),
        sources=source_settings,
        auth={**auth(), "keys": {"url": addresses.postgres}},
        server={"trusted_proxies": []},
        documents={"automatic": 10},
        limits={
            "batch": 5,
            "receive_seconds": 0.5,
            "stalled_seconds": 0.6,
            "idle_socket_seconds": 0.4,
        },
    ) as shop:
        # What is made with the first request is none of the second's.
        for _ in range(3):
            assert "errors" not in (await shop.honest(number=NUMBER)).body
        yield shop
    await own.run("drop schema sluice cascade")
    await own.close()


@pytest.fixture(scope="module")
async def honest(shop: Target) -> Reply:
    """The answer that honest callers get while nobody else asks."""
    return await shop.honest(number=NUMBER)


def test_there_are_many_kinds() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) >= 120


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_hostile_request_takes_no_more_than_it_may(
    shop: Target, honest: Reply, row: Hostile
) -> None:
    said = len(shop.served.logged)
    measure = shop.measure()
    hostile = asyncio.ensure_future(row.send(shop))
    await asyncio.sleep(0)
    meanwhile = await shop.honest(number=NUMBER)
    ends = set(await hostile)
    after = await shop.honest(number=NUMBER)
    taken = measure.taken()

    must = {row.ends} if isinstance(row.ends, str) else {*row.ends}
    assert must <= ends <= must | {*row.may}
    for each in (meanwhile, after):
        assert (each.status, each.body) == (200, honest.body)
    assert taken.cpu <= row.cpu
    assert taken.hold <= row.hold
    assert taken.memory <= row.memory
    assert "Traceback" not in shop.served.logged[said:]
