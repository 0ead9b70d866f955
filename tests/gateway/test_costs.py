"""What an operation is estimated to cost, what it has cost, and one that costs too much."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
import strawberry

from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.identity import ANONYMOUS, Identity
from loaders.memory import MemorySource, MemoryTable
from loaders.query import Function
from resolvers import (
    Connection,
    Graph,
    Node,
    aggregate,
    column,
    connection,
    many,
    mutation,
    node,
    nodes,
    one,
)
from resolvers.costs import CALL, Cost, ListSize
from resolvers.ids import global_id

shelf_table = MemoryTable(source="shop", name="shelves")
book_table = MemoryTable(source="shop", name="books")


@strawberry.type(description="A shelf.")
class Shelf(Node):
    resource = shelf_table

    name: str = column("Its name.", filterable=True, sortable=True)
    books: list[Book] | None = many("What stands on it.", by="shelf_id")
    paged: Connection[Book] | None = connection("The same by pages.", by="shelf_id")
    best: Book | None = one("The best of them.", by="best_id")
    count: int = aggregate("How many.", of=book_table, by="shelf_id", function=Function.COUNT)
    secret: list[Book] | None = many("Shown to some.", by="shelf_id", requires_scopes=[["secrets"]])


@strawberry.type(description="A book.", directives=[Cost(weight=3)])
class Book(Node):
    resource = book_table

    title: str = column("Its title.")
    shelf: Shelf | None = one("Where it stands.", by="shelf_id")
    summary: str | None = column("What a model says of it.", directives=[Cost(weight=7)])


@strawberry.interface(description="Anything.")
class Thing:
    name: str = strawberry.field(description="Its name.")


@strawberry.type(description="A thing that costs little.")
class Pen(Thing):
    pass


@strawberry.type(description="A thing that costs much.", directives=[Cost(weight=5)])
class Lamp(Thing):
    parts: list[Pen] | None = strawberry.field(description="Its parts.", resolver=lambda: [])


@strawberry.input(description="How many.")
class Page:
    size: int | None = None


@strawberry.type(description="Books found.")
class Found:
    matches: list[Book] | None = strawberry.field(description="Them.", resolver=lambda: [])
    others: list[Pen] | None = strawberry.field(description="More.", resolver=lambda: [])


def things(count: int = 4) -> list[Thing] | None:
    return [(Pen, Lamp)[number % 2](name=str(number)) for number in range(count)]


def found(
    page: Page | None = None,
    exactly: Annotated[bool, strawberry.argument(directives=[Cost(weight=20)])] = False,
) -> Found | None:
    return Found()


@strawberry.type(description="What can be asked.")
class Query:
    node: Node | None = node("Any object.")
    nodes: list[Node | None] | None = nodes("Any objects.")
    shelves: Connection[Shelf] | None = connection("All.")
    numbers: list[int] = strawberry.field(description="Some.", resolver=lambda: [1, 2, 3])
    plain: list[Pen] | None = strawberry.field(
        description="Three.", resolver=lambda: [Pen(name=str(each)) for each in range(3)]
    )

    things: list[Thing] | None = strawberry.field(
        description="As many things.",
        resolver=things,
        directives=[ListSize(assumed_size=4, slicing_arguments=["count"])],
    )
    find: Found | None = strawberry.field(
        description="Books by pages.",
        resolver=found,
        directives=[ListSize(slicing_arguments=["page.size"], sized_fields=["matches"])],
    )


def renamed(name: str) -> Pen | None:
    """Renames."""
    return Pen(name=name)


@strawberry.type(description="What can be changed.")
class Mutation:
    rename: Pen | None = mutation("Renames a pen.", renamed, public=True)


@strawberry.type(description="What can be subscribed to.")
class Subscription:
    @strawberry.subscription
    async def each(self) -> AsyncIterator[list[Pen] | None]:
        """Pens, twice."""
        for _ in range(2):
            yield [Pen(name="a"), Pen(name="b")]


GRAPH = Graph(Query, mutation=Mutation, subscription=Subscription, types=[Pen, Lamp])
SOURCE = MemorySource(
    "shop",
    {
        "shelves": [
            {"id": number, "name": f"shelf {number}", "best_id": number} for number in range(5)
        ],
        "books": [
            {"id": number, "shelf_id": number % 2, "title": "t", "summary": None}
            for number in range(6)
        ],
    },
)


def client(**limits: Any) -> GraphClient:
    settings = Settings.of(environment="development", limits=limits)
    return GraphClient(GRAPH, [SOURCE], settings=settings)


SHELF = global_id("Shelf", shelf_table, 1)

ESTIMATES: list[tuple[str, dict[str, Any], int, int]] = [
    # An object costs 1, a scalar nothing, and an operation no less than 1.
    ("{ __typename numbers }", {}, 1, 0),
    (f'{{ node(id: "{SHELF}") {{ id }} }}', {}, CALL + 3, CALL + 3),
    # A page is one object with as many as are asked for, or 20.
    ("{ shelves { totalCount } }", {}, CALL + 1, CALL + 1),
    ("{ shelves { nodes { name } } }", {}, CALL + 21, CALL + 6),
    ("{ shelves(first: 3) { nodes { name } } }", {}, CALL + 4, CALL + 4),
    ("{ shelves(last: 3) { nodes { name } } }", {}, CALL + 4, CALL + 4),
    ("{ shelves(first: 3) { nodes { name } edges { node { name } } } }", {}, CALL + 10, CALL + 10),
    ("{ shelves(first: 2) { pageInfo { hasNextPage } nodes { id } } }", {}, CALL + 4, CALL + 4),
    ("{ shelves(first: null) { nodes { name } } }", {}, CALL + 21, CALL + 6),
    # The same with variables, and with their defaults.
    ("query ($n: Int) { shelves(first: $n) { nodes { name } } }", {"n": 3}, CALL + 4, CALL + 4),
    ("query ($n: Int) { shelves(first: $n) { nodes { name } } }", {}, CALL + 21, CALL + 6),
    ("query ($n: Int) { shelves(first: $n) { nodes { name } } }", {"n": None}, CALL + 21, CALL + 6),
    ("query ($n: Int = 2) { shelves(first: $n) { nodes { name } } }", {}, CALL + 3, CALL + 3),
    ("query ($n: Int = 2) { shelves(first: $n) { nodes { name } } }", {"n": 4}, CALL + 5, CALL + 5),
    # Within lists everything counts as often as the lists have items: 10 if nothing is said.
    ("{ plain { name } }", {}, 10, 3),
    (
        "{ shelves(first: 2) { nodes { books { title } } } }",
        {},
        2 * CALL + 1 + 2 * (1 + 10 * 3),
        2 * CALL + 21,
    ),
    (
        "{ shelves(first: 2) { nodes { paged(first: 3) { nodes { title } } } } }",
        {},
        2 * CALL + 1 + 2 * (1 + 1 + 3 * 3),
        2 * CALL + 23,
    ),
    (
        "query ($n: Int, $m: Int!) {"
        " shelves(first: $n) { nodes { paged(first: $m) { nodes { title } } } } }",
        {"n": 2, "m": 1},
        2 * CALL + 1 + 2 * (1 + 1 + 1 * 3),
        2 * CALL + 11,
    ),
    # A weight is of a type, of a field, or of an argument.
    (
        "{ shelves(first: 2) { nodes { books { summary } } } }",
        {},
        2 * CALL + 1 + 2 * (1 + 10 * 10),
        2 * CALL + 21,
    ),
    ("{ find(exactly: true) { __typename } }", {}, 21, 21),
    ("query ($so: Boolean!) { find(exactly: $so) { __typename } }", {"so": False}, 21, 21),
    # Inputs are objects, too.
    ('{ shelves(first: 1, where: {name: {eq: "a"}}) { totalCount } }', {}, CALL + 3, CALL + 3),
    (
        "query ($w: ShelfFilter) { shelves(first: 1, where: $w) { totalCount } }",
        {"w": {"or": [{"name": {"eq": "a"}}, {"name": {"eq": "b"}}]}},
        CALL + 1 + 5,
        CALL + 6,
    ),
    ("{ shelves(orderBy: [{field: NAME}, {field: NAME}]) { totalCount } }", {}, CALL + 3, CALL + 3),
    # Sizes by a path into an argument are of some fields of the value.
    ("{ find { matches { title } } }", {}, 1 + 10 * 3, 1),
    ("{ find(page: {size: 2}) { matches { title } others { name } } }", {}, 2 + 2 * 3 + 10, 2),
    ("query ($p: Page) { find(page: $p) { matches { title } } }", {"p": {"size": 4}}, 14, 2),
    ("query ($s: Int) { find(page: {size: $s}) { matches { title } } }", {"s": 5}, 17, 2),
    ("query ($p: Page) { find(page: $p) { matches { title } } }", {"p": None}, 31, 1),
    # Of several types the dearest.
    ("{ things { name } }", {}, 4 * 5, 20),
    ("{ things(count: 2) { name ... on Pen { __typename } } }", {}, 2 * 5, 6),
    ("{ things(count: 2) { ... on Lamp { parts { name } } } }", {}, 2 * 15, 6),
    # A list of ids has as many.
    ("query ($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": [SHELF]}, CALL + 3, CALL + 3),
    (
        f'{{ nodes(ids: ["{SHELF}", "{SHELF}"]) {{ ... on Shelf {{ name }} }} }}',
        {},
        CALL + 6,
        CALL + 2,
    ),
    # What is skipped does not count, and what stands twice counts twice.
    ("{ plain @skip(if: true) { name } numbers }", {}, 1, 0),
    ("{ a: plain { name } b: plain { name } }", {}, 20, 6),
    ("{ ...F ...F } fragment F on Query { plain { name } }", {}, 10, 3),
    # A call to a source is one for all objects at its place, however many these are: for what is
    # one, for a list, for an aggregate, for a connection's page and for its count.
    ("{ shelves { __typename } }", {}, 1, 1),
    ("{ shelves(first: 1) { nodes { best { title } } } }", {}, 2 * CALL + 5, 2 * CALL + 5),
    ("{ shelves(first: 100) { nodes { best { title } } } }", {}, 2 * CALL + 401, 2 * CALL + 21),
    ("{ shelves(first: 5) { nodes { count } } }", {}, 2 * CALL + 6, 2 * CALL + 6),
    (
        "{ shelves(first: 5) { totalCount pageInfo { endCursor } nodes { id } edges { cursor } } }",
        {},
        2 * CALL + 12,
        2 * CALL + 12,
    ),
    # What stands under several keys is called for by each, once in fragments that meet.
    ("{ a: shelves { totalCount } b: shelves { totalCount } }", {}, 2 * CALL + 2, 2 * CALL + 2),
    (
        "{ shelves(first: 1) { nodes { ...F ...F books { title } } } }"
        " fragment F on Shelf { count again: count books { id } }",
        {},
        4 * CALL + 2 + 30,
        4 * CALL + 2 + 9,
    ),
    # None is made for objects that there are not.
    (
        '{ shelves(first: 5, where: {name: {eq: "none"}}) { nodes { best { shelf { id } } } } }',
        {},
        3 * CALL + 3 + 5 * (1 + 3 + 1),
        CALL + 3,
    ),
    # Each type at a place has its own.
    (
        f'{{ node(id: "{SHELF}") {{ ... on Shelf {{ count best {{ id }} }}'
        " ... on Book { shelf { count } } } }",
        {},
        5 * CALL + 4,
        3 * CALL + 4,
    ),
    # Changing something costs 10 more.
    ('mutation { rename(name: "a") { name } }', {}, 11, 11),
    # All of a schema is read, whatever is asked of it.
    ("{ __schema { queryType { name } } }", {}, 1000, 1000),
    ('{ a: __type(name: "Pen") { name } b: __type(name: "Pen") { name } }', {}, 2000, 2000),
]


@pytest.mark.parametrize(("query", "variables", "estimated", "actual"), ESTIMATES)
async def test_an_operation_costs(
    query: str, variables: dict[str, Any], estimated: int, actual: int
) -> None:
    response = await client().execute(query, variables)

    assert response.errors == []
    cost = response.cost
    assert (cost["estimated"], cost["actual"], cost["limit"]) == (estimated, actual, 20_000)
    # It is made up of its fields'.
    assert max(1, sum(each["estimated"] for each in cost["fields"])) == estimated
    assert sum(each["actual"] for each in cost["fields"]) == actual


async def test_each_field_has_its_part() -> None:
    query = "{ s: shelves(first: 2) { nodes { books { title summary } } } }"

    response = await client().execute(query)

    fields = [
        (each["path"], each["coordinate"], each["estimated"], each["actual"], each.get("call"))
        for each in response.cost["fields"]
    ]
    assert fields == [
        (["s"], "Query.shelves", 1, 1, None),
        (["s", "nodes"], "ShelfConnection.nodes", CALL + 2, CALL + 2, CALL),
        (["s", "nodes", "books"], "Shelf.books", CALL + 60, CALL + 18, CALL),
        (["s", "nodes", "books", "summary"], "Book.summary", 140, 0, None),
    ]


async def test_a_graph_says_what_a_call_costs() -> None:
    graph = Graph(Query, types=[Pen, Lamp], call_costs={"shop": 3})

    response = await GraphClient(graph, [SOURCE]).execute("{ shelves(first: 2) { nodes { id } } }")

    assert response.cost["estimated"] == response.cost["actual"] == 3 + 3


SECRETS = "{ shelves(first: 5) { nodes { secret { title } } } }"
MAY = Identity(subject="someone", scopes=frozenset({"secrets"}))


@pytest.mark.parametrize(
    ("identity", "estimated"), [(ANONYMOUS, CALL + 6), (MAY, 2 * CALL + 6 + 5 * 10 * 3)]
)
async def test_what_is_denied_costs_nothing(identity: Identity, estimated: int) -> None:
    response = await client().execute(SECRETS, identity=identity)

    assert response.cost["estimated"] == estimated


@pytest.mark.parametrize("query", ["{ shelves(first: 9) { nodes { name } } }"])
async def test_one_that_costs_too_much_fetches_nothing(query: str) -> None:
    refused = await client(cost=CALL + 9).execute(query)
    run = await client(cost=CALL + 10).execute(query)

    assert refused.errors == [
        {
            "message": f"The operation costs {CALL + 10}, and one may cost {CALL + 9}: "
            "ask for smaller pages, or for less within lists.",
            "extensions": {"code": "OPERATION_TOO_COMPLEX"},
        }
    ]
    assert (refused.data, refused.calls) == (None, [])
    # What it would cost, and which fields make it so dear.
    assert (refused.cost["estimated"], refused.cost["limit"]) == (CALL + 10, CALL + 9)
    assert [each["estimated"] for each in refused.cost["fields"]] == [1, CALL + 9]
    assert run.errors == []


async def test_pages_within_pages_are_too_much_whatever_they_have() -> None:
    query = "{ shelves(first: 100) { nodes { id } } }"
    nested = "{ shelves(first: 100) { nodes { paged(first: 100) { nodes { title } } } } }"

    assert (await client().execute(query)).errors == []
    assert (await client().execute(nested)).codes == ["OPERATION_TOO_COMPLEX"]


async def test_a_page_that_is_too_large_is_told_what_is_wrong_with_it() -> None:
    response = await client().execute("{ shelves(first: 1000000) { nodes { id } } }")

    assert [error["message"] for error in response.errors] == ["first must be from 0 to 100."]


async def test_measured_it_runs_and_the_log_says_that_it_costs_too_much(
    caplog: pytest.LogCaptureFixture,
) -> None:
    measuring = client(cost=CALL + 9, cost_mode="measure")
    with caplog.at_level(logging.WARNING, "sluice.cost"):
        few = await measuring.execute("query Few { shelves(first: 8) { nodes { name } } }")
        much = await measuring.execute("query Much { shelves(first: 9) { nodes { name } } }")

    assert few.errors == much.errors == []
    assert caplog.messages == [
        f"measure: operation 'Much' of an anonymous caller costs {CALL + 10}, more than {CALL + 9}"
    ]


async def test_of_a_subscription_an_event_costs() -> None:
    events = [event async for event in client().subscribe("subscription { each { name } }")]
    refused = [event async for event in client(cost=9).subscribe("subscription { each { name } }")]

    assert [(event.cost["estimated"], event.cost["actual"]) for event in events] == [(10, 2)] * 2
    assert [event.codes for event in refused] == [["OPERATION_TOO_COMPLEX"]]


async def test_a_value_of_the_wrong_type_is_told_as_such() -> None:
    query = "query ($n: Int) { shelves(first: $n) { nodes { name } } }"

    for wrong in ("3", [1], {"a": 1}, True, 10**30, 1.5):
        response = await client().execute(query, {"n": wrong})
        assert response.codes == ["BAD_USER_INPUT"]
