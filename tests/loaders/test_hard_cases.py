"""What one bad value, one bad line or one bad source costs: itself, and nothing beside it."""

from __future__ import annotations

import asyncio
import copy
import datetime
import pickle
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from demo.stack import Addresses
from loaders.asks import WHOLE, Answer, Ask, Found, Key, Rows, Wants
from loaders.chain import chained
from loaders.contexts import Attempt, Operation
from loaders.identity import Identity
from loaders.memory import MemorySource, MemoryTable
from loaders.query import ALL_ROWS, COUNT, Aggregate, Function, Order, Window
from loaders.reads import reads
from loaders.registry import Loaders, Sources
from loaders.rest.routes import Batch, RestResource
from loaders.rest.source import RestSource
from loaders.sources import Capabilities
from loaders.sql.postgres import PostgresSource, PostgresTable
from tests.bad_servers import answering
from tests.loaders.asking import shop_with

BY_ID = (Order("id"),)
THINGS = MemoryTable(source="m", name="things")

OBJECTS = """
drop schema if exists hard_cases cascade;
create schema hard_cases;
create table hard_cases.places (id bigint primary key, code char(6), opens time);
insert into hard_cases.places select n, 'AB' || n % 3, '03:00' from generate_series(1, 9) n;
create function hard_cases.slowly(n bigint) returns bigint language plpgsql immutable as
    $$ begin perform pg_sleep(0.1); return n; end $$;
create view hard_cases.slow as select id, hard_cases.slowly(id) as number from hard_cases.places;
"""


@pytest.fixture(scope="module")
async def shop(addresses: Addresses) -> AsyncIterator[PostgresSource]:
    async with shop_with(addresses, "hard_cases", OBJECTS, timeout=2.0) as source:
        yield source


def list_of(rows: Sequence[Any] | Exception) -> Sequence[Any]:
    assert not isinstance(rows, Exception)
    return rows


def table(name: str) -> PostgresTable:
    return PostgresTable(source="shop", schema="hard_cases", name=name)


async def from_service(
    answer: Callable[[web.BaseRequest], Any], things: RestResource, ask: Callable[[Loaders], Any]
) -> Any:
    async def answered(request: web.BaseRequest) -> web.Response:
        return web.json_response(answer(request))

    async with answering(answered) as service:
        source = RestSource("things", service.url)
        await source.open()
        try:
            return await ask(Loaders(Sources([source]), {}, Operation()))
        finally:
            await source.close()


# 1. Reads: an identity is widened by what copies it.


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_copy_of_a_narrowed_identity_is_no_wider(copied: Callable[[Any], Any]) -> None:
    @reads(claims=["x"])
    def rule(identity: Identity) -> Any:
        return copied(identity).claims["secret"]

    with pytest.raises(TypeError):
        rule(Identity(subject="a", claims={"x": 1, "secret": 2}))


# 2. Listed: a value that is no key, in a row that nobody asks for.


async def test_a_row_of_a_list_with_an_unfit_key_costs_no_other() -> None:
    things = RestResource(
        source="things", name="things", items=None,
        by={"id": Batch("/t", "id"), "product": Batch("/t", "product")},
    )  # fmt: skip

    def answer(request: web.BaseRequest) -> Any:
        if "product" in request.query:
            return [{"id": 1, "product": 1}, {"id": [2], "product": 1}]
        return [{"id": 7, "product": 1}]

    async def ask(loaders: Loaders) -> Any:
        await loaders.lists(things, "product", ALL_ROWS).load_all([1])
        return await loaders.by_key(things).load_all([7])

    assert await from_service(answer, things, ask) == [{"id": 7, "product": 1}]


# 3. REST: a batch route that takes one key answers with a list, as every batch route.


async def test_a_batch_route_of_one_key_is_a_batch_route() -> None:
    things = RestResource(source="things", name="things", by={"id": Batch("/t", "id", 1)})

    def answer(request: web.BaseRequest) -> Any:
        return {"items": [{"id": int(request.query["id"])}]}

    async def ask(loaders: Loaders) -> Any:
        return await loaders.by_key(things).load_all([7, 8])

    assert await from_service(answer, things, ask) == [{"id": 7}, {"id": 8}]


# 4. PostgreSQL: what is asked together is what is asked apart.


@pytest.mark.parametrize("limit", [None, 3])
async def test_rows_and_count_are_the_same_together_and_apart(
    shop: PostgresSource, limit: int | None
) -> None:
    of, window, keys = table("places"), Window(BY_ID, limit=limit), ["AB1"]
    one, other = (Loaders(Sources([shop]), {}, Operation()) for _ in range(2))

    rows, count = await asyncio.gather(
        one.lists(of, "code", window).load_all(keys),
        one.aggregates(of, "code", COUNT).load_all(keys),
    )
    rows_apart = await other.lists(of, "code", window).load_all(keys)
    count_apart = await other.aggregates(of, "code", COUNT).load_all(keys)

    assert (len(list_of(rows[0])), count) == (len(list_of(rows_apart[0])), count_apart)


