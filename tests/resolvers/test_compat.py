"""What resolvers lean on in Strawberry, name by name."""

from __future__ import annotations

import strawberry

from gateway.testing import GraphClient
from resolvers.compat import raw_info
from resolvers.graph import Graph


@strawberry.type
class Query:
    @strawberry.field
    def name(self, info: strawberry.Info) -> str:
        return raw_info(info).field_name


async def test_the_info_of_graphql_core() -> None:
    response = await GraphClient(Graph(Query)).execute("{ name }")

    assert (response.data, response.errors) == ({"name": "name"}, []), (
        "Strawberry's Info has no _raw_info any more: mend resolvers/compat.py"
    )
