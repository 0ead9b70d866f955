"""How a comparison of two commits is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.commits.comparison import FEWEST_ROUNDS, Comparison, compare
from benchmarks.commits.measuring import Effort, Measured
from benchmarks.report import columns
from benchmarks.workloads import Workload

HEAD = ("workload", "base ms", "this ms", "ratio", "spread", "verdict")


def text(
    base: str, this: str, workloads: Sequence[Workload], measured: Measured, effort: Effort
) -> str:
    """The table, what could not be measured or differs, and what it comes to."""
    found = {
        each.title: compare(measured.pairs[each.name])
        for each in workloads
        if each.name in measured.pairs
    }
    notes = list(_notes(base, workloads, measured))
    if not found:
        return "\n".join(("", *notes, "No workload could be measured."))
    rows = [_row(title, each) for title, each in found.items()]
    lines = [
        "",
        f"CPU of the gateway's process for each request: {this} (this) beside {base} (base)",
        "",
        *columns(HEAD, rows, left=1),
        "",
        *notes,
        _conclusion(base, found),
        f"Rounds: {effort.rounds}, each with requests to both in turn for {effort.seconds:g} s of "
        "each workload. Figures are medians over them.",
    ]
    return "\n".join(lines)


def _row(title: str, each: Comparison) -> tuple[str, ...]:
    return (
        title,
        f"{each.base:.3f}",
        f"{each.this:.3f}",
        f"{each.ratio:.3f}",
        f"{each.low:.3f} to {each.high:.3f}",
        each.verdict,
    )


def _notes(base: str, workloads: Sequence[Workload], measured: Measured) -> Iterator[str]:
    for each in workloads:
        if (reason := measured.skipped.get(each.name)) is not None:
            yield f"Left out, as {base} can't answer it: {each.title} ({reason})"
        if (difference := measured.differences.get(each.name)) is not None:
            yield f"Answered differently: {each.title}, {difference} at {base}"


def _conclusion(base: str, found: dict[str, Comparison]) -> str:
    if any(each.rounds < FEWEST_ROUNDS for each in found.values()):
        return f"Fewer than {FEWEST_ROUNDS} rounds can't tell what is worse or better."
    worse = [
        f"{title} by {each.ratio - 1:.1%}"
        for title, each in found.items()
        if each.verdict == "worse"
    ]
    if worse:
        return f"Worse than at {base} by more than the spread: {', '.join(worse)}."
    return f"No workload is worse than at {base} by more than the spread."
