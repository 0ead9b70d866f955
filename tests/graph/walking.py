"""Walking a connection page by page, as a client does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.client import Gateway

DOCUMENT = """
query ($id: ID, $size: Int!, $cursor: String) {
  %s
}
"""
PAGE = """%(name)s(%(arguments)s %(size)s: $size, %(from)s: $cursor) {
    nodes { %(selection)s }
    edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }"""


async def pages(
    gateway: Gateway,
    connection: str,
    arguments: str,
    size: int,
    *,
    backward: bool = False,
    parent: str | None = None,
    parent_id: str | None = None,
    selection: str = "id",
) -> list[list[dict[str, Any]]]:
    """The nodes of every page, in the order in which they were asked for.

    ``parent`` is the lookup that the connection is nested in, where it is. Each page must be
    what its own ``pageInfo`` and edges say, and be had in one call for the connection.
    """
    page = PAGE % {
        "name": connection,
        "arguments": arguments,
        "size": "last" if backward else "first",
        "from": "before" if backward else "after",
        "selection": selection,
    }
    query = DOCUMENT % (page if parent is None else f"{parent}(id: $id) {{ {page} }}")
    if parent is None:
        query = query.replace("$id: ID, ", "")
    walked: list[list[dict[str, Any]]] = []
    cursor: str | None = None
    while True:
        answer = await gateway.ask(query, {"id": parent_id, "size": size, "cursor": cursor})
        assert len(answer.calls) == (1 if parent is None else 2)
        data = answer.data if parent is None else answer.data[parent]
        found: Mapping[str, Any] = data[connection]
        info = found["pageInfo"]
        cursors = [edge["cursor"] for edge in found["edges"]]
        assert [edge["node"]["id"] for edge in found["edges"]] == [
            node["id"] for node in found["nodes"]
        ]
        assert len(set(cursors)) == len(cursors)
        assert info["startCursor"] == (cursors[0] if cursors else None)
        assert info["endCursor"] == (cursors[-1] if cursors else None)
        came, goes = ("hasNextPage", "hasPreviousPage")[:: 1 if backward else -1]
        assert info[came] is (cursor is not None)
        walked.append(list(found["nodes"]))
        if not info[goes]:
            return walked
        assert len(cursors) == size
        cursor = info["startCursor" if backward else "endCursor"]
        assert len(walked) < 1000, "it never ends"


def joined(walked: list[list[dict[str, Any]]], *, backward: bool) -> list[dict[str, Any]]:
    """All nodes of the pages, in the connection's own order."""
    in_order = reversed(walked) if backward else walked
    return [node for page in in_order for node in page]
