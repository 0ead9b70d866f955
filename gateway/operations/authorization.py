"""Who may see what of an operation: decided before it runs, from its plan and the identity
alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, GraphQLError, GraphQLOutputType, is_list_type, is_wrapping_type

from gateway.engine.plan import Plan, PlannedField, Selection
from gateway.errors import ITEM, Denied
from loaders.resource import Resource
from resolvers.directives import Requirement
from resolvers.graph import Graph
from resolvers.rules import Standing, Verdict, Verdicts

Path = tuple[str, ...]
Columns = Mapping[Resource, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Denial:
    """A field of an operation that its caller may not see, and the directive that says so."""

    path: Path
    coordinate: str
    requirement: Requirement
    nodes: Sequence[FieldNode] = ()

    def as_dict(self) -> dict[str, Any]:
        """As ``extensions.explain.denied`` shows it."""
        return {
            "path": list(self.path),
            "coordinate": self.coordinate,
            "directive": str(self.requirement),
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """What one standing may see of one plan.

    ``columns`` is what the rest needs of each resource, and ``guarded`` what is read apart, for
    the rows that a policy will have allowed. ``verdicts`` is the standing's on the whole graph.
    ``waiting`` are the denials of fields that are allowed on other types of an interface's or a
    union's place: they come true where an object of the type turns up. Unless it is ``enforced``,
    it says only what would be.
    """

    denials: Sequence[Denial]
    columns: Columns
    guarded: Columns
    verdicts: Verdicts
    waiting: Sequence[Denial] = ()
    enforced: bool = True

    def errors(self, *, anonymous: bool) -> list[GraphQLError]:
        """One error for each denied field of an operation that does not run, those that are
        ``waiting`` included."""
        denied = Denied(anonymous)
        # The types of an interface's or a union's place can have the same field denied.
        at = {denial.path: denial for denial in (*self.denials, *self.waiting)}
        return [
            GraphQLError(
                str(denied),
                # The first of the places where the field stands: there may be thousands of errors.
                nodes=denial.nodes[:1],
                path=list(denial.path),
                original_error=denied,
            )
            for denial in at.values()
        ]


def decide(graph: Graph, plan: Plan, standing: Standing, *, enforced: bool) -> Decision:
    """What the standing may see of the plan: neither a denied field nor anything below it needs
    a column, if that is ``enforced``."""
    walk = _Walk(graph, graph.rules.verdicts(standing), enforced)
    walk.selection(plan.selection, ())
    columns, guarded = _frozen(walk.columns), _frozen(walk.guarded)
    return Decision(walk.denials, columns, guarded, walk.verdicts, walk.waiting, enforced)


@dataclass(slots=True)
class _Walk:
    graph: Graph
    verdicts: Verdicts
    enforced: bool
    denials: list[Denial] = field(default_factory=list)
    columns: dict[Resource, set[str]] = field(default_factory=dict)
    guarded: dict[Resource, set[str]] = field(default_factory=dict)
    waiting: list[Denial] = field(default_factory=list)

    def selection(self, selection: Selection, path: Path, elsewhere: Collection[str] = ()) -> None:
        for key, planned in selection.items():
            self.field(planned, (*path, key), elsewhere=key in elsewhere)

    def is_denied(self, planned: PlannedField) -> bool:
        verdict = self.verdicts.get(planned.coordinate)
        return verdict is not None and verdict.is_denied

    def field(self, planned: PlannedField, path: Path, *, elsewhere: bool) -> None:
        coordinate = planned.coordinate
        verdict = self.verdicts.get(coordinate)
        if verdict is not None and verdict.is_denied:
            denial = Denial(path, coordinate, verdict.requirement, planned.nodes)
            if self.enforced and elsewhere:
                self.waiting.append(denial)
            else:
                self.denials.append(denial)
            if self.enforced:
                return
        into = self.columns
        if verdict is not None and not verdict.is_denied:
            self.judged(planned, verdict)
            if coordinate in self.graph.read_from_row:
                into = self.guarded
        for resource, column in self.graph.needs.get(coordinate, ()):
            into.setdefault(resource, set()).add(column)
        below = (*path, *indices(planned.definition.type))
        selections = planned.selections.values()
        allowed = {
            key for each in selections for key, child in each.items() if not self.is_denied(child)
        }
        for selection in selections:
            self.selection(selection, below, allowed)

    def judged(self, planned: PlannedField, verdict: Verdict) -> None:
        """What the policies look at, of the rows that the field stands on."""
        owner = self.graph.node_types.get(planned.parent_type.name)
        if owner is None:
            return
        needed = self.columns.setdefault(owner.resource, set())
        for alternatives in verdict.undecided:
            for group in alternatives:
                for name in group:
                    needed.update(self.graph.rules.policies[name].needs)


def indices(type_: GraphQLOutputType) -> Iterator[str]:
    """What a path has behind a field of this type: ``ITEM`` for each list in it."""
    while is_wrapping_type(type_):
        if is_list_type(type_):
            yield ITEM
        type_ = type_.of_type


def _frozen(columns: Mapping[Resource, set[str]]) -> Columns:
    return {resource: frozenset(names) for resource, names in columns.items()}
