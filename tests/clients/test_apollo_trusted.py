"""Apollo Client sends the ids of documents that Apollo's generator has put into a manifest."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from gateway.settings import Settings
from tests.client import serving
from tests.clients.expected import plain
from tests.clients.running import SCRIPTS, Node, Outcomes
from tests.conftest import SHOP


@pytest.fixture(scope="module")
async def apollo(node: Node, source_settings: dict[str, dict[str, Any]]) -> Outcomes:
    project = node.folder / "apollo"
    shutil.copytree(SCRIPTS / "apollo", project / "src")
    await node.run("generate-persisted-query-manifest", at="apollo")
    manifest = str(project / "persisted-query-manifest.json")
    documents = {"trusted": "only", "manifest": manifest}
    settings = Settings.of(graph=SHOP, sources=source_settings, documents=documents)
    async with serving(settings) as gateway:
        return await node.outcomes(
            "apollo-trusted.js",
            trusted=gateway.url,
            manifest=manifest,
            document=str(project / "src" / "products.graphql"),
        )


async def test_a_document_is_sent_by_its_id(apollo: Outcomes) -> None:
    answer = apollo["a document of the manifest"]

    assert [list(node) for node in plain(answer["data"])["products"]["nodes"]] == [
        ["id", "name"]
    ] * 2
    # Of each request: whether it has the text, and its status.
    assert answer["requests"] == [[False, 200]]


async def test_one_that_is_not_in_the_manifest_is_never_sent(apollo: Outcomes) -> None:
    message, count = apollo["another document"]

    assert "Other" in message
    assert count == 0
