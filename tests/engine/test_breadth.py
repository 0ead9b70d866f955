"""The breadth-first executor's own behaviour, and where it gives way to graphql-core's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    AbortController,
    ExecutionHooks,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    MiddlewareManager,
    build_client_schema,
    build_schema,
    execute,
    execute_sync,
    experimental_execute_incrementally,
    get_introspection_query,
    parse,
    print_schema,
)
from graphql.execution import ExperimentalIncrementalExecutionResults

from gateway.engine.batched import BATCHED, COLUMN
from tests.engine.running import ENGINES, Breadth, answer, run

Info = GraphQLResolveInfo[Any]

SDL = """
interface Being { name: String }
type Person implements Being { name: String, friends: [Person], parts: [[Person]], pet: Being }
type Query { me: Person, all: [Person!]!, number: Int, hello(to: String = "you"): String }
"""

BOB: dict[str, Any] = {"__typename": "Person", "name": "Bob"}
ADA = {"name": "Ada", "friends": [BOB, BOB], "parts": [[BOB], [], [BOB, BOB]], "pet": BOB}
ROOT = {"me": ADA, "all": [ADA, BOB], "number": 1}

INFO = (*GraphQLResolveInfo._fields,)


DEFER = """
directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @stream(if: Boolean! = true, label: String, initialCount: Int = 0) on FIELD
"""


@pytest.fixture
def schema() -> GraphQLSchema:
    return build_schema(SDL)


def fields(schema: GraphQLSchema, type_name: str) -> Any:
    types: Any = schema.type_map
    return types[type_name].fields


def test_what_awaits_nothing_needs_no_event_loop(schema: GraphQLSchema) -> None:
    result = execute(
        schema, parse("{ all { name friends { name } } }"), ROOT, executor_class=Breadth
    )

    assert not asyncio.iscoroutine(result)


def test_a_subtree_that_awaits_nothing_runs_while_its_sibling_waits(schema: GraphQLSchema) -> None:
    happened: list[str] = []

    async def late(_info: Info) -> int:
        happened.append("number")
        return 1

    def name(_info: Info) -> str:
        happened.append("name")
        return "Ada"

    response = answer(
        "breadth",
        schema,
        "{ number me { name } }",
        root_value={"number": late, "me": {"name": name}},
    )

    assert response == {"data": {"number": 1, "me": {"name": "Ada"}}}
    assert happened == ["name", "number"]


def test_execute_sync_refuses_what_must_be_awaited(schema: GraphQLSchema) -> None:
    class Later:
        def __await__(self) -> Iterator[Any]:
            raise AssertionError("nobody awaits it")

    with pytest.raises(RuntimeError, match="failed to complete synchronously"):
        execute_sync(
            schema,
            parse("{ number }"),
            {"number": Later()},
            executor_class=Breadth,
            check_sync=True,
        )


def infos(engine: str, schema: GraphQLSchema, document: str, **options: Any) -> list[Any]:
    """The infos that resolvers and type resolvers get, in the order of their paths."""
    seen: list[tuple[list[str | int], str, Any]] = []

    def note(what: str, info: Info) -> None:
        same = [each for each in INFO if each != "async_helpers"]
        values = [getattr(info, each) for each in same]
        seen.append((info.path.as_list(), what, values))

    def resolve(source: Any, info: Info, **arguments: Any) -> Any:
        note(f"resolve {sorted(arguments.items())}", info)
        return source.get(info.field_name)

    def resolve_type(value: Any, info: Info, _type: Any) -> str:
        note("resolve_type", info)
        return "Person"

    def is_type_of(value: Any, info: Info) -> bool:
        note("is_type_of", info)
        return True

    types: Any = schema.type_map
    for name in ("Query", "Person"):
        for field in types[name].fields.values():
            field.resolve = resolve
    types["Being"].resolve_type = resolve_type
    types["Person"].is_type_of = is_type_of
    answer(engine, schema, document, root_value=ROOT, context_value=object, **options)
    return sorted(seen, key=lambda each: ([str(step) for step in each[0]], each[1]))


def test_resolvers_get_the_info_that_graphql_core_gives(schema: GraphQLSchema) -> None:
    document = """
        query Q($to: String) {
            me { parts { ...P } pet { name } }
            everyone: all { friends { ...P } ... { friends { n: name } } }
            hello(to: $to)
        }
        fragment P on Person { name pet { name } }
    """
    variables = {"to": "me"}

    core = infos("core", schema, document, variable_values=variables)
    breadth = infos("breadth", schema, document, variable_values=variables)

    assert len(core) == 30
    assert breadth == core


def test_middleware_sees_every_field(schema: GraphQLSchema) -> None:
    fields(schema, "Person")["name"].extensions = {COLUMN: "name"}
    fields(schema, "Person")["friends"].extensions = {BATCHED: None}
    seen: dict[str, list[Any]] = {engine: [] for engine in ENGINES}
    for engine in ENGINES:

        def note(resolve: Any, source: Any, info: Info, engine: str = engine, **kwargs: Any) -> Any:
            seen[engine].append(info.path.as_list())
            value = resolve(source, info, **kwargs)
            return value.upper() if isinstance(value, str) else value

        response = answer(
            engine,
            schema,
            "{ all { __typename name friends { name } } }",
            root_value=ROOT,
            middleware=MiddlewareManager(note),
        )
        assert response["data"]["all"][1] == {
            "__typename": "PERSON",
            "name": "BOB",
            "friends": None,
        }

    assert sorted(seen["breadth"], key=str) == sorted(seen["core"], key=str)


def test_a_fields_own_resolver_runs_where_it_must(schema: GraphQLSchema) -> None:
    field = fields(schema, "Person")["name"]
    field.extensions = {COLUMN: "name"}
    field.resolve = lambda source, _info: f"guarded {source['name']}"

    class Guarded(Breadth):
        by_object = frozenset({"Person.name"})

    result = execute(schema, parse("{ me { name } }"), ROOT, executor_class=Guarded)

    assert not asyncio.iscoroutine(result)
    assert result.data == {"me": {"name": "guarded Ada"}}  # type: ignore[union-attr]


def test_an_executors_field_resolver_is_used(schema: GraphQLSchema) -> None:
    response = answer(
        "breadth", schema, "{ number hello }", field_resolver=lambda *_, **arguments: len(arguments)
    )

    assert response == {"data": {"number": 0, "hello": "1"}}


def test_a_column_that_an_object_does_not_have_is_null(schema: GraphQLSchema) -> None:
    fields(schema, "Person")["name"].extensions = {COLUMN: "full_name"}

    response = answer(
        "breadth", schema, "{ all { name } }", root_value={"all": [{"full_name": "Ada"}, {}]}
    )

    assert response == {"data": {"all": [{"name": "Ada"}, {"name": None}]}}


def test_an_object_that_has_no_columns_fails_by_itself(schema: GraphQLSchema) -> None:
    fields(schema, "Person")["name"].extensions = {COLUMN: "name"}

    response = answer("breadth", schema, "{ all { name } }", root_value={"all": [BOB, 7]})

    assert response == {
        "data": {"all": [{"name": "Bob"}, {"name": None}]},
        "errors": [("'int' object has no attribute 'get'", ["all", 1, "name"])],
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_an_error_with_a_path_gets_that_of_its_place(engine: str, schema: GraphQLSchema) -> None:
    error = GraphQLError("elsewhere", path=["else", 3, "where"])

    response = answer(engine, schema, "{ me { name } }", root_value={"me": {"name": error}})

    assert response == {
        "data": {"me": {"name": None}},
        "errors": [("elsewhere", ["me", "name"])],
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_the_schema_can_be_asked_for(engine: str, schema: GraphQLSchema) -> None:
    query = get_introspection_query()

    result = run(engine, schema, parse(query))

    assert result.errors is None
    assert result.data is not None
    assert print_schema(build_client_schema(result.data)) == print_schema(schema)  # type: ignore[arg-type]


async def begun(schema: GraphQLSchema, root: Any, document: str) -> asyncio.Task[Any]:
    result: Any = execute(schema, parse(document), root, executor_class=Breadth)
    task: asyncio.Task[Any] = asyncio.ensure_future(result)
    for _ in range(3):
        await asyncio.sleep(0)
    return task


async def test_cancelling_an_operation_cancels_all_that_it_waits_for(schema: GraphQLSchema) -> None:
    ended: list[str] = []

    async def forever(info: Info, **_: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(info.field_name)

    task = await begun(schema, {"number": forever, "hello": forever}, "{ number hello }")
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["number", "hello"]


async def test_cancelling_an_operation_that_waits_for_one_thing_cancels_it(
    schema: GraphQLSchema,
) -> None:
    future = asyncio.get_running_loop().create_future()

    task = await begun(schema, {"number": future}, "{ number }")
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert future.cancelled()


@pytest.mark.parametrize("document", ["{ number }", "{ number hello }"])
async def test_a_cancelled_resolver_is_no_field_error(schema: GraphQLSchema, document: str) -> None:
    async def cancelled(_info: Info, **_: Any) -> Any:
        raise asyncio.CancelledError

    async def forever(_info: Info, **_: Any) -> Any:
        await asyncio.Event().wait()

    task = await begun(schema, {"number": cancelled, "hello": forever}, document)

    with pytest.raises(asyncio.CancelledError):
        await task


def test_what_is_no_exception_is_no_field_error(schema: GraphQLSchema) -> None:
    async def never() -> int:
        raise AssertionError("nobody awaits it")

    def leave(_info: Info, **_: Any) -> Any:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        execute(
            schema,
            parse("{ number hello }"),
            {"number": lambda _info: never(), "hello": leave},
            executor_class=Breadth,
        )


async def test_several_places_may_wait_for_one_future(schema: GraphQLSchema) -> None:
    future = asyncio.get_running_loop().create_future()

    task = await begun(schema, {"all": [{"name": future}, {"name": future}]}, "{ all { name } }")
    future.set_result("both")

    assert (await task).data == {"all": [{"name": "both"}, {"name": "both"}]}


async def test_what_is_there_already_is_not_waited_for(schema: GraphQLSchema) -> None:
    loop = asyncio.get_running_loop()
    here, late = loop.create_future(), loop.create_future()
    here.set_result("here")
    happened: list[str] = []

    def note(_info: Info) -> str:
        happened.append("name")
        return "Bob"

    friend = loop.create_future()
    friend.set_result({"name": note})
    task = await begun(
        schema,
        {"hello": late, "me": {"name": here, "pet": None, "friends": [friend]}},
        "{ hello me { name friends { name } } }",
    )
    assert happened == ["name"]
    late.set_result("late")

    assert (await task).data == {
        "hello": "late",
        "me": {"name": "here", "friends": [{"name": "Bob"}]},
    }


def test_a_value_that_can_not_be_looked_at_is_an_error(schema: GraphQLSchema) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("broken")

    fields(schema, "Query")["me"].resolve = lambda *_: Broken()

    assert answer("breadth", schema, "{ me { name } number }", root_value=ROOT) == {
        "data": {"me": None, "number": 1},
        "errors": [("broken", ["me"])],
    }


def reason(document: str, executor: type[Breadth] = Breadth, **options: Any) -> str | None:
    """Why graphql-core ran the operation, if it did."""
    result = experimental_execute_incrementally(
        build_schema(SDL + DEFER), parse(document), ROOT, executor_class=executor, **options
    )
    in_parts = isinstance(result, ExperimentalIncrementalExecutionResults)
    last = executor.last
    assert last.engine == ("breadth" if last.reason is None else "core")
    assert in_parts is (last.reason is not None and "active" in last.reason)
    return last.reason


async def test_an_active_defer_goes_to_graphql_core() -> None:
    assert reason("{ me { ... @defer { name } } }") == "@defer is active"
    assert reason("{ me { ... @defer(if: false) { name } } }") is None
    document = "query ($d: Boolean!) { me { ... @defer(if: $d) { name } } }"
    assert reason(document, variable_values={"d": True}) == "@defer is active"
    assert reason(document, variable_values={"d": False}) is None


async def test_an_active_stream_goes_to_graphql_core() -> None:
    assert reason("{ all @stream(initialCount: 1) { name } }") == "@stream is active"
    assert reason("{ all @stream(if: false) { name } }") is None


def test_a_defer_changes_nothing_where_results_come_whole() -> None:
    class Whole(Breadth):
        delivers_in_parts = False

    assert reason("{ me { ... @defer { name } } }", Whole) is None


def test_a_fragment_with_variables_goes_to_graphql_core(schema: GraphQLSchema) -> None:
    document = parse(
        '{ ...F(to: "me") } fragment F($to: String) on Query { hello(to: $to) }',
        experimental_fragment_arguments=True,
    )
    fields(schema, "Query")["hello"].resolve = lambda *_, to: to

    assert run("breadth", schema, document).data == {"hello": "me"}
    assert Breadth.last.reason == "a fragment has variables"


def test_an_operation_that_nests_too_deeply_goes_to_graphql_core(schema: GraphQLSchema) -> None:
    fragments = [f"fragment F{i} on Person {{ friends {{ ...F{i + 1} }} }}" for i in range(900)]
    last = "fragment F900 on Person { name }"
    document = parse("\n".join(["{ me { ...F0 } }", *fragments, last]))

    assert run("breadth", schema, document, root_value={"me": None}).data == {"me": None}
    assert Breadth.last.reason == "the operation nests too deeply"


def test_a_hundred_levels_are_not_too_deep(schema: GraphQLSchema) -> None:
    person: dict[str, Any] = {"name": "Ada"}
    person["friends"] = [person]
    document = parse("{ me " + "{ friends " * 100 + "{ name }" + "}" * 101)

    data = run("breadth", schema, document, root_value={"me": person}).data

    assert Breadth.last.reason is None
    assert data is not None
    inner = data["me"]
    for _ in range(100):
        [inner] = inner["friends"]
    assert inner == {"name": "Ada"}


async def test_what_may_be_aborted_or_has_hooks_goes_to_graphql_core() -> None:
    assert reason("{ number }", abort_signal=AbortController().signal) is not None
    assert reason("{ number }", hooks=ExecutionHooks()) is not None


def test_a_condition_that_is_null_is_graphql_cores_error(schema: GraphQLSchema) -> None:
    document = "query ($v: Boolean = true) { number @include(if: $v) }"
    options = {"root_value": ROOT, "variable_values": {"v": None}}

    assert answer("breadth", schema, document, **options) == answer(
        "core", schema, document, **options
    )
    assert Breadth.last.reason == "the condition '$v' is neither true nor false"


def test_an_operation_is_planned_once_for_each_choice_of_its_conditions(
    schema: GraphQLSchema,
) -> None:
    document = parse("query ($v: Boolean!) { number @include(if: $v) hello @skip(if: $v) }")
    plans = []
    for value in (True, False, True, False):
        execute(schema, document, ROOT, variable_values={"v": value}, executor_class=Breadth)
        plans.append(Breadth.last.plan_for_operation())

    assert plans[0] is plans[2]
    assert plans[1] is plans[3]
    assert [list(plan.selection) for plan in plans[:2]] == [["number"], ["hello"]]


def test_what_a_resolver_does_to_its_arguments_stays_in_the_operation() -> None:
    schema = build_schema("type Query { add(to: [Int!]): Int }")

    def add(_root: Any, _info: Info, to: list[int]) -> int:
        to.append(1)
        return len(to)

    fields(schema, "Query")["add"].resolve = add
    document = parse("{ add(to: [1]) }")

    for _ in range(2):
        assert run("breadth", schema, document).data == {"add": 2}
