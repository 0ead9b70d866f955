"""Who may import whom: the rules of docs/architecture.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("gateway", "schema", "resolvers", "loaders", "demo", "tests", "benchmarks")

ALLOWED = {
    "gateway.engine": {"gateway.engine"},
    "loaders": {"loaders"},
    "resolvers": {"resolvers", "loaders", "gateway.errors", "gateway.engine"},
    "schema": {"schema", "resolvers", "loaders"},
    "demo": {"demo"},
    "gateway.graphiql": {"gateway.graphiql", "gateway.compression"},
    "gateway.app": {"gateway", "resolvers", "loaders"},
    "gateway.commands.demo": {"gateway", "resolvers", "loaders", "demo"},
    "gateway": {"gateway", "resolvers", "loaders"},
}
"""For each part, what it may import of ours. The longest matching name counts."""

DRIVERS = {
    "asyncpg": {
        "loaders/sql/transactions.py",
        "loaders/sql/postgres.py",
        "loaders/sql/connections.py",
        "loaders/sql/pool.py",
    },
    "motor": {"loaders/mongo_client.py"},
    "pymongo": {"loaders/mongo_calls.py", "loaders/mongo_client.py"},
    "bson": {
        "loaders/mongo.py",
        "loaders/mongo_client.py",
        "loaders/mongo_codecs.py",
        "loaders/mongo_fields.py",
        "loaders/mongo_keys.py",
        "loaders/mongo_readings.py",
    },
    "aiohttp": {"loaders/rest/client.py"},
    "redis": {"gateway/quotas/shared.py", "gateway/operations/shared_manifest.py"},
}
"""Each driver, and the files that import it. The demo, which makes the sources, is apart."""


def sources() -> Iterator[Path]:
    for package in ("gateway", "schema", "resolvers", "loaders", "demo"):
        yield from sorted((ROOT / package).rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield (
                f"{node.module}.{node.names[0].name}"
                if node.module == "gateway"
                else str(node.module)
            )


def within(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")


@pytest.mark.parametrize("path", list(sources()), ids=module_of)
def test_a_module_imports_only_what_its_part_may(path: Path) -> None:
    module = module_of(path)
    part = max((each for each in ALLOWED if within(module, each)), key=len)

    for name in imports_of(path):
        if name.partition(".")[0] in OURS:
            assert any(within(name, each) for each in ALLOWED[part]), f"{module} imports {name}"
        assert not within(name, "gateway.cli"), f"{module} imports the command line"
        assert not within(name, "gateway.app") or within(module, "gateway.commands")


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_is_imported_in_its_files_alone(driver: str) -> None:
    importers = {
        str(path.relative_to(ROOT))
        for path in sources()
        if path.relative_to(ROOT).parts[0] != "demo"
        and any(within(name, driver) for name in imports_of(path))
    }

    assert importers == DRIVERS[driver]


CORE = (
    "loaders.asks", "loaders.batching", "loaders.callers", "loaders.chain", "loaders.comparing",
    "loaders.contexts", "loaders.durations", "loaders.encryption", "loaders.errors",
    "loaders.evaluation",
    "loaders.identity", "loaders.json", "loaders.keys", "loaders.listed", "loaders.numbers",
    "loaders.parts", "loaders.paths", "loaders.places", "loaders.query", "loaders.reads",
    "loaders.registry", "loaders.resource", "loaders.row_filters", "loaders.sources",
    "loaders.texts", "loaders.time_zones", "loaders.times", "loaders.trace", "loaders.views",
    "loaders.whole", "loaders.writes", "loaders.writing",
)  # fmt: skip
"""What of the loaders is the same for every kind of source."""


def test_the_core_of_the_loaders_knows_no_kind_of_source() -> None:
    others = {
        f"{module_of(path)} imports {name}"
        for path in sources()
        if any(within(module_of(path), part) for part in CORE)
        for name in imports_of(path)
        if within(name, "loaders") and not any(within(name, part) for part in CORE)
    }

    # What declarations are checked with, what sources describe, and how failures are logged.
    allowed = {"loaders.declarations", "loaders.descriptions", "loaders.logs"}
    assert {each for each in others if each.rpartition(" ")[2] not in allowed} == set()


def test_no_kind_of_source_knows_the_loaders() -> None:
    # A source answers asks; who asks, and on whose behalf, is above the chain.
    above = ("loaders.registry", "loaders.views", "loaders.batching", "loaders.listed")
    kinds = ("loaders.sql", "loaders.rest", "loaders.mongo", "loaders.memory")
    for path in sources():
        if any(within(module_of(path), kind) for kind in kinds):
            used = [n for n in imports_of(path) if any(within(n, each) for each in above)]
            assert used == [], module_of(path)


def test_secantus_is_never_imported() -> None:
    # It is GPL-2.0 and runs as a process of its own.
    importers = [
        path for path in sources() if any(within(name, "secantus") for name in imports_of(path))
    ]

    assert importers == []


def test_the_gateway_package_is_empty() -> None:
    # Importing gateway.errors must not pull in the server.
    assert (ROOT / "gateway" / "__init__.py").read_text() == ""
