"""The breadth-first executor: graphql-core's results, by another way."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container
from typing import Any, ClassVar, Literal

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
)
from graphql.execution import ExperimentalIncrementalExecutionResults
from graphql.execution.incremental import IncrementalExecutor
from graphql.pyutils import AwaitableOrValue

from gateway.engine.collected import ErrorsInPlace
from gateway.engine.execution import Execution
from gateway.engine.plan import Plan, compile_plan, condition_variables
from gateway.engine.steps import steps_of

Result = ExecutionResult | ExperimentalIncrementalExecutionResults

OPERATIONS_KEPT = 256
"""Operations whose plans are kept, for executors that bring no plan of their own."""

PLANS_KEPT = 32
"""Plans kept of one operation: one for each choice of its conditions."""


class BreadthExecutor(ErrorsInPlace, IncrementalExecutor):
    """Resolves each field once for all objects at its place, where it can.

    The results are those of graphql-core's executor: the same data with its keys in the same
    order, and the same errors by path and message, save for those within what is null. It differs
    in when resolvers run: an object's fields may run before another object of the same place has
    been found to fail, and none of them runs before the values of the whole breadth are there.

    What it can't take goes to graphql-core's executor. ``engine`` says which one ran, and
    ``reason`` why it was not this one.
    """

    engine: Literal["breadth", "core"] | None = None
    reason: str | None = None

    delivers_in_parts: ClassVar[bool] = True
    """Whether an active ``@defer`` or ``@stream`` splits the result, and so goes to graphql-core.
    If not, they change nothing."""

    by_object: Container[str] = ()
    """Schema coordinates of columns and batched fields whose ordinary resolver must run."""

    def plan_for_operation(self) -> Plan:
        """The plan of the operation, its conditions decided.

        Raises GraphQLError if there is none.
        """
        return _plans.get(self)

    def begin_serial_field(self) -> None:
        """Called before each root field of a mutation, when those before it are complete. What it
        raises is the error of that field, which then does not run."""

    def execute_operation(self, serially: bool | None = None) -> AwaitableOrValue[Result]:
        self.reason = self._refusal()
        plan: Plan | None = None
        if self.reason is None:
            try:
                plan = self.plan_for_operation()
                steps = steps_of(plan)
            except GraphQLError as error:
                self.reason = error.message
            except RecursionError:
                self.reason = "the operation nests too deeply"
            else:
                self.reason = self._incremental(plan)
        if plan is None or self.reason is not None:
            self.engine = "core"
            return super().execute_operation(serially)

        self.engine = "breadth"
        if serially is None:
            serially = self.operation.operation is OperationType.MUTATION
        execution = Execution(
            self,
            plan.root_type,
            steps,
            serially=serially,
            by_object=self.by_object,
            begin_serial_field=self.begin_serial_field,
        )
        if execution.run():
            return self._finish(execution)
        return self._respond(execution)

    async def _finish(self, execution: Execution) -> Result:
        await execution.finish()
        return self._respond(execution)

    def _respond(self, execution: Execution) -> Result:
        self.collected_errors.errors.extend(execution.errors)
        response = self.build_response(execution.data)
        # By these the executor knows itself, and so all that it has: nothing but a garbage
        # collection would free it.
        del self.async_helpers
        return response

    def _refusal(self) -> str | None:
        """Why the executor, whatever the operation, must be graphql-core's."""
        if self.abort_signal is not None:
            return "it may be aborted by a signal"
        if self.hooks is not None:
            return "it has execution hooks"
        if any(fragment.variable_signatures for fragment in self.fragments.values()):
            return "a fragment has variables"
        return None

    def _incremental(self, plan: Plan) -> str | None:
        if self.delivers_in_parts:
            for directive in plan.incremental:
                if _is_active(directive, self.variable_values.coerced):
                    return f"@{directive.name.value} is active"
        return None


class _Plans:
    """The plans of the operations that ran last."""

    def __init__(self) -> None:
        self._operations: OrderedDict[int, _Operation] = OrderedDict()

    def get(self, executor: BreadthExecutor) -> Plan:
        # The operation is kept with its plans, so its id remains its own.
        key = id(executor.operation)
        operation = self._operations.pop(key, None)
        if operation is None or not operation.is_of(executor):
            operation = _Operation(executor)
        self._operations[key] = operation
        if len(self._operations) > OPERATIONS_KEPT:
            self._operations.popitem(last=False)
        return operation.plan(executor.variable_values.coerced)


class _Operation:
    """An operation and its plans."""

    def __init__(self, executor: BreadthExecutor) -> None:
        self.schema: GraphQLSchema = executor.schema
        self.operation: OperationDefinitionNode = executor.operation
        fragments = executor.fragment_definitions.values()
        self.fragments = list(map(id, fragments))
        self.document = DocumentNode(definitions=(self.operation, *fragments))
        defined = {each.variable.name.value for each in self.operation.variable_definitions or ()}
        self.conditions = sorted(defined & condition_variables(self.document))
        self.plans: dict[tuple[bool, ...], Plan] = {}

    def is_of(self, executor: BreadthExecutor) -> bool:
        return self.schema is executor.schema and self.fragments == list(
            map(id, executor.fragment_definitions.values())
        )

    def plan(self, variables: dict[str, Any]) -> Plan:
        conditions: dict[str, bool] = {}
        for name in self.conditions:
            value = variables.get(name)
            if not isinstance(value, bool):
                raise GraphQLError(f"the condition '${name}' is neither true nor false")
            conditions[name] = value
        choice = tuple(conditions.values())
        plan = self.plans.get(choice)
        if plan is None:
            plan = compile_plan(self.schema, self.document, None, conditions)
            if len(self.plans) < PLANS_KEPT:
                self.plans[choice] = plan
        return plan


_plans = _Plans()


def _is_active(directive: DirectiveNode, variables: dict[str, Any]) -> bool:
    for argument in directive.arguments or ():
        if argument.name.value == "if":
            value = argument.value
            if isinstance(value, VariableNode):
                return variables.get(value.name.value) is not False
            return not (isinstance(value, BooleanValueNode) and not value.value)
    return True
