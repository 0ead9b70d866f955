"""What PostgreSQL says of tables that nobody here has made."""

from __future__ import annotations

import asyncio
import datetime
import decimal
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from demo.stack import Addresses
from loaders.descriptions import ColumnDescription, Description, Family, IndexColumn
from loaders.sql.catalog import described
from loaders.sql.postgres import PostgresSource, PostgresTable

SCHEMA = "Of Others"

MADE = """
create type mood as enum ('fine', 'so "so"', 'ill');
create type place as (street text, town text);
create domain code as text check (value <> '');
create domain sure as integer not null;
create domain surer as sure check (value > 0);
create domain codes as code[];
create table "Mixed Case" (
    "Id" uuid primary key,
    "user" varchar(20) not null,
    "a ""quoted"" one" integer,
    mood mood not null,
    moods mood[],
    code code,
    codes codes not null,
    surer surer,
    matrix integer[][],
    place place,
    twice integer generated always as ("a ""quoted"" one" * 2) stored,
    checked text check (checked is not null),
    long text check (length(long) > 3 and long is not null),
    unproven text,
    loose public.citext,
    padded char(6)
);
alter table "Mixed Case" add constraint later check (unproven is not null) not valid;
create table pairs (
    a integer, b integer, c text unique, d text, e text, f text, g jsonb,
    primary key (a, b)
);
create unique index on pairs (d) where e is not null;
create unique index on pairs (lower(e));
create index sorted on pairs (c desc, d nulls first, a desc nulls last) include (e);
create index patterns on pairs (f text_pattern_ops);
create index otherwise on pairs (f collate "C");
create index only_hash on pairs using hash (f);
create index nothing_of_ours on pairs using gin (g);
create table lists (a integer[], b text[], c jsonb, d integer[]);
create index items on lists using gin (a, c);
create index whole on lists (d);
create view seen as select a, c from pairs;
create materialized view kept as select a, c from pairs;
create unique index on kept (a);
create table parts (id integer not null, day date not null, unique (id, day))
    partition by range (day);
create table parts_1 partition of parts for values from ('2026-01-01') to ('2027-01-01');
create table parent (id integer primary key);
create table child () inherits (parent);
create table closed (open integer, closed integer);
revoke select on closed from current_user;
grant select (open) on closed to current_user;
"""

GONE = f'drop schema if exists "{SCHEMA}" cascade'


@pytest.fixture(scope="module")
async def source(addresses: Addresses) -> AsyncIterator[PostgresSource]:
    connection = await asyncpg.connect(addresses.postgres)
    source = PostgresSource("others", addresses.postgres, pool_size=2, timeout=5.0)
    try:
        await connection.execute(GONE)
        await connection.execute("create extension if not exists citext schema public")
        await connection.execute(f'create schema "{SCHEMA}"; set search_path = "{SCHEMA}"; {MADE}')
        await source.open()
        yield source
    finally:
        await source.close()
        await connection.execute(GONE)
        await connection.close()


async def told(source: PostgresSource, name: str, schema: str | None = SCHEMA) -> Description:
    return await source.describe(PostgresTable(source="others", name=name, schema=schema))


async def column(source: PostgresSource, table: str, name: str) -> ColumnDescription:
    columns = (await told(source, table)).columns
    assert columns is not None
    return columns[name]


@pytest.mark.parametrize(
    ("name", "type_", "family", "is_list", "nullable"),
    [
        ("Id", "uuid", Family.UUID, False, False),
        ("user", "character varying(20)", Family.TEXT, False, False),
        ('a "quoted" one', "integer", Family.INTEGER, False, True),
        ("mood", '"Of Others".mood', Family.LABEL, False, False),
        ("moods", '"Of Others".mood[]', Family.LABEL, True, True),
        ("code", '"Of Others".code', Family.TEXT, False, True),
        ("codes", '"Of Others".codes', Family.TEXT, True, False),
        ("surer", '"Of Others".surer', Family.INTEGER, False, False),
        ("matrix", "integer[]", Family.INTEGER, True, True),
        ("place", '"Of Others".place', Family.RECORD, False, True),
        ("twice", "integer", Family.INTEGER, False, True),
        ("checked", "text", Family.TEXT, False, False),
        ("unproven", "text", Family.TEXT, False, True),
        ("long", "text", Family.TEXT, False, True),
        ("ctid", "tid", None, False, False),
    ],
)
async def test_a_column_is_told_down_to_the_type_that_it_is_made_of(
    source: PostgresSource,
    name: str,
    type_: str,
    family: Family | None,
    is_list: bool,
    nullable: bool,
) -> None:
    found = await column(source, "Mixed Case", name)

    assert (found.name, found.type, found.family) == (name, type_, family)
    assert (found.is_list, found.nullable) == (is_list, nullable)
    assert found.is_readable


