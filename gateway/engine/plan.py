"""An operation compiled against the schema: the one walk of selections in the code base.

A plan is compiled for one document, operation and choice of ``@skip`` and ``@include``, so it
has no conditions left in it: what stands in it is what runs, in the order in which it will be
answered. Fields are collected and merged as the specification's sections 6.3.2
(CollectFields) and 6.4.3 (MergeSelectionSets) say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    Visitor,
    get_named_type,
    is_abstract_type,
    is_object_type,
    visit,
)

MOST_FIELDS = 20_000
"""Fields that one plan may have. Fragments within fragments can multiply without bound."""

Selection = dict[str, "PlannedField"]
"""The fields of one object type at one place, by response key, in the order of the answer."""


@dataclass(slots=True)
class PlannedField:
    """A field of an operation at one place, all its selections merged.

    ``selections`` holds what is selected of its value, for each object type that it can have;
    it is empty for a leaf.
    """

    response_key: str
    parent_type: GraphQLObjectType
    definition: GraphQLField
    nodes: list[FieldNode]
    selections: dict[str, Selection] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.nodes[0].name.value

    @property
    def coordinate(self) -> str:
        """The field's schema coordinate, such as ``Customer.email``."""
        return f"{self.parent_type.name}.{self.name}"

    @property
    def arguments(self) -> dict[str, ValueNode]:
        """The values that the operation gives, by the arguments' names."""
        return {argument.name.value: argument.value for argument in self.nodes[0].arguments or ()}

    def walk(self) -> Iterator[PlannedField]:
        """This field and all below it, parents first."""
        yield self
        for selection in self.selections.values():
            for child in selection.values():
                yield from child.walk()


@dataclass(slots=True)
class Plan:
    """A compiled operation; ``size`` is the number of its fields.

    ``incremental`` are the ``@defer`` and ``@stream`` that stand in it, active or not. ``steps``
    is what the breadth-first executor makes of the plan, once.
    """

    operation: OperationDefinitionNode
    root_type: GraphQLObjectType
    selection: Selection
    size: int
    incremental: tuple[DirectiveNode, ...] = ()
    steps: Any = field(default=None, init=False, repr=False, compare=False)

    def walk(self) -> Iterator[PlannedField]:
        """Every field of the operation, parents before their children."""
        for planned in self.selection.values():
            yield from planned.walk()

    def along(self, path: Sequence[str | int]) -> Iterator[list[PlannedField]]:
        """The fields that a response path passes, outermost first.

        A step of the path has several candidates where its parent's type is abstract.
        """
        candidates = [self.selection]
        for key in path:
            if isinstance(key, str):
                step = [selection[key] for selection in candidates if key in selection]
                yield step
                candidates = [
                    selection for planned in step for selection in planned.selections.values()
                ]


def condition_variables(document: DocumentNode) -> frozenset[str]:
    """The variables that decide a ``@skip`` or ``@include`` anywhere in the document."""
    collector = _ConditionVariables()
    visit(document, collector)
    return frozenset(collector.names)


def compile_plan(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation_name: str | None,
    conditions: Mapping[str, bool],
) -> Plan:
    """The plan of a valid document's operation (its only one, if no name is given).

    ``conditions`` has the value of each condition variable; one that is left out has the default
    of its definition. Raises GraphQLError if there is no such operation, or if it is larger than
    ``MOST_FIELDS``.
    """
    return _Compiler(schema, document, operation_name, conditions).compile()


class _ConditionVariables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        if node.name.value in ("skip", "include"):
            for argument in node.arguments or ():
                if isinstance(argument.value, VariableNode):
                    self.names.add(argument.value.name.value)


class _Compiler:
    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation_name: str | None,
        conditions: Mapping[str, bool],
    ) -> None:
        self.schema = schema
        self.fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self.operation = _operation(document, operation_name)
        self.conditions = {**_defaults(self.operation), **conditions}
        self.fields = 0
        self.incremental: dict[int, DirectiveNode] = {}

    def compile(self) -> Plan:
        root = self.schema.get_root_type(self.operation.operation)
        if root is None:
            raise GraphQLError(f"This schema has no {self.operation.operation.value}s.")
        selection = self.select(root, [self.operation.selection_set])
        return Plan(self.operation, root, selection, self.fields, tuple(self.incremental.values()))

    def select(self, type_: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> Selection:
        nodes: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for selection_set in sets:
            self.collect(type_, selection_set, nodes, visited)
        selection: Selection = {}
        for key, merged in nodes.items():
            definition = self.schema.get_field(type_, merged[0].name.value)
            if definition is not None:
                selection[key] = self.plan_field(key, type_, definition, merged)
        return selection

    def plan_field(
        self,
        key: str,
        parent: GraphQLObjectType,
        definition: GraphQLField,
        nodes: list[FieldNode],
    ) -> PlannedField:
        self.fields += 1
        if self.fields > MOST_FIELDS:
            raise GraphQLError(
                f"The operation selects more than {MOST_FIELDS} fields.",
                extensions={"code": "OPERATION_TOO_COMPLEX"},
            )
        planned = PlannedField(key, parent, definition, nodes)
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        if sets:
            for type_ in self.object_types(definition):
                planned.selections[type_.name] = self.select(type_, sets)
        return planned

    def object_types(self, definition: GraphQLField) -> Sequence[GraphQLObjectType]:
        named = get_named_type(definition.type)
        if is_abstract_type(named):
            return self.schema.get_possible_types(named)
        return [named] if is_object_type(named) else []

    def collect(
        self,
        type_: GraphQLObjectType,
        selection_set: SelectionSetNode,
        nodes: dict[str, list[FieldNode]],
        visited: set[str],
    ) -> None:
        for node in selection_set.selections:
            if not self.included(node.directives):
                continue
            for directive in node.directives or ():
                if directive.name.value in ("defer", "stream"):
                    self.incremental[id(directive)] = directive
            if isinstance(node, FieldNode):
                key = (node.alias or node.name).value
                nodes.setdefault(key, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                if self.applies(node.type_condition, type_):
                    self.collect(type_, node.selection_set, nodes, visited)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                visited.add(node.name.value)
                fragment = self.fragments[node.name.value]
                if self.applies(fragment.type_condition, type_):
                    self.collect(type_, fragment.selection_set, nodes, visited)

    def applies(self, condition: NamedTypeNode | None, type_: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == type_.name:
            return True
        named = self.schema.get_type(condition.name.value)
        return is_abstract_type(named) and self.schema.is_sub_type(named, type_)

    def included(self, directives: Sequence[DirectiveNode] | None) -> bool:
        for directive in directives or ():
            name = directive.name.value
            if name in ("skip", "include") and directive.arguments:
                value = directive.arguments[0].value
                if isinstance(value, VariableNode):
                    condition = self.conditions.get(value.name.value, False)
                else:
                    condition = isinstance(value, BooleanValueNode) and value.value
                if condition is (name == "skip"):
                    return False
        return True


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [
        definition
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        and (name is None or (definition.name is not None and definition.name.value == name))
    ]
    if not operations:
        raise GraphQLError(
            "The document has no operation." if name is None else f"Unknown operation '{name}'."
        )
    if len(operations) > 1:
        raise GraphQLError("The document has several operations: say which one by its name.")
    return operations[0]


def _defaults(operation: OperationDefinitionNode) -> dict[str, bool]:
    return {
        definition.variable.name.value: definition.default_value.value
        for definition in operation.variable_definitions or ()
        if isinstance(definition.default_value, BooleanValueNode)
    }
