"""Whether a workload takes more or less at this checkout than at the base, or none can tell.

The figure is the median of the rounds' ratios. Its spread is where the ratio really lies but by a
chance of one in a thousand on either side, whatever the noise looks like: if it lay above all of
ten ratios, each of them would have fallen on the same side of it by a half chance, which happens
once in 2^10. So of ten rounds the spread is all that was seen, and of more it leaves out the
outermost. Fewer can't tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import median

from benchmarks.commits.measuring import Pair

CHANCE = 0.001
FEWEST_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Comparison:
    """Milliseconds of CPU for each request, medians over the rounds; and this checkout's divided
    by the base's, with the spread of that."""

    base: float
    this: float
    ratio: float
    low: float
    high: float
    rounds: int

    @property
    def verdict(self) -> str:
        """``worse`` and ``better`` are by more than the spread."""
        if self.rounds < FEWEST_ROUNDS:
            return "too few rounds"
        if self.low > 1:
            return "worse"
        return "better" if self.high < 1 else "same"


def compare(pairs: Sequence[Pair]) -> Comparison:
    """Of at least one round."""
    ratios = sorted(each.ratio for each in pairs)
    out = left_out(len(ratios))
    return Comparison(
        base=median(each.base for each in pairs),
        this=median(each.this for each in pairs),
        ratio=median(ratios),
        low=ratios[out],
        high=ratios[-1 - out],
        rounds=len(ratios),
    )


def left_out(rounds: int) -> int:
    """How many of the outermost ratios on either side the spread of so many rounds leaves out."""
    # So many or fewer lie on one side of the real one.
    out, chance = 0, 1 / 2**rounds
    while (chance := chance + comb(rounds, out + 1) / 2**rounds) <= CHANCE:
        out += 1
    return out
