"""The graph that docs/your-own-graph.md builds loads, and its settings have its sources."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

from gateway.checks.settings import sources_are_configured
from gateway.settings import Settings
from tests.snippets import blocks, importable

PAGE = "docs/your-own-graph.md"


def test_the_documented_graph_is_one_of_the_documented_sources(tmp_path: Path) -> None:
    with importable(PAGE, tmp_path):
        graph = importlib.import_module("acme.graph").graph
    settings = Settings.of(**tomllib.loads(blocks(PAGE, "toml")[0]))

    assert list(sources_are_configured(graph.declarations, settings.sources)) == []
    assert {each.source for each in graph.declarations.resources()} == set(settings.sources)
    assert settings.graph == "acme.graph:graph"
