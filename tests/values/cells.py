"""A column that is declared as each scalar at once: every cell is shown, or is one error of its own
place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import strawberry
from strawberry.scalars import JSON

from gateway.testing import GraphClient, Response
from loaders.resource import Resource
from resolvers.connections import connection
from resolvers.fields import column
from resolvers.graph import Graph
from resolvers.scalars import SCALARS
from tests.resolvers.declaring import connection_of, graph_of, list_of, node_type, plain_type

PART = plain_type(
    "Part",
    a=(str | None, strawberry.field(description="Its text.")),
    b=(int | None, strawberry.field(description="Its number.")),
)

ANNOTATIONS: dict[str, Any] = {
    **{f"as{each.name}": type_ for type_, each in SCALARS.items()},
    "asStrings": list_of(str),
    "asJSONs": list_of(JSON),
    "asPart": PART,
    "asParts": list_of(PART),
}
"""Everything that a column can be declared as, by the name of the field."""

SELECTED = {name: f"{name} {{ a b }}" if "Part" in name else name for name in ANNOTATIONS}


def graph_over(resource: Resource) -> Graph:
    """A graph that shows the column ``it`` in every way."""
    fields = {
        name: (annotation | None, column("It.", name="it"))
        for name, annotation in ANNOTATIONS.items()
    }
    cell = node_type("Cell", resource, **fields)
    return graph_of(cells=(connection_of(cell) | None, connection("All.")))


async def shown(client: GraphClient, names: Collection[str] = SELECTED) -> Response:
    """The response to a query for the cells, in the order of their keys."""
    fields = " ".join(SELECTED[name] for name in names)
    return await client.execute(f"{{ cells(first: 10) {{ nodes {{ id {fields} }} }} }}")


def check(response: Response, present: Sequence[bool], source: str) -> None:
    """Nothing is lost: each field has its value or its own error, and where there is no value,
    neither."""
    assert response.data is not None
    nodes = response.data["cells"]["nodes"]
    assert len(nodes) == len(present)
    failed = {tuple(error["path"]) for error in response.errors}
    assert len(failed) == len(response.errors)
    for error in response.errors:
        assert error["extensions"] == {"code": "UPSTREAM_BAD_RESPONSE", "source": source}, error
    for index, (node, is_there) in enumerate(zip(nodes, present, strict=True)):
        for name in ANNOTATIONS:
            place = ("cells", "nodes", index, name)
            below = [path for path in failed if path[: len(place)] == place]
            if node[name] is None:
                assert bool(below) is is_there, (name, below)
            else:
                assert place not in below
