"""Both executions that the benchmark compares in memory give the same."""

from __future__ import annotations

from benchmarks.in_memory import measure


def test_both_engines_give_the_same() -> None:
    # It compares them before it measures.
    taken = measure(rounds=1, seconds=0)

    assert taken.engine > 0
