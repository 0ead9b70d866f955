"""Where the objects of a breadth stand in the response: worked out only when someone asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from graphql import GraphQLObjectType
from graphql.pyutils import Path

from gateway.engine.steps import Step, Steps

Position = tuple[int, tuple[int, ...]]
"""The index of an object's parent in its breadth, and those of the lists that the object is in."""

Passed = list[tuple[Step, tuple[int, ...]]]
"""The fields on the way to a place, outermost first, each with the list indices behind it."""


class Places:
    """Where the objects stand that are the values of one field of a breadth.

    ``outs`` are the completed values, one for each object of the parents' breadth.
    """

    __slots__ = ("_positions", "breadth", "outs", "step")

    def __init__(self, breadth: Breadth, step: Step, outs: list[Any]) -> None:
        self.breadth = breadth
        self.step = step
        self.outs = outs
        self._positions: list[Position] | None = None

    def positions(self) -> list[Position]:
        if self._positions is None:
            depth = len(self.step.nullable) - 1
            outs = enumerate(self.outs)
            if not depth:
                self._positions = [(parent, ()) for parent, out in outs if type(out) is dict]
            else:
                self._positions = [
                    (parent, indices) for parent, out in outs for indices in _objects(out, depth)
                ]
        return self._positions


class Breadth:
    """All objects of one type at one place, and their parts of the response.

    ``places`` has where they stand, with ``indices`` if there are objects of other types too. The
    root's object stands nowhere.
    """

    __slots__ = ("_path", "_paths", "indices", "places", "results", "sources", "steps", "type")

    def __init__(
        self,
        type_: GraphQLObjectType,
        steps: Steps,
        sources: Sequence[Any],
        results: list[dict[str, Any]],
        places: Places | None = None,
        indices: list[int] | None = None,
    ) -> None:
        self.type = type_
        self.steps = steps
        self.sources = sources
        self.results = results
        self.places = places
        self.indices = indices
        self._path: Path | None = None
        self._paths: list[Path | None] | None = None

    def position(self, index: int) -> Position:
        assert self.places is not None
        if self.indices is not None:
            index = self.indices[index]
        return self.places.positions()[index]

    def paths(self) -> list[Path | None]:
        """The objects' response paths."""
        if self._paths is None:
            self._paths = list(self._find_paths())
        return self._paths

    def _find_paths(self) -> Iterator[Path | None]:
        places = self.places
        if places is None:
            yield None
            return
        step = places.step
        parents = places.breadth.paths()
        key, typename = step.key, step.parent_type.name
        for index in range(len(self.results)):
            parent, indices = self.position(index)
            path = Path(parents[parent], key, typename)
            for each in indices:
                path = Path(path, each, None)
            yield path

    def path(self) -> Path | None:
        """The place of the breadth in the operation: its path without indices."""
        places = self.places
        if places is not None and self._path is None:
            step = places.step
            self._path = Path(places.breadth.path(), step.key, step.parent_type.name)
        return self._path

    def root(self, step: Step) -> tuple[Breadth, Step]:
        """The root's field that a field of the breadth is below, or is, and its breadth."""
        places = self.places
        return (self, step) if places is None else places.breadth.root(places.step)

    def names(self) -> list[str]:
        """The names in its objects' paths."""
        places = self.places
        return [] if places is None else [*places.breadth.names(), places.step.key]

    def paths_to(self, indexes: Sequence[int]) -> list[list[str | int]]:
        """The response paths of these objects, each a list of its own."""
        return self._along(indexes, attrgetter("key"))

    def orders_of(self, indexes: Sequence[int]) -> list[list[int]]:
        """What sorts these objects as they stand in the response."""
        return self._along(indexes, attrgetter("order"))

    def _along(self, indexes: Sequence[int], of: Callable[[Step], Any]) -> list[list[Any]]:
        """What fields on the way to these objects have, each with the list indices behind it."""
        places = self.places
        if places is None:
            return [[] for _ in indexes]
        found, own = self._positions(indexes), of(places.step)
        above = list(dict.fromkeys([parent for parent, _ in found]))
        ways = dict(zip(above, places.breadth._along(above, of), strict=True))
        return [[*ways[parent], own, *behind] for parent, behind in found]

    def _positions(self, indexes: Sequence[int]) -> list[Position]:
        assert self.places is not None
        positions, own = self.places.positions(), self.indices
        if own is None:
            return [positions[each] for each in indexes]
        return [positions[own[each]] for each in indexes]

    def passed(self, index: int) -> Passed:
        """The fields on the way to an object."""
        passed: Passed = []
        breadth = self
        while breadth.places is not None:
            parent, indices = breadth.position(index)
            passed.append((breadth.places.step, indices))
            breadth, index = breadth.places.breadth, parent
        return passed[::-1]


def _objects(out: Any, depth: int) -> list[tuple[int, ...]]:
    """The list indices of the objects in a completed value, which is lists within each other, so
    many deep."""
    if type(out) is not list:
        return []
    if depth == 1:
        return [(index,) for index, item in enumerate(out) if type(item) is dict]
    return [
        (index, *indices) for index, item in enumerate(out) for indices in _objects(item, depth - 1)
    ]
