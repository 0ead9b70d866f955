"""GraphQL Code Generator and TypeScript take the schema as docs/clients.md says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.clients.running import SCRIPTS, Node
from tests.identities import CALLERS, STAFF, token
from tests.snippets import ROOT

CONFIG = """
import config from "./codegen";
import { schema } from "./codegen-schema";

export default { ...config, schema };
"""


@pytest.fixture(scope="module")
def project(node: Node) -> Path:
    """A folder with sources, as they are before anything is generated."""
    project = node.folder / "shop"
    (project / "src").mkdir()
    shutil.copy(SCRIPTS / "codegen" / "products.ts", project / "src")
    shutil.copy(SCRIPTS / "codegen" / "tsconfig.json", project)
    shutil.copy(ROOT / "schema.graphql", project)
    (project / "introspecting.ts").write_text(CONFIG)
    return project


async def generated(node: Node, project: Path, config: str, as_: str) -> str:
    await node.run("env", f"TOKEN={as_}", "graphql-codegen", "--config", config, at="shop")
    return (project / "src" / "gql" / "graphql.ts").read_text()


@pytest.fixture(scope="module")
async def by_file(node: Node, project: Path) -> str:
    """The types that are made of ``schema.graphql``."""
    return await generated(node, project, "codegen.ts", "")


async def test_generated_types_are_typescript_s(node: Node, by_file: str) -> None:
    # Of the two places that must be errors each is one, and nothing else is.
    assert await node.run("tsc", "--project", ".", at="shop") == ""
    assert "price: string" in by_file


async def test_what_the_gateway_answers_is_the_schema_s_file(
    node: Node, project: Path, by_file: str
) -> None:
    assert await generated(node, project, "introspecting.ts", token(**STAFF)) == by_file


async def test_whoever_may_see_less_can_t_ask_for_more(node: Node, project: Path) -> None:
    claims = CALLERS["customer"]
    assert claims is not None

    with pytest.raises(AssertionError, match=r"Cannot query field \"cost\""):
        await generated(node, project, "introspecting.ts", token(**claims))
