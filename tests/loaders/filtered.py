"""The same documents, in folders, in every kind of source, and the loaders of whoever asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from aiohttp import web
from pymongo import MongoClient

from demo.stack import Addresses
from loaders.contexts import Operation
from loaders.identity import Identity
from loaders.mongo import MongoCollection, MongoSource
from loaders.query import Filter, equals
from loaders.registry import Loaders, Sources
from loaders.resource import Resource, RowFilter
from loaders.rest.routes import Batch, RestResource, Single
from loaders.rest.source import RestSource
from loaders.sql.postgres import PostgresSource, PostgresTable
from loaders.trace import Call
from tests.bad_servers import Service, answering, unused_port

SCHEMA = "row_filters"
ADA = Identity(subject="ada", claims={"owner": "ada"}, credential="test")

OWNERS = ("ada", "bob", None)
Row = dict[str, Any]

FOLDERS: list[Row] = [
    {"id": 1, "parent_id": None, "owner": "ada"},
    {"id": 2, "parent_id": 1, "owner": "bob"},
    {"id": 3, "parent_id": 2, "owner": "ada"},
    {"id": 4, "parent_id": 3, "owner": None},
]
DOCUMENTS: list[Row] = [
    {
        "id": id,
        "code": f"D{id}",
        "folder_id": (1, 2, 3, 4, None)[id % 5],
        "owner": OWNERS[id % 3],
        "size": id * 7 % 10,
        "secret": f"secret {id}",
    }
    for id in range(1, 31)
]
LABELS: list[Row] = [{"document_id": row["id"], "text": f"label {row['id']}"} for row in DOCUMENTS]

OBJECTS = f"""
drop schema if exists {SCHEMA} cascade;
create schema {SCHEMA};
create table {SCHEMA}.folders (id bigint primary key, parent_id bigint, owner text);
create table {SCHEMA}.documents (
    id bigint primary key, code text not null unique, folder_id bigint, owner text,
    size integer not null, secret text not null
);
create table {SCHEMA}.labels (document_id bigint primary key, text text not null);
"""


def own(identity: Identity) -> Filter | None:
    """The rows of whoever asks."""
    return equals("owner", identity.claims.get("owner"))


def documents(kind: str, row_filter: RowFilter | None = own) -> Resource:
    """The documents in a kind of source; ``batch`` and ``single`` are the ways to ask REST."""
    if kind == "postgres":
        return PostgresTable(source="shop", schema=SCHEMA, name="documents", row_filter=row_filter)
    if kind == "mongo":
        return MongoCollection(
            source="catalog",
            name=f"{SCHEMA}_documents",
            key="id",
            key_type=int,
            row_filter=row_filter,
        )
    by: Mapping[str, Batch | Single] = {
        "id": Batch("/documents", "id"),
        "code": Batch("/documents", "code"),
        "folder_id": Batch("/documents", "folder_id"),
    }
    if kind == "single":
        by = {
            "id": Single("/documents/id/{key}"),
            "code": Single("/documents/code/{key}"),
            "folder_id": Single("/folders/{key}/documents"),
        }
    return RestResource(
        source="files", name="documents", key_type=int, by=by, all="/documents",
        row_filter=row_filter,
    )  # fmt: skip


def folders(kind: str, row_filter: RowFilter | None = own) -> Resource:
    """The folders in a kind of source; a REST service answers one at a time."""
    if kind == "postgres":
        return PostgresTable(source="shop", schema=SCHEMA, name="folders", row_filter=row_filter)
    if kind == "mongo":
        return MongoCollection(
            source="catalog",
            name=f"{SCHEMA}_folders",
            key="id",
            key_type=int,
            row_filter=row_filter,
        )
    return RestResource(
        source="files", name="folders", key_type=int, by={"id": Single("/folders/{key}")},
        row_filter=row_filter,
    )  # fmt: skip


def labels(kind: str, row_filter: RowFilter | None) -> Resource:
    """One label for each document, by the document's id."""
    if kind == "postgres":
        return PostgresTable(
            source="shop", schema=SCHEMA, name="labels", key="document_id", row_filter=row_filter
        )
    return RestResource(
        source="files", name="labels", key="document_id", key_type=int,
        by={"document_id": Single("/labels/{key}")}, row_filter=row_filter,
    )  # fmt: skip