async def test_the_labels_of_an_enum_are_told_in_their_order(source: PostgresSource) -> None:
    for name in ("mood", "moods"):
        assert (await column(source, "Mixed Case", name)).labels == ("fine", 'so "so"', "ill")


@pytest.mark.parametrize(("name", "exact"), [("user", True), ("loose", False), ("padded", False)])
async def test_what_compares_without_case_or_blanks_is_told(
    source: PostgresSource, name: str, exact: bool
) -> None:
    assert (await column(source, "Mixed Case", name)).is_exact is exact


PYTHON: dict[Family, type] = {
    Family.TEXT: str,
    Family.BOOLEAN: bool,
    Family.INTEGER: int,
    Family.BIG_INTEGER: int,
    Family.FLOAT: float,
    Family.DECIMAL: decimal.Decimal,
    Family.DATETIME: datetime.datetime,
    Family.LOCAL_DATETIME: datetime.datetime,
    Family.DATE: datetime.date,
    Family.TIME: datetime.time,
    Family.ZONED_TIME: datetime.time,
    Family.DURATION: datetime.timedelta,
    Family.OTHER: object,
    Family.UUID: uuid.UUID,
    Family.BYTES: bytes,
    Family.DOCUMENT: dict,
}

LITERALS = {
    **dict.fromkeys(("text", "varchar", "bpchar", "name", "citext", "bytea", '"char"'), "a"),
    **dict.fromkeys(("int2", "int4", "int8", "oid", "money"), "1"),
    **dict.fromkeys(("float4", "float8", "numeric"), "1.5"),
    **dict.fromkeys(("json", "jsonb"), "{}"),
    **dict.fromkeys(("time", "timetz"), "10:00"),
    **dict.fromkeys(("timestamptz", "timestamp", "date"), "2026-01-01"),
    "bool": "true",
    "interval": "1 day",
    "inet": "10.0.0.1",
    "int4range": "[1,2)",
    "uuid": "0" * 32,
}


@pytest.mark.parametrize("type_", LITERALS)
async def test_a_familys_values_come_back_as_it_says(source: PostgresSource, type_: str) -> None:
    await source.run(f"create table public.one_type as select '{LITERALS[type_]}'::{type_} as it")
    try:
        columns = (await told(source, "one_type", None)).columns
        ((value,),) = await source.run("select it from public.one_type")
    finally:
        await source.run("drop table public.one_type")

    assert columns is not None
    family = columns["it"].family
    assert family is not None
    assert isinstance(value, PYTHON[family])
    if isinstance(value, datetime.datetime):
        assert (value.tzinfo is None) is (family is Family.LOCAL_DATETIME)


async def test_of_a_type_that_may_be_anything_nothing_is_told(source: PostgresSource) -> None:
    for name in ("cmin", "xmin"):
        assert (await column(source, "pairs", name)).family is None


async def test_what_is_unique_is_told_of_whole_indexes_over_columns(source: PostgresSource) -> None:
    found = await told(source, "pairs")

    assert found.unique == frozenset({frozenset({"a", "b"}), frozenset({"c"})})


async def test_indexes_are_told_with_how_they_sort(source: PostgresSource) -> None:
    found = {index.name: index for index in (await told(source, "pairs")).indexes or ()}

    assert found["sorted"].columns == (
        IndexColumn("c", descending=True, nulls_first=True),
        IndexColumn("d", nulls_first=True),
        IndexColumn("a", descending=True),
    )
    assert found["pairs_d_idx"].is_partial
    assert found["pairs_lower_idx"].columns == (IndexColumn(None),)
    assert (found["patterns"].columns, found["patterns"].is_ordered) == ((IndexColumn("f"),), False)
    assert found["otherwise"].columns == (IndexColumn(None),)
    assert (found["only_hash"].columns, found["only_hash"].is_ordered) == (
        (IndexColumn("f"),),
        False,
    )
    assert "nothing_of_ours" not in found


