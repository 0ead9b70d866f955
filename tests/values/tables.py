"""Tables of PostgreSQL with a column of any type, and graphs over them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from demo.stack import Addresses
from gateway.testing import GraphClient, Response
from loaders.identity import ANONYMOUS, Identity
from loaders.sql.postgres import PostgresSource, PostgresTable
from resolvers import Graph, Node, column, connection, lookup, nodes
from tests.resolvers.declaring import connection_of, graph_of, list_of, node_type


@dataclass(frozen=True)
class Tables:
    """A schema of the test's own."""

    addresses: Addresses
    schema: str
    database: asyncpg.Connection

    async def filled(self, name: str, type_: str, *values: str | None) -> PostgresTable:
        """A table of rows with the ids 1, 2, … and these values of the column ``it``."""
        of = f"{self.schema}.{name}"
        await self.database.execute(
            f"drop table if exists {of} cascade; create table {of} (id int primary key, it {type_})"
        )
        for number, value in enumerate(values, 1):
            await self.database.execute(
                f"insert into {of} select {number}, x::{type_} from (select $1::text) as t(x)",
                value,
            )
        return self.table(name)

    def table(self, name: str, **more: Any) -> PostgresTable:
        return PostgresTable(source="shop", name=name, schema=self.schema, **more)

    async def ask(
        self,
        graph: Graph,
        query: str,
        variables: dict[str, object] | None = None,
        identity: Identity = ANONYMOUS,
    ) -> Response:
        async with self.client(graph) as client:
            return await client.execute(query, variables, identity=identity)

    def client(self, graph: Graph) -> GraphClient:
        """One whose statements go to one session, once it is entered."""
        return GraphClient(graph, [PostgresSource("shop", self.addresses.postgres, pool_size=1)])


@asynccontextmanager
async def tables_in(addresses: Addresses, schema: str, objects: str = "") -> AsyncIterator[Tables]:
    """The schema, with what ``objects`` make in it."""
    database = await asyncpg.connect(addresses.postgres)
    try:
        await database.execute(
            f"drop schema if exists {schema} cascade; create schema {schema}; {objects}"
        )
        yield Tables(addresses, schema, database)
    finally:
        await database.execute(f"drop schema if exists {schema} cascade")
        await database.close()


def things(of: PostgresTable, annotation: Any, *, by: str = "id", **more: Any) -> Graph:
    """A graph over rows with a ``number`` and ``it``."""
    thing = node_type(
        "Thing",
        of,
        number=(int, column("Its number.", name="id")),
        it=(annotation | None, column("It.", **more)),
    )
    return graph_of(
        things=(connection_of(thing) | None, connection("All.")),
        thing=(thing | None, lookup("One.", by=by)),
        nodes=(list_of(Node | None) | None, nodes("Some.")),
    )


def numbers(response: Response) -> list[int]:
    """Those of the things that are there, where nothing failed."""
    assert response.errors == []
    return [node["number"] for node in response.data["things"]["nodes"]]
