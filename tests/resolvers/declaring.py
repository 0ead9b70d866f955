"""Graphs of a few declarations, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from types import GenericAlias
from typing import Any

import strawberry

from loaders.mongo import MongoCollection
from loaders.resource import Resource
from loaders.rest.routes import RestResource
from loaders.sql.postgres import PostgresTable
from resolvers.checks.faults import DeclarationError
from resolvers.connections import Connection
from resolvers.fields import Node
from resolvers.graph import Graph
from resolvers.policies import Policy

Field = tuple[Any, Any]
"""A field's annotation, and its declaration."""


def table(name: str = "orders", source: str = "shop", **more: Any) -> PostgresTable:
    return PostgresTable(source=source, name=name, **more)


def collection(name: str = "products", **more: Any) -> MongoCollection:
    return MongoCollection(source="catalog", name=name, **more)


def service(name: str = "parcels", **more: Any) -> RestResource:
    return RestResource(source="shipping", name=name, **more)


def node_type(
    name: str, resource: Resource | None, /, *, directives: Sequence[object] = (), **fields: Field
) -> Any:
    """A type that the resource backs."""
    namespace = _namespace(fields)
    if resource is not None:
        namespace["resource"] = resource
    return strawberry.type(type(name, (Node,), namespace), directives=directives)


def plain_type(name: str, /, **fields: Field) -> Any:
    return strawberry.type(type(name, (), _namespace(fields)))


def graph_of(
    *, types: Sequence[Any] = (), policies: Sequence[Policy] = (), **fields: Field
) -> Graph:
    """A graph with these fields of its root."""
    return Graph(plain_type("Query", **fields), types=types, policies=policies)


def faults_of(
    *, types: Sequence[Any] = (), policies: Sequence[Policy] = (), **fields: Field
) -> list[str]:
    """The lines of the one message that refuses such a graph; none where it loads."""
    try:
        graph_of(types=types, policies=policies, **fields)
    except DeclarationError as error:
        refusal = error
    else:
        return []
    head, *lines = str(refusal).splitlines()
    count = "1 declaration" if len(lines) == 1 else f"{len(lines)} declarations"
    assert head == f"{count} of the graph can't be kept:"
    assert lines == [f"  {fault}" for fault in refusal.faults]
    return [str(fault) for fault in refusal.faults]


def list_of(type_: Any) -> Any:
    """``list[type_]``, of a type that mypy knows nothing of."""
    return GenericAlias(list, (type_,))


def connection_of(type_: Any) -> Any:
    """``Connection[type_]``, likewise."""
    generic: Any = Connection
    return generic[type_]


def _namespace(fields: dict[str, Field]) -> dict[str, Any]:
    annotations = {name: annotation for name, (annotation, _) in fields.items()}
    return {
        "__annotations__": annotations,
        **{name: declared for name, (_, declared) in fields.items()},
    }
