"""Weights and sizes of lists by which estimates go with what operations take, learned from what
some have taken.

That is least squares without negative weights: Lawson and Hanson, "Solving Least Squares Problems",
1974.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import nnls
from scipy.stats import spearmanr

from resolvers.costs import Costs

OBJECT_MS = 0.012
"""What the gateway itself takes for an object: 20 ms for the 1,653 of the shop's order page."""

FEWEST = 20
"""Operations of which something can be learned."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldRecord:
    """A field of an operation that was run: how many items were estimated, and how many came."""

    path: Path
    coordinate: str
    estimated: float
    actual: float


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """An operation that was run: what its fields have cost, and how many milliseconds the calls to
    its sources took, one by one."""

    fields: Sequence[FieldRecord]
    calls_ms: float

    @classmethod
    def of(cls, response: Mapping[str, Any], costs: Costs) -> OperationRecord | None:
        """The record of a response with ``extensions.cost`` and ``extensions.explain``; None of one
        that has not both, or has not run."""
        extensions = response.get("extensions", response)
        try:
            cost, calls = extensions["cost"], extensions["explain"]["calls"]
            if "actual" not in cost:
                return None
            fields = [
                FieldRecord(
                    tuple(each["path"]),
                    str(each["coordinate"]),
                    each["estimated"] / _weight(costs, each["coordinate"]),
                    each["actual"] / _weight(costs, each["coordinate"]),
                )
                for each in cost["fields"]
            ]
            return cls(fields, float(sum(call["ms"] for call in calls)))
        except (KeyError, TypeError):
            return None

    @property
    def ms(self) -> float:
        """What it took, at its sources and here."""
        return self.calls_ms + OBJECT_MS * sum(each.actual for each in self.fields)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to declare: the ``weights`` of fields and the ``sizes`` of lists, by coordinates.
    ``before`` and ``after`` are the rank correlations (Spearman) of the estimates with what was
    taken, the second of each fifth of the records by what the others taught."""

    weights: dict[str, int]
    sizes: dict[str, int]
    before: float
    after: float


def learn(records: Sequence[OperationRecord], costs: Costs) -> Proposal:
    """What the records teach. Raises ValueError where they are too few."""
    if len(records) < FEWEST:
        raise ValueError(f"{len(records)} operations teach nothing: have {FEWEST} at least.")
    took = np.array([record.ms for record in records])
    now = [sum(each.estimated * _weight(costs, each.coordinate) for each in record.fields)
           for record in records]  # fmt: skip
    held_out = np.zeros(len(records))
    for part in range(5):
        others = [record for place, record in enumerate(records) if place % 5 != part]
        lesson = _Lesson.of(others, costs)
        for place in range(part, len(records), 5):
            held_out[place] = lesson.estimate(records[place])
    lesson = _Lesson.of(records, costs)
    return Proposal(
        lesson.weights(sum(now)),
        lesson.sizes,
        float(spearmanr(now, took).statistic),
        float(spearmanr(held_out, took).statistic),
    )


@dataclass(slots=True)
class _Lesson:
    costs: Costs
    sizes: dict[str, int] = field(default_factory=dict)
    ms: dict[str, float] = field(default_factory=dict)
    _estimated: float = 0.0

    @classmethod
    def of(cls, records: Sequence[OperationRecord], costs: Costs) -> _Lesson:
        lesson = cls(costs)
        lesson._learn_sizes(records)
        lesson._learn_times(records)
        lesson._estimated = sum(map(lesson.estimate, records))
        return lesson

    def _learn_sizes(self, records: Sequence[OperationRecord]) -> None:
        """Of lists that no argument bounds, the mean of what objects had."""
        items, parents = dict[str, float](), dict[str, float]()
        for record in records:
            by_path = {each.path: each for each in record.fields}
            for each in record.fields:
                above = by_path.get(each.path[:-1])
                if self._is_assumed(each.coordinate) and (above is None or above.actual):
                    parents[each.coordinate] = parents.get(each.coordinate, 0.0) + (
                        1.0 if above is None else above.actual
                    )
                    items[each.coordinate] = items.get(each.coordinate, 0.0) + each.actual
        for coordinate, objects in parents.items():
            self.sizes[coordinate] = max(1, round(items[coordinate] / objects))

    def _is_assumed(self, coordinate: str) -> bool:
        size = self.costs.sizes.get(coordinate)
        return size is not None and not size.slicing and not size.fields

    def _learn_times(self, records: Sequence[OperationRecord]) -> None:
        coordinates = sorted({each.coordinate for record in records for each in record.fields})
        places = {coordinate: place for place, coordinate in enumerate(coordinates)}
        counts = np.zeros((len(records), len(coordinates)))
        for row, record in enumerate(records):
            for each in record.fields:
                counts[row, places[each.coordinate]] += each.actual
        took = np.array([record.ms for record in records])
        # A tenth more is as bad for a small operation as for a large one.
        scale = 1.0 / np.maximum(took, OBJECT_MS)
        times, _ = nnls(counts * scale[:, None], took * scale)
        self.ms = dict(zip(coordinates, map(float, times), strict=True))

    def estimate(self, record: OperationRecord) -> float:
        """The milliseconds that the record's operation is estimated to take."""
        factors: dict[Path, float] = {(): 1.0}
        total = 0.0
        for each in sorted(record.fields, key=lambda each: len(each.path)):
            factor = self._factor(factors, each.path[:-1])
            if each.coordinate in self.sizes:
                factor *= self.sizes[each.coordinate] / self.costs.sizes[each.coordinate].assumed
            factors[each.path] = factor
            total += each.estimated * factor * self.ms.get(each.coordinate, 0.0)
        return total

    def _factor(self, factors: Mapping[Path, float], path: Path) -> float:
        while path not in factors:
            path = path[:-1]
        return factors[path]

    def weights(self, now: float) -> dict[str, int]:
        """The weights, by which all records together cost what they do ``now``, as far as whole
        numbers can, so that limits stay what they are."""
        unit = self._estimated / now if now else 0.0
        if not unit:
            return {}
        return {coordinate: round(ms / unit) for coordinate, ms in self.ms.items()}


def _weight(costs: Costs, coordinate: str) -> int:
    """What one item of the field costs now, which is 1 for an object."""
    return max(1, costs.weights.get(coordinate, 1))
