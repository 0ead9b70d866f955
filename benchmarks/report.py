"""How a run is told: on the terminal, and in RESULTS.md, results.json and the chart."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.chart import Group, chart
from benchmarks.results import GRAPHQL_CORE, IN_MEMORY, Report
from benchmarks.workloads import CLIENTS

CHART = "cpu.svg"

NOTES = """\
CPU is the user and system time of the server's processes, children included, divided by the
requests that it answered; the sources' and the load's are processes of their own and not counted.
It is the figure that counts. **Latency and requests per second say little here**: the demo's
MongoDB is an embedded server that takes about 10 ms for 100 documents and serves one request at a
time, the shipping service is asked for one parcel at a time, and servers, sources and load share
the machine, so that mostly the sources are measured.

All servers answer the same, which is checked before, and after each request of the measurement.
Answers are compared as JSON, but for what is each server's own: times are compared as moments
(JavaScript writes milliseconds and `Z`), cursors as being there. Decimals are texts everywhere. No
operation selects an `id`.

The gateway runs as it ships: `gateway serve` in production, each request with a token that is
checked, authorization, limits, call records and its access log on. The peers do none of that. They
select the same columns whatever is asked for, as apps without look-ahead do; the hand-written
endpoint selects those that it shows. Drivers, pools and the garbage collector are the peers' as
they come by default; what the gateway does about these is in docs/architecture.md. All batch and
deduplicate their fetches for each request, over pools of the same sizes. The list of 1,000 orders
is ten pages of 100 in one operation for all, as the gateway gives no more on one page."""


def text(report: Report) -> str:
    """The report for a terminal."""
    ratios = [
        (each.workload, each.against, f"{each.ratio:.2f}", _aim(each.aim), each.verdict)
        for each in report.ratios()
    ]
    lines = ["", "CPU for each request, the gateway's divided by theirs", ""]
    lines += columns(("workload", "against", "ratio", "aim", ""), ratios)
    lines += ["", *columns(FIGURES, list(_figures(report)))]
    lines += ["", *report.absent]
    return "\n".join(lines)


def write(report: Report, folder: Path) -> None:
    """Writes the three files."""
    ratios = [each.as_dict() for each in report.ratios()]
    (folder / "results.json").write_text(
        json.dumps(ratios, indent=2, ensure_ascii=False) + "\n", "utf-8"
    )
    (folder / CHART).write_text(chart(list(_groups(report))), "utf-8")
    (folder / "RESULTS.md").write_text(_markdown(report), "utf-8")


FIGURES = ("workload", "server", "CPU ms", "p50 ms", "p99 ms", "requests/s", "peak MB")


def _figures(report: Report) -> Iterator[tuple[str, ...]]:
    for workload in report.workloads:
        for server in report.servers:
            each = report.results[workload.name, server.name]
            yield (
                workload.title,
                server.title,
                f"{each.cpu:.2f}",
                f"{each.p50:.1f}",
                f"{each.p99:.1f}",
                f"{each.per_second:.0f}",
                f"{each.memory / 1e6:.0f}",
            )
    if report.in_memory is not None:
        nothing = ("",) * 4
        yield IN_MEMORY, "Sluice's engine", f"{report.in_memory.engine:.2f}", *nothing
        yield IN_MEMORY, GRAPHQL_CORE, f"{report.in_memory.strawberry:.2f}", *nothing


def _groups(report: Report) -> Iterator[Group]:
    for workload in report.workloads:
        if workload.clients == CLIENTS:
            yield (
                workload.title,
                [
                    (server.title, report.results[workload.name, server.name].cpu)
                    for server in report.servers
                ],
            )
    if (taken := report.in_memory) is not None:
        yield IN_MEMORY, [("Sluice's engine", taken.engine), (GRAPHQL_CORE, taken.strawberry)]


def _markdown(report: Report) -> str:
    ratios = report.ratios()
    aimed = [
        (each.workload, each.against, f"{each.ratio:.2f}", _aim(each.aim), each.verdict)
        for each in ratios
        if each.aim is not None
    ]
    titles = list(dict.fromkeys(each.workload for each in ratios))
    against = [server.title for server in report.servers[1:]]
    found = {(each.workload, each.against): f"{each.ratio:.2f}" for each in ratios}
    parts = [
        "# Benchmark results",
        "Made by `make bench`. Ratios are the gateway's CPU for each request divided by the "
        "other's: below 1 the gateway takes less.",
        f"![CPU for each request]({CHART})",
        "## Against what is aimed at",
        _table(("workload", "against", "ratio", "aim at most", ""), aimed),
        "## All ratios",
        _table(
            ("workload", *against),
            [
                (title, *(found.get((title, peer), "") for peer in against))
                for title in titles
                if title != IN_MEMORY
            ],
        ),
        "## Figures",
        f"At {CLIENTS} clients, each on a connection of its own, where the workload says nothing "
        "else.",
        _table(FIGURES, list(_figures(report))),
        "## What is measured",
        NOTES,
        "## Conditions",
        _table(("", ""), list(report.conditions)),
        *([f"Left out: {'; '.join(report.absent)}"] if report.absent else []),
    ]
    return "\n\n".join(parts) + "\n"


def _aim(aim: float | None) -> str:
    return "" if aim is None else f"≤ {aim:g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def columns(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 2) -> list[str]:
    """Lines for a terminal. All columns but the first so many have their cells to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if index < left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (head, *rows)
    ]
