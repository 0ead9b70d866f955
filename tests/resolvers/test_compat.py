"""What resolvers lean on in Strawberry, name by name."""

from __future__ import annotations

import strawberry

from resolvers.compat import raw_info
from resolvers.graph import Graph
from tests.operations import result_of


@strawberry.type
class Query:
    @strawberry.field
    def name(self, info: strawberry.Info) -> str:
        return raw_info(info).field_name


async def test_the_info_of_graphql_core() -> None:
    result = await result_of(Graph(Query), "{ name }")

    assert (result.data, result.errors) == ({"name": "name"}, None), (
        "Strawberry's Info has no _raw_info any more: mend resolvers/compat.py"
    )
