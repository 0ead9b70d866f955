"""``python -m benchmarks``: the gateway beside its peers, in one run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks import report
from benchmarks.conditions import conditions
from benchmarks.in_memory import InMemory
from benchmarks.measuring import Effort, Results, measure
from benchmarks.results import GATEWAY, Report
from benchmarks.servers import ROOT, SERVERS, STACK, BenchmarkError, Server
from benchmarks.workloads import WORKLOADS, Workload
from demo.errors import DemoError
from demo.stack import DemoStack

FULL = Effort()
QUICK = Effort(rounds=1, seconds=0.5, warm_up=0)


@click.command(epilog="make bench BASE=<commit> measures two commits of the gateway instead.")
@click.option(
    "--workload",
    "workloads",
    multiple=True,
    type=click.Choice([*(each.name for each in WORKLOADS), "in-memory"]),
    help="Only this one; can be given several times.",
)
@click.option(
    "--server",
    "servers",
    multiple=True,
    type=click.Choice([each.name for each in SERVERS if each.name != GATEWAY]),
    help="Only the gateway and this one; can be given several times.",
)
@click.option("--rounds", type=click.IntRange(1, 100), default=FULL.rounds, show_default=True)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 60),
    default=FULL.seconds,
    show_default=True,
    help="How long each workload is sent to each server in a round.",
)
@click.option("--quick", is_flag=True, help="One short round, to see that all works.")
@click.option(
    "--write/--no-write", default=None, help="Whether to write the results; a whole run does."
)
@click.option(
    "--stack",
    type=click.Path(path_type=Path),
    default=STACK,
    show_default=True,
    help="Where the sources keep their data.",
)
def main(
    workloads: tuple[str, ...],
    servers: tuple[str, ...],
    rounds: int,
    seconds: float,
    quick: bool,
    write: bool | None,
    stack: Path,
) -> None:
    """Measure the gateway beside its peers, and write benchmarks/RESULTS.md."""
    effort = QUICK if quick else Effort(rounds=rounds, seconds=seconds)
    chosen = [each for each in WORKLOADS if not workloads or each.name in workloads]
    named = (
        {*servers, GATEWAY} if servers else {each.name for each in SERVERS if not each.on_request}
    )
    wanted = [each for each in SERVERS if each.name in named]
    missing = {each.name: reason for each in wanted if (reason := each.missing())}
    absent = [f"{each.title}: {missing[each.name]}" for each in wanted if each.name in missing]
    for line in absent:
        click.echo(f"Without {line}", err=True)
    present = [each for each in wanted if each.name not in missing]
    in_memory = _in_memory(effort.rounds) if not workloads or "in-memory" in workloads else None
    results = _over_sources(present, chosen, effort, stack) if chosen else {}
    given = conditions(present, effort, results)
    made = Report(present, chosen, results, in_memory, absent, given)
    click.echo(report.text(made))
    whole = not (workloads or servers or quick)
    if whole if write is None else write:
        report.write(made, ROOT / "benchmarks")


def _over_sources(
    servers: Sequence[Server], workloads: Sequence[Workload], effort: Effort, stack: Path
) -> Results:
    try:
        with DemoStack(stack, click.echo) as sources:
            return measure(
                servers, workloads, effort, sources.addresses, stack / "logs", click.echo
            )
    except (BenchmarkError, DemoError) as error:
        raise click.ClickException(str(error)) from error


def _in_memory(rounds: int) -> InMemory:
    """In a process of its own, which has nothing else in its memory."""
    click.echo("In memory, execution only")
    command = [sys.executable, "-m", "benchmarks.in_memory", str(rounds)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return InMemory(**json.loads(done.stdout))


if __name__ == "__main__":
    main()
