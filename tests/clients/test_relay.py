"""Relay's compiler takes the schema, the gateway its manifest, and its runtime asks by ids."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from gateway.app import load_graph
from gateway.settings import Settings
from tests.client import Gateway, serving
from tests.clients.expected import KETTLE, TICKS
from tests.clients.running import SCRIPTS, Node, Outcomes, snippets
from tests.conftest import SHOP
from tests.identities import auth
from tests.probe import PROBE
from tests.snippets import ROOT


@pytest.fixture(scope="module")
async def projects(node: Node) -> dict[str, Path]:
    """The compiled sources of each graph's project."""
    schemas = {
        "shop": (ROOT / "schema.graphql").read_text(),
        "probe": load_graph(PROBE).as_str(),
    }
    projects: dict[str, Path] = {}
    for name, schema in schemas.items():
        project = projects[name] = node.folder / "relay" / name
        shutil.copytree(SCRIPTS / "relay" / name, project / "src")
        (project / "schema.graphql").write_text(schema)
        # Without a bundler no ES module is found that is named without its ending.
        config = {**json.loads(snippets()["relay.config.json"]), "eagerEsModules": False}
        (project / "relay.config.json").write_text(json.dumps(config))
        (project / "persisted.json").write_text("{}")
        (project / "package.json").write_text('{"type": "commonjs"}')
        await node.run("relay-compiler", at=f"relay/{name}")
    return projects


@pytest.fixture(scope="module")
async def trusting(
    projects: dict[str, Path], source_settings: dict[str, dict[str, Any]]
) -> AsyncIterator[dict[str, Gateway]]:
    """Gateways that run nothing but what the compiler has put into its manifests."""
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(
                serving(
                    Settings.of(
                        environment="development",
                        graph=graph,
                        sources=source_settings,
                        auth=auth(),
                        documents={
                            "trusted": "only",
                            "manifest": str(projects[name] / "persisted.json"),
                        },
                    )
                )
            )
            for name, graph in (("shop", SHOP), ("probe", PROBE))
        }


@pytest.fixture(scope="module")
async def relay(node: Node, projects: dict[str, Path], trusting: dict[str, Gateway]) -> Outcomes:
    return await node.outcomes(
        "relay.js",
        projects={name: str(project) for name, project in projects.items()},
        trusted={name: gateway.url for name, gateway in trusting.items()},
    )


async def test_nothing_runs_but_what_was_compiled(
    projects: dict[str, Path], trusting: dict[str, Gateway]
) -> None:
    documents = json.loads((projects["shop"] / "persisted.json").read_text())
    other = await trusting["shop"].ask("{ __typename }")

    assert len(documents) == 4
    assert other.codes == ["PERSISTED_QUERY_ID_REQUIRED"]


async def test_a_connection_goes_on_page_by_page(
    relay: Outcomes, gateways: dict[str, Gateway]
) -> None:
    answer = await gateways["shop"].ask("{ products(first: 6) { nodes { name } } }")
    names = [node["name"] for node in answer.data["products"]["nodes"]]

    assert relay["a connection, page by page"] == [True, names[:3], names]


async def test_an_object_is_had_again_by_its_id(relay: Outcomes) -> None:
    first, again = relay["a fragment, and the same once more by its object's id"]

    assert first == again
    assert {name: first[name] for name in first if name != "id"} == {
        "name": KETTLE["name"],
        "price": KETTLE["price"],
        "stock": {"available": 120},
    }


async def test_a_denied_field_is_caught_or_required(relay: Outcomes) -> None:
    denied = relay["a denied field"]

    assert denied["required"] is None
    assert denied["caught"]["name"] == KETTLE["name"]
    assert denied["caught"]["cost"]["ok"] is False
    assert len(denied["caught"]["cost"]["errors"]) == 1
    assert relay["a field that is shown"] == {
        "required": {"name": KETTLE["name"], "cost": KETTLE["cost"]},
        "caught": {"name": KETTLE["name"], "cost": {"ok": True, "value": KETTLE["cost"]}},
    }


async def test_a_token_that_is_not_good_is_told(relay: Outcomes) -> None:
    assert "The token is malformed." in relay["a token that is not good"]


async def test_a_subscription_and_a_mutation_come_by_their_ids(relay: Outcomes) -> None:
    assert relay["a subscription"] == {"values": TICKS}
    assert relay["a mutation"] is True


async def test_what_is_deferred_comes_with_the_rest(
    relay: Outcomes, gateways: dict[str, Gateway]
) -> None:
    query = "{ orders(first: 2) { nodes { number lines { quantity } } } }"
    whole = (await gateways["probe"].ask(query)).data

    (warning,) = relay["@defer"]["warnings"]
    assert relay["@defer"]["nodes"] == whole["orders"]["nodes"]
    assert "was executed in non-streaming mode" in warning
