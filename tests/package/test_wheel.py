"""What is in the wheel, and what becomes of projects that use it."""

from __future__ import annotations

import asyncio
import zipfile
from pathlib import Path

import pytest

from demo.stack import Addresses
from tests.gateway.test_cli import answer, free_port
from tests.package.installing import Environment

OWN = """
from __future__ import annotations

import strawberry

from loaders.sql.postgres import PostgresTable
from resolvers import Connection, Graph, Node, column, connection, lookup


@strawberry.type(description="Who buys.")
class Customer(Node):
    resource = PostgresTable(source="shop", name="customers")

    name: str = column("What they are called.", filterable=True)


@strawberry.type(description="What can be asked.")
class Query:
    customer: Customer | None = lookup("One of them.", by="id")
    customers: Connection[Customer] | None = connection("All of them.", order_by="id")


graph = Graph(Query)
"""

SETTINGS = """
graph = "schema.own:graph"

[sources.shop]
kind = "postgres"
url = "postgresql://localhost/shop"
"""

OTHER = '[sources.other]\nkind = "{kind}"\nurl = "{url}"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a graph over PostgreSQL, in a folder ``schema`` of its own."""
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "__init__.py").touch()
    (tmp_path / "schema" / "own.py").write_text(OWN)
    (tmp_path / "gateway.toml").write_text(SETTINGS)
    return tmp_path


