"""What is said of two commits is more than noise, and all of it is in the table."""

from __future__ import annotations

import random

import pytest

from benchmarks.commits import report
from benchmarks.commits.comparison import Comparison, compare, left_out
from benchmarks.commits.measuring import Effort, Measured, Pair
from benchmarks.workloads import Workload


def pairs(*ratios: float) -> list[Pair]:
    """With whatever noise in the figures, which the ratios are free of."""
    return [Pair(base=2.0 + place, this=(2.0 + place) * each) for place, each in enumerate(ratios)]


def test_a_comparison_is_of_medians_and_of_ratios_within_rounds() -> None:
    found = compare([Pair(1, 2), Pair(10, 11), Pair(4, 2)])

    assert found == Comparison(base=4, this=2, ratio=1.1, low=0.5, high=2, rounds=3)


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ([1.01] * 10, "worse"),
        ([0.99] * 10, "better"),
        ([1.0] * 10, "same"),
        ([1.5] * 9 + [0.999], "same"),
        ([0.5] * 9 + [1.001], "same"),
        ([1.5] * 9 + [1.0], "same"),
        ([1.5] * 9, "too few rounds"),
        # One of more rounds may be an accident.
        ([1.5] * 13 + [0.9], "worse"),
        ([0.5] * 13 + [1.1], "better"),
        ([1.5] * 12 + [0.9, 0.9], "same"),
    ],
)
def test_a_verdict_needs_ratios_that_agree(ratios: list[float], verdict: str) -> None:
    assert compare(pairs(*ratios)).verdict == verdict


@pytest.mark.parametrize(
    ("rounds", "expected"),
    # The tables of the sign test, at 0.1 % on either side.
    [(1, 0), (9, 0), (10, 0), (13, 0), (14, 1), (17, 1), (18, 2), (20, 2), (25, 4), (100, 34)],
)
def test_the_spread_leaves_out_what_chance_may_do(rounds: int, expected: int) -> None:
    assert left_out(rounds) == expected


@pytest.mark.parametrize("rounds", [10, 20, 50])
def test_equal_commits_are_seldom_told_apart(rounds: int) -> None:
    drawn = random.Random(rounds)

    verdicts = [
        compare(pairs(*(drawn.lognormvariate(0, 0.2) for _ in range(rounds)))).verdict
        for _ in range(5000)
    ]

    # Expected are 0.2 % or fewer.
    assert verdicts.count("worse") + verdicts.count("better") < 25


def workload(name: str) -> Workload:
    return Workload(name, f"the {name}", name, "{ __typename }")


def test_a_report_has_a_row_for_each_workload() -> None:
    measured = Measured()
    measured.pairs["list"] = [Pair(2.0, 2.2), *pairs(*[1.1] * 10)]
    measured.pairs["page"] = pairs(*[0.9, 1.0] * 5)
    measured.pairs["chain"] = pairs(*[0.5] * 10)

    told = report.text(
        "aaa", "bbb", [workload(name) for name in ("list", "page", "chain")], measured, Effort()
    )

    assert told.splitlines() == [
        "",
        "CPU of the gateway's process for each request: bbb (this) beside aaa (base)",
        "",
        "workload   base ms  this ms  ratio          spread  verdict",
        "the list     6.000    6.600  1.100  1.100 to 1.100    worse",
        "the page     6.500    6.200  0.950  0.900 to 1.000     same",
        "the chain    6.500    3.250  0.500  0.500 to 0.500   better",
        "",
        "Worse than at aaa by more than the spread: the list by 10.0%.",
        "Rounds: 10, each with requests to both in turn for 1 s of each workload. "
        "Figures are medians over them.",
    ]


def test_a_report_says_what_was_left_out_and_what_was_answered_differently() -> None:
    measured = Measured()
    measured.pairs["page"] = pairs(*[1.0] * 10)
    measured.skipped["list"] = "aaa: status 400"
    measured.differences["page"] = "data.a: 1 here, 2 there"

    told = report.text("aaa", "bbb", [workload("list"), workload("page")], measured, Effort())

    assert told.splitlines()[3:] == [
        "workload  base ms  this ms  ratio          spread  verdict",
        "the page    6.500    6.500  1.000  1.000 to 1.000     same",
        "",
        "Left out, as aaa can't answer it: the list (aaa: status 400)",
        "Answered differently: the page, data.a: 1 here, 2 there at aaa",
        "No workload is worse than at aaa by more than the spread.",
        "Rounds: 10, each with requests to both in turn for 1 s of each workload. "
        "Figures are medians over them.",
    ]


def test_few_rounds_come_to_no_conclusion() -> None:
    measured = Measured()
    measured.pairs["page"] = pairs(*[1.5] * 3)

    told = report.text("aaa", "bbb", [workload("page")], measured, Effort(rounds=3, seconds=0.3))

    assert told.splitlines()[4:] == [
        "the page    3.000    4.500  1.500  1.500 to 1.500  too few rounds",
        "",
        "Fewer than 10 rounds can't tell what is worse or better.",
        "Rounds: 3, each with requests to both in turn for 0.3 s of each workload. "
        "Figures are medians over them.",
    ]


def test_a_report_of_nothing_says_so() -> None:
    measured = Measured()
    measured.skipped["page"] = "aaa: status 400"

    told = report.text("aaa", "bbb", [workload("page")], measured, Effort())

    assert told.splitlines()[-2:] == [
        "Left out, as aaa can't answer it: the page (aaa: status 400)",
        "No workload could be measured.",
    ]
