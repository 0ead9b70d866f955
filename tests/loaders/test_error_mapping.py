"""What PostgreSQL and asyncpg raise, provoked for real, and which of our errors it becomes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from demo.stack import Addresses
from loaders.errors import BadResponse, SourceError, SourceTimeout, SourceUnavailable, UnfitValue
from loaders.query import And, Comparison, Filter, Operator, equals
from loaders.sql.postgres import PostgresSource, PostgresTable
from tests.bad_servers import sending, unused_port
from tests.loaders.asking import page_of, rows_of

OBJECTS = """
create schema failures;
create table failures.codes (id text primary key);
create function failures.fail(code text) returns text language plpgsql as
    $$ begin raise exception 'the server''s own words' using errcode = code; end $$;
create view failures.raised as select id, failures.fail(id) as raised from failures.codes;
create view failures.slow as select 1 as id, pg_sleep(60) is null as slept;
create table failures.kinds (
    id bigint, small smallint, amount numeric(12, 2), at timestamptz, day date, word text,
    status order_status, key uuid
);
create table failures.locked (id bigint);
revoke all on failures.locked from current_user;
"""


@pytest.fixture(scope="module")
async def admin(addresses: Addresses) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection of the test's own, to a database that has things that fail."""
    connection = await asyncpg.connect(addresses.postgres)
    await connection.execute("drop schema if exists failures cascade")
    await connection.execute(OBJECTS)
    yield connection
    await connection.execute("drop schema failures cascade")
    await connection.close()


@pytest.fixture(scope="module")
async def source(
    addresses: Addresses, admin: asyncpg.Connection[Any]
) -> AsyncIterator[PostgresSource]:
    source = PostgresSource("shop", addresses.postgres, timeout=5.0)
    await source.open()
    yield source
    await source.close()


def table(name: str, **more: Any) -> PostgresTable:
    return PostgresTable(source="shop", name=name, schema="failures", **more)


async def page(source: PostgresSource, of: PostgresTable, filter: Filter | None = None) -> Any:
    return await page_of(source, of, {"id"}, filter)


async def error_of(fetch: Awaitable[Any]) -> SourceError:
    """The error of ours, which must say nothing of the server's and name the source."""
    with pytest.raises(SourceError) as raised:
        await fetch
    error = raised.value
    assert "words" not in str(error)
    assert "failures" not in str(error)
    assert not isinstance(error, SourceError) or error.source == "shop"
    return error


async def error_at(url: str) -> SourceError:
    """The error of a source with this address."""
    source = PostgresSource("shop", url, timeout=2.0)
    await source.open()
    try:
        return await error_of(page(source, PostgresTable(source="shop", name="orders")))
    finally:
        await source.close()


def subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    yield kind
    for each in kind.__subclasses__():
        yield from subclasses(each)


SQLSTATES = sorted(
    {str(each.sqlstate) for each in subclasses(asyncpg.PostgresError) if each.sqlstate}
)
"""Every SQLSTATE that asyncpg knows."""


def expected(sqlstate: str) -> type[SourceError]:
    if sqlstate == "57014":
        return SourceTimeout
    # Connections, sign-in, unknown database, out of resources, shutting down.
    if sqlstate[:2] in ("08", "28", "3D", "53", "57"):
        return SourceUnavailable
    return BadResponse


@pytest.mark.parametrize("sqlstate", SQLSTATES)
async def test_every_sqlstate_is_an_error_of_ours(
    source: PostgresSource, admin: asyncpg.Connection[Any], sqlstate: str
) -> None:
    await admin.execute("insert into failures.codes values ($1) on conflict do nothing", sqlstate)

    error = await error_of(
        rows_of(
            source,
            table("raised", key_type=str),
            {"id", "raised"},
            by=("id",),
            keys=[(sqlstate,)],
            unique=True,
        )
    )

    assert type(error) is expected(sqlstate)


@pytest.mark.parametrize(
    "kind",
    [*subclasses(asyncpg.InterfaceError), *subclasses(asyncpg.InternalClientError)],
    ids=lambda kind: kind.__name__,
)
async def test_every_error_of_the_client_is_an_unavailable_source(
    source: PostgresSource, kind: type[Exception]
) -> None:
    async def fail() -> None:
        with source._errors:
            raise kind("asyncpg's own words")

    assert type(await error_of(fail())) is SourceUnavailable


async def test_a_wrong_password_is_an_unavailable_source(addresses: Addresses) -> None:
    before, _, after = addresses.postgres.rpartition("@")
    scheme_and_user = before.rpartition(":")[0]

    assert type(await error_at(f"{scheme_and_user}:wrong@{after}")) is SourceUnavailable


async def test_an_unknown_user_is_an_unavailable_source(addresses: Addresses) -> None:
    after = addresses.postgres.rpartition("@")[2]

    assert type(await error_at(f"postgresql://nobody:x@{after}")) is SourceUnavailable


async def test_an_unknown_database_is_an_unavailable_source(addresses: Addresses) -> None:
    before = addresses.postgres.rpartition("/")[0]

    assert type(await error_at(f"{before}/nowhere")) is SourceUnavailable


