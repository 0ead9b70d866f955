"""Every kind of source keeps the contract that is shipped for owners' own kinds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from bson import Decimal128
from pymongo import MongoClient

from demo.stack import Addresses
from loaders.contract import SourceContract
from loaders.memory import MemorySource, MemoryTable
from loaders.mongo import MongoCollection, MongoSource
from loaders.resource import Resource, Row
from loaders.rest.routes import Batch, RestResource, Single
from loaders.rest.source import RestSource
from loaders.sources import Source
from loaders.sql.postgres import PostgresSource, PostgresTable
from tests.bad_servers import answering

NAME = "contract_things"


class TestMemory(SourceContract):
    together = joins = lists = True
    types = (bool, Decimal, datetime, date)

    @asynccontextmanager
    async def stocked(self, rows: Sequence[Row]) -> AsyncIterator[tuple[Source, Resource]]:
        yield MemorySource("memory", {NAME: rows}), MemoryTable(source="memory", name=NAME)


class TestPostgres(SourceContract):
    together = joins = lists = True
    types = (bool, Decimal, datetime, date)

    @pytest.fixture(autouse=True)
    def addressed(self, addresses: Addresses) -> None:
        self.addresses = addresses

    @asynccontextmanager
    async def stocked(self, rows: Sequence[Row]) -> AsyncIterator[tuple[Source, Resource]]:
        connection = await asyncpg.connect(self.addresses.postgres)
        await connection.execute(
            f"drop table if exists {NAME}; create table {NAME} (id bigint primary key, "
            'code text unique, "group" bigint, "order no" integer, text text collate "C", '
            "flag boolean, amount numeric, moment timestamptz, day date, tags text[])"
        )
        await connection.copy_records_to_table(
            NAME, columns=list(rows[0]), records=[tuple(row.values()) for row in rows]
        )
        try:
            yield (
                PostgresSource("shop", self.addresses.postgres, pool_size=1),
                PostgresTable(source="shop", name=NAME),
            )
        finally:
            await connection.execute(f"drop table {NAME}")
            await connection.close()


class TestMongo(SourceContract):
    types = (bool, Decimal, datetime)
    lists = True

    @pytest.fixture(autouse=True)
    def addressed(self, addresses: Addresses) -> None:
        self.addresses = addresses

    @asynccontextmanager
    async def stocked(self, rows: Sequence[Row]) -> AsyncIterator[tuple[Source, Resource]]:
        client: MongoClient[dict[str, Any]] = MongoClient(self.addresses.mongo)
        collection = client[self.addresses.mongo_database][NAME]
        collection.drop()
        # What is missing is null in every other document, and not there in the rest.
        collection.insert_many(
            {
                name: Decimal128(value) if isinstance(value, Decimal) else value
                for name, value in row.items()
                if value is not None or row["id"] % 2
            }
            for row in rows
        )
        for name in ("id", "code"):
            collection.create_index(name, unique=True)
        try:
            yield (
                MongoSource(
                    "catalog", self.addresses.mongo, database=self.addresses.mongo_database
                ),
                MongoCollection(source="catalog", name=NAME, key="id", key_type=int),
            )
        finally:
            collection.drop()
            client.close()


class RestContract(SourceContract):
    several = False
    together = lists = True
    types = (bool,)

    def missing(self, resource: Resource) -> Resource:
        assert isinstance(resource, RestResource)
        by = {"id": replace(resource.by["id"], path="/not_there/{key}")}
        return replace(resource, by=by, all="/not_there")


class TestBatches(RestContract):
    """A service that answers many keys at once."""

    @asynccontextmanager
    async def stocked(self, rows: Sequence[Row]) -> AsyncIterator[tuple[Source, Resource]]:
        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            wanted = [*request.query.items()]
            if request.path != f"/{NAME}":
                return web.json_response({}, status=404)
            found = [
                row
                for row in rows
                if not wanted or any(str(row[name]) == value for name, value in wanted)
            ]
            return web.json_response({"items": found})

        by = {name: Batch(f"/{NAME}", name) for name in ("id", "code", "group")}
        async with answering(answer) as service:
            yield (
                RestSource("files", service.url),
                RestResource(source="files", name=NAME, key_type=int, by=by, all=f"/{NAME}"),
            )


class TestSingles(RestContract):
    """A service that answers one key at a time."""

    @asynccontextmanager
    async def stocked(self, rows: Sequence[Row]) -> AsyncIterator[tuple[Source, Resource]]:
        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            match request.path.strip("/").split("/"):
                case ["not_there", *_]:
                    return web.json_response({}, status=404)
                case [_, "group", key]:
                    return web.json_response([row for row in rows if str(row["group"]) == key])
                case [_, column, key]:
                    found = [row for row in rows if str(row[column]) == key]
                    return web.json_response(
                        found[0] if found else {}, status=200 if found else 404
                    )
                case _:
                    return web.json_response(list(rows))

        by = {name: Single(f"/{NAME}/{name}/{{key}}") for name in ("id", "code", "group")}
        async with answering(answer) as service:
            yield (
                RestSource("files", service.url),
                RestResource(
                    source="files", name=NAME, key_type=int, by=by, all=f"/{NAME}", items=None
                ),
            )

    async def test_more_keys_than_one_call_takes(self) -> None:
        # An operation has a hundred requests to such a service: tests/loaders/test_fan_out.py.
        async with self._asking() as asking:
            found = await asking([(id,) for id in range(100, 0, -1)], by=("id",), unique=True)

        assert sum(bool(each.rows) for each in found) == 24
