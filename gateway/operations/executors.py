"""The executors that run operations."""

from __future__ import annotations

from copy import copy
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationType,
)
from graphql.execution import Executor as PlainExecutor
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import AwaitableOrValue, Path
from graphql.type import SchemaMetaFieldDef, TypeMetaFieldDef, is_introspection_type

from gateway.engine.breadth import BreadthExecutor
from gateway.engine.collected import ErrorsInPlace
from gateway.engine.plan import Plan
from gateway.errors import BadUserInput, GatewayError
from gateway.operations.admission import Place
from gateway.operations.compat import StrawberryGraphQLCoreExecutionContext
from gateway.operations.variables import told_in_json

if TYPE_CHECKING:
    from gateway.operations.context import Context


class CoreExecutor(ErrorsInPlace, StrawberryGraphQLCoreExecutionContext):
    """graphql-core's, object by object.

    Introspection shows what its caller may see, and each event of a subscription has a context of
    its own.
    """

    context_value: Context
    place: Place | None = None
    """Of an event of a subscription, those of which its execution is one."""

    @classmethod
    def build(cls, schema: GraphQLSchema, *args: Any, **given: Any) -> Any:
        built = super().build(schema, *args, **given)
        if not isinstance(built, list):
            return built
        # Behind the document, the root and the context come the variables.
        variables = args[3] if len(args) > 3 else given.get("raw_variable_values")
        hidden = given.get("hide_suggestions", False)
        return told_in_json(built, schema, variables or {}, hide_suggestions=hidden)

    def build_resolve_info(
        self,
        field_def: GraphQLField,
        field_nodes: list[FieldNode],
        parent_type: GraphQLObjectType,
        path: Path,
    ) -> GraphQLResolveInfo[Context]:
        info = super().build_resolve_info(field_def, field_nodes, parent_type, path)
        visible = self.context_value.visible_schema
        # An interface's possibleTypes are asked of the schema, too.
        if visible is not None and (
            field_def in (SchemaMetaFieldDef, TypeMetaFieldDef)
            or is_introspection_type(parent_type)
        ):
            info = copy(info)._replace(schema=visible)
        return info

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,
    ) -> AwaitableOrValue[Any]:
        if path.prev is None and self.operation.operation is OperationType.MUTATION:
            try:
                self.begin_serial_field()
            except GatewayError as error:
                name = field_details_list[0].node.name.value
                definition = self.schema.get_field(parent_type, name)
                assert definition is not None
                self.handle_field_error(error, definition.type, field_details_list, path)
                return None
        return super().execute_field(
            parent_type, source, field_details_list, path, position_context
        )

    def get_stream_usage(self, *of: Any) -> Any:
        try:
            return super().get_stream_usage(*of)
        except ValueError:
            # As graphql-core says it, it would be a fault of the gateway's.
            raise BadUserInput("The initialCount of @stream must be 0 or more.") from None

    def begin_objects(self, count: int) -> None:
        self.context_value.begin_objects(count)

    def begin_serial_field(self) -> None:
        """Has the next root field of a mutation see what those before it have written. Raises why
        no further one may begin, if so."""
        self.context_value.begin_root_field()

    def build_per_event_executor(self, payload: Any) -> CoreExecutor:
        executor = super().build_per_event_executor(payload)
        assert isinstance(executor, CoreExecutor)
        events = self.context_value.events
        executor.place = None if events is None else events.another()
        executor.context_value = self.context_value.event(executor.place)
        return executor


class Executor(CoreExecutor, BreadthExecutor):
    """The gateway's own, breadth by breadth; what it can't take runs as graphql-core runs it."""

    def plan_for_operation(self) -> Plan:
        planned = self.context_value.planned
        assert planned is not None
        return planned.plan

    def execute_operation(self, serially: bool | None = None) -> Any:
        result = super().execute_operation(serially)
        self.context_value.not_by_breadth = self.reason
        return result


class EventByEvent(CoreExecutor):
    """Mixed into an executor, gives each event of a subscription a place of its own, and has its
    caller pay for it. One for which nothing is left is an error, and does not execute."""

    def execute_operation(self, serially: bool | None = None) -> Any:
        if self.place is None:
            return super().execute_operation(serially)
        return self._in_place(serially, self.place)

    async def _in_place(self, serially: bool | None, place: Place) -> Any:
        account = self.context_value.account
        if account is not None:
            try:
                await account.charge_event()
            except GraphQLError as refused:
                return ExecutionResult(None, [self._at_root(refused)])
        await place.wait_long()
        if account is not None:
            account.has_begun = True
        try:
            result = super().execute_operation(serially)
            return await result if isawaitable(result) else result
        finally:
            place.leave()

    def _at_root(self, refused: GraphQLError) -> GraphQLError:
        # Without a place it would end the subscription, which has one root field.
        planned = self.context_value.planned
        assert planned is not None
        place = [*planned.plan.selection][:1]
        return GraphQLError(refused.message, path=place, extensions=refused.extensions)


class Whole(PlainExecutor[Any]):
    """Mixed into an executor, has it answer at once: as graphql-core's plain one does, with what is
    deferred or streamed in its place."""

    delivers_in_parts = False
    execute_collected_root_fields = PlainExecutor.execute_collected_root_fields
    execute_collected_subfields = PlainExecutor.execute_collected_subfields

    def get_stream_usage(self, *_: object) -> None:
        return None


EXECUTORS: dict[str, type[CoreExecutor]] = {
    engine: type(each.__name__, (EventByEvent, each), {})
    for engine, each in (("breadth", Executor), ("graphql-core", CoreExecutor))
}
"""The executors by the name of their engine."""

WHOLE: dict[str, type[CoreExecutor]] = {
    engine: type(f"Whole{each.__name__}", (Whole, each), {}) for engine, each in EXECUTORS.items()
}
"""Those that answer at once."""
