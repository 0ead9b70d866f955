"""Paging by a column ``it`` of any type: the pages together are the list, from either end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from gateway.testing import GraphClient
from loaders.resource import Resource
from resolvers.connections import connection
from resolvers.fields import column
from resolvers.graph import Graph
from tests.resolvers.declaring import connection_of, graph_of, node_type

QUERY = """
query ($by: [ThingSort!]!, $size: Int!, $cursor: String) {
  things(orderBy: $by, %s: $size, %s: $cursor) {
    nodes { number }
    edges { cursor }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
FORWARD, BACKWARD = QUERY % ("first", "after"), QUERY % ("last", "before")

MOST_ROWS = 8


@dataclass(frozen=True)
class Sort:
    """By ``it``, and before or after that by ``other``, which has many ties, or not at all."""

    descending: bool
    other: str | None
    other_descending: bool

    @property
    def parts(self) -> list[tuple[str, bool]]:
        """The columns, and whether they descend; the key is not among them."""
        it, other = ("it", self.descending), ("other", self.other_descending)
        return {None: [it], "before": [other, it], "behind": [it, other]}[self.other]

    @property
    def key_descends(self) -> bool:
        return self.parts[-1][1]

    @property
    def given(self) -> list[dict[str, str]]:
        """As clients write it."""
        return [
            {"field": name.upper(), "direction": "DESC" if descending else "ASC"}
            for name, descending in self.parts
        ]


SORTS = st.builds(Sort, st.booleans(), st.sampled_from([None, "before", "behind"]), st.booleans())
SIZES = st.integers(1, MOST_ROWS)
OTHERS = st.one_of(st.none(), st.integers(0, 1))


def graph_over(resource: Resource, annotation: Any, **more: Any) -> Graph:
    """A graph of one connection, over rows with a ``number`` of their own."""
    thing = node_type(
        "Thing",
        resource,
        number=(int, column("Its number.")),
        other=(int | None, column("Another.", sortable=True)),
        it=(annotation | None, column("It.", sortable=True, **more)),
    )
    return graph_of(things=(connection_of(thing) | None, connection("All.")))


async def check(client: GraphClient, sort: Sort, size: int, expected: Sequence[int]) -> None:
    """Pages of this size, from the first and from the last, are together the list, whose rows'
    numbers are ``expected``. No page is empty but that of an empty list, and none has an error."""
    assert await _numbers(client, FORWARD, sort, size) == list(expected)
    assert await _numbers(client, BACKWARD, sort, size) == list(expected)


async def _numbers(client: GraphClient, query: str, sort: Sort, size: int) -> list[int]:
    backward = query is BACKWARD
    goes, came = ("hasNextPage", "hasPreviousPage")[:: -1 if backward else 1]
    walked: list[int] = []
    cursor: str | None = None
    for turn in range(MOST_ROWS + 1):
        variables = {"by": sort.given, "size": size, "cursor": cursor}
        response = await client.execute(query, variables)
        assert not response.errors, response.errors
        assert len(response.calls) == 1
        page = response.data["things"]
        numbers = [node["number"] for node in page["nodes"]]
        walked = [*numbers, *walked] if backward else [*walked, *numbers]
        info = page["pageInfo"]
        assert info[came] is (turn > 0)
        if not info[goes]:
            assert numbers or not turn
            return walked
        assert len(numbers) == size
        cursor = page["edges"][0 if backward else -1]["cursor"]
        assert cursor == info["startCursor" if backward else "endCursor"]
    raise AssertionError("it never ends")