async def test_a_server_without_the_encryption_asked_for_is_an_unavailable_source(
    addresses: Addresses,
) -> None:
    error = await error_at(f"{addresses.postgres}?sslmode=require")

    assert type(error) is SourceUnavailable


async def test_a_refused_connection_is_an_unavailable_source() -> None:
    error = await error_at(f"postgresql://nobody:x@127.0.0.1:{unused_port()}/shop")

    assert type(error) is SourceUnavailable


async def test_something_that_is_not_postgres_is_an_unavailable_source() -> None:
    async with sending(b"HTTP/1.1 400 Bad Request\r\n\r\n", asked=b"") as url:
        error = await error_at(f"postgresql://nobody:x@{url.removeprefix('http://')}/shop")

    assert type(error) is SourceUnavailable


async def test_no_connections_left_is_an_unavailable_source(
    addresses: Addresses, admin: asyncpg.Connection[Any]
) -> None:
    await admin.execute("alter database shop connection limit 0")
    try:
        error = await error_at(addresses.postgres)
    finally:
        await admin.execute("alter database shop connection limit -1")

    assert type(error) is SourceUnavailable


async def test_a_statement_that_takes_too_long_is_a_timeout(addresses: Addresses) -> None:
    source = PostgresSource("shop", addresses.postgres, timeout=0.1)
    await source.open()
    fetch = page_of(source, table("slow"), {"id", "slept"})
    error = await error_of(fetch)
    await source.close()

    assert type(error) is SourceTimeout


async def test_a_connection_that_the_server_ends_is_an_unavailable_source(
    source: PostgresSource, admin: asyncpg.Connection[Any]
) -> None:
    async def end() -> None:
        # It is tried again, twice.
        ended = 0
        while ended < 3:
            ended += await admin.fetchval(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                'where query like \'%"failures"."slow"%\' and pid <> pg_backend_pid()'
            )
            await asyncio.sleep(0.01)

    fetch = page_of(source, table("slow"), {"id", "slept"})
    error, _ = await asyncio.gather(error_of(fetch), end())

    assert type(error) is SourceUnavailable
    assert await page(source, table("kinds")) == []


@pytest.mark.parametrize(
    "of",
    [
        PostgresTable(source="shop", name="nothing"),
        PostgresTable(source="shop", name="orders", schema="nowhere"),
        PostgresTable(source="shop", name="order_lines; drop table failures.kinds"),
        PostgresTable(source="shop", name='orders" where true; drop table failures.kinds --'),
        table("locked"),
    ],
    ids=lambda of: of.name[:12],
)
async def test_a_table_that_is_not_there_or_not_ours_is_a_refused_statement(
    source: PostgresSource, of: PostgresTable
) -> None:
    error = await error_of(page(source, of))

    assert type(error) is BadResponse
    assert str(error) == "The source 'shop' refused a statement."
    assert await page(source, table("kinds")) == []


async def test_an_unknown_column_is_a_refused_statement(source: PostgresSource) -> None:
    fetch = page_of(source, table("kinds"), {"nothing"})

    assert type(await error_of(fetch)) is BadResponse


DISTANT = timezone(timedelta(hours=14))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("amount", Decimal("1E+999999")),
        ("amount", Decimal("1E-999999")),
        ("amount", "much"),
        ("day", "2025-01-01"),
        ("key", "no uuid"),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_a_value_that_does_not_fit_its_column_is_the_clients(
    source: PostgresSource, column: str, value: Any
) -> None:
    assert type(await error_of(page(source, table("kinds"), equals(column, value)))) is UnfitValue


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", 2**63),
        ("id", -(2**63) - 1),
        ("id", 10**400),
        ("small", 2**15),
        ("word", "a\0b"),
        ("word", "\ud800"),
        ("status", "LOST"),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_a_value_that_its_column_can_not_hold_equals_none(
    source: PostgresSource, column: str, value: Any
) -> None:
    assert await page(source, table("kinds"), equals(column, value)) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", "1"),
        ("at", "2025-01-01"),
        ("word", 5),
        ("word", {"$gt": ""}),
        ("status", ["PAID"]),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_a_value_of_another_type_than_its_columns_is_the_declarations(
    source: PostgresSource, column: str, value: Any
) -> None:
    # Clients' values have been read as the type that the declaration has.
    assert type(await error_of(page(source, table("kinds"), equals(column, value)))) is BadResponse


@pytest.mark.parametrize(
    "text", ["x" * 20_000_000, "'; drop table failures.kinds; --", "\\", "%_%", "\U0001f600"],
    ids=lambda text: text[:10],
)  # fmt: skip
async def test_any_other_text_is_a_value_like_another(source: PostgresSource, text: str) -> None:
    either = (Operator.EQ, Operator.CONTAINS, Operator.STARTS_WITH)
    filter = And(tuple(Comparison("word", operator, text) for operator in either))

    assert await page(source, table("kinds"), filter) == []
