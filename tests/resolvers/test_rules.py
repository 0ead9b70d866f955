"""What directives require, wherever they stand, and what a graph refuses to be made of."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Annotated, Any, NewType

import pytest
import strawberry

from gateway.settings import Settings
from gateway.testing import GraphClient, Response
from loaders.identity import ANONYMOUS, Identity
from loaders.resource import Row
from loaders.sql.postgres import PostgresTable
from resolvers.connections import Connection, connection
from resolvers.directives import Authenticated, Policies, RequiresScopes, declared
from resolvers.fields import Node, column
from resolvers.graph import Graph
from resolvers.policies import Policy, policy

Secret = NewType("Secret", str)


def field(resolver: Any = None, **access: Any) -> Any:
    return strawberry.field(resolver=resolver, **declared(**access))


@strawberry.enum(directives=[RequiresScopes.of([["mood"]])])
class Mood(enum.Enum):
    GOOD = "GOOD"


@strawberry.interface
class Animal:
    name: str | None
    weight: int | None = field(requires_scopes=[["vet"]])


@strawberry.type
class Cat(Animal):
    lives: int | None = field(requires_scopes=[["cats", "souls"], ["vet"]])
    mood: Mood | None = None
    chip: Secret | None = None


@strawberry.type(directives=[RequiresScopes.of([["dogs"]])])
class Dog(Animal):
    barks: bool


@strawberry.interface(directives=[Authenticated()])
class Thing:
    label: str | None


@strawberry.type
class Ball(Thing):
    colour: str | None


@strawberry.type(directives=[Policies.of([["even"]])])
class Number:
    value: int | None


asked: list[list[int]] = []


@policy("even", scopes=["numbers"])
async def even(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    numbers = [int(getattr(row, "value", -1)) for row in rows]
    asked.append(numbers)
    return [number % 2 == 0 for number in numbers]


@policy("broken")
async def broken(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    raise RuntimeError("the policy's own fault")


@policy("short")
async def short(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    return []


@policy("unsure")
async def unsure(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    return [None for _ in rows]  # type: ignore[misc]


POLICIES = [even, broken, short, unsure]

CAT = Cat(name="Tom", weight=4, lives=9, mood=Mood.GOOD, chip=Secret("x1"))
DOG = Dog(name="Rex", weight=30, barks=True)

ran: list[str] = []


def run() -> str:
    ran.append("run")
    return "done"


@strawberry.type
class Query:
    cat: Cat | None = strawberry.field(resolver=lambda: CAT)
    dog: Dog | None = strawberry.field(resolver=lambda: DOG)
    animal: Animal | None = strawberry.field(resolver=lambda: CAT)
    animals: list[Animal | None] = strawberry.field(resolver=lambda: [CAT, DOG])
    ball: Ball | None = strawberry.field(resolver=lambda: Ball(label="b", colour="red"))
    thing: Thing | None = strawberry.field(resolver=lambda: Ball(label="b", colour="red"))
    signed_in: str | None = field(run, authenticated=True)
    either: str | None = field(run, requires_scopes=[["a", "b"], ["c"]])
    both: str | None = field(run, authenticated=True, requires_scopes=[["a"]])
    ruled: str | None = field(run, policy=[["broken"]])
    unruled: str | None = field(run, policy=[["short"], ["unsure"]])

    @strawberry.field
    def numbers(self) -> list[Number] | None:
        return [Number(value=each) for each in (1, 2, 3, 4)]

    @strawberry.field
    def either_animal(self) -> list[Annotated[Cat | Dog, strawberry.union("Pet")]]:
        return [CAT, DOG]


SECRET = strawberry.scalar(
    name="Secret", serialize=str, directives=[RequiresScopes.of([["chips"]])]
)
GRAPH = Graph(Query, types=[Cat, Dog, Ball], policies=POLICIES, scalars={Secret: SECRET})


def caller(*scopes: str) -> Identity:
    return Identity("someone", scopes=frozenset(scopes), credential="test")


async def ask(query: str, identity: Identity = ANONYMOUS, **authorization: bool) -> Response:
    settings = Settings.of(environment="development", authorization=authorization)
    return await GraphClient(GRAPH, settings=settings).execute(query, identity=identity)


def paths(response: Response) -> list[list[str | int]]:
    return [error["path"] for error in response.errors]


async def data(query: str, identity: Identity) -> Any:
    response = await ask(query, identity)
    assert response.errors == []
    return response.data


async def test_authenticated_is_for_any_credential() -> None:
    assert (await ask("{ signedIn }")).data == {"signedIn": None}
    assert await data("{ signedIn }", caller()) == {"signedIn": "done"}


@pytest.mark.parametrize(
    ("scopes", "sees"),
    [
        ((), False),
        (("a",), False),
        (("b",), False),
        (("a", "b"), True),
        (("c",), True),
        (("a", "b", "c"), True),
        (("A", "B"), False),
        (("a b",), False),
        (("c ",), False),
        (("ç",), False),
        (("*",), False),
    ],
    ids=str,
)
async def test_scopes_are_alternatives_of_conjunctions(scopes: tuple[str, ...], sees: bool) -> None:
    response = await ask("{ either }", caller(*scopes))

    assert response.data == {"either": "done" if sees else None}
    assert bool(response.errors) is not sees


async def test_all_directives_of_a_field_must_hold() -> None:
    assert (await ask("{ both }", caller())).data == {"both": None}
    assert await data("{ both }", caller("a")) == {"both": "done"}


async def test_a_denied_resolver_never_runs() -> None:
    ran.clear()
    await ask("{ signedIn either both ruled unruled }")

    assert ran == []


async def test_the_first_unmet_directive_is_told_to_no_client() -> None:
    response = await ask("{ either }", caller("nearly", "a"))
    assert response.errors == [
        {
            "message": "Unauthorized field or type",
            "locations": [{"line": 1, "column": 3}],
            "path": ["either"],
            "extensions": {"code": "UNAUTHORIZED_FIELD_OR_TYPE"},
        }
    ]


async def test_an_anonymous_caller_is_told_to_authenticate() -> None:
    assert (await ask("{ either }")).codes == ["UNAUTHENTICATED"]


async def test_a_rule_of_an_interfaces_field_holds_on_its_types() -> None:
    assert (await ask("{ cat { name weight } }")).data == {"cat": {"name": "Tom", "weight": None}}
    assert await data("{ cat { weight } }", caller("vet")) == {"cat": {"weight": 4}}


async def test_a_rule_of_an_interface_holds_on_its_types() -> None:
    response = await ask("{ thing { label ... on Ball { colour } } ball { __typename colour } }")

    assert response.data == {"thing": None, "ball": None}
    assert paths(response) == [["thing"], ["ball"]]


async def test_a_rule_of_an_enum_holds_for_fields_of_it() -> None:
    assert (await ask("{ cat { mood } }")).data == {"cat": {"mood": None}}
    assert await data("{ cat { mood } }", caller("mood")) == {"cat": {"mood": "GOOD"}}


async def test_a_rule_of_a_scalar_holds_for_fields_of_it() -> None:
    assert (await ask("{ cat { chip } }")).data == {"cat": {"chip": None}}
    assert await data("{ cat { chip } }", caller("chips")) == {"cat": {"chip": "x1"}}


async def test_a_rule_of_a_type_holds_for_fields_of_it() -> None:
    response = await ask("{ dog { name barks } }")

    assert response.data == {"dog": None}
    assert paths(response) == [["dog"]]


QUERY = "{ animals { name ... on Cat { lives } ... on Dog { barks } } }"


async def test_a_denied_member_of_an_interface_does_not_blank_the_others() -> None:
    response = await ask(QUERY, caller("vet"))

    assert response.data == {"animals": [{"name": "Tom", "lives": 9}, None]}
    # Of the two that are denied, the one that can't be null is why the dog is.
    assert paths(response) == [["animals", 1, "barks"]]


async def test_a_denied_member_of_a_union_does_not_blank_the_others() -> None:
    query = "{ eitherAnimal { ... on Cat { name } ... on Dog { name } } }"
    response = await ask(query, caller())

    assert response.data == {"eitherAnimal": [{"name": "Tom"}, {"name": None}]}
    assert paths(response) == [["eitherAnimal", 1, "name"]]
    assert await data(query, caller("dogs")) == {"eitherAnimal": [{"name": "Tom"}, {"name": "Rex"}]}


async def test_an_inline_fragment_on_an_interface_is_no_way_around() -> None:
    query = "{ cat { ... on Animal { w: weight } ...F } } fragment F on Animal { weight }"
    response = await ask(query, caller())

    assert response.data == {"cat": {"w": None, "weight": None}}
    assert paths(response) == [["cat", "w"], ["cat", "weight"]]


async def test_a_policy_of_a_type_is_asked_once_of_all_its_objects() -> None:
    asked.clear()
    response = await ask("{ numbers { value } }", caller())

    assert response.data == {
        "numbers": [{"value": None}, {"value": 2}, {"value": None}, {"value": 4}]
    }
    assert paths(response) == [["numbers", 0, "value"], ["numbers", 2, "value"]]
    assert asked == [[1, 2, 3, 4]]


async def test_a_scope_of_a_policy_spares_the_question() -> None:
    asked.clear()

    assert await data("{ numbers { value } }", caller("numbers")) == {
        "numbers": [{"value": each} for each in (1, 2, 3, 4)]
    }
    assert asked == []


async def test_a_policy_that_raises_denies(caplog: pytest.LogCaptureFixture) -> None:
    response = await ask("{ ruled }", caller())

    assert response.data == {"ruled": None}
    assert [error["message"] for error in response.errors] == ["Unauthorized field or type"]
    assert "policy 'broken' failed" in caplog.text


async def test_a_policy_that_does_not_decide_denies(caplog: pytest.LogCaptureFixture) -> None:
    assert (await ask("{ unruled }", caller())).data == {"unruled": None}


async def test_reject_runs_nothing_of_the_operation() -> None:
    ran.clear()
    response = await ask("{ signedIn either both }", caller("a"), reject=True)

    assert response.data is None
    assert paths(response) == [["either"]]
    assert ran == []


async def test_reject_names_every_denied_field() -> None:
    query = "{ signedIn either animals { ... on Dog { name } } }"
    response = await ask(query, reject=True)

    assert paths(response) == [["signedIn"], ["either"], ["animals", "@", "name"]]


async def test_a_dry_run_denies_nothing_and_logs_it(caplog: pytest.LogCaptureFixture) -> None:
    response = await ask("{ signedIn numbers { value } }", caller(), dry_run=True)
    assert response.errors == []
    assert response.data["numbers"][0] == {"value": 1}

    response = await ask("{ either }", dry_run=True)
    assert response.data == {"either": "done"}
    assert response.errors == []
    assert (
        'dry run: @requiresScopes(scopes: [["a", "b"], ["c"]]) denies Query.either' in caplog.text
    )
    assert 'dry run: @policy(policies: [["even"]]) denies Number.value to test' in caplog.text


@strawberry.type
class Plain:
    @strawberry.field
    def hello(self) -> str:
        return "hello"


def graph_of(mutation: type | None = None, policies: Sequence[Policy] = (), **fields: Any) -> Graph:
    namespace = {"__annotations__": {name: type_ for name, (type_, _) in fields.items()}}
    query = type("Query", (), {**namespace, **{name: each for name, (_, each) in fields.items()}})
    return Graph(strawberry.type(query), mutation=mutation, policies=policies)


def test_a_protected_field_must_be_nullable() -> None:
    with pytest.raises(TypeError, match=r"Query\.a: it is protected, so it must be nullable"):
        graph_of(a=(str, field(run, authenticated=True)))


def test_a_field_of_a_protected_type_must_be_nullable() -> None:
    with pytest.raises(TypeError, match=r"Query\.a: it is protected, so it must be nullable"):
        graph_of(a=(Dog, strawberry.field(resolver=lambda: DOG)))


def test_personal_data_must_be_protected() -> None:
    with pytest.raises(TypeError, match=r"Query\.a: it is personal data, and nothing protects it"):
        graph_of(a=(str | None, field(run, personal=True)))


def test_personal_data_may_be_protected_by_its_type() -> None:
    @strawberry.type(directives=[Authenticated()])
    class Person:
        name: str = field(personal=True)

    graph_of(a=(Person | None, strawberry.field(resolver=lambda: None)))


def test_a_policy_must_be_there() -> None:
    with pytest.raises(TypeError, match=r"Query\.a: the graph has no policy 'nowhere'"):
        graph_of(a=(str | None, field(run, policy=[["even"], ["nowhere"]])), policies=[even])


def test_a_mutation_must_say_who_may_run_it() -> None:
    @strawberry.type
    class Mutation:
        touch: str | None = field(run)

    with pytest.raises(TypeError, match=r"Mutation\.touch: it says neither who may run it"):
        graph_of(Mutation, a=(str, strawberry.field(resolver=run)))


def test_a_mutation_may_be_public() -> None:
    @strawberry.type
    class Mutation:
        touch: str | None = field(run, public=True)

    graph = graph_of(Mutation, a=(str, strawberry.field(resolver=run)))

    assert "touch: String @public" in graph.as_str()


@pytest.mark.parametrize("groups", [[], [[]], "a", ["a"], [[""]]], ids=repr)
def test_alternatives_are_lists_of_lists_of_names(groups: Any) -> None:
    with pytest.raises(TypeError, match="requires_scopes is a list of lists of names"):
        declared(requires_scopes=groups)


def test_the_schema_has_the_directives_and_the_names_that_there_are() -> None:
    text = GRAPH.as_str()

    assert "directive @requiresScopes(scopes: [[federation__Scope!]!]!) on FIELD_DEFINITION" in text
    assert "directive @policy(policies: [[federation__Policy!]!]!) on FIELD_DEFINITION" in text
    assert "directive @authenticated on FIELD_DEFINITION" in text
    assert 'either: String @requiresScopes(scopes: [["a", "b"], ["c"]])' in text
    assert 'type Dog implements Animal @requiresScopes(scopes: [["dogs"]])' in text
    assert 'enum Mood @requiresScopes(scopes: [["mood"]])' in text
    scopes = "`a`, `b`, `c`, `cats`, `chips`, `dogs`, `mood`, `numbers`, `souls`, `vet`"
    assert f"In this graph: {scopes}." in text
    assert "In this graph: `broken`, `even`, `short`, `unsure`." in text


def test_a_list_is_not_sorted_by_what_is_protected() -> None:
    @strawberry.type
    class Person(Node):
        resource = PostgresTable(source="shop", name="people")

        salary: int | None = column("What they earn.", requires_scopes=[["hr"]])

    people = connection("Everyone.", order_by="-salary")
    with pytest.raises(
        TypeError, match=r"Query\.people: it sorts by Person\.salary, which is protected"
    ):
        graph_of(people=(Connection[Person] | None, people))
