"""The tables that are the gateway's own, in the schema ``sluice``, and how they come to be.

Each migration is a file beside this one, ``<number>_<name>.sql``. It is never changed once it has
been released: what is to change is changed by another one.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loaders.sql.postgres import PostgresSource

LOCK = 7_583_482_711_320
"""An advisory lock (PostgreSQL manual, 13.3.5) of this number means: somebody migrates."""

APPLIED = "select number from sluice.migrations"


def migrations() -> list[tuple[int, str, str]]:
    """Every migration's number, name and statements, in order."""
    found = (file for file in files(__package__).iterdir() if file.name.endswith(".sql"))
    return sorted(
        (int(number), name, file.read_text(encoding="utf-8"))
        for file in found
        for number, _, name in [file.name.removesuffix(".sql").partition("_")]
    )


async def pending(source: PostgresSource) -> list[str]:
    """The names of the migrations that have not been applied, in order."""
    (row,) = await source.run("select to_regclass('sluice.migrations') is not null as there")
    rows = await source.run(APPLIED) if row["there"] else []
    applied = {row["number"] for row in rows}
    return [name for number, name, _ in migrations() if number not in applied]


async def migrate(source: PostgresSource) -> list[str]:
    """Applies what has not been applied, all of it or nothing; returns the names, in order.

    Of several that migrate at once, one does and the others wait for it.
    """
    done = []
    async with source.transaction() as connection:
        await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
        # The table that is read here has the server look at what others did while this one waited.
        # "if not exists" would go by what it knew before, and fail.
        if not await connection.fetchval("select 1 from pg_namespace where nspname = 'sluice'"):
            await connection.execute("create schema sluice")
        await connection.execute(
            "create table if not exists sluice.migrations ("
            "number integer primary key, name text not null, "
            "applied_at timestamptz not null default now())"
        )
        applied = {row["number"] for row in await connection.fetch(APPLIED)}
        for number, name, statements in migrations():
            if number not in applied:
                await connection.execute(statements)
                await connection.execute(
                    "insert into sluice.migrations (number, name) values ($1, $2)", number, name
                )
                done.append(name)
    return done
