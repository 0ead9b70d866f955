"""A document's shape is within bounds, before it is validated: what validating takes grows with it,
and not with the document's length. So are the variables, before anything is made of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field

from graphql import (
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    NoFragmentCyclesRule,
    OperationDefinitionNode,
    SelectionSetNode,
    validate,
)

from gateway.errors import coded, too_complex
from gateway.operations.compat import schema_of
from gateway.operations.operation import OperationState, Rest
from gateway.operations.prepared import By, Prepared
from gateway.operations.results import Send
from gateway.settings import Settings
from resolvers.graph import Graph

MOST_PAIRS = 5_000
"""Pairs of fields of one name in one place, in all of a document: validation compares each with
each (``OverlappingFieldsCanBeMerged``), which takes some 20 µs."""

OPERATIONS = 10
"""How many of the largest operations one document may have: one runs, and all are validated."""

Fragments = Mapping[str, FragmentDefinitionNode]


class ShapeStage:
    """Refuses a document with an operation that is too deep, or has too many fields, aliases or
    directives, each counted as often as its fragments are spread."""

    name = "shape"
    by = By.TEXT

    def __init__(self, graph: Graph, settings: Settings) -> None:
        self._schema = schema_of(graph)
        self._limits = settings.limits

    def prepare(self, known: Prepared) -> None:
        document = known.document.ast
        fragments: dict[str, FragmentDefinitionNode] = {}
        operations: list[OperationDefinitionNode] = []
        for each in document.definitions:
            if isinstance(each, FragmentDefinitionNode):
                fragments[each.name.value] = each
            elif isinstance(each, OperationDefinitionNode):
                operations.append(each)
        shapes = _with_all_spreads({name: Shape.of(each) for name, each in fragments.items()})
        if len(shapes) < len(fragments):
            # Nothing can be said of the size of what is endless.
            cycles = validate(self._schema, document, [NoFragmentCyclesRule])
            known.errors = coded(cycles, "GRAPHQL_VALIDATION_FAILED")
            return
        work = _Work(fragments, fields=OPERATIONS * self._limits.fields)
        for operation in operations:
            self._check(Shape.of(operation).with_spreads(shapes), "operation")
            work.add(operation.selection_set)
        for name, shape in shapes.items():
            # Those that no operation spreads are validated, too. They stand at no root.
            if name not in work.reached:
                shape.top = 0
                self._check(shape, "fragment")
                work.add(fragments[name].selection_set)

    def around(self, operation: OperationState, send: Send, rest: Rest) -> Awaitable[None]:
        if operation.variables:
            most = self._limits.variables
            if _is_larger(operation.variables, most):
                raise too_complex(
                    f"The variables have more than {most:,} values: send fewer at a time."
                )
        return rest(operation, send)

    def _check(self, shape: Shape, what: str) -> None:
        limits = self._limits
        for has, most, exceeds in (
            (shape.depth, limits.depth, "nests fields deeper than {:,} levels"),
            (shape.fields, limits.fields, "has more than {:,} fields"),
            (shape.top, limits.root_fields, "has more than {:,} fields at its root"),
            (shape.aliases, limits.aliases, "has more than {:,} aliases"),
            (shape.directives, limits.directives, "has more than {:,} directives"),
        ):
            if has > most:
                raise too_complex(
                    f"The {what} {exceeds.format(most)}, with those of its fragments wherever they "
                    "are spread. Ask for less at a time, or send several operations."
                )


def _is_larger(value: object, most: int) -> bool:
    """Whether there are more than so many values in the value, itself and lists and objects
    included."""
    waiting, count = [value], 0
    while waiting:
        each = waiting.pop()
        count += 1
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
        if count + len(waiting) > most:
            return True
    return False


@dataclass(slots=True)
class Shape:
    """How large an operation or a fragment is. ``top`` are its fields that are in no other;
    ``spreads`` are names of fragments that don't count yet, and how many fields each is in."""

    depth: int = 0
    fields: int = 0
    top: int = 0
    aliases: int = 0
    directives: int = 0
    spreads: list[tuple[str, int]] = field(default_factory=list)

    @classmethod
    def of(cls, definition: ExecutableDefinitionNode) -> Shape:
        shape = cls(directives=len(definition.directives or ()))
        for variable in definition.variable_definitions or ():
            shape.directives += len(variable.directives or ())
        waiting = [(definition.selection_set, 0)]
        while waiting:
            selection_set, depth = waiting.pop()
            for each in selection_set.selections:
                shape.directives += len(each.directives or ())
                if isinstance(each, FragmentSpreadNode):
                    shape.spreads.append((each.name.value, depth))
                elif isinstance(each, FieldNode):
                    shape.fields += 1
                    shape.top += depth == 0
                    shape.aliases += each.alias is not None
                    shape.depth = max(shape.depth, depth + 1)
                    if each.selection_set is not None:
                        waiting.append((each.selection_set, depth + 1))
                elif isinstance(each, InlineFragmentNode):
                    waiting.append((each.selection_set, depth))
        return shape

    def with_spreads(self, shapes: Mapping[str, Shape]) -> Shape:
        """The same with what it spreads. A fragment that is not there counts for nothing."""
        whole = Shape(self.depth, self.fields, self.top, self.aliases, self.directives)
        for name, depth in self.spreads:
            if (spread := shapes.get(name)) is not None:
                whole.depth = max(whole.depth, depth + spread.depth)
                whole.fields += spread.fields
                whole.top += spread.top if depth == 0 else 0
                whole.aliases += spread.aliases
                whole.directives += spread.directives
        return whole


