"""``python -m benchmarks.commits``: the gateway beside an older commit of itself, in one run."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import get_args

import click

from benchmarks.commits import report, start
from benchmarks.commits.checkout import Commit, exported, is_changed, short_hash
from benchmarks.commits.measuring import Effort, measure
from benchmarks.commits.workloads import WORKLOADS
from benchmarks.servers import ROOT, STACK, BenchmarkError, Server
from demo.errors import DemoError
from demo.stack import DemoStack, Source

FULL = Effort()
QUICK = Effort(rounds=3, seconds=0.3, requests=1)


@click.command()
@click.argument("base")
@click.option(
    "--workload",
    "workloads",
    multiple=True,
    type=click.Choice([each.name for each in WORKLOADS]),
    help="Only this one; can be given several times.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 100),
    help=f"Each with both commits, started anew.  [default: {FULL.rounds}]",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 60),
    help=f"How long each workload is sent to both commits in a round.  [default: {FULL.seconds:g}]",
)
@click.option("--quick", is_flag=True, help="Few short rounds, to see that all works.")
@click.option(
    "--stack",
    type=click.Path(path_type=Path),
    default=STACK,
    show_default=True,
    help="Where the sources keep their data.",
)
def main(
    base: str,
    workloads: tuple[str, ...],
    rounds: int | None,
    seconds: float | None,
    quick: bool,
    stack: Path,
) -> None:
    """Measure the gateway of this checkout, as its files are now, beside that of the commit BASE,
    and say which workloads got worse or better."""
    end_by_signals()
    usual = QUICK if quick else FULL
    effort = Effort(rounds or usual.rounds, seconds or usual.seconds, usual.requests)
    chosen = [each for each in WORKLOADS if not workloads or each.name in workloads]
    try:
        this = f"{short_hash(ROOT, 'HEAD')}{' with changes' if is_changed(ROOT) else ''}"
        with exported(ROOT, base, click.echo) as commit, DemoStack(stack, click.echo) as sources:
            measured = measure(
                server("base", commit),
                server("this", Commit(this, ROOT, Path(sys.executable))),
                chosen,
                effort,
                sources.addresses,
                stack / "logs",
                click.echo,
            )
    except (BenchmarkError, DemoError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(report.text(commit.name, this, chosen, measured, effort))


def end_by_signals() -> None:
    """However the process is asked to end, what it has started and made goes with it."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.default_int_handler)


PATIENT = {
    "SLUICE_LIMITS__REQUEST_SECONDS": "120",
    **{f"SLUICE_SOURCES__{name.upper()}__TIMEOUT": "100" for name in get_args(Source)},
}
"""On a busy machine the sources take long, which is no error of either commit's."""


def server(name: str, commit: Commit) -> Server:
    """The gateway of that commit, over this checkout's sources."""
    command = (str(commit.python), "-P", str(start.__file__), str(commit.folder))
    return Server(name, commit.name, command, PATIENT, gateway=True, folder=commit.folder)


if __name__ == "__main__":
    main()