async def files(request: web.BaseRequest) -> web.StreamResponse:
    """The REST service."""
    match request.path.strip("/").split("/"):
        case ["documents"]:
            wanted = {(name, value) for name, value in request.query.items()}
            rows = [
                row
                for row in DOCUMENTS
                if not wanted or any(str(row[name]) == value for name, value in wanted)
            ]
            return web.json_response({"items": rows})
        case ["folders", id, "documents"]:
            return web.json_response(
                {"items": [row for row in DOCUMENTS if str(row["folder_id"]) == id]}
            )
        case ["folders", id]:
            found = [row for row in FOLDERS if str(row["id"]) == id]
        case ["documents", column, key]:
            found = [row for row in DOCUMENTS if str(row[column]) == key]
        case ["labels", id]:
            found = [row for row in LABELS if str(row["document_id"]) == id]
        case _:
            found = []
    return web.json_response(found[0]) if found else web.json_response({}, status=404)


@dataclass
class Asked:
    """The loaders of one operation, and the calls that they made."""

    loaders: Loaders
    operation: Operation

    @property
    def calls(self) -> list[Call]:
        return self.operation.trace.calls

    @property
    def resources(self) -> list[str]:
        return [f"{call.source}.{call.resource}" for call in self.calls]


@dataclass
class Filtered:
    """The sources, with what REST was asked."""

    sources: Sources
    dead: Sources
    """The same sources where nobody listens."""
    service: Service
    columns: frozenset[str] = field(default_factory=frozenset)

    def asks(
        self,
        identity: Identity = ADA,
        columns: Mapping[Resource, frozenset[str]] | None = None,
        *,
        guarded: Mapping[Resource, frozenset[str]] | None = None,
        sources: Sources | None = None,
    ) -> Asked:
        """An operation of this identity. The columns are what it needs of each resource."""
        self.service.paths.clear()
        operation = Operation(identity)
        return Asked(
            Loaders(sources or self.sources, columns or {}, operation, guarded=guarded), operation
        )


@asynccontextmanager
async def filtered(addresses: Addresses) -> AsyncIterator[Filtered]:
    """Sources that hold the documents, the folders and the labels."""
    connection = await asyncpg.connect(addresses.postgres)
    client: MongoClient[Row] = MongoClient(addresses.mongo)
    try:
        await connection.execute(OBJECTS)
        for name, rows in (("folders", FOLDERS), ("documents", DOCUMENTS), ("labels", LABELS)):
            await connection.copy_records_to_table(
                name,
                schema_name=SCHEMA,
                columns=list(rows[0]),
                records=[tuple(row.values()) for row in rows],
            )
        for name, rows in (("folders", FOLDERS), ("documents", DOCUMENTS)):
            collection = client[addresses.mongo_database][f"{SCHEMA}_{name}"]
            collection.drop()
            collection.insert_many({"_id": f"_{row['id']}", **row} for row in rows)
        async with answering(files) as service:
            sources = Sources(
                [
                    PostgresSource("shop", addresses.postgres, pool_size=2),
                    MongoSource("catalog", addresses.mongo, database=addresses.mongo_database),
                    RestSource("files", service.url),
                ]
            )
            nobody = f"127.0.0.1:{unused_port()}"
            dead = Sources(
                [
                    PostgresSource("shop", f"postgresql://x:x@{nobody}/x", timeout=2),
                    MongoSource("catalog", f"mongodb://{nobody}", database="x", timeout=1),
                    RestSource("files", f"http://{nobody}"),
                ]
            )
            await sources.open()
            await dead.open()
            try:
                yield Filtered(sources, dead, service)
            finally:
                await sources.close()
                await dead.close()
    finally:
        for name in ("folders", "documents"):
            client[addresses.mongo_database][f"{SCHEMA}_{name}"].drop()
        client.close()
        await connection.execute(f"drop schema if exists {SCHEMA} cascade")
        await connection.close()
