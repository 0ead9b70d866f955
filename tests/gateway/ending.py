"""A graph over sources that don't answer by themselves, and what these see of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import bson
import strawberry
from aiohttp import ClientSession, web

from demo.stack import Addresses
from gateway.app import create_app
from gateway.settings import Settings
from loaders.chain.bulkhead import Bulkhead
from loaders.mongo import MongoCollection
from loaders.resource import Row
from loaders.rest.routes import RestResource, Single
from loaders.sql.postgres import PostgresSource, PostgresTable
from resolvers import Graph, Info, Node, column, computed, lookup, mutation
from tests.bad_servers import answering, listening_to
from tests.client import Gateway, listening
from tests.graph.truth import gid
from tests.identities import auth

ENDING = "tests.gateway.ending:graph"

SCHEMA = """
create schema if not exists ending;
create table if not exists ending.quick (id bigint primary key);
create or replace view ending.slow as select 1::bigint as id, pg_sleep(60) is null as slept;
"""

SLEEPING = """
select count(*) from pg_stat_activity
where application_name = 'sluice' and state = 'active'
  and (query like '%"slow"%' or query like '%pg_sleep%')
"""


@strawberry.type(description="A row of a table.")
class Slow(Node):
    resource = PostgresTable(source="postgres", schema="ending", name="slow")
    slept: bool | None = column("Whether it slept.")


@strawberry.type(description="A document.")
class Held(Node):
    resource = MongoCollection(source="mongo", name="ending_held", key_type=int)
    name: str | None = column("Its name.")


@strawberry.type(description="What a service has.")
class Late(Node):
    resource = RestResource(
        source="rest", name="late", key_type=int, by={"id": Single("/late/{key}")}
    )
    name: str | None = column("Its name.")


@strawberry.type(description="A row of a table.")
class Quick(Node):
    resource = PostgresTable(source="postgres", schema="ending", name="quick")


@strawberry.type(description="A document.")
class Document(Node):
    resource = MongoCollection(source="mongo", name="ending_quick", key_type=int)


@strawberry.type(description="What a service has.")
class Ready(Node):
    resource = RestResource(
        source="rest", name="ready", key_type=int, by={"id": Single("/ready/{key}")}
    )


@strawberry.type(description="What can be asked.")
class Query:
    postgres: Slow | None = lookup("A row, after a minute.", by="id")
    mongo: Held | None = lookup("A document, once its session is killed.", by="id")
    rest: Late | None = lookup("An object, after a minute.", by="id")
    quick_postgres: Quick | None = lookup("A row.", by="id")
    quick_mongo: Document | None = lookup("A document.", by="id")
    quick_rest: Ready | None = lookup("An object.", by="id")


async def write(info: Info, seconds: float) -> bool:
    begun.append(seconds)
    source = info.context.sources["postgres"]
    assert isinstance(source, PostgresSource)
    await source.run("select pg_sleep($1)", seconds)
    written.append(seconds)
    return True


begun: list[float] = []
"""What ``write`` was called with, and with what it came to its end."""
written: list[float] = []


@strawberry.type(description="What can be changed.")
class Mutation:
    write: bool | None = mutation("Writes for so many seconds.", write, public=True)


def of_a_slow(type_: type[Node]) -> Callable[[Info], Awaitable[Row | None]]:
    async def load(info: Info) -> Row | None:
        return await info.context.loaders.by_key(type_.resource).load(1)

    return load


@strawberry.type(description="An event, which shows what takes long.")
class Happening:
    postgres: Slow | None = computed("A row, after a minute.", of_a_slow(Slow), needs=())
    mongo: Held | None = computed("A document.", of_a_slow(Held), needs=())
    rest: Late | None = computed("An object, after a minute.", of_a_slow(Late), needs=())


@strawberry.type(description="What can be listened to.")
class Subscription:
    @strawberry.subscription
    async def happenings(self) -> AsyncGenerator[Happening, None]:
        """One event."""
        yield Happening()


graph = Graph(Query, mutation=Mutation, subscription=Subscription)

SOURCES = {"postgres": ("Slow", "Quick"), "mongo": ("Held", "Document"), "rest": ("Late", "Ready")}
"""Each source, with the types over it."""


def slow(source: str) -> str:
    """A query that waits for the source."""
    return f'{{ {source}(id: "{gid(SOURCES[source][0], 1)}") {{ id }} }}'


def slow_event(source: str) -> str:
    """A subscription whose event does."""
    return f"subscription {{ happenings {{ {source} {{ id }} }} }}"


def quick(source: str) -> str:
    """One that needs not."""
    return f'{{ quick{source.title()}(id: "{gid(SOURCES[source][1], 1)}") {{ id }} }}'


@dataclass
class Mongo:
    """A line to MongoDB that holds what answers a ``find`` in ``ending_held``, until it is told to
    kill the session of that, or the time that it was given is up (``maxTimeMS``), as MongoDB would
    end it. ``sent`` are the commands."""

    host: str
    port: int
    sent: list[dict[str, Any]] = field(default_factory=list)
    held: dict[bytes, asyncio.Event] = field(default_factory=dict)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(self.host, self.port)
        going_on = asyncio.Event()
        going_on.set()

        async def answer() -> None:
            while data := await from_server.read(65536):
                await going_on.wait()
                writer.write(data)
                await writer.drain()

        answers = asyncio.create_task(answer())
        try:
            while True:
                head = await reader.readexactly(16)
                rest = await reader.readexactly(int.from_bytes(head[:4], "little") - 16)
                if int.from_bytes(head[12:16], "little") == 2013:
                    size = int.from_bytes(rest[5:9], "little")
                    self._note(bson.decode(rest[5 : 5 + size]), going_on)
                to_server.write(head + rest)
                await to_server.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            answers.cancel()
            to_server.close()

    def _note(self, command: dict[str, Any], going_on: asyncio.Event) -> None:
        self.sent.append(command)
        if command.get("find") == "ending_held":
            going_on.clear()
            session = bytes(command["lsid"]["id"])
            self.held[session] = going_on
            if "maxTimeMS" in command:
                loop = asyncio.get_running_loop()
                loop.call_later(command["maxTimeMS"] / 1000, self._end, session)
        for each in command.get("killSessions", ()):
            self._end(bytes(each["id"]))

    def _end(self, session: bytes) -> None:
        if session in self.held:
            self.held.pop(session).set()

    def named(self, name: str) -> list[dict[str, Any]]:
        """The commands of this name."""
        return [command for command in self.sent if name in command]


@dataclass
class Ending:
    """The gateway over those sources."""

    gateway: Gateway
    admin: asyncpg.Connection[Any]
    mongo: Mongo
    late: list[str]
    sources: Any
    operations: Any

    async def running(self, source: str) -> int:
        """How much runs at the source."""
        match source:
            case "postgres":
                return int(await self.admin.fetchval(SLEEPING))
            case "mongo":
                return len(self.mongo.held)
            case _:
                return len(self.late)

    async def becomes(self, source: str, count: int, seconds: float = 5.0) -> None:
        """Wait until so much runs there."""
        async with asyncio.timeout(seconds):
            while await self.running(source) != count:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def taken(self) -> list[int]:
        """What of the sources is in use: connections of PostgreSQL's pool, calls to the others, and
        those to MongoDB that are to be ended."""
        sources = self.sources
        return [
            sources["postgres"]._pool._turns.taken,
            bulkhead(sources.chain("mongo"))._turns.taken,
            bulkhead(sources.chain("rest"))._turns.taken,
            len(sources["mongo"]._calls._given_up),
        ]


def bulkhead(chain: Any) -> Any:
    while not isinstance(chain, Bulkhead):
        chain = getattr(chain, "following", None) or chain._following
    return chain


@asynccontextmanager
async def ending(addresses: Addresses, **limits: Any) -> AsyncIterator[Ending]:
    """The graph, served over real sources that are slow."""
    late: list[str] = []

    async def serve(request: web.BaseRequest) -> web.Response:
        if request.path.startswith("/late"):
            late.append(request.path)
            try:
                await asyncio.sleep(60)
            finally:
                late.remove(request.path)
        return web.json_response({"id": 1})

    async with AsyncExitStack() as stack:
        admin = await asyncpg.connect(addresses.postgres)
        stack.push_async_callback(admin.close)
        await admin.execute(SCHEMA)
        server = urlsplit(addresses.mongo)
        mongo = Mongo(str(server.hostname), int(server.port or 0))
        port = await stack.enter_async_context(listening_to(mongo.talk))
        through = addresses.mongo.replace(f":{server.port}", f":{port}")
        service = await stack.enter_async_context(answering(serve))
        settings = Settings.of(
            environment="development",
            graph=ENDING,
            sources={
                "postgres": {"kind": "postgres", "url": addresses.postgres},
                "mongo": {
                    "kind": "mongo",
                    "url": through,
                    "database": addresses.mongo_database,
                },
                "rest": {"kind": "rest", "url": service.url},
            },
            auth=auth(),
            limits={"batch": 2, **limits},
        )
        app = create_app(settings)
        url = await stack.enter_async_context(listening(app))
        session = await stack.enter_async_context(ClientSession())
        operations: Any = app.routes[0].endpoint._operations  # type: ignore[attr-defined]
        # Which connects what kills, as the first probe does.
        await operations._sources["mongo"].check()
        yield Ending(Gateway(url, session), admin, mongo, late, operations._sources, operations)