async def served(environment: Environment, project: Path, addresses: Addresses) -> object:
    """What the project's gateway answers for the first customer, in two workers."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(environment.gateway, "serve", "--port", str(port), "--workers", "2"),
        cwd=project,
        env={"SLUICE_SOURCES__SHOP__URL": addresses.postgres},
        start_new_session=True,
    )
    try:
        query = "{ customers(first: 1) { nodes { name } } }"
        return await answer(f"http://127.0.0.1:{port}", query)
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 20)


FIRST = {"data": {"customers": {"nodes": [{"name": "Ada Martin"}]}}}


def test_the_wheel_has_our_packages_and_nothing_of_the_shop(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    tops = {name.partition("/")[0] for name in names}
    assert tops == {"gateway", "loaders", "resolvers", "sluice_graphql-0.1.0.dist-info"}
    assert [name for name in names if "shop" in name] == []
    assert {f"{package}/py.typed" for package in ("gateway", "loaders", "resolvers")} < set(names)
    assert {"gateway/testing.py", "loaders/memory.py"} < set(names)
    assert "gateway/graphiql/static/index.html" in names
    assert "gateway/auth/migrations/0001_api_keys.sql" in names


def test_the_version_is_told(installed: Environment, tmp_path: Path) -> None:
    told = installed.run("--version", cwd=tmp_path)

    assert (told.returncode, told.stdout) == (0, "Sluice, version 0.1.0\n")


@pytest.mark.parametrize("command", [("serve",), ("schema", "print")], ids=" ".join)
def test_without_a_graph_it_says_how_to_set_one(
    installed: Environment, tmp_path: Path, command: tuple[str, ...]
) -> None:
    refused = installed.run(*command, cwd=tmp_path)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        'No graph is set. Write graph = "package.module:variable" in gateway.toml, or set '
        "SLUICE_GRAPH. Or give --graph.\n"
    )


@pytest.mark.parametrize("command", [("demo",), ("token", "--as", "support")], ids=" ".join)
def test_the_demo_says_where_it_is(
    installed: Environment, project: Path, command: tuple[str, ...]
) -> None:
    (project / "demo").mkdir()  # a project may well have one
    (project / "demo" / "__init__.py").touch()

    refused = installed.run(*command, cwd=project)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        "The demo is not here. It is in Sluice's repository, not in the installed package: run "
        "`make demo` in a checkout of that.\n"
    )


async def test_a_project_with_a_schema_folder_is_served(
    installed: Environment, project: Path, addresses: Addresses
) -> None:
    assert await served(installed, project, addresses) == FIRST


async def test_a_graph_over_postgres_alone_needs_no_other_driver(
    with_postgres_alone: Environment, project: Path, addresses: Addresses
) -> None:
    assert await served(with_postgres_alone, project, addresses) == FIRST


@pytest.mark.parametrize(
    ("kind", "url", "driver"),
    [("mongo", "mongodb://h", "motor"), ("rest", "http://h", "aiohttp")],
)
def test_a_source_whose_driver_is_not_installed_names_the_extra(
    with_postgres_alone: Environment, project: Path, kind: str, url: str, driver: str
) -> None:
    with (project / "gateway.toml").open("a") as file:
        file.write(OTHER.format(kind=kind, url=url))

    refused = with_postgres_alone.run("serve", cwd=project)

    assert refused.returncode == 1
    assert refused.stderr.startswith("The settings can't be used:\n  sources.other.kind: ")
    assert refused.stderr.endswith(
        f"the driver is not installed (No module named '{names_of(kind, driver)}'): "
        f"pip install 'sluice-graphql[{kind}]'\n"
    )


def names_of(kind: str, driver: str) -> str:
    # PyMongo's BSON is what is imported first of MongoDB's packages.
    return "bson" if kind == "mongo" else driver


def test_a_graph_whose_driver_is_not_installed_names_the_extra(
    without_drivers: Environment, project: Path
) -> None:
    refused = without_drivers.run("schema", "print", "--graph", "schema.own:graph", cwd=project)

    assert refused.returncode == 1
    assert refused.stderr == (
        "The graph 'schema.own:graph' can't be loaded: the driver is not installed (No module "
        "named 'asyncpg'): pip install 'sluice-graphql[postgres]'\n"
    )


@pytest.mark.parametrize(
    ("variables", "place", "extra"),
    [
        ({"SLUICE_AUTH__KEYS__URL": "postgresql://h"}, "auth.keys", "postgres"),
        (
            {
                "SLUICE_AUTH__ISSUERS__A__ISSUER": "a",
                "SLUICE_AUTH__ISSUERS__A__AUDIENCE": "a",
                "SLUICE_AUTH__ISSUERS__A__JWKS_URL": "https://h",
            },
            "SLUICE_AUTH__ISSUERS__A__JWKS_URL",
            "rest",
        ),
        ({"SLUICE_QUOTA__REDIS": "redis://h"}, "SLUICE_QUOTA__REDIS", "redis"),
    ],
)
def test_settings_whose_driver_is_not_installed_name_the_extra(
    without_drivers: Environment,
    tmp_path: Path,
    variables: dict[str, str],
    place: str,
    extra: str,
) -> None:
    refused = without_drivers.run("serve", cwd=tmp_path, env=variables)

    assert refused.returncode == 1
    assert refused.stderr.startswith(
        f"The settings can't be used:\n  {place}: the driver is not installed (No module named "
    )
    assert refused.stderr.endswith(f"): pip install 'sluice-graphql[{extra}]'\n")


@pytest.mark.parametrize("name", ["gateway", "loaders", "resolvers"])
@pytest.mark.parametrize("file", ["{name}/__init__.py", "{name}/own.py", "{name}.py"])
def test_a_project_with_a_package_of_our_name_is_told_so(
    installed: Environment, project: Path, name: str, file: str
) -> None:
    theirs = project / file.format(name=name)
    theirs.parent.mkdir(exist_ok=True)
    theirs.touch()

    refused = installed.run("schema", "print", cwd=project)

    found = theirs if theirs.parent == project else theirs.parent
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        f"{found} has the name of Sluice's own package '{name}', and one of them hides the other. "
        "Rename yours, or put it into a package of yours.\n"
    )


@pytest.mark.parametrize("name", ["loaders", "resolvers"])
def test_a_package_of_our_name_on_the_path_is_told_too(
    installed: Environment, project: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / name).mkdir()
    (elsewhere / name / "__init__.py").touch()

    refused = installed.run("serve", cwd=project, env={"PYTHONPATH": str(elsewhere)})

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"{elsewhere / name} has the name of Sluice's own package")


def test_a_folder_of_our_name_without_code_is_no_matter(
    installed: Environment, project: Path
) -> None:
    (project / "gateway").mkdir()
    (project / "gateway" / "nginx.conf").touch()

    printed = installed.run("schema", "print", cwd=project)

    assert (printed.returncode, printed.stderr) == (0, "")
    assert "type Customer implements Node" in printed.stdout