def _with_all_spreads(shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The shapes of fragments with all that they spread, but of those that are within themselves,
    or spread one that is."""
    waits_for = {
        name: {each for each, _ in shape.spreads if each in shapes}
        for name, shape in shapes.items()
    }
    spread_by = defaultdict[str, list[str]](list)
    for name, spreads in waits_for.items():
        for each in spreads:
            spread_by[each].append(name)
    whole: dict[str, Shape] = {}
    ready = [name for name, spreads in waits_for.items() if not spreads]
    while ready:
        name = ready.pop()
        whole[name] = shapes[name].with_spreads(whole)
        for each in spread_by[name]:
            waits_for[each].discard(name)
            if not waits_for[each]:
                ready.append(each)
    return whole


class _Work:
    """What comparing the fields of a document takes. ``reached`` are the fragments in it."""

    def __init__(self, fragments: Fragments, *, fields: int) -> None:
        self._fragments = fragments
        self._most_fields = fields
        self._fields = self._pairs = 0
        self.reached: set[str] = set()

    def add(self, root: SelectionSetNode) -> None:
        """Count the fields below, and their pairs. Raises GraphQLError where they are too many."""
        places = [[root]]
        while places:
            below = defaultdict[str, list[SelectionSetNode]](list)
            named = Counter[str]()
            spread = set[str]()
            waiting = places.pop()
            while waiting:
                for each in waiting.pop().selections:
                    if isinstance(each, FieldNode):
                        name = (each.alias or each.name).value
                        named[name] += 1
                        if each.selection_set is not None:
                            below[name].append(each.selection_set)
                    elif isinstance(each, InlineFragmentNode):
                        waiting.append(each.selection_set)
                    elif isinstance(each, FragmentSpreadNode):
                        name = each.name.value
                        if name in self._fragments and name not in spread:
                            spread.add(name)
                            waiting.append(self._fragments[name].selection_set)
            self.reached |= spread
            places.extend(below.values())
            self._fields += named.total()
            self._pairs += sum(times * (times - 1) // 2 for times in named.values())
            if self._fields > self._most_fields:
                raise too_complex(
                    f"The document's operations have more than {self._most_fields:,} fields. Send "
                    "fewer of them in one document."
                )
            if self._pairs > MOST_PAIRS:
                raise too_complex(
                    "The document has the same fields in the same places too often. Ask for each "
                    "of them once."
                )
