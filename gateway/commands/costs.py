"""``gateway cost``: what operations are estimated to cost."""

from __future__ import annotations

import json
from pathlib import Path

import click
import orjson

from gateway.commands.console import fail, load, read_settings
from resolvers.costs import Costs


@click.group()
def cost() -> None:
    """What operations are estimated to cost."""


@cost.command("learn")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--graph", help="The graph, as package.module:variable.")
def learn(file: Path, graph: str | None) -> None:
    """Propose weights, sizes of lists and costs of calls by what operations took.

    FILE has a response on each line, as JSON, of an operation that was asked with
    {"extensions": {"cost": true, "explain": true}}: what its fields have cost, and how long the
    calls to its sources took. Other lines are passed over, and counted.
    """
    costs = load(graph or read_settings().graph).costs
    try:
        from gateway.operations.learning import OperationRecord
        from gateway.operations.learning import learn as learned
    except ImportError:
        fail("`gateway cost learn` needs scipy: pip install 'sluice-graphql[learn]'.")
    records, others = list[OperationRecord](), 0
    for line in file.read_bytes().splitlines():
        try:
            response = orjson.loads(line)
        except orjson.JSONDecodeError:
            response = None
        record = OperationRecord.of(response, costs) if isinstance(response, dict) else None
        if record is None:
            others += 1
        else:
            records.append(record)
    if others:
        click.echo(f"{others} lines have no extensions.cost and extensions.explain.", err=True)
    try:
        proposal = learned(records, costs)
    except ValueError as error:
        fail(f"{file}: {error}")
    for text in [*_sizes(proposal.sizes, costs), *_weights(proposal.weights, costs)]:
        click.echo(text)
    if proposal.calls:
        click.echo(f"Graph(call_costs={json.dumps(proposal.calls, sort_keys=True)})")
    click.echo(
        f"\nOf {len(records)} operations the estimates' rank correlation with the time is "
        f"{proposal.before:.2f} now, and {proposal.after:.2f} with these."
    )


def _sizes(sizes: dict[str, int], costs: Costs) -> list[str]:
    return [
        f"{coordinate} @listSize(assumedSize: {size})"
        for coordinate, size in sorted(sizes.items())
        if size != costs.sizes[coordinate].assumed
    ]


def _weights(weights: dict[str, int], costs: Costs) -> list[str]:
    return [
        f"{coordinate} @cost(weight: {weight})"
        for coordinate, weight in sorted(weights.items())
        if weight != costs.weights.get(coordinate, 1)
    ]
