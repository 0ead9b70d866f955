"""The commands for the gateway's own tables, and for the API keys in them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import click
import orjson
from pydantic import SecretStr

from gateway.auth import api_keys, migrations
from gateway.auth.settings import KeySettings
from gateway.commands.console import DEMO_FOLDER, fail, read_settings
from gateway.errors import GatewayError
from gateway.quotas.settings import MOST_COST
from loaders.errors import SourceError, SourceTimeout, SourceUnavailable
from loaders.resource import Row

if TYPE_CHECKING:
    from loaders.sql.postgres import PostgresSource

Result = TypeVar("Result")

UNREACHABLE = (SourceUnavailable, SourceTimeout)
BEHIND = "The gateway's own tables are not up to date. Run `gateway migrate`."

DEMO_KEYS = DEMO_FOLDER / "keys-url"
"""The address of the database of the demo that was started last."""


@click.command()
def migrate() -> None:
    """Bring the gateway's own tables up to date.

    They hold the API keys, in a schema "sluice" of the database at auth.keys.url.
    """
    done = _in_key_database(migrations.migrate, migrated=False)
    for name in done:
        click.echo(f"applied {name}")
    if not done:
        click.echo("Nothing to do.")


@click.group()
def keys() -> None:
    """API keys, for programs that query the graph.

    They are kept in the database at auth.keys.url or, where none is configured, in that of the
    demo which runs in this folder. A change is seen by running gateways within half a minute.
    """


class Duration(click.ParamType[Any]):
    """Such as ``90d``: a number of seconds, minutes, hours or days."""

    name = "duration"
    units: ClassVar = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

    def convert(self, value: Any, param: Any, ctx: Any) -> timedelta:
        parts = re.fullmatch("([1-9][0-9]{0,4})([smhd])", value)
        if parts is None:
            self.fail(f"{value!r} is no duration. Write it as 30m, 12h or 90d.", param, ctx)
        return timedelta(**{self.units[parts[2]]: int(parts[1])})


class Claim(click.ParamType[Any]):
    """``name=value``; the value is JSON if it can be, else a text."""

    name = "name=value"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, Any]:
        name, equals, text = value.partition("=")
        if not name or not equals:
            self.fail(f"{value!r} is no claim. Write it as name=value.", param, ctx)
        try:
            return name, orjson.loads(text)
        except orjson.JSONDecodeError:
            return name, text


@keys.command("create")
@click.option("--client", required=True, help="Whose key it is.")
@click.option("--scope", "scopes", multiple=True, help="A scope it has; can be given repeatedly.")
@click.option(
    "--claim",
    "claims",
    type=Claim(),
    multiple=True,
    help="What row filters and policies may go by, such as partner_id=northwind. The value is JSON "
    "if it can be, else a text, so a text of digits needs its quotes; can be given repeatedly.",
)
@click.option(
    "--quota",
    type=click.IntRange(1, MOST_COST),
    help="How many units of cost it may have in quota.seconds. Else as many as any other caller.",
)
@click.option("--expires-in", type=Duration(), help="When it ends, such as 90d. Else never.")
def keys_create(
    client: str,
    scopes: tuple[str, ...],
    claims: tuple[tuple[str, Any], ...],
    quota: int | None,
    expires_in: timedelta | None,
) -> None:
    """Make a key and print it, this once."""
    if not client.strip():
        fail("The client needs a name.")
    for scope in scopes:
        if not scope or scope.split() != [scope]:
            fail(f"{scope!r} is no scope: it must have a character, and no space.")
    named = dict(claims)
    if len(named) < len(claims):
        fail("A claim is given twice. Give it once, as a JSON list if it has several values.")
    expires_at = None if expires_in is None else datetime.now(UTC) + expires_in

    async def create(source: PostgresSource) -> str:
        return await api_keys.create(
            source,
            client=client,
            scopes=scopes,
            claims=named,
            quota=quota,
            expires_at=expires_at,
        )

    click.echo(_in_key_database(create))
    click.echo("It is not shown again. Send it as 'Authorization: Bearer <key>'.", err=True)


@keys.command("list")
def keys_list() -> None:
    """List all keys, without their secrets."""
    table: list[tuple[str, ...]] = [
        ("ID", "CLIENT", "STATE", "SCOPES", "CLAIMS", "QUOTA", "CREATED", "EXPIRES", "LAST USED")
    ]
    table += [_row_of(key) for key in _in_key_database(api_keys.listed)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        padded = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


@keys.command("revoke")
@click.argument("key_id", metavar="ID")
def keys_revoke(key_id: str) -> None:
    """End a key for good. Its ID is what `keys list` shows."""

    async def revoke(source: PostgresSource) -> datetime | None:
        return await api_keys.revoke(source, key_id)

    revoked_at = _in_key_database(revoke)
    if revoked_at is None:
        fail("There is no key of this ID. `gateway keys list` has them all.")
    click.echo(f"{key_id} is revoked since {_time(revoked_at)}.")


def _in_key_database(
    action: Callable[[PostgresSource], Awaitable[Result]], *, migrated: bool = True
) -> Result:
    """What the action does in the database that API keys are kept in; ``migrated`` says that it
    needs the tables as this version of the gateway has them."""
    keys = read_settings().auth.keys
    if keys is None and DEMO_KEYS.exists():
        keys = KeySettings(url=SecretStr(DEMO_KEYS.read_text(encoding="utf-8")))
    if keys is None:
        fail(
            "No database for API keys is configured. Set auth.keys.url in gateway.toml, or "
            "SLUICE_AUTH__KEYS__URL. Or start the demo here, which has one."
        )

    async def checked(source: PostgresSource) -> Result:
        if migrated and await migrations.pending(source):
            fail(BEHIND)
        return await action(source)

    try:
        return asyncio.run(within(keys.source(timeout=10.0), checked))
    except UNREACHABLE as error:
        fail(_unreachable(error))
    except GatewayError as error:
        fail(f"{error} {error.__cause__ or ''}".rstrip())


def refuse_behind(keys: KeySettings) -> None:
    """Ends the command if the tables are not as this version of the gateway needs them."""
    try:
        if asyncio.run(within(keys.source(), migrations.pending)):
            fail(BEHIND)
    except UNREACHABLE as error:
        # What needs no API key works without it.
        click.echo(f"{_unreachable(error)} It is tried again.", err=True)
    except GatewayError as error:
        fail(f"{error} {error.__cause__ or ''}".rstrip())


def _unreachable(error: SourceError) -> str:
    return f"The database of the API keys can't be reached: {error.reason}."


async def within(
    source: PostgresSource, action: Callable[[PostgresSource], Awaitable[Result]]
) -> Result:
    """What the action does with the source, which is open for as long."""
    await source.open()
    try:
        return await action(source)
    finally:
        await source.close()


def _row_of(key: Row) -> tuple[str, ...]:
    if key["revoked_at"] is not None:
        state = "revoked"
    elif key["expires_at"] is not None and key["expires_at"] <= datetime.now(UTC):
        state = "expired"
    else:
        state = "good"
    claims = orjson.dumps(key["claims"]).decode()
    times = (_time(key[name]) for name in ("created_at", "expires_at", "last_used_at"))
    quota = "-" if key["quota"] is None else str(key["quota"])
    scopes = " ".join(key["scopes"]) or "-"
    return (key["id"], key["client"], state, scopes, claims, quota, *times)


def _time(moment: datetime | None) -> str:
    return "-" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")
