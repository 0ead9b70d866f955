"""The commands for API keys and tokens, as processes of their own."""

from __future__ import annotations

import asyncio
import re
import stat
import subprocess
from pathlib import Path

import jwt
import pytest

from demo import identities
from demo.errors import DemoError
from demo.stack import Addresses
from gateway.auth import migrations
from gateway.auth.authentication import Authenticator
from gateway.settings import Settings
from loaders.sql.postgres import PostgresSource
from tests.bad_servers import unused_port
from tests.gateway.test_cli import free_port, gateway, running

pytestmark = pytest.mark.process

DOWN = "The database of the API keys can't be reached"


class Commands:
    """The command line in an empty folder, with a database for API keys."""

    def __init__(self, folder: Path, url: str, **env: str) -> None:
        self.folder = folder
        self.url = url
        self.env = env

    async def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {"SLUICE_AUTH__KEYS__URL": self.url, **self.env}
        return await asyncio.to_thread(gateway, *arguments, cwd=self.folder, env=env)


@pytest.fixture
def commands(database: PostgresSource, addresses: Addresses, tmp_path: Path) -> Commands:
    return Commands(tmp_path, addresses.postgres)


async def test_a_key_is_printed_once_and_works(commands: Commands) -> None:
    made = await commands(
        *("keys", "create", "--client", "northwind", "--scope", "orders:read", "--scope", "a"),
        *("--claim", "partner_id=northwind", "--claim", 'customer_id="007"', "--claim", "n=[1]"),
        *("--quota", "5000", "--expires-in", "90d"),
    )

    assert (made.returncode, "It is not shown again" in made.stderr) == (0, True)
    authenticator = Authenticator(Settings.of(auth={"keys": {"url": commands.url}}).auth)
    await authenticator.open()
    identity = await authenticator.identify({"x-api-key": made.stdout.strip()})
    await authenticator.close()
    assert identity.client == "northwind"
    assert identity.scopes == {"orders:read", "a"}
    assert identity.claims == {"partner_id": "northwind", "customer_id": "007", "n": [1]}
    assert identity.quota == 5_000
    assert identity.expires_at is not None


async def test_keys_are_listed_and_revoked(commands: Commands) -> None:
    other = await commands("keys", "create", "--client", "acme", "--quota", "20000")
    made = await commands("keys", "create", "--client", "northwind", "--claim", "partner_id=n")
    _, id, secret = made.stdout.strip().split("_", 2)

    before = await commands("keys", "list")
    revoked = await commands("keys", "revoke", id)
    after = await commands("keys", "list")

    assert re.search(rf'{id}  northwind  good +-  +{{"partner_id":"n"}} +-  ', before.stdout)
    assert re.search(rf"{other.stdout.split('_')[1]}  acme +good +-  +{{}} +20000  ", before.stdout)
    assert revoked.stdout.startswith(f"{id} is revoked since ")
    assert re.search(rf"{id}  northwind  revoked", after.stdout)
    assert secret not in before.stdout + after.stdout + revoked.stdout


async def test_keys_are_made_behind_a_pooler(
    database: PostgresSource, pooled: str, tmp_path: Path
) -> None:
    await database.run("drop schema sluice cascade")
    commands = Commands(tmp_path, pooled, SLUICE_AUTH__KEYS__POOLER="transaction")

    migrated = await commands("migrate")
    made = await commands("keys", "create", "--client", "northwind")
    revoked = await commands("keys", "revoke", made.stdout.split("_")[1])
    listed = await commands("keys", "list")

    assert migrated.stdout == "applied api_keys\napplied quota\n"
    assert revoked.returncode == 0
    assert re.search(r"northwind  revoked", listed.stdout)


async def test_a_pooler_that_the_settings_do_not_name_is_named(pooled: str, tmp_path: Path) -> None:
    listed = await Commands(tmp_path, pooled)("keys", "list")

    assert listed.returncode == 1
    assert 'a pooler stands before the database: set pooler = "transaction"' in listed.stderr


async def test_a_key_that_is_not_there_can_not_be_revoked(commands: Commands) -> None:
    revoked = await commands("keys", "revoke", "0" * 16)

    assert revoked.returncode == 1
    assert "There is no key of this ID" in revoked.stderr


BAD = {
    "no duration": ("--expires-in", "soon"),
    "no duration, but": ("--expires-in", "99999999999d"),
    "is no claim": ("--claim", "partner_id"),
    "is given twice": ("--claim", "a=1", "--claim", "a=2"),
    "is no scope": ("--scope", "a b"),
    "is no scope: ''": ("--scope", ""),
}


@pytest.mark.parametrize("reason", BAD)
async def test_options_that_can_not_be_used_are_named(reason: str, commands: Commands) -> None:
    made = await commands("keys", "create", "--client", "northwind", *BAD[reason])

    assert made.returncode != 0
    assert made.stdout == ""
    assert reason.split(":")[0].split(",")[0] in made.stderr
    assert "Traceback" not in made.stderr