async def test_an_index_of_lists_items_is_told_from_one_of_whole_lists(
    source: PostgresSource,
) -> None:
    found = {index.name: index for index in (await told(source, "lists")).indexes or ()}

    assert found["items"].columns == (IndexColumn("a"), IndexColumn(None))
    assert (found["items"].of_items, found["items"].is_ordered) == (True, False)
    assert (found["whole"].columns, found["whole"].of_items) == ((IndexColumn("d"),), False)


@pytest.mark.parametrize(
    ("name", "kind", "unique", "nullable", "unknown"),
    [
        ("seen", "view", None, None, "it is a view, so"),
        ("kept", "materialized view", {frozenset({"a"})}, None, "it is a materialized view, so"),
        ("parts", "partitioned table", {frozenset({"id", "day"})}, False, None),
        ("parent", "table", None, False, "other tables inherit from it, so"),
        ("child", "table", set(), False, None),
    ],
)
async def test_what_a_kind_of_table_can_not_say_is_unknown(
    source: PostgresSource,
    name: str,
    kind: str,
    unique: Any,
    nullable: bool | None,
    unknown: str | None,
) -> None:
    found = await told(source, name)

    assert (found.kind, found.unique) == (kind, unique)
    columns = found.columns or {}
    first = columns["a" if "a" in columns else "id"]
    assert first.nullable is nullable
    assert [each.startswith(unknown or "") for each in found.unknown] == [True] * bool(unknown)


async def test_of_a_foreign_table_its_own_declaration_alone_is_known() -> None:
    # Making one takes a superuser, which the demo's is not.
    column = {"type": "text", "is_list": False, "base": "text", "class": "b", "builtin": True,
              "labels": None, "exact": True, "readable": True}  # fmt: skip
    columns = [{**column, "name": "a", "nonnull": True}, {**column, "name": "b", "nonnull": False}]

    async def run(statement: str, *parameters: Any) -> list[dict[str, Any]]:
        nothing = {"inherited": False, "indexes": None, "others": None}
        return [{"kind": "f", "columns": columns, **nothing}]

    found = await described(run, '"far"', None, "far")

    assert (found.kind, found.unique, found.indexes) == ("foreign table", None, None)
    assert [each.nullable for each in (found.columns or {}).values()] == [False, None]
    assert found.unknown[0].startswith("it is a foreign table, so")


async def test_a_table_is_found_as_a_statement_finds_it(source: PostgresSource) -> None:
    on_path, elsewhere = await told(source, "orders", None), await told(source, "pairs", None)

    assert on_path.kind == "table"
    assert elsewhere.kind is None
    assert f"{SCHEMA}.pairs" in elsewhere.others
    assert {"orders", "customers"} <= set(elsewhere.others)


async def test_of_a_table_that_is_not_there_the_schemas_others_are_told(
    source: PostgresSource,
) -> None:
    found = await told(source, "mixed case")

    assert found.kind is None
    assert {"Mixed Case", "pairs", "seen", "parts"} <= set(found.others)
    assert "parts_1" not in found.others


@pytest.mark.parametrize("name", ["pairs_pkey", "place", 'x"; drop table pairs; --'])
async def test_what_no_rows_can_be_selected_from_is_not_there(
    source: PostgresSource, name: str
) -> None:
    assert (await told(source, name)).kind is None


async def test_a_locked_table_is_described_all_the_same(
    source: PostgresSource, addresses: Addresses
) -> None:
    connection = await asyncpg.connect(addresses.postgres)
    try:
        async with connection.transaction():
            await connection.execute(f'lock table "{SCHEMA}"."Mixed Case" in access exclusive mode')
            async with asyncio.timeout(2):
                found = await told(source, "Mixed Case")
    finally:
        await connection.close()

    assert found.kind == "table"


async def test_describing_locks_no_table(source: PostgresSource) -> None:
    async with source.transaction() as connection:
        await described(connection.fetch, f'"{SCHEMA}"."Mixed Case"', SCHEMA, "Mixed Case")
        held = await connection.fetch(
            "select relation::regclass::text as name from pg_locks where pid = pg_backend_pid() "
            "and locktype = 'relation' and relation::regclass::text not like 'pg_%'"
        )

    assert held == []


async def test_a_column_that_our_user_may_not_read_is_told(source: PostgresSource) -> None:
    columns = (await told(source, "closed")).columns or {}

    own = {name: each.is_readable for name, each in columns.items() if name in ("open", "closed")}
    assert own == {"open": True, "closed": False}
