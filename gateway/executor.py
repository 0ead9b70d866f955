"""graphql-core's executor, with what authorization adds to every response."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, GraphQLField, GraphQLObjectType, GraphQLResolveInfo
from graphql.pyutils import Path
from graphql.type import SchemaMetaFieldDef, TypeMetaFieldDef
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

if TYPE_CHECKING:
    from gateway.context import Context


class Executor(StrawberryGraphQLCoreExecutionContext):
    """Runs what is left of an operation: its denied fields are errors of every response, its
    introspection shows what its caller may see, and each event of a subscription has a context of
    its own."""

    context_value: Context

    def build_response(self, data: dict[str, Any] | None) -> Any:
        context = self.context_value
        if context.decision.enforced:
            anonymous = context.identity.is_anonymous
            self.collected_errors.errors.extend(context.decision.errors(anonymous=anonymous))
        return super().build_response(data)

    def build_resolve_info(
        self,
        field_def: GraphQLField,
        field_nodes: list[FieldNode],
        parent_type: GraphQLObjectType,
        path: Path,
    ) -> GraphQLResolveInfo[Context]:
        info = super().build_resolve_info(field_def, field_nodes, parent_type, path)
        visible = self.context_value.visible_schema
        if visible is not None and field_def in (SchemaMetaFieldDef, TypeMetaFieldDef):
            info = copy(info)._replace(schema=visible)
        return info

    def build_per_event_executor(self, payload: Any) -> Executor:
        executor = super().build_per_event_executor(payload)
        assert isinstance(executor, Executor)
        executor.context_value = self.context_value.event()
        return executor