async def test_a_client_needs_a_name(commands: Commands) -> None:
    made = await commands("keys", "create", "--client", " ")

    assert (made.returncode, made.stderr) == (1, "The client needs a name.\n")


async def test_migrate_says_what_it_did(commands: Commands, database: PostgresSource) -> None:
    await database.run("drop schema sluice cascade")

    first = await commands("migrate")
    second = await commands("migrate")

    assert (first.returncode, first.stdout) == (0, "applied api_keys\napplied quota\n")
    assert (second.returncode, second.stdout) == (0, "Nothing to do.\n")
    assert await migrations.pending(database) == []


@pytest.mark.parametrize("command", [("keys", "list"), ("serve", "--port", "0")], ids=" ".join)
async def test_tables_that_are_behind_are_refused(
    command: tuple[str, ...], commands: Commands, database: PostgresSource
) -> None:
    await database.run("drop schema sluice cascade")
    (commands.folder / "gateway.toml").write_text(
        '[sources.a]\nkind = "rest"\nurl = "http://127.0.0.1:1"\n'
    )

    refused = await commands(*command)

    assert refused.returncode == 1
    assert refused.stderr == (
        "The gateway's own tables are not up to date. Run `gateway migrate`.\n"
    )


@pytest.mark.parametrize("command", [("keys", "list"), ("migrate",)], ids=" ".join)
def test_a_database_that_is_down_is_named(command: tuple[str, ...], tmp_path: Path) -> None:
    port = unused_port()
    url = f"postgresql://shop:secret@127.0.0.1:{port}/shop"

    refused = gateway(*command, cwd=tmp_path, env={"SLUICE_AUTH__KEYS__URL": url})

    assert refused.returncode == 1
    assert re.fullmatch(f"{DOWN}: .*Connect call failed.*{port}.*\\.\n", refused.stderr)
    assert "secret" not in refused.stderr


async def test_serve_starts_while_the_database_of_the_keys_is_down(tmp_path: Path) -> None:
    port = free_port()
    env = {
        "SLUICE_AUTH__KEYS__URL": f"postgresql://shop:secret@127.0.0.1:{unused_port()}/shop",
        "SLUICE_SOURCES__A__KIND": "rest",
        "SLUICE_SOURCES__A__URL": "http://127.0.0.1:1",
    }
    async with running("serve", "--port", str(port), cwd=tmp_path, env=env), asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                break


def test_without_a_database_the_commands_say_what_is_missing(tmp_path: Path) -> None:
    refused = gateway("keys", "list", cwd=tmp_path)

    assert refused.returncode == 1
    assert "No database for API keys is configured" in refused.stderr


async def test_a_demos_database_is_found(
    database: PostgresSource, addresses: Addresses, tmp_path: Path
) -> None:
    (tmp_path / ".demo").mkdir()
    (tmp_path / ".demo" / "keys-url").write_text(addresses.postgres)

    made = await asyncio.to_thread(gateway, "keys", "create", "--client", "n", cwd=tmp_path)

    assert made.stdout.startswith("slk_")


def test_a_token_needs_a_demo(tmp_path: Path) -> None:
    refused = gateway("token", "--as", "support", cwd=tmp_path)

    assert refused.returncode == 1
    assert refused.stderr == "There is no demo in .demo: start one with `gateway demo`.\n"


@pytest.mark.parametrize("name", ["nobody", "anonymous", "Support"])
def test_the_names_that_have_tokens_are_listed(name: str, tmp_path: Path) -> None:
    refused = gateway("token", "--as", name, cwd=tmp_path)

    assert refused.returncode == 1
    assert "There is one for: customer, support, finance, partner." in refused.stderr


async def test_a_printed_token_is_good_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    (tmp_path / ".demo").mkdir()
    public = identities.make_key(tmp_path / ".demo")

    printed = await asyncio.to_thread(gateway, "token", "--as", "support", cwd=tmp_path)

    key = {"algorithm": identities.ALGORITHM, "public_key": public}
    issuer = {"issuer": identities.ISSUER, "audience": identities.AUDIENCE, "keys": [key]}
    authenticator = Authenticator(Settings.of(auth={"issuers": {"demo": issuer}}).auth)
    identity = await authenticator.identify({"authorization": f"Bearer {printed.stdout.strip()}"})
    assert identity.subject == "support-1"
    assert "customers:pii" in identity.scopes
    its = jwt.decode(printed.stdout.strip(), options={"verify_signature": False})
    assert its["exp"] - its["iat"] == 900


def test_the_demos_key_is_its_owners_and_stays(tmp_path: Path) -> None:
    public = identities.make_key(tmp_path)
    file = tmp_path / identities.KEY

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert identities.make_key(tmp_path) == public


def test_a_demos_key_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / identities.KEY).write_text("no key")

    with pytest.raises(DemoError, match="can't be used"):
        identities.token(tmp_path, "support")
