"""What declarations take: a misspelt argument and a value that means nothing are refused."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import strawberry

from loaders.mongo import MongoCollection
from loaders.query import Function
from loaders.rest.routes import Batch, RestResource, Single
from loaders.row_filters import through
from loaders.sql.postgres import PostgresTable
from resolvers.connections import connection
from resolvers.directives import Policies, RequiresScopes
from resolvers.fields import batched, column, computed
from resolvers.graph import Graph
from resolvers.lookups import lookup, node, nodes
from resolvers.mutations import mutation
from resolvers.policies import policy
from resolvers.relations import aggregate, many, one

TABLE = PostgresTable(source="shop", name="orders")


@strawberry.type
class Query:
    hello: str = strawberry.field(resolver=lambda: "hello")


def resolver() -> str | None:
    return None


FIELDS: dict[str, Callable[..., Any]] = {
    "column": lambda **more: column("A.", **more),
    "computed": lambda **more: computed("A.", resolver, needs=["id"], **more),
    "batched": lambda **more: batched("A.", lambda rows, info: [], **more),
    "one": lambda **more: one("A.", by="x", **more),
    "many": lambda **more: many("A.", by="x", **more),
    "connection": lambda **more: connection("A.", **more),
    "aggregate": lambda **more: aggregate("A.", of=TABLE, by="x", function=Function.COUNT, **more),
    "lookup": lambda **more: lookup("A.", by="id", **more),
    "node": lambda **more: node("A.", **more),
    "nodes": lambda **more: nodes("A.", **more),
    "mutation": lambda **more: mutation("A.", resolver, **more),
}
OTHERS: dict[str, Callable[..., Any]] = {
    "policy": lambda **more: policy("a", **more),
    "PostgresTable": lambda **more: PostgresTable(source="a", **{"name": "b", **more}),
    "MongoCollection": lambda **more: MongoCollection(source="a", **{"name": "b", **more}),
    "RestResource": lambda **more: RestResource(source="a", **{"name": "b", **more}),
    "Batch": lambda **more: Batch("/a", "b", **more),
    "Single": lambda **more: Single("/a/{key}", **more),
    "Graph": lambda **more: Graph(Query, **more),
}

MISSPELT = {
    "require_scopes": "requires_scopes",
    "requiresScopes": "requires_scopes",
    "scopes": "requires_scopes",
    "autenticated": "authenticated",
    "authentcated": "authenticated",
    "policies": "policy",
    "polcy": "policy",
    "personel": "personal",
    "deprecated_reason": "deprecation_reason",
    "directive": "directives",
}


def refused(message: str) -> Any:
    return pytest.raises(TypeError, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize("misspelt", MISSPELT)
@pytest.mark.parametrize("name", FIELDS)
def test_a_misspelt_access_is_refused_by_every_kind_of_field(name: str, misspelt: str) -> None:
    meant = MISSPELT[misspelt]
    with refused(f"{name}() has no argument '{misspelt}'; did you mean '{meant}'?"):
        FIELDS[name](**{misspelt: True})


@pytest.mark.parametrize(
    ("name", "misspelt", "meant"),
    [
        ("column", "filterble", "filterable"),
        ("column", "sortble", "sortable"),
        ("one", "filterble", "filterable"),
        ("one", "too", "to"),
        ("many", "orderby", "order_by"),
        ("connection", "order", "order_by"),
        ("batched", "need", "needs"),
        ("aggregate", "wher", "where"),
        ("policy", "claim", "claims"),
        ("policy", "scope", "scopes"),
        ("PostgresTable", "shema", "schema"),
        ("PostgresTable", "row_filters", "row_filter"),
        ("MongoCollection", "keytype", "key_type"),
        ("RestResource", "item", "items"),
        ("Batch", "sise", "size"),
        ("Single", "paths", "path"),
        ("Graph", "policy", "policies"),
        ("Graph", "mutations", "mutation"),
        ("mutation", "publik", "public"),
    ],
)
def test_every_other_argument_has_its_nearest_name(name: str, misspelt: str, meant: str) -> None:
    with refused(f"{name}() has no argument '{misspelt}'; did you mean '{meant}'?"):
        (FIELDS | OTHERS)[name](**{misspelt: "x"})


@pytest.mark.parametrize("name", FIELDS | OTHERS)
def test_what_is_near_to_nothing_is_told_what_there_is(name: str) -> None:
    with pytest.raises(TypeError, match=rf"^{name}\(\) has no argument 'zzzz'; it has \w+"):
        (FIELDS | OTHERS)[name](zzzz=1)


def test_only_mutations_are_public() -> None:
    with pytest.raises(TypeError, match=r"^column\(\) has no argument 'public'"):
        FIELDS["column"](public=True)
    assert mutation("A.", resolver, public=True).directives


@pytest.mark.parametrize("name", FIELDS)
def test_access_means_something(name: str) -> None:
    make = FIELDS[name]
    for given, message in (
        ({"authenticated": "yes"}, "'authenticated' must be True or False, not 'yes'"),
        ({"personal": 1}, "'personal' must be True or False, not 1"),
        (
            {"requires_scopes": "finance"},
            "'requires_scopes' must be a list of lists of texts, not 'finance'",
        ),
        (
            {"policy": ["self"]},
            "'policy' must be a list of lists of texts, not ['self']",
        ),
        (
            {"deprecation_reason": ""},
            "'deprecation_reason' must be a text that says something, not ''",
        ),
    ):
        with refused(f"{name}(): {message}"):
            make(**given)
    with refused("requires_scopes is a list of lists of names"):
        make(requires_scopes=[])
    with refused("policy is a list of lists of names, each with at least one"):
        make(policy=[[]])
    with refused("directives is a list of schema directives, such as Authenticated()"):
        make(directives=[RequiresScopes])


@pytest.mark.parametrize("name", FIELDS)
def test_what_strawberry_takes_is_passed_on(name: str) -> None:
    directive = RequiresScopes.of([["a"]])
    named = {} if name == "column" else {"name": "other"}
    field = FIELDS[name](deprecation_reason="Old.", directives=[directive], **named)

    assert field.deprecation_reason == "Old."
    assert field.directives == [directive]
    assert field.graphql_name == named.get("name")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: column(""),
            "column(): 'description' must be a text that says something, not ''",
        ),
        (
            lambda: column("A.", filterable="yes"),  # type: ignore[arg-type]  # the mistake
            "column(): 'filterable' must be True or False, not 'yes'",
        ),
        (
            lambda: computed("A.", resolver, needs="id"),
            "computed(): 'needs' must be a list of texts, not 'id'",
        ),
        (
            lambda: batched("A.", lambda rows, info: [], needs="id"),
            "batched(): 'needs' must be a list of texts, not 'id'",
        ),
        (
            lambda: policy("a", claims="customer_id"),
            "policy(): 'claims' must be a list of texts, not 'customer_id'",
        ),
        (lambda: one("A.", by=""), "one(): 'by' must be a text that says something, not ''"),
        (
            lambda: many("A.", by="a", order_by=1),  # type: ignore[arg-type]  # the mistake
            "many(): 'order_by' must be a text that says something or a tuple of texts, not 1",
        ),
        (lambda: lookup("A.", by=()), "lookup(): 'by' must name at least one field"),
        (
            lambda: aggregate(
                "A.",
                of=TABLE,
                by="a",
                function="count",  # type: ignore[arg-type]  # the mistake
            ),
            "aggregate(): 'function' must be one of Function.COUNT, Function.SUM, Function.AVG, "
            "Function.MIN, Function.MAX, not 'count'",
        ),
        (
            lambda: aggregate("A.", of=TABLE, by="a", function=Function.SUM),
            "aggregate(): sum needs a 'column'",
        ),
        (
            lambda: aggregate("A.", of=TABLE, by="a", function=Function.COUNT, column="b"),
            "aggregate(): count counts rows, so it takes no 'column'",
        ),
        (
            lambda: aggregate("A.", of=one("A.", by="x"), by="x", function=Function.COUNT),
            "aggregate(): 'of' must be a Resource, not a field. In a class body, a field hides the "
            "module's variable of the same name",
        ),
        (
            lambda: mutation("A.", resolver, public=True, authenticated=True),
            "public=True lets everyone, so it goes with no other access",
        ),
        (
            lambda: PostgresTable(
                source="a",
                name="b",
                key_type="int",  # type: ignore[arg-type]  # the mistake
            ),
            "PostgresTable(): 'key_type' must be a type, not 'int'",
        ),
        (
            lambda: MongoCollection(source="", name="b"),
            "MongoCollection(): 'source' must be a text that says something, not ''",
        ),
        (
            lambda: RestResource(
                source="a",
                name="b",
                by={"id": "/a/{key}"},  # type: ignore[dict-item]  # the mistake
            ),
            "RestResource(): 'by' must be a mapping of texts to Batch or Single, "
            "not {'id': '/a/{key}'}",
        ),
        (
            lambda: Batch("/a", "b", size="9"),  # type: ignore[arg-type]  # the mistake
            "Batch(): 'size' must be a whole number, not '9'",
        ),
        (
            lambda: Batch("/a", "b", size=True),
            "Batch(): 'size' must be a whole number, not True",
        ),
        (
            lambda: through("a", "orders"),  # type: ignore[arg-type]  # the mistake
            "Through(): 'resource' must be a Resource, not 'orders'",
        ),
        (
            lambda: Graph(Query, scopes="orders:read"),
            "Graph(): 'scopes' must be a list of texts, not 'orders:read'",
        ),
        (
            lambda: Graph(Query, policies=["self"]),  # type: ignore[list-item]  # the mistake
            "Graph(): 'policies' must be a list of Policy, not ['self']",
        ),
        (lambda: RequiresScopes.of([]), "requires_scopes is a list of lists of names"),
        (lambda: Policies.of("self"), "policy is a list of lists of names"),
    ],
)
def test_a_value_that_means_nothing_is_refused(make: Callable[[], Any], message: str) -> None:
    with refused(message):
        make()


def test_what_python_says_itself_is_left_to_it() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'description'"):
        column()  # type: ignore[call-arg]  # the mistake
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        column("A.", "b")  # type: ignore[call-arg]  # the mistake
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'parameter'"):
        Batch("/a")  # type: ignore[call-arg]  # the mistake


def test_declarations_can_be_copied() -> None:
    batch = Batch("/a", "b", size=7)

    assert copy.copy(batch) == batch
    assert replace(batch, size=8) == Batch("/a", "b", size=8)
    assert replace(TABLE, name="other").name == "other"
