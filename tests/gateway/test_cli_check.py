"""``gateway check`` and the same check at start, as processes of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from demo.stack import Addresses
from tests.bad_servers import unused_port
from tests.gateway.test_cli import answer, free_port, gateway, running

pytestmark = pytest.mark.process

PASSWORD = "hunter2"

GRAPH = """
from __future__ import annotations

import strawberry

from loaders.sql.postgres import PostgresTable
from resolvers import Connection, Graph, Node, column, connection, lookup


@strawberry.type(description="Who buys.")
class Customer(Node):
    resource = PostgresTable(source="shop", name="customers")

    name: str = column("What they are called.")
    {more}


@strawberry.type(description="What can be asked.")
class Query:
    customer: Customer | None = lookup("One of them.", by="id")
    customers: Connection[Customer] | None = connection("All of them.", order_by="id")


graph = Graph(Query)
"""

ELSEWHERE = """
@strawberry.type(description="What was bought.")
class Line(Node):
    resource = PostgresTable(source="billing", name="lines")


graph = Graph(Query, types=[Line])
"""

OTHER = {"SLUICE_SOURCES__OTHER__KIND": "rest", "SLUICE_SOURCES__OTHER__URL": "http://127.0.0.1"}

CLEAN = ""
MISSPELT = 'phone: str | None = column("Theirs.", name="phome")'
UNKEPT = 'tags: list[str] = column("Words.", sortable=True)'

FAULT = "Customer.phone: shop.customers has no column 'phome'; did you mean 'phone'?"


@pytest.fixture
def env(tmp_path: Path, addresses: Addresses) -> dict[str, str]:
    return {
        "PYTHONPATH": str(tmp_path),
        "SLUICE_GRAPH": "own.graph:graph",
        "SLUICE_SOURCES__SHOP__KIND": "postgres",
        "SLUICE_SOURCES__SHOP__URL": addresses.postgres,
    }


def write(folder: Path, more: str) -> None:
    (folder / "own").mkdir()
    (folder / "own" / "graph.py").write_text(GRAPH.format(more=more))


def down() -> dict[str, str]:
    return {"SLUICE_SOURCES__SHOP__URL": f"postgresql://u:{PASSWORD}@127.0.0.1:{unused_port()}/d"}


def check(folder: Path, env: Mapping[str, str], *more: str) -> tuple[int, str, str]:
    done = gateway("check", *more, cwd=folder, env=env)
    assert PASSWORD not in done.stdout + done.stderr
    assert env.get("SLUICE_SOURCES__SHOP__URL", "?") not in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def test_a_clean_graph_is_0(tmp_path: Path, env: dict[str, str]) -> None:
    write(tmp_path, CLEAN)

    assert check(tmp_path, env) == (0, "0 faults, 0 hints, 0 unknown\n", "")


def test_faults_are_1(tmp_path: Path, env: dict[str, str]) -> None:
    write(tmp_path, MISSPELT)

    assert check(tmp_path, env) == (1, f"fault: {FAULT}\n1 fault, 0 hints, 0 unknown\n", "")


def test_faults_of_the_declarations_alone_are_1_and_as_json_the_same(
    tmp_path: Path, env: dict[str, str]
) -> None:
    write(tmp_path, UNKEPT)

    code, out, err = check(tmp_path, env)
    _, as_json, _ = check(tmp_path, env, "--json")

    assert (code, err) == (1, "")
    assert out.startswith("fault: Customer.tags: sortable: a value of type list of str makes no")
    assert json.loads(as_json)["findings"][0]["coordinate"] == "Customer.tags"


def test_hints_and_what_is_unknown_are_0(tmp_path: Path, env: dict[str, str]) -> None:
    write(tmp_path, CLEAN)

    code, out, _ = check(tmp_path, {**env, **OTHER})

    assert (code, out.splitlines()[-1]) == (0, "0 faults, 1 hint, 0 unknown")


def test_a_source_that_is_down_is_2(tmp_path: Path, env: dict[str, str]) -> None:
    write(tmp_path, MISSPELT)

    code, out, err = check(tmp_path, {**env, **down()})

    assert (code, err) == (2, "")
    assert out.startswith(
        "unknown: source 'shop': it could not be asked about shop.customers, since"
    )


def test_faults_weigh_more_than_a_source_that_is_down(tmp_path: Path, env: dict[str, str]) -> None:
    write(tmp_path, MISSPELT)
    file = tmp_path / "own" / "graph.py"
    file.write_text(file.read_text().replace("graph = Graph(Query)", ELSEWHERE))

    code, out, _ = check(tmp_path, {**env, **down()})

    assert code == 1
    assert out.startswith("fault: Line: the settings have no source 'billing'")
    assert "unknown: source 'shop': it could not be asked about shop.customers, since" in out


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SLUICE_CHECKS": "maybe"}, "SLUICE_CHECKS: Input should be 'warn', 'refuse' or 'off'"),
        ({"SLUICE_GRAPH": "nowhere:graph"}, "No module named 'nowhere'"),
        ({"SLUICE_GRAPH": ""}, "No graph is set."),
    ],
)
def test_what_can_not_be_checked_is_2(
    tmp_path: Path, env: dict[str, str], changes: dict[str, str], said: str
) -> None:
    write(tmp_path, CLEAN)

    code, out, err = check(tmp_path, {**env, **changes})

    assert (code, out) == (2, "")
    assert said in err


def test_another_graph_is_checked(tmp_path: Path, env: dict[str, str]) -> None:
    write(tmp_path, MISSPELT)
    (tmp_path / "own" / "other.py").write_text(GRAPH.format(more=CLEAN))

    code, _, _ = check(tmp_path, env, "--graph", "own.other:graph")

    assert code == 0


def test_the_form_of_the_json_stays(tmp_path: Path, env: dict[str, str]) -> None:
    write(tmp_path, MISSPELT)

    code, out, err = check(tmp_path, {**env, **OTHER}, "--json")

    assert (code, err) == (1, "")
    assert json.loads(out) == {
        "faults": 1,
        "hints": 1,
        "unknown": 0,
        "unreached": [],
        "findings": [
            {
                "severity": "fault",
                "coordinate": "Customer.phone",
                "source": "shop",
                "resource": "shop.customers",
                "message": "shop.customers has no column 'phome'; did you mean 'phone'?",
            },
            {
                "severity": "hint",
                "coordinate": None,
                "source": "other",
                "resource": None,
                "message": "no type of the graph uses it: take it out of the settings",
            },
        ],
    }


def test_the_json_names_what_could_not_be_reached(tmp_path: Path, env: dict[str, str]) -> None:
    write(tmp_path, CLEAN)

    code, out, _ = check(tmp_path, {**env, **down()}, "--json")

    assert (code, json.loads(out)["unreached"]) == (2, ["shop"])


def test_the_help_has_the_exit_codes(tmp_path: Path) -> None:
    shown = gateway("check", "--help", cwd=tmp_path).stdout

    for code in ("0  no faults", "1  faults", "2  not checked"):
        assert code in shown


QUERY = "{ customers(first: 1) { nodes { name } } }"
ADA: Any = {"data": {"customers": {"nodes": [{"name": "Ada Martin"}]}}}


async def served(folder: Path, env: Mapping[str, str], *more: str) -> tuple[Any, str]:
    """What the gateway answers, and what it wrote to standard error until it was ended."""
    port = free_port()
    log = folder / "log"
    with log.open("w") as file:
        async with running("serve", "--port", str(port), *more, cwd=folder, env=env, stderr=file):
            body = await answer(f"http://127.0.0.1:{port}", QUERY)
    text = log.read_text()
    assert PASSWORD not in text
    assert "Traceback" not in text
    return body, text


async def test_serving_warns_of_faults_once_and_serves(tmp_path: Path, env: dict[str, str]) -> None:
    write(tmp_path, MISSPELT)

    body, log = await served(tmp_path, env, "--workers", "2")

    assert body == ADA
    assert log.count(f" WARNING fault: {FAULT}\n") == 1
    assert log.count("1 fault, 0 hints, 0 unknown; `gateway check` lists them") == 1


async def test_serving_says_which_sources_could_not_be_asked(
    tmp_path: Path, env: dict[str, str]
) -> None:
    write(tmp_path, CLEAN)

    body, log = await served(tmp_path, {**env, **down(), "SLUICE_CHECKS": "refuse"})

    assert body["errors"][0]["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
    assert " WARNING unknown: source 'shop': it could not be asked about shop.customers" in log


async def test_serving_without_checks_asks_nothing(tmp_path: Path, env: dict[str, str]) -> None:
    write(tmp_path, MISSPELT)

    body, log = await served(tmp_path, {**env, "SLUICE_CHECKS": "off"})

    assert body == ADA
    assert "fault" not in log


def test_serving_refuses_faults_if_told_so(tmp_path: Path, env: dict[str, str]) -> None:
    write(tmp_path, MISSPELT)

    env["SLUICE_CHECKS"] = "refuse"
    refused = gateway("serve", "--port", str(free_port()), cwd=tmp_path, env=env)

    assert refused.returncode == 1
    assert f" WARNING fault: {FAULT}\n" in refused.stderr
    assert refused.stderr.endswith(
        'The graph has faults, so it is not served, as checks = "refuse" has it.\n'
    )
