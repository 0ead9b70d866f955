"""``python -m benchmarks.cost_correlation``: how well estimated costs go with the CPU that
operations take.

Generated operations run one by one over the demo's sources, as a member of the staff, in this
process. What each takes is the CPU of the gateway, of PostgreSQL and of the REST services: the
least of some runs, after one that is not counted. MongoDB is not in it. Linux alone counts so.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import psutil
from scipy.stats import spearmanr

from benchmarks.generated import Generator
from benchmarks.servers import STACK
from demo.stack import Addresses, DemoStack
from gateway.testing import GraphClient
from loaders.identity import Identity
from loaders.mongo import MongoSource
from loaders.rest.source import RestSource
from loaders.sources import Source
from loaders.sql.postgres import PostgresSource
from resolvers.shop.callers import SCOPES
from schema.build import schema

STAFF = Identity(
    subject="staff",
    scopes=schema.rules.scopes | set(SCOPES),
    claims={"customer_id": 1},
)
"""Who sees all, and is a customer, too."""

PAGES = {
    "Customer": "customers",
    "Order": "orders",
    "Product": "products",
    "Category": "categories",
    "Review": "reviews",
}
"""The fields by which types' ids are found."""

SERVICES = frozenset({"demo.inventory", "demo.shipping"})
"""The modules of the services that run beside the gateway."""


@click.command()
@click.option("--operations", "count", type=click.IntRange(20), default=1_000, show_default=True)
@click.option("--runs", type=click.IntRange(2), default=6, show_default=True)
@click.option("--seed", type=int, default=2, show_default=True)
@click.option("--stack", type=click.Path(path_type=Path), default=STACK, show_default=True)
@click.option(
    "--records",
    type=click.Path(path_type=Path),
    help="Where to write what was measured, as `gateway cost learn` reads it.",
)
def main(count: int, runs: int, seed: int, stack: Path, records: Path | None) -> None:
    """Measure generated operations, and print the rank correlations (Spearman)."""
    with DemoStack(stack, click.echo) as sources:
        found = asyncio.run(_measure(sources.addresses, count, runs, random.Random(seed)))
    if records is not None:
        records.write_text("".join(json.dumps(each) + "\n" for each in found))
    took = [min(each["ns"]) for each in found]
    half = [min(each["ns"][::2]) for each in found], [min(each["ns"][1::2]) for each in found]
    for name, of in (
        ("estimated cost", [each["cost"]["estimated"] for each in found]),
        ("actual cost", [each["cost"]["actual"] for each in found]),
        ("calls to sources", [each["calls"] for each in found]),
    ):
        click.echo(f"{name}: {spearmanr(of, took).statistic:.3f}")
    click.echo(f"one half of the runs and the other: {spearmanr(*half).statistic:.3f}")


async def _measure(at: Addresses, count: int, runs: int, rng: random.Random) -> list[Any]:
    async with GraphClient(schema, _sources(at)) as client:
        ids = {}
        for type_, field in PAGES.items():
            query = f"{{ {field}(first: 100) {{ nodes {{ id }} }} }}"
            page = await client.execute(query, identity=STAFF)
            ids[type_] = [each["id"] for each in page.data[field]["nodes"]]
        generator = Generator(schema._schema, ids, rng)
        found: dict[str, Any] = {}
        while len(found) < count:
            query = generator.query()
            if query in found:
                continue
            response = await client.execute(query, identity=STAFF)
            if response.errors or not response.calls:
                continue
            ns = [await _took(client, query) for _ in range(runs)]
            found[query] = {
                "query": query,
                "ns": ns,
                "calls": len(response.calls),
                "cost": response.cost,
                "explain": response.explain,
            }
            if len(found) % 100 == 0:
                click.echo(f"{len(found)} operations", err=True)
        return list(found.values())


async def _took(client: GraphClient, query: str) -> int:
    """How many nanoseconds of CPU it takes once."""
    while True:
        processes = _processes()
        # One of PostgreSQL's processes may end meanwhile, as connections are given up.
        with suppress(OSError):
            before = _cpu(processes)
            # Neither explained nor told what it costs, as most are.
            async for _ in client.execute_incrementally(query, identity=STAFF):
                pass
            return _cpu(processes) - before


def _sources(at: Addresses) -> list[Source]:
    return [
        PostgresSource("shop", at.postgres),
        MongoSource("catalog", at.mongo, database=at.mongo_database),
        RestSource("inventory", at.inventory),
        RestSource("shipping", at.shipping),
    ]


def _processes() -> list[int]:
    """The ids of PostgreSQL's and the services' processes."""
    return [
        each.pid
        for each in psutil.Process().children(recursive=True)
        if each.name() == "postgres" or not SERVICES.isdisjoint(each.cmdline())
    ]


def _cpu(processes: Sequence[int]) -> int:
    """How many nanoseconds of CPU this process and these have taken."""
    # clock_getcpuclockid(3), which Python has for its own threads alone.
    return time.process_time_ns() + sum(time.clock_gettime_ns(~each << 3 | 2) for each in processes)


if __name__ == "__main__":
    main()
