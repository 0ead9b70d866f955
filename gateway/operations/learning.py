"""Weights, sizes of lists and costs of calls by which estimates go with what operations take,
learned from what some have taken.

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
"""What the gateway itself takes for an object of the shop's pages."""

FEWEST = 20
"""Operations of which something can be learned."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldRecord:
    """A field of an operation that was run: how many items were estimated, and how many came.
    ``source`` is that which was to be called for it, if one was, and ``called`` whether it was."""

    path: Path
    coordinate: str
    estimated: float
    actual: float
    source: str | None = None
    called: bool = False

    @classmethod
    def of(cls, told: Mapping[str, Any], costs: Costs) -> FieldRecord:
        """The record of a field as ``extensions.cost`` tells of it."""
        coordinate, call = str(told["coordinate"]), told.get("call", 0)
        weight = _weight(costs, coordinate)
        called = bool(call and told["actual"])
        return cls(
            tuple(told["path"]),
            coordinate,
            (told["estimated"] - call) / weight,
            (told["actual"] - call * called) / weight,
            costs.calls[coordinate].source if call else None,
            called,
        )


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
            fields = [FieldRecord.of(each, costs) for each in cost["fields"]]
            return cls(fields, float(sum(call["ms"] for call in calls)))
        except (KeyError, TypeError):
            return None

    @property
    def ms(self) -> float:
        """What it took, at its sources and here."""
        return self.calls_ms + OBJECT_MS * sum(each.actual for each in self.fields)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to declare: the ``weights`` of fields and the ``sizes`` of lists, by coordinates, and
    what ``calls`` cost, by sources. ``before`` and ``after`` are the rank correlations (Spearman)
    of the estimates with what was taken, the second of each fifth of the records by what the others
    taught."""

    weights: dict[str, int]
    sizes: dict[str, int]
    calls: dict[str, int]
    before: float
    after: float


def learn(records: Sequence[OperationRecord], costs: Costs) -> Proposal:
    """What the records teach. Raises ValueError where they are too few."""
    if len(records) < FEWEST:
        raise ValueError(f"{len(records)} operations teach nothing: have {FEWEST} at least.")
    took = np.array([record.ms for record in records])
    now = [sum(_now(each, costs) for each in record.fields) for record in records]
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
        lesson.calls(sum(now)),
        float(spearmanr(now, took).statistic),
        float(spearmanr(held_out, took).statistic),
    )


@dataclass(slots=True)
class _Lesson:
    costs: Costs
    sizes: dict[str, int] = field(default_factory=dict)
    ms: dict[str, float] = field(default_factory=dict)
    call_ms: dict[str, float] = field(default_factory=dict)
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
        sources = sorted(
            {each.source for record in records for each in record.fields if each.source}
        )
        places = {coordinate: place for place, coordinate in enumerate(coordinates)}
        calls = {source: place for place, source in enumerate(sources, len(coordinates))}
        counts = np.zeros((len(records), len(coordinates) + len(sources)))
        for row, record in enumerate(records):
            for each in record.fields:
                counts[row, places[each.coordinate]] += each.actual
                if each.source and each.called:
                    counts[row, calls[each.source]] += 1
        took = np.array([record.ms for record in records])
        # A tenth more is as bad for a small operation as for a large one.
        scale = 1.0 / np.maximum(took, OBJECT_MS)
        times, _ = nnls(counts * scale[:, None], took * scale)
        self.ms = {coordinate: float(times[place]) for coordinate, place in places.items()}
        self.call_ms = {source: float(times[place]) for source, place in calls.items()}

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
            total += self.call_ms.get(each.source, 0.0) if each.source else 0.0
        return total

    def _factor(self, factors: Mapping[Path, float], path: Path) -> float:
        while path not in factors:
            path = path[:-1]
        return factors[path]

    def weights(self, now: float) -> dict[str, int]:
        """The weights, by which all records together cost what they do ``now``, as far as whole
        numbers can, so that limits stay what they are."""
        return self._units(self.ms, now)

    def calls(self, now: float) -> dict[str, int]:
        """What calls cost, in the same way."""
        return self._units(self.call_ms, now)

    def _units(self, ms: Mapping[str, float], now: float) -> dict[str, int]:
        unit = self._estimated / now if now else 0.0
        return {name: round(each / unit) for name, each in ms.items()} if unit else {}


def _now(each: FieldRecord, costs: Costs) -> float:
    """What a field is estimated to cost now."""
    call = costs.price(costs.calls[each.coordinate]) if each.source else 0
    return each.estimated * _weight(costs, each.coordinate) + call


def _weight(costs: Costs, coordinate: str) -> int:
    """What one item of the field costs now, which is 1 for an object."""
    return max(1, costs.weights.get(coordinate, 1))