async def test_a_list_by_a_time_has_its_count(shop: PostgresSource) -> None:
    loaders, of, keys = (
        Loaders(Sources([shop]), {}, Operation()),
        table("places"),
        [datetime.time(3)],
    )

    rows, count = await asyncio.gather(
        loaders.lists(of, "opens", Window(BY_ID)).load_all(keys),
        loaders.aggregates(of, "opens", COUNT).load_all(keys),
    )

    assert ([len(list_of(each)) for each in rows], count) == ([9], [9])


async def test_a_page_and_a_sum_that_each_take_less_than_half_are_both_had(
    shop: PostgresSource,
) -> None:
    # The page takes 0.7 s, the sum 0.9 s, and a call may take 2 s.
    of = table("slow")
    loaders = Loaders(Sources([shop]), {of: frozenset({"number"})}, Operation())

    pages, sums = await asyncio.gather(
        loaders.lists(of, None, Window(BY_ID, limit=7)).load_all([WHOLE]),
        loaders.aggregates(of, None, Aggregate(Function.SUM, "number")).load_all([WHOLE]),
    )

    assert (len(list_of(pages[0])), sums) == (7, [45])


# 5. PostgreSQL that says nothing any more, as behind a cut line: the call ends in its time.


class Line:
    def __init__(self, host: str, port: int) -> None:
        self.host, self.port, self.mute = host, port, False

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(self.host, self.port)

        async def pump(read: asyncio.StreamReader, write: asyncio.StreamWriter) -> None:
            while data := await read.read(65536):
                if not self.mute:
                    write.write(data)
            write.close()

        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))


async def test_a_call_over_a_cut_line_ends_in_its_time(addresses: Addresses) -> None:
    parts = urlsplit(addresses.postgres)
    line = Line(parts.hostname or "", parts.port or 0)
    server = await asyncio.start_server(line.run, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = addresses.postgres.replace(f":{parts.port}", f":{port}", 1)
    source = PostgresSource("shop", url, timeout=30.0)
    await source.open()
    of, page = PostgresTable(source="shop", name="customers"), Window(BY_ID, limit=1)

    def loading(deadline: float | None = None) -> Any:
        operation = Operation(deadline=deadline)
        return Loaders(Sources([source]), {}, operation).lists(of, None, page).load_all([WHOLE])

    await loading()
    line.mute = True
    began = time.monotonic()
    await loading(began + 0.5)
    took = time.monotonic() - began
    line.mute = False
    await source.close()
    server.close()

    assert took < 15


# 6. A source that breaks its contract, as an owner's can: an error, and no operation that hangs.


class Odd(MemorySource):
    asked = 0

    def __init__(self, act: Callable[[Ask, Sequence[Key]], Answer], **can: Any) -> None:
        super().__init__("m", {})
        self.act = act
        self.can = Capabilities(**can)

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        self.asked += 1
        await asyncio.sleep(0)
        return self.act(ask, keys)


@pytest.mark.parametrize("road", ["key", "list"])
async def test_an_answer_of_another_length_is_an_error(road: str) -> None:
    loaders = Loaders(Sources([Odd(lambda *_: [Found()])]), {}, Operation())
    loader = loaders.by_key(THINGS) if road == "key" else loaders.lists(THINGS, "a", ALL_ROWS)

    async with asyncio.timeout(1):
        found = await loader.load_all([1, 2])

    assert all(isinstance(each, Exception) for each in found)


async def test_a_count_that_breaks_costs_no_row() -> None:
    def act(ask: Ask, keys: Sequence[Key]) -> Answer:
        if ask.wants.aggregates:
            raise ValueError("a bug")
        return [Found([{"id": 1}])]

    loaders = Loaders(Sources([Odd(act)]), {}, Operation())

    pages, counts = await asyncio.gather(
        loaders.lists(THINGS, None, Window(BY_ID, limit=3)).load_all([WHOLE]),
        loaders.aggregates(THINGS, None, COUNT).load_all([WHOLE]),
    )

    assert pages == [[{"id": 1}]]
    assert isinstance(counts[0], ValueError)


async def test_a_batch_that_breaks_costs_no_other() -> None:
    def act(ask: Ask, keys: Sequence[Key]) -> Answer:
        if keys[0] == (0,):
            raise TypeError("a bug")
        return [Found() for _ in keys]

    source = Odd(act, batch_size=1, in_flight=2)
    ask = Ask(Rows(THINGS, ("id",), unique=True), Wants(frozenset({"id"})))

    found = await chained(source).fetch(ask, [(number,) for number in range(9)], Operation())

    assert [type(each) for each in found] == [TypeError, *[Found] * 8]
