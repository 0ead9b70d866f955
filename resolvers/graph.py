"""A graph: a Strawberry schema whose types know their resources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLField, GraphQLObjectType
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext
from strawberry.types.field import StrawberryField

from gateway.engine.plan import Plan
from gateway.errors import present
from loaders.base import Resource
from resolvers.fields import NEEDS, SPEC, Column, FetchedField, Node, column_name, global_id
from resolvers.scalars import SCALARS

BACKREF = "strawberry-definition"


class Graph(strawberry.Schema):
    """The schema that the gateway serves.

    ``needs`` holds, for each schema coordinate, the columns that its field reads, and
    ``source_of`` the name of the source that its value comes from, for columns.
    ``hide_suggestions`` keeps names of the schema out of error messages.
    """

    hide_suggestions: bool = False

    def __init__(
        self,
        query: type,
        *,
        mutation: type | None = None,
        subscription: type | None = None,
        types: Iterable[type] = (),
        extensions: Sequence[type[SchemaExtension]] = (),
    ) -> None:
        super().__init__(
            query,
            mutation=mutation,
            subscription=subscription,
            types=types,
            extensions=extensions,
            config=StrawberryConfig(default_resolver=lookup_value, scalar_map=SCALARS),
        )
        self.node_types: dict[str, type[Node]] = {}
        self.needs: dict[str, frozenset[tuple[Resource, str]]] = {}
        self.source_of: dict[str, str] = {}
        for type_ in self._schema.type_map.values():
            if isinstance(type_, GraphQLObjectType):
                self._bind(type_)

    def columns(self, plan: Plan) -> Mapping[Resource, frozenset[str]]:
        """What the plan's operation needs of each resource: the projections of its fetches."""
        needed: dict[Resource, set[str]] = {}
        for planned in plan.walk():
            for resource, column in self.needs.get(planned.coordinate, ()):
                needed.setdefault(resource, set()).add(column)
        return {resource: frozenset(columns) for resource, columns in needed.items()}

    def _get_custom_context_kwargs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        given = super()._get_custom_context_kwargs(*args, **kwargs)
        return {**given, "hide_suggestions": self.hide_suggestions}

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Makes the errors what a client is told. Strawberry calls this on every transport."""
        planned = getattr(execution_context and execution_context.context, "planned", None)
        errors[:] = present(errors, lambda path: self._source_at(planned and planned.plan, path))

    def _source_at(self, plan: Plan | None, path: Sequence[str | int]) -> str | None:
        # That of the nearest column: a value inside an embedded document is its column's.
        found = None
        if plan is not None:
            for step in plan.along(path):
                for planned in step:
                    found = self.source_of.get(planned.coordinate, found)
        return found

    def _bind(self, type_: GraphQLObjectType) -> None:
        definition = type_.extensions.get(BACKREF)
        origin = getattr(definition, "origin", None)
        owner = origin if isinstance(origin, type) and issubclass(origin, Node) else None
        if owner is not None:
            self.node_types[type_.name] = owner
            # Rows are not instances of the type that shows them.
            type_.is_type_of = None
        for name, graphql_field in type_.fields.items():
            field = graphql_field.extensions.get(BACKREF)
            if isinstance(field, StrawberryField):
                self._bind_field(f"{type_.name}.{name}", graphql_field, field, type_.name, owner)

    def _bind_field(
        self,
        coordinate: str,
        graphql_field: GraphQLField,
        field: StrawberryField,
        type_name: str,
        owner: type[Node] | None,
    ) -> None:
        spec = field.metadata.get(SPEC)
        if isinstance(field, FetchedField):
            self.needs[coordinate] = frozenset(field.fetch.needs(field))
        elif owner is not None and field.is_basic_field:
            if field.python_name == "id":
                column = owner.resource.key
                graphql_field.resolve = _id_resolver(type_name, column)
            else:
                column = column_name(field, spec if isinstance(spec, Column) else Column())
                graphql_field.resolve = _column_resolver(column)
            self.needs[coordinate] = frozenset([(owner.resource, column)])
            self.source_of[coordinate] = owner.resource.source
        elif owner is not None:
            needed = field.metadata.get(NEEDS, ())
            self.needs[coordinate] = frozenset((owner.resource, column) for column in needed)


def lookup_value(value: Any, name: str) -> Any:
    """A plain field's value: an item of an embedded document, else an attribute."""
    if isinstance(value, Mapping):
        return value.get(name)
    if isinstance(value, (str, bytes, int, float, Sequence)):
        # A source sent it in place of a document. Its attributes are Python's, no fields.
        raise TypeError(f"{type(value).__name__} has no fields")
    return getattr(value, name)


def _column_resolver(column: str) -> Callable[..., Any]:
    def resolve(row: Any, _info: Any) -> Any:
        return row.get(column)

    return resolve


def _id_resolver(type_name: str, column: str) -> Callable[..., str]:
    def resolve(row: Any, _info: Any) -> str:
        key = row.get(column)
        if key is None:
            raise ValueError(f"a row of {type_name} without its key")
        return global_id(type_name, key)

    return resolve
