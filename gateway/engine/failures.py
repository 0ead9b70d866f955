"""Errors of fields: placed in the response where they happened, and made of it what the
specification says when all else is done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from graphql import GraphQLError

from gateway.engine.located import MOST_PLACES, TooManyErrors, at, explanation, located, weight
from gateway.engine.places import Breadth
from gateway.engine.steps import Step


class Failed:
    """Stands where a value would be, had it not failed."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


_Place = tuple[int, tuple[int, ...], Exception]
"""Where a field of a breadth failed, and why: the index of the object, and those of the lists in
its value."""


class Failures:
    """The fields of one execution that failed, and their ``errors``.

    Without ``propagate`` null stands where they failed in any case.
    """

    def __init__(self, *, propagate: bool) -> None:
        self.errors: list[GraphQLError] = []
        self._propagate = propagate
        self._fields: list[tuple[Breadth, Step, list[Any]]] = []
        self._left = MOST_PLACES
        # Where null stands for errors at places that can't be null.
        self._moved: dict[int, list[str | int]] = {}

    def add(self, breadth: Breadth, step: Step, outs: list[Any]) -> None:
        """Note a field of a breadth with its completed values, of which some have failed."""
        self._fields.append((breadth, step, outs))

    def settle(self, data: dict[str, Any] | None) -> dict[str, Any] | None:
        """Put null where a field failed, or if there may be none, around it. Returns the response's
        data, changed in place.

        Each place that is null for it has one error, in the order of the response; what fails
        within something that is null already has none.
        """
        errors: list[GraphQLError] = []
        orders: list[list[int]] = []
        failed = self._failed_places()
        for breadth, step, places in failed:
            errors += self._of(breadth, step, places)
            if len(failed) > 1:
                orders += _orders(breadth, step, places)
        if orders:
            by_order = sorted(range(len(errors)), key=orders.__getitem__)
            errors = [errors[each] for each in by_order]
        if self._moved:
            data, errors = self._move(data, errors)
        self.errors = errors if data is None else self.errors + errors
        return data

    def _failed_places(self) -> list[tuple[Breadth, Step, list[_Place]]]:
        """The places of each field that failed. Where there are too many, the root's field that has
        them stands for its own."""
        fields, self._fields = self._fields, []
        found: list[tuple[Breadth, Step, list[_Place]]] = []
        spent: Counter[Step] = Counter()
        over: dict[Step, Breadth] = {}
        for breadth, step, outs in fields:
            top, root = breadth.root(step)
            if root in over:
                continue
            cost = weight([*breadth.names(), step.key])
            places = list(islice(_failed(outs, len(step.nullable) - 1), self._left // cost + 1))
            found.append((breadth, step, places))
            spent[root] += cost * len(places)
            self._left -= cost * len(places)
            if self._left < 0:
                over[root] = top
                self._left += spent[root]
        if over:
            found = [each for each in found if each[0].root(each[1])[1] not in over]
            found += [(top, root, [(0, (), TooManyErrors())]) for root, top in over.items()]
        return found

    def _of(self, breadth: Breadth, step: Step, places: list[_Place]) -> list[GraphQLError]:
        """The errors of a field. Where null may stand at their places, it does now."""
        key, results, nullable = step.key, breadth.results, step.nullable
        # What failed alike is made into an error once: thousands of places can be denied.
        alike: dict[int, GraphQLError] = {}
        errors: list[GraphQLError] = []
        paths = breadth.paths_to([index for index, _, _ in places])
        for (index, indices, error), path in zip(places, paths, strict=True):
            path.append(key)
            path += indices
            first = alike.get(id(error))
            if first is None:
                first = made = alike[id(error)] = located(error, step.nodes, path)
            else:
                made = at(first, path)
            errors.append(made)
            if self._propagate and not nullable[len(indices)]:
                self._moved[id(made)] = path[: _nullable(breadth, index, step, indices)]
            elif indices:
                _put_null(results[index][key], indices)
            else:
                results[index][key] = None
        return errors

    def _move(
        self, data: dict[str, Any] | None, errors: list[GraphQLError]
    ) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """Put null around the places where there may be none. Returns the data, and those of the
        errors that are not within what another makes null."""
        nulls: dict[tuple[str | int, ...], GraphQLError] = {}
        for error in errors:
            place = self._moved.get(id(error))
            if place is not None:
                nulls.setdefault(tuple(place), error)
                if place:
                    _put_null(data, place)
        self._moved.clear()
        left = [each for each in errors if explanation(each.path or (), nulls, each) is each]
        return None if () in nulls else data, left


def _orders(breadth: Breadth, step: Step, places: list[_Place]) -> list[list[int]]:
    """What sorts the places as they stand in the response."""
    orders = breadth.orders_of([index for index, _, _ in places])
    return [
        [*above, step.order, *indices]
        for (_, indices, _), above in zip(places, orders, strict=True)
    ]


def _failed(outs: list[Any], depth: int) -> Iterator[_Place]:
    """What failed of completed values, which are lists within each other, so many deep."""
    for index, out in enumerate(outs):
        if type(out) is Failed:
            yield index, (), out.error
        elif depth and type(out) is list:
            for inner, indices, error in _failed(out, depth - 1):
                yield index, (inner, *indices), error


def _nullable(breadth: Breadth, index: int, step: Step, indices: tuple[int, ...]) -> int:
    """How much of the path of a place leads to the nearest around it where null may stand; nothing
    of it, if that is all of the data."""
    nullable: list[bool] = []
    for passed, behind in (*breadth.passed(index), (step, indices)):
        nullable += passed.nullable[: len(behind) + 1]
    while nullable and not nullable[-1]:
        nullable.pop()
    return len(nullable)


def _put_null(data: Any, place: Sequence[str | int]) -> None:
    """Put null at the place, unless something around it is null already."""
    *around, last = place
    for key in around:
        if data is None:
            return
        data = data[key]
    if data is not None:
        data[last] = None
